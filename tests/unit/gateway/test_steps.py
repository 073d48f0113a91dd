from typing import get_args

from strikewire.api import ApiError, ErrorCode
from strikewire.gateway.caller import Caller
from strikewire.gateway.gateway import Action
from strikewire.gateway.session import Session
from strikewire.gateway.steps import (
    Called,
    Disconnected,
    Input,
    Output,
    Received,
    Revoked,
    Send,
    Tick,
)
from strikewire.testing.gateway import GatewayFloor


def test_a_session_understands_every_input_that_needs_no_earlier_one() -> None:
    floor = GatewayFloor()
    session = Session(floor.desk, Caller(1, "10.0.0.1", "ws"))

    heard = [
        session.step(floor.now_ns, happened)
        for happened in (
            Received(b"{}"),
            Called(method="public/test"),
            Tick(),
            Revoked(frozenset({"alice"})),
            Disconnected(),
        )
    ]

    assert [len(outputs) for outputs in heard] == [1, 1, 0, 0, 1]
    assert len(get_args(Input)) == 7  # the other two answer a command


def test_an_error_of_a_call_is_its_answer() -> None:
    floor = GatewayFloor()
    session = Session(floor.desk, Caller(1, "10.0.0.1", "rest"))

    (send,) = session.step(floor.now_ns, Called(error=ApiError(ErrorCode.UNAUTHORIZED)))

    assert isinstance(send, Send)
    assert send.is_error
    assert b'"code":13009' in send.payload


def test_what_a_session_asks_for_is_less_than_what_the_gateway_does() -> None:
    # Joining and leaving stay inside: the hub turns them into deliveries.
    assert len(get_args(Output)) == 7
    assert len(get_args(Action)) == 5
