"""The venue's contract specifications: from an instrument's name to the instrument.

Ticks, lots and fees follow Deribit's as of 2026 where its public texts or recorded answers say
them, and are otherwise chosen near them. They are data: an instrument carries its own copy from
the day it is listed, so a change here never alters one that already trades.
"""

from decimal import Decimal

import msgspec

from strikewire.model.instruments import Instrument, SettlementPeriod, TickStep
from strikewire.model.names import (
    InstrumentNameError,
    InstrumentType,
    Kind,
    ParsedName,
    parse_name,
)
from strikewire.model.schedule import settlement_period
from strikewire.model.units import Ticks

FUTURE_TAKER_FEE_PPM = 500
"""0.05 % of the value of a future or perpetual; its maker pays nothing."""

OPTION_FEE_PPM = 300
"""0.03 % of the underlying for either side of an option."""


class Specification(msgspec.Struct, frozen=True):
    """Steps of price and amount that instruments of one family and kind share."""

    tick: str
    """The base tick, in the quote currency."""

    lot: str
    """The least amount and its step."""

    contract: str
    """The contract's size, in the unit of amounts."""

    steps: tuple[TickStep, ...] = ()


# A coin's options are priced in the coin: ticks of 0.0001 up to 0.005, of 0.0005 above.
_COIN_OPTION_STEPS = (TickStep(above_price=Ticks(50), tick=Ticks(5)),)

_PERPETUALS = {
    "BTC": Specification("0.5", "10", "10"),
    "ETH": Specification("0.05", "1", "1"),
    "BTC_USDC": Specification("0.5", "0.001", "0.001"),
    "ETH_USDC": Specification("0.05", "0.01", "0.01"),
    "SOL_USDC": Specification("0.01", "0.1", "0.1"),
    "XRP_USDC": Specification("0.0001", "10", "10"),
}
_FUTURES = {
    "BTC": Specification("2.5", "10", "10"),
    "ETH": Specification("0.25", "1", "1"),
    "BTC_USDC": Specification("2.5", "0.001", "0.001"),
    "ETH_USDC": Specification("0.25", "0.01", "0.01"),
    "SOL_USDC": Specification("0.01", "0.1", "0.1"),
    "XRP_USDC": Specification("0.0001", "10", "10"),
}
_OPTIONS = {
    "BTC": Specification("0.0001", "0.1", "1", _COIN_OPTION_STEPS),
    "ETH": Specification("0.0001", "1", "1", _COIN_OPTION_STEPS),
    # From 1 000 USDC a tick of 10, from 5 000 one of 20.
    "BTC_USDC": Specification(
        "5", "0.01", "1", (TickStep(Ticks(200), Ticks(2)), TickStep(Ticks(1_000), Ticks(4)))
    ),
    # From 50 USDC a tick of 0.5.
    "ETH_USDC": Specification("0.1", "0.1", "1", (TickStep(Ticks(500), Ticks(5)),)),
    "SOL_USDC": Specification("0.01", "10", "10"),
    "XRP_USDC": Specification("0.0001", "1000", "1000"),
}
_SPOT = {
    "BTC_USDC": Specification("0.5", "0.0001", "0.0001"),
    "ETH_USDC": Specification("0.05", "0.001", "0.001"),
}


def instrument(name: str, *, instrument_id: int, creation_ns: int = 0) -> Instrument:
    """Make the instrument that a name stands for, with the venue's specification of it.

    Args:
        name: As Deribit names it: "BTC-25DEC26-100000-C".
        instrument_id: Positive; unique in the venue.
        creation_ns: When it was listed, in nanoseconds since the Unix epoch.

    Raises:
        InstrumentNameError: The name is malformed, or its family is not one the venue specifies.
    """
    assert instrument_id > 0
    parsed = parse_name(name)
    specification = _specification(name, parsed)
    maker_fee_ppm, taker_fee_ppm = _fees_ppm(parsed.kind)
    return Instrument(
        instrument_id=instrument_id,
        name=name,
        kind=parsed.kind,
        instrument_type=parsed.instrument_type,
        base_currency=parsed.base_currency,
        quote_currency=_quote_currency(parsed),
        counter_currency=parsed.counter_currency,
        settlement_currency=_settlement_currency(parsed),
        price_index=f"{parsed.base_currency}_{parsed.counter_currency}".lower(),
        settlement_period=_settlement_period(parsed),
        strike=parsed.strike,
        option_type=parsed.option_type,
        creation_ns=creation_ns,
        expiry_ns=parsed.expiry_ns,
        tick_size=Decimal(specification.tick),
        tick_steps=specification.steps,
        lot_size=Decimal(specification.lot),
        contract_size=Decimal(specification.contract),
        maker_fee_ppm=maker_fee_ppm,
        taker_fee_ppm=taker_fee_ppm,
    )


def families(kind: Kind) -> tuple[str, ...]:
    """Return the families the venue specifies instruments of `kind` for: "BTC", "BTC_USDC"..."""
    tables = {Kind.FUTURE: _FUTURES, Kind.OPTION: _OPTIONS, Kind.SPOT: _SPOT}
    return tuple(tables.get(kind, ()))


def _specification(name: str, parsed: ParsedName) -> Specification:
    table = {Kind.FUTURE: _FUTURES, Kind.OPTION: _OPTIONS, Kind.SPOT: _SPOT}[parsed.kind]
    if parsed.is_perpetual:
        table = _PERPETUALS
    found = table.get(parsed.family)
    if found is None:
        raise InstrumentNameError(name, f"no {parsed.kind} contracts of {parsed.family} are known")
    return found


def _fees_ppm(kind: Kind) -> tuple[int, int]:
    """Return the maker's and the taker's fee."""
    if kind is Kind.FUTURE:
        return 0, FUTURE_TAKER_FEE_PPM
    if kind is Kind.OPTION:
        return OPTION_FEE_PPM, OPTION_FEE_PPM
    return 0, 0


def _quote_currency(parsed: ParsedName) -> str:
    # An inverse option is quoted in its coin; an inverse future in dollars.
    if parsed.kind is Kind.OPTION and parsed.instrument_type is InstrumentType.REVERSED:
        return parsed.base_currency
    return parsed.counter_currency


def _settlement_currency(parsed: ParsedName) -> str:
    if parsed.instrument_type is InstrumentType.REVERSED:
        return parsed.base_currency
    return parsed.counter_currency


def _settlement_period(parsed: ParsedName) -> SettlementPeriod | None:
    if parsed.kind is Kind.SPOT:
        return None
    if parsed.expiry_ns is None:
        return SettlementPeriod.PERPETUAL
    return settlement_period(parsed.expiry_ns)
