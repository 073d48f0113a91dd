"""Carry out a trading day over a journal on the disk, from wherever the journal ends.

python -m tests.simulation.trading_day_process JOURNAL SEED COMMANDS

Prints how many commands are durable now and then, and what became of the day in the end, as JSON.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from strikewire.exchange import Exchange
from strikewire.journal import SqliteJournal
from strikewire.model import CURRENCIES, InstrumentId
from strikewire.sequencer import Applied, Limits, Sequencer, recover, take_snapshot
from strikewire.testing.trading_day import START_NS, Timed, TradingDay

GROUP = 64
"""Commands of one group commit: who gives them has not seen what the others of it did."""

CHECK_EVERY = 1_000
HASHES_MIN = 100
"""Hashes of the state that the journal is given at least; the state of a long day is large."""

SNAPSHOT_EVERY = 100_000


def main(path: Path, seed: int, commands: int) -> None:
    """Go on with the day to its end."""
    journal = SqliteJournal.open(path)
    exchange, recovered = recover(journal)
    sequencer = Sequencer(
        exchange,
        last_seq=recovered.last_seq,
        last_time_ns=recovered.last_time_ns,
        limits=Limits(commands_between_hashes=max(1_000, commands // HASHES_MIN)),
    )
    day = TradingDay(seed, commands=commands)
    rest = day.commands(exchange, max(recovered.last_time_ns, START_NS))
    stream = rest if recovered.last_seq else chain(day.opening(), rest)
    while carry_out(sequencer, journal, stream, day):
        if crossed(sequencer.last_seq, CHECK_EVERY):
            check(exchange)
            sys.stdout.write(f"{sequencer.last_seq}\n")
            sys.stdout.flush()
        if crossed(sequencer.last_seq, SNAPSHOT_EVERY):
            journal.save_snapshot(take_snapshot(exchange, sequencer.last_seq))
    check(exchange)
    journal.close()
    told = {
        "last_seq": sequencer.last_seq,
        "state_hash": exchange.state_hash().hex(),
        "settled": sum(not exchange.is_open(one) for one in exchange.instruments),
        "bankruptcies": sum(len(exchange.bankruptcies(name)) for name in CURRENCIES),
        "differences": {name: exchange.money(name).difference for name in CURRENCIES},
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


def carry_out(
    sequencer: Sequencer,
    journal: SqliteJournal,
    stream: Iterator[Timed],
    day: TradingDay,
) -> bool:
    """Make a group of commands durable, then carry them out; say whether there were any."""
    group = list(islice(stream, GROUP))
    for timed in group:
        sequencer.submit(None, timed.command)
    batch = sequencer.take_batch(group[-1].time_ns) if group else None
    if batch is None:
        return False
    journal.append(batch.first_seq, batch.time_ns, batch.entries)
    sequencer.committed(batch)
    while (applied := sequencer.apply_next()) is not None:
        assert isinstance(applied, Applied)
        day.learn(applied.events)
    return True


def crossed(seq: int, every: int) -> bool:
    """Say whether the last group went past a multiple."""
    return seq % every < GROUP


def check(exchange: Exchange) -> None:
    """Check what holds between any two commands."""
    for currency in CURRENCIES:
        assert exchange.money(currency).is_conserved, exchange.money(currency)
    sizes: Counter[InstrumentId] = Counter()
    for account in exchange.accounts:
        sizes.update(exchange.sizes(account.account_id))
    for instrument_id in exchange.instruments:
        assert sizes[instrument_id] == 0
        book = exchange.book(instrument_id)
        assert not (book.bids and book.asks) or book.bids[0][0] < book.asks[0][0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
