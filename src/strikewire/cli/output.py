"""How results reach standard output, and everything else standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one value a line.")


def print_json(value: object) -> None:
    """Print one JSON value on one line, at once."""
    click.echo(msgspec.json.encode(value, enc_hook=str))
    sys.stdout.flush()


def print_table(renderable: "RenderableType", *, svg: str = "") -> None:
    """Print a rich table, and write it as a picture to the file `svg` where one is named."""
    console = stdout_console(is_recorded=bool(svg))
    console.print(renderable)
    if svg:
        console.save_svg(svg, title="strikewire")


def stdout_console(*, is_recorded: bool = False) -> "Console":
    """Return the console that results go to."""
    from rich.console import Console

    # A picture is as wide as its table; a terminal as it is.
    return Console(record=is_recorded, width=132 if is_recorded else None, highlight=False)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error while something long runs; nothing where it is no terminal.

    Yields:
        A function to be told what is done and what there is to do.
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told
