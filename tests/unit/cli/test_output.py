"""Results go to standard output, whole lines at a time."""

from decimal import Decimal
from pathlib import Path

import pytest
from rich.table import Table

from strikewire.cli.output import WIDTH, Bar, print_json, print_table, progress, stdout_console


def test_json_is_one_line_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, 2]})
    print_json({"b": Decimal("0.1"), "path": Path("/x")})

    assert capsys.readouterr().out == '{"a":[1,2]}\n{"b":"0.1","path":"/x"}\n'


def test_a_table_is_printed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("strike")
    table.add_row("60,000")

    print_table(table, svg=str(tmp_path / "table.svg"))

    assert "60,000" in capsys.readouterr().out
    assert (tmp_path / "table.svg").read_text().startswith("<svg")


def test_a_pipe_is_as_wide_as_a_table_needs() -> None:
    assert stdout_console().width == WIDTH


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_is_for_a_terminal_and_never_on_standard_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)

    with progress("replaying") as told:
        told(1, 2)
        told(2, 2)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("replaying" in captured.err) is is_terminal
    assert bool(captured.err) is is_terminal


def test_a_bar_that_was_told_nothing_never_appears(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("replaying"):
        pass
    Bar("replaying").stop()

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
