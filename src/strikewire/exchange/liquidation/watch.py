"""Who may have come below maintenance margin: only those are looked at who could have.

Theory of operation. The marks have one distance that they have moved, over all instruments: each
time somebody asks, it grows by the largest move of any of them, in parts of what their underlying
was worth when they were first seen. An account that was looked at is good for as many of these
parts as its funds exceed its need, divided by what one part could cost it at most; and as long as
the marks have not moved so far, and neither its positions nor its cash have changed, it is passed
over. Options are left out of its funds, and cost what the margin of those sold grows by.

What is remembered here is never part of the state: whoever is passed over would have been found
above water, so a restored exchange answers the same.
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from strikewire.exchange.commands import MarginModel
from strikewire.exchange.state.funding import LOTS
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.margin import PPM, Valuation
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.pools import pools
from strikewire.exchange.state.state import Account, State
from strikewire.model import (
    FUNDING_PERIOD_MS,
    FUNDING_SCALE,
    PRICE_SCALE,
    AccountId,
    InstrumentId,
    divide_down,
    divide_up,
)

PART = 10**12
"""Distances are counted in so many parts of an underlying's worth."""

ROUNDED_UNITS = 8
"""Settlement units by which the roundings of one holding can differ at two marks, at most..."""

ROUNDED_PART = 10**8
"""... and such a part of what it is worth, where its margin rate is high."""


class Seen(msgspec.Struct):
    """What an instrument's mark came to when it was last looked at."""

    unit: int
    """What a lot's underlying was worth when it was first seen, in settlement units."""

    valuation: Valuation
    worth: Fraction
    """Of one lot: of a future what it is worth, of an option what one sold needs; in units."""

    paid: int
    """Of a perpetual: `Funding.paid`."""


class Good(msgspec.Struct, frozen=True):
    """An account was above water, and how far the marks may move until it could be below."""

    changes: int
    transactions: int
    session_rpl: int
    """In all currencies together; a socialised loss takes of it, and is no transaction yet."""

    until: int | None
    """None: however far."""


class Watch:
    """Finds the accounts of a state that a round of liquidation would look after."""

    __slots__ = ("_good", "_moved", "_seen", "looked_at", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self._seen: dict[InstrumentId, Seen] = {}
        self._good: dict[AccountId, Good] = {}
        self._moved = 0
        self.looked_at = 0
        """How many accounts were valued, and not passed over."""

    def due(self, account_ids: Iterable[AccountId] | None = None) -> list[AccountId]:
        """Return which of some accounts a round would look after, by id; of all for None."""
        self._follow_marks()
        accounts = self.state.accounts
        wanted = sorted(accounts if account_ids is None else set(account_ids))
        found = (accounts.get(account_id) for account_id in wanted)
        return [
            account.account_id
            for account in found
            if account is not None
            and account is not self.state.fund
            and (account.is_locked or not self._is_good(account))
        ]

    def _is_good(self, account: Account) -> bool:
        good = self._good.get(account.account_id)
        if (
            good is not None
            and good.changes == account.changes
            and good.transactions == account.transactions
            and good.session_rpl == _session_rpl(account)
            and (good.until is None or self._moved <= good.until)
            and account.margin_model is MarginModel.STANDARD
        ):
            return True
        self.looked_at += 1
        if any(pool.is_under_water for pool in pools(self.state, account)):
            return False
        if account.margin_model is MarginModel.STANDARD:
            reaches = [self._reach(one) for one in account.ledgers.values()]
            near = min((reach for reach in reaches if reach is not None), default=None)
            until = None if near is None else self._moved + near
            self._good[account.account_id] = Good(
                account.changes, account.transactions, _session_rpl(account), until
            )
        return True

    def _reach(self, ledger: Ledger) -> int | None:
        """Return how far the marks may move until a ledger could be under water; None for ever."""
        held = [one for one in ledger.holdings.values() if _can_cost(one)]
        if not held:
            return None
        cost = sum(self._cost(holding) for holding in held)
        rounded = ROUNDED_UNITS * len(held) + cost // ROUNDED_PART
        spare = ledger.funds - ledger.maintenance_required - rounded
        reach = int(divide_down(max(spare, 0) * PART, cost))
        # Up to there no inverse future is worth more than twice as much: `_cost` relies on it.
        return min(reach, *(self._until_doubled(holding) for holding in held))

    def _cost(self, holding: Holding) -> int:
        """Return what a move of all of the underlying's worth can cost a position at most.

        In settlement units, rounded up. Margin rates grow with size: the margin of what is worth
        twice as much grows by up to four times the coins' part of the rate.
        """
        seen, contract = self._seen[holding.market.instrument_id], holding.market.contract
        lots = abs(holding.size)
        if contract.is_option:
            return lots * seen.unit
        rates, coins_e8 = seen.valuation.rates, lots * contract.lot_e8
        if contract.is_inverse_future:
            coins_e8 = int(divide_up(4 * coins_e8 * PRICE_SCALE, seen.valuation.mark.price))
        whole = PPM * PRICE_SCALE
        part = whole + rates.maintenance_ppm * PRICE_SCALE + rates.per_coin_ppm * coins_e8
        return int(divide_up(lots * seen.unit * part, whole))

    def _until_doubled(self, holding: Holding) -> int:
        seen = self._seen[holding.market.instrument_id]
        return PART if holding.market.contract.is_option else int(seen.worth * PART // seen.unit)

    def _follow_marks(self) -> None:
        """Add the largest move of a mark since the last look to the distance."""
        self._moved += max(map(self._move, self.state.markets.values()), default=0)

    def _move(self, market: Market) -> int:
        """Return how far an instrument's mark has moved since the last look."""
        valuation = market.valuation if market.open_interest else None
        if valuation is None:
            return 0  # It moves nobody. When somebody holds it, all of its move is caught up with.
        seen = self._seen.get(market.instrument_id)
        if seen is not None and seen.valuation is valuation:
            return 0
        worth, paid = _worth(valuation), market.funding.paid if market.funding else 0
        if seen is None:
            self._seen[market.instrument_id] = Seen(_unit(valuation), valuation, worth, paid)
            return 0
        funded = Fraction(paid - seen.paid, LOTS * FUNDING_SCALE * FUNDING_PERIOD_MS)
        parts = (abs(worth - seen.worth) + abs(funded)) * PART / seen.unit
        seen.valuation, seen.worth, seen.paid = valuation, worth, paid
        return int(divide_up(parts.numerator, parts.denominator))


def _session_rpl(account: Account) -> int:
    return sum([ledger.session_rpl for ledger in account.ledgers.values()])


def _can_cost(holding: Holding) -> bool:
    """Say whether a mark can bring funds and need together: what was bought of an option cannot."""
    return holding.size < 0 if holding.market.contract.is_option else holding.size != 0


def _worth(valuation: Valuation) -> Fraction:
    """Return the part of a lot that margin depends on: of an option its need, else its value."""
    contract = valuation.contract
    if contract.is_option:
        return Fraction(*valuation.sold_lot_maintenance)
    amount = contract.lot_e8 * contract.scale
    if contract.is_inverse_future:
        return Fraction(amount, valuation.mark.price)
    return Fraction(amount * valuation.mark.price, PRICE_SCALE**2)


def _unit(valuation: Valuation) -> int:
    """Return what the underlying of a lot is worth, in settlement units, at least 1."""
    contract, mark = valuation.contract, valuation.mark
    if not contract.is_option:
        return int(max(_worth(valuation).__ceil__(), 1))
    amount = contract.lot_e8 * contract.scale
    if contract.instrument.is_inverse:
        return int(max(divide_up(amount, PRICE_SCALE), 1))
    return int(max(divide_up(amount * mark.underlying, PRICE_SCALE**2), 1))
