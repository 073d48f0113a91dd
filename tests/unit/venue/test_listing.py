"""What is listed follows from time and index."""

from datetime import date
from decimal import Decimal

import pytest

from strikewire.model import Instrument, PriceE8, instrument, utc_ns
from strikewire.venue.config import InstrumentsConfig
from strikewire.venue.listing import strikes_around, wanted_names

NOON_NS = utc_ns(date(2026, 11, 24), hour=12)  # a Tuesday
ALL = InstrumentsConfig(option_expiries=2, option_strikes=3)


def e8(price: float) -> PriceE8:
    return PriceE8(round(price * 10**8))


def listed(*names: str) -> list[Instrument]:
    return [instrument(name, instrument_id=number) for number, name in enumerate(names, start=1)]


def test_without_an_index_everything_but_options_is_listed() -> None:
    names = wanted_names(NOON_NS, ALL, {}, [])

    assert names == [
        "BTC-PERPETUAL",
        "BTC-27NOV26",
        "BTC-4DEC26",
        "BTC-25DEC26",
        "BTC-29JAN27",
        "BTC-26MAR27",
        "BTC-25JUN27",
        "BTC-24SEP27",
        "ETH-PERPETUAL",
        "ETH-27NOV26",
        "ETH-4DEC26",
        "ETH-25DEC26",
        "ETH-29JAN27",
        "ETH-26MAR27",
        "ETH-25JUN27",
        "ETH-24SEP27",
        "BTC_USDC-PERPETUAL",
        "BTC_USDC",
    ]


def test_an_index_brings_calls_and_puts_around_it_for_the_nearest_expiries() -> None:
    names = wanted_names(
        NOON_NS,
        InstrumentsConfig(families=("BTC",), option_expiries=2, option_strikes=3),
        {"btc_usd": e8(60_100)},
        [],
    )

    options = [name for name in names if name.endswith(("-C", "-P"))]
    # 20 and 44 hours left: two deviations are 3 446 and 5 112, which are the steps.
    assert options == [
        "BTC-25NOV26-57500-C",
        "BTC-25NOV26-57500-P",
        "BTC-25NOV26-60000-C",
        "BTC-25NOV26-60000-P",
        "BTC-25NOV26-62500-C",
        "BTC-25NOV26-62500-P",
        "BTC-26NOV26-55000-C",
        "BTC-26NOV26-55000-P",
        "BTC-26NOV26-60000-C",
        "BTC-26NOV26-60000-P",
        "BTC-26NOV26-65000-C",
        "BTC-26NOV26-65000-P",
    ]


def test_what_is_open_is_not_listed_again() -> None:
    first = wanted_names(NOON_NS, ALL, {"btc_usd": e8(60_000), "eth_usd": e8(2_600)}, [])

    again = wanted_names(
        NOON_NS, ALL, {"btc_usd": e8(60_010), "eth_usd": e8(2_601)}, listed(*first)
    )

    assert again == []


def test_an_index_that_leaves_the_strikes_brings_new_ones() -> None:
    config = InstrumentsConfig(families=("BTC",), option_expiries=1, option_strikes=5)
    first = wanted_names(NOON_NS, config, {"btc_usd": e8(60_000)}, [])

    more = wanted_names(NOON_NS, config, {"btc_usd": e8(64_600)}, listed(*first))

    # 56, 58, 60, 62 and 64 thousand all lie below 64 600; the new ones go to 69 thousand.
    assert "BTC-25NOV26-64000-C" in first
    assert "BTC-25NOV26-68000-C" in more
    assert set(more).isdisjoint(first)


def test_the_day_after_an_expiry_the_next_one_is_listed() -> None:
    config = InstrumentsConfig(families=("BTC",), option_expiries=1, option_strikes=3)
    eight = utc_ns(date(2026, 11, 25), hour=8)

    before = wanted_names(eight - 1, config, {"btc_usd": e8(60_000)}, [])
    after = wanted_names(eight, config, {"btc_usd": e8(60_000)}, [])

    assert any(name.startswith("BTC-25NOV26-") for name in before)
    assert not any(name.startswith("BTC-25NOV26-") for name in after)
    assert any(name.startswith("BTC-26NOV26-") for name in after)


def test_no_options_are_listed_where_none_are_wanted() -> None:
    config = InstrumentsConfig(families=("BTC",), option_expiries=0)

    names = wanted_names(NOON_NS, config, {"btc_usd": e8(60_000)}, [])

    assert not any(name.endswith(("-C", "-P")) for name in names)


def test_families_beside_btc_carry_half_the_expiries() -> None:
    config = InstrumentsConfig(families=("BTC", "ETH"), option_expiries=5, option_strikes=3)

    names = wanted_names(NOON_NS, config, {"btc_usd": e8(60_000), "eth_usd": e8(2_600)}, [])

    expiries = {tuple(name.split("-")[:2]) for name in names if name.endswith("-C")}
    assert sum(family == "BTC" for family, _ in expiries) == 5
    assert sum(family == "ETH" for family, _ in expiries) == 3


@pytest.mark.parametrize(
    ("index", "years", "count", "expected"),
    [
        # A day's deviation is 1 884: four of them over four steps.
        (60_000, 1 / 365, 5, [56_000, 58_000, 60_000, 62_000, 64_000]),
        # A quarter's is 18 000, with twelve steps.
        (60_000, 0.25, 13, [*range(30_000, 95_000, 5_000)]),
        # At the very end strikes keep a distance of 0.25 %.
        (100, 0, 3, [99.75, 100, 100.25]),
        (2_600, 7 / 365, 3, [2_000, 2_500, 3_000]),
        # Nothing at or below zero: a deviation of 120 % reaches further down than there is room.
        (100, 4, 5, [100, 200, 300]),
    ],
)
def test_strikes_are_round_and_even(
    index: float, years: float, count: int, expected: list[float]
) -> None:
    strikes = strikes_around(index, years, count)

    assert strikes == [Decimal(str(strike)) for strike in expected]
