"""The options of every command that is a client of a venue, and the connection they make."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from msgspec import Struct

if TYPE_CHECKING:
    from strikewire.client import Client

DEFAULT_URL: Final = "ws://127.0.0.1:8080/ws/api/v2"

Command = TypeVar("Command", bound=Callable[..., Any])


class Target(Struct, frozen=True):
    """Which venue, and as whom."""

    url: str
    client_id: str
    client_secret: str
    ca_file: str

    def connect(self, *, patient: bool = False) -> AbstractAsyncContextManager["Client"]:
        """Connect; see `strikewire.client.connect`."""
        from strikewire.client import connect

        return connect(
            self.url, self.client_id, self.client_secret, ca_file=self.ca_file, patient=patient
        )


def client_options(command: Command) -> Command:
    """Add --url, --client-id, --client-secret and --ca-file; read them with `target`."""
    for option in (
        click.option(
            "--ca-file",
            envvar="STRIKEWIRE_CA_FILE",
            default="",
            help="Authority to trust, for wss:// addresses (PEM).  [env: STRIKEWIRE_CA_FILE]",
        ),
        click.option(
            "--client-secret",
            envvar="STRIKEWIRE_CLIENT_SECRET",
            default="",
            help="Secret of the key.  [env: STRIKEWIRE_CLIENT_SECRET]",
        ),
        click.option(
            "--client-id",
            envvar="STRIKEWIRE_CLIENT_ID",
            default="",
            help="API key, for private channels.  [env: STRIKEWIRE_CLIENT_ID]",
        ),
        click.option(
            "--url",
            envvar="STRIKEWIRE_URL",
            default=DEFAULT_URL,
            show_default=True,
            help="WebSocket address of the venue.  [env: STRIKEWIRE_URL]",
        ),
    ):
        command = option(command)
    return command


def target(options: dict[str, str]) -> Target:
    """Return what the options of `client_options` name."""
    if bool(options["client_id"]) != bool(options["client_secret"]):
        raise click.UsageError("--client-id and --client-secret belong together")
    return Target(**options)
