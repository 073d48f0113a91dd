import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from strikewire.websocket.aio.dialing import dial, resolve


@contextmanager
def listening(family: int, host: str) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        sock.listen()
        yield sock


@contextmanager
def black_hole(family: int, host: str) -> Iterator[int]:
    """A port that answers nobody: its queue is full, so the kernel drops who knocks."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        sock.listen(0)
        fillers = [socket.socket(family, socket.SOCK_STREAM) for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        try:
            yield sock.getsockname()[1]
        finally:
            for filler in fillers:
                filler.close()


async def test_an_address_stands_for_itself() -> None:
    (info,) = await resolve([("127.0.0.1", 80)])

    assert (info[0], info[4]) == (socket.AF_INET, ("127.0.0.1", 80))


async def test_several_addresses_keep_their_order_and_come_once() -> None:
    found = await resolve([("::1", 80), ("127.0.0.1", 81), ("::1", 80)])

    assert [info[4][:2] for info in found] == [("::1", 80), ("127.0.0.1", 81)]


async def test_a_name_is_looked_up() -> None:
    found = await resolve([("localhost", 80)], family=socket.AF_INET)

    assert [info[4] for info in found] == [("127.0.0.1", 80)]


async def test_an_address_of_the_other_family_is_none() -> None:
    with pytest.raises(socket.gaierror):
        await resolve([("::1", 80)], family=socket.AF_INET)


async def test_what_is_dialled_does_not_block_and_does_not_wait_for_more_to_send() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as server:
        sock = await dial(await resolve([server.getsockname()]))
        with sock:
            assert sock.getpeername() == server.getsockname()
            assert not sock.getblocking()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_an_address_that_refuses_is_followed_by_the_next() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as gone:
        port = gone.getsockname()[1]
    with listening(socket.AF_INET6, "::1") as server:
        to = await resolve([("127.0.0.1", port), server.getsockname()[:2]])
        with await dial(to, delay_s=0.0) as sock:
            assert sock.getpeername()[:2] == server.getsockname()[:2]


@pytest.mark.parametrize(
    ("dead", "living"),
    [
        ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")),
        ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")),
    ],
)
async def test_an_address_that_is_silent_is_not_waited_for(
    dead: tuple[int, str], living: tuple[int, str]
) -> None:
    with black_hole(*dead) as port, listening(*living) as server:
        to = await resolve([(dead[1], port), server.getsockname()[:2]])
        async with asyncio.timeout(10):
            with await dial(to, delay_s=0.05) as sock:
                assert sock.family == living[0]


async def test_without_happy_eyeballs_it_is() -> None:
    with (
        black_hole(socket.AF_INET, "127.0.0.1") as port,
        listening(socket.AF_INET6, "::1") as server,
    ):
        to = await resolve([("127.0.0.1", port), server.getsockname()[:2]])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await dial(to, delay_s=0.0)


async def test_when_nobody_answers_everyone_is_named() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as one, listening(socket.AF_INET6, "::1") as two:
        addresses = [one.getsockname(), two.getsockname()[:2]]
    with pytest.raises(ConnectionRefusedError):
        await dial(await resolve(addresses))


async def test_the_end_on_our_side_may_be_chosen() -> None:
    with listening(socket.AF_INET, "127.0.0.1") as server:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            local = free.getsockname()
        with await dial(await resolve([server.getsockname()]), local=local) as sock:
            assert sock.getsockname() == local
