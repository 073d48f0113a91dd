"""What traders want of a combo: the spread of two futures, whose book the first of them opens.

Whoever trades it trades its legs, at prices that come to the combo's; that is checked here as well.
"""

from typing import Final

from strikewire.exchange import Exchange, Fill
from strikewire.model import leg_weights
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.violations import Violation
from strikewire.testing.simulation.wishes import GRIDS, SHOWN_LOTS, Params, plain

FUTURE: Final = "BTC-25DEC26"
"""Listed beside the other instruments where a combo is traded."""

SPREAD: Final = "BTC-FS-25DEC26_PERP"
LEGS: Final = (FUTURE, "BTC-PERPETUAL")

RULE_LEGS: Final = "the legs of a combo come to what was traded"


def creation(dice: Dice) -> Params:
    """Return the parameters that open the spread's book, its legs this way or the other."""
    directions = dice.pick((("buy", "sell"), ("sell", "buy")))
    legs = [
        {"instrument_name": name, "amount": 10.0, "direction": direction}
        for name, direction in zip(LEGS, directions, strict=True)
    ]
    return {"trades": legs}


def spread_wish(dice: Dice, label: str, *, is_buy: bool) -> Params:
    """Return the parameters of an order in the spread, which neither waits nor reduces."""
    params = {"instrument_name": SPREAD, "label": label, **plain(dice, SPREAD, is_buy=is_buy)}
    del params["reduce_only"]
    draw = dice.up_to(99)
    if draw < 6:
        amount = round(GRIDS[SPREAD].amount * SHOWN_LOTS, 3)
        params.update(amount=2 * amount, display_amount=amount)
    elif draw < 12:
        params["hidden"] = True
    return params


def check_legs(exchange: Exchange, fill: Fill) -> None:
    """Check that a fill in a combo is one in each of its legs, at prices that come to its own.

    Raises:
        Violation: It is not.
    """
    combo = exchange.instruments[fill.instrument_id]
    parts = [exchange.instruments[leg.instrument_id] for leg in fill.legs]
    weights = leg_weights(combo, parts)
    price = sum(weight * leg.price for weight, leg in zip(weights, fill.legs, strict=True))
    amounts = [abs(leg.ratio) * fill.amount for leg in combo.legs]
    if price != fill.price or amounts != [leg.amount for leg in fill.legs]:
        raise Violation(RULE_LEGS, f"{combo.name}: {fill}")
