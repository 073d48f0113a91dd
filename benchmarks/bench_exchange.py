"""Order flow with all of its clearing and margin, against matching alone and against a disk.

All of it passes the kernels `lane`, `archives`, `book`, `clearing`, `records`,
`ledgers`, `markets` and `state`.
"""

import importlib
import importlib.util
import itertools
import random
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from benchmarks.harness import Fresh, Measure, Rate, Ratio, UnavailableError
from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    EditOrder,
    Event,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    OrderEvent,
    PlaceOrder,
    SetMarks,
    TimeInForce,
    decode,
    encode,
)
from strikewire.journal import SqliteJournal
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
GROUP = 64
PEER = "matching_engine"


class Flow(NamedTuple):
    """An exchange as bytes, and commands that go on from there."""

    base: bytes
    commands: list[Command]


def measures(*, quick: bool) -> list[Measure]:
    count = 1_000 if quick else 20_000
    mixed = mixed_flow(count, live=500 if quick else 10_000)
    entries = [encode(command) for command in mixed.commands]
    name = "60 % limit, 30 % cancel, 10 % IOC in one perpetual, 20 accounts"
    return [
        rate(name, mixed, floor=3_000.0),
        rate("a maker's 800 quotes on 400 options, cancelled and placed", quotes(count)),
        rate("a maker's 800 quotes on 400 options, edited", quotes(count, edited=True)),
        rate("401 marks set, and the maker's next order", marking(10 if quick else 50), floor=50.0),
        Rate(
            measure="the first flow replayed from journal entries",
            work=Fresh(
                lambda: Exchange.restore(mixed.base),
                lambda exchange: run(exchange, map(decode, entries)),
            ),
            operations=count,
            unit="commands/s",
            floor=3_000.0,
            aim=2_000_000.0,
        ),
        Ratio(
            measure="the first flow",
            ours=applied(mixed),
            against=f"the SQLite journal of it, groups of {GROUP}",
            theirs=lambda: journalled(entries),
            aim=1.0,
        ),
        Ratio(
            measure="the first flow",
            ours=applied(mixed),
            against="matching-engine: matching alone, no accounts, fees or margin",
            theirs=matched_alone(mixed),
            aim=1.0,
            packages=("matching-engine",) if importlib.util.find_spec(PEER) else (),
        ),
    ]


def rate(name: str, flow: Flow, *, floor: float = 5_000.0) -> Rate:
    return Rate(
        measure=name,
        work=applied(flow),
        operations=len(flow.commands),
        unit="commands/s",
        floor=floor,
        aim=10 * floor,
    )


def applied(flow: Flow) -> Fresh:
    return Fresh(lambda: Exchange.restore(flow.base), lambda exchange: run(exchange, flow.commands))


def run(exchange: Exchange, commands: Iterable[Command]) -> None:
    for seq, command in enumerate(commands, start=1):
        exchange.apply(seq, START_NS + seq, command)


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


def quoted() -> tuple[Writer, dict[tuple[InstrumentId, Side], OrderId]]:
    strikes = range(10_000, 210_000, 1_000)
    options = [f"BTC-25DEC26-{strike}-{right}" for strike in strikes for right in "CP"]
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


def journalled(entries: list[bytes]) -> None:
    """Write the entries as the sequencer does, a group at a time."""
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal.open(Path(folder) / "journal.sqlite")
        for first in range(0, len(entries), GROUP):
            journal.append(first + 1, START_NS + first, entries[first : first + GROUP])
        journal.close()


def matched_alone(flow: Flow) -> Fresh:
    """Return the peer's work on the same orders; it numbers commands itself and knows no flow."""

    def build() -> tuple[object, list[object]]:
        if not importlib.util.find_spec(PEER):
            raise UnavailableError("needs Python 3.12 and `pip install matching-engine`")
        domain = importlib.import_module(f"{PEER}.domain")
        engine = importlib.import_module(f"{PEER}.engine").MatchingEngine()
        exchange = Exchange.restore(flow.base)
        waiting = [
            order
            for account in exchange.accounts
            for order in exchange.open_orders(account.account_id)
        ]
        before = [
            PlaceOrder(
                account_id=order.account_id,
                instrument_id=order.instrument_id,
                side=order.side,
                amount=order.remaining,
                price=order.price,
            )
            for order in sorted(waiting, key=lambda order: order.order_id)
        ]
        numbers = [order.order_id for order in sorted(waiting, key=lambda order: order.order_id)]
        sequenced = translated(domain, [*before, *flow.commands], numbers)
        for command in sequenced[: len(before)]:
            engine.process(command)
        return engine, sequenced[len(before) :]

    def process(built: tuple[object, list[object]]) -> None:
        engine, commands = built
        for command in commands:
            engine.process(command)  # type: ignore[attr-defined]  # the peer has no stubs here

    return Fresh(build, process)


def translated(domain: ModuleType, commands: list[Command], numbers: list[OrderId]) -> list[object]:
    """Return commands in the peer's words; orders keep the numbers that they have here."""
    words: list[object] = []
    next_number = max(numbers, default=0) + 1
    given = iter(numbers)
    for seq, command in enumerate(commands, start=1):
        if isinstance(command, CancelOrder):
            word = domain.CancelOrder(command.order_id, command.account_id)
        else:
            assert isinstance(command, PlaceOrder)
            number = next(given, None)
            if number is None:
                number, next_number = OrderId(next_number), next_number + 1
            word = domain.NewOrder(
                order_id=number,
                account=command.account_id,
                side=domain.Side(command.side.direction),
                price=command.price,
                qty=command.amount,
                tif=domain.TimeInForce(
                    "ioc" if command.time_in_force is TimeInForce.IOC else "gtc"
                ),
                stp=domain.SelfTradePrevention.NONE,
            )
        words.append(domain.SequencedCommand(seq, START_NS + seq, word))
    return words
