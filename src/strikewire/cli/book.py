"""`strikewire book`: an instrument's order book, once or live."""

import asyncio
from typing import TYPE_CHECKING

import click

from strikewire.cli.connecting import Target, client_options, target
from strikewire.cli.errors import explained
from strikewire.cli.output import json_option, print_json, print_table, stdout_console

if TYPE_CHECKING:
    from rich.table import Table

    from strikewire.client import BookView

BAR_WIDTH = 20


@click.command(name="book")
@click.argument("instrument")
@click.option(
    "--depth",
    type=click.IntRange(1, 1_000),
    default=10,
    show_default=True,
    help="Levels on each side.",
)
@click.option("--follow", is_flag=True, help="Keep it up to date until Ctrl-C.")
@json_option
@client_options
def command(*, instrument: str, depth: int, follow: bool, as_json: bool, **options: str) -> None:
    """Show an instrument's order book: asks above, bids below, amounts added up from the middle.

    With --follow the book is kept up to date, checked link by link, and shaded while it is
    stale. With --json every state is one line.
    """
    from strikewire.cli.running import run

    with explained():
        venue = target(options)
        if follow:
            run(lambda stopped: _follow(venue, instrument, depth, stopped, as_json=as_json))
        else:
            view = run(lambda _stopped: _once(venue, instrument, depth))
            _show(view, as_json=as_json)


async def _once(venue: Target, instrument: str, depth: int) -> "BookView":
    from strikewire.client import BookView

    async with venue.connect() as client:
        book = await client.get_order_book(instrument_name=instrument, depth=depth)
    return BookView(
        instrument_name=book.instrument_name,
        change_id=book.change_id,
        timestamp_ms=book.timestamp,
        bids=tuple(book.bids),
        asks=tuple(book.asks),
        is_stale=False,
    )


async def _follow(
    venue: Target, instrument: str, depth: int, stopped: asyncio.Event, *, as_json: bool
) -> None:
    from rich.live import Live

    from strikewire.venue.crew import crew

    async with venue.connect() as client, crew() as tasks:
        # An unknown instrument is an error here; as a channel it would only be left out.
        await client.get_instrument(instrument_name=instrument)
        with Live(console=stdout_console(), auto_refresh=False, screen=False) as live:

            async def show() -> None:
                async for view in client.book(instrument, levels=depth):
                    if as_json:
                        print_json(view)
                    else:
                        live.update(ladder(view), refresh=True)

            tasks.start(show(), "book")
            await stopped.wait()


def _show(view: "BookView", *, as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        print_table(ladder(view))


def ladder(view: "BookView") -> "Table":
    """Return a book as a table, the best prices in its middle."""
    from rich.table import Table

    caption = f"change {view.change_id}" + ("  STALE" if view.is_stale else "")
    table = Table(title=view.instrument_name, caption=caption, style="dim")
    for name in ("price", "amount", "total"):
        table.add_column(name, justify="right")
    table.add_column("", min_width=BAR_WIDTH)
    asks, bids = _totals(view.asks), _totals(view.bids)
    deepest = max((total for *_, total in asks + bids), default=1.0)
    for price, amount, total in reversed(asks):
        table.add_row(f"{price:,g}", f"{amount:,g}", f"{total:,g}", _bar(total, deepest, "red"))
    table.add_row("", "", _spread(view), "", style="bold", end_section=False)
    for price, amount, total in bids:
        table.add_row(f"{price:,g}", f"{amount:,g}", f"{total:,g}", _bar(total, deepest, "green"))
    return table


def _totals(levels: tuple[tuple[float, float], ...]) -> list[tuple[float, float, float]]:
    total = 0.0
    rows = []
    for price, amount in levels:
        total += amount
        rows.append((price, amount, round(total, 8)))
    return rows


def _spread(view: "BookView") -> str:
    if not view.bids or not view.asks:
        return "one side is empty" if view.bids or view.asks else "empty"
    return f"spread {round(view.asks[0][0] - view.bids[0][0], 8):g}"


def _bar(total: float, deepest: float, colour: str) -> str:
    return f"[{colour}]{'█' * max(1, round(BAR_WIDTH * total / deepest))}[/]"
