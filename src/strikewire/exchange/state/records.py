# cython: annotation_typing=False
"""Fills and their payments as they are kept: in a few words, told in full when somebody asks.

A venue keeps thousands of fills for each account, and most of them nobody ever looks at. So nothing
here refers to anything but texts, and the collector has nothing to search; what belongs to the
instrument comes from its contract.
"""

from collections.abc import Mapping

from strikewire.exchange.commands import OrderType
from strikewire.exchange.events import Fill, FillSide, OrderState
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.transactions import About, Transaction, TransactionType
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
)

ORDER_TYPES = tuple(OrderType)
FILLED, POST_ONLY, REDUCE_ONLY, LIQUIDATION = 1, 2, 4, 8
"""Flags of an order as the fill left it."""


class RecordedFill:
    """Two orders met: the attributes are those of `Fill` and of its two sides."""

    __slots__ = (
        "amount",
        "index",
        "instrument_id",
        "iv_e4",
        "maker_account_id",
        "maker_fee",
        "maker_flags",
        "maker_label",
        "maker_order_id",
        "maker_profit",
        "maker_type",
        "mark",
        "price",
        "taker_account_id",
        "taker_fee",
        "taker_flags",
        "taker_label",
        "taker_order_id",
        "taker_profit",
        "taker_sign",
        "taker_type",
        "tick_direction",
        "time_ns",
        "trade_id",
        "trade_seq",
    )

    def __init__(self) -> None:
        self.amount = 0
        self.index = 0
        self.instrument_id = 0
        self.iv_e4 = 0
        self.maker_account_id = 0
        self.maker_fee = 0
        self.maker_flags = 0
        self.maker_label = ""
        self.maker_order_id = 0
        self.maker_profit = 0
        self.maker_type = 0
        self.mark = 0
        self.price = 0
        self.taker_account_id = 0
        self.taker_fee = 0
        self.taker_flags = 0
        self.taker_label = ""
        self.taker_order_id = 0
        self.taker_profit = 0
        self.taker_sign = 0
        self.taker_type = 0
        self.tick_direction = 0
        self.time_ns = 0
        self.trade_id = 0
        self.trade_seq = 0

    def view(self, currency: str) -> Fill:
        """Return the fill.

        Args:
            currency: Settlement currency of the instrument.
        """
        side = Side(self.taker_sign)
        return Fill(
            trade_id=TradeId(self.trade_id),
            trade_seq=self.trade_seq,
            instrument_id=InstrumentId(self.instrument_id),
            price=Ticks(self.price),
            amount=Lots(self.amount),
            taker_side=side,
            tick_direction=self.tick_direction,
            time_ns=self.time_ns,
            mark=PriceE8(self.mark),
            index=PriceE8(self.index),
            iv_e4=self.iv_e4,
            maker=FillSide(
                account_id=AccountId(self.maker_account_id),
                order_id=OrderId(self.maker_order_id),
                side=side.opposite,
                fee=Units(self.maker_fee),
                fee_currency=currency,
                profit_loss=Units(self.maker_profit),
                order_type=ORDER_TYPES[self.maker_type],
                label=self.maker_label,
                order_state=_state(self.maker_flags),
                post_only=bool(self.maker_flags & POST_ONLY),
                reduce_only=bool(self.maker_flags & REDUCE_ONLY),
                is_liquidation=bool(self.maker_flags & LIQUIDATION),
            ),
            taker=FillSide(
                account_id=AccountId(self.taker_account_id),
                order_id=OrderId(self.taker_order_id),
                side=side,
                fee=Units(self.taker_fee),
                fee_currency=currency,
                profit_loss=Units(self.taker_profit),
                order_type=ORDER_TYPES[self.taker_type],
                label=self.taker_label,
                order_state=_state(self.taker_flags),
                post_only=bool(self.taker_flags & POST_ONLY),
                reduce_only=bool(self.taker_flags & REDUCE_ONLY),
                is_liquidation=bool(self.taker_flags & LIQUIDATION),
            ),
        )


class RecordedPayment:
    """The payment of one owner of a recorded fill in a future or an option."""

    __slots__ = (
        "account_id",
        "account_seq",
        "amount",
        "balance",
        "fee",
        "funding",
        "instrument_id",
        "is_maker",
        "lots",
        "order_id",
        "position",
        "price",
        "profit",
        "sign",
        "time_ns",
        "trade_id",
        "transaction_id",
    )

    def __init__(self) -> None:
        self.account_id = 0
        self.account_seq = 0
        self.amount = 0
        self.balance = 0
        self.fee = 0
        self.funding = 0
        self.instrument_id = 0
        self.is_maker = 0
        self.lots = 0
        self.order_id = 0
        self.position = 0
        self.price = 0
        self.profit = 0
        self.sign = 0
        self.time_ns = 0
        self.trade_id = 0
        self.transaction_id = 0

    def view(self, currency: str, tick_e8: int) -> Transaction:
        """Return the transaction.

        Args:
            currency: Settlement currency of the instrument.
            tick_e8: Its base tick, in 1e-8 of the counter currency.
        """
        return Transaction(
            transaction_id=self.transaction_id,
            account_seq=self.account_seq,
            time_ns=self.time_ns,
            account_id=AccountId(self.account_id),
            currency=currency,
            type=TransactionType.TRADE,
            amount=Units(self.amount),
            fee=Units(self.fee),
            balance=Units(self.balance),
            about=About(
                instrument_id=InstrumentId(self.instrument_id),
                side=Side(self.sign),
                lots=Lots(self.lots),
                price=PriceE8(tick_e8 * self.price),
                position=self.position,
                profit=Units(self.profit),
                funding=Units(self.funding),
                trade_id=TradeId(self.trade_id),
                order_id=OrderId(self.order_id),
                is_maker=bool(self.is_maker),
            ),
        )


def fill_of(markets: Mapping[InstrumentId, Market], kept: Fill | RecordedFill) -> Fill:
    """Return a fill, however it is kept."""
    if isinstance(kept, Fill):
        return kept
    return kept.view(markets[InstrumentId(kept.instrument_id)].contract.currency)


def transaction_of(
    markets: Mapping[InstrumentId, Market], kept: Transaction | RecordedPayment
) -> Transaction:
    """Return a transaction, however it is kept."""
    if isinstance(kept, Transaction):
        return kept
    contract = markets[InstrumentId(kept.instrument_id)].contract
    return kept.view(contract.currency, contract.tick_e8)


def _state(flags: int) -> OrderState:
    return OrderState.FILLED if flags & FILLED else OrderState.OPEN
