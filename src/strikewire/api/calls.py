"""The client's side of JSON-RPC 2.0: calls are written, what comes back is read."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from strikewire.api.errors import ErrorObject, RequestId


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to a call: `error`, or the raw text of `result`.

    Attributes:
        id: The call's id; None when the venue could not read it, UNSET when it sent none.
        result: Text to decode as the method's response type; empty when there is an error.
        error: What went wrong, or None.
        us_in: When the request reached the venue, microseconds since the Unix epoch.
        us_out: When the answer left it.
    """

    id: RequestId | UnsetType
    result: Raw
    error: ErrorObject | None
    us_in: int
    us_out: int


class Notification(Struct, frozen=True, kw_only=True):
    """A message of a subscription; `data` is text to decode as the channel's data type."""

    channel: str
    data: Raw


class Heartbeat(Struct, frozen=True, kw_only=True):
    """A sign of life; a `test_request` wants `public/test` in return."""

    type: Literal["heartbeat", "test_request"]


class ForeignMessageError(Exception):
    """The other side sent something that is no answer, notification or heartbeat.

    Attributes:
        reason: What is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not a message of the venue: {reason}")


class _Call(Struct, frozen=True):
    jsonrpc: str
    id: RequestId
    method: str
    params: Mapping[str, object]


class _Params(Struct, frozen=True):
    channel: str | UnsetType = UNSET
    data: Raw = Raw()
    type: Literal["heartbeat", "test_request"] | UnsetType = UNSET


class _Incoming(Struct, frozen=True, rename={"us_in": "usIn", "us_out": "usOut"}):
    id: RequestId | UnsetType = UNSET
    result: Raw = Raw()
    error: ErrorObject | UnsetType = UNSET
    us_in: int = 0
    us_out: int = 0
    method: str | UnsetType = UNSET
    params: _Params = _Params()


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_INCOMING: Final = msgspec.json.Decoder(_Incoming)


def encode_call(id: RequestId, method: str, params: Mapping[str, object]) -> bytes:  # noqa: A002
    """Write one call.

    Args:
        id: Comes back in the answer with its JSON type.
        method: Such as `private/buy`.
        params: The parameters; those that are None or UNSET are left out. Decimals are
            written digit by digit.
    """
    given = {name: value for name, value in params.items() if value not in (None, UNSET)}
    return _ENCODER.encode(_Call("2.0", id, method, given))


def decode_message(text: bytes | str) -> Answer | Notification | Heartbeat:
    """Read one message from the venue.

    Raises:
        ForeignMessageError: It is not JSON or has none of the three forms.
    """
    try:
        incoming = _INCOMING.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise ForeignMessageError(str(error)) from None
    params = incoming.params
    if incoming.method == "subscription" and params.channel is not UNSET:
        return Notification(channel=params.channel, data=params.data)
    if incoming.method == "heartbeat" and params.type is not UNSET:
        return Heartbeat(type=params.type)
    if incoming.method is UNSET and (incoming.error is not UNSET or bytes(incoming.result)):
        return Answer(
            id=incoming.id,
            result=incoming.result,
            error=None if incoming.error is UNSET else incoming.error,
            us_in=incoming.us_in,
            us_out=incoming.us_out,
        )
    raise ForeignMessageError("neither answer, notification nor heartbeat")
