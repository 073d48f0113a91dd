from typing import Any

import pytest

from strikewire.websocket.backoff import Backoff, Retries, retry_after_s
from strikewire.websocket.errors import ConnectionClosedError, HandshakeStatusError

STEADY = Backoff(first_s=1.0, factor=2.0, max_s=10.0, jitter=0.0)
REFUSED = ConnectionRefusedError(111, "refused")


def retries(backoff: Backoff = STEADY, chance: float = 0.0) -> Retries:
    return Retries(backoff, retry=lambda _: True, chance=lambda: chance)


class TestTheDelay:
    def test_it_grows_to_its_bound(self) -> None:
        assert [STEADY.delay_s(attempt, 0.0) for attempt in range(6)] == [1, 2, 4, 8, 10, 10]

    def test_full_jitter_is_anything_from_the_ceiling_to_nothing(self) -> None:
        backoff = Backoff(first_s=1.0, factor=2.0, max_s=10.0)

        assert backoff.delay_s(2, 0.0) == 4.0
        assert backoff.delay_s(2, 0.25) == 3.0
        assert 0 < backoff.delay_s(2, 0.999) < 0.01

    def test_half_a_jitter_leaves_half_the_ceiling(self) -> None:
        backoff = Backoff(first_s=1.0, factor=2.0, max_s=10.0, jitter=0.5)

        assert backoff.delay_s(2, 0.5) == 3.0

    def test_years_of_attempts_overflow_nothing(self) -> None:
        assert STEADY.delay_s(1_000_000, 0.0) == 10.0

    @pytest.mark.parametrize(
        "wrong",
        [{"first_s": 0.0}, {"first_s": 31.0}, {"factor": 0.5}, {"factor": float("nan")}],
    )
    def test_one_that_does_not_grow_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="a backoff needs"):
            Backoff(**wrong)

    def test_jitter_is_a_part(self) -> None:
        with pytest.raises(ValueError, match=r"and not 1\.5"):
            Backoff(jitter=1.5)


class TestTheAttempts:
    def test_each_failure_is_a_longer_wait_with_its_reason(self) -> None:
        attempts = retries()

        first, second = attempts.failed(REFUSED), attempts.failed(REFUSED)

        assert (first.attempt, first.delay_s, first.error) == (1, 1.0, REFUSED)
        assert (second.attempt, second.delay_s) == (2, 2.0)
        assert attempts.last is second

    def test_a_connection_that_lasted_begins_anew(self) -> None:
        attempts = retries()
        attempts.failed(REFUSED)
        closed = ConnectionClosedError(1001)

        wait = attempts.ended(closed, lasted_s=10.0)

        assert (wait.attempt, wait.delay_s, wait.error) == (1, 1.0, closed)

    def test_one_that_broke_at_once_does_not(self) -> None:
        attempts = retries()
        attempts.failed(REFUSED)

        assert attempts.ended(ConnectionClosedError(1001), lasted_s=9.9).delay_s == 2.0

    def test_an_error_that_will_not_pass_is_raised_as_it_is(self) -> None:
        attempts = Retries(STEADY, retry=lambda _: False, chance=lambda: 0.0)

        with pytest.raises(ConnectionRefusedError) as caught:
            attempts.failed(REFUSED)

        assert caught.value is REFUSED
        assert attempts.last is None

    def test_attempts_in_a_row_may_be_counted_out(self) -> None:
        attempts = retries(Backoff(attempts_max=3))
        attempts.failed(REFUSED)
        attempts.failed(REFUSED)

        with pytest.raises(ConnectionRefusedError):
            attempts.failed(REFUSED)

    def test_a_server_that_names_a_time_is_given_it_and_the_jitter_on_top(self) -> None:
        refusal = HandshakeStatusError(429, (("retry-after", "7"),))

        assert retries().failed(refusal).delay_s == 8.0

    def test_a_server_may_not_send_us_away_for_ever(self) -> None:
        refusal = HandshakeStatusError(503, (("retry-after", "86400"),))

        assert retries().failed(refusal).delay_s == 601.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0.0),
        ([("retry-after", "120")], 120.0),
        ([("retry-after", "9" * 400)], 999_999_999_999.0),
        ([("retry-after", "-1")], 0.0),
        ([("retry-after", "\u0663")], 0.0),
        ([("retry-after", "soon")], 0.0),
        ([("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], 0.0),
        (
            [
                ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"),
                ("date", "Fri, 31 Dec 1999 23:59:29 GMT"),
            ],
            30.0,
        ),
        (
            [
                ("retry-after", "Fri, 31 Dec 1999 23:59:29 GMT"),
                ("date", "Fri, 31 Dec 1999 23:59:59 GMT"),
            ],
            0.0,
        ),
        (
            [
                ("retry-after", "Fri, 31 Dec 1999 23:59:59 -0000"),
                ("date", "Fri, 31 Dec 1999 23:59:29 GMT"),
            ],
            0.0,
        ),
    ],
)
def test_how_long_a_server_asks_us_to_stay_away(
    headers: list[tuple[str, str]], seconds: float
) -> None:
    assert retry_after_s(tuple(headers)) == seconds
