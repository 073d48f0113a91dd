"""Moving positions: what a change of one brings its owner, and the funding that comes with it.

Positions of futures and options alone: nobody holds a position on spot, or in a combo.
"""

from typing import NamedTuple

from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account
from strikewire.model import Side, Ticks


class Moved(NamedTuple):
    """What a change of a position brings its owner, in settlement units.

    Attributes:
        cash: To be paid into the balance: an option's premium, 0 for a future.
        profit: Realised by it.
        funding: Realised with it, of a perpetual.
    """

    cash: int
    profit: int
    funding: int


def move_position(
    turn: Turn, account: Account, market: Market, side: Side, *, lots: int, price: Ticks, value: int
) -> Moved:
    """Change a position by a trade; its profit, and funding up to now, go into the session.

    Args:
        turn: Of the command.
        account: Whose.
        market: Of a future or an option.
        side: On which the account trades.
        lots: Positive.
        price: Of the trade, in ticks; it moves the average price.
        value: Of the trade, in settlement units; the same integer that its other side gets.

    Returns:
        What it brings; the cash has still to be paid into the balance.
    """
    contract = market.contract
    funding = accrue_funding(turn, account, market)
    holding, ledger = account.holding(market), account.ledger(contract.currency)
    position = holding.position
    market.open_interest -= max(position.size, 0)
    profit = position.trade(contract, side, lots, price, value)
    holding.forget_funding()
    market.open_interest += max(position.size, 0)
    turn.touched.add_position(account, market)
    if contract.is_option:
        ledger.options_session_rpl += profit
        return Moved(-side * value, profit, 0)
    ledger.session_rpl += profit
    turn.touched.add_balance(account, contract.currency)
    return Moved(0, profit, funding)


def accrue_funding(turn: Turn, account: Account, market: Market) -> int:
    """Realise the funding of a position up to now, and return what it brought.

    Returns:
        Settlement units; negative where it was paid.
    """
    if market.funding is None:
        return 0
    currency = market.contract.currency
    owed = account.holding(market).realize_funding(turn.time_ns)
    ledger = account.ledger(currency)
    ledger.session_rpl -= owed
    ledger.session_funding -= owed
    turn.state.treasury(currency).funding += owed
    return -owed
