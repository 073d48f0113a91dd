import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from strikewire.websocket import (
    Admission,
    Connection,
    DirectAdmission,
    HandshakeStatusError,
    HttpRequest,
    HttpResponse,
    Upgrader,
    connect,
    serve,
)
from strikewire.websocket.aio.admission import Admit, Verdict

Pace = Callable[[Admit], Admit]


async def hello(connection: Connection) -> None:
    await connection.send("hello")


async def other(connection: Connection) -> None:
    await connection.send("other")


def at_once(admit: Admit) -> Admit:
    return admit


def slowly(admit: Admit) -> Admit:
    async def admit_slowly(request: HttpRequest) -> Verdict:
        await asyncio.sleep(0)
        return cast("Verdict", admit(request))

    return admit_slowly


async def refused(admit: Admit) -> int:
    """Return the status that a handshake is answered."""
    async with serve(hello, admit=admit) as server:
        with pytest.raises(HandshakeStatusError) as caught:
            await connect(f"ws://127.0.0.1:{server.port}")
    return caught.value.status


@pytest.mark.parametrize("pace", [at_once, slowly])
class TestVerdicts:
    async def test_none_lets_in_on_the_servers_terms(self, pace: Pace) -> None:
        async with (
            serve(hello, admit=pace(lambda request: None), subprotocols=["v1"]) as server,
            connect(f"ws://127.0.0.1:{server.port}", subprotocols=["v2", "v1"]) as client,
        ):
            assert (await client.receive(), client.subprotocol) == ("hello", "v1")

    async def test_an_admission_has_terms_of_its_own(self, pace: Pace) -> None:
        terms = Admission(subprotocol="v2", headers=(("x-session", "7"),), handler=other)
        async with (
            serve(hello, admit=pace(lambda request: terms), subprotocols=["v1"]) as server,
            connect(f"ws://127.0.0.1:{server.port}", subprotocols=["v2", "v1"]) as client,
        ):
            assert (await client.receive(), client.subprotocol) == ("other", "v2")
            assert ("x-session", "7") in client.headers

    async def test_a_response_refuses(self, pace: Pace) -> None:
        assert await refused(pace(lambda request: HttpResponse(401))) == 401

    async def test_terms_the_client_did_not_offer_are_a_failure(
        self, pace: Pace, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await refused(pace(lambda request: Admission(subprotocol="v9"))) == 500
        assert "admission of / failed" in caplog.text

    async def test_raising_is_a_failure(self, pace: Pace, caplog: pytest.LogCaptureFixture) -> None:
        def fail(request: HttpRequest) -> Verdict:
            raise KeyError("secret")

        assert await refused(pace(fail)) == 500
        assert "admission of / failed" in caplog.text

    async def test_it_may_decide_and_serve_in_one_task(self, pace: Pace) -> None:
        async def run(upgrader: Upgrader) -> None:
            await upgrader.accept(headers=(("x-session", "7"),)).send("in one")

        async with (
            serve(hello, admit=pace(lambda request: DirectAdmission(run))) as server,
            connect(f"ws://127.0.0.1:{server.port}") as client,
        ):
            assert [message async for message in client] == ["in one"]
            assert ("x-session", "7") in client.headers

        assert client.close_code == 1000


async def test_a_client_that_leaves_while_it_is_thought_about_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def think(request: HttpRequest) -> Verdict:
        asked.set()
        await may_go_on.wait()
        return None

    async with serve(hello, admit=think) as server:
        async with asyncio.TaskGroup() as tasks:
            dialling = tasks.create_task(connect(f"ws://127.0.0.1:{server.port}").__aenter__())
            await asked.wait()
            dialling.cancel()
        while server._sockets:  # noqa: ASYNC110 - the server does not tell
            await asyncio.sleep(0)
        may_go_on.set()

    assert caplog.records == []
