"""Every error says what happened in one line."""

import pytest

from strikewire.client import errors
from strikewire.client.errors import ClientError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.ConnectError(url="ws://x", reason="refused"), "cannot connect to ws://x: refused"),
        (errors.NotConnectedError("reset"), "not connected: reset"),
        (errors.ClientClosedError(), "the client is closed"),
        (
            errors.RequestTooLargeError(size=40_000, size_max=32_768),
            "request of 40000 bytes, the venue reads 32768",
        ),
        (errors.TooManyRequestsError(7), "7 requests wait for an answer already"),
        (
            errors.VenueError(method="private/buy", code=10009, message="not_enough_funds"),
            "private/buy: 10009 not_enough_funds",
        ),
        (
            errors.AnswerShapeError(method="public/test", reason="expected int"),
            "public/test: the answer cannot be read: expected int",
        ),
        (
            errors.UnknownOutcomeError(method="private/buy", reason="reset"),
            "private/buy: unknown outcome: reset",
        ),
        (
            errors.RequestTimeoutError(method="private/buy", timeout_ms=5),
            "private/buy: unknown outcome: no answer in 5 ms",
        ),
        (
            errors.SubscriptionRefusedError(channel="x", reason="unknown"),
            "x: not subscribed: unknown",
        ),
        (errors.SlowReaderError(channel="x", capacity=3), "x: more than 3 notes wait to be read"),
    ],
)
def test_the_message_holds_the_facts(error: ClientError, words: str) -> None:
    assert str(error) == words


def test_a_timeout_is_an_unknown_outcome_too() -> None:
    assert issubclass(errors.RequestTimeoutError, errors.UnknownOutcomeError)
