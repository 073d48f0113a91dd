import asyncio
import os
import signal
import socket

import pytest

from strikewire.websocket import AddressInUseError, Workers
from strikewire.websocket.aio.workers import _bind, _until_told


async def stay(sock: socket.socket) -> None:
    await asyncio.Event().wait()


async def leave(sock: socket.socket) -> None:
    pass


async def stay_stubbornly(sock: socket.socket) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sock.listen()
    await stay(sock)


async def until_connected(port: int) -> None:
    """Wait until a worker listens."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


async def until_logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    while words not in caplog.text:  # noqa: ASYNC110 - the log does not tell
        await asyncio.sleep(0.01)


class TestSupervisor:
    def test_there_is_at_least_one_worker(self) -> None:
        with pytest.raises(ValueError, match="0 workers"):
            Workers(stay, count=0)

    async def test_a_port_of_another_program_is_an_error_of_its_own(self) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(AddressInUseError),
        ):
            await Workers(stay, port=taken.getsockname()[1]).run()

    async def test_the_port_is_told_and_kept_until_it_stops(self) -> None:
        workers = Workers(stay, count=1)
        told: asyncio.Queue[int] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(workers.run(told.put_nowait))
            port = await told.get()
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))
            workers.stop()
            workers.stop()

        with socket.socket() as other:
            other.bind(("127.0.0.1", port))

    async def test_a_worker_that_ends_is_replaced_later_and_later(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        workers = Workers(leave, count=1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(workers.run())
            await until_logged(caplog, "worker 0 ended with 0, another is started in 0.1 s")
            await until_logged(caplog, "worker 0 ended with 0, another is started in 0.2 s")
            workers.stop()

    async def test_a_worker_that_does_not_end_is_killed(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        workers = Workers(stay_stubbornly, count=1, shutdown_timeout_s=0.05)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(workers.run())
            await asyncio.sleep(0)
            await until_connected(workers.port)
            workers.stop()

        assert "killing worker-0, which did not end" in caplog.text

    async def test_cancelling_stops_the_workers(self) -> None:
        workers = Workers(stay, count=1)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(workers.run())
            while not workers._processes:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            running.cancel()

        assert not workers._processes


class TestWorker:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_a_signal_lets_it_close_gracefully(self, number: signal.Signals) -> None:
        seen: list[str] = []

        async def main(sock: socket.socket) -> None:
            os.kill(os.getpid(), number)
            try:
                await stay(sock)
            finally:
                os.kill(os.getpid(), number)  # somebody is impatient
                await asyncio.sleep(0.01)
                seen.append("closed gracefully")

        read, write = os.pipe()
        with _bind("127.0.0.1", 0) as sock:
            await _until_told(main, sock, read)
        os.close(read)
        os.close(write)

        assert seen == ["closed gracefully"]

    async def test_it_ends_with_its_supervisor(self) -> None:
        read, write = os.pipe()

        async def main(sock: socket.socket) -> None:
            os.close(write)
            await stay(sock)

        with _bind("127.0.0.1", 0) as sock:
            await _until_told(main, sock, read)
        os.close(read)

    async def test_its_failure_is_raised(self) -> None:
        async def main(sock: socket.socket) -> None:
            raise KeyError("mine")

        read, write = os.pipe()
        with _bind("127.0.0.1", 0) as sock, pytest.raises(ExceptionGroup) as caught:
            await _until_told(main, sock, read)
        os.close(read)
        os.close(write)

        assert isinstance(caught.value.exceptions[0], KeyError)
