"""What a handler tells: prices only when they are new, bad payloads always, and counted."""

from collections import Counter

import msgspec

from strikewire.depth import SyncLoss
from strikewire.feeds.outputs import BadMessage, BadMessageReason, FeedOutput, QuoteChanged
from strikewire.feeds.scaling import NumberError
from strikewire.pricing import VenueQuote

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, NumberError)
"""What decoding bytes from outside may raise."""


class FeedReport:
    """The outward side of one handler.

    Attributes:
        quote: The quote told last, with its time brought up to date.
        bad_messages: How often each reason occurred.
    """

    def __init__(self, venue: str) -> None:
        self.quote = VenueQuote(venue, None, None, 0, problem=SyncLoss.STARTING)
        self.bad_messages: Counter[BadMessageReason] = Counter()

    def requote(self, quote: VenueQuote) -> tuple[FeedOutput, ...]:
        """Take the quote as it is now; tell it when a price or the problem is another one."""
        before, self.quote = self.quote, quote
        same = (before.bid, before.ask, before.problem) == (quote.bid, quote.ask, quote.problem)
        return () if same else (QuoteChanged(quote),)

    def bad(self, reason: BadMessageReason, detail: str) -> tuple[FeedOutput, ...]:
        """Count and tell a payload that was not used."""
        self.bad_messages[reason] += 1
        return (BadMessage(reason, detail),)

    def unreadable(self, error: Exception) -> tuple[FeedOutput, ...]:
        """Count and tell a payload whose decoding raised one of `UNREADABLE`."""
        match error:
            case NumberError():
                reason = BadMessageReason.BAD_NUMBER
            case msgspec.ValidationError():
                reason = BadMessageReason.UNEXPECTED_SHAPE
            case _:
                reason = BadMessageReason.NOT_JSON
        return self.bad(reason, str(error))
