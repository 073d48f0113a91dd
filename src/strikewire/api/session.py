"""Messages about the connection itself: who is calling, is it alive, what does it listen to."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.errors import invalid_params

HEARTBEAT_SECONDS_MIN = 10
HEARTBEAT_SECONDS_MAX = 86_400

Text = Annotated[str, Meta(max_length=1_024)]
CancelScope = Literal["connection", "account"]


class Auth(Struct, frozen=True, kw_only=True):
    """Exchange credentials, a signature or a refresh token for an access token.

    Over WebSocket the connection is authenticated from then on. The scope may name
    `session:NAME` or `connection` (the default) and ask for less than the key allows.
    `timestamp` comes as a number from some clients and as text from others; what is signed is
    its decimal text. Parameters a grant needs and does not get are refused with -32602.
    """

    grant_type: Literal["client_credentials", "client_signature", "refresh_token"]
    client_id: Text | None = None
    client_secret: Text | None = None
    refresh_token: Text | None = None
    timestamp: (
        int
        | Annotated[
            str, Meta(max_length=32, description="Milliseconds since the Unix epoch, as signed.")
        ]
        | None
    ) = None
    signature: Text | None = None
    nonce: Text | None = None
    data: Text | None = None
    state: Text | None = None
    scope: Text | None = None

    def __post_init__(self) -> None:
        for param in _GRANT_NEEDS[self.grant_type]:
            if getattr(self, param) is None:
                raise invalid_params(param, f"is required for {self.grant_type}")

    def __repr__(self) -> str:
        # What a log or a traceback shows holds no secret.
        return f"Auth({self.grant_type!r}, client_id={self.client_id!r}, ...)"


_GRANT_NEEDS = {
    "client_credentials": ("client_id", "client_secret"),
    "client_signature": ("client_id", "timestamp", "signature"),
    "refresh_token": ("refresh_token",),
}


class AuthResult(Struct, frozen=True, kw_only=True):
    """Tokens and what they allow; `expires_in` is in seconds."""

    access_token: str
    expires_in: Annotated[int, Meta(description="Seconds.")]
    refresh_token: str
    scope: str
    token_type: Literal["bearer"] = "bearer"
    state: str | UnsetType = UNSET
    sid: str | UnsetType = UNSET
    enabled_features: list[str] = []

    def __repr__(self) -> str:
        return f"AuthResult(scope={self.scope!r}, ...)"


class Logout(Struct, frozen=True, kw_only=True):
    """Close the connection gracefully; cancel-on-disconnect does not fire. There is no answer."""

    invalidate_token: bool | None = None


class Hello(Struct, frozen=True, kw_only=True):
    """Introduce the client's software; the venue answers with its own version."""

    client_name: Annotated[str, Meta(max_length=256)]
    client_version: Annotated[str, Meta(max_length=256)]


class Test(Struct, frozen=True, kw_only=True):
    """Check that the connection works; also the answer to a heartbeat's `test_request`.

    `expected_result=exception` asks for an error, to test the client's handling of it.
    """

    expected_result: str | None = None


class Version(Struct, frozen=True, kw_only=True):
    """The venue's version."""

    version: str


class GetTime(Struct, frozen=True):
    """Read the venue's clock, in milliseconds since the Unix epoch."""


class Status(Struct, frozen=True):
    """Tell whether trading is locked, and for which indices."""


class StatusResult(Struct, frozen=True, kw_only=True):
    """`locked` is text: `true`, `partial` or `false`."""

    locked: Literal["true", "partial", "false"]
    locked_indices: list[str] | UnsetType = UNSET


class SetHeartbeat(Struct, frozen=True, kw_only=True):
    """Ask for heartbeats; an unanswered `test_request` closes the connection with 4000."""

    interval: Annotated[
        float, Meta(ge=HEARTBEAT_SECONDS_MIN, le=HEARTBEAT_SECONDS_MAX, description="Seconds.")
    ]


class DisableHeartbeat(Struct, frozen=True):
    """Stop the heartbeats of this connection."""


class Subscribe(Struct, frozen=True, kw_only=True):
    """Subscribe to channels; the answer lists those that are now subscribed.

    Unknown channels are left out of the answer, never an error. The first notification of each
    channel follows at once. A raw channel on a connection without authorization is error 13778.
    """

    channels: list[str]
    label: str | None = None


class PrivateSubscribe(Subscribe, frozen=True, kw_only=True):
    """Subscribe to public and private channels on an authenticated connection."""


class Unsubscribe(Struct, frozen=True, kw_only=True):
    """Unsubscribe from channels; the answer lists those that were subscribed until now."""

    channels: list[str]


class PrivateUnsubscribe(Unsubscribe, frozen=True, kw_only=True):
    """Unsubscribe from public and private channels."""


class UnsubscribeAll(Struct, frozen=True):
    """Unsubscribe from every channel of this connection."""


class PrivateUnsubscribeAll(Struct, frozen=True):
    """Unsubscribe from every channel of this connection, private ones too."""


class EnableCancelOnDisconnect(Struct, frozen=True, kw_only=True):
    """Cancel this connection's open orders when it is lost (not on logout).

    `scope=account` makes it the default of every new connection; `connection` needs WebSocket.
    """

    scope: CancelScope | None = None


class DisableCancelOnDisconnect(Struct, frozen=True, kw_only=True):
    """Keep this connection's orders when it is lost."""

    scope: CancelScope | None = None


class GetCancelOnDisconnect(Struct, frozen=True, kw_only=True):
    """Tell whether orders are cancelled when the connection is lost."""

    scope: CancelScope | None = None


class CancelOnDisconnect(Struct, frozen=True, kw_only=True):
    """The setting of the scope that was asked about."""

    scope: CancelScope
    enabled: bool
