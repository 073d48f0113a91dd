"""The quick exchange and its reference tell the same and come to the same, command by command."""

import pytest

from strikewire.exchange import Exchange
from strikewire.exchange.reference import Reference
from strikewire.testing.trading_day import TradingDay

COMPARED_EVERY = 500
"""Commands between two comparisons of the whole state; events are compared after each."""


def walk(seed: int, commands: int) -> None:
    """Tell both the same day."""
    quick, reference = Exchange(), Reference()
    day = TradingDay(seed, commands=commands)
    seq = 0
    for timed in day.opening():
        seq += 1
        told = quick.apply(seq, timed.time_ns, timed.command)
        assert told == reference.apply(seq, timed.time_ns, timed.command), f"seed {seed}, {seq}"
    for timed in day.commands(quick):
        seq += 1
        told = quick.apply(seq, timed.time_ns, timed.command)
        assert told == reference.apply(seq, timed.time_ns, timed.command), f"seed {seed}, {seq}"
        day.learn(told)
        if seq % COMPARED_EVERY == 0:
            assert quick.state_hash() == reference.state_hash(), f"seed {seed}, {seq}"
    assert quick.state_hash() == reference.state_hash()


@pytest.mark.parametrize("seed", [1, 2])
def test_both_live_through_the_same_day(seed: int) -> None:
    walk(seed, 3_000)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 20))
def test_both_live_through_long_days(seed: int) -> None:
    walk(seed, 100_000)
