import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from strikewire.websocket.aio.keepalive import Keepalive
from strikewire.websocket.errors import ConnectionClosedError


class Timer:
    """A call that is due at some time, unless it is cancelled before."""

    def __init__(self, at: float, then: Callable[[], None]) -> None:
        self.at = at
        self.then = then

    def cancel(self) -> None:
        self.then = lambda: None


class HandClock:
    """The part of a loop that keepalive needs, with a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, then: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + delay, then))
        return self.timers[-1]

    def create_future(self) -> asyncio.Future[float]:
        return asyncio.get_running_loop().create_future()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer.at <= self.now]
        self.timers = [timer for timer in self.timers if timer.at > self.now]
        for timer in due:
            timer.then()


class Line:
    """A keepalive and what it did."""

    def __init__(self, *, interval_s: float = 20.0, timeout_s: float = 5.0) -> None:
        self.clock = HandClock()
        self.pings: list[bytes] = []
        self.timeouts = 0
        self.keepalive = Keepalive(
            cast("asyncio.AbstractEventLoop", self.clock),
            send_ping=self.pings.append,
            on_timeout=self._time_out,
            interval_s=interval_s,
            timeout_s=timeout_s,
        )

    def _time_out(self) -> None:
        self.timeouts += 1


async def test_a_quiet_line_is_pinged_every_interval() -> None:
    line = Line()

    for _ in range(3):
        line.clock.turn(19)
        count = len(line.pings)
        line.clock.turn(1)
        assert len(line.pings) == count + 1
        line.keepalive.on_pong(line.pings[-1])

    assert len(set(line.pings)) == 3
    assert line.timeouts == 0


async def test_a_ping_without_answer_ends_the_line() -> None:
    line = Line()
    line.clock.turn(20)

    line.clock.turn(4.9)
    assert line.timeouts == 0
    line.clock.turn(0.1)
    assert line.timeouts == 1


async def test_an_answer_in_time_keeps_the_line() -> None:
    line = Line()
    line.clock.turn(20)
    line.clock.turn(4.5)

    line.keepalive.on_pong(line.pings[0])
    line.clock.turn(10)

    assert line.timeouts == 0
    assert line.keepalive.latency_s == 4.5


async def test_without_interval_nothing_is_sent() -> None:
    line = Line(interval_s=0)

    line.clock.turn(1000)

    assert line.pings == []


async def test_without_timeout_an_answer_is_waited_for_for_ever() -> None:
    line = Line(timeout_s=0)

    line.clock.turn(20)
    line.clock.turn(1000)

    assert line.timeouts == 0


async def test_a_ping_that_was_asked_for_becomes_its_round_trip() -> None:
    line = Line(interval_s=0)

    answered = line.keepalive.ping()
    line.clock.turn(0.25)
    line.keepalive.on_pong(line.pings[0])

    assert await answered == 0.25


async def test_an_answer_answers_the_pings_before_it_too() -> None:
    # 5.5.3: a peer "MAY elect to send a Pong frame for only the most recently processed Ping".
    line = Line(interval_s=0)
    first, second, third = (line.keepalive.ping() for _ in range(3))

    line.keepalive.on_pong(line.pings[1])

    assert [answered.done() for answered in (first, second, third)] == [True, True, False]


async def test_an_answer_to_a_later_ping_answers_the_keepalive() -> None:
    line = Line()
    line.clock.turn(20)
    answered = line.keepalive.ping()

    line.keepalive.on_pong(line.pings[-1])
    line.clock.turn(19)

    assert answered.done()
    assert line.timeouts == 0


async def test_a_pong_that_answers_nothing_is_ignored() -> None:
    line = Line()
    line.clock.turn(20)

    line.keepalive.on_pong(b"")
    line.keepalive.on_pong(b"unasked")
    line.clock.turn(5)

    assert line.timeouts == 1
    assert line.keepalive.latency_s is None


async def test_an_answer_nobody_waits_for_any_more_is_taken_all_the_same() -> None:
    line = Line(interval_s=0)
    line.keepalive.ping().cancel()

    line.keepalive.on_pong(line.pings[0])

    assert line.keepalive.latency_s == 0.0


async def test_when_the_line_is_gone_whoever_waits_is_told() -> None:
    line = Line()
    answered, given_up = line.keepalive.ping(), line.keepalive.ping()
    given_up.cancel()

    line.keepalive.stop(ConnectionClosedError(1006))
    line.clock.turn(1000)

    with pytest.raises(ConnectionClosedError):
        await answered
    assert len(line.pings) == 2
    assert line.timeouts == 0
