"""Finds the handler of an HTTP request by its method and path.

| pattern              | takes                       | gives the handler              |
|----------------------|-----------------------------|--------------------------------|
| `/health`            | just this path              |                                |
| `/users/{name}`      | one segment, not empty      | `name="ada"`                   |
| `/files/{rest:path}` | all that follows, even none | `rest="a/b.txt"`               |
| `mount("/admin", h)` | `/admin` and all below it   | the request without `/admin`   |

Values are percent-decoded. A path without placeholders wins over those with; among these the one
that was added first.
"""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import msgspec

from strikewire.websocket.aio.response_writer import HttpAnswer, HttpHandler
from strikewire.websocket.http import HttpRequest, plain_text

AnyHandler = Callable[..., HttpAnswer | Awaitable[HttpAnswer]]
"""An `HttpHandler` that also takes what the placeholders of its pattern stand for, by name."""

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_]\w*)(:path)?\}")
_NOT_FOUND: Final = plain_text(HTTPStatus.NOT_FOUND, "not found")


class _Route(msgspec.Struct):
    """One pattern and who answers which method on it."""

    pattern: str
    matches: re.Pattern[str]
    handlers: dict[str, AnyHandler]


class Router:
    """Hands each request to the handler of its path: `serve(..., http=router)`.

    An unknown path is answered 404, a known one with another method 405 with `Allow`. A handler
    of GET answers HEAD too.
    """

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, AnyHandler]] = {}
        self._routes: list[_Route] = []
        self._mounts: list[tuple[str, HttpHandler]] = []
        self._streaming: set[AnyHandler] = set()

    @property
    def streams_bodies(self) -> bool:
        """Whether a handler takes bodies as they come; the others still get them whole."""
        return bool(self._streaming)

    def add(self, method: str, pattern: str, handler: AnyHandler) -> None:
        """Have `handler` answer requests of `method` (upper case) on paths like `pattern`.

        Raises:
            ValueError: The pattern is malformed, or is taken.
        """
        if not pattern.startswith("/"):
            raise ValueError(f"pattern {pattern!r} does not begin with a slash")
        handlers = self._handlers(pattern)
        if method in handlers:
            raise ValueError(f"{method} {pattern} has a handler already")
        handlers[method] = handler
        self._note(handler)

    def mount(self, prefix: str, handler: HttpHandler) -> None:
        """Have `handler` answer whatever is below `prefix` and has no route of its own.

        It gets the request with `prefix` moved from its `target` to its `root`.

        Raises:
            ValueError: The prefix does not begin with a slash, ends with one, or is taken.
        """
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ValueError(f"prefix {prefix!r} does not begin, or ends, with a slash")
        if any(prefix == taken for taken, _ in self._mounts):
            raise ValueError(f"{prefix} has a handler already")
        self._mounts.append((prefix, handler))
        self._mounts.sort(key=lambda mount: -len(mount[0]))
        self._note(handler)

    def route(self, method: str, pattern: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate the handler of `method` on `pattern`; see `add`."""

        def decorate(handler: AnyHandler) -> AnyHandler:
            self.add(method, pattern, handler)
            return handler

        return decorate

    def get(self, pattern: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate the handler of GET (and HEAD) on `pattern`."""
        return self.route("GET", pattern)

    def post(self, pattern: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate the handler of POST on `pattern`."""
        return self.route("POST", pattern)

    def put(self, pattern: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate the handler of PUT on `pattern`."""
        return self.route("PUT", pattern)

    def delete(self, pattern: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate the handler of DELETE on `pattern`."""
        return self.route("DELETE", pattern)

    def __call__(self, request: HttpRequest) -> HttpAnswer | Awaitable[HttpAnswer]:
        """Answer a request."""
        path = request.path
        handlers = self._exact.get(path)
        if handlers is not None:
            return self._answer(request, handlers, {})
        for route in self._routes:
            match = route.matches.fullmatch(path)
            if match is not None:
                try:
                    values = {
                        name: unquote(value, errors="strict")
                        for name, value in match.groupdict().items()
                    }
                except UnicodeDecodeError:
                    return plain_text(HTTPStatus.BAD_REQUEST, "the path is not utf-8")
                return self._answer(request, route.handlers, values)
        for prefix, handler in self._mounts:
            if path == prefix or path.startswith(f"{prefix}/"):
                query = request.target.partition("?")[1] + request.query
                below = (path[len(prefix) :] or "/") + query
                inner = request.changed(target=below, root=request.root + prefix)
                return self._call(handler, inner, {})
        return _NOT_FOUND

    def _answer(
        self, request: HttpRequest, handlers: dict[str, AnyHandler], values: dict[str, str]
    ) -> HttpAnswer | Awaitable[HttpAnswer]:
        handler = handlers.get(request.method)
        if handler is None and request.method == "HEAD":
            handler = handlers.get("GET")
        if handler is None:
            allowed = sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])})
            allow = ("allow", ", ".join(allowed))
            return plain_text(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", allow)
        return self._call(handler, request, values)

    def _call(
        self, handler: AnyHandler, request: HttpRequest, values: dict[str, str]
    ) -> HttpAnswer | Awaitable[HttpAnswer]:
        if request.stream is None or handler in self._streaming:
            return handler(request, **values)
        return _with_whole_body(handler, request, values)

    def _handlers(self, pattern: str) -> dict[str, AnyHandler]:
        if "{" not in pattern and "}" not in pattern:
            return self._exact.setdefault(pattern, {})
        for route in self._routes:
            if route.pattern == pattern:
                return route.handlers
        route = _Route(pattern, _compile(pattern), {})
        self._routes.append(route)
        return route.handlers

    def _note(self, handler: AnyHandler) -> None:
        if getattr(handler, "streams_bodies", False):
            self._streaming.add(handler)


async def _with_whole_body(
    handler: AnyHandler, request: HttpRequest, values: dict[str, str]
) -> HttpAnswer:
    assert request.stream is not None
    body = b"".join([piece async for piece in request.stream])
    answer = handler(request.changed(body=body), **values)
    return await answer if isinstance(answer, Awaitable) else answer


def _compile(pattern: str) -> re.Pattern[str]:
    segments = pattern.split("/")[1:]
    expression = ""
    for position, segment in enumerate(segments):
        placeholder = _PLACEHOLDER.fullmatch(segment)
        if placeholder is None:
            if "{" in segment or "}" in segment:
                raise ValueError(f"{segment!r} is neither a name nor a placeholder")
            expression += f"/{re.escape(segment)}"
        elif not placeholder[2]:
            expression += f"/(?P<{placeholder[1]}>[^/]+)"
        elif position == len(segments) - 1:
            expression += f"/(?P<{placeholder[1]}>.*)"
        else:
            raise ValueError(f"{segment!r} takes all that follows, but something follows it")
    return re.compile(expression, re.DOTALL)
