"""Where traders agree on block trades: one signs, another carries out, now and then twice."""

from typing import Final

from msgspec import Struct

from strikewire.model import NS_PER_MS, AccountId
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.violations import check
from strikewire.testing.simulation.wishes import GRIDS, Params

RULE_ONCE: Final = "a block trade is carried out once"

AMOUNTS: Final = {
    "BTC_USDC-PERPETUAL": 2.0,
    "BTC-PERPETUAL": 200_000.0,
    "BTC-25DEC26-50000-C": 25.0,
    "BTC-25DEC26": 200_000.0,
}
"""The least that makes a block trade."""

AGAIN: Final = 0.6
"""How likely an offer is kept after somebody took it: it is taken a second time then."""


class Offer(Struct, frozen=True):
    """What an account has signed.

    Attributes:
        account_id: Whose signature it is.
        params: With which the other side carries it out.
    """

    account_id: AccountId
    params: Params


class Hall:
    """Offers that were signed, and what became of them."""

    def __init__(self) -> None:
        self._offers: list[Offer] = []
        self._done: dict[tuple[AccountId, object], str] = {}
        self._nonces = 0

    def terms(self, dice: Dice, name: str, now_ns: int) -> Params:
        """Return what an account may sign: a block trade in one instrument, as its maker."""
        self._nonces += 1
        leg = {
            "instrument_name": name,
            "direction": dice.pick(("buy", "sell")),
            "amount": AMOUNTS[name],
            "price": GRIDS[name].price(dice.between(-2, 2)),
        }
        return {
            "timestamp": now_ns // NS_PER_MS,
            "nonce": f"nonce {self._nonces}",
            "role": "maker",
            "trades": [leg],
        }

    def signed(self, account_id: AccountId, terms: Params, signature: str) -> None:
        """Take an offer."""
        params = {**terms, "role": "taker", "counterparty_signature": signature}
        self._offers.append(Offer(account_id, params))

    def take(self, dice: Dice, account_id: AccountId) -> Params | None:
        """Return the parameters of another account's offer; None if there is none."""
        found = [one for one in self._offers if one.account_id != account_id]
        if not found:
            return None
        offer = dice.pick(found)
        if not dice.chance(AGAIN):
            self._offers.remove(offer)
        return offer.params

    def executed(self, account_id: AccountId, params: Params, block_trade_id: str) -> None:
        """Take note that an account has carried out an offer; another one may do so as well."""
        agreement = (account_id, params["nonce"])
        first = self._done.setdefault(agreement, block_trade_id)
        check(first == block_trade_id, RULE_ONCE, f"{agreement}: {first} and {block_trade_id}")
