"""Order flow with all of its clearing and margin, against matching alone and against a disk.

All of it passes the kernels `lane`, `archives`, `book`, `clearing`, `holdings`, `ledgers`,
`markets`, `orders`, `order_table`, `records` and `state`; hashes of the state pass `folding`,
`hashing` and `sealing`; snapshots of it pass `writing`.
"""

import contextlib
import functools
import gc
import itertools
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.harness import Fresh, Measure, Rate, Ratio, Reading
from benchmarks.maker_flow import (
    START_NS,
    Flow,
    marking,
    mass_quoting,
    mixed_flow,
    quotes,
    quotes_of,
    taking,
)
from benchmarks.matching_peer import PACKAGES, matched, matched_alone
from benchmarks.order_flow import LIVE, USERS, order_flow, sparse_flow
from benchmarks.order_flow import Flow as OrderFlow
from benchmarks.prototype import prototype
from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    Mark,
    NoteState,
    OpenAccount,
    Rejected,
    SetMarks,
    decode,
    encode,
)
from strikewire.exchange.packed import RECORD_BYTES
from strikewire.journal import SqliteJournal
from strikewire.model import (
    AccountId,
    InstrumentId,
    PriceE8,
    Units,
    instrument,
)

GROUP = 64
TRADES = 398_261
PROTOTYPE_BYTES = 40
BOOKS, SPARSE_LIVE = 4_000, 38_000


BATCH = 1024
HOT = "the order flow of the comparison, 1,000 accounts, packed"


def measures(*, quick: bool) -> list[Measure]:
    return [*kernel_measures(quick=quick), *object_measures(quick=quick)]


def kernel_measures(*, quick: bool) -> list[Measure]:
    """Packed commands in and packed events out, with all of the clearing and margin."""
    commands = 20_000 if quick else 1_000_000
    flow = order_flow(commands)
    assert quick or flow.trades == TRADES
    filling, rest = flow.packed[: LIVE * RECORD_BYTES], flow.packed[LIVE * RECORD_BYTES :]
    base = filled(["BTC-PERPETUAL"], filling)
    batches = batched(rest)
    alone = [rest[at : at + RECORD_BYTES] for at in range(0, len(rest), RECORD_BYTES)]
    few = alone[: 2_000 if quick else 100_000]
    sparse = sparse_flow(commands // 2, books=BOOKS, live=SPARSE_LIVE)
    strikes = range(10_000, 10_000 + 500 * BOOKS // 2, 500)
    options = [f"BTC-25DEC26-{strike}-{right}" for strike in strikes for right in "CP"]
    spread = filled(options, sparse[: SPARSE_LIVE * RECORD_BYTES])
    scattered = batched(sparse[SPARSE_LIVE * RECORD_BYTES :])

    def replay_all(exchange: Exchange) -> None:
        for batch in batches:
            exchange.replay(START_NS, batch)

    hot = batched(rest[: len(sparse) - SPARSE_LIVE * RECORD_BYTES])
    # What a mark means for a market is worked out with the first order that comes in there.
    warm = len(scattered) // 5
    return [
        Ratio(
            measure=HOT,
            ours=submitted(base, batches),
            against="the prototype of its matching, without accounts or money",
            theirs=prototype_of(flow),
            floor=0.5,
            aim=0.77,
        ),
        Ratio(
            measure=HOT,
            ours=submitted(base, batches[: len(few) // BATCH]),
            against="matching-engine: matching alone, no accounts, fees or margin",
            theirs=matched(flow.packed, len(few) // BATCH * BATCH),
            floor=15.0,
            aim=26.0,
            packages=PACKAGES,
        ),
        Ratio(
            measure=f"{HOT}, one call a command",
            ours=submitted(base, few),
            against="matching-engine: matching alone, no accounts, fees or margin",
            theirs=matched(flow.packed, len(few)),
            floor=10.0,
            aim=21.0,
            packages=PACKAGES,
        ),
        Rate(
            measure=HOT,
            work=submitted(base, batches),
            operations=commands,
            unit="commands/s",
            floor=200_000.0,
            aim=4_000_000.0,
        ),
        Rate(
            measure=f"{HOT}, one call a command",
            work=submitted(base, few),
            operations=len(few),
            unit="commands/s",
            floor=100_000.0,
            aim=2_000_000.0,
        ),
        Rate(
            measure=f"{HOT}, replayed",
            work=Fresh(lambda: Exchange.restore(base), replay_all),
            operations=commands,
            unit="commands/s",
            floor=2_000_000.0,
            aim=5_000_000.0,
        ),
        Ratio(
            measure=f"{BOOKS:,} sparse option books, {SPARSE_LIVE:,} live orders",
            ours=submitted(spread, scattered, warm=warm),
            against="as many commands in one hot book",
            theirs=submitted(base, hot, warm=warm),
            floor=0.4,
            aim=0.5,
        ),
        *(
            Reading(
                measure=f"service time of a packed command, {name}",
                read=functools.partial(service_time_us, base, few, share),
                unit="us",
                floor=floor,
                aim=aim,
                better="lower",
            )
            for name, share, floor, aim in (("p99", 0.99, 1.5, 0.6), ("p99.9", 0.999, 4.0, 1.1))
        ),
        Reading(
            measure="the hash of the state, with 10,000 commands since the last, CPU time",
            read=lambda: taken_ms(sealed(base), rest[: 10_000 * RECORD_BYTES], Exchange.state_hash),
            unit="ms",
            floor=30.0,
            aim=10.0,
            better="lower",
        ),
        Reading(
            measure="a snapshot of what 60,000 commands left, CPU time",
            read=lambda: taken_ms(
                Exchange.restore(base), rest[: 60_000 * RECORD_BYTES], Exchange.snapshot
            ),
            unit="ms",
            floor=250.0,
            aim=50.0,
            better="lower",
        ),
        Reading(
            measure="memory of a live order",
            read=lambda: bytes_of_an_order(filling),
            unit="bytes",
            floor=200.0,
            aim=120.0,
            better="lower",
        ),
        Reading(
            measure="memory of an account with cash in one currency",
            read=bytes_of_an_account,
            unit="bytes",
            floor=2_048.0,
            aim=1_024.0,
            better="lower",
        ),
    ]


def filled(names: list[str], filling: bytes) -> bytes:
    """Return an exchange with rich accounts and some instruments, and orders that wait in them."""
    exchange = funded(names)
    exchange.submit(START_NS, filling)
    return exchange.snapshot()


def funded(names: list[str]) -> Exchange:
    """Return an exchange with rich accounts and some instruments."""
    exchange, seq = Exchange(), itertools.count(1)
    price = PriceE8(50_000 * 10**8)
    commands: list[Command] = [
        *(OpenAccount(AccountId(number), f"{number}") for number in range(1, USERS + 1)),
        *(Deposit(AccountId(number), "BTC", Units(10**13)) for number in range(1, USERS + 1)),
        *(
            ListInstrument(instrument(name, instrument_id=number))
            for number, name in enumerate(names, start=1)
        ),
        SetMarks(
            (("btc_usd", price),),
            tuple(
                Mark(InstrumentId(number), PriceE8(5_000_000), 500_000, price)
                if name[-2:] in ("-C", "-P")
                else Mark(InstrumentId(number), price, 0, price)
                for number, name in enumerate(names, start=1)
            ),
        ),
    ]
    for command in commands:
        events = exchange.apply(next(seq), START_NS, command)
        assert not isinstance(events[0], Rejected), events
    return exchange


def batched(records: bytes) -> list[bytes]:
    size = BATCH * RECORD_BYTES
    return [records[at : at + size] for at in range(0, len(records), size)]


def submitted(base: bytes, batches: list[bytes], *, warm: int = 0) -> Fresh:
    """Return the work on batches, of which so many come before the clock starts."""

    def build() -> Exchange:
        exchange = Exchange.restore(base)
        for batch in batches[:warm]:
            exchange.submit(START_NS, batch)
        return exchange

    def run_all(exchange: Exchange) -> None:
        submit = exchange.submit
        for batch in batches[warm:]:
            submit(START_NS, batch)

    return Fresh(build, run_all)


def prototype_of(flow: OrderFlow) -> Fresh:
    """Return the prototype's work on the same commands."""
    filling = flow.prototype[: LIVE * PROTOTYPE_BYTES]
    rest = flow.prototype[LIVE * PROTOTYPE_BYTES :]
    size = BATCH * PROTOTYPE_BYTES
    batches = [rest[at : at + size] for at in range(0, len(rest), size)]

    def build() -> object:
        engine = prototype().Engine(1, 1 << 14)
        engine.run(filling)
        return engine

    def run_all(engine: object) -> None:
        for batch in batches:
            engine.run(batch)  # type: ignore[attr-defined]  # a compiled module without stubs
        assert engine.ntr == flow.trades  # type: ignore[attr-defined]  # as above

    return Fresh(build, run_all)


def service_time_us(base: bytes, records: list[bytes], share: float) -> float:
    """Return the time that so many of all commands take at most."""
    exchange = Exchange.restore(base)
    gc.disable()
    try:
        taken = []
        for record in records:
            began = time.perf_counter_ns()
            exchange.submit(START_NS, record)
            taken.append(time.perf_counter_ns() - began)
    finally:
        gc.enable()
    return sorted(taken)[int(share * len(taken))] / 1_000


def sealed(base: bytes) -> Exchange:
    """Return an exchange that has just written down its hash."""
    exchange = Exchange.restore(base)
    exchange.apply(1, START_NS, NoteState(SNAPSHOT_VERSION, exchange.state_hash()))
    return exchange


def taken_ms(exchange: Exchange, records: bytes, work: Callable[[Exchange], object]) -> float:
    """Return how long something takes of what commands left behind."""
    exchange.replay(START_NS, records)
    began = time.process_time()
    work(exchange)
    return 1_000 * (time.process_time() - began)


def bytes_of_an_order(filling: bytes) -> float:
    """Return the memory that orders take that come to wait, for each of them."""
    exchange = funded(["BTC-PERPETUAL"])
    half = len(filling) // 2 // RECORD_BYTES * RECORD_BYTES
    exchange.replay(START_NS, filling[:half])
    count = len(filling[half:]) // RECORD_BYTES
    with traced() as grown:
        exchange.replay(START_NS, filling[half:])
        return grown() / count


def bytes_of_an_account() -> float:
    """Return the memory that accounts with a deposit take, for each of them."""
    exchange, count = Exchange(), 5_000
    with traced() as grown:
        for number in range(1, count + 1):
            exchange.apply(number, START_NS, OpenAccount(AccountId(number), str(number)))
            exchange.apply(number, START_NS, Deposit(AccountId(number), "BTC", Units(1)))
        return grown() / count


@contextlib.contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Count the bytes that are allocated and kept."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    def grown() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    try:
        yield grown
    finally:
        tracemalloc.stop()


def object_measures(*, quick: bool) -> list[Measure]:
    """Commands and events as objects, one by one."""
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
            measure="a maker's 800 quotes on 400 options, in mass quotes of 100",
            work=applied(mass := mass_quoting(2 if quick else 25)),
            operations=sum(2 * len(one.quotes) for one in quotes_of(mass)),
            unit="sides/s",
            floor=50_000.0,
            aim=250_000.0,
        ),
        Rate(
            measure="orders that trade with these quotes, packed",
            work=submitted(mass.base, batched(takers := taking(count))),
            operations=len(takers) // RECORD_BYTES,
            unit="commands/s",
            floor=50_000.0,
            aim=500_000.0,
        ),
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
            theirs=matched_alone(mixed.base, mixed.commands),
            aim=1.0,
            packages=PACKAGES,
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


def journalled(entries: list[bytes]) -> None:
    """Write the entries as the sequencer does, a group at a time."""
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal.open(Path(folder) / "journal.sqlite")
        for first in range(0, len(entries), GROUP):
            journal.append(first + 1, START_NS + first, entries[first : first + GROUP])
        journal.close()
