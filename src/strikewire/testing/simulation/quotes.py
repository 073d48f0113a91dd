"""What market makers want: mass quotes, protections small enough to act, and second thoughts."""

from collections.abc import Mapping, Sequence
from typing import Final

from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.wishes import GRIDS, Params, amount

INDICES: Final[Mapping[str, str]] = {
    "BTC_USDC-PERPETUAL": "btc_usdc",
    "BTC-PERPETUAL": "btc_usd",
    "BTC-25DEC26-50000-C": "btc_usd",
    "BTC-25DEC26": "btc_usd",
}

LIMITS: Final[Mapping[str, Sequence[float]]] = {
    "btc_usdc": (0.004, 0.03),
    "btc_usd": (0.001, 0.3),
}
"""Coins that may trade within an interval: a few trades reach the first."""

SETS: Final = 3
QUOTES_MAX: Final = 2


def group_of(account_id: int) -> str:
    """Return the name of an account's only group of quotes."""
    return f"group {account_id}"


def quote_set_of(account_id: int, number: int) -> str:
    """Return the name of one of an account's sets of quotes."""
    return f"set {account_id} {number}"


def protection(dice: Dice, index: str, account_id: int) -> Params:
    """Return the parameters that put an account's quotes under protection."""
    return {
        "index_name": index,
        "mmp_group": group_of(account_id),
        "interval": dice.pick((1, 5, 60)),
        "frozen_time": dice.pick((0, 1, 5)),
        "quantity_limit": dice.pick(LIMITS[index]),
        "max_quote_quantity": 5.0,
    }


def mass_quote(dice: Dice, names: Sequence[str], account_id: int, quote_id: str) -> Params:
    """Return the parameters of a mass quote in one instrument or two."""
    chosen = dict.fromkeys(dice.pick(names) for _ in range(dice.between(1, QUOTES_MAX)))
    return {
        "mmp_group": group_of(account_id),
        "quote_id": quote_id,
        "detailed": True,
        "quotes": [_quote(dice, name, account_id) for name in chosen],
    }


def second_thought(dice: Dice, names: Sequence[str], account_id: int) -> tuple[str, Params]:
    """Return a method and its parameters: quotes are taken back, or come in again."""
    index = INDICES[dice.pick(names)]
    draw = dice.up_to(9)
    if draw < 5:
        return "private/reset_mmp", {"index_name": index, "mmp_group": group_of(account_id)}
    if draw < 7:
        return "private/set_mmp_config", protection(dice, index, account_id)
    if draw < 9:
        one = quote_set_of(account_id, dice.between(1, SETS))
        return "private/cancel_quotes", {"cancel_type": "quote_set_id", "quote_set_id": one}
    return "private/cancel_quotes", {"cancel_type": "all", "freeze_quotes": dice.chance(0.3)}


def _quote(dice: Dice, name: str, account_id: int) -> Params:
    quote: Params = {
        "instrument_name": name,
        "quote_set_id": quote_set_of(account_id, dice.between(1, SETS)),
    }
    for side, sign in (("bid", -1), ("ask", 1)):
        if dice.chance(0.85):
            lots = 0.0 if dice.chance(0.1) else amount(dice, name)
            quote[side] = {"price": GRIDS[name].price(sign * dice.between(1, 5)), "amount": lots}
    return quote
