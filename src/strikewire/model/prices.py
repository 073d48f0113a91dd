"""Between the prices and amounts of clients and the integers of the venue, exactly.

Clients speak decimals, the venue counts ticks and lots. A price or amount that does not fall on
its grid is refused here and never rounded in silence; what is rounded says so in its name.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from strikewire.model.instruments import Instrument
from strikewire.model.sides import Side
from strikewire.model.units import PRICE_SCALE, Lots, PriceE8, Ticks, divide_down, divide_up

PRICE_TICKS_MAX = 100_000_000
"""The highest price of an order, in base ticks: 50 million USD for BTC-PERPETUAL."""

AMOUNT_LOTS_MAX = 10_000_000
"""The greatest amount of an order, in lots: 100 million USD for BTC-PERPETUAL."""

DECIMAL_PLACES_MAX = 32
"""Digits after the point that are looked at. No grid is finer; a longer tail is off every grid."""

_FINEST = Decimal(1).scaleb(-DECIMAL_PLACES_MAX)
_WIDE = Context(prec=2 * DECIMAL_PLACES_MAX)


class TickSizeError(ValueError):
    """A price lies between two ticks.

    Attributes:
        price: The price that was given.
        tick: The tick at that price, in the quote currency.
    """

    def __init__(self, price: Decimal, tick: Decimal) -> None:
        self.price = price
        self.tick = tick
        super().__init__(f"price {price:.16g} is not a multiple of the tick {tick}")


class PriceRangeError(ValueError):
    """A price is not above zero and is no combo's, too far out to be meant, or not a number.

    Attributes:
        price: The price that was given.
        highest: The highest price an order may have, in the quote currency.
        lowest: The lowest one, of a combo; None where it has to be above zero.
    """

    def __init__(self, price: Decimal, highest: Decimal, lowest: Decimal | None = None) -> None:
        self.price = price
        self.highest = highest
        self.lowest = lowest
        above = "above 0" if lowest is None else f"at least {lowest}"
        super().__init__(f"price {price:.12g} is not {above} and at most {highest}")


class AmountError(ValueError):
    """An amount is below the minimum, off its step, too large, or not a number.

    Attributes:
        amount: The amount that was given.
        lot: The minimum amount, which is also the step.
    """

    def __init__(self, amount: Decimal, lot: Decimal, reason: str) -> None:
        self.amount = amount
        self.lot = lot
        super().__init__(f"amount {amount:.12g} {reason}")


def price_to_ticks(instrument: Instrument, price: Decimal) -> Ticks:
    """Return a client's price in base ticks.

    Raises:
        PriceRangeError: It is not above zero (which only a combo's may be), further out than
            `PRICE_TICKS_MAX`, or not a number.
        TickSizeError: It lies between two ticks.
    """
    _check_range(instrument, price)
    if _decimal_places(price) > DECIMAL_PLACES_MAX:
        raise TickSizeError(price, instrument.tick_size)
    numerator, denominator = price.as_integer_ratio()
    ticks, remainder = divmod(
        numerator * instrument.tick_denominator, denominator * instrument.tick_numerator
    )
    tick = tick_above(instrument, ticks)
    if remainder or ticks % tick:
        raise TickSizeError(price, tick * instrument.tick_size)
    return Ticks(ticks)


def price_to_ticks_rounded(instrument: Instrument, price: Decimal, side: Side) -> Ticks:
    """Return the tick next to a price, on the side that costs its owner nothing.

    Args:
        instrument: Whose ticks.
        price: Need not be on a tick.
        side: A buyer's price is rounded down, a seller's up.

    Returns:
        Base ticks, on the grid; 0 for a buyer's price below the first tick.

    Raises:
        PriceRangeError: It is not above zero, above `PRICE_TICKS_MAX`, or not a number.
    """
    _check_range(instrument, price)
    if _decimal_places(price) > DECIMAL_PLACES_MAX:
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        price = price.quantize(_FINEST, rounding, context=_WIDE)
    numerator, denominator = price.as_integer_ratio()
    divide = divide_down if side is Side.BUY else divide_up
    ticks = divide(numerator * instrument.tick_denominator, denominator * instrument.tick_numerator)
    return round_to_tick(instrument, Ticks(ticks), side)


def ticks_to_price(instrument: Instrument, ticks: Ticks) -> float:
    """Return the float nearest to a price, in the quote currency, for showing it."""
    return ticks * instrument.tick_numerator / instrument.tick_denominator


def ticks_to_decimal(instrument: Instrument, ticks: Ticks) -> Decimal:
    """Return a price exactly, in the quote currency."""
    return ticks * instrument.tick_size


def ticks_to_e8(instrument: Instrument, ticks: Ticks) -> PriceE8:
    """Return a traded price on the scale of the prices nobody trades at, exactly."""
    scaled = ticks * instrument.tick_numerator * PRICE_SCALE
    assert scaled % instrument.tick_denominator == 0
    return PriceE8(scaled // instrument.tick_denominator)


def amount_to_lots(instrument: Instrument, amount: Decimal) -> Lots:
    """Return a client's amount in lots.

    Raises:
        AmountError: It is below the minimum, not a multiple of it, above `AMOUNT_LOTS_MAX`, or
            not a number.
    """
    lot = instrument.lot_size
    if not amount.is_finite() or amount < lot:
        raise AmountError(amount, lot, f"is below the minimum of {lot}")
    if amount > AMOUNT_LOTS_MAX * lot:
        raise AmountError(amount, lot, f"is above the maximum of {AMOUNT_LOTS_MAX * lot}")
    numerator, denominator = 0, 1
    if _decimal_places(amount) <= DECIMAL_PLACES_MAX:
        numerator, denominator = amount.as_integer_ratio()
    lots, remainder = divmod(
        numerator * instrument.lot_denominator, denominator * instrument.lot_numerator
    )
    if remainder or lots == 0:
        raise AmountError(amount, lot, f"is not a multiple of {lot}")
    return Lots(lots)


def lots_to_amount(instrument: Instrument, lots: Lots) -> float:
    """Return the float nearest to an amount, in the unit clients count it in, for showing it."""
    return lots * instrument.lot_numerator / instrument.lot_denominator


def lots_to_decimal(instrument: Instrument, lots: Lots) -> Decimal:
    """Return an amount exactly, in the unit clients count it in."""
    return lots * instrument.lot_size


def tick_above(instrument: Instrument, ticks: int) -> int:
    """Return the tick that holds from a price upwards, in base ticks.

    At the very price where a coarser tick begins it is the coarser one: both divide that price.
    """
    tick = 1
    for step in instrument.tick_steps:
        if ticks < step.above_price:
            break
        tick = step.tick
    return tick


def next_tick_up(instrument: Instrument, ticks: Ticks) -> Ticks:
    """Return the lowest price on the grid above a price, which need not be on the grid itself.

    Args:
        instrument: Whose ticks.
        ticks: Base ticks; not negative, but of a combo.
    """
    assert ticks >= 0 or instrument.is_combo
    tick = tick_above(instrument, ticks)
    return Ticks((ticks // tick + 1) * tick)


def next_tick_down(instrument: Instrument, ticks: Ticks) -> Ticks:
    """Return the highest price on the grid below a price, which need not be on the grid itself.

    Args:
        instrument: Whose ticks.
        ticks: Base ticks; positive, but of a combo.

    Returns:
        Base ticks; 0, which is no price but of a combo, below the first tick.
    """
    assert ticks > 0 or instrument.is_combo
    below = ticks - 1
    return Ticks(below - below % tick_above(instrument, below))


def round_to_tick(instrument: Instrument, ticks: Ticks, side: Side) -> Ticks:
    """Return the price on the grid that is nearest and no worse for its owner.

    Args:
        instrument: Whose ticks.
        ticks: Base ticks, perhaps between two steps of a coarser tick; not negative, but of a
            combo.
        side: A buyer's price is rounded down, a seller's up.
    """
    assert ticks >= 0 or instrument.is_combo
    tick = tick_above(instrument, ticks)
    if side is Side.BUY:
        return Ticks(divide_down(ticks, tick) * tick)
    return Ticks(divide_up(ticks, tick) * tick)


def _check_range(instrument: Instrument, price: Decimal) -> None:
    highest = PRICE_TICKS_MAX * instrument.tick_size
    lowest = -highest if instrument.is_combo else None
    if (
        not price.is_finite()
        or price > highest
        or (price <= 0 if lowest is None else price < lowest)
    ):
        raise PriceRangeError(price, highest, lowest)


def _decimal_places(number: Decimal) -> int:
    """Count digits after the point: a small 1e-999999 would cost a million of them."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent
