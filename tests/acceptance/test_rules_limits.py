"""What one client may ask of a venue that counts: credits, sessions and connections."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
import websockets

from .conftest import STOP_SECONDS_MAX, Address
from .wire import SECONDS_MAX, Socket, connected, fetch, get

CONFIG = """
data_dir = "{folder}"
[server]
port = 0
tls_port = 0
[log]
level = "warning"
[instruments]
families = ["BTC"]
option_expiries = 1
option_strikes = 3
[limits]
requests = true
connections = 25
"""
ACCOUNT = """
[[accounts]]
name = "trader-{number}"
client_id = "id-{number}"
client_secret = "secret-{number}"
deposits = {{ BTC = 10 }}
"""
ACCOUNTS = 9


@pytest.fixture(scope="module")
def strict_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A venue from a configuration file, with an account for each test and no demo about it."""
    folder = tmp_path_factory.mktemp("strict")
    file = folder / "strikewire.toml"
    accounts = [ACCOUNT.format(number=number) for number in range(ACCOUNTS)]
    file.write_text(CONFIG.format(folder=folder / "data") + "".join(accounts))
    command = [sys.executable, "-m", "strikewire.cli", "serve", "--json", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield Address(accounts=keys(), **addresses(process))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS_MAX) == 0


def addresses(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert Path(told.pop("data_dir")).is_dir()
    assert isinstance(told, dict)
    return told


def keys() -> list[dict[str, str]]:
    return [
        {"client_id": f"id-{number}", "client_secret": f"secret-{number}"}
        for number in range(ACCOUNTS)
    ]


async def until_refused(socket: Socket, method: str, at_most: int, **params: Any) -> int:
    """Ask without waiting, and return how often it was answered before 10028 ended it."""
    asked = [await socket.send(method, number, **params) for number in range(at_most)]
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await hear_everything(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    *answers, refusal = [message for message in socket.heard if message.get("id", -1) in asked]
    assert refusal["error"]["code"] == 10028
    assert refusal["error"]["message"] == "too_many_requests"
    assert [answer for answer in answers if "error" in answer] == []
    return len(answers)


async def hear_everything(socket: Socket) -> None:
    while True:
        await socket.hear()


# A few credits come back while the requests are on their way.


@pytest.mark.parametrize(
    ("account", "method", "params", "burst"),
    [
        (0, "public/get_time", {}, 100),
        (1, "private/buy", {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 20000}, 20),
        (2, "public/subscribe", {"channels": ["quote.BTC-PERPETUAL"]}, 10),
        (3, "public/get_instruments", {"currency": "ETH"}, 50),
    ],
)
async def test_who_runs_out_of_credits_gets_10028_and_is_hung_up_on(
    strict_venue: Address, account: int, method: str, params: dict[str, Any], burst: int
) -> None:
    async with connected(strict_venue, account) as socket:
        answered = await until_refused(socket, method, burst * 2, **params)

    assert burst <= answered < burst * 1.5


async def test_out_of_credits_for_orders_one_may_still_read(strict_venue: Address) -> None:
    order = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 20000}
    async with connected(strict_venue, 4) as socket:
        await until_refused(socket, "private/buy", 40, **order)
    async with connected(strict_venue, 4) as again:
        orders = await again.call("private/get_open_orders_by_currency", currency="BTC")

    assert len(orders) >= 20


def test_over_rest_10028_is_an_answer_like_any_other(strict_venue: Address) -> None:
    token = get(
        strict_venue, "public/auth", grant_type="client_credentials", **strict_venue.accounts[5]
    ).result["access_token"]

    replies = [get(strict_venue, "private/cancel_all", f"Bearer {token}") for _ in range(40)]

    refused = [reply for reply in replies if "error" in reply.body]
    assert refused
    assert {reply.body["error"]["code"] for reply in refused} == {10028}
    assert {reply.status for reply in refused} == {400}


async def test_a_key_has_sixteen_sessions(strict_venue: Address) -> None:
    key = strict_venue.accounts[6]
    many = [Socket(await websockets.connect(strict_venue.ws)) for _ in range(17)]
    for socket in many[:16]:
        await socket.authenticate(key)

    refused = await many[16].fail("public/auth", grant_type="client_credentials", **key)
    await many[16].authenticate(strict_venue.accounts[7])
    await many[0].raw.close()
    async with connected(strict_venue) as after:
        await after.authenticate(key)
    for socket in many:
        await socket.raw.close()

    assert (refused["code"], refused["data"]["reason"]) == (11042, "the key has 16 sessions")


async def test_connections_beyond_the_limit_are_turned_away_and_room_is_made_again(
    strict_venue: Address,
) -> None:
    # The counter is in another process, so there is no event to wait for.
    while fetch(Request(strict_venue.http + "/health")).body["gateway"]["connections"]:  # noqa: ASYNC110 - as said
        await asyncio.sleep(0.02)
    many = [await websockets.connect(strict_venue.ws) for _ in range(25)]

    with pytest.raises((websockets.ConnectionClosed, websockets.InvalidStatus)) as refused:
        await ask_one_more(strict_venue)
    for one in many:
        await one.close()

    if isinstance(refused.value, websockets.ConnectionClosed):
        assert refused.value.rcvd is not None
        assert refused.value.rcvd.code == 1013
    async with connected(strict_venue) as socket:
        assert await socket.call("public/test")


async def ask_one_more(venue: Address) -> None:
    async with websockets.connect(venue.ws, open_timeout=SECONDS_MAX) as raw:
        await Socket(raw).call("public/test")
