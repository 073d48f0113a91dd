"""`strikewire watch`: what channels say, as it happens."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from strikewire.cli.connecting import Target, client_options, target
from strikewire.cli.errors import explained
from strikewire.cli.output import json_option

if TYPE_CHECKING:
    from strikewire.client import Client, Note

NOTES_MAX = 10_000
"""Notes that wait to be printed; when more come the oldest are dropped, and that is told."""


@click.command(name="watch")
@click.argument("channels", nargs=-1, required=True, metavar="CHANNEL...")
@click.option("--count", type=click.IntRange(min=1), help="End after so many notes.")
@json_option
@client_options
def command(*, channels: tuple[str, ...], count: int | None, as_json: bool, **options: str) -> None:
    """Print what channels say, as it happens.

    For example `strikewire watch trades.BTC-PERPETUAL.100ms ticker.BTC-PERPETUAL.100ms`; private
    channels (user.orders.any.any.raw) and raw ones need a key. With --json each note is one line
    {"channel": ..., "data": ...}. The connection is kept up: when it breaks, it is made anew,
    and standard error says so.
    """
    from strikewire.cli.running import run

    with explained():
        venue = target(options)
        run(lambda stopped: _watch(venue, channels, count, stopped, as_json=as_json))


async def _watch(
    venue: Target,
    channels: tuple[str, ...],
    count: int | None,
    stopped: asyncio.Event,
    *,
    as_json: bool,
) -> None:
    from strikewire.venue.crew import crew

    async with venue.connect() as client, crew() as tasks:
        tasks.start(_tell_events(client), "events")
        tasks.start(_print_notes(client, channels, count, stopped, as_json=as_json), "notes")
        await stopped.wait()


async def _print_notes(
    client: "Client",
    channels: tuple[str, ...],
    count: int | None,
    stopped: asyncio.Event,
    *,
    as_json: bool,
) -> None:
    from strikewire.client import Loss

    printed = 0
    async with client.subscribe(*channels, loss=Loss.OLDEST, capacity=NOTES_MAX) as notes:
        async for note in notes:
            _print(note, as_json=as_json)
            printed += 1
            if printed == count:
                stopped.set()
                return


async def _tell_events(client: "Client") -> None:
    from strikewire.client import Connected, Disconnected, Lost

    async for event in client.events():
        match event:
            case Connected():
                click.echo("connected again", err=True)
            case Disconnected(reason, retry_ms):
                again = f"; again in {retry_ms} ms" if retry_ms is not None else ""
                click.echo(f"disconnected: {reason}{again}", err=True)
            case Lost(_, lost):
                click.echo(f"too slow: {lost} notes were not printed", err=True)
            case _:
                pass


def _print(note: "Note", *, as_json: bool) -> None:
    if as_json:
        channel = note.channel.replace('"', "")
        click.echo(b'{"channel":"%b","data":%b}' % (channel.encode(), bytes(note.raw)))
        return
    time = datetime.fromtimestamp(note.received_ns / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3]
    click.echo(f"{time}  {note.channel}  {summary(note.channel, note.data)}")


def summary(channel: str, data: Any) -> str:  # noqa: ANN401 - whatever JSON a channel carries
    """Return one line of words for one note: the figures a person looks for first."""
    kind = channel.partition(".")[0]
    if kind == "trades" or channel.startswith("user.trades."):
        return "; ".join(f"{t['direction']} {t['amount']:g} at {t['price']:g}" for t in data)
    if kind == "book" and "change_id" in data:
        return (
            f"{data.get('type', 'view')} {data['change_id']}: "
            f"{len(data['bids'])} bids, {len(data['asks'])} asks"
        )
    if kind in ("ticker", "quote"):
        return _prices(data)
    if channel.startswith("user.orders."):
        orders = data if isinstance(data, list) else [data]
        return "; ".join(_order(order) for order in orders)
    if isinstance(data, Mapping):
        return " ".join(f"{name}={value}" for name, value in data.items())
    return str(data)


def _prices(data: Mapping[str, Any]) -> str:
    parts = [
        f"bid {data['best_bid_price']:g} x {data['best_bid_amount']:g}",
        f"ask {data['best_ask_price']:g} x {data['best_ask_amount']:g}",
    ]
    parts += [f"{name} {data[f'{name}_price']:g}" for name in ("mark",) if f"{name}_price" in data]
    if "mark_iv" in data:
        parts.append(f"iv {data['mark_iv']:g} %")
    if "greeks" in data:
        parts.append(f"delta {data['greeks']['delta']:g}")
    return "  ".join(parts)


def _order(order: Mapping[str, Any]) -> str:
    return (
        f"{order['order_id']} {order['direction']} {order['filled_amount']:g}/{order['amount']:g} "
        f"{order['instrument_name']} at {order['price']} {order['order_state']}"
    )
