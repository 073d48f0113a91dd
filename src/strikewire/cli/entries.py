"""`strikewire journal dump`, `diff` and `replay`: what is in a journal, entry by entry."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec
from msgspec import Struct

from strikewire.cli.errors import FAILED, StorageCommandError, explained
from strikewire.cli.output import json_option, print_json

if TYPE_CHECKING:
    from strikewire.exchange import Command, Event
    from strikewire.journal import SqliteJournal

from_option = click.option(
    "--from", "first", type=click.IntRange(1), default=1, help="First entry; 1 if left out."
)
to_option = click.option(
    "--to", "last", type=click.IntRange(1), default=None, help="Last entry; the last of all."
)
place_argument = click.argument("place", type=click.Path(path_type=Path))


class Entry(NamedTuple):
    """One command as the journal has it."""

    seq: int
    time_ns: int
    content: bytes


class State(Struct, frozen=True, kw_only=True):
    """What a replay led to.

    Attributes:
        last_seq: The last entry that was carried out.
        last_time_ns: Its time, nanoseconds since the Unix epoch.
        state_hash: Hash of the state, in hexadecimal digits.
        accounts: How many there are.
        instruments: How many were ever listed.
        open_orders: How many wait in all books.
        money: What the two counts of each currency differ by.
    """

    last_seq: int
    last_time_ns: int
    state_hash: str
    accounts: int
    instruments: int
    open_orders: int
    money: dict[str, int]


@click.command(name="dump")
@place_argument
@from_option
@to_option
@json_option
def dump(*, place: Path, first: int, last: int | None, as_json: bool) -> None:
    """Print the commands of a journal, one a line.

    PLACE is a data directory or the journal's file, of a venue that is not running.
    """
    with reading(place) as journal:
        for entry in entries(journal, first, last):
            command = decoded(entry)
            if as_json:
                print_json({"seq": entry.seq, "time_ns": entry.time_ns, **plain(command)})
            else:
                click.echo(f"{entry.seq}  {moment(entry.time_ns)}  {line(command)}")


@click.command(name="diff")
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@json_option
def diff(*, one: Path, other: Path, as_json: bool) -> None:
    """Find the first entry in which two journals differ; exit with 1 if there is one.

    ONE and OTHER are data directories or files of journals. Where one of them only goes on when the
    other has ended, that is the difference. How entries were grouped into commits is none.
    """
    with reading(one) as left, reading(other) as right:
        same = 0
        for ours, theirs in zip_longest(entries(left), entries(right)):
            if ours != theirs:
                _tell_difference(same + 1, ours, theirs, as_json=as_json)
                raise SystemExit(FAILED)
            same += 1
    if as_json:
        print_json({"equal": True, "last_seq": same})
    else:
        click.echo(f"the same {same} entries")


@click.command(name="replay")
@place_argument
@to_option
@click.option("--events", is_flag=True, help="Print every event on the way, as JSON.")
@json_option
def replay(*, place: Path, last: int | None, events: bool, as_json: bool) -> None:
    """Carry out a journal again, up to an entry, and print the state that it leads to.

    PLACE is a data directory or the journal's file, of a venue that is not running; nothing in it
    is changed.
    """
    from strikewire.exchange import Exchange
    from strikewire.venue.selfcheck import count_money

    exchange, reached = Exchange(), Entry(0, 0, b"")
    with reading(place) as journal:
        for entry in entries(journal, 1, last):
            reached = entry
            for event in exchange.apply(entry.seq, entry.time_ns, decoded(entry)):
                if events:
                    print_json({"seq": entry.seq, "time_ns": entry.time_ns, **plain(event)})
    state = State(
        last_seq=reached.seq,
        last_time_ns=reached.time_ns,
        state_hash=exchange.state_hash().hex(),
        accounts=len(exchange.accounts),
        instruments=len(exchange.instruments),
        open_orders=sum(
            len(exchange.open_orders(account.account_id)) for account in exchange.accounts
        ),
        money=count_money(exchange),
    )
    if as_json or events:
        print_json(state)
    else:
        for name, value in msgspec.structs.asdict(state).items():
            click.echo(f"{name.replace('_', ' '):<14}{value}")


@contextmanager
def reading(place: Path) -> Iterator["SqliteJournal"]:
    """Open the journal of a data directory, or a journal's file, for reading only."""
    from strikewire.journal import SqliteJournal
    from strikewire.venue.datadir import DataDir

    file = DataDir(place).journal if place.is_dir() else place
    with explained():
        journal = SqliteJournal.open(file, read_only=True)
        try:
            yield journal
        finally:
            journal.close()


def entries(journal: "SqliteJournal", first: int = 1, last: int | None = None) -> Iterator[Entry]:
    """Yield a journal's entries from `first` to `last`, both included."""
    for record in journal.read(first):
        for seq, content in enumerate(record.entries, record.first_seq):
            if last is not None and seq > last:
                return
            if seq >= first:
                yield Entry(seq, record.time_ns, content)


def decoded(entry: Entry) -> "Command":
    """Return the command of an entry.

    Raises:
        StorageCommandError: It is none of this version.
    """
    from strikewire.exchange.packed import command_of

    try:
        return command_of(entry.content)
    except (msgspec.DecodeError, ValueError) as error:
        raise StorageCommandError(
            f"entry {entry.seq} is no command of this version: {error}"
        ) from error


def plain(message: "Command | Event") -> dict[str, Any]:
    """Return a command or an event as names and values that JSON knows, its kind first."""
    return {"kind": type(message).__name__, **_plain(message)}


def line(command: "Command") -> str:
    """Return a command as one line: its kind, and what is not as it usually is."""
    told = [type(command).__name__]
    for field in msgspec.structs.fields(command):
        value = getattr(command, field.name)
        if field.default is msgspec.NODEFAULT or value != field.default:
            told.append(f"{field.name}={msgspec.json.encode(_plain(value), enc_hook=str).decode()}")
    return " ".join(told)


def moment(time_ns: int) -> str:
    """Return a time as people write it, to the microsecond, in UTC."""
    seconds, rest = divmod(time_ns, 10**9)
    whole = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a message
    """Return a value with structs as objects and bytes as hexadecimal digits."""
    if isinstance(value, msgspec.Struct):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
        }
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value.hex() if isinstance(value, bytes) else value


def _tell_difference(seq: int, ours: Entry | None, theirs: Entry | None, *, as_json: bool) -> None:
    sides = [None if entry is None else _told(entry) for entry in (ours, theirs)]
    if as_json:
        print_json({"equal": False, "seq": seq, "one": sides[0], "other": sides[1]})
        return
    click.echo(f"entry {seq} differs")
    for name, entry in (("one", ours), ("other", theirs)):
        shown = "ends before it" if entry is None else f"{moment(entry.time_ns)}  "
        click.echo(f"{name:<7}{shown}{line(decoded(entry)) if entry is not None else ''}")


def _told(entry: Entry) -> dict[str, Any]:
    return {"time_ns": entry.time_ns, **plain(decoded(entry))}
