"""Whether a request may be begun at all, before anybody looks at its parameters."""

from collections.abc import Mapping

from msgspec import Raw

from strikewire.api import METHODS, ApiError, ErrorCode, Method
from strikewire.api.jsonrpc import access_token
from strikewire.gateway.auth import Grant
from strikewire.gateway.caller import Caller
from strikewire.gateway.desk import Call, Desk
from strikewire.gateway.steps import Called


class OutOfCreditsError(Exception):
    """The caller made too many requests: it gets error 10028, and a connection is closed."""


def admit(desk: Desk, caller: Caller, now_ns: int, request: Called) -> Call:
    """Check everything about a request that does not depend on its parameters.

    Raises:
        ApiError: -32601 no such method; 10030 it needs WebSocket; 13009 nobody is authenticated,
            or the token is bad; 13021 the scope does not cover it; 13004 an order's signature
            has been used before.
        OutOfCreditsError: Too many requests.
    """
    method = METHODS.get(request.method)
    if method is None:
        raise ApiError(ErrorCode.METHOD_NOT_FOUND, reason=f"no method {request.method[:64]!r}")
    if method.transport == "ws" and caller.transport != "ws":
        raise ApiError(ErrorCode.MUST_BE_WEBSOCKET_REQUEST)
    grant = _grant(desk, caller, now_ns, request)
    if method.private and grant is None:
        raise ApiError(ErrorCode.UNAUTHORIZED, reason="the method is private")
    if method.scope is not None and (grant is None or not grant.scope.allows(method.scope)):
        raise ApiError(ErrorCode.FORBIDDEN, reason=f"needs the scope {method.scope}")
    if method.adds_up and grant is not None and grant.is_repeated:
        # A request that is sent again, by whomever, places no second order and pays no second time.
        raise ApiError(ErrorCode.INVALID_CREDENTIALS, reason="signature has been used before")
    _charge(desk, caller, now_ns, grant, method)
    return Call(now_ns=now_ns, caller=caller, grant=grant, method=method)


def _grant(desk: Desk, caller: Caller, now_ns: int, request: Called) -> Grant | None:
    """Return on whose behalf the request is made: its own token goes before the connection."""
    token = _token(request.params)
    if token is not None:
        connection_id = caller.connection_id if caller.transport == "ws" else None
        return desk.authenticator.by_token(now_ns, token, connection_id)
    return request.grant or caller.grant


def _token(params: Raw | Mapping[str, str]) -> str | None:
    return access_token(params) if isinstance(params, Raw) else params.get("access_token")


def _charge(desk: Desk, caller: Caller, now_ns: int, grant: Grant | None, method: Method) -> None:
    if grant is not None and not grant.is_rate_limited:
        return
    owner = f"account {grant.account_id}" if grant else f"address {caller.address}"
    # The list of all instruments is the one dear answer; it has credits of its own.
    kind = "get_instruments" if method.name == "public/get_instruments" else method.cost
    if not desk.limiter.take(now_ns, owner, kind):
        raise OutOfCreditsError
