"""Whether what the venue knows adds up: money, positions, fills and the journal."""

from typing import Final

from strikewire.exchange import Exchange
from strikewire.journal import Journal
from strikewire.model import CURRENCIES, AccountId, InstrumentId
from strikewire.sequencer import RecoveryReport, recover, replay
from strikewire.testing.simulation.disk import DiskJournal
from strikewire.testing.simulation.violations import Violation, check

RULE_MONEY: Final = "money is conserved"
RULE_REPLAY: Final = "a replay reaches the state of the live venue"


def audit(exchange: Exchange) -> None:
    """Check that every unit, lot and fee is accounted for.

    Raises:
        Violation: It is not.
    """
    for currency in CURRENCIES:
        money = exchange.money(currency)
        check(money.is_conserved, RULE_MONEY, money)
    sizes: dict[InstrumentId, int] = {}
    for account in exchange.accounts:
        for position in exchange.positions(account.account_id):
            known = sizes.get(position.instrument_id, 0)
            sizes[position.instrument_id] = known + position.size
        _audit_fills(exchange, account.account_id)
    check(not any(sizes.values()), "positions sum to zero", sizes)


def _audit_fills(exchange: Exchange, account_id: AccountId) -> None:
    """Check an account's positions and fees against its fills, one by one."""
    sizes: dict[InstrumentId, int] = {}
    fees = dict.fromkeys(CURRENCIES, 0)
    for fill in exchange.fills(account_id):
        for side in (fill.maker, fill.taker):
            if side.account_id == account_id:
                before = sizes.get(fill.instrument_id, 0)
                sizes[fill.instrument_id] = before + side.side * fill.amount
                fees[side.fee_currency] += side.fee
    held = {view.instrument_id: view.size for view in exchange.positions(account_id)}
    traded = {instrument_id: size for instrument_id, size in sizes.items() if size}
    if held != traded:
        raise Violation("a position is the sum of its fills", f"{held} against {traded}")
    for currency, fee in fees.items():
        summary = exchange.summary(account_id, currency)
        paid = summary.fees_paid if summary else 0
        if paid != fee:
            raise Violation("a fee is booked once", f"{paid} against {fee} {currency}")


def audit_replay(exchange: Exchange, journal: Journal) -> RecoveryReport:
    """Check that the journal, from its first entry, gives the live state.

    Raises:
        Violation: It does not.
    """
    return _compare(exchange, *replay(journal))


def audit_recovery(exchange: Exchange, journal: Journal) -> RecoveryReport:
    """Check that a start from the latest sound snapshot gives the live state.

    Raises:
        Violation: It does not.
    """
    return _compare(exchange, *recover(journal))


def audit_snapshots(journal: DiskJournal, report: RecoveryReport) -> None:
    """Check that a start or a replay used every snapshot that the disk had not damaged.

    The venue would start without it, from more of the journal, and nothing else would tell.

    Args:
        journal: Opened for that start or replay, and read by nobody else.
        report: Of it.

    Raises:
        Violation: One of them does not hold the state that it was taken of.
    """
    skipped = report.skipped_snapshots
    check(len(skipped) == journal.damaged, "a snapshot holds the state it was taken of", skipped)


def _compare(exchange: Exchange, again: Exchange, report: RecoveryReport) -> RecoveryReport:
    live_hash = exchange.state_hash()
    for account in exchange.accounts:
        live = exchange.open_orders(account.account_id)
        told = again.open_orders(account.account_id)
        if live != told:
            raise Violation(RULE_REPLAY, f"open orders: {live} against {told}")
    found = report.state_hash
    check(found == live_hash, RULE_REPLAY, f"{live_hash.hex()} against {found.hex()}")
    return report
