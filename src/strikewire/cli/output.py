"""How results reach standard output, and everything else standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

WIDTH = 112
"""Columns of a table that goes to a file, a pipe or a picture."""

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
    """Return the console that results go to: as wide as the terminal, or as wide as needed."""
    from rich.console import Console

    width = None if sys.stdout.isatty() and not is_recorded else WIDTH
    return Console(record=is_recorded, width=width, highlight=False)


class Bar:
    """A bar on standard error while something long runs; nothing where it is no terminal.

    It appears when it is first told something, and goes when all is done.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_seen = sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Take note of what is done and of what there is to do."""
        if not self._is_seen:
            return  # rich would leave an empty line there
        if self._progress is None:
            self._begin()
        assert self._progress is not None
        assert self._task is not None
        self._progress.update(self._task, completed=done, total=total)
        if done >= total:
            self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(self._title, total=None)
        self._progress.start()


@contextmanager
def progress(title: str) -> Iterator[Bar]:
    """Show a bar while the block runs and tells it how far it is."""
    bar = Bar(title)
    try:
        yield bar
    finally:
        bar.stop()
