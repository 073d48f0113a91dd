"""The venue's side of JSON-RPC 2.0: requests are read and checked, answers are written.

Deribit's envelope is JSON-RPC with four more members in every answer: `usIn`, `usOut` and
`usDiff` (microseconds, when the request came in and the answer went out) and `testnet`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
import msgspec.inspect
from msgspec import UNSET, Raw, Struct, UnsetType

from strikewire.api.errors import ApiError, ErrorCode, ErrorObject, RequestId
from strikewire.api.registry import METHODS, Method

REQUEST_BYTES_MAX: Final = 32 * 1024
NESTING_MAX: Final = 64  # lists and objects inside each other; the deepest request needs four

_EMPTY_PARAMS: Final = Raw(b"{}")


class Request(Struct, frozen=True, kw_only=True):
    """A request whose envelope is sound; its parameters are not looked at yet.

    Attributes:
        method: The name as sent; whether there is such a method is not known yet.
        id: The id with its JSON type; UNSET when there is none.
        params: The raw text of `params`.
    """

    method: str
    id: RequestId | UnsetType = UNSET
    params: Raw = _EMPTY_PARAMS


class _IdOnly(Struct):
    id: RequestId | UnsetType = UNSET


class _AccessToken(Struct):
    access_token: str | UnsetType = UNSET


_SPELLING: Final = {"us_in": "usIn", "us_out": "usOut", "us_diff": "usDiff"}


class _Result(Struct, frozen=True, rename=_SPELLING):
    jsonrpc: str
    id: RequestId | UnsetType
    result: Any  # any response type of the registry
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool


class _Error(Struct, frozen=True, rename=_SPELLING):
    jsonrpc: str
    id: RequestId | UnsetType
    error: ErrorObject
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool


class _NotificationParams(Struct, frozen=True):
    channel: str
    data: Any  # any data type of the channels


class _Notification(Struct, frozen=True):
    jsonrpc: str
    method: str
    params: _NotificationParams


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_REQUESTS: Final = msgspec.json.Decoder(Request)
_IDS: Final = msgspec.json.Decoder(_IdOnly)
_TOKENS: Final = msgspec.json.Decoder(_AccessToken)
# ValueError: text that is not UTF-8, or an integer of thousands of digits.
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, ValueError)
_PARAMS: Final = {m.name: msgspec.json.Decoder(m.request) for m in METHODS.values()}


def _is_composite(kind: msgspec.inspect.Type) -> bool:
    """Tell whether values of a type are lists or objects, for all but None."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _is_composite(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(map(_is_composite, kind.types))
    return isinstance(kind, _COMPOSITE_TYPES)


_COMPOSITE_TYPES: Final = (
    msgspec.inspect.ListType,
    msgspec.inspect.DictType,
    msgspec.inspect.StructType,
)
_COMPOSITES: Final[Mapping[str, Mapping[str, msgspec.json.Decoder[Any]]]] = {
    method.name: {
        field.encode_name: msgspec.json.Decoder(field.type)
        for field in msgspec.structs.fields(method.request)
        if _is_composite(msgspec.inspect.type_info(field.type))
    }
    for method in METHODS.values()
}
"""By method: what reads those of its parameters that are lists or objects."""


def decode_request(text: bytes, *, bytes_max: int = REQUEST_BYTES_MAX) -> Request:
    """Read one request's envelope.

    Args:
        text: One WebSocket message or one HTTP body, UTF-8.
        bytes_max: The longest request that is looked at.

    Raises:
        ApiError: -32600 `request entity too large` (without id), -32700 for what is not JSON,
            -32600 for JSON that is not a request; with the request's id where it can be read.

    Source: JSON-RPC 2.0, sections 4 and 5.1.
    """
    if len(text) > bytes_max:
        raise ApiError(ErrorCode.INVALID_REQUEST, message="request entity too large")
    if _is_nested_too_deeply(text):
        raise ApiError(ErrorCode.PARSE_ERROR, reason="is nested too deeply", id=None)
    try:
        request = _REQUESTS.decode(text)
        method = METHODS.get(request.method)
        if method is not None and method.cost == "matching":
            _refuse_duplicate_keys(text)
    except msgspec.ValidationError as error:
        raise _not_a_request(text, error) from None
    except _UNREADABLE as error:
        reason = _decode_reason(error)
        raise ApiError(ErrorCode.PARSE_ERROR, reason=reason, id=None) from None
    return request


def decode_params(method: Method, params: Raw | bytes) -> Struct:
    """Read a request's parameters as the method's request type.

    Unknown parameters are ignored; null stands for a parameter left out, or for none at all.

    Raises:
        ApiError: -32602 naming the parameter and the reason (or the code the parameter's own
            rule gives), without id: the caller knows it.
    """
    if bytes(params) == b"null":
        params = _EMPTY_PARAMS
    try:
        return _PARAMS[method.name].decode(params)
    except msgspec.ValidationError as error:
        raise _invalid_params(error) from None
    except _UNREADABLE as error:
        raise ApiError(ErrorCode.INVALID_PARAMS, reason=_decode_reason(error)) from None


def decode_query(method: Method, query: Mapping[str, str]) -> Struct:
    """Read a query string's parameters as the method's request type.

    Every value is text there, so numbers and booleans are read from text: `true`, `70.0`, `5`;
    and lists and objects as the JSON that they would be in a body.

    Args:
        method: The method called.
        query: Parameters after percent-decoding.

    Raises:
        ApiError: As `decode_params`.
    """
    params: dict[str, object] = dict(query)
    for name, decoder in _COMPOSITES[method.name].items():
        if name in query:
            params[name] = _decode_composite(decoder, name, query[name].encode())
    try:
        return msgspec.convert(params, method.request, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid_params(error) from None


def _decode_composite(decoder: msgspec.json.Decoder[Any], name: str, text: bytes) -> object:
    if _is_nested_too_deeply(text):
        raise ApiError(ErrorCode.INVALID_PARAMS, param=name, reason="is nested too deeply")
    try:
        found = decoder.decode(text)
        _refuse_duplicate_keys(text)
    except ApiError as error:
        error.id = None
        raise
    except msgspec.ValidationError as error:
        reason = _explain(error)[1]
        raise ApiError(ErrorCode.INVALID_PARAMS, param=name, reason=reason) from None
    except _UNREADABLE as error:
        reason = f"is not the JSON of a list or an object: {_decode_reason(error)}"
        raise ApiError(ErrorCode.INVALID_PARAMS, param=name, reason=reason) from None
    return found


def access_token(params: Raw | bytes) -> str | None:
    """Return the token that some clients send inside `params`, or None.

    Raises:
        ApiError: -32602 when it is not text.
    """
    text = bytes(params)
    if b'"access_token"' not in text:
        return None
    try:
        token = _TOKENS.decode(text).access_token
    except msgspec.ValidationError as error:
        raise _invalid_params(error) from None
    except _UNREADABLE as error:
        raise ApiError(ErrorCode.INVALID_PARAMS, reason=_decode_reason(error)) from None
    return None if token is UNSET else token


def encode_result(
    id: RequestId | UnsetType,  # noqa: A002 (JSON-RPC's own name for it)
    result: object,
    *,
    us_in: int,
    us_out: int,
    testnet: bool,
) -> bytes:
    """Write the answer to a request that succeeded.

    Args:
        id: The request's id, echoed with its type; UNSET leaves it out.
        result: A value of the method's response type, or `Raw` text of it.
        us_in: When the request came in, microseconds since the Unix epoch.
        us_out: When the answer goes out, the same.
        testnet: Whether the venue calls itself a test network.
    """
    return _ENCODER.encode(_Result("2.0", id, result, us_in, us_out, us_out - us_in, testnet))


def encode_error(error: ApiError, *, us_in: int, us_out: int, testnet: bool) -> bytes:
    """Write the answer to a request that failed; the id is `error.id`."""
    return _ENCODER.encode(
        _Error("2.0", error.id, error.error_object(), us_in, us_out, us_out - us_in, testnet)
    )


def encode_notification(channel: str, data: object) -> bytes:
    """Write one notification; the same bytes serve every subscriber of the channel."""
    return _ENCODER.encode(_Notification("2.0", "subscription", _NotificationParams(channel, data)))


def encode_heartbeat(kind: Literal["heartbeat", "test_request"]) -> bytes:
    """Write a heartbeat, or the request to answer with `public/test`."""
    return b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"%b"}}' % kind.encode()


_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_AS_BRACES: Final = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def _is_nested_too_deeply(text: bytes) -> bool:
    # How deep a parser can go differs between versions of Python; the limit here does not.
    if text.count(b"[") + text.count(b"{") <= NESTING_MAX:
        return False
    braces = _STRING.sub(b"", text).translate(_AS_BRACES, _NO_BRACKETS)
    # All innermost pairs at once, as often as they may be inside each other.
    left = braces
    for _ in range(NESTING_MAX):
        left = left.replace(b"{}", b"")
        if not left:
            return False
    depth = 0
    for brace in braces:
        depth += 1 if brace == ord("{") else -1
        if depth > NESTING_MAX:
            return True
    return False


def _refuse_duplicate_keys(text: bytes) -> None:
    # RFC 8259, section 4, leaves the meaning of a repeated name open: two readers of one order
    # could see two prices. Escapes are resolved first, so "pric\u0065" does not slip through.
    # Numbers stay text: they are not looked at here, and Python refuses some of them.
    try:
        _TWICE.decode(text.decode("utf-8", "surrogatepass"))
    except _DuplicateKeyError as error:
        found = error.args[0]
        raise ApiError(
            ErrorCode.INVALID_PARAMS,
            param=found,
            reason="is given twice",
            id=_id_of(text),
        ) from None


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKeyError(next(name for name in names if names.count(name) > 1))


_TWICE: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str)


def _not_a_request(text: bytes, error: msgspec.ValidationError) -> ApiError:
    param, reason = _explain(error)
    return ApiError(ErrorCode.INVALID_REQUEST, param=param, reason=reason, id=_id_of(text))


def _id_of(text: bytes) -> RequestId:
    # JSON-RPC 2.0, section 5: the id MUST be null if it could not be detected.
    try:
        found = _IDS.decode(text).id
    except _UNREADABLE:
        return None
    return None if found is UNSET else found


def _invalid_params(error: msgspec.ValidationError) -> ApiError:
    param, reason = _explain(error)
    return ApiError(ErrorCode.INVALID_PARAMS, param=param, reason=reason)


_AT: Final = re.compile(r"(?s)(.*) - at `\$\.?(\w*)(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")


def _explain(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return the parameter's name and the reason, from the sentence msgspec gives."""
    text = str(error)
    if missing := _MISSING.match(text):
        return missing[1], "is required"
    at = _AT.fullmatch(text)
    reason, param = (at[1], at[2]) if at else (text, "")
    reason = reason.replace("`", "")
    return param, reason[:1].lower() + reason[1:]


def _decode_reason(error: Exception) -> str:
    text = str(error).removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]
