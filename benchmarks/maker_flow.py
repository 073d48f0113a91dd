"""Commands as objects: the mix that engines are compared on, and makers with those who hit them."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    EditOrder,
    Event,
    Exchange,
    ListInstrument,
    Mark,
    MassQuote,
    MmpConfig,
    OpenAccount,
    OrderEvent,
    OrderType,
    PlaceOrder,
    Quote,
    QuoteRejected,
    QuoteSide,
    SetMarks,
    SetMmp,
    TimeInForce,
)
from strikewire.exchange.packed import pack
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    instrument,
)

START_NS = 1_767_225_600_000_000_000
INDEX = 60_000 * 10**8
PERPETUAL = InstrumentId(1)
MID = 120_000
OPTION_MID = 500
ACCOUNTS = 20
MAKER = AccountId(1)


class Flow(NamedTuple):
    """An exchange as bytes, and commands that go on from there."""

    base: bytes
    commands: list[Command]


class Writer:
    """Writes a flow: carries each command out, so that the next can speak of its orders."""

    def __init__(self, names: list[str]) -> None:
        self.exchange = Exchange()
        self.random = random.Random(7)
        self.commands: list[Command] = []
        for number in range(1, ACCOUNTS + 1):
            self.do(OpenAccount(AccountId(number), f"account {number}"))
            self.do(Deposit(AccountId(number), "BTC", Units(10**15)))
        for number, name in enumerate(names, start=1):
            self.do(ListInstrument(instrument(name, instrument_id=number)))
        self.do(marks(len(names), 0))

    def do(self, command: Command) -> tuple[Event, ...]:
        """Carry a command out, and keep it."""
        self.commands.append(command)
        return self.exchange.apply(len(self.commands), START_NS, command)

    def place(
        self,
        account_id: AccountId,
        side: Side,
        *,
        price: int,
        lots: int,
        instrument_id: InstrumentId = PERPETUAL,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> OrderId:
        """Place an order and return its number."""
        events = self.do(
            PlaceOrder(
                account_id=account_id,
                instrument_id=instrument_id,
                side=side,
                amount=Lots(lots),
                price=Ticks(price),
                time_in_force=time_in_force,
            )
        )
        orders = [event.order for event in events if isinstance(event, OrderEvent)]
        return max(order.order_id for order in orders)

    def flow(self, step: Callable[[], None], count: int) -> Flow:
        """Return what a number of steps do as a flow that goes on from here."""
        base = self.exchange.snapshot()
        self.commands.clear()
        for _ in range(count):
            step()
        return Flow(base, list(self.commands))


def mixed_flow(count: int, *, live: int) -> Flow:
    """Return the mix that engines are compared on: orders far and near, cancels, sweeps."""
    writer = Writer(["BTC-PERPETUAL"])
    draw = writer.random
    orders: list[tuple[AccountId, OrderId]] = []

    def passive() -> None:
        side = draw.choice((Side.BUY, Side.SELL))
        account_id = AccountId(draw.randint(1, ACCOUNTS))
        price = MID - side * (1 + int(draw.expovariate(1 / 120)))
        order_id = writer.place(account_id, side, price=price, lots=draw.randint(1, 100))
        orders.append((account_id, order_id))

    def cancel() -> None:
        while orders:
            at = draw.randrange(len(orders))
            orders[at], orders[-1] = orders[-1], orders[at]
            account_id, order_id = orders.pop()
            view = writer.exchange.order(order_id)
            if view is not None and view.state == "open":
                writer.do(CancelOrder(account_id, order_id))
                return

    def sweep() -> None:
        side = draw.choice((Side.BUY, Side.SELL))
        account_id = AccountId(draw.randint(1, ACCOUNTS))
        limit = MID + side * draw.randint(1, 40)
        lots = draw.randint(50, 500)
        writer.place(account_id, side, price=limit, lots=lots, time_in_force=TimeInForce.IOC)

    for _ in range(live):
        passive()
    kinds = [passive] * 6 + [cancel] * 3 + [sweep]
    return writer.flow(lambda: draw.choice(kinds)(), count)  # noqa: PLW0108  # drawn each time


def quotes(count: int, *, edited: bool = False) -> Flow:
    """Return a maker's moves: an order on each side of 400 options, one moved after the other."""
    writer, orders = quoted()
    draw = writer.random

    def move() -> None:
        instrument_id, side = draw.choice(list(orders))
        price = OPTION_MID - side * 5 * draw.randint(1, 6)
        order_id = orders[instrument_id, side]
        if edited:
            writer.do(
                EditOrder(account_id=MAKER, order_id=order_id, amount=Lots(10), price=Ticks(price))
            )
        else:
            writer.do(CancelOrder(MAKER, order_id))
            orders[instrument_id, side] = writer.place(
                MAKER, side, price=price, lots=10, instrument_id=instrument_id
            )

    return writer.flow(move, count)


def mass_quoting(count: int) -> Flow:
    """Return a maker's quotes on 400 options, under protection and moved so many times."""
    writer = Writer(["BTC-PERPETUAL", *option_names()])
    limits = MmpConfig(
        interval_s=1, frozen_s=1, max_quote_quantity_e8=10**13, quantity_e8=10**15, delta_e8=10**15
    )
    writer.do(SetMmp(MAKER, "btc_usd", "all", limits))

    def quote(instrument_id: int) -> Quote:
        middle = OPTION_MID + 5 * writer.random.randint(-3, 3)
        bid, ask = (
            QuoteSide(price=Ticks(middle - side * 20), amount=Lots(10_000)) for side in Side
        )
        return Quote(instrument_id=InstrumentId(instrument_id), bid=bid, ask=ask)

    def move() -> None:
        for first in range(2, 402, 100):
            quotes = tuple(quote(number) for number in range(first, first + 100))
            events = writer.do(MassQuote(account_id=MAKER, mmp_group="all", quotes=quotes))
            assert not any(isinstance(event, QuoteRejected) for event in events)

    move()
    return writer.flow(move, count)


def quotes_of(flow: Flow) -> Iterator[MassQuote]:
    return (one for one in flow.commands if isinstance(one, MassQuote))


def taking(count: int) -> bytes:
    """Return market orders of others than the maker, a lot each, packed."""
    draw = random.Random(11)
    records = [
        pack(
            PlaceOrder(
                account_id=AccountId(draw.randint(2, ACCOUNTS)),
                instrument_id=InstrumentId(draw.randint(2, 401)),
                side=draw.choice((Side.BUY, Side.SELL)),
                amount=Lots(1),
                price=None,
                order_type=OrderType.MARKET,
                time_in_force=TimeInForce.IOC,
            )
        )
        for _ in range(count)
    ]
    return b"".join(record for record in records if record is not None)


def marking(count: int) -> Flow:
    """Return marks of everything, each followed by an order of somebody who quotes everything."""
    writer, _ = quoted()
    moved = itertools.count(1)

    def mark() -> None:
        writer.do(marks(401, next(moved)))
        writer.place(
            MAKER,
            Side.BUY,
            price=OPTION_MID - 5,
            lots=1,
            instrument_id=InstrumentId(2),
            time_in_force=TimeInForce.IOC,
        )

    return writer.flow(mark, count)


def option_names() -> list[str]:
    strikes = range(10_000, 210_000, 1_000)
    return [f"BTC-25DEC26-{strike}-{right}" for strike in strikes for right in "CP"]


def quoted() -> tuple[Writer, dict[tuple[InstrumentId, Side], OrderId]]:
    options = option_names()
    writer = Writer(["BTC-PERPETUAL", *options])
    orders: dict[tuple[InstrumentId, Side], OrderId] = {}
    for number in range(2, len(options) + 2):
        for side in Side:
            orders[InstrumentId(number), side] = writer.place(
                MAKER,
                side,
                price=OPTION_MID - side * 5,
                lots=10,
                instrument_id=InstrumentId(number),
            )
    return writer, orders


def marks(count: int, moved: int) -> SetMarks:
    """Return marks of a perpetual and options, all a little different for another `moved`."""
    index = PriceE8(INDEX + moved * 10**8)
    perpetual = Mark(PERPETUAL, index, 0, index)
    options = [
        Mark(InstrumentId(number), PriceE8(5_000_000 + moved * 100), 500_000, index)
        for number in range(2, count + 1)
    ]
    return SetMarks((("btc_usd", index),), (perpetual, *options))
