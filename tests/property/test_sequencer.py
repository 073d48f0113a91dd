"""Whatever happens, and wherever it is cut off: what was told is kept, and kept as it was told."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    OrderType,
    PlaceOrder,
    SetMarks,
    Withdraw,
    encode,
)
from strikewire.exchange.packed import pack
from strikewire.journal import MemoryJournal, SqliteJournal
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
from strikewire.sequencer import Applied, Limits, Sequencer, recover, replay, take_snapshot

PERPETUAL = InstrumentId(1)
START: list[Command] = [
    ListInstrument(instrument("BTC-PERPETUAL", instrument_id=1)),
    OpenAccount(AccountId(1), "alice"),
    OpenAccount(AccountId(2), "bob"),
    Deposit(AccountId(1), "BTC", Units(10_000_000_000)),
    Deposit(AccountId(2), "BTC", Units(10_000_000_000)),
    SetMarks(
        (("btc_usd", PriceE8(60_000 * 10**8)),),
        (Mark(PERPETUAL, PriceE8(60_000 * 10**8), 0, PriceE8(60_000 * 10**8)),),
    ),
]
ACCOUNTS = st.sampled_from([AccountId(1), AccountId(2), AccountId(3)])
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        PlaceOrder,
        account_id=ACCOUNTS,
        instrument_id=st.just(PERPETUAL),
        side=st.sampled_from(Side),
        order_type=st.just(OrderType.LIMIT),
        amount=st.integers(1, 1_000).map(Lots),
        price=st.integers(119_990, 120_010).map(Ticks),
        post_only=st.booleans(),
        reduce_only=st.booleans(),
        label=st.text(max_size=5),
    ),
    st.builds(CancelOrder, ACCOUNTS, st.integers(1, 30).map(OrderId)),
    st.builds(Deposit, ACCOUNTS, st.sampled_from(["BTC", "USDC"]), st.integers(1, 99).map(Units)),
    st.builds(Withdraw, ACCOUNTS, st.just("BTC"), st.integers(1, 10**10).map(Units)),
)


def carry_out(
    sequencer: Sequencer, journal: MemoryJournal, now_ns: int, *, steps: int
) -> list[Applied]:
    """Work off what waits, but no more than so many steps: then the process is gone."""
    told: list[Applied] = []
    while steps > 0 and (batch := sequencer.take_batch(now_ns)) is not None:
        steps -= 1
        if steps == 0:
            break
        journal.append(batch.first_seq, batch.time_ns, batch.entries)
        steps -= 1
        if steps == 0:
            break
        sequencer.committed(batch)
        while steps > 0 and (applied := sequencer.apply_next()) is not None:
            told += [applied] if isinstance(applied, Applied) else []
            steps -= 1
    return told


def submit(sequencer: Sequencer, command: Command, *, packs: bool) -> None:
    """Submit a command, packed if it shall and can be."""
    record = pack(command) if packs else None
    if record is None:
        sequencer.submit(None, command)
    else:
        sequencer.submit_packed(None, record)


def written(command: Command, *, packs: bool) -> bytes:
    """Return what the journal has of such a command."""
    return (pack(command) if packs else None) or encode(command)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.lists(COMMANDS, max_size=12), st.integers(-5, 50), st.integers(1, 60)),
        max_size=6,
    ),
    st.integers(1, 8),
    st.booleans(),
    st.booleans(),
)
def test_after_any_crash_everything_told_is_there_and_the_state_is_that_of_a_replay(
    lives: list[tuple[list[Command], int, int]],
    batch_commands_max: int,
    packs: bool,
    tells_each: bool,
) -> None:
    journal = MemoryJournal()
    told: list[Applied] = []
    now_ns = 1_000
    for commands, later_ns, steps in [(START, 0, 1_000), *lives]:
        # Each life of the venue begins by recovering, and ends somewhere in the middle.
        exchange, report = recover(journal)
        sequencer = Sequencer(
            exchange,
            last_seq=report.last_seq,
            last_time_ns=report.last_time_ns,
            limits=Limits(batch_commands_max=batch_commands_max),
        )
        sequencer.tells_each = tells_each
        for command in commands:
            submit(sequencer, command, packs=packs)
        now_ns += later_ns
        told += carry_out(sequencer, journal, now_ns, steps=steps)
        if sequencer.last_seq == journal.last_seq:
            journal.save_snapshot(take_snapshot(sequencer.exchange, sequencer.last_seq))

    entries = {}
    for record in journal.read():
        for seq, entry in enumerate(record.entries, record.first_seq):
            entries[seq] = (record.time_ns, entry)
    for applied in told:
        assert entries[applied.seq] == (applied.time_ns, written(applied.command, packs=packs))
    assert sorted(entries) == list(range(1, journal.last_seq + 1))
    times = [entries[seq][0] for seq in sorted(entries)]
    assert times == sorted(times)

    recovered, after_snapshot = recover(journal)
    _, from_the_first = replay(journal)
    assert after_snapshot.state_hash == from_the_first.state_hash
    assert recovered.money("BTC").is_conserved


@settings(deadline=None, max_examples=60)
@given(st.lists(COMMANDS, max_size=30))
def test_a_replay_gives_the_very_same_events(commands: list[Command]) -> None:
    journal = MemoryJournal()
    sequencer = Sequencer(Exchange(), last_seq=0, last_time_ns=0)
    for command in [*START, *commands]:
        sequencer.submit(None, command)
    told = carry_out(sequencer, journal, 1_000, steps=1_000)

    again = Exchange()
    for applied in told:
        assert again.apply(applied.seq, applied.time_ns, applied.command) == applied.events
    assert again.state_hash() == sequencer.exchange.state_hash()


BURST = """
import asyncio, random, sys
from pathlib import Path
from strikewire.exchange import Deposit, OpenAccount
from strikewire.journal import SqliteJournal
from strikewire.model import AccountId, Units
from strikewire.sequencer import Sequencer, SequencerService, SnapshotPolicy, recover


async def burst(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    journal = SqliteJournal.open(path)
    exchange, report = recover(journal)
    sequencer = Sequencer(exchange, last_seq=report.last_seq, last_time_ns=report.last_time_ns)
    service = SequencerService(
        sequencer,
        journal,
        clock=lambda: 1_000,
        snapshots=SnapshotPolicy(every_commands=50),
        snapshot_seq=report.snapshot_seq,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run())
        await service.execute(OpenAccount(AccountId(1), "alice"))
        while True:
            amount = dice.randint(1, 9)
            service.submit(
                Deposit(AccountId(1), "BTC", Units(amount)),
                lambda applied: print(applied.seq, applied.command.amount, flush=True),
            )
            if service.queued > dice.randint(0, 20):
                await asyncio.sleep(0)


asyncio.run(burst(Path(sys.argv[1]), int(sys.argv[2])))
"""


@pytest.mark.parametrize(
    ("seed", "acknowledgements"), [(1, 1), (2, 60), (3, 137), (4, 251), (5, 400)]
)
def test_a_killed_process_keeps_every_command_that_it_acknowledged(
    tmp_path: Path, seed: int, acknowledgements: int
) -> None:
    path = tmp_path / "journal.db"
    acknowledged: dict[int, int] = {}

    with subprocess.Popen(
        [sys.executable, "-c", BURST, str(path), str(seed)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith("\n"):
                break  # killed in the middle of it
            seq, amount = map(int, line.split())
            acknowledged[seq] = amount
            if len(acknowledged) == acknowledgements:
                process.send_signal(signal.SIGKILL)

    journal = SqliteJournal.open(path)
    exchange, recovered = recover(journal)
    _, replayed = replay(journal)
    entries = [entry for record in journal.read() for entry in record.entries]
    journal.close()
    assert len(acknowledged) >= acknowledgements
    assert recovered.state_hash == replayed.state_hash
    assert all(
        entries[seq - 1] == encode(Deposit(AccountId(1), "BTC", Units(amount)))
        for seq, amount in acknowledged.items()
    )
    summary = exchange.summary(AccountId(1), "BTC")
    assert summary is not None
    assert summary.balance >= sum(acknowledged.values())
