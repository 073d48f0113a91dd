"""The insurance fund: it takes over whoever has nothing left, and works off what it took.

Theory of operation. The fund is an account of the venue. An account whose equity is used up hands
it all positions at their marks, and with them the debt that is left: together that is the
bankruptcy price. The fund reduces what it holds step by step, near the mark. What happens when its
own equity is used up stands in `socialising`.
"""

from strikewire.exchange.commands import Verdict
from strikewire.exchange.events import Bankruptcy
from strikewire.exchange.liquidation.reducing import close, find, step, within
from strikewire.exchange.orders.paying import transfer_cash
from strikewire.exchange.orders.positions import move_position
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.clearing import PPM
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.pools import Pool
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import (
    InstrumentId,
    Lots,
    PriceE8,
    Side,
    Ticks,
    Units,
    divide_down,
    divide_half_even,
    divide_up,
)

PATIENCE_FUTURES_PPM = 20_000
"""The fund closes futures no further than 2 % from the mark..."""

PATIENCE_OPTIONS_PPM = 250_000
"""... and options no further than a quarter of it."""


def take_over(turn: Turn, pool: Pool) -> dict[str, int]:
    """Let the insurance fund have all that an account holds in a pool, and owes.

    Returns:
        What was owed, by currency; those left out in which nothing was.
    """
    owed: dict[str, int] = {}
    taken: dict[str, list[tuple[InstrumentId, int, Units]]] = {}
    for holding in pool.holdings:
        row = (holding.market.instrument_id, holding.size, Units(holding.exit_value(holding.size)))
        taken.setdefault(holding.market.contract.currency, []).append(row)
        _hand_over(turn, pool.account, holding)
    turn.touched.revalue()
    for currency, ledger in sorted(pool.ledgers.items()):
        rows = tuple(taken.get(currency, ()))
        deficit = -ledger.equity
        if not rows and not deficit:
            continue
        reason = TransactionType.LIQUIDATION
        transfer_cash(turn, turn.state.fund, pool.account, currency, deficit, reason=reason)
        if ledger.verdict is not None:
            ledger.verdict = Verdict(pool.account.changes, Units(0), Units(0))
        turn.events.append(Bankruptcy(pool.account.account_id, currency, Units(deficit), rows))
        if deficit > 0:
            owed[currency] = deficit
    return owed


def work_off(turn: Turn) -> None:
    """Let the fund close a step of everything it holds, as far as the book offers near the mark."""
    fund = turn.state.fund
    for currency in sorted(fund.ledgers):
        holdings = turn.state.ledger(fund, currency).holdings
        for instrument_id in sorted(holdings):
            holding = holdings[instrument_id]
            limit = _patience(holding) if holding.size else None
            if limit is None:
                continue
            offer = find(turn, fund, holding, lots=step(holding), limit=limit)
            if offer is not None:
                close(turn, fund, offer)


def _hand_over(turn: Turn, account: Account, holding: Holding) -> None:
    """Move a position to the fund at its mark, to the unit of what it is worth there."""
    market = holding.market
    assert market.mark is not None
    side = Side.SELL if holding.size > 0 else Side.BUY
    lots, value = abs(holding.size), abs(holding.exit_value(holding.size))
    price = Ticks(max(divide_half_even(market.mark.price, market.contract.tick_e8), 1))
    fund = turn.state.fund
    cash = move_position(turn, account, market, side, lots=lots, price=price, value=value).cash
    move_position(turn, fund, market, side.opposite, lots=lots, price=price, value=value)
    if cash:
        about = About(instrument_id=market.instrument_id, lots=Lots(lots), price=market.mark.price)
        currency, reason = market.contract.currency, TransactionType.LIQUIDATION
        transfer_cash(turn, fund, account, currency, cash, reason=reason, about=about)


def _patience(holding: Holding) -> Ticks | None:
    market = holding.market
    assert market.mark is not None
    ppm = PATIENCE_OPTIONS_PPM if market.contract.is_option else PATIENCE_FUTURES_PPM
    if holding.size > 0:
        price = divide_up(market.mark.price * (PPM - ppm), PPM)
    else:
        price = divide_down(market.mark.price * (PPM + ppm), PPM)
    return within(holding, PriceE8(price))
