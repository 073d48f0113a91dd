"""Clearing a trade: what it moves on both of its sides, and what is told of it.

It does not matter here where two orders met, in a book, in one of a combo or outside of any: both
have counted their lots already, and their fees are known.
"""

from typing import NamedTuple

from strikewire.exchange.events import Fill, FillSide, OrderState
from strikewire.exchange.orders.paying import pay
from strikewire.exchange.orders.positions import Moved, move_position
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import (
    BlockTradeId,
    InstrumentId,
    Lots,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
    format_block_trade_id,
    ticks_to_e8,
)


class Block(NamedTuple):
    """The block trade of which a trade is a leg.

    Attributes:
        block_trade_id: Of it.
        legs: How many it has.
    """

    block_trade_id: BlockTradeId
    legs: int


class Combo(NamedTuple):
    """The trade in a combo of which a trade is a leg.

    Attributes:
        instrument_id: Of the combo.
        trade_id: In it.
        side: Of the taker in this leg.
    """

    instrument_id: InstrumentId
    trade_id: TradeId
    side: Side


def trade(
    turn: Turn,
    market: Market,
    orders: tuple[Order, Order],
    *,
    price: Ticks,
    lots: int,
    value: Units,
    fees: tuple[Units, Units],
    block: Block | None = None,
    combo: Combo | None = None,
) -> Fill:
    """Move money and positions between two orders that trade, and tell of it.

    Args:
        turn: Of the command.
        market: Has counted the trade already.
        orders: Maker and taker.
        price: In ticks.
        lots: Positive.
        value: Of the trade, in settlement units.
        fees: Of maker and taker, in settlement units; a rebate is negative.
        block: The block trade of which this is a leg.
        combo: The trade in a combo of which this is a leg.
    """
    maker, taker = orders
    side = combo.side if combo else taker.side
    mark, rest = market.mark, (price, lots, value)
    fill = Fill(
        trade_id=TradeId(turn.state.next_trade_id),
        trade_seq=market.trade_seq,
        instrument_id=market.instrument_id,
        price=price,
        amount=Lots(lots),
        taker_side=side,
        tick_direction=market.tick_direction,
        time_ns=turn.time_ns,
        mark=mark.price if mark else PriceE8(0),
        index=turn.state.indices.get(market.instrument.price_index, PriceE8(0)),
        iv_e4=mark.iv_e4 if mark else 0,
        maker=_clear(turn, market, maker, side.opposite, rest, fee=fees[0], block=block),
        taker=_clear(turn, market, taker, side, rest, fee=fees[1], block=block, is_maker=False),
        block_trade_id=block.block_trade_id if block else BlockTradeId(0),
        block_trade_legs=block.legs if block else 0,
        combo_id=combo.instrument_id if combo else None,
        combo_trade_id=combo.trade_id if combo else None,
    )
    print_fill(turn, market, fill)
    return fill


def print_fill(turn: Turn, market: Market, fill: Fill) -> None:
    """Keep a fill for its owners and for the public, and announce it."""
    assert fill.trade_id == turn.state.next_trade_id
    turn.state.next_trade_id += 1
    turn.state.archive_fill(fill)
    market.trades.append(fill)
    turn.events.append(fill)


def fill_side(order: Order, side: Side, *, fee: Units, profit: int, currency: str) -> FillSide:
    """Return what a fill means to the owner of one of its two orders.

    Args:
        order: As the fill left it.
        side: On which it traded.
        fee: Paid, in settlement units.
        profit: Realised, in settlement units.
        currency: Of both.
    """
    return FillSide(
        account_id=order.account_id,
        order_id=order.order_id,
        side=side,
        fee=fee,
        fee_currency=currency,
        profit_loss=Units(profit),
        order_type=order.order_type,
        label=order.label,
        order_state=OrderState.OPEN if order.remaining else OrderState.FILLED,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        is_liquidation=order.is_liquidation,
        mmp=order.mmp,
    )


def _clear(
    turn: Turn,
    market: Market,
    order: Order,
    side: Side,
    trade: tuple[Ticks, int, Units],
    *,
    fee: Units,
    block: Block | None,
    is_maker: bool = True,
) -> FillSide:
    """Move the money and the position of one side of a trade: its price, lots and value."""
    account = turn.state.accounts[order.account_id]
    contract = market.contract
    price, lots, value = trade
    order.fee = Units(order.fee + fee)
    moved = Moved(-side * value, 0, 0)
    if not contract.is_spot:
        moved = move_position(turn, account, market, side, lots=lots, price=price, value=value)
    about = About(
        instrument_id=market.instrument_id,
        side=side,
        lots=Lots(lots),
        price=ticks_to_e8(market.instrument, price),
        position=0 if contract.is_spot else account.holding(market).size,
        profit=Units(moved.profit),
        funding=Units(moved.funding),
        trade_id=TradeId(turn.state.next_trade_id),
        order_id=order.order_id,
        is_maker=is_maker,
        note=format_block_trade_id(block.block_trade_id) if block else "",
    )
    reason = TransactionType.TRADE
    if contract.is_spot:
        coins = side * contract.base_units(lots)
        pay(turn, account, market.instrument.base_currency, coins, reason, about=about)
    pay(turn, account, contract.currency, moved.cash - fee, reason, fee=fee, about=about)
    return fill_side(order, side, fee=fee, profit=moved.profit, currency=contract.currency)
