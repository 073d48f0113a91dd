"""One message for many readers against one for each, and what the whole path of an order costs."""

import json
from collections.abc import Callable, Iterable

from benchmarks.harness import Measure, Rate, Ratio
from strikewire.api.jsonrpc import encode_notification
from strikewire.exchange import PlaceOrder
from strikewire.gateway.gateway import Action, SubmitCommand
from strikewire.marketdata import book_update, ticker
from strikewire.model import InstrumentId, Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor
from strikewire.websocket import Prepared, prepare

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-100000-C"
CHANNEL = f"book.{PERPETUAL}.raw"
READERS = 100
ORDERS = 20


def measures(*, quick: bool) -> list[Measure]:
    """Return the measures; the machine alone is measured, without sockets and without a disk."""
    edits = 200 if quick else 1_000
    return [
        Ratio(
            measure=f"a book change for {READERS} readers",
            ours=fan_out(once=True),
            against="encoding and framing for each",
            theirs=fan_out(once=False),
            floor=10.0,
            aim=60.0,
        ),
        Rate(
            measure="edits of waiting orders, one in flight",
            work=edit_orders(edits, at_once=1),
            operations=edits,
            unit="edits/s",
            floor=1_000,
            aim=10_000,
        ),
        Rate(
            measure="edits of waiting orders, 50 in flight",
            work=edit_orders(edits, at_once=50),
            operations=edits,
            unit="edits/s",
            floor=1_000,
            aim=10_000,
        ),
        Rate(
            measure="reads of a ticker over a session",
            work=read_tickers(edits),
            operations=edits,
            unit="reads/s",
            floor=3_000,
            aim=60_000,
        ),
        Rate(
            measure="tickers of an option with greeks",
            work=make_tickers(edits),
            operations=edits,
            unit="tickers/s",
            floor=5_000,
            aim=100_000,
        ),
    ]


def fan_out(*, once: bool) -> Callable[[], object]:
    """Return work that makes one change of a book ready for the socket of every reader."""
    floor = busy_floor()
    market = floor.of(PERPETUAL)
    stream = market.open_stream()
    for lots in range(1, 6):
        floor.apply(bid(200_000 - lots, lots))
    edit = stream.take()
    assert edit is not None

    def make() -> Prepared:
        return prepare(encode_notification(CHANNEL, book_update(market, edit)), text=True)

    def for_all() -> list[bytes]:
        message = make()
        return [message.frame(None) for _ in range(READERS)]

    def for_each() -> list[bytes]:
        return [make().frame(None) for _ in range(READERS)]

    return for_all if once else for_each


def edit_orders(edits: int, *, at_once: int) -> Callable[[], None]:
    """Return work that moves waiting orders, with a reader on the book, the ticker and the quote.

    Args:
        edits: In one call of the work.
        at_once: Edits sent before the first of them is carried out.
    """
    floor = busy_floor()
    maker, reader = floor.login(KEYS[ALICE]), floor.login(KEYS[BOB])
    for number in range(ORDERS):
        maker.call("private/buy", instrument_name=PERPETUAL, amount=10, price=99_000 - number)
    channels = [CHANNEL, f"ticker.{PERPETUAL}.100ms", f"quote.{PERPETUAL}"]
    reader.call("private/subscribe", channels=channels)
    payloads = [
        request("private/edit", order_id=f"BTC-{1 + n % ORDERS}", amount=10, price=99_000 - n % 37)
        for n in range(edits)
    ]

    def work() -> None:
        for first in range(0, edits, at_once):
            waiting: list[SubmitCommand] = []
            for payload in payloads[first : first + at_once]:
                received = floor.gateway.receive(floor.now_ns, maker.connection_id, payload)
                waiting += commands(received)
            for submitted in waiting:
                events = floor.exchange.apply(1, floor.now_ns, submitted.command)
                floor.gateway.publish(floor.now_ns, events)
                floor.gateway.applied(floor.now_ns, submitted.token, events)
            floor.gateway.tick(floor.now_ns)

    return work


def read_tickers(reads: int) -> Callable[[], None]:
    """Return work that asks for one ticker again and again."""
    floor = busy_floor()
    wire = floor.connect()
    payload = request("public/ticker", instrument_name=CALL)

    def work() -> None:
        for _ in range(reads):
            floor.gateway.receive(floor.now_ns, wire.connection_id, payload)

    return work


def make_tickers(count: int) -> Callable[[], None]:
    """Return work that makes the ticker of an option that is bid and offered."""
    floor = busy_floor()
    maker = floor.login(KEYS[ALICE])
    for direction, price in (("buy", 0.095), ("sell", 0.105)):
        maker.call(f"private/{direction}", instrument_name=CALL, amount=1, price=price)

    def work() -> None:
        for _ in range(count):
            ticker(floor.market, floor.of(CALL))

    return work


def busy_floor() -> GatewayFloor:
    """Return a venue of a perpetual and a call, both marked."""
    floor = GatewayFloor(PERPETUAL, CALL)
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark(CALL, 0.1, index=100_000.0, underlying=101_000.0, iv=50.0)
    return floor


def bid(price: int, lots: int) -> PlaceOrder:
    """Return Alice's order to buy the perpetual."""
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=Side.BUY,
        amount=Lots(lots),
        price=Ticks(price),
    )


def request(method: str, **params: object) -> bytes:
    """Return a request as it comes from a socket."""
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()


def commands(actions: Iterable[Action]) -> list[SubmitCommand]:
    """Return what is for the sequencer; the rest would go to sockets."""
    return [action for action in actions if isinstance(action, SubmitCommand)]
