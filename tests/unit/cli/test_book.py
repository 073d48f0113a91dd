"""A book is drawn as a ladder, the best prices in its middle."""

from io import StringIO

import pytest
from rich.console import Console

from strikewire.cli.book import _show, ladder
from strikewire.client import BookView


def view(**changes: object) -> BookView:
    fields: dict[str, object] = {
        "instrument_name": "BTC-PERPETUAL",
        "change_id": 7,
        "timestamp_ms": 1,
        "bids": ((99.5, 30.0), (99.0, 10.0)),
        "asks": ((100.0, 5.0), (100.5, 20.0)),
        "is_stale": False,
    }
    return BookView(**(fields | changes))  # type: ignore[arg-type] # fields by name


def drawn(book: BookView) -> list[str]:
    drawing = StringIO()
    Console(width=70, file=drawing).print(ladder(book))
    lines = drawing.getvalue().splitlines()
    return [" ".join(line.replace("│", " ").split()) for line in lines]


def test_amounts_add_up_from_the_middle() -> None:
    lines = drawn(view())

    rows = [line for line in lines if line[:1].isdigit() or line.startswith("spread")]
    assert rows == [
        "100.5 20 25 ████████████",
        "100 5 5 ██",
        "spread 0.5",
        "99.5 30 30 ███████████████",
        "99 10 40 ████████████████████",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bids": ()}, "one side is empty"),
        ({"bids": (), "asks": ()}, "empty"),
        ({"is_stale": True}, "change 7 STALE"),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, object], words: str) -> None:
    assert words in drawn(view(**changes))


def test_json_is_the_view_itself(capsys: pytest.CaptureFixture[str]) -> None:
    _show(view(), as_json=True)

    assert capsys.readouterr().out.startswith('{"instrument_name":"BTC-PERPETUAL","change_id":7,')


def test_a_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    _show(view(), as_json=False)

    assert "spread 0.5" in capsys.readouterr().out
