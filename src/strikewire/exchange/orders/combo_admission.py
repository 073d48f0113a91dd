"""May this order come into a combo's book? Its legs answer, each with its own position and limits.

An open order in a combo counts in every leg as an order of so many lots there, so that each leg's
margin is that of the worse side of all that may still trade in it: nothing is netted between legs,
and a combo never needs less than its legs would. What a combo of options would pay in cash is set
aside on top, for the combo as a whole: what one leg brings pays for the other at the same moment.
"""

from typing import NamedTuple

from strikewire.exchange.commands import Verdict
from strikewire.exchange.orders.combo_trades import combo_fees, leg_trades
from strikewire.exchange.orders.matching import Plan
from strikewire.exchange.state.ledgers import Holding, premium
from strikewire.exchange.state.markets import Leg, Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.pools import available, cost_of_loss
from strikewire.exchange.state.state import Account, State
from strikewire.model import Side, Ticks


class Outcome(NamedTuple):
    """What a plan would bring the taker of a combo.

    Attributes:
        sizes: Change of the position in each leg, in lots.
        moved: Cash moved by the fills, with the sign of an entry value.
        fees: Of all fills.
        own: Lots of the combo that would meet the account's own orders.
    """

    sizes: list[int]
    moved: int
    fees: int
    own: int


class Asked(NamedTuple):
    """What an order in a combo asks for.

    Attributes:
        side: Of the order.
        limit: Its price; None for a market order.
        waiting: Lots that would wait in the book.
        freed: The order in the book whose place it takes.
    """

    side: Side
    limit: Ticks | None
    waiting: int
    freed: Order | None


def holding_of(account: Account, leg: Leg) -> Holding:
    """Return what an account has of a leg; something empty, which is kept nowhere, without."""
    return account.find_holding(leg.market) or Holding(leg.market)


def only_reduces(account: Account, market: Market, asked: Asked, lots: int) -> bool:
    """Say whether an order can make no leg's position larger, nor turn it."""
    return all(reached(account, leg, asked, lots) <= 0 for leg in market.legs)


def reached(account: Account, leg: Leg, asked: Asked, lots: int) -> int:
    """Return the lots of a leg that are held if all orders on one side fill, with this one.

    Args:
        account: Of the order.
        leg: Of the combo.
        asked: The order.
        lots: What of it is wanted.

    Returns:
        Positive on the side on which the order trades in this leg.
    """
    holding, side = holding_of(account, leg), leg.side(asked.side)
    freed = asked.freed.remaining if asked.freed else 0
    return side * holding.size + holding.open_lots(side) + leg.lots(lots - freed)


def affords_combo(
    state: State, account: Account, market: Market, asked: Asked, found: Plan, *, lots: int
) -> bool:
    """Say whether margin allows an order in a combo.

    Args:
        state: With the marks.
        account: Of the order.
        market: Of the combo.
        asked: The order.
        found: Whom it would trade with.
        lots: What of it is wanted.
    """
    if only_reduces(account, market, asked, lots):
        # What can only make positions smaller is always allowed.
        return True
    currency = market.contract.currency
    state.ledger(account, currency)
    done = outcome(account, market, asked.side, found)
    cost = _reserve(account, market, asked, found)
    lost = done.fees - done.moved
    for leg, size in zip(market.legs, done.sizes, strict=True):
        holding = holding_of(account, leg)
        cost += _required(account, holding, leg, asked, found, size=size, own=done.own)
        cost -= holding.initial_margin
        lost -= _gained(holding, size)
    cost += cost_of_loss(state, account, currency, lost)
    # Who is under water may still do what does not make it worse.
    return cost <= 0 or cost <= available(state, account, currency)


def affords_combo_verdict(
    state: State, account: Account, market: Market, verdict: Verdict, done: Outcome
) -> bool:
    """Say whether an account can hold what its verdict says that it would need."""
    ledger = state.ledger(account, market.contract.currency)
    gained = sum(
        _gained(holding_of(account, leg), size)
        for leg, size in zip(market.legs, done.sizes, strict=True)
    )
    cost = verdict.initial - ledger.initial_required + done.fees - done.moved - gained
    return cost <= 0 or cost <= ledger.available_funds


def outcome(account: Account, market: Market, side: Side, found: Plan) -> Outcome:
    """Return what a plan would bring its taker."""
    sizes, moved, fees, own = [0] * len(market.legs), 0, 0, 0
    for match in found.matches:
        assert match.maker.price is not None
        trades = leg_trades(market, side, price=match.maker.price, lots=match.lots)
        fees += sum(combo_fees(account, trades, is_maker=False))
        if match.maker.account_id == account.account_id:
            fees += sum(combo_fees(account, trades, is_maker=True))
            own += match.lots
            continue
        for number, trade in enumerate(trades):
            sizes[number] += trade.side * trade.lots
            moved += trade.leg.market.contract.entry(trade.side, trade.value)
    return Outcome(sizes, moved, fees, own)


def _required(
    account: Account,
    holding: Holding,
    leg: Leg,
    asked: Asked,
    found: Plan,
    *,
    size: int,
    own: int,
) -> int:
    """Return the initial margin of a leg afterwards."""
    side = leg.side(asked.side)
    freed = asked.freed.remaining if asked.freed else 0
    cancelled = sum(one.remaining for one in _cancelled(account, found))
    lots = {
        side: holding.open_lots(side) + leg.lots(asked.waiting - freed),
        side.opposite: holding.open_lots(side.opposite) - leg.lots(own + cancelled),
    }
    return holding.required(
        holding.size + size, lots[Side.BUY], lots[Side.SELL], holding.buy_reserve
    )


def _reserve(account: Account, market: Market, asked: Asked, found: Plan) -> int:
    """Return by how much more cash is set aside for open orders in the combo afterwards."""
    gone = [*_cancelled(account, found), *([asked.freed] if asked.freed else [])]
    after = premium(market, asked.side, asked.waiting, asked.limit)
    return after - sum(premium(market, one.side, one.remaining, one.price) for one in gone)


def _cancelled(account: Account, found: Plan) -> list[Order]:
    """Return the account's own orders that would have to make way."""
    return [one for one in found.own if one.account_id == account.account_id]


def _gained(holding: Holding, size: int) -> int:
    """Return what a change of a future's position is worth at the mark; an option is paid for."""
    if not holding.market.instrument.is_future:
        return 0
    return holding.exit_value(holding.size + size) - holding.exit_value(holding.size)
