"""Every client command names its venue the same way."""

import click
import pytest
from click.testing import CliRunner, Result

from strikewire.cli.connecting import DEFAULT_URL, Target, client_options, target


@click.command()
@client_options
def show(**options: str) -> None:
    chosen = target(options)
    click.echo(f"{chosen.url} {chosen.client_id} {chosen.client_secret} {chosen.ca_file}".strip())


def invoke(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(show, arguments)


def test_without_options_it_is_the_venue_on_this_machine() -> None:
    assert invoke().output == f"{DEFAULT_URL}\n"


def test_flags_beat_variables() -> None:
    variables = {
        "STRIKEWIRE_URL": "ws://env",
        "STRIKEWIRE_CLIENT_ID": "i",
        "STRIKEWIRE_CLIENT_SECRET": "s",
        "STRIKEWIRE_CA_FILE": "ca",
    }

    assert invoke(**variables).output == "ws://env i s ca\n"
    assert invoke("--url", "ws://flag", **variables).output == "ws://flag i s ca\n"


def test_half_a_key_is_a_usage_error() -> None:
    result = invoke("--client-id", "i")

    assert result.exit_code == 2
    assert "belong together" in result.output


async def test_a_target_connects_or_says_why_not() -> None:
    from strikewire.client import ConnectError

    with pytest.raises(ConnectError, match=r"ws://127\.0\.0\.1:1/"):
        async with Target("ws://127.0.0.1:1/", "", "", "").connect():
            pass
