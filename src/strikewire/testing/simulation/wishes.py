"""What clients may want an order to be: plain, shown in part, waiting for a price, tied to others.

Prices and amounts are few, so that orders meet and triggers are reached.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from strikewire.testing.simulation.dice import Dice

Params = dict[str, object]


class Grid(Struct, frozen=True):
    """Prices and amounts that are traded."""

    middle: float
    step: float
    amount: float

    def price(self, steps: int) -> float:
        """Return the price so many steps from the middle."""
        return round(self.middle + steps * self.step, 4)


GRIDS: Final[Mapping[str, Grid]] = {
    "BTC_USDC-PERPETUAL": Grid(50_000.0, 0.5, 0.001),
    "BTC-PERPETUAL": Grid(50_000.0, 0.5, 10.0),
    "BTC-25DEC26-50000-C": Grid(0.01, 0.0005, 0.1),
    "BTC-25DEC26": Grid(50_000.0, 0.5, 10.0),
    "BTC-FS-25DEC26_PERP": Grid(0.0, 0.5, 10.0),
}

SHOWN_LOTS: Final = 100
"""What an iceberg shows at least."""

_STOPS: Final = ("stop_limit", "stop_market", "take_limit", "take_market")


def wish(dice: Dice, name: str, label: str, *, is_buy: bool) -> Params:
    """Return the parameters of an order.

    Args:
        dice: Chance.
        name: Of the instrument.
        label: Of the order; those that come with it have it too, with a letter behind it.
        is_buy: Whether it buys.
    """
    params: Params = {"instrument_name": name, "label": label, **plain(dice, name, is_buy=is_buy)}
    draw = dice.up_to(99)
    if draw < 8:
        params.update(_waiting(dice, name, is_buy=is_buy))
    elif draw < 12:
        amount = round(GRIDS[name].amount * SHOWN_LOTS, 3)
        params.update(amount=2 * amount, display_amount=amount)
    elif draw < 18:
        params.update(_tied(dice, name, label, is_buy=is_buy))
    elif draw < 22:
        params["hidden"] = True
    return params


def plain(dice: Dice, name: str, *, is_buy: bool) -> Params:
    """Return what every order has: an amount, and a price or a type that needs none."""
    params: Params = {"amount": amount(dice, name)}
    if dice.chance(0.08):
        params["type"] = dice.pick(("market", "market_limit"))
    else:
        steps = dice.between(-6, 2) if is_buy else dice.between(-2, 6)
        params["price"] = GRIDS[name].price(steps)
        params["post_only"] = dice.chance(0.2)
        if dice.chance(0.1):
            params["post_only"] = False
            params["time_in_force"] = dice.pick(("immediate_or_cancel", "fill_or_kill"))
    params["reduce_only"] = dice.chance(0.05)
    return params


def amount(dice: Dice, name: str) -> float:
    """Return a small amount."""
    return round(GRIDS[name].amount * dice.between(1, 9), 3)


def trigger_price(dice: Dice, *, is_above: bool) -> float:
    """Return a price of the underlying on one side, near enough to be reached."""
    distance = dice.between(1, 20)
    return 50_000.0 + distance if is_above else 50_000.0 - distance


def _waiting(dice: Dice, name: str, *, is_buy: bool) -> Params:
    """Return what makes an order wait for the price of the underlying."""
    waits: Params = {"time_in_force": "good_til_cancelled", "trigger": "index_price"}
    if dice.chance(0.2):
        return {**waits, "type": "trailing_stop", "price": None, "trigger_offset": 10.0}
    kind = dice.pick(_STOPS)
    is_above = is_buy == kind.startswith("stop")
    price = GRIDS[name].price(0) if kind.endswith("limit") else None
    above = trigger_price(dice, is_above=is_above)
    return {**waits, "type": kind, "price": price, "trigger_price": above}


def _tied(dice: Dice, name: str, label: str, *, is_buy: bool) -> Params:
    """Return what lets others come with an order: one or two, which go the other way."""
    kind = dice.pick(("one_triggers_other", "one_cancels_other", "one_triggers_one_cancels_other"))
    count = 2 if kind == "one_triggers_one_cancels_other" else 1
    step = 1 if is_buy else -1
    others = [
        {
            "amount": amount(dice, name),
            "price": GRIDS[name].price(step * dice.between(3, 8)),
            "direction": "sell" if is_buy else "buy",
            "label": f"{label}{letter}",
        }
        for letter in "ab"[:count]
    ]
    conditions = ("first_hit", "complete_fill", "incremental")
    return {
        "type": "limit",
        "price": GRIDS[name].price(-step * dice.between(0, 6)),
        "time_in_force": "good_til_cancelled",
        "linked_order_type": kind,
        "trigger_fill_condition": dice.pick(conditions),
        "otoco_config": others,
    }
