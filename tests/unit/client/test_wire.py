"""Requests go out and messages come in as JSON-RPC says."""

import json
from decimal import Decimal

import pytest

from strikewire.client.wire import (
    Answer,
    ErrorAnswer,
    Heartbeat,
    Notification,
    UnreadableError,
    decode_message,
    encode_request,
)


def test_a_request_carries_id_method_and_parameters() -> None:
    payload = encode_request(7, "private/buy", {"amount": Decimal("0.1"), "price": 0.0105})

    assert json.loads(payload) == {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "private/buy",
        "params": {"amount": 0.1, "price": 0.0105},
    }


def test_an_answer_keeps_its_result_as_text() -> None:
    message = decode_message(b'{"jsonrpc":"2.0","id":7,"result":[1, 2],"usIn":1,"testnet":true}')

    assert isinstance(message, Answer)
    assert message.request_id == 7
    assert bytes(message.result) == b"[1, 2]"


def test_a_result_of_null_is_a_result() -> None:
    message = decode_message('{"id":7,"result":null}')

    assert isinstance(message, Answer)
    assert bytes(message.result) == b"null"


def test_an_error_is_read_with_its_data() -> None:
    message = decode_message(
        b'{"id":7,"error":{"code":10009,"message":"not_enough_funds",'
        b'"data":{"reason":"margin","param":"amount","more":1}}}'
    )

    assert message == ErrorAnswer(7, 10009, "not_enough_funds", "margin", "amount")


def test_an_error_whose_id_is_not_ours_belongs_to_no_request() -> None:
    message = decode_message(b'{"id":"x","error":{"code":-32600,"message":"Invalid Request"}}')

    assert message == ErrorAnswer(None, -32600, "Invalid Request", "", "")


def test_a_notification_names_its_channel() -> None:
    message = decode_message(
        b'{"method":"subscription","params":{"channel":"quote.A","data":{"bid":1}}}'
    )

    assert isinstance(message, Notification)
    assert (message.channel, bytes(message.data)) == ("quote.A", b'{"bid":1}')


@pytest.mark.parametrize(("kind", "wants_test"), [("heartbeat", False), ("test_request", True)])
def test_a_heartbeat_says_whether_it_wants_an_answer(kind: str, wants_test: bool) -> None:
    message = decode_message(json.dumps({"method": "heartbeat", "params": {"type": kind}}))

    assert message == Heartbeat(wants_test)


@pytest.mark.parametrize(
    "payload", [b"", b"no", b"{}", b'{"id":7}', b'{"id":"7","result":1}', b'{"method":"x"}']
)
def test_anything_else_is_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_message(payload)
