"""The client's end of JSON-RPC: requests out, answers and notifications in.

Source: JSON-RPC 2.0; Deribit API v2, "JSON-RPC" (envelope, notifications, heartbeat).
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

REQUEST_BYTES_MAX: Final = 32 * 1024
"""A venue answers a longer request with an error that carries no id; ours are never longer."""


class Answer(Struct, frozen=True):
    """A request succeeded; `result` is its JSON."""

    request_id: int
    result: Raw


class ErrorAnswer(Struct, frozen=True):
    """A request failed, or (without id) the venue complains about something it could not read."""

    request_id: int | None
    code: int
    message: str
    reason: str
    param: str


class Notification(Struct, frozen=True):
    """Something happened in a channel; `data` is its JSON."""

    channel: str
    data: Raw


class Heartbeat(Struct, frozen=True):
    """The venue is alive; with `wants_test` it asks whether we are."""

    wants_test: bool


Message = Answer | ErrorAnswer | Notification | Heartbeat


class UnreadableError(Exception):
    """A message of the venue is not what JSON-RPC allows."""


class _Request(Struct, frozen=True):
    id: int
    method: str
    params: object
    jsonrpc: str = "2.0"


class _ErrorData(Struct, frozen=True):
    reason: str = ""
    param: str = ""


class _Error(Struct, frozen=True):
    code: int
    message: str = ""
    data: Raw = Raw()


class _Incoming(Struct, frozen=True):
    id: int | str | None = None
    result: Raw = Raw()
    error: _Error | None = None
    method: str = ""
    params: Raw = Raw()


class _Subscription(Struct, frozen=True):
    channel: str
    data: Raw


class _HeartbeatKind(Struct, frozen=True):
    type: str


_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(_Incoming).decode
_decode_subscription: Final = msgspec.json.Decoder(_Subscription).decode
_decode_error_data: Final = msgspec.json.Decoder(_ErrorData).decode
_decode_heartbeat: Final = msgspec.json.Decoder(_HeartbeatKind).decode


def encode_request(request_id: int, method: str, params: object) -> bytes:
    """Return the JSON of one request."""
    return _encode(_Request(request_id, method, params))


def decode_message(payload: bytes | str) -> Message:
    """Read one message of the venue.

    Raises:
        UnreadableError: It is no JSON, or not of a shape JSON-RPC allows.
    """
    try:
        incoming = _decode(payload)
        if incoming.method:
            return _notification(incoming)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from None
    if incoming.error is not None:
        return _error(incoming, incoming.error)
    if not bytes(incoming.result) or not isinstance(incoming.id, int):
        raise UnreadableError("a message with neither result, error nor method")
    return Answer(incoming.id, incoming.result)


def _notification(incoming: _Incoming) -> Message:
    if incoming.method == "subscription":
        note = _decode_subscription(incoming.params)
        return Notification(note.channel, note.data)
    if incoming.method == "heartbeat":
        return Heartbeat(_decode_heartbeat(incoming.params).type == "test_request")
    raise UnreadableError(f"a notification of the unknown method {incoming.method!r}")


def _error(incoming: _Incoming, error: _Error) -> ErrorAnswer:
    try:
        data = _decode_error_data(error.data)
    except msgspec.DecodeError:
        data = _ErrorData()  # absent, or some other shape: code and message say enough
    request_id = incoming.id if isinstance(incoming.id, int) else None
    return ErrorAnswer(request_id, error.code, error.message, data.reason, data.param)
