"""REST on the same port: HTTP requests become the calls that WebSocket messages become.

| request                                   | becomes                                            |
|-------------------------------------------|----------------------------------------------------|
| GET `/api/v2/{scope}/{method}?{query}`    | a call; every parameter is text                    |
| POST `/api/v2/{scope}/{method}`, JSON-RPC | a call; the body's `method` must be that of the path |
| POST `/api/v2`, JSON-RPC                  | a call of the body's `method`                      |
| GET `/` and `/health`                     | what the gateway is, and how it is                 |

An error answer has status 400 and the body it would have over WebSocket: clients read the body.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.api.jsonrpc import decode_request
from strikewire.gateway.auth import Authenticator, Grant
from strikewire.gateway.desk import Desk
from strikewire.gateway.steps import Called
from strikewire.websocket import HttpRequest, HttpResponse

API_PATH = "/api/v2"
WEBSOCKET_PATH = "/ws/api/v2"
QUERY_PARAMS_MAX = 100

_JSON = (("content-type", "application/json"),)


def parse(desk: Desk, now_ns: int, request: HttpRequest) -> Called | HttpResponse:
    """Return the call that an HTTP request makes, or the response where it makes none.

    Args:
        desk: Checks the `Authorization` header, and knows how long a request may be.
        now_ns: Nanoseconds since the Unix epoch.
        request: Any HTTP request.
    """
    if request.path in ("/", "/health"):
        return _page(request, desk)
    if request.path == WEBSOCKET_PATH:
        return _text(426, "this path speaks WebSocket", ("upgrade", "websocket"))
    if request.path != API_PATH and not request.path.startswith(f"{API_PATH}/"):
        return _text(404, "not found")
    if request.method not in ("GET", "POST"):
        return _text(405, "only GET and POST", ("allow", "GET, POST"))
    method = request.path.removeprefix(API_PATH).strip("/")
    try:
        grant = _grant(desk.authenticator, now_ns, request)
        if request.method == "GET":
            return Called(method=method, params=_query(request.query), grant=grant)
        return _posted(desk, request, method, grant)
    except ApiError as error:
        return Called(id=error.id, error=error)


def respond(payload: bytes, *, is_error: bool) -> HttpResponse:
    """Return the response that carries an answer."""
    return HttpResponse(400 if is_error else 200, _JSON, payload)


def _posted(desk: Desk, request: HttpRequest, method: str, grant: Grant | None) -> Called:
    called = decode_request(request.body, bytes_max=desk.limits.request_bytes_max)
    if method and method != called.method:
        raise ApiError(
            ErrorCode.INVALID_REQUEST,
            param="method",
            reason="is not the method of the path",
            id=called.id,
        )
    return Called(method=called.method, id=called.id, params=called.params, grant=grant)


def _grant(authenticator: Authenticator, now_ns: int, request: HttpRequest) -> Grant | None:
    header = request.header("authorization")
    if header is None:
        return None
    return authenticator.by_header(
        now_ns, header, verb=request.method, uri=request.target, body=request.body
    )


def _query(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=QUERY_PARAMS_MAX
        )
    except ValueError as error:
        raise ApiError(ErrorCode.INVALID_PARAMS, reason=f"query: {error}") from None
    params = dict(pairs)
    if len(params) < len(pairs):
        names = [name for name, _ in pairs]
        raise invalid_params(next(one for one in names if names.count(one) > 1), "is given twice")
    return params


def _page(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return _text(405, "only GET", ("allow", "GET"))
    if request.path == "/":
        page: object = {
            "name": "strikewire",
            "version": desk.version,
            "rest": API_PATH,
            "websocket": WEBSOCKET_PATH,
        }
        return HttpResponse(200, _JSON, msgspec.json.encode(page))
    is_locked = desk.is_locked()
    page = {
        "status": "locked" if is_locked else "ok",
        "index_problems": desk.index_problems,
        "gateway": desk.counters,
    }
    return HttpResponse(503 if is_locked else 200, _JSON, msgspec.json.encode(page))


def _text(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status, (("content-type", "text/plain"), *headers), f"{text}\n".encode())
