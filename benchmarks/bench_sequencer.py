"""The sequencer: commands in, durable and carried out, answers out; and a replay of them.

The durable rows are the order flow of `order_flow`: packed commands of a thousand accounts, handed
in by clients of the same process. Many clients hand in a few commands each and never wait; one
client waits for each answer. The peer of the journal keeps a row for each command, in the same
groups and with the same syncs.
"""

import asyncio
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bench_exchange import filled
from benchmarks.harness import Compared, Measure, Rate, Reading
from benchmarks.maker_flow import START_NS
from benchmarks.order_flow import LIVE, order_flow
from strikewire.exchange import Command, Deposit, Exchange, OpenAccount
from strikewire.exchange.packed import RECORD_BYTES
from strikewire.journal import Journal, MemoryJournal, SqliteJournal
from strikewire.model import AccountId, Units
from strikewire.sequencer import AppliedPacked, Sequencer, SequencerService, recover, replay

ALICE = AccountId(1)
OPEN: Command = OpenAccount(ALICE, "alice")
DEPOSIT: Command = Deposit(ALICE, "BTC", Units(1))
NOON = 12 * 3_600 * 10**9
HANDFUL = 16
"""Commands that a client hands in at once, where there are many."""

WAITING_MAX = 4_000
ANSWERS = 1_000


def measures(*, quick: bool) -> list[Measure]:
    commands = 2_000 if quick else 20_000
    journal = MemoryJournal()
    asyncio.run(burst(journal, 10_000))
    return [
        Rate(
            measure="commands sequenced in memory, per CPU second",
            work=lambda: asyncio.run(burst(MemoryJournal(), commands)),
            operations=commands,
            unit="commands/s",
            floor=10_000.0,
            aim=150_000.0,
        ),
        *durable_measures(5_000 if quick else 100_000),
        Rate(
            measure="commands replayed from the first, per CPU second",
            work=lambda: replay(journal),
            operations=10_000,
            unit="commands/s",
            floor=10_000.0,
            aim=2_000_000.0,
        ),
    ]


def in_directory(measure: Callable[[Path], float]) -> float:
    directory = Path(tempfile.mkdtemp())
    try:
        return measure(directory / "journal.db")
    finally:
        shutil.rmtree(directory)


def service_of(journal: Journal) -> SequencerService:
    exchange, report = recover(journal)
    sequencer = Sequencer(exchange, last_seq=report.last_seq, last_time_ns=report.last_time_ns)
    return SequencerService(sequencer, journal, clock=lambda: NOON)


async def burst(journal: Journal, commands: int) -> None:
    """Submit so many deposits in handfuls, as sockets deliver them, and wait for the last."""
    service = service_of(journal)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run())
        await service.execute(OPEN)
        answered = 0

        def answer(_: object) -> None:
            nonlocal answered
            answered += 1

        submitted = 0
        while submitted < commands:
            for _ in range(min(50, commands - submitted)):
                service.submit(DEPOSIT, answer)
                submitted += 1
            await asyncio.sleep(0)
            while service.queued > 1_000:  # noqa: ASYNC110 - lets the service work, as a reader would
                await asyncio.sleep(0)
        service.close()
    assert answered == commands


def durable_measures(commands: int) -> list[Measure]:
    packed = order_flow(commands).packed
    filling = LIVE * RECORD_BYTES
    base, flow = filled(["BTC-PERPETUAL"], packed[:filling]), packed[filling:]

    def ours() -> float:
        return in_directory(lambda path: durable(base, flow, SqliteJournal.open(path)))

    def row_by_row() -> float:
        return in_directory(lambda path: durable(base, flow, RowJournal(path)))

    return [
        Reading(
            measure="orders durable in process, many clients, wall clock",
            read=ours,
            unit="commands/s",
            floor=150_000.0,
            aim=250_000.0,
        ),
        Compared(
            measure="orders durable in process, many clients",
            ours=ours,
            against="a row for each command",
            theirs=row_by_row,
            floor=1.5,
            aim=2.0,
        ),
        Reading(
            measure="orders durable in process, one client, median answer, wall clock",
            read=lambda: in_directory(lambda path: median_answer_ms(base, flow, path)),
            unit="ms",
            floor=0.3,
            aim=0.16,
            better="lower",
        ),
    ]


class RowJournal(MemoryJournal):
    """The plain way: a row for each command, in the groups that the sequencer makes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._end = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE commands (seq INTEGER PRIMARY KEY, time_ns INTEGER, entry BLOB)"
        )

    def append(self, first_seq: int, time_ns: int, entries: Sequence[bytes]) -> None:
        """Make entries durable, one row each."""
        rows = [(seq, time_ns, entry) for seq, entry in enumerate(entries, first_seq)]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO commands VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def trading(base: bytes, journal: Journal) -> SequencerService:
    sequencer = Sequencer(Exchange.restore(base), last_seq=0, last_time_ns=0)
    return SequencerService(sequencer, journal, clock=lambda: START_NS)


def durable(base: bytes, flow: bytes, journal: Journal) -> float:
    """Return commands a second, all clients together."""
    step = HANDFUL * RECORD_BYTES
    handfuls = [flow[at : at + step] for at in range(0, len(flow), step)]
    service = trading(base, journal)
    began = time.perf_counter()
    answered = asyncio.run(hand_in(service, handfuls))
    seconds = time.perf_counter() - began
    journal.close()
    assert answered == len(flow) // RECORD_BYTES
    return answered / seconds


async def hand_in(service: SequencerService, handfuls: list[bytes]) -> int:
    """Submit handfuls as fast as there is room for them, and return how much was answered."""
    answered = 0

    def answer(applied: AppliedPacked) -> None:
        nonlocal answered
        answered += applied.count

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run())
        for one in handfuls:
            service.submit_packed(one, answer)
            while service.queued > WAITING_MAX:  # noqa: ASYNC110 - lets the service work
                await asyncio.sleep(0)
        service.close()
    return answered


def median_answer_ms(base: bytes, flow: bytes, path: Path) -> float:
    """Return how long a client waits for the answer to one order, with nobody else there."""
    journal = SqliteJournal.open(path)

    async def one_by_one() -> list[float]:
        service = trading(base, journal)
        taken = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(service.run())
            for at in range(0, ANSWERS * RECORD_BYTES, RECORD_BYTES):
                answer = asyncio.get_running_loop().create_future()
                began = time.perf_counter()
                service.submit_packed(flow[at : at + RECORD_BYTES], answer.set_result)
                await answer
                taken.append(time.perf_counter() - began)
            service.close()
        return taken

    taken = asyncio.run(one_by_one())
    journal.close()
    return 1_000 * statistics.median(taken)
