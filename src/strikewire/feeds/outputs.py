"""What every feed handler takes and gives back."""

from collections import Counter
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from strikewire.pricing import VenueQuote


class BadMessageReason(StrEnum):
    """Why a payload was not used; the value is the word under which it is counted."""

    NOT_JSON = "not_json"
    UNEXPECTED_SHAPE = "unexpected_shape"
    WRONG_SYMBOL = "wrong_symbol"
    BAD_NUMBER = "bad_number"
    BROKEN_CHAIN = "broken_chain"


class QuoteChanged(Struct, frozen=True):
    """The venue's best bid or ask is another one, or has become unknown."""

    quote: VenueQuote


class SnapshotWanted(Struct, frozen=True):
    """There is no book until the venue is asked for a snapshot; `reason` is for people."""

    reason: str


class BadMessage(Struct, frozen=True):
    """A payload was not used; `detail` holds what disagreed, for a log."""

    reason: BadMessageReason
    detail: str


FeedOutput = QuoteChanged | SnapshotWanted | BadMessage


class Feed(Protocol):
    """A handler for one symbol of one venue: payloads in, outputs out, no I/O and no clock.

    It never raises on what a venue sends: a payload that cannot be used is a `BadMessage`, and is
    counted.
    """

    @property
    def quote(self) -> VenueQuote:
        """The best bid and ask now; with `problem` set while they are not known."""

    @property
    def bad_messages(self) -> Counter[BadMessageReason]:
        """How often each reason occurred since construction."""

    def receive(self, now_ns: int, payload: bytes) -> tuple[FeedOutput, ...]:
        """Take one message of the stream, as it came from the socket."""

    def receive_snapshot(self, now_ns: int, payload: bytes) -> tuple[FeedOutput, ...]:
        """Take the answer to a request for a snapshot."""

    def reset(self, now_ns: int) -> tuple[FeedOutput, ...]:
        """Forget everything, as when a connection begins."""
