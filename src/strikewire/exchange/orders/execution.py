"""Carrying out a plan: orders that must not trade are cancelled, those that match are filled.

A fill takes lots from an order in the book, is cleared between both owners (`clearing`), and moves
the last price. In a combo it is cleared in each leg first, and then told for what it was in all.
"""

from strikewire.exchange.commands import CancelReason, TriggerPriceType
from strikewire.exchange.events import Fill, OrderState
from strikewire.exchange.orders.clearing import Combo, fill_side, print_fill, trade
from strikewire.exchange.orders.combo_trades import LegTrade, combo_fees, leg_trades
from strikewire.exchange.orders.matching import Match, Plan
from strikewire.exchange.orders.protecting import exposure, protection_of
from strikewire.exchange.orders.turn import Fact, Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.model import Lots, PriceE8, Ticks, TradeId, Units, ticks_to_e8


def execute(turn: Turn, market: Market, taker: Order, plan: Plan) -> None:
    """Carry out a plan: cancel what must not trade, fill what was matched."""
    for order in plan.own:
        turn.cancel(market, order, CancelReason.SELF_TRADE_PREVENTION)
    for match in plan.matches:
        _fill(turn, market, taker, match)
    for order in plan.unpaid:
        turn.cancel(market, order, CancelReason.INSUFFICIENT_FUNDS)


def _fill(turn: Turn, market: Market, taker: Order, match: Match) -> None:
    maker, lots = match.maker, match.lots
    assert maker.price is not None
    account = turn.state.accounts[maker.account_id]
    account.shrink(market, maker, lots)
    turn.touched.add_orders(account, market)
    market.book.fill(maker, lots)
    taker.filled = Lots(taker.filled + lots)
    taker.filled_value += lots * maker.price
    both, price = (maker, taker), maker.price
    market.print_trade(price)
    if market.legs:
        _trade_combo(turn, market, maker, taker, lots)
    else:
        value = market.contract.value(lots, price)
        fees = _fees(turn, market, both, lots, value)
        trade(turn, market, both, price=price, lots=lots, value=value, fees=fees)
    turn.moved(market, TriggerPriceType.LAST, ticks_to_e8(market.instrument, price))
    for order in (maker, taker):
        if order.link is not None:
            turn.facts.append(Fact(order, lots, order.remaining + lots))
        if order.mmp is not None:
            _count(turn, market, order, lots, maker.price)
    if maker.remaining:
        turn.announce(maker)
    else:
        _retire(turn, market, maker)


def _trade_combo(turn: Turn, market: Market, maker: Order, taker: Order, lots: int) -> None:
    """Carry out a trade of two orders in a combo: each leg, and then what it was in all."""
    price = maker.price
    assert price is not None
    accounts = turn.state.accounts
    trades = leg_trades(market, taker.side, price=price, lots=lots)
    maker_fees = combo_fees(accounts[maker.account_id], trades, is_maker=True)
    taker_fees = combo_fees(accounts[taker.account_id], trades, is_maker=False)
    trade_id = TradeId(turn.state.next_trade_id + len(trades))
    legs = tuple(
        _trade_leg(turn, one, (maker, taker), fees, Combo(market.instrument_id, trade_id, one.side))
        for one, fees in zip(trades, zip(maker_fees, taker_fees, strict=True), strict=True)
    )
    sides = [
        fill_side(
            order,
            order.side,
            fee=Units(sum(one.fee for one in parts)),
            profit=sum(one.profit_loss for one in parts),
            currency=market.contract.currency,
        )
        for order, parts in (
            (maker, [leg.maker for leg in legs]),
            (taker, [leg.taker for leg in legs]),
        )
    ]
    fill = Fill(
        trade_id=trade_id,
        trade_seq=market.trade_seq,
        instrument_id=market.instrument_id,
        price=price,
        amount=Lots(lots),
        taker_side=taker.side,
        tick_direction=market.tick_direction,
        time_ns=turn.time_ns,
        mark=market.mark_price or PriceE8(0),
        index=legs[0].index,
        iv_e4=0,
        maker=sides[0],
        taker=sides[1],
        legs=legs,
    )
    print_fill(turn, market, fill)


def _trade_leg(
    turn: Turn, one: LegTrade, orders: tuple[Order, Order], fees: tuple[Units, Units], combo: Combo
) -> Fill:
    """Carry out a trade in a combo in one of its legs: a trade like any other there."""
    market = one.leg.market
    market.print_trade(one.price)
    fill = trade(
        turn,
        market,
        orders,
        price=one.price,
        lots=one.lots,
        value=one.value,
        fees=fees,
        combo=combo,
    )
    turn.moved(market, TriggerPriceType.LAST, ticks_to_e8(market.instrument, one.price))
    return fill


def _fees(
    turn: Turn, market: Market, orders: tuple[Order, Order], lots: int, value: Units
) -> tuple[Units, Units]:
    """Return what maker and taker pay for a trade in the book."""
    underlying = market.mark.underlying if market.mark else PriceE8(0)
    maker, taker = (turn.state.accounts[one.account_id].rates(market) for one in orders)
    return (
        market.contract.fee(lots, value, maker.maker_ppm, underlying),
        market.contract.fee(lots, value, taker.taker_ppm, underlying),
    )


def _count(turn: Turn, market: Market, order: Order, lots: int, price: Ticks) -> None:
    """Count a trade of a protected order."""
    account = turn.state.accounts[order.account_id]
    assert order.mmp is not None
    protection = protection_of(account, market, order.mmp.group)
    assert protection is not None
    if protection.count(turn.time_ns, exposure(market, order.side, lots, price)):
        turn.triggered.append((account, protection))


def _retire(turn: Turn, market: Market, maker: Order) -> None:
    """End an order that was filled while it waited; the book has let go of it already."""
    turn.state.accounts[maker.account_id].untrack(market, maker)
    turn.state.day_orders.pop(maker.order_id, None)
    turn.end(maker, OrderState.FILLED)
