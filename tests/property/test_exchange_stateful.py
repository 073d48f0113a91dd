"""The exchange and its reference walk together, through commands, repeats, restarts and time."""

from __future__ import annotations

import sys
import time
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from strikewire.exchange import Command, Event, Exchange, Once, Rejected, Repeated
from strikewire.exchange.reference import Reference
from strikewire.model import NS_PER_S
from strikewire.testing.exchange import ALICE
from tests.property.test_exchange import OPENED, commands, settlements, started

STEPS = 500
STEPS_FULL = 100_000
STEPS_PER_WALK = 50
WALKS_PER_ROUND = 20
SECONDS_MAX = 1_800
"""After so long a walk of many steps begins no further round."""

NAMES = ("BTC-25DEC26-60000-C", "BTC-PERPETUAL", "BTC_USDC")
keys = st.integers(0, 5).map(str)


class Walk(RuleBasedStateMachine):
    """One venue; every rule is a step, and `TradingFloor.apply` checks what always holds."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.floor = started()
        self.reference = Reference.restore(OPENED)
        self.marked: dict[str, Command] = {}

    def step(self, command: Command) -> tuple[Event, ...]:
        """Carry out a command in both; they must tell the same. Return it."""
        type(self).steps += 1
        told = self.floor.apply(command)
        again = self.reference.apply(self.floor.seq, self.floor.now_ns, command)
        assert told == again
        return told

    @rule(command=commands(NAMES))
    def ask(self, command: Command) -> None:
        """Ask for anything; a refusal changes nothing."""
        before = self.floor.exchange.state_hash()
        told = self.step(command)
        if len(told) == 1 and isinstance(told[0], Rejected):  # No order ended with its day.
            assert self.floor.exchange.state_hash() == before

    @rule(key=keys, command=commands(NAMES))
    def ask_once(self, key: str, command: Command) -> None:
        """Ask under a key; the second time nothing happens."""
        is_new = self.marked.setdefault(key, command) is command
        before = self.floor.exchange.state_hash()
        told = self.step(Once(ALICE, key, b"", self.marked[key]))
        assert is_new or isinstance(told[0], Repeated)
        if not is_new and len(told) == 1:
            assert self.floor.exchange.state_hash() == before

    @rule()
    def restart(self) -> None:
        """Begin again from a snapshot."""
        before = self.floor.exchange.state_hash()
        self.floor.exchange = Exchange.restore(self.floor.exchange.snapshot())
        assert self.floor.exchange.state_hash() == before == self.reference.state_hash()

    @rule(seconds=st.integers(1, 3_600))
    def wait(self, seconds: int) -> None:
        """Let time pass: less than a day in a whole walk, so that no key is forgotten."""
        self.floor.now_ns += min(seconds, 86_000 // STEPS_PER_WALK) * NS_PER_S

    @rule(command=settlements)
    def settle_early(self, command: Command) -> None:
        """Ask for a delivery that is not due."""
        self.step(command)


def walk(steps: int) -> None:
    """Walk until there were so many steps, or time is up; print what was done."""
    Walk.steps = 0
    options = settings(
        max_examples=WALKS_PER_ROUND,
        stateful_step_count=STEPS_PER_WALK,
        suppress_health_check=list(HealthCheck),
    )
    begun = time.monotonic()  # noqa: TID251 - bounds how long a long walk takes, judges nothing
    rounds, took = 0, 0.0
    while Walk.steps < steps and took < SECONDS_MAX:
        run_state_machine_as_test(Walk, settings=options)
        rounds += 1
        took = time.monotonic() - begun  # noqa: TID251 - the same
    sys.stdout.write(f"{Walk.steps} steps in {rounds} rounds, {took:.0f} s\n")
    assert Walk.steps > 0


def test_a_walk_of_many_steps_breaks_nothing() -> None:
    walk(STEPS)


@pytest.mark.full
def test_a_walk_of_a_hundred_thousand_steps_breaks_nothing() -> None:
    walk(STEPS_FULL)
