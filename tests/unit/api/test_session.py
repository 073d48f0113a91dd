from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError, ErrorCode, session


def auth(**params: Any) -> session.Auth:
    return msgspec.convert(params, session.Auth)


def test_credentials_are_an_id_and_a_secret() -> None:
    request = auth(grant_type="client_credentials", client_id="id", client_secret="secret")

    assert (request.client_id, request.client_secret) == ("id", "secret")


@pytest.mark.parametrize("timestamp", [1_732_284_000_000, "1732284000000"])
def test_a_timestamp_may_be_a_number_or_text(timestamp: int | str) -> None:
    request = auth(
        grant_type="client_signature", client_id="id", timestamp=timestamp, signature="00"
    )

    assert request.timestamp == timestamp


@pytest.mark.parametrize(
    ("params", "missing"),
    [
        ({"grant_type": "client_credentials"}, "client_id"),
        ({"grant_type": "client_credentials", "client_id": "id"}, "client_secret"),
        ({"grant_type": "client_signature", "client_id": "id"}, "timestamp"),
        ({"grant_type": "client_signature", "client_id": "id", "timestamp": 5}, "signature"),
        ({"grant_type": "refresh_token"}, "refresh_token"),
    ],
)
def test_a_grant_needs_its_parameters(params: dict[str, Any], missing: str) -> None:
    with pytest.raises(ApiError) as caught:
        auth(**params)

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, missing)


def test_a_password_grant_does_not_exist() -> None:
    with pytest.raises(msgspec.ValidationError, match="grant_type"):
        auth(grant_type="password", client_id="id")


@pytest.mark.parametrize("seconds", [10, 10.0, 86_400])
def test_a_heartbeat_comes_every_ten_seconds_at_most(seconds: float) -> None:
    assert msgspec.convert({"interval": seconds}, session.SetHeartbeat).interval == seconds


@pytest.mark.parametrize("seconds", [9.99, 0, -1, 86_401])
def test_a_heartbeat_of_another_interval_is_refused(seconds: float) -> None:
    with pytest.raises(msgspec.ValidationError, match="interval"):
        msgspec.convert({"interval": seconds}, session.SetHeartbeat)


def test_channels_are_a_list_of_names_of_any_length() -> None:
    request = msgspec.convert({"channels": ["x" * 1_000, ""]}, session.Subscribe)

    assert request.channels == ["x" * 1_000, ""]


def test_status_is_text_as_clients_expect() -> None:
    assert msgspec.json.encode(session.StatusResult(locked="false")) == b'{"locked":"false"}'


def test_secrets_and_tokens_stay_out_of_reprs() -> None:
    request = auth(grant_type="client_credentials", client_id="id", client_secret="s3cret")
    result = session.AuthResult(
        access_token="t0ken", expires_in=900, refresh_token="r3fresh", scope="connection"
    )

    assert repr(request) == "Auth('client_credentials', client_id='id', ...)"
    assert repr(result) == "AuthResult(scope='connection', ...)"
