"""Whatever arrives, the API answers with a request or with a coded error; what it sends is read."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from strikewire.api import METHODS, ApiError, ErrorCode, jsonrpc, parse_channel, signing
from strikewire.api.errors import RequestId

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
IDS = (
    st.none()
    | st.integers(-(2**63), 2**63)
    | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.sampled_from(sorted(METHODS))
PARAMETERS = sorted(
    {
        field.encode_name
        for method in METHODS.values()
        for field in msgspec.structs.fields(method.request)
    }
)


def outcome(read: Callable[..., object], *arguments: object) -> object:
    """Return what was read, or the error that refused it; any other exception is a failure."""
    try:
        return read(*arguments)
    except ApiError as error:
        return error


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_coded_error(text: bytes) -> None:
    read = outcome(jsonrpc.decode_request, text)

    if isinstance(read, ApiError):
        assert read.code in {ErrorCode.PARSE_ERROR, ErrorCode.INVALID_REQUEST}


@given(JSON)
def test_any_json_is_a_request_or_a_coded_error(value: Any) -> None:
    read = outcome(jsonrpc.decode_request, json.dumps(value).encode())

    if isinstance(read, ApiError):
        assert read.code in {ErrorCode.INVALID_REQUEST, ErrorCode.PARSE_ERROR}
    else:
        assert isinstance(read, jsonrpc.Request)
        assert read.method == value["method"]


@given(NAMES, st.dictionaries(st.sampled_from(PARAMETERS) | st.text(max_size=5), JSON))
def test_any_parameters_are_understood_or_refused_with_a_code(
    name: str, params: dict[str, Any]
) -> None:
    read = outcome(jsonrpc.decode_params, METHODS[name], json.dumps(params).encode())

    if isinstance(read, ApiError):
        assert read.param in {"", *PARAMETERS}
    else:
        assert isinstance(read, METHODS[name].request)


@given(NAMES, st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=12)))
def test_any_query_is_understood_or_refused_with_a_code(name: str, query: dict[str, str]) -> None:
    read = outcome(jsonrpc.decode_query, METHODS[name], query)

    if isinstance(read, ApiError):
        assert read.param in {"", *PARAMETERS}
    else:
        assert isinstance(read, METHODS[name].request)


@given(IDS, JSON)
def test_an_answer_holds_the_id_and_the_result(
    request_id: RequestId,
    result: Any,
) -> None:
    answer = json.loads(jsonrpc.encode_result(request_id, result, us_in=5, us_out=9, testnet=False))

    assert answer["id"] == request_id
    assert answer["result"] == result
    assert answer["usDiff"] == 4


@given(IDS, st.sampled_from(ErrorCode), st.text(), st.text())
def test_an_error_holds_the_id_and_the_code(
    request_id: RequestId, code: ErrorCode, reason: str, param: str
) -> None:
    error = ApiError(code, reason=reason, param=param, id=request_id)
    answer = json.loads(jsonrpc.encode_error(error, us_in=5, us_out=9, testnet=False))

    assert answer["id"] == request_id
    assert answer["error"]["code"] == code
    assert "result" not in answer


@given(st.text(max_size=80))
def test_any_name_is_a_channel_that_keeps_it_or_nothing(name: str) -> None:
    parsed = parse_channel(name)

    assert parsed is None or parsed.name == name


@given(st.text(max_size=80))
def test_any_authorization_header_is_read_or_refused(header: str) -> None:
    read = outcome(signing.parse_authorization, header)

    if isinstance(read, ApiError):
        assert read.code == ErrorCode.UNAUTHORIZED


@given(st.text(), st.text(), st.text(), st.text())
def test_a_signature_is_the_same_as_itself_only(
    secret: str, nonce: str, data: str, other: str
) -> None:
    signature = signing.sign_client_data(secret, timestamp="5", nonce=nonce, data=data)

    assert signing.is_same(signature, signature)
    assert signing.is_same(other, signature) == (other.lower() == signature)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_survives_the_journey(number: float) -> None:
    answer = jsonrpc.encode_result(UNSET, number, us_in=1, us_out=1, testnet=False)

    assert json.loads(answer)["result"] == number


@pytest.mark.parametrize("code", ErrorCode)
def test_no_two_codes_share_a_message(code: ErrorCode) -> None:
    assert [other for other in ErrorCode if other.message == code.message] == [code]
