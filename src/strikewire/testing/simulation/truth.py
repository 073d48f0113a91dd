"""What the venue let out, command by command: the standard that every reader is held to.

It is taken where commands leave the sequencer, before market data, sessions and hub had a hand in
it, and it is never taken back: what was let out once must be true after every crash.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from strikewire.exchange import (
    BookView,
    Exchange,
    Fill,
    InstrumentListed,
    LevelChanged,
    OrderEvent,
    OrderView,
)
from strikewire.model import (
    AccountId,
    Instrument,
    InstrumentId,
    Lots,
    Ticks,
    format_order_id,
    format_trade_id,
    lots_to_amount,
    ns_to_ms,
    ticks_to_price,
)
from strikewire.sequencer import Applied
from strikewire.testing.simulation.violations import Violation

WAITING = ("open", "untriggered")
"""States of orders that wait, in their books or outside of them."""

Side: TypeAlias = tuple[tuple[float, float], ...]
Levels: TypeAlias = tuple[Side, Side]
"""Bids and asks as (price, amount), best first."""


class OrderFact(NamedTuple):
    """One state of an order."""

    order_id: str
    state: str
    price: float | str
    amount: float
    filled: float
    updated_ms: int


class TradeFact(NamedTuple):
    """One side of a fill."""

    trade_id: str
    order_id: str
    price: float
    amount: float
    liquidity: str


class PrintFact(NamedTuple):
    """A public trade."""

    trade_id: str
    trade_seq: int
    price: float
    amount: float


Fact: TypeAlias = OrderFact | TradeFact | PrintFact


class Feed:
    """Everything of one kind that was let out for one owner, in order.

    Attributes:
        facts: The facts.
        at_tick: How many there were when interval channels were sent last.
    """

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.at_tick = 0


class Truth:
    """Everything that was let out so far.

    Attributes:
        books: The levels of each instrument at each change.
        open_orders: Every order that is open.
    """

    def __init__(self) -> None:
        self.books: dict[tuple[str, int], Levels] = {}
        self.open_orders: set[str] = set()
        self._feeds: dict[tuple[str, int | str], Feed] = {}
        self._moved: list[Feed] = []

    def feed(self, kind: str, owner: int | str) -> Feed:
        """Return the "orders" or "trades" of an account, or the "prints" of an instrument."""
        return self._feeds.setdefault((kind, owner), Feed())

    def recovered(self, exchange: Exchange) -> None:
        """Compare what a start brought back with what was let out."""
        for instrument_id in exchange.instruments:
            self._see_book(exchange, instrument_id)
        # What was durable and not told yet has happened all the same.
        self.open_orders = {
            order_fact_of(exchange.instruments[view.instrument_id], view).order_id
            for account in exchange.accounts
            for view in waiting(exchange, account.account_id)
        }

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        """Take in what a command did."""
        touched: dict[InstrumentId, None] = {}
        for event in applied.events:
            match event:
                case OrderEvent(view):
                    touched[view.instrument_id] = None
                    instrument = exchange.instruments[view.instrument_id]
                    fact = order_fact_of(instrument, view)
                    self._let_out("orders", view.account_id, fact)
                    change = (
                        self.open_orders.add if fact.state in WAITING else self.open_orders.discard
                    )
                    change(fact.order_id)
                case Fill():
                    self._see_fill(exchange.instruments[event.instrument_id], event)
                case LevelChanged(instrument_id):
                    touched[instrument_id] = None
                case InstrumentListed(instrument):
                    touched[InstrumentId(instrument.instrument_id)] = None
                case _:
                    pass
        for instrument_id in touched:
            self._see_book(exchange, instrument_id)

    def ticked(self) -> None:
        """Take note that interval channels are sent now."""
        for feed in self._moved:
            feed.at_tick = len(feed.facts)
        self._moved.clear()

    def _let_out(self, kind: str, owner: int | str, fact: Fact) -> None:
        feed = self.feed(kind, owner)
        feed.facts.append(fact)
        self._moved.append(feed)

    def _see_fill(self, instrument: Instrument, fill: Fill) -> None:
        currency = instrument.settlement_currency
        price = ticks_to_price(instrument, fill.price)
        amount = lots_to_amount(instrument, fill.amount)
        trade_id = format_trade_id(currency, fill.trade_id)
        for side, liquidity in ((fill.maker, "M"), (fill.taker, "T")):
            order_id = format_order_id(currency, side.order_id)
            fact = TradeFact(trade_id, order_id, price, amount, liquidity)
            self._let_out("trades", side.account_id, fact)
        print_ = PrintFact(trade_id, fill.trade_seq, price, amount)
        self._let_out("prints", instrument.name, print_)

    def _see_book(self, exchange: Exchange, instrument_id: InstrumentId) -> None:
        view, instrument = exchange.book(instrument_id), exchange.instruments[instrument_id]
        levels = levels_of(instrument, view)
        known = self.books.setdefault((instrument.name, view.change_id), levels)
        if known != levels:
            raise Violation(
                "a change of a book is one book, for ever",
                f"{instrument.name} at {view.change_id}: {known} became {levels}",
            )


def waiting(exchange: Exchange, account_id: AccountId) -> list[OrderView]:
    """Return an account's orders that wait, oldest first."""
    views = exchange.open_orders(account_id) + exchange.conditional_orders(account_id)
    return sorted(views, key=lambda view: view.order_id)


def order_fact_of(instrument: Instrument, view: OrderView) -> OrderFact:
    """Return a state of an order in the units of clients."""
    return OrderFact(
        format_order_id(instrument.settlement_currency, view.order_id),
        view.state.value,
        "market_price" if view.price is None else ticks_to_price(instrument, view.price),
        lots_to_amount(instrument, view.amount),
        lots_to_amount(instrument, view.filled),
        ns_to_ms(view.updated_ns),
    )


def levels_of(instrument: Instrument, view: BookView) -> Levels:
    """Return a book of the exchange in the units of clients."""
    return _side(instrument, view.bids), _side(instrument, view.asks)


def _side(instrument: Instrument, levels: Sequence[tuple[Ticks, Lots]]) -> Side:
    return tuple(
        (ticks_to_price(instrument, price), lots_to_amount(instrument, amount))
        for price, amount in levels
    )
