"""Where a future's owner would be liquidated, if nothing but its price moved: an estimate to show.

The price at which what stands behind the positions is what they need to be kept. Both are linear in
the price of a linear future, and in its inverse of an inverse one, but for the part of the rate
that grows with the size in coins. Standard margin alone: a portfolio has no such price.
"""

from math import sqrt

from strikewire.exchange import MarginModel, PositionView, Summary
from strikewire.exchange.state.margin import FUTURE_RATES, FUTURE_RATES_OTHER, PPM
from strikewire.model import Instrument, Units, lots_to_amount, price_e8_to_float, units_to_coins


def liquidation_price(
    instrument: Instrument, view: PositionView, summary: Summary, model: MarginModel | None
) -> float | None:
    """Return the mark at which a position's account would fall below maintenance margin.

    Args:
        instrument: Of the position.
        view: The position, valued at its mark.
        summary: Of the account, in the currency of the instrument.
        model: How the account's margin is counted.

    Returns:
        In the quote currency; None where there is no such price, or it cannot be told: of options,
        flat positions, and accounts whose margin is not the standard one of each currency.
    """
    is_told = model is MarginModel.STANDARD and instrument.is_future and view.size and view.mark
    if not is_told:
        return None
    others = summary.maintenance_margin - view.maintenance_margin
    spare = units_to_coins(view.currency, Units(summary.margin_balance - others))
    amount = lots_to_amount(instrument, view.size)
    mark = price_e8_to_float(view.mark)
    rates = FUTURE_RATES.get(instrument.base_currency, FUTURE_RATES_OTHER)
    rate, growth = rates.maintenance_ppm / PPM, rates.per_coin_ppm / PPM
    if instrument.is_inverse:
        price = _inverse(amount, mark, spare, rate=rate, growth=growth)
    else:
        price = _linear(amount, mark, spare, rate=rate + growth * abs(amount))
    return price if price is not None and price > 0 else None


def _linear(amount: float, mark: float, spare: float, *, rate: float) -> float:
    """Solve spare + amount (price - mark) = |amount| price rate."""
    return (amount * mark - spare) / (amount - abs(amount) * rate)


def _inverse(
    amount: float, mark: float, spare: float, *, rate: float, growth: float
) -> float | None:
    """Solve spare + amount (1 / mark - x) = |amount| x (rate + growth |amount| x) for 1 / x."""
    squared, linear = growth * amount * amount, abs(amount) * rate + amount
    constant = spare + amount / mark
    if amount < 0 <= constant:
        return None  # However high the price, a short one never owes more than its dollars.
    root = sqrt(max(linear * linear + 4 * squared * constant, 0.0))
    # A long one meets it falling, a short one rising: from 1 / mark on, the first root there is.
    inverse = (-linear + root if amount > 0 else -linear - root) / (2 * squared)
    return 1 / inverse if inverse > 0 else None
