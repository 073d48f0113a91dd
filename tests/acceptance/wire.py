"""The venue as a stranger's program sees it: JSON over sockets, with none of our code between."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import websockets

SECONDS_MAX = 20


@dataclass(frozen=True)
class Address:
    """What `strikewire demo --json` prints: where the venue is, and who may trade there."""

    http: str
    ws: str
    wss: str
    ca_file: str
    accounts: list[dict[str, str]]


class Socket:
    """One WebSocket connection that keeps every message in the order it came.

    Attributes:
        heard: Every message so far, answers and notifications alike.
        raw: The connection underneath.
    """

    def __init__(self, raw: websockets.ClientConnection) -> None:
        self.raw = raw
        self.heard: list[dict[str, Any]] = []
        self._read: dict[str, int] = {}
        self._ids = count(1001)  # Tests number theirs from 1.

    async def send(self, method: str, request_id: Any = None, **params: Any) -> Any:
        """Send a request without waiting and return its id."""
        request_id = next(self._ids) if request_id is None else request_id
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        await self.raw.send(json.dumps(message))
        return request_id

    async def hear(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(SECONDS_MAX):
            message = json.loads(await self.raw.recv())
        assert isinstance(message, dict)
        self.heard.append(message)
        return message

    async def answer(self, request_id: Any) -> dict[str, Any]:
        """Return the answer to a request; what comes before it is in `heard`."""
        while "id" not in (message := await self.hear()) or message["id"] != request_id:
            pass
        return message

    async def call(self, method: str, **params: Any) -> Any:
        """Return the result of a request that must succeed."""
        message = await self.answer(await self.send(method, **params))
        assert "result" in message, message
        return message["result"]

    async def fail(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the error of a request that must fail."""
        message = await self.answer(await self.send(method, **params))
        assert "error" in message, message
        error = message["error"]
        assert isinstance(error, dict)
        return error

    async def code(self, method: str, **params: Any) -> int:
        """Return the number of the error of a request that must fail."""
        return int((await self.fail(method, **params))["code"])

    async def exchange(self, text: str | bytes) -> dict[str, Any]:
        """Send any text and return the next message that is not a notification."""
        await self.raw.send(text)
        while (message := await self.hear()).get("method") == "subscription":
            pass
        return message

    async def news(self, channel: str) -> Any:
        """Return the data of the next notification of a channel, each one once."""
        read = self._read.get(channel, 0)
        self._read[channel] = read + 1
        while len(told := self.told(channel)) <= read:
            await self.hear()
        return told[read]

    async def catch_up(self) -> None:
        """Hear everything that was sent before now."""
        await self.call("public/test")

    def told(self, channel: str) -> list[Any]:
        """Return the data of every notification of a channel that was heard so far."""
        return [
            message["params"]["data"]
            for message in self.heard
            if message.get("params", {}).get("channel") == channel
        ]

    async def authenticate(self, key: dict[str, str], **more: str) -> Any:
        """Authenticate with a key as the demo prints it."""
        return await self.call("public/auth", grant_type="client_credentials", **key, **more)


@asynccontextmanager
async def connected(venue: Address, account: int | None = None) -> AsyncIterator[Socket]:
    """Connect, and authenticate as the account of that number where there is one."""
    async with websockets.connect(venue.ws, max_size=None) as raw:
        socket = Socket(raw)
        if account is not None:
            await socket.authenticate(venue.accounts[account])
        yield socket


@dataclass(frozen=True)
class Reply:
    """An HTTP response with a JSON body."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def result(self) -> Any:
        """The result of a request that must have succeeded."""
        assert self.status == 200, self
        return self.body["result"]

    @property
    def code(self) -> int:
        """The number of the error of a request that must have failed."""
        assert self.status == 400, self
        return int(self.body["error"]["code"])


def get(venue: Address, path: str, authorization: str = "", **query: str) -> Reply:
    """GET `/api/v2/{path}` with every value as text."""
    uri = f"/api/v2/{path}" + (f"?{urlencode(query)}" if query else "")
    return fetch(Request(venue.http + uri, headers=_headers(authorization)))


def post(venue: Address, path: str, body: bytes, authorization: str = "") -> Reply:
    """POST a body to `/api/v2/{path}`."""
    uri = f"/api/v2/{path}" if path else "/api/v2"
    headers = {"Content-Type": "application/json", **_headers(authorization)}
    return fetch(Request(venue.http + uri, data=body, headers=headers))


def fetch(request: Request) -> Reply:
    """Carry out a request; an error status is a reply like any other."""
    try:
        with urlopen(request, timeout=SECONDS_MAX) as response:
            return _reply(response)
    except HTTPError as error:
        with error:
            return _reply(error)


def _reply(response: Any) -> Reply:
    body = response.read()
    is_json = response.headers.get_content_type() == "application/json"
    return Reply(
        response.status,
        json.loads(body) if is_json else body.decode(),
        {name.lower(): value for name, value in response.headers.items()},
    )


def _headers(authorization: str) -> dict[str, str]:
    return {"Authorization": authorization} if authorization else {}


def listed(venue: Address, **query: str) -> Iterator[str]:
    """Yield the names of the instruments that trade."""
    for instrument in get(venue, "public/get_instruments", **query).result:
        yield instrument["instrument_name"]
