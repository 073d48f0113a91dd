"""What is read before a WebSocket opens: requests, however they are cut, and extension headers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from websockets.exceptions import InvalidHeaderFormat
from websockets.headers import parse_extension

from strikewire.websocket import extensions
from strikewire.websocket.errors import HandshakeError
from strikewire.websocket.extensions import Compression
from strikewire.websocket.handshake import Policy, accept
from strikewire.websocket.http import (
    BadRequest,
    BodyPart,
    HttpEvent,
    HttpRequest,
    HttpResponse,
    RequestReader,
)

HEAD_BYTES_MAX = 600
BODY_BYTES_MAX = 50


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the bytes of a client.

    Attributes:
        events: What the reader returned, in order; the parts of a body that came as a stream are
            one.
        is_done: Whether it reads no more.
        keeps_rest: Whether it keeps what still comes.
        rest: What it kept.
    """

    events: list[HttpEvent]
    is_done: bool
    keeps_rest: bool
    rest: bytes


def read_requests(pieces: Sequence[bytes], *, streams_bodies: bool = False) -> Read:
    """Return what a `RequestReader` makes of a client's bytes."""
    reader = RequestReader(
        head_bytes_max=HEAD_BYTES_MAX,
        body_bytes_max=BODY_BYTES_MAX,
        streams_bodies=streams_bodies,
    )
    events: list[HttpEvent] = []
    for piece in pieces:
        for event in reader.receive(piece):
            before = events[-1] if events else None
            if isinstance(event, BodyPart) and isinstance(before, BodyPart):
                events[-1] = BodyPart(before.data + event.data, event.is_last)
            else:
                events.append(event)
    return Read(
        events=events, is_done=reader.is_done, keeps_rest=reader.keeps_rest, rest=reader.rest
    )


def disagreement(whole: Read, cut: Read) -> str:
    """Say where the same bytes, cut, are read differently; empty if nowhere.

    What is malformed and too long as well is refused for what is seen first, and of a body that
    comes in parts as much may have been handed out as was good.
    """
    if whole == cut or _only_refused_differently(whole.events, cut.events):
        return ""
    return f"{whole!r:.600} against {cut!r:.600}"


def _only_refused_differently(one: list[HttpEvent], other: list[HttpEvent]) -> bool:
    if not (one and other and _without_last_part(one) == _without_last_part(other)):
        return False
    last = one[-1], other[-1]
    return all(isinstance(event, BadRequest) for event in last) and any(
        isinstance(event, BadRequest) and event.status in {413, 431} for event in last
    )


def _without_last_part(events: list[HttpEvent]) -> list[HttpEvent]:
    """Return what came before the last event, less the part of a body that it broke off."""
    before = events[:-1]
    return before[:-1] if before and isinstance(before[-1], BodyPart) else before


def judge_handshakes(read: Read) -> None:
    """Let the handshake judge every request; it answers, whatever it is asked."""
    policy = Policy(subprotocols=("a", "b"), compression=Compression())
    for event in read.events:
        if isinstance(event, HttpRequest):
            verdict = accept(event, policy)
            if isinstance(verdict, HttpResponse):
                assert verdict.status in {400, 403, 405, 426}
            event.changed(target=event.target)


def extension_disagreement(values: Sequence[str]) -> str:
    """Say where `websockets` reads extension headers differently; empty if nowhere.

    It takes quoted values with escapes. It refuses a header without an extension, and empty
    elements at the front of a list, which a recipient must pass over (RFC 9110 5.6.1.2).
    """
    ours = extensions.parse_extensions(values)
    theirs = _read_by_websockets(values)
    if ours == theirs or (not ours and theirs is None):
        return ""
    if ours is None and any("\\" in value for value in values):
        return ""
    if theirs is None and any(not element.strip() for element in ",".join(values).split(",")):
        return ""
    return f"{ours!r} against {theirs!r}"


def _read_by_websockets(values: Sequence[str]) -> list[extensions.Extension] | None:
    try:
        parsed = parse_extension(",".join(values))
    except InvalidHeaderFormat:
        return None
    return [(name, tuple(parameters)) for name, parameters in parsed]


def agree(values: Sequence[str], compression: Compression) -> None:
    """Let a server answer an offer and a client read an answer; both keep to what they wanted."""
    offered = extensions.parse_extensions(values)
    if offered is None:
        return
    answered = extensions.answer(offered, compression)
    if answered is not None:
        agreement, words = answered
        assert 8 <= agreement.server_window_bits <= compression.server_window_bits_max
        assert 8 <= agreement.client_window_bits <= 15
        assert extensions.parse_extensions([words])
    try:
        agreed = extensions.conclude(offered, compression)
    except HandshakeError:
        return
    if agreed is not None:
        assert agreed.server_window_bits <= compression.server_window_bits_max
        assert agreed.client_window_bits <= compression.client_window_bits_max
