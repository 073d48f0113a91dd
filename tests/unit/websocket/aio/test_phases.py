import asyncio

import pytest

from strikewire.websocket.aio.phases import PhaseClock
from strikewire.websocket.errors import HandshakeTimeoutError
from strikewire.websocket.timeouts import Phase

NEVER = 0.0


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_a_phase_that_takes_too_long_is_named() -> None:
    clock = PhaseClock("a.test")

    with pytest.raises(
        HandshakeTimeoutError, match=r"a\.test .* within 0\.01 s \(proxy\)"
    ) as caught:
        async with clock.limit(Phase.PROXY, 0.01):
            await for_ever()

    assert caught.value.phase is Phase.PROXY


async def test_the_time_for_all_names_the_phase_under_way() -> None:
    clock = PhaseClock("a.test")

    async def open_it() -> None:
        async with clock.limit_all(0.01):
            async with clock.limit(Phase.CONNECT, NEVER):
                pass
            async with clock.limit(Phase.TLS, NEVER):
                await for_ever()

    with pytest.raises(HandshakeTimeoutError) as caught:
        await open_it()

    assert caught.value.phase is Phase.TLS


async def test_without_a_limit_there_is_none() -> None:
    clock = PhaseClock("a.test")

    async with clock.limit_all(NEVER), clock.limit(Phase.RESOLVE, NEVER):
        await asyncio.sleep(0)


async def test_an_error_of_the_system_is_noted_and_left_as_it_is() -> None:
    clock = PhaseClock("a.test")

    with pytest.raises(ConnectionRefusedError) as caught:
        async with clock.limit(Phase.CONNECT, 1.0):
            raise ConnectionRefusedError(111, "refused")

    assert caught.value.__notes__ == ["tcp connect, a.test"]


async def test_a_kernel_that_gives_up_first_is_not_our_clock() -> None:
    clock = PhaseClock("a.test")

    with pytest.raises(TimeoutError, match="timed out") as caught:
        async with clock.limit(Phase.CONNECT, 1.0):
            raise TimeoutError(110, "timed out")

    assert not isinstance(caught.value, HandshakeTimeoutError)
