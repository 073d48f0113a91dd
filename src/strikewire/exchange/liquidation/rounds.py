"""A round of liquidation: whoever is below maintenance margin loses control, and then positions.

Theory of operation. There is no margin call. A round goes through its accounts once:

| what is left                         | what the round does                                     |
|--------------------------------------|---------------------------------------------------------|
| funds cover the maintenance margin   | nothing; a lock is taken away                           |
| funds do not, but equity is positive | lock, cancel orders, close as little as restores margin |
| nothing                              | the insurance fund takes over positions and debt        |

All orders of such accounts are cancelled before the first position is closed, so that none of
them trades with another's liquidation. Rounds come as commands, one a second while one is due.

Source: Deribit, liquidations; insurance fund.
"""

from collections.abc import Iterable, Iterator

from strikewire.exchange.accounts.margining import take_verdicts
from strikewire.exchange.commands import CancelReason, Liquidate
from strikewire.exchange.events import LockChanged, Rejected
from strikewire.exchange.liquidation.insurance import take_over, work_off
from strikewire.exchange.liquidation.reducing import reduce
from strikewire.exchange.liquidation.socialising import is_payable, socialise
from strikewire.exchange.orders.admission import paid_in
from strikewire.exchange.orders.ties import answer_ties
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.pools import Pool, pools
from strikewire.exchange.state.state import Account, State
from strikewire.model import AccountId


def liquidate(turn: Turn, command: Liquidate) -> Rejected | None:
    """Carry out one round."""
    take_verdicts(turn, command.verdicts)
    state = turn.state
    accounts = list(_clients(state, command.account_ids))
    under_water = [
        pool for account in accounts for pool in pools(state, account) if pool.is_under_water
    ]
    for pool in under_water:
        _cancel_orders(turn, pool)
    deficits: dict[str, int] = {}
    for pool in under_water:
        if pool.equity > 0:
            reduce(turn, pool)
            continue
        for currency, deficit in take_over(turn, pool).items():
            deficits[currency] = deficits.get(currency, 0) + deficit
    work_off(turn)
    for currency in sorted(state.fund.ledgers):
        socialise(turn, currency, deficits.get(currency, 0))
    for account in accounts:
        _lock(turn, account, under_water)
    return None


def is_fund_busy(state: State) -> bool:
    """Say whether the insurance fund has something to work off, or a debt that somebody can pay."""
    return any(
        pool.holdings or (pool.equity < 0 and any(is_payable(state, one) for one in pool.ledgers))
        for pool in pools(state, state.fund)
    )


def _clients(state: State, account_ids: Iterable[AccountId] | None) -> Iterator[Account]:
    """Walk accounts by id, all for None; never the fund."""
    for account_id in sorted(state.accounts if account_ids is None else set(account_ids)):
        account = state.accounts.get(account_id)
        if account is not None and account is not state.fund:
            yield account


def _cancel_orders(turn: Turn, pool: Pool) -> None:
    """Cancel what an account's money in a pool is set aside for, oldest first."""
    for order in pool.account.orders.values():
        market = turn.state.markets[order.instrument_id]
        if paid_in(market, order.side) in pool.ledgers:
            turn.cancel(market, order, CancelReason.AUTOLIQUIDATION)
    answer_ties(turn)


def _lock(turn: Turn, account: Account, found: list[Pool]) -> None:
    """Take control from an account that this round did not get above water, or give it back."""
    if not account.is_locked and all(pool.account is not account for pool in found):
        return
    is_locked = any(pool.is_under_water for pool in pools(turn.state, account))
    if account.is_locked != is_locked:
        account.is_locked = is_locked
        turn.events.append(LockChanged(account.account_id, is_locked))
