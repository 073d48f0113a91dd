"""`strikewire demo` as its users run it: a process of its own, in real time."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from strikewire.client import connect

SECONDS_MAX = 90
FIRST_TRADE = Path(__file__).resolve().parents[2] / "examples" / "first_trade.py"


def demo_command(*arguments: str) -> list[str]:
    # Every warning is an error, a task that was forgotten as well as a socket.
    return [
        sys.executable,
        *("-X", "dev", "-W", "error", "-W", "default:not compiled"),
        *("-m", "strikewire.cli", "demo", "--log-level", "info", *arguments),
    ]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start a demo, hand over the process and the line it printed, and end it in any case."""
    process = subprocess.Popen(
        demo_command("--json", "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS_MAX)


def test_a_self_check_of_a_few_seconds_finds_everything_well() -> None:
    done = subprocess.run(
        demo_command("--for", "5", "--port", "0"),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("All is well.\n")
    assert ", 0 gaps; " in done.stdout
    assert "BTC conserved, ETH conserved, USDC conserved" in done.stdout
    assert "replay to the same state" in done.stdout


def test_the_same_self_check_speaks_json_and_then_nothing_more() -> None:
    done = subprocess.run(
        demo_command("--for", "1", "--port", "0", "--json", "--makers", "off"),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert list(json.loads(line)) == ["http", "ws", "wss", "ca_file", "accounts"]
    assert "All is well." in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with running() as (process, _):
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS_MAX)

        assert process.returncode == 0
    assert out == ""
    # With every warning an error, nothing that was left behind stays silent.
    for word in ("Traceback", "Warning", "never retrieved", "was destroyed", "unclosed"):
        assert word not in err, err


def test_http_answers_on_both_ports_when_the_line_is_printed() -> None:
    with running("--makers", "off") as (process, address):
        trusted = ssl.create_default_context(cafile=address["ca_file"])
        secure = address["wss"].replace("wss://", "https://").removesuffix("/ws/api/v2")
        for base, context in ((address["http"], None), (secure, trusted)):
            url = f"{base}/api/v2/public/get_time"
            with urllib.request.urlopen(url, context=context) as answer:
                assert answer.status == 200
                assert json.load(answer)["result"] > 1_700_000_000_000
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)


async def test_accounts_are_funded_and_every_book_is_there_when_the_line_is_printed() -> None:
    with running() as (process, address):
        for key in address["accounts"]:
            async with connect(
                address["wss"],
                key["client_id"],
                key["client_secret"],
                ca_file=address["ca_file"],
            ) as client:
                summaries = (await client.get_account_summaries()).summaries
                balances = {one.currency: one.balance for one in summaries}
                assert balances == {"BTC": 100.0, "ETH": 1_000.0, "USDC": 1_000_000.0}
        async with connect(address["ws"]) as client:
            perpetual = await client.get_order_book(instrument_name="BTC-PERPETUAL")
            options = await client.get_book_summary_by_currency(currency="BTC", kind="option")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)

    assert perpetual.bids
    assert perpetual.asks
    quoted = [one for one in options if one.ask_price]
    assert len(quoted) == len(options) > 100


def test_the_first_trade_of_the_tutorial_works_as_printed(tmp_path: Path) -> None:
    with running() as (process, address):
        (tmp_path / "demo.json").write_text(json.dumps(address), encoding="utf-8")
        traded = subprocess.run(
            [sys.executable, str(FIRST_TRADE)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)

    assert traded.returncode == 0, traded.stderr
    first, last = traded.stdout.splitlines()[0], traded.stdout.splitlines()[-1]
    assert first.startswith("bought ")
    assert last.startswith("position 100 USD, delta 0.001")


async def test_without_makers_books_are_empty_and_marks_still_move() -> None:
    with running("--makers", "off") as (process, address):
        async with connect(address["ws"]) as client:
            books = [
                await client.get_order_book(instrument_name=name)
                for name in ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC")
            ]
            marks = set()
            async for note in client.subscribe("ticker.BTC-PERPETUAL.100ms"):
                data = note.data
                assert isinstance(data, dict)
                marks.add(data["mark_price"])
                if len(marks) == 3:
                    break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)

    assert all(book.bids == book.asks == [] for book in books)


def test_a_folder_keeps_accounts_and_journal_over_a_restart(tmp_path: Path) -> None:
    addresses = []
    for _ in range(2):
        with running("--data-dir", str(tmp_path), "--makers", "off") as (process, address):
            addresses.append(address)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SECONDS_MAX)
            assert process.returncode == 0

    assert addresses[0]["accounts"] == addresses[1]["accounts"]
    verified = subprocess.run(
        [sys.executable, "-m", "strikewire.cli", "journal", "verify", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert json.loads(verified.stdout)["is_sound"] is True


def test_a_taken_port_is_one_line_and_exit_code_6() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = subprocess.run(
            demo_command("--port", str(port), "--log-level", "warning"),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    assert done.returncode == 6
    assert done.stdout == ""
    assert done.stderr == f"Error: 127.0.0.1:{port} is taken by another program\n"
