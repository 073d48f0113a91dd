"""Exit codes, and how an error becomes one line and one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

FAILED: Final = 1
CONFIGURATION: Final = 3
CONNECTION: Final = 4
STORAGE: Final = 5
ADDRESS: Final = 6

EXIT_CODES: Final = {
    0: "done, and all is well",
    FAILED: "a check failed, or the program did",
    2: "the command line cannot be understood",
    CONFIGURATION: "the configuration cannot be used",
    CONNECTION: "no connection, or the venue refused",
    STORAGE: "the data directory or its journal cannot be used",
    ADDRESS: "the address or port is taken, or not ours",
}
"""What the exit codes mean, as `strikewire --help` prints them."""


class CommandError(click.ClickException):
    """An error that a person can do something about: one line, and an exit code."""

    exit_code = FAILED


class ConfigurationCommandError(CommandError):
    """The configuration cannot be used."""

    exit_code = CONFIGURATION


class ConnectionCommandError(CommandError):
    """There is no connection, or the venue refused."""

    exit_code = CONNECTION


class StorageCommandError(CommandError):
    """The data directory or its journal cannot be used."""

    exit_code = STORAGE


class AddressCommandError(CommandError):
    """The address or port is taken, or not ours."""

    exit_code = ADDRESS


@contextmanager
def explained() -> Iterator[None]:
    """Turn the errors that rooms document into `CommandError`s; others pass through."""
    # Imported here: most commands need only some of these rooms.
    from strikewire.client import ClientError
    from strikewire.feeds import RecordingError
    from strikewire.journal import JournalError
    from strikewire.sequencer import StateMismatchError
    from strikewire.venue.datadir import DataDirError
    from strikewire.venue.demo import DemoError
    from strikewire.venue.doors import AddressError
    from strikewire.venue.settings import ConfigError
    from strikewire.websocket import AddressInUseError

    try:
        yield
    except ConfigError as error:
        raise ConfigurationCommandError(str(error)) from None
    except ClientError as error:
        raise ConnectionCommandError(str(error)) from None
    except (JournalError, DataDirError, RecordingError) as error:
        raise StorageCommandError(str(error)) from None
    except (AddressInUseError, AddressError) as error:
        raise AddressCommandError(str(error)) from None
    except (DemoError, StateMismatchError) as error:
        raise CommandError(str(error)) from None
