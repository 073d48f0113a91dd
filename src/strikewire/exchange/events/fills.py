"""The event of a fill, which is a trade to the public."""

import msgspec

from strikewire.exchange.commands import OrderType
from strikewire.exchange.events.orders import OrderState
from strikewire.exchange.mmp import MmpTag
from strikewire.model import (
    AccountId,
    BlockTradeId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
)


class FillSide(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """What a fill means to one of its two owners."""

    account_id: AccountId
    order_id: OrderId
    side: Side
    fee: Units
    """Paid by this side, at least 0 unless the instrument pays its makers."""

    fee_currency: str
    profit_loss: Units
    """Realised on the part that closed a position, in the settlement currency; without the fee."""

    order_type: OrderType
    label: str
    order_state: OrderState
    """Of the order, after this fill."""

    post_only: bool
    reduce_only: bool
    is_liquidation: bool = False
    mmp: MmpTag | None = None
    """Of the order."""


class Fill(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True, tag="fill"):
    """Two orders met. The public part is a trade; each side is its owner's alone."""

    trade_id: TradeId
    trade_seq: int
    """Counts the trades of the instrument, from 1."""

    instrument_id: InstrumentId
    price: Ticks
    """The maker's price."""

    amount: Lots
    taker_side: Side
    tick_direction: int
    """0 plus, 1 zero-plus, 2 minus, 3 zero-minus tick, against the trade before; the first is 1.

    Source: Deribit API v2, `tick_direction`.
    """

    time_ns: int
    mark: PriceE8
    """Mark, index and volatility when it happened; 0 where unknown."""

    index: PriceE8
    iv_e4: int
    maker: FillSide
    taker: FillSide
    block_trade_id: BlockTradeId = BlockTradeId(0)
    """The block trade that this was a leg of; 0: it happened in the book."""

    block_trade_legs: int = 0
    """How many legs that had."""
    combo_id: InstrumentId | None = None
    """Of a leg: the combo that was traded."""

    combo_trade_id: TradeId | None = None
    """Of a leg: the trade of the combo."""

    legs: tuple["Fill", ...] = ()
    """Of a combo: its legs, in the combo's order, each of which is an event of its own as well.

    Fees and profits of its two sides are the sums of theirs."""
