"""Every documented error becomes one line and a code of its own."""

from pathlib import Path

import click
import pytest

from strikewire.cli.errors import EXIT_CODES, CommandError, explained
from strikewire.client import ConnectError
from strikewire.feeds import RecordingError
from strikewire.journal import (
    JournalCorruptError,
    JournalLockedError,
    JournalVersionError,
    JournalWriteError,
)
from strikewire.venue.datadir import DataDirError
from strikewire.venue.demo import DemoError
from strikewire.venue.doors import AddressError
from strikewire.venue.settings import ConfigError
from strikewire.websocket import AddressInUseError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DemoError("the makers sleep"), 1),
        (ConfigError("server.port: no"), 3),
        (ConnectError(url="ws://x", reason="refused"), 4),
        (JournalLockedError(Path("journal.db")), 5),
        (JournalVersionError(Path("journal.db"), found=9, expected=1), 5),
        (JournalCorruptError(7, "its seal is wrong"), 5),
        (JournalWriteError("disk full"), 5),
        (RecordingError("cut"), 5),
        (DataDirError("/x: permission denied"), 5),
        (AddressInUseError("127.0.0.1", 8080), 6),
        (AddressError("cannot listen on 192.0.2.1:8080"), 6),
    ],
)
def test_an_error_keeps_its_words_and_gets_its_code(error: Exception, code: int) -> None:
    with pytest.raises(click.ClickException) as caught, explained():
        raise error

    assert caught.value.exit_code == code
    assert caught.value.message == str(error)
    assert code in EXIT_CODES


def test_what_is_not_documented_passes_through() -> None:
    with pytest.raises(KeyError), explained():
        raise KeyError("a fault of ours")


def test_a_command_error_of_its_own_is_a_failure() -> None:
    assert CommandError("no").exit_code == 1
