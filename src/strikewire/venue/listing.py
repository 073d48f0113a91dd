"""Which instruments the venue should offer at a moment: a plan, made of time and index alone."""

import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from strikewire.model import (
    FUTURE_EXPIRIES,
    OPTION_EXPIRIES,
    PRICE_SCALE,
    Instrument,
    Kind,
    OptionType,
    ParsedName,
    PriceE8,
    expiries,
    format_name,
)
from strikewire.pricing import years_to_expiry
from strikewire.venue.config import Family, InstrumentsConfig

INDEX_OF: Final[Mapping[Family, str]] = {
    "BTC": "btc_usd",
    "ETH": "eth_usd",
    "BTC_USDC": "btc_usdc",
}
"""The index each family is settled against."""

DEVIATIONS: Final = 2.0
"""How far the outermost strikes lie from the index when an expiry is listed, about, in standard
deviations of the price at expiry: beyond them an option is next to worthless."""

_VOLATILITY: Final = 0.6  # a year; only the spacing of strikes depends on it
_STEP_SHARE_MIN: Final = 0.0025  # of the index: hours before expiry strikes would fall together
_NICE: Final = (1, 2, 2.5, 5, 10)


def wanted_names(
    now_ns: int,
    config: InstrumentsConfig,
    indices: Mapping[str, PriceE8],
    listed: Iterable[Instrument],
) -> list[str]:
    """Return the names that should be offered and are not, in the order to list them.

    Args:
        now_ns: Nanoseconds since the Unix epoch.
        config: What to list.
        indices: Index prices in 1e-8; options of an index that is missing wait for it.
        listed: The instruments that are open.
    """
    open_instruments = list(listed)
    offered = {instrument.name for instrument in open_instruments}
    wanted: list[str] = []
    for family in config.families:
        wanted += _unconditional(now_ns, family)
        index = indices.get(INDEX_OF[family])
        if index is not None:
            strikes = _strikes_by_expiry(family, open_instruments)
            wanted += _options(now_ns, family, config, index / PRICE_SCALE, strikes)
    return [name for name in wanted if name not in offered]


def strikes_around(index: float, years: float, count: int) -> list[Decimal]:
    """Return strikes for an expiry: `count` of them, evenly spaced on round numbers.

    Args:
        index: Where the centre is to be.
        years: Time left.
        count: How many.
    """
    deviation = index * _VOLATILITY * math.sqrt(max(years, 0.0))
    span = 2 * DEVIATIONS * deviation / (count - 1)
    step = _round_number(max(span, index * _STEP_SHARE_MIN))
    centre = round(Decimal(index) / step) * step
    lowest = centre - step * (count // 2)
    strikes = (lowest + step * number for number in range(count))
    return [strike for strike in strikes if strike > 0]


def _unconditional(now_ns: int, family: Family) -> list[str]:
    """Return what is offered whatever the index: spot, perpetual, dated futures."""
    names = [format_name(ParsedName(family=family, kind=Kind.FUTURE))]
    if "_" in family:
        return [*names, format_name(ParsedName(family=family, kind=Kind.SPOT))]
    for expiry in expiries(now_ns, family=FUTURE_EXPIRIES):
        parsed = ParsedName(family=family, kind=Kind.FUTURE, expiry_ns=expiry.expiry_ns)
        names.append(format_name(parsed))
    return names


def _options(
    now_ns: int,
    family: Family,
    config: InstrumentsConfig,
    index: float,
    listed: Mapping[int, list[Decimal]],
) -> Iterator[str]:
    # BTC is what most people look at: the other families carry half as many expiries.
    count = config.option_expiries if family == "BTC" else (config.option_expiries + 1) // 2
    for expiry in expiries(now_ns, family=OPTION_EXPIRIES)[:count]:
        if _covers(listed.get(expiry.expiry_ns, []), index):
            continue
        years = years_to_expiry(now_ns, expiry.expiry_ns)
        for strike in strikes_around(index, years, config.option_strikes):
            for right in (OptionType.CALL, OptionType.PUT):
                yield format_name(
                    ParsedName(
                        family=family,
                        kind=Kind.OPTION,
                        expiry_ns=expiry.expiry_ns,
                        strike=strike,
                        option_type=right,
                    )
                )


def _covers(strikes: list[Decimal], index: float) -> bool:
    """Tell whether enough strikes lie on both sides of the index still."""
    below = sum(1 for strike in strikes if strike <= index)
    return min(below, len(strikes) - below) > len(strikes) // 5


def _strikes_by_expiry(family: Family, listed: Iterable[Instrument]) -> dict[int, list[Decimal]]:
    strikes: dict[int, set[Decimal]] = {}
    for instrument in listed:
        if instrument.is_option and instrument.name.startswith(f"{family}-"):
            assert instrument.expiry_ns is not None
            assert instrument.strike is not None
            strikes.setdefault(instrument.expiry_ns, set()).add(instrument.strike)
    return {expiry_ns: sorted(found) for expiry_ns, found in strikes.items()}


def _round_number(size: float) -> Decimal:
    """Return the number nearest to `size`, by ratio, among 1, 2, 2.5 and 5 times powers of ten."""
    assert size > 0
    power = math.floor(math.log10(size))
    digit = min(_NICE, key=lambda digit: abs(math.log(digit * 10.0**power / size)))
    return Decimal(str(digit)).scaleb(power)
