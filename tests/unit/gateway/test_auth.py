from itertools import count

import pytest

from strikewire.api import ApiError
from strikewire.api.session import Auth
from strikewire.api.signing import (
    SignedRequest,
    build_authorization,
    sign_client_data,
    sign_request,
)
from strikewire.gateway import auth as auth_module
from strikewire.gateway.auth import Authenticator, Grant
from strikewire.gateway.keys import ApiKey, KeyStore
from strikewire.model import AccountId

S = 1_000_000_000
NOW_MS = 1_767_225_600_000
NOW = NOW_MS * 1_000_000

URI = "/api/v2/private/get_positions?currency=BTC"


def door() -> Authenticator:
    numbers = count(1)
    return Authenticator(
        KeyStore(
            [
                ApiKey(client_id="alice", client_secret="Wonder.Land", account_id=AccountId(1)),
                ApiKey(
                    client_id="bob",
                    client_secret="builder",
                    account_id=AccountId(2),
                    scope="trade:read",
                    is_rate_limited=False,
                ),
            ]
        ),
        lambda size: next(numbers).to_bytes(size),
    )


def by_secret(door: Authenticator, connection_id: int | None = 5, scope: str = "") -> Grant:
    request = Auth(
        grant_type="client_credentials",
        client_id="alice",
        client_secret="Wonder.Land",
        scope=scope,
    )
    return door.authenticate(NOW, request, connection_id)


def by_signature(
    door: Authenticator, *, timestamp_ms: int = NOW_MS, now_ns: int = NOW, nonce: str = "n"
) -> Grant:
    signature = sign_client_data(
        "builder", timestamp=str(timestamp_ms), nonce=nonce, data="anything"
    )
    request = Auth(
        grant_type="client_signature",
        client_id="bob",
        timestamp=timestamp_ms,
        nonce=nonce,
        data="anything",
        signature=signature,
    )
    return door.authenticate(now_ns, request, 5)


def refresh(door: Authenticator, token: str, *, now_ns: int = NOW, scope: str = "") -> Grant:
    request = Auth(grant_type="refresh_token", refresh_token=token, scope=scope)
    return door.authenticate(now_ns, request, 5)


def by_header(door: Authenticator, header: str, *, now_ns: int = NOW) -> Grant:
    return door.by_header(now_ns, header, verb="GET", uri=URI, body=b"")


def signed_header(*, uri: str = URI, secret: str = "Wonder.Land", client_id: str = "alice") -> str:
    timestamp, nonce = str(NOW_MS), "abcd"
    signature = sign_request(
        secret, timestamp=timestamp, nonce=nonce, verb="GET", uri=uri, body=b""
    )
    return build_authorization(
        SignedRequest(client_id=client_id, timestamp=timestamp, nonce=nonce, signature=signature)
    )


def refused(code: int, reason: str = "") -> "pytest.RaisesExc[ApiError]":
    return pytest.RaisesExc(
        ApiError, check=lambda error: error.code == code and reason in error.reason
    )


def test_a_secret_gives_a_grant_for_its_account() -> None:
    grant = by_secret(door())

    assert (grant.client_id, grant.account_id) == ("alice", 1)
    assert (
        str(grant.scope)
        == "account:read_write block_trade:read_write connection trade:read_write wallet:read_write"
    )
    assert grant.access_token != grant.refresh_token
    assert grant.expires_ns == NOW + 900 * S


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("alice", "wonder.land"),
        ("alice", ""),
        ("carol", "Wonder.Land"),
        ("", "nobody"),
        ("", ""),
        ("älice", "ß"),
    ],
)
def test_a_wrong_secret_and_an_unknown_key_get_the_same_answer(client_id: str, secret: str) -> None:
    request = Auth(grant_type="client_credentials", client_id=client_id, client_secret=secret)

    with refused(13004):
        door().authenticate(NOW, request, 5)


def test_a_signature_proves_the_secret_without_sending_it() -> None:
    grant = by_signature(door())

    assert (grant.client_id, str(grant.scope)) == ("bob", "connection trade:read")
    assert not grant.is_rate_limited


def test_a_signature_works_for_connections_opened_side_by_side_and_never_again() -> None:
    at = door()
    by_signature(at)

    by_signature(at, now_ns=NOW + S)
    with refused(13004, "signature has been used before"):
        by_signature(at, now_ns=NOW + S + 1)

    by_signature(at, now_ns=NOW + S + 1, nonce="another")


@pytest.mark.parametrize("age_s", [-61, 61, 3_600])
def test_a_signature_of_another_time_is_refused(age_s: int) -> None:
    with refused(13004, "is not within 60 s of the venue's clock"):
        by_signature(door(), timestamp_ms=NOW_MS - age_s * 1_000)


def test_a_wrong_signature_is_refused() -> None:
    request = Auth(
        grant_type="client_signature",
        client_id="bob",
        timestamp=NOW_MS,
        nonce="n",
        data="",
        signature="0" * 64,
    )

    with refused(13004):
        door().authenticate(NOW, request, 5)


def test_signatures_are_forgotten_once_they_are_stale_and_bounded_before() -> None:
    at = door()
    for number in range(3):
        by_signature(at, nonce=str(number))
    later_ms = NOW_MS + 200_000

    by_signature(at, timestamp_ms=later_ms, now_ns=later_ms * 1_000_000)

    assert len(at._signatures) == 1


def test_too_many_signatures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_module, "SIGNATURES_MAX", 2)
    at = door()
    by_signature(at, nonce="1")
    by_signature(at, nonce="2")

    with refused(10028):
        by_signature(at, nonce="3")


def test_a_token_stands_for_its_grant_until_it_expires() -> None:
    at = door()
    grant = by_secret(at)

    assert at.by_token(NOW, grant.access_token, 5) is grant
    with refused(13009, "unknown or expired"):
        at.by_token(NOW + 900 * S, grant.access_token, 5)
    with refused(13009, "unknown or expired"):
        at.by_token(NOW, "made up", 5)


def test_a_token_of_a_connection_is_good_there_alone() -> None:
    at = door()
    grant = by_secret(at, connection_id=5)

    with refused(13009, "another connection"):
        at.by_token(NOW, grant.access_token, 6)
    with refused(13009, "another connection"):
        by_header(at, f"Bearer {grant.access_token}")


def test_a_token_of_a_session_and_one_from_rest_are_good_everywhere() -> None:
    at = door()
    session = by_secret(at, connection_id=5, scope="session:desk")
    rest = by_secret(at, connection_id=None)

    assert at.by_token(NOW, session.access_token, 6) is session
    assert by_header(at, f"bearer {rest.access_token}") is rest


def test_a_refresh_token_works_once_and_ends_the_tokens_before_it() -> None:
    at = door()
    old = by_secret(at, scope="trade:read")

    new = refresh(at, old.refresh_token, scope="trade:read_write")

    assert (
        str(new.scope)
        == "account:read_write block_trade:read_write connection trade:read wallet:read_write"
    )
    with refused(13009):
        at.by_token(NOW, old.access_token, 5)
    with refused(13004):
        refresh(at, old.refresh_token)


def test_a_refresh_token_expires_too() -> None:
    at = door()
    old = by_secret(at)

    with refused(13004, "unknown or expired"):
        refresh(at, old.refresh_token, now_ns=NOW + 7 * 86_400 * S)


def test_the_tokens_of_a_removed_key_end_with_it() -> None:
    at = door()
    grant = by_secret(at)

    at._keys.remove("alice")

    with refused(13009):
        at.by_token(NOW, grant.access_token, 5)
    with refused(13004, "key has been removed"):
        refresh(at, grant.refresh_token)


def test_a_revoked_grant_has_no_tokens() -> None:
    at = door()
    grant = by_secret(at)

    at.revoke(grant)

    with refused(13009):
        at.by_token(NOW, grant.access_token, 5)


def test_one_token_too_many_ends_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_module, "TOKENS_MAX", 2)
    at = door()
    oldest, middle = by_secret(at), by_secret(at)

    newest = by_secret(at)

    assert at.by_token(NOW, middle.access_token, 5) is middle
    assert at.by_token(NOW, newest.access_token, 5) is newest
    with refused(13009):
        at.by_token(NOW, oldest.access_token, 5)


def test_a_signed_request_needs_no_token() -> None:
    grant = by_header(door(), signed_header())

    assert (grant.client_id, grant.access_token) == ("alice", "")


def test_a_signed_request_sent_again_is_known_as_such_and_soon_refused() -> None:
    at = door()
    first = by_header(at, signed_header())

    second = by_header(at, signed_header(), now_ns=NOW + S)
    with refused(13004, "signature has been used before"):
        by_header(at, signed_header(), now_ns=NOW + S + 1)

    assert (first.is_repeated, second.is_repeated) == (False, True)


@pytest.mark.parametrize(
    "header",
    [
        signed_header(uri="/api/v2/private/buy"),
        signed_header(secret="guess"),
        signed_header(client_id="bob"),
        signed_header(client_id="carol"),
    ],
)
def test_a_signature_of_another_request_or_secret_is_refused(header: str) -> None:
    with refused(13004):
        by_header(door(), header)


def test_basic_carries_id_and_secret() -> None:
    grant = by_header(door(), "Basic YWxpY2U6V29uZGVyLkxhbmQ=")

    assert grant.client_id == "alice"


@pytest.mark.parametrize("header", ["Digest x", "Basic %%%", "deri-hmac-sha256 id=a", "Bearer", ""])
def test_a_header_that_cannot_be_read_is_refused(header: str) -> None:
    with refused(13009):
        by_header(door(), header)


def test_a_grant_never_shows_its_tokens() -> None:
    grant = by_secret(door())

    assert grant.access_token not in repr(grant)
    assert grant.refresh_token not in repr(grant)
