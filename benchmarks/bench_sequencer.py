"""The sequencer: commands in, durable and carried out, answers out; and a replay of them."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measure, Rate, Reading
from strikewire.exchange import Command, Deposit, OpenAccount
from strikewire.journal import Journal, MemoryJournal, SqliteJournal
from strikewire.model import AccountId, Units
from strikewire.sequencer import Sequencer, SequencerService, recover, replay

ALICE = AccountId(1)
OPEN: Command = OpenAccount(ALICE, "alice")
DEPOSIT: Command = Deposit(ALICE, "BTC", Units(1))
NOON = 12 * 3_600 * 10**9


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
        Reading(
            measure="commands durable and answered, wall clock",
            read=lambda: in_directory(lambda path: durable(path, commands)),
            unit="commands/s",
            floor=5_000.0,
            aim=150_000.0,
        ),
        Reading(
            measure="one command at a time, median answer, wall clock",
            read=lambda: in_directory(lambda path: median_answer_ms(path, commands // 10)),
            unit="ms",
            floor=10.0,
            aim=0.3,
            better="lower",
        ),
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


def durable(path: Path, commands: int) -> float:
    journal = SqliteJournal.open(path)
    began = time.perf_counter()
    asyncio.run(burst(journal, commands))
    seconds = time.perf_counter() - began
    journal.close()
    return commands / seconds


def median_answer_ms(path: Path, commands: int) -> float:
    journal = SqliteJournal.open(path)

    async def one_by_one() -> list[float]:
        service = service_of(journal)
        taken = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(service.run())
            await service.execute(OPEN)
            for _ in range(commands):
                began = time.perf_counter()
                await service.execute(DEPOSIT)
                taken.append(time.perf_counter() - began)
            service.close()
        return taken

    taken = asyncio.run(one_by_one())
    journal.close()
    return 1_000 * sorted(taken)[len(taken) // 2]
