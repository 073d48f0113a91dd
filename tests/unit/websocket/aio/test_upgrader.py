import asyncio

import pytest

from strikewire.websocket import (
    Connection,
    ConnectionClosedError,
    DirectAdmission,
    HandshakeStatusError,
    HttpResponse,
    Upgrader,
    connect,
    serve,
)


async def _refuse(connection: Connection) -> None:
    raise AssertionError(connection)


@pytest.mark.parametrize("accepts", [False, True])
async def test_raising_is_told_by_status_before_and_by_code_after(
    accepts: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(upgrader: Upgrader) -> None:
        if accepts:
            upgrader.accept()
        raise KeyError("secret")

    async with serve(_refuse, admit=lambda request: DirectAdmission(run)) as server:
        uri = f"ws://127.0.0.1:{server.port}"
        if accepts:
            async with connect(uri) as client:
                with pytest.raises(ConnectionClosedError):
                    await client.receive()
            assert client.close_code == 1011
        else:
            with pytest.raises(HandshakeStatusError) as caught:
                await connect(uri)
            assert caught.value.status == 500

    assert "admission of / failed" in caplog.text


async def test_refusing_is_over() -> None:
    async def run(upgrader: Upgrader) -> None:
        assert not upgrader.is_over
        upgrader.refuse(HttpResponse(402))
        assert upgrader.is_over
        await upgrader.wait_over()
        with pytest.raises(ConnectionClosedError):
            upgrader.accept()

    async with serve(_refuse, admit=lambda request: DirectAdmission(run)) as server:
        with pytest.raises(HandshakeStatusError) as caught:
            await connect(f"ws://127.0.0.1:{server.port}")

    assert caught.value.status == 402


async def test_a_client_that_leaves_is_noticed() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def run(upgrader: Upgrader) -> None:
        asked.set()
        await upgrader.wait_over()
        with pytest.raises(ConnectionClosedError):
            upgrader.accept()
        left.set()

    async with serve(_refuse, admit=lambda request: DirectAdmission(run)) as server:
        async with asyncio.TaskGroup() as tasks:
            dialling = tasks.create_task(connect(f"ws://127.0.0.1:{server.port}").__aenter__())
            await asked.wait()
            dialling.cancel()
        await left.wait()


async def test_losing_the_peer_amid_serving_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = asyncio.Event()

    async def run(upgrader: Upgrader) -> None:
        try:
            await upgrader.accept().receive()
        finally:
            ended.set()

    async with serve(_refuse, admit=lambda request: DirectAdmission(run)) as server:
        client = await connect(f"ws://127.0.0.1:{server.port}")
        client.abort()
        await ended.wait()

    assert caplog.records == []
