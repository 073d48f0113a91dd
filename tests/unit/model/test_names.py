from datetime import date
from decimal import Decimal

import pytest

from strikewire.model.names import (
    InstrumentNameError,
    InstrumentType,
    Kind,
    OptionType,
    ParsedName,
    format_name,
    format_strike,
    parse_name,
)
from strikewire.model.time import NS_PER_DAY, utc_ns

CHRISTMAS_2026 = utc_ns(date(2026, 12, 25), hour=8)

NAMES = {
    "BTC-PERPETUAL": ParsedName(family="BTC", kind=Kind.FUTURE),
    "BTC_USDC-PERPETUAL": ParsedName(family="BTC_USDC", kind=Kind.FUTURE),
    "BTC-25DEC26": ParsedName(family="BTC", kind=Kind.FUTURE, expiry_ns=CHRISTMAS_2026),
    "ETH-5FEB27": ParsedName(
        family="ETH", kind=Kind.FUTURE, expiry_ns=utc_ns(date(2027, 2, 5), hour=8)
    ),
    "BTC-25DEC26-100000-C": ParsedName(
        family="BTC",
        kind=Kind.OPTION,
        expiry_ns=CHRISTMAS_2026,
        strike=Decimal(100_000),
        option_type=OptionType.CALL,
    ),
    "BTC_USDC-25DEC26-100000-P": ParsedName(
        family="BTC_USDC",
        kind=Kind.OPTION,
        expiry_ns=CHRISTMAS_2026,
        strike=Decimal(100_000),
        option_type=OptionType.PUT,
    ),
    "XRP_USDC-30JUN23-0d625-C": ParsedName(
        family="XRP_USDC",
        kind=Kind.OPTION,
        expiry_ns=utc_ns(date(2023, 6, 30), hour=8),
        strike=Decimal("0.625"),
        option_type=OptionType.CALL,
    ),
    "BTC_USDC": ParsedName(family="BTC_USDC", kind=Kind.SPOT),
    "BTC-29FEB28": ParsedName(
        family="BTC", kind=Kind.FUTURE, expiry_ns=utc_ns(date(2028, 2, 29), hour=8)
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken_apart(name: str) -> None:
    assert parse_name(name) == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_are_put_together_to_the_same_name(name: str) -> None:
    assert format_name(NAMES[name]) == name


def test_the_family_says_what_the_contract_settles_in() -> None:
    coin = parse_name("BTC-25DEC26")
    assert (coin.base_currency, coin.counter_currency) == ("BTC", "USD")
    assert coin.instrument_type is InstrumentType.REVERSED

    pair = parse_name("BTC_USDC-25DEC26")
    assert (pair.base_currency, pair.counter_currency) == ("BTC", "USDC")
    assert pair.instrument_type is InstrumentType.LINEAR


def test_only_a_future_without_expiry_is_perpetual() -> None:
    assert parse_name("BTC-PERPETUAL").is_perpetual
    assert not parse_name("BTC-25DEC26").is_perpetual
    assert not parse_name("BTC_USDC").is_perpetual


@pytest.mark.parametrize(
    "name",
    [
        "",
        "BTC",
        "btc-perpetual",
        "BTC-PERP",
        "BTC-PERPETUAL-",
        "BTC-PERPETUAL\n",
        "-PERPETUAL",
        "BTC_-PERPETUAL",
        "BTC_USDC_X-PERPETUAL",
        "BTC-25DEC2026",
        "BTC-25dec26",
        "BTC-05FEB27",
        "BTC-0FEB27",
        "BTC-32DEC26",
        "BTC-31SEP26",
        "BTC-29FEB27",
        "BTC-25DEX26",
        "BTC-25DEC26-",
        "BTC-25DEC26-100000",
        "BTC-25DEC26-100000-X",
        "BTC-25DEC26-0-C",
        "BTC-25DEC26-00100-C",
        "BTC-25DEC26-100.5-C",
        "BTC-25DEC26-0d50-C",
        "BTC-25DEC26-0d0-C",
        "BTC-25DEC26-d5-C",
        "BTC-25DEC26-5d-C",
        "BTC-25DEC26-1000000000000-C",
        "BTC-25DEC26--100-C",
        "BTC-\uff12\uff15DEC26",
        "BTC-FS-25DEC26_PERP",
        "BTC-CS-25DEC26-70000_75000",
        "A" * 100_000,
    ],
)
def test_whatever_is_not_the_one_spelling_of_a_name_is_refused(name: str) -> None:
    with pytest.raises(InstrumentNameError) as caught:
        parse_name(name)

    assert caught.value.name == name[:64]
    assert len(str(caught.value)) < 150


def test_the_error_says_what_is_wrong() -> None:
    reasons = {}
    for name in ("BTC", "BTC-25DEX26", "BTC-31SEP26", "what?"):
        with pytest.raises(InstrumentNameError) as caught:
            parse_name(name)
        reasons[name] = caught.value.reason

    assert reasons == {
        "BTC": "spot is named by a pair of currencies",
        "BTC-25DEX26": "no such month",
        "BTC-31SEP26": "no such day",
        "what?": "not the name of an instrument",
    }


@pytest.mark.parametrize(
    "parts",
    [
        ParsedName(family="btc", kind=Kind.FUTURE),
        ParsedName(family="BTC", kind=Kind.SPOT),
        ParsedName(family="BTC", kind=Kind.OPTION),
        ParsedName(family="BTC", kind=Kind.OPTION, expiry_ns=CHRISTMAS_2026),
        ParsedName(
            family="BTC", kind=Kind.OPTION, expiry_ns=CHRISTMAS_2026, strike=Decimal(100_000)
        ),
        ParsedName(
            family="BTC", kind=Kind.FUTURE, expiry_ns=CHRISTMAS_2026, strike=Decimal(100_000)
        ),
        ParsedName(family="BTC_USDC", kind=Kind.SPOT, expiry_ns=CHRISTMAS_2026),
        ParsedName(family="BTC", kind=Kind.FUTURE, expiry_ns=CHRISTMAS_2026 + 1),
        ParsedName(family="BTC", kind=Kind.FUTURE, expiry_ns=-1),
        ParsedName(
            family="BTC", kind=Kind.FUTURE, expiry_ns=CHRISTMAS_2026 + 74 * 366 * NS_PER_DAY
        ),
    ],
)
def test_parts_that_make_no_name_are_refused(parts: ParsedName) -> None:
    with pytest.raises(InstrumentNameError):
        format_name(parts)


@pytest.mark.parametrize("strike", ["0", "-1", "1E+12", "0.000000001", "NaN", "Infinity"])
def test_a_strike_that_fits_no_name_is_refused(strike: str) -> None:
    parts = ParsedName(
        family="BTC",
        kind=Kind.OPTION,
        expiry_ns=CHRISTMAS_2026,
        strike=Decimal(strike),
        option_type=OptionType.CALL,
    )

    with pytest.raises(InstrumentNameError):
        format_name(parts)


@pytest.mark.parametrize(
    ("strike", "text"),
    [
        ("100000", "100000"),
        ("1E+5", "100000"),
        ("100000.00", "100000"),
        ("0.5", "0d5"),
        ("0.6250", "0d625"),
        ("5E-8", "0d00000005"),
    ],
)
def test_the_point_of_a_strike_is_written_d(strike: str, text: str) -> None:
    assert format_strike(Decimal(strike)) == text
