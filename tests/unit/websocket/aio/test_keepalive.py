import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from strikewire.websocket.aio.keepalive import Pings, Pulse, first_round_trip
from strikewire.websocket.errors import ConnectionClosedError


class Timer:
    """A call that is due at some time, unless it is cancelled before."""

    def __init__(self, at: float, then: Callable[[], None]) -> None:
        self.at = at
        self.then = then

    def cancel(self) -> None:
        self.then = lambda: None


class HandClock:
    """The part of a loop that a pulse needs, with a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, then: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + delay, then))
        return self.timers[-1]

    def turn(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.then()
        self.now = end


class Member:
    """A connection that notes when it was looked at."""

    def __init__(self) -> None:
        self.beats: list[float] = []

    def beat(self, now_s: float) -> None:
        self.beats.append(now_s)


def pulse_of(clock: HandClock, interval_s: float, timeout_s: float) -> Pulse:
    loop = cast("asyncio.AbstractEventLoop", clock)
    return Pulse(loop, interval_s=interval_s, timeout_s=timeout_s)


class TestPulse:
    def test_members_are_looked_at_once_a_second_where_times_are_long(self) -> None:
        clock, member = HandClock(), Member()
        pulse = pulse_of(clock, 20.0, 20.0)

        pulse.enter(member)
        clock.turn(3.5)

        assert member.beats == [101.0, 102.0, 103.0]

    def test_short_times_are_kept_to_a_twentieth(self) -> None:
        clock, member = HandClock(), Member()
        pulse = pulse_of(clock, 10.0, 0.2)

        pulse.enter(member)
        clock.turn(0.0201)

        assert [round(beat, 6) for beat in member.beats] == [100.01, 100.02]

    def test_it_stands_still_without_members(self) -> None:
        clock, member = HandClock(), Member()
        pulse = pulse_of(clock, 20.0, 20.0)
        pulse.enter(member)

        pulse.leave(member)
        clock.turn(60.0)

        assert member.beats == []
        assert clock.timers == []

    def test_an_interval_of_zero_never_beats(self) -> None:
        clock, member = HandClock(), Member()

        pulse_of(clock, 0.0, 20.0).enter(member)

        assert clock.timers == []


class TestPings:
    async def test_an_answer_takes_the_time_since_its_ping(self) -> None:
        pings = Pings()
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        payload = pings.sent(10.0, answered)

        assert pings.answered(payload, 10.25) == 0.25
        assert await answered == 0.25

    async def test_an_answer_to_the_latest_answers_those_before_it(self) -> None:
        pings = Pings()
        first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        pings.sent(10.0, first)
        own = pings.sent(11.0, None)

        assert pings.answered(own, 12.0) == 1.0

        assert await first == 2.0
        assert pings.own_at_s is None

    def test_an_answer_to_nothing_is_ignored(self) -> None:
        pings = Pings()
        pings.sent(10.0, None)

        assert pings.answered(b"unasked", 11.0) is None

        assert pings.own_at_s == 10.0

    async def test_who_waits_at_the_end_is_told_why(self) -> None:
        pings = Pings()
        waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        pings.sent(10.0, waiting)

        pings.end(ConnectionClosedError(1006))

        with pytest.raises(ConnectionClosedError, match="1006"):
            await waiting


class TestRoundTrips:
    def test_the_smoothed_one_moves_an_eighth_of_the_way(self) -> None:
        trips = first_round_trip(0.8).after(1.6)

        assert trips.smoothed_s == pytest.approx(0.9)
        assert (trips.count, trips.last_s, trips.min_s, trips.max_s) == (2, 1.6, 0.8, 1.6)
