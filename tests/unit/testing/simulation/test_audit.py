import pytest

from strikewire.exchange import Exchange, OpenAccount, encode
from strikewire.exchange.state.records import Fills
from strikewire.exchange.state.state import FILLS_MAX
from strikewire.journal import MemoryJournal, Snapshot
from strikewire.sequencer import recover, take_snapshot
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from strikewire.testing.simulation.audit import audit, audit_replay, audit_snapshots
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import Disk, DiskJournal
from strikewire.testing.simulation.violations import Violation


def traded() -> TradingFloor:
    floor = TradingFloor.at(100_000)
    floor.sell(ALICE, 5, 100_000)
    floor.buy(BOB, 3, 100_000)
    return floor


def test_an_exchange_adds_up_after_trading() -> None:
    audit(traded().exchange)


def test_a_fee_that_was_given_back_is_found() -> None:
    exchange = traded().exchange
    exchange._state.accounts[BOB].ledger("USDC").balance += 1

    with pytest.raises(Violation, match="money is conserved"):
        audit(exchange)


def test_a_fee_that_was_counted_twice_is_found() -> None:
    exchange = traded().exchange
    exchange._state.accounts[BOB].ledger("USDC").fees_paid += 1

    with pytest.raises(Violation, match="a fee is booked once"):
        audit(exchange)


def test_a_fill_that_moved_no_position_is_found() -> None:
    exchange = traded().exchange
    account = exchange._state.accounts[BOB]
    *kept, _ = account.fills
    account.fills = Fills(FILLS_MAX)
    account.fills.extend(kept)

    with pytest.raises(Violation, match="a position is the sum of its fills"):
        audit(exchange)


def test_a_journal_must_give_the_live_state() -> None:
    journal = MemoryJournal()
    exchange = Exchange()

    command = OpenAccount(ALICE, "alice")
    journal.append(1, 5, [encode(command)])
    exchange.apply(1, 5, command)
    audit_replay(exchange, journal)

    exchange.apply(2, 5, OpenAccount(BOB, "bob"))
    with pytest.raises(Violation, match="a replay reaches the state of the live venue"):
        audit_replay(exchange, journal)


def kept_on(disk: Disk) -> tuple[DiskJournal, Exchange]:
    journal, exchange = DiskJournal(disk), Exchange()
    command = OpenAccount(ALICE, "alice")
    journal.append(1, 5, [encode(command)])
    exchange.apply(1, 5, command)
    return journal, exchange


def test_a_snapshot_that_a_crash_has_damaged_is_not_held_against_the_venue() -> None:
    disk = Disk(Dice("damaged"))
    journal, exchange = kept_on(disk)
    journal.save_snapshot(take_snapshot(exchange, 1))
    disk.cut_power(rots=True)

    _, report = recover(journal)

    assert len(report.skipped_snapshots) == 1
    audit_snapshots(journal, report)


def test_a_whole_snapshot_of_another_state_is_found_though_the_start_goes_well_without_it() -> None:
    journal, exchange = kept_on(Disk(Dice("whole")))
    journal.save_snapshot(Snapshot(1, exchange.state_hash(), Exchange().snapshot()))

    again, report = recover(journal)

    assert again.state_hash() == exchange.state_hash()
    with pytest.raises(Violation, match="a snapshot holds the state it was taken of"):
        audit_snapshots(journal, report)
