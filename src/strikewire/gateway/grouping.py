"""What the `group` of a grouped book channel means for an instrument."""

from fractions import Fraction

from strikewire.model import Instrument

# Source: Deribit API v2, `book.{instrument_name}.{group}.{depth}.{interval}`: "for ETH
# cryptocurrency, real group is divided by 100.0".
_UNITS = {"ETH": Fraction(1, 100)}
_UNIT = Fraction(1)


def group_ticks(instrument: Instrument, group: str) -> int | None:
    """Return how many ticks are put together.

    Args:
        instrument: Whose book.
        group: `none`, or a number of dollars (hundredths of one for ETH).

    Returns:
        At least 1; None where the group is no multiple of the tick, or where prices are in coins
        and not in dollars.
    """
    if group == "none":
        return 1
    if instrument.quote_currency == instrument.base_currency:
        return None
    width = int(group) * _UNITS.get(instrument.base_currency, _UNIT)
    ticks = width * instrument.tick_denominator / instrument.tick_numerator
    return int(ticks) if ticks.denominator == 1 else None
