"""Who decides about a well-made handshake, and what there is to decide."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.headers import Headers
from strikewire.websocket.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from strikewire.websocket.aio.upgrader import Upgrader


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """Lets a client in, on terms of its own.

    Attributes:
        subprotocol: To choose, instead of the server's choice; the client must have offered it.
        headers: To answer besides those of the handshake, such as a cookie.
        handler: To serve the connection, instead of the server's handler.
    """

    subprotocol: str | None = None
    headers: Headers = ()
    handler: Callable[[Connection], Awaitable[None] | None] | None = None


class DirectAdmission(msgspec.Struct, frozen=True):
    """Decides and serves in one task: `run` accepts in its midst, and its end closes.

    As with a handler, returning closes with 1000 and raising with 1011; raising before it has
    decided answers 500.
    """

    run: Callable[["Upgrader"], Awaitable[None]]


Verdict = HttpResponse | Admission | DirectAdmission | None
"""A response refuses; None lets in on the server's own terms."""

Admit = Callable[[HttpRequest], Verdict | Awaitable[Verdict]]
"""Looks at a well-made upgrade request. One that returns an awaitable takes its time: the client's
frames wait."""
