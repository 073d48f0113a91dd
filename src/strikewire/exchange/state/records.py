# cython: annotation_typing=False
"""Fills and their payments as they are kept: in few words, told in full when somebody asks.

A venue keeps thousands of fills for each account, and most of them nobody ever looks at.
"""

from strikewire.exchange.commands import OrderType
from strikewire.exchange.events import Fill, FillSide, OrderState
from strikewire.exchange.state.clearing import Contract
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


class RecordedSide:
    """One of the two owners of a recorded fill; the attributes are those of `FillSide`."""

    __slots__ = (
        "account_id",
        "fee",
        "is_filled",
        "is_liquidation",
        "label",
        "order_id",
        "order_type",
        "post_only",
        "profit_loss",
        "reduce_only",
        "sign",
    )

    account_id: AccountId
    order_id: OrderId
    fee: Units
    profit_loss: Units
    sign: int
    is_filled: bool
    post_only: bool
    reduce_only: bool
    is_liquidation: bool
    label: str
    order_type: OrderType

    def view(self, contract: Contract) -> FillSide:
        """Return what the fill means to this owner."""
        return FillSide(
            account_id=self.account_id,
            order_id=self.order_id,
            side=Side(self.sign),
            fee=self.fee,
            fee_currency=contract.currency,
            profit_loss=self.profit_loss,
            order_type=self.order_type,
            label=self.label,
            order_state=OrderState.FILLED if self.is_filled else OrderState.OPEN,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            is_liquidation=self.is_liquidation,
        )


class RecordedFill:
    """Two orders met; the attributes are those of `Fill`."""

    __slots__ = (
        "amount",
        "contract",
        "index",
        "iv_e4",
        "maker",
        "mark",
        "price",
        "taker",
        "tick_direction",
        "time_ns",
        "trade_id",
        "trade_seq",
    )

    trade_id: TradeId
    trade_seq: int
    price: Ticks
    amount: Lots
    tick_direction: int
    time_ns: int
    mark: PriceE8
    index: PriceE8
    iv_e4: int
    contract: Contract
    maker: RecordedSide
    taker: RecordedSide

    @property
    def instrument_id(self) -> InstrumentId:
        """What was traded."""
        return InstrumentId(self.contract.instrument.instrument_id)

    def view(self) -> Fill:
        """Return the fill."""
        return Fill(
            trade_id=self.trade_id,
            trade_seq=self.trade_seq,
            instrument_id=self.instrument_id,
            price=self.price,
            amount=self.amount,
            taker_side=Side(self.taker.sign),
            tick_direction=self.tick_direction,
            time_ns=self.time_ns,
            mark=self.mark,
            index=self.index,
            iv_e4=self.iv_e4,
            maker=self.maker.view(self.contract),
            taker=self.taker.view(self.contract),
        )


class RecordedPayment:
    """The payment of one owner of a recorded fill in a future or an option."""

    __slots__ = (
        "account_seq",
        "amount",
        "balance",
        "fill",
        "funding",
        "is_maker",
        "position",
        "transaction_id",
    )

    transaction_id: int
    account_seq: int
    amount: Units
    balance: Units
    position: int
    funding: Units
    fill: RecordedFill
    is_maker: bool

    def view(self) -> Transaction:
        """Return the transaction."""
        fill, contract = self.fill, self.fill.contract
        side = fill.maker if self.is_maker else fill.taker
        return Transaction(
            transaction_id=self.transaction_id,
            account_seq=self.account_seq,
            time_ns=fill.time_ns,
            account_id=side.account_id,
            currency=contract.currency,
            type=TransactionType.TRADE,
            amount=self.amount,
            fee=side.fee,
            balance=self.balance,
            about=About(
                instrument_id=fill.instrument_id,
                side=Side(side.sign),
                lots=fill.amount,
                price=PriceE8(contract.tick_e8 * fill.price),
                position=self.position,
                profit=side.profit_loss,
                funding=self.funding,
                trade_id=fill.trade_id,
                order_id=side.order_id,
                is_maker=self.is_maker,
            ),
        )


def fill_of(kept: Fill | RecordedFill) -> Fill:
    """Return a fill, however it is kept."""
    return kept if isinstance(kept, Fill) else kept.view()


def transaction_of(kept: Transaction | RecordedPayment) -> Transaction:
    """Return a transaction, however it is kept."""
    return kept if isinstance(kept, Transaction) else kept.view()
