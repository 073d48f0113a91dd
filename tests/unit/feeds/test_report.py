import msgspec
import pytest

from strikewire.feeds import BadMessage, BadMessageReason, QuoteChanged
from strikewire.feeds.report import FeedReport
from strikewire.feeds.scaling import NumberError
from strikewire.model import PriceE8
from strikewire.pricing import VenueQuote


def quote(bid: int, ask: int, *, time_ns: int, problem: str = "") -> VenueQuote:
    return VenueQuote("venue", PriceE8(bid), PriceE8(ask), time_ns, problem=problem)


def test_before_anything_arrived_the_quote_says_so() -> None:
    report = FeedReport("venue")

    assert report.quote == VenueQuote("venue", None, None, 0, "no snapshot has arrived yet")


def test_a_new_price_is_told_and_an_old_one_only_refreshes_the_time() -> None:
    report = FeedReport("venue")

    told = report.requote(quote(99, 101, time_ns=1))
    again = report.requote(quote(99, 101, time_ns=2))

    assert told == (QuoteChanged(quote(99, 101, time_ns=1)),)
    assert again == ()
    assert report.quote.time_ns == 2


def test_a_problem_is_told_like_a_price() -> None:
    report = FeedReport("venue")
    report.requote(quote(99, 101, time_ns=1))

    assert report.requote(quote(99, 101, time_ns=1, problem="gap")) == (
        QuoteChanged(quote(99, 101, time_ns=1, problem="gap")),
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NumberError("x"), BadMessageReason.BAD_NUMBER),
        (msgspec.ValidationError("shape"), BadMessageReason.UNEXPECTED_SHAPE),
        (msgspec.DecodeError("json"), BadMessageReason.NOT_JSON),
        (RecursionError("deep"), BadMessageReason.NOT_JSON),
    ],
)
def test_an_unreadable_payload_is_named_and_counted(
    error: Exception, reason: BadMessageReason
) -> None:
    report = FeedReport("venue")

    told = report.unreadable(error)

    assert told == (BadMessage(reason, str(error)),)
    assert report.bad_messages == {reason: 1}
