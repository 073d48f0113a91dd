from datetime import date

import pytest

from strikewire.model.instruments import SettlementPeriod
from strikewire.model.names import Kind, ParsedName, format_name
from strikewire.model.schedule import (
    FUTURE_EXPIRIES,
    OPTION_EXPIRIES,
    Expiry,
    ExpiryFamily,
    expiries,
    settlement_period,
)
from strikewire.model.time import ms_to_ns, utc_ns

DAY, WEEK, MONTH = SettlementPeriod.DAY, SettlementPeriod.WEEK, SettlementPeriod.MONTH


def at_8(year: int, month: int, day: int) -> int:
    return utc_ns(date(year, month, day), hour=8)


def test_options_expire_daily_weekly_monthly_and_quarterly() -> None:
    saturday_noon = utc_ns(date(2026, 10, 17), hour=12)

    assert expiries(saturday_noon, family=OPTION_EXPIRIES) == (
        Expiry(at_8(2026, 10, 18), DAY),
        Expiry(at_8(2026, 10, 19), DAY),
        Expiry(at_8(2026, 10, 20), DAY),
        Expiry(at_8(2026, 10, 23), WEEK),
        Expiry(at_8(2026, 10, 30), MONTH),
        Expiry(at_8(2026, 11, 6), WEEK),
        Expiry(at_8(2026, 11, 27), MONTH),
        Expiry(at_8(2026, 12, 25), MONTH),
        Expiry(at_8(2027, 3, 26), MONTH),
        Expiry(at_8(2027, 6, 25), MONTH),
        Expiry(at_8(2027, 9, 24), MONTH),
    )


def test_futures_have_no_dailies() -> None:
    saturday_noon = utc_ns(date(2026, 10, 17), hour=12)

    assert expiries(saturday_noon, family=FUTURE_EXPIRIES) == (
        Expiry(at_8(2026, 10, 23), WEEK),
        Expiry(at_8(2026, 10, 30), MONTH),
        Expiry(at_8(2026, 11, 27), MONTH),
        Expiry(at_8(2026, 12, 25), MONTH),
        Expiry(at_8(2027, 3, 26), MONTH),
        Expiry(at_8(2027, 6, 25), MONTH),
        Expiry(at_8(2027, 9, 24), MONTH),
    )


def test_a_contract_is_listed_until_the_moment_it_expires() -> None:
    only_dailies = ExpiryFamily(dailies=1, weeklies=0, monthlies=0, quarterlies=0)
    eight = at_8(2026, 10, 21)

    assert expiries(eight - 1, family=only_dailies) == (Expiry(eight, DAY),)
    assert expiries(eight, family=only_dailies) == (Expiry(at_8(2026, 10, 22), DAY),)


def test_a_daily_on_a_friday_is_a_weekly() -> None:
    assert settlement_period(at_8(2026, 10, 22)) is DAY
    assert settlement_period(at_8(2026, 10, 23)) is WEEK
    assert settlement_period(at_8(2026, 10, 30)) is MONTH


@pytest.mark.parametrize(
    ("now_ns", "family", "recorded"),
    [
        (
            ms_to_ns(1_618_677_848_218),
            ExpiryFamily(dailies=2, weeklies=3, monthlies=3, quarterlies=4),
            {
                "18APR21": "day",
                "19APR21": "day",
                "23APR21": "week",
                "30APR21": "month",
                "7MAY21": "week",
                "28MAY21": "month",
                "25JUN21": "month",
                "24SEP21": "month",
                "31DEC21": "month",
                "25MAR22": "month",
            },
        ),
        (
            ms_to_ns(1_626_993_723_131),
            ExpiryFamily(dailies=2, weeklies=4, monthlies=3, quarterlies=4),
            {
                "23JUL21": "week",
                "24JUL21": "day",
                "30JUL21": "month",
                "6AUG21": "week",
                "13AUG21": "week",
                "27AUG21": "month",
                "24SEP21": "month",
                "31DEC21": "month",
                "25MAR22": "month",
                "24JUN22": "month",
            },
        ),
    ],
)
def test_the_rule_gives_the_expiries_recorded_from_deribit(
    now_ns: int, family: ExpiryFamily, recorded: dict[str, str]
) -> None:
    listed = {
        format_name(
            ParsedName(family="BTC", kind=Kind.FUTURE, expiry_ns=expiry.expiry_ns)
        ).removeprefix("BTC-"): str(expiry.settlement_period)
        for expiry in expiries(now_ns, family=family)
    }

    assert listed == recorded
