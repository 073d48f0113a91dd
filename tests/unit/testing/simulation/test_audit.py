import pytest

from strikewire.exchange import Exchange, OpenAccount, encode
from strikewire.exchange.state.records import Fills
from strikewire.exchange.state.state import FILLS_MAX
from strikewire.journal import MemoryJournal
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from strikewire.testing.simulation.audit import audit, audit_replay
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
