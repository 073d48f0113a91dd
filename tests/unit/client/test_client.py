"""The shell: a socket, a timer and who waits for what, driven by a venue that follows a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from strikewire.client import (
    AnswerShapeError,
    Client,
    ClientClosedError,
    Connected,
    ConnectError,
    Disconnected,
    NotConnectedError,
    Options,
    Resynced,
    Stale,
    UnknownOutcomeError,
    VenueError,
    connect,
)
from strikewire.websocket import Connection, ConnectionClosedError


class Socket:
    """One end of a connection; the other end is the test."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self._gone = asyncio.Event()
        self._on_message: Callable[[bytes, bool], None] = lambda _payload, _is_text: None
        self.answers: dict[str, Any] = {}
        self.is_stubborn = False  # whether a close waits for the other end

    async def deliver_to(self, on_message: Callable[[bytes, bool], None]) -> None:
        self._on_message = on_message
        await self._gone.wait()

    def send_nowait(self, payload: bytes, *, text: bool | None = None) -> None:
        assert text
        if self._gone.is_set():
            raise ConnectionClosedError(1006)
        request = json.loads(payload)
        self.sent.append(request)
        if request["method"] in self.answers:
            result = self.answers[request["method"]]
            reply = result if isinstance(result, dict) and "error" in result else {"result": result}
            loop = asyncio.get_running_loop()
            loop.call_soon(self.push, {"id": request["id"]} | reply)

    def close_nowait(self, code: int = 1000, reason: str = "") -> None:
        if not self.is_stubborn:
            self.drop(code, reason)

    def drop(self, code: int, reason: str) -> None:
        if not self._gone.is_set():
            self.close_code, self.close_reason = code, reason
            self._gone.set()

    def push(self, message: dict[str, Any]) -> None:
        if not self._gone.is_set():
            self._on_message(json.dumps(message).encode(), True)

    def note(self, channel: str, data: Any) -> None:
        self.push({"method": "subscription", "params": {"channel": channel, "data": data}})


class Venue:
    """Opens sockets, or fails to, as its script says."""

    def __init__(self, *script: Exception | None, answers: dict[str, Any] | None = None) -> None:
        self.sockets: list[Socket] = []
        self._script = list(script)
        self._answers = {"public/set_heartbeat": "ok"} | (answers or {})
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Connection]:
        failure = self._script.pop(0) if self._script else None
        if failure is not None:
            raise failure
        socket = Socket()
        socket.answers = self._answers
        self.sockets.append(socket)
        self.opened.set()
        yield cast("Connection", socket)


def connected(venue: Venue, **options: Any) -> Any:
    return connect(
        "ws://venue",
        opener=venue.open,
        options=Options(retry_ms_max=1),  # a wait of at most one millisecond
        **options,
    )


async def test_a_call_returns_the_answer_as_the_type_asked_for() -> None:
    venue = Venue(answers={"public/get_time": 1_700_000_000_000, "x": {"a": [1]}})

    async with connected(venue) as client:
        assert await client.get_time() == 1_700_000_000_000
        assert await client.call("x", {}) == {"a": [1]}
        with pytest.raises(AnswerShapeError, match="public/get_time"):
            await client.call("public/get_time", {}, list[int])


async def test_an_error_answer_is_raised_to_its_caller_alone() -> None:
    failed = {"error": {"code": 10009, "message": "not_enough_funds"}}
    venue = Venue(answers={"private/buy": failed, "public/get_time": 5})

    async with connected(venue) as client:
        with pytest.raises(VenueError) as caught:
            await client.buy(instrument_name="A", amount=1)
        assert caught.value.code == 10009
        assert await client.get_time() == 5


async def test_parameters_that_are_not_given_are_not_sent() -> None:
    refused = {"error": {"code": 10009, "message": "not_enough_funds"}}
    venue = Venue(answers={"private/buy": refused})

    async with connected(venue) as client:
        with pytest.raises(VenueError):
            await client.buy(instrument_name="A", amount=1, price=2.5)

    assert venue.sockets[0].sent[-1]["params"] == {
        "instrument_name": "A",
        "amount": 1,
        "price": 2.5,
    }


async def test_a_cancelled_call_leaves_the_connection_unharmed() -> None:
    venue = Venue(answers={"public/get_time": 5})

    async with connected(venue) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.call("public/slow", {}), 0)
        venue.sockets[0].push({"id": venue.sockets[0].sent[-1]["id"], "result": 1})
        assert await client.get_time() == 5


async def test_with_a_key_the_connection_authenticates_first() -> None:
    venue = Venue(answers={"public/auth": {"refresh_token": "r", "expires_in": 900}})

    async with connected(venue, client_id="id", client_secret="hidden") as client:
        assert client.is_connected

    auth = venue.sockets[0].sent[0]
    assert auth["method"] == "public/auth"
    assert auth["params"]["client_id"] == "id"
    assert "hidden" not in json.dumps(venue.sockets[0].sent)


async def test_a_wrong_key_is_raised_as_the_venues_error() -> None:
    refusal = {"error": {"code": 13004, "message": "invalid_credentials"}}
    venue = Venue(answers={"public/auth": refusal})

    with pytest.raises(VenueError, match="13004 invalid_credentials"):
        async with connected(venue, client_id="id", client_secret="wrong"):
            pass


async def test_the_first_attempt_failing_is_raised_with_its_reason() -> None:
    with pytest.raises(ConnectError, match="cannot connect to ws://venue: refused"):
        async with connected(Venue(OSError("refused"))):
            pass


async def test_a_patient_client_tries_until_it_succeeds() -> None:
    venue = Venue(OSError("refused"), OSError("refused"), answers={"public/get_time": 5})

    async with connected(venue, patient=True) as client:
        assert await client.get_time() == 5


async def test_what_the_block_raises_leaves_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with connected(Venue()):
            raise KeyError("mine")


async def test_a_lost_connection_comes_back_with_its_subscriptions_and_says_so() -> None:
    venue = Venue(answers={"public/subscribe": ["trades.A.raw"]})

    async with connected(venue) as client:
        events = client.events()
        trades = client.subscribe("trades.A.raw")
        venue.sockets[0].note("trades.A.raw", [1])
        first = await anext(trades)
        venue.opened.clear()
        venue.sockets[0].drop(1006, "cable pulled")
        await venue.opened.wait()
        down, up = await anext(events), await anext(events)
        venue.sockets[1].note("trades.A.raw", [2])
        second = await anext(trades)

    assert isinstance(down, Disconnected)
    assert down.reason == "closed 1006 cable pulled"
    assert up == Connected(2)
    assert (first.data, first.is_first) == ([1], True)
    assert (second.data, second.is_first) == ([2], True)
    assert venue.sockets[1].sent[1]["params"] == {"channels": ["trades.A.raw"]}


async def test_a_call_in_flight_when_the_connection_goes_has_an_unknown_outcome() -> None:
    venue = Venue(None, OSError("still down"))

    async with connected(venue) as client:
        events = client.events()
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(_outcome(client.buy(instrument_name="A", amount=1)))
            await asyncio.sleep(0)
            venue.sockets[0].drop(1006, "")
            await anext(events)
            assert not client.is_connected
            with pytest.raises(NotConnectedError):
                await client.get_time()

    assert isinstance(call.result(), UnknownOutcomeError)


async def _outcome(call: Any) -> BaseException:
    with pytest.raises(UnknownOutcomeError) as caught:
        await call
    return caught.value


async def test_a_book_is_followed_over_a_reconnect() -> None:
    channel = "book.A.100ms"
    venue = Venue(answers={"public/subscribe": [channel]})

    async with connected(venue) as client:
        books = client.book("A")
        venue.sockets[0].note(channel, _snapshot(5, 99.5))
        first = await anext(books)
        venue.opened.clear()
        venue.sockets[0].drop(1001, "restart")
        await venue.opened.wait()
        stale = await anext(books)
        venue.sockets[1].note(channel, _snapshot(1, 98.5))
        again = await anext(books)

    assert first.bids == ((99.5, 1.0),)
    assert stale.event == Stale("A", "closed 1001 restart")
    assert stale.is_stale
    assert again.event == Resynced("A", 1)
    assert again.bids == ((98.5, 1.0),)


def _snapshot(change_id: int, bid: float) -> dict[str, Any]:
    return {
        "type": "snapshot",
        "timestamp": 1,
        "change_id": change_id,
        "bids": [["new", bid, 1.0]],
        "asks": [],
    }


async def test_the_end_of_the_block_ends_every_stream() -> None:
    venue = Venue(answers={"public/subscribe": ["trades.A.raw"]})

    async with connected(venue) as client:
        trades, events = client.subscribe("trades.A.raw"), client.events()

    assert [note async for note in trades] == []
    assert [event async for event in events] == []
    assert venue.sockets[0].close_code == 1000


async def test_the_block_can_end_while_the_connection_is_down() -> None:
    venue = Venue(None, OSError("down"), OSError("down"))

    async with connected(venue) as client:
        events = client.events()
        venue.sockets[0].drop(1006, "")
        await anext(events)

    assert not client.is_connected


async def test_silence_is_noticed_by_the_clock() -> None:
    venue = Venue()
    now_ns = 0

    async with connected(venue, clock=lambda: now_ns) as client:
        events = client.events()
        now_ns = 60 * 10**9
        # Any step looks at the time anew; the timer would have come by itself.
        client.tick()
        down = await anext(events)

    assert isinstance(down, Disconnected)
    assert down.reason == "nothing heard for 20 s"
    assert venue.sockets[0].close_code == 1002


async def test_a_connection_that_is_slow_to_close_does_not_take_the_next_one_with_it() -> None:
    venue = Venue()
    now_ns = 0

    async with connected(venue, clock=lambda: now_ns) as client:
        events = client.events()
        venue.sockets[0].is_stubborn = True
        now_ns = 60 * 10**9
        client.tick()  # it is given up
        now_ns = 61 * 10**9
        client.tick()  # the next one is wanted
        venue.sockets[0].drop(1006, "")
        told = [await anext(events), await anext(events)]

    assert [type(event) for event in told] == [Disconnected, Connected]
    assert len(venue.sockets) == 2


async def test_who_insists_asks_again_under_the_same_key_until_there_is_an_answer() -> None:
    busy = {"error": {"code": 10047, "message": "matching_engine_queue_full"}}
    venue = Venue(answers={})

    async with connected(venue) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.insist("private/create_subaccount", {}, dict[str, int], key="k")
        )
        await asyncio.sleep(0)
        venue.opened.clear()
        venue.sockets[0].drop(1006, "gone")
        await venue.opened.wait()
        second = venue.sockets[1]
        await until(lambda: asked(second) == 1)
        second.push({"id": second.sent[-1]["id"]} | busy)
        await until(lambda: asked(second) == 2)
        second.push({"id": second.sent[-1]["id"], "result": {"id": 7}})

        assert await asking == {"id": 7}
    keys = {
        one["params"]["idempotency_key"]
        for socket in venue.sockets
        for one in socket.sent
        if one["method"] == "private/create_subaccount"
    }
    assert keys == {"k"}


async def test_who_insists_is_told_a_refusal() -> None:
    failed = {"error": {"code": 10009, "message": "not_enough_funds"}}
    venue = Venue(answers={"private/buy": failed})

    async with connected(venue) as client:
        with pytest.raises(VenueError) as caught:
            await client.insist("private/buy", {}, object, key="k")

    assert caught.value.code == 10009


async def test_who_insists_is_told_that_the_client_was_closed() -> None:
    venue = Venue(None, *[OSError("refused")] * 1_000)

    async def insist(client: Client) -> None:
        with pytest.raises(ClientClosedError):
            await client.insist("private/buy", {}, object, key="k")

    async with connected(venue) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(insist(client))
        await asyncio.sleep(0)
        venue.sockets[0].drop(1006, "gone")
        await until(lambda: not client.is_connected)
        client.close()

    assert asking.done()


def asked(socket: Socket) -> int:
    return sum(one["method"] == "private/create_subaccount" for one in socket.sent)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - what is waited for rings no bell
        await asyncio.sleep(0)
