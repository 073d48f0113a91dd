"""The venue is killed in the middle of a burst of orders; what it acknowledged is there after.

Time and again over one journal: orders are pipelined on several connections, the process is killed
with SIGKILL after a number of answers, and a new process must show every acknowledged order and
fill, nothing that was never sent, and a state that equals a replay from the first entry. Now and
then the latest snapshot is lost or has a wrong bit before that: an older one must do, with all that
the journal has behind it.
The client is raw JSON-RPC over the `websockets` library.
"""

import asyncio
import json
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

KILLS = 6
KILLS_FULL = 100
KILLS_OF_ONE = 25
"""Of one venue: an account can look up its last 20,000 orders, and we look for all."""

ORDERS_PER_CONNECTION = 120
CONNECTIONS = 4
STOP_SECONDS_MAX = 30
INSTRUMENT = "BTC-PERPETUAL"
CONFIG = """
[server]
port = 0
tls = false

[journal]
snapshot_every = 300

[instruments]
families = ["BTC"]
option_expiries = 1
option_strikes = 3

[[accounts]]
name = "alice"
client_id = "alice"
client_secret = "a-secret-of-alice"
deposits = { BTC = 1000 }

[[accounts]]
name = "bob"
client_id = "bob"
client_secret = "a-secret-of-bob"
deposits = { BTC = 1000 }
"""


@dataclass
class Told:
    """What the clients sent and what they were told, over all processes."""

    sent: set[str] = field(default_factory=set)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Acknowledged orders as the answer showed them, by label."""

    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Acknowledged fills, by trade and order id: a self-trade fills two orders of one account."""


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `strikewire serve` over the journal in `folder`; end it with SIGKILL."""
    config = folder / "venue.toml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "strikewire.cli", "serve", "--json", "--config", str(config)]
    command += ["--data-dir", str(folder / "data")]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.read_text()
            yield process, json.loads(line)["ws"]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(STOP_SECONDS_MAX)


@asynccontextmanager
async def session(address: str, account: str) -> AsyncIterator[ClientConnection]:
    async with connect(address, max_size=None) as socket:
        secret = f"a-secret-of-{account}"
        grant = {"grant_type": "client_credentials", "client_id": account, "client_secret": secret}
        await call(socket, "public/auth", grant)
        yield socket


async def call(socket: ClientConnection, method: str, params: dict[str, Any]) -> Any:
    await socket.send(request(method, method, params))
    answer = json.loads(await socket.recv())
    assert "result" in answer, answer
    return answer["result"]


def request(id_: str, method: str, params: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})


async def burst(address: str, process: subprocess.Popen[str], seed: int, told: Told) -> None:
    """Pipeline orders on every connection; kill the venue after a number of answers."""
    dice = random.Random(seed)
    mark = await mark_price(address)
    answers_left = dice.randrange(20, CONNECTIONS * ORDERS_PER_CONNECTION * 3 // 4)

    def answered() -> None:
        nonlocal answers_left
        answers_left -= 1
        if answers_left == 0:
            process.send_signal(signal.SIGKILL)

    async with asyncio.TaskGroup() as tasks:
        for number in range(CONNECTIONS):
            account = ("alice", "bob")[number % 2]
            orders = [
                random_order(dice, mark, f"{seed}-{number}-{n}")
                for n in range(ORDERS_PER_CONNECTION)
            ]
            tasks.create_task(trade(address, account, orders, told, answered))
    assert answers_left <= 0, "the venue outlived the burst"


async def mark_price(address: str) -> float:
    async with connect(address) as socket:
        ticker = await call(socket, "public/ticker", {"instrument_name": INSTRUMENT})
        return float(ticker["mark_price"])


def random_order(dice: random.Random, mark: float, label: str) -> tuple[str, dict[str, Any]]:
    side = dice.choice(("private/buy", "private/sell"))
    price = round(mark * (1 + dice.gauss(0, 0.0005)) * 2) / 2
    amount = 10 * dice.randint(1, 20)
    return side, {"instrument_name": INSTRUMENT, "amount": amount, "price": price, "label": label}


async def trade(
    address: str,
    account: str,
    orders: list[tuple[str, dict[str, Any]]],
    told: Told,
    answered: Any,
) -> None:
    try:
        async with session(address, account) as socket, asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(hear(socket, account, len(orders), told, answered))
            for method, params in orders:
                told.sent.add(params["label"])
                await socket.send(request(params["label"], method, params))
            await reader
    except* (ConnectionClosed, ConnectionError):
        pass  # the venue is dead, as planned


async def hear(
    socket: ClientConnection, account: str, count: int, told: Told, answered: Any
) -> None:
    for _ in range(count):
        answer = json.loads(await socket.recv())
        assert "result" in answer, answer
        told.orders[answer["id"]] = answer["result"]["order"]
        for fill in answer["result"]["trades"]:
            told.trades[f"{fill['trade_id']} {fill['order_id']}"] = fill
        answered()


async def shown(address: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return every order (by label) and every fill (by trade and order id) the venue shows."""
    orders: dict[str, Any] = {}
    trades: dict[str, Any] = {}
    for account in ("alice", "bob"):
        async with session(address, account) as socket:
            where = {"instrument_name": INSTRUMENT}
            rows = await call(socket, "private/get_open_orders_by_instrument", where)
            rows += await pages(socket, where)
            for order in rows:
                assert order["label"] not in orders, "an order is shown twice"
                orders[order["label"]] = order
            for fill in await fills(socket, where):
                trades[f"{fill['trade_id']} {fill['order_id']}"] = fill
    return orders, trades


async def pages(socket: ClientConnection, where: dict[str, Any]) -> list[Any]:
    history: list[Any] = []
    while True:
        asked = {**where, "count": 1000, "offset": len(history), "include_unfilled": True}
        page = await call(socket, "private/get_order_history_by_instrument", asked)
        history += page
        if len(page) < 1000:
            return history


async def fills(socket: ClientConnection, where: dict[str, Any]) -> list[Any]:
    rows: list[Any] = []
    while True:
        asked = {
            **where,
            "count": 1000,
            "sorting": "asc",
            "start_seq": rows[-1]["trade_seq"] if rows else 0,
        }
        page = await call(socket, "private/get_user_trades_by_instrument", asked)
        rows += page["trades"]
        if not page["has_more"]:
            return rows


def replay(folder: Path) -> tuple[int, str]:
    """Return the last entry and the state hash of a replay from the first entry."""
    command = [sys.executable, "-m", "strikewire.cli", "journal", "verify", str(folder / "data")]
    printed = subprocess.run([*command, "--json"], capture_output=True, check=True, text=True)
    proof = json.loads(printed.stdout)
    assert proof["is_sound"], proof
    return proof["last_seq"], proof["state_hash"]


async def check(address: str, told: Told) -> None:
    orders, trades = await shown(address)
    assert told.orders.keys() <= orders.keys(), "an acknowledged order is gone"
    assert orders.keys() <= told.sent, "an order is there that nobody sent"
    assert told.trades.keys() <= trades.keys(), "an acknowledged fill is gone"
    for label, acknowledged in told.orders.items():
        order = orders[label]
        same = ("order_id", "direction", "amount", "price", "creation_timestamp")
        assert [order[key] for key in same] == [acknowledged[key] for key in same]
        assert order["filled_amount"] >= acknowledged["filled_amount"]
    for key, fill in told.trades.items():
        assert trades[key] == fill | {"state": trades[key]["state"]}
    bought = sum(t["amount"] for t in trades.values() if t["direction"] == "buy")
    sold = sum(t["amount"] for t in trades.values() if t["direction"] == "sell")
    assert bought == sold
    assert bought == sum(order["filled_amount"] for order in orders.values()) / 2
    told.orders.update(orders)
    told.trades.update(trades)


async def tidy(address: str) -> None:
    """Take back what waits: an account has room for a thousand orders in a book."""
    for account in ("alice", "bob"):
        async with session(address, account) as socket:
            await call(socket, "private/cancel_all", {})


def spoil_snapshot(folder: Path, *, is_lost: bool) -> None:
    """Lose the latest snapshot, or flip a bit in the middle of it."""
    connection = sqlite3.connect(folder / "data" / "journal.db", isolation_level=None)
    latest = "SELECT seq, blob FROM snapshots ORDER BY seq DESC LIMIT 1"
    for seq, blob in connection.execute(latest).fetchall():
        if is_lost:
            connection.execute("DELETE FROM snapshots WHERE seq = ?", (seq,))
        else:
            spoiled = bytearray(blob)
            spoiled[len(spoiled) // 2] ^= 16
            connection.execute("UPDATE snapshots SET blob = ? WHERE seq = ?", (spoiled, seq))
    connection.close()


async def survives(tmp_path: Path, kills: int, *, first_seed: int = 0) -> None:
    told = Told()
    log = tmp_path / "venue.log"

    for seed in range(first_seed, first_seed + kills):
        with serving(tmp_path, log) as (process, address):
            await burst(address, process, seed, told)
        last_seq, state_hash = replay(tmp_path)
        if seed % 3:
            spoil_snapshot(tmp_path, is_lost=seed % 3 == 1)
        with serving(tmp_path, log) as (_, address):
            assert f"recovered: last entry {last_seq}, " in log.read_text()
            assert f"state {state_hash}" in log.read_text()
            await check(address, told)
            if seed % 10 == 9:
                await tidy(address)

    assert len(told.orders) > kills * 20
    assert len(told.trades) > kills * 5


async def test_what_was_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    await survives(tmp_path, KILLS)


@pytest.mark.full
@pytest.mark.parametrize("first_seed", range(0, KILLS_FULL, KILLS_OF_ONE))
async def test_so_it_does_a_hundred_times(tmp_path: Path, first_seed: int) -> None:
    await survives(tmp_path, KILLS_OF_ONE, first_seed=first_seed)
