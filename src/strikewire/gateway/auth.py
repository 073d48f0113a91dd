"""Who is calling: secrets, signatures and tokens in, grants out.

A `Grant` is what the rest of the gateway works with. Grants of tokens live in memory and end with
the process, with their lifetime, with their key, or when they are revoked.
"""

import hmac
from collections.abc import Callable, Collection
from typing import Final

from msgspec import Struct

from strikewire.api.errors import ApiError, ErrorCode
from strikewire.api.session import Auth
from strikewire.api.signing import (
    TIMESTAMP_WINDOW_MS,
    Basic,
    Bearer,
    SignedRequest,
    is_fresh,
    is_same,
    parse_authorization,
    sign_client_data,
    sign_request,
)
from strikewire.gateway.keys import ApiKey, KeyStore
from strikewire.gateway.scopes import Scope
from strikewire.model import NS_PER_MS, NS_PER_S, AccountId, ns_to_ms

ACCESS_LIFETIME_S: Final = 900
REFRESH_LIFETIME_S: Final = 7 * 86_400
TOKEN_BYTES: Final = 32
TOKENS_MAX: Final = 50_000
"""Living tokens of each sort; when one more is issued, the oldest grant is revoked."""

SIGNATURES_MAX: Final = 200_000
"""Signatures remembered, so that none works later; beyond it new ones are refused with 10028."""

REPEAT_NS: Final = NS_PER_S
"""How long after its first use a signature is taken again, but not for orders.

Programs whose nonce is the millisecond sign the same text several times at once: when they open
connections side by side, or ask the same question twice.
"""

# Compared with when there is no such key, so that an unknown client id takes no less time.
_NOBODY: Final = ApiKey(client_id="", client_secret="nobody", account_id=AccountId(0))


class Grant(Struct, frozen=True, kw_only=True):
    """Permission to act for an account.

    Attributes:
        client_id: The key it comes from.
        account_id: Whose account.
        scope: What it allows; never more than the key.
        access_token: Empty when the request itself carried secret or signature.
        refresh_token: As above.
        expires_ns: End of the access token, nanoseconds since the Unix epoch.
        connection_id: The only connection it is good for; None when it is good everywhere.
        is_rate_limited: As in `ApiKey`.
        app_name: Name of the key.
        features: As in `ApiKey`.
        is_repeated: Whether the request's own signature has been used before: nothing that
            must happen once may be done with it.
    """

    client_id: str
    account_id: AccountId
    scope: Scope
    access_token: str = ""
    refresh_token: str = ""
    expires_ns: int = 0
    refresh_expires_ns: int = 0
    connection_id: int | None = None
    is_rate_limited: bool = True
    app_name: str = ""
    features: tuple[str, ...] = ()
    is_repeated: bool = False

    def __repr__(self) -> str:
        return f"Grant(client_id={self.client_id!r}, account_id={self.account_id})"


class Authenticator:
    """Checks secrets and signatures, issues and checks tokens.

    Args:
        keys: The venue's keys; keys added later count at once.
        entropy: Returns that many unpredictable bytes: `secrets.token_bytes`.
    """

    def __init__(self, keys: KeyStore, entropy: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._entropy = entropy
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._signatures: dict[str, int] = {}  # to the time of their first use, oldest first

    def authenticate(self, now_ns: int, request: Auth, connection_id: int | None) -> Grant:
        """Exchange what `public/auth` carries for a grant with tokens.

        Args:
            now_ns: Time, nanoseconds since the Unix epoch.
            request: The parameters; what its grant type needs is there.
            connection_id: The WebSocket connection that asks; None over REST. A token asked for
                without `session:NAME` is good on that connection alone.

        Raises:
            ApiError: 13004 for wrong or stale credentials; 10028 when too many signatures are
                remembered.
        """
        requested = Scope.parse(request.scope or "")
        match request.grant_type:
            case "client_credentials":
                key = self._by_secret(request.client_id or "", request.client_secret or "")
                allowed = key.allowed
            case "client_signature":
                key = self._by_client_signature(now_ns, request)
                allowed = key.allowed
            case "refresh_token":
                key, allowed = self._by_refresh_token(now_ns, request.refresh_token or "")
        return self._issue(now_ns, key, allowed.narrowed(requested), connection_id)

    def by_token(self, now_ns: int, token: str, connection_id: int | None) -> Grant:
        """Return the grant of an access token.

        Raises:
            ApiError: 13009 when it is unknown, expired, or good on another connection only.
        """
        grant = self._access.get(token)
        if grant is None or grant.expires_ns <= now_ns or self._keys.get(grant.client_id) is None:
            raise ApiError(ErrorCode.UNAUTHORIZED, reason="token is unknown or expired")
        if grant.connection_id not in (None, connection_id):
            raise ApiError(ErrorCode.UNAUTHORIZED, reason="token belongs to another connection")
        return grant

    def by_header(self, now_ns: int, header: str, *, verb: str, uri: str, body: bytes) -> Grant:
        """Return the grant that an `Authorization` header stands for.

        Args:
            now_ns: Time, nanoseconds since the Unix epoch.
            header: Its value: signed, bearer or basic.
            verb: Method of the HTTP request.
            uri: Path and query exactly as sent.
            body: The body exactly as sent.

        Raises:
            ApiError: 13004 for wrong or stale credentials, 13009 for a bad token or a header that
                cannot be read, 10028 when too many signatures are remembered.
        """
        match parse_authorization(header):
            case Bearer(access_token):
                return self.by_token(now_ns, access_token, None)
            case Basic(client_id, client_secret):
                return _plain_grant(self._by_secret(client_id, client_secret))
            case SignedRequest() as signed:
                key = self._keys.get(signed.client_id) or _NOBODY
                expected = sign_request(
                    key.client_secret,
                    timestamp=signed.timestamp,
                    nonce=signed.nonce,
                    verb=verb,
                    uri=uri,
                    body=body,
                )
                is_repeated = self._check_signature(
                    now_ns, key, signed.timestamp, signed.signature, expected=expected
                )
                return _plain_grant(key, is_repeated=is_repeated)

    def revoke(self, grant: Grant) -> None:
        """End a grant's tokens, where it has any."""
        self._access.pop(grant.access_token, None)
        self._refresh.pop(grant.refresh_token, None)

    def forget(self, client_ids: Collection[str]) -> None:
        """End every token of some keys: they are gone, or no longer what they were."""
        for grant in (*self._access.values(), *self._refresh.values()):
            if grant.client_id in client_ids:
                self.revoke(grant)

    def _by_secret(self, client_id: str, client_secret: str) -> ApiKey:
        key = self._keys.get(client_id) or _NOBODY
        is_right = hmac.compare_digest(client_secret.encode(), key.client_secret.encode())
        if key is _NOBODY or not is_right:
            raise ApiError(ErrorCode.INVALID_CREDENTIALS)
        return key

    def _by_client_signature(self, now_ns: int, request: Auth) -> ApiKey:
        key = self._keys.get(request.client_id or "") or _NOBODY
        timestamp = str(request.timestamp)
        expected = sign_client_data(
            key.client_secret,
            timestamp=timestamp,
            nonce=request.nonce or "",
            data=request.data or "",
        )
        self._check_signature(now_ns, key, timestamp, request.signature or "", expected=expected)
        return key

    def _by_refresh_token(self, now_ns: int, token: str) -> tuple[ApiKey, Scope]:
        grant = self._refresh.get(token)
        if grant is None or grant.refresh_expires_ns <= now_ns:
            raise ApiError(ErrorCode.INVALID_CREDENTIALS, reason="token is unknown or expired")
        key = self._keys.get(grant.client_id)
        if key is None:
            raise ApiError(ErrorCode.INVALID_CREDENTIALS, reason="key has been removed")
        self.revoke(grant)  # A refresh token works once.
        return key, grant.scope

    def _check_signature(
        self, now_ns: int, key: ApiKey, timestamp: str, signature: str, *, expected: str
    ) -> bool:
        """Use a signature up, and tell whether it was used a moment ago."""
        is_right = is_same(signature, expected)
        if key is _NOBODY or not is_right:
            raise ApiError(ErrorCode.INVALID_CREDENTIALS)
        if not is_fresh(timestamp, ns_to_ms(now_ns)):
            raise ApiError(
                ErrorCode.INVALID_CREDENTIALS,
                param="timestamp",
                reason=f"is not within {TIMESTAMP_WINDOW_MS // 1000} s of the venue's clock",
            )
        return self._use_up(now_ns, expected)

    def _use_up(self, now_ns: int, signature: str) -> bool:
        # A signature is fresh from one window before its timestamp to one after: twice the window
        # after its first use it is stale for sure, and need not be remembered.
        forgotten_ns = now_ns - 2 * TIMESTAMP_WINDOW_MS * NS_PER_MS
        while self._signatures and next(iter(self._signatures.values())) < forgotten_ns:
            del self._signatures[next(iter(self._signatures))]
        first_ns = self._signatures.get(signature)
        if first_ns is not None:
            if now_ns - first_ns > REPEAT_NS:
                reason = "signature has been used before"
                raise ApiError(ErrorCode.INVALID_CREDENTIALS, reason=reason)
            return True
        if len(self._signatures) >= SIGNATURES_MAX:
            raise ApiError(ErrorCode.TOO_MANY_REQUESTS, reason="too many signed requests")
        self._signatures[signature] = now_ns
        return False

    def _issue(self, now_ns: int, key: ApiKey, scope: Scope, connection_id: int | None) -> Grant:
        grant = Grant(
            client_id=key.client_id,
            account_id=key.account_id,
            scope=scope,
            access_token=self._token(now_ns),
            refresh_token=self._token(now_ns),
            expires_ns=now_ns + ACCESS_LIFETIME_S * NS_PER_S,
            refresh_expires_ns=now_ns + REFRESH_LIFETIME_S * NS_PER_S,
            connection_id=None if scope.session else connection_id,
            is_rate_limited=key.is_rate_limited,
            app_name=key.name,
            features=key.features,
        )
        self._make_room()
        self._access[grant.access_token] = grant
        self._refresh[grant.refresh_token] = grant
        return grant

    def _make_room(self) -> None:
        if len(self._refresh) >= TOKENS_MAX:
            self.revoke(next(iter(self._refresh.values())))

    def _token(self, now_ns: int) -> str:
        return f"{ns_to_ms(now_ns)}.{self._entropy(TOKEN_BYTES).hex()}"


def _plain_grant(key: ApiKey, *, is_repeated: bool = False) -> Grant:
    return Grant(
        client_id=key.client_id,
        account_id=key.account_id,
        scope=key.allowed,
        is_rate_limited=key.is_rate_limited,
        app_name=key.name,
        features=key.features,
        is_repeated=is_repeated,
    )
