"""One stream for many: what any interleaving comes to, in other people's decoders."""

import asyncio
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import pytest
from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WebSocketReader
from hypothesis import event, given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import Protocol as WebsocketsProtocol
from websockets.protocol import Side
from websockets.protocol import State as WebsocketsState
from wsproto import ConnectionType
from wsproto.connection import Connection as WsprotoConnection
from wsproto.events import BytesMessage
from wsproto.extensions import PerMessageDeflate as WsprotoPerMessageDeflate
from zlib_ng import zlib_ng

from strikewire.websocket.deflate import Deflater, Zlib
from strikewire.websocket.events import Binary
from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.frames import Opcode, encode_frame, parse_header
from strikewire.websocket.protocol import Protocol as Ours
from strikewire.websocket.shared_deflate import (
    SharedDeflater,
    SharedMessage,
    can_follow,
)
from tests.property.followers import Follower

LIBRARIES: Final = {"zlib": cast("Zlib", zlib), "zlib-ng": cast("Zlib", zlib_ng)}

# ------------------------------------------------------------------------------------------ peers


class Peer(Protocol):
    """A client that somebody wrote."""

    def receive(self, data: bytes) -> list[bytes]:
        """Return the messages in `data`, which holds whole frames."""
        ...


class WebsocketsPeer:
    """`websockets`, with the window that was agreed on."""

    def __init__(self, bits: int) -> None:
        self._peer = WebsocketsProtocol(Side.CLIENT, state=WebsocketsState.OPEN)
        self._peer.extensions = [
            PerMessageDeflate(
                remote_no_context_takeover=False,
                local_no_context_takeover=False,
                remote_max_window_bits=bits,
                local_max_window_bits=15,
            )
        ]

    def receive(self, data: bytes) -> list[bytes]:
        self._peer.receive_data(data)
        frames = [frame for frame in self._peer.events_received() if isinstance(frame, Frame)]
        return [bytes(frame.data) for frame in frames]


class WsprotoPeer:
    """`wsproto`, which knows no window of 256."""

    def __init__(self, bits: int) -> None:
        extension = WsprotoPerMessageDeflate()
        extension.finalize(f"permessage-deflate; server_max_window_bits={max(bits, 9)}")
        self._peer = WsprotoConnection(ConnectionType.CLIENT, extensions=[extension])

    def receive(self, data: bytes) -> list[bytes]:
        self._peer.receive_data(data)
        return [bytes(e.data) for e in self._peer.events() if isinstance(e, BytesMessage)]


class AiohttpPeer:
    """`aiohttp`, which inflates with the full window whatever was agreed on."""

    def __init__(self, _bits: int) -> None:
        loop = asyncio.AbstractEventLoop()  # type: ignore[abstract] # nobody runs it
        self._queue = WebSocketDataQueue(BaseProtocol(loop), 1 << 20, loop=loop)
        self._reader = WebSocketReader(self._queue, 1 << 20, compress=True, decode_text=False)

    def receive(self, data: bytes) -> list[bytes]:
        failed, _ = self._reader.feed_data(data)
        assert not failed
        self._queue.feed_eof()
        messages: list[bytes] = []
        while len(messages) < count_of_frames(data):
            with pytest.raises(StopIteration) as read:  # it is there, so nobody waits
                self._queue.read().send(None)
            assert read.value.value.type is WSMsgType.BINARY
            messages.append(bytes(read.value.value.data))
        return messages


class ZlibPeer:
    """Bare zlib, which gives its output away byte by byte: then it forgives nothing."""

    def __init__(self, bits: int) -> None:
        self._context = zlib.decompressobj(-bits)

    def receive(self, data: bytes) -> list[bytes]:
        return [self._inflate(payload) if rsv1 else payload for payload, rsv1 in frames_of(data)]

    def _inflate(self, data: bytes) -> bytes:
        data += b"\x00\x00\xff\xff"
        out = bytearray()
        while piece := self._context.decompress(data, 1):
            out += piece
            data = self._context.unconsumed_tail
        return bytes(out)


class ZlibNgPeer:
    """Bare zlib-ng."""

    def __init__(self, bits: int) -> None:
        self._context = zlib_ng.decompressobj(-bits)

    def receive(self, data: bytes) -> list[bytes]:
        return [
            self._context.decompress(payload + b"\x00\x00\xff\xff") if rsv1 else payload
            for payload, rsv1 in frames_of(data)
        ]


class OurPeer:
    """Our own client."""

    def __init__(self, bits: int) -> None:
        self._peer = Ours("client", agreement=agreement(bits), mask_key=lambda: b"abcd")

    def receive(self, data: bytes) -> list[bytes]:
        self._peer.receive_data(data)
        messages = []
        for message in iter(self._peer.next_event, None):
            assert isinstance(message, Binary)
            messages.append(message.payload)
        return messages


def frames_of(data: bytes) -> Iterable[tuple[bytes, bool]]:
    at = 0
    while (header := parse_header(data, at)) is not None:
        at += header.size + header.length
        yield data[at - header.length : at], header.rsv1
    assert at == len(data)


def count_of_frames(data: bytes) -> int:
    return len(list(frames_of(data)))


PEERS: Final[list[Callable[[int], Peer]]] = [
    WebsocketsPeer,
    WsprotoPeer,
    AiohttpPeer,
    ZlibPeer,
    ZlibNgPeer,
    OurPeer,
]

# ----------------------------------------------------------------------------------------- server


def agreement(bits: int) -> Agreement:
    return Agreement(
        server_window_bits=bits,
        client_window_bits=15,
        server_keeps_context=True,
        client_keeps_context=True,
        compression=Compression(message_bytes_min=1),
    )


def framed(payload: bytes, *, rsv1: bool = False) -> bytes:
    return encode_frame(Opcode.BINARY, payload, rsv1=rsv1)


@dataclass
class Member:
    """One connection of the server, and who is at its other end."""

    peer: Peer
    private: Deflater
    context: Follower
    feeds: set[int] = field(default_factory=set)
    queue: list[tuple[SharedMessage, bytes]] = field(default_factory=list)
    sent: bytes = b""
    expected: list[bytes] = field(default_factory=list)
    compressed: int = 0

    def flush(self) -> None:
        """Hand over what waits. Whether it may go compressed is asked now, and not before."""
        for message, payload in self.queue:
            may = self.context.may_take(message)
            if may:
                self.context.take(message)
                self.compressed += 1
            self.sent += framed(message.deflated, rsv1=True) if may else framed(payload)
            self.expected.append(payload)
        self.queue.clear()

    def send_private(self, payload: bytes, *, compress: bool) -> None:
        if compress:
            self.context.leave()
            self.sent += framed(self.private.deflate(payload, last=True), rsv1=True)
        else:
            self.sent += framed(payload)
        self.expected.append(payload)

    def check(self) -> None:
        assert self.peer.receive(self.sent) == self.expected


def member(peer: Callable[[int], Peer], bits: int, library: Zlib) -> Member:
    private = Deflater(window_bits=bits, keeps_context=True, level=6, memory=5, zlib=library)
    return Member(peer=peer(bits), private=private, context=Follower(private))


def ticker(n: int) -> bytes:
    return (
        b'{"channel":"ticker.BTC-%d-C.raw","data":{"mark_price":0.%04d,"best_bid_price":0.%04d,'
        b'"best_ask_price":0.%04d,"open_interest":%d.5,"index_price":618%02d.25}}'
        % (60_000 + n % 7 * 1000, n * 37 % 9973, n * 41 % 9973, n * 43 % 9973, n * 11, n % 100)
    )


PAYLOADS = st.one_of(
    st.integers(0, 400).map(ticker),
    st.integers(0, 400).map(ticker),
    st.binary(max_size=40),
    st.integers(1, 12).map(lambda n: b"".join(map(ticker, range(n)))),
)
WHO = st.integers(0, 5)
FEED = st.sampled_from((0, 0, 0, 1))


@dataclass
class Publish:
    feed: int
    payloads: list[bytes]


@dataclass
class Private:
    who: int
    payload: bytes
    compress: bool


@dataclass
class Join:
    who: int
    feed: int


@dataclass
class Leave:
    who: int
    feed: int
    says_so: bool


@dataclass
class Drop:
    who: int
    which: int


@dataclass
class Flush:
    who: set[int]


@dataclass
class Ask:
    feed: int


@dataclass
class Rest:
    who: int
    feed: int


Step = Publish | Private | Join | Leave | Drop | Flush | Ask | Rest

PUBLISH: st.SearchStrategy[Step] = st.builds(
    Publish, FEED, st.lists(PAYLOADS, min_size=1, max_size=4)
)
FLUSH: st.SearchStrategy[Step] = st.builds(Flush, st.sets(WHO, min_size=3))
STEPS: st.SearchStrategy[Step] = st.one_of(
    PUBLISH,
    PUBLISH,
    PUBLISH,
    FLUSH,
    FLUSH,
    st.builds(Private, WHO, PAYLOADS, st.booleans()),
    st.builds(Join, WHO, FEED),
    st.builds(Leave, WHO, FEED, st.booleans()),
    st.builds(Drop, WHO, st.integers(0, 3)),
    st.builds(Ask, FEED),
    st.builds(Rest, WHO, FEED),
)


@st.composite
def feeds_and_members(draw: st.DrawFn, library: Zlib) -> tuple[list[SharedDeflater], list[Member]]:
    bits = draw(st.integers(8, 15))
    agreed = draw(st.integers(bits, 15))
    assert can_follow(agreement(agreed), bits)
    feeds = [
        SharedDeflater(
            window_bits=bits,
            level=draw(st.sampled_from((1, 2, 3, 6, 9))),
            keyframe_messages=draw(st.integers(1, 4)),
            zlib=library,
        )
        for _ in range(2)
    ]
    members = [member(peer, agreed, library) for peer in PEERS]
    for one in members:
        one.feeds = set(draw(st.sampled_from([(0,), (0,), (0, 1), ()])))
    return feeds, members


def take(step: Step, members: list[Member], feeds: list[SharedDeflater]) -> None:
    match step:
        case Publish(feed, payloads):
            for payload in payloads:
                message = feeds[feed].add(payload)
                for one in members:
                    if feed in one.feeds:
                        one.queue.append((message, payload))
        case Private(who, payload, compress):
            members[who].send_private(payload, compress=compress)
        case Join(who, feed):
            members[who].feeds.add(feed)
        case Leave(who, feed, says_so):
            members[who].feeds.discard(feed)
            if says_so:
                members[who].context.leave()
        case Drop(who, which):
            del members[who].queue[which : which + 1]
        case Flush(some):
            for who in some:
                members[who].flush()
        case Ask(feed):
            feeds[feed].ask_for_keyframe()
        case Rest(who, feed):
            members[who].private.rest()
            feeds[feed].rest()


every_peer = pytest.mark.parametrize("peer", PEERS)
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES.keys())


@every_library
@given(st.data(), st.lists(STEPS, min_size=30, max_size=100))
def test_whatever_happens_every_peer_reads_what_was_said_to_it(
    library: Zlib, data: st.DataObject, steps: list[Step]
) -> None:
    feeds, members = data.draw(feeds_and_members(library))

    for step in steps:
        take(step, members, feeds)
    for one in members:
        one.flush()

    compressed = sum(one.compressed for one in members)
    event(f"sent as part of a stream: {min(compressed // 40 * 40, 200)} or more")
    for one in members:
        one.check()


# ---------------------------------------------------------------- the same, with the rule broken
#
# Each of these is what a peer reads when one sentence of the rule is not kept. If they did not end
# badly, the property above would prove nothing.


def ends_badly(one: Member) -> bool:
    try:
        return one.peer.receive(one.sent) != one.expected
    except Exception:  # noqa: BLE001 # every peer has errors of its own
        return True


def publish(feed: SharedDeflater, one: Member, numbers: Iterable[int]) -> None:
    for number in numbers:
        one.queue.append((feed.add(ticker(number)), ticker(number)))


def send_all_compressed(one: Member) -> None:
    for message, payload in one.queue:
        one.sent += framed(message.deflated, rsv1=True)
        one.expected.append(payload)
    one.queue.clear()


@every_peer
@every_library
@pytest.mark.parametrize("breaks", [False, True])
def test_a_compressed_private_message_in_the_middle_corrupts(
    peer: Callable[[int], Peer], library: Zlib, breaks: bool
) -> None:
    feed, one = SharedDeflater(window_bits=12, zlib=library), member(peer, 12, library)
    publish(feed, one, range(20))
    one.flush()
    if breaks:
        one.sent += framed(one.private.deflate(b"x" * 300, last=True), rsv1=True)
        one.expected.append(b"x" * 300)
    else:
        one.send_private(b"x" * 300, compress=False)

    publish(feed, one, range(20, 40))
    one.flush()

    assert one.compressed == 40
    assert ends_badly(one) is breaks


@every_peer
@every_library
@pytest.mark.parametrize("breaks", [False, True])
def test_a_compressed_message_after_a_dropped_one_corrupts(
    peer: Callable[[int], Peer], library: Zlib, breaks: bool
) -> None:
    feed, one = SharedDeflater(window_bits=12, zlib=library), member(peer, 12, library)
    publish(feed, one, range(20))
    del one.queue[10]

    if breaks:
        send_all_compressed(one)
    else:
        one.flush()

    assert ends_badly(one) is breaks


@every_peer
@every_library
@pytest.mark.parametrize("breaks", [False, True])
def test_a_join_between_keyframes_corrupts(
    peer: Callable[[int], Peer], library: Zlib, breaks: bool
) -> None:
    feed, one = SharedDeflater(window_bits=12, zlib=library), member(peer, 12, library)
    feed.add(ticker(0))
    publish(feed, one, range(1, 20))

    if breaks:
        send_all_compressed(one)
    else:
        one.flush()

    assert ends_badly(one) is breaks


@every_peer
@every_library
@pytest.mark.parametrize("breaks", [False, True])
def test_a_private_context_that_was_kept_over_a_stream_corrupts(
    peer: Callable[[int], Peer], library: Zlib, breaks: bool
) -> None:
    feed, one = SharedDeflater(window_bits=12, zlib=library), member(peer, 12, library)
    one.send_private(ticker(0), compress=True)
    if breaks:
        one.context = Follower()
    publish(feed, one, range(100, 110))
    one.flush()

    one.send_private(ticker(1), compress=True)

    assert ends_badly(one) is breaks


@every_library
@pytest.mark.parametrize(("bits", "breaks"), [(9, False), (12, True)])
def test_a_stream_with_a_window_wider_than_the_peers_corrupts(
    library: Zlib, bits: int, breaks: bool
) -> None:
    feed, one = SharedDeflater(window_bits=bits, zlib=library), member(ZlibPeer, 9, library)
    assert can_follow(agreement(9), bits) is not breaks
    publish(feed, one, range(40))

    send_all_compressed(one)

    assert ends_badly(one) is breaks
