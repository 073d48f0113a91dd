"""How large a block trade must be: what is smaller belongs into the book, where all can see it."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from strikewire.model.instruments import Instrument
from strikewire.model.names import Kind
from strikewire.model.units import Lots

BLOCK_MINIMA: Final[Mapping[tuple[str, Kind, bool], Decimal]] = MappingProxyType(
    {
        ("BTC", Kind.OPTION, True): Decimal(25),
        ("ETH", Kind.OPTION, True): Decimal(250),
        ("BTC", Kind.FUTURE, True): Decimal(200_000),
        ("ETH", Kind.FUTURE, True): Decimal(100_000),
        ("BTC", Kind.OPTION, False): Decimal(25),
        ("ETH", Kind.OPTION, False): Decimal(250),
        ("SOL", Kind.OPTION, False): Decimal(2_500),
        ("XRP", Kind.OPTION, False): Decimal(100_000),
        ("BTC", Kind.FUTURE, False): Decimal(2),
        ("ETH", Kind.FUTURE, False): Decimal(40),
        ("SOL", Kind.FUTURE, False): Decimal(1_000),
        ("XRP", Kind.FUTURE, False): Decimal(100_000),
    }
)
"""Least amounts by base currency, kind, and whether the contract is inverse: dollars of inverse
futures, coins of the rest.

Source: Deribit, block trades, for what is inverse; the linear futures are ours, near them.
"""


def block_min_lots(instrument: Instrument) -> Lots | None:
    """Return the least lots of a block trade in an instrument; None where there is none."""
    key = (instrument.base_currency, instrument.kind, instrument.is_inverse)
    amount = BLOCK_MINIMA.get(key)
    if amount is None:
        return None
    numerator, denominator = (amount / instrument.lot_size).as_integer_ratio()
    return Lots(-(-numerator // denominator))
