import re
from pathlib import Path

import pytest

from strikewire.gateway import limits as limits_module
from strikewire.gateway.limits import RATES_DERIBIT, RATES_OFF, Bucket, Limits, Rate, RateLimiter

S = 1_000_000_000
NOW = 1_767_225_600 * S


def test_a_full_pool_allows_a_burst_and_then_no_more() -> None:
    bucket = Bucket(NOW, Rate(cost=500, pool=2_000, refill=1_000))

    taken = [bucket.take(NOW) for _ in range(5)]

    assert taken == [True, True, True, True, False]


def test_credits_come_back_with_time_and_not_beyond_the_pool() -> None:
    bucket = Bucket(NOW, Rate(cost=500, pool=1_000, refill=1_000))
    assert bucket.take(NOW)
    assert bucket.take(NOW)

    too_early = bucket.take(NOW + S // 2 - 1)
    in_time = bucket.take(NOW + S // 2)
    after_an_hour = [bucket.take(NOW + 3_600 * S) for _ in range(3)]

    assert (too_early, in_time, after_an_hour) == (False, True, [True, True, False])


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(NOW, Rate(cost=1, pool=1, refill=1))
    assert bucket.take(NOW)

    assert not bucket.take(NOW - 10 * S)
    assert not bucket.take(NOW + S - 1)
    assert bucket.take(NOW + S)


def test_fractions_of_a_credit_are_not_lost() -> None:
    bucket = Bucket(NOW, Rate(cost=1, pool=1, refill=1))
    assert bucket.take(NOW)

    early = [bucket.take(NOW + tenth * S // 10) for tenth in range(1, 10)]

    assert early == [False] * 9
    assert bucket.take(NOW + S)


@pytest.mark.parametrize(
    ("kind", "burst", "per_second"),
    [
        ("non_matching", 100, 20.0),
        ("matching", 20, 5.0),
        ("subscribe", 10, 10 / 3),
        ("get_instruments", 50, 1.0),
    ],
)
def test_the_rates_of_deribit_are_those_of_its_documents(
    kind: str, burst: int, per_second: float
) -> None:
    rate = RATES_DERIBIT[kind]

    assert rate.pool // rate.cost == burst
    assert rate.refill / rate.cost == pytest.approx(per_second)


def test_each_owner_and_each_kind_has_credits_of_its_own() -> None:
    limiter = RateLimiter({"matching": Rate(1, 1, 1), "auth": Rate(1, 1, 1)})

    assert limiter.take(NOW, "account 1", "matching")
    assert not limiter.take(NOW, "account 1", "matching")
    assert limiter.take(NOW, "account 1", "auth")
    assert limiter.take(NOW, "account 2", "matching")


def test_switched_off_everything_is_free() -> None:
    limiter = RateLimiter(RATES_OFF)

    assert all(limiter.take(NOW, "account 1", "matching") for _ in range(1_000))


def test_full_buckets_make_room_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "BUCKETS_MAX", 2)
    limiter = RateLimiter({"matching": Rate(1, 2, 1)})
    assert limiter.take(NOW, "a", "matching")
    assert limiter.take(NOW, "b", "matching")

    while_both_refill = limiter.take(NOW, "c", "matching")
    afterwards = limiter.take(NOW + S, "c", "matching")

    assert (while_both_refill, afterwards) == (False, True)


def test_the_limits_are_what_the_documentation_says() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "concepts" / "gateway.md"

    told = re.findall(r"^\| `Limits\.(\w+)` \| ([\d ]+) \|", page.read_text(), re.MULTILINE)

    limits = Limits()
    assert {name: int(value.replace(" ", "")) for name, value in told} == {
        name: getattr(limits, name) for name in limits.__struct_fields__
    }
