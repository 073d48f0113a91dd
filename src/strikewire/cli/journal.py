"""`strikewire journal verify`: prove that a journal leads to the state that is said to follow."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from strikewire.cli.entries import diff, dump, place_argument, reading, replay
from strikewire.cli.errors import FAILED
from strikewire.cli.output import json_option, print_json, progress

if TYPE_CHECKING:
    from strikewire.exchange import Exchange
    from strikewire.sequencer import RecoveryReport


class Proof(Struct, frozen=True, kw_only=True):
    """What a full replay found.

    Attributes:
        journal: The file.
        last_seq: Number of its last entry.
        last_time_ns: Its time, nanoseconds since the Unix epoch.
        state_hash: Hash of the state it leads to, in hexadecimal digits.
        hashes: How many hashes in the journal are those of the states that were reached there.
        snapshots: Entries whose snapshot holds the state that was reached there.
        unusable_snapshots: Snapshots that could not be read, and why; the entries do without.
        money: What the two counts of each currency differ by.
        is_sound: Whether all money is there.
    """

    journal: str
    last_seq: int
    last_time_ns: int
    state_hash: str
    hashes: int
    snapshots: tuple[int, ...]
    unusable_snapshots: tuple[str, ...]
    money: dict[str, int]
    is_sound: bool


@click.group(name="journal")
def command() -> None:
    """Read a journal, compare it, replay it, prove it."""


command.add_command(dump)
command.add_command(diff)
command.add_command(replay)


@command.command(name="verify")
@place_argument
@json_option
def verify(*, place: Path, as_json: bool) -> None:
    """Replay a journal from its first entry; nothing is changed.

    PLACE is a data directory or the journal's file, of a venue that is not running. Every seal is
    checked, every command carried out again, every snapshot compared with the state reached at
    its entry, and all money counted from both ends.
    """
    from strikewire.sequencer import replay as carry_out

    with reading(place) as journal, progress("replaying the journal") as told:
        exchange, report = carry_out(journal, progress=told)
    proof = _proof(journal.path, exchange, report)
    if as_json:
        print_json(proof)
    else:
        _tell(proof)
    if not proof.is_sound:
        raise SystemExit(FAILED)


def _proof(file: Path, exchange: "Exchange", report: "RecoveryReport") -> Proof:
    from strikewire.venue.selfcheck import count_money

    money = count_money(exchange)
    return Proof(
        journal=str(file),
        last_seq=report.last_seq,
        last_time_ns=report.last_time_ns,
        state_hash=report.state_hash.hex(),
        hashes=report.matching_hashes,
        snapshots=report.matching_snapshots,
        unusable_snapshots=report.skipped_snapshots,
        money=money,
        is_sound=not any(money.values()),
    )


def _tell(proof: Proof) -> None:
    snapshots = ", ".join(map(str, proof.snapshots)) or "none"
    money = ", ".join(
        f"{name} {'all there' if not difference else f'off by {difference}'}"
        for name, difference in proof.money.items()
    )
    lines = [
        f"journal     {proof.journal}",
        f"last entry  {proof.last_seq}",
        f"state hash  {proof.state_hash}",
        f"hashes      {proof.hashes} on the way equal the state that was reached there",
        f"snapshots   {snapshots} equal the state at their entry",
        *(f"not usable  {reason}" for reason in proof.unusable_snapshots),
        f"money       {money}",
    ]
    click.echo("\n".join(lines))
