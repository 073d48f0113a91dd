"""The engine: its kernels against their twins, its parser and its servers against `websockets`.

A server runs in a process of its own, on uvloop, without compression, and is judged by the messages
it moves in one CPU second of that process; the load comes from this process, over loopback.
"""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Self

from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from benchmarks.harness import ROOT, Compared, Measure, Rate, Ratio, interpreted_twin
from strikewire.websocket.kernels import mask, utf8
from strikewire.websocket.protocol import Protocol

KEY = bytes.fromhex("37fa213d")
TICKER = b"x" * 250
PEERS = ("websockets", "uvloop")

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def measures(*, quick: bool) -> list[Measure]:
    return [*kernels(quick=quick), *parser(), *servers(quick=quick)]


def kernels(*, quick: bool) -> list[Measure]:
    payload = bytes(range(256)) * (16 if quick else 256)
    words = "κόσμε 😀 ".encode() * (256 if quick else 4096)
    mask_twin = interpreted_twin("strikewire.websocket.kernels.mask")
    utf8_twin = interpreted_twin("strikewire.websocket.kernels.utf8")
    return [
        Ratio(
            measure=f"mask {len(payload) >> 10} KiB",
            ours=lambda: mask.apply(payload, KEY),
            against="interpreted twin",
            theirs=lambda: mask_twin.apply(payload, KEY),
            floor=8.0,
            aim=40.0,
        ),
        Ratio(
            measure=f"mask {len(payload) >> 10} KiB",
            ours=lambda: mask.apply(payload, KEY),
            against="websockets (C)",
            theirs=lambda: apply_mask(payload, KEY),
            floor=0.2,
            aim=1.0,
            packages=("websockets",),
        ),
        Ratio(
            measure=f"validate {len(words) >> 10} KiB of Greek and emoji",
            ours=lambda: utf8.advance(0, words),
            against="interpreted twin",
            theirs=lambda: utf8_twin.advance(0, words),
            floor=30.0,
            aim=100.0,
        ),
        Ratio(
            measure=f"validate {len(words) >> 10} KiB of Greek and emoji",
            ours=lambda: utf8.advance(0, words),
            against="bytes.decode",
            theirs=words.decode,
            floor=0.4,
            aim=2.0,
        ),
    ]


def frame(payload: bytes) -> bytes:
    """Return the masked text frame of a client."""
    return Protocol("client", mask_key=lambda: KEY).send_text(payload)


def parser() -> list[Measure]:
    data = frame(TICKER) * 64
    ours = Protocol("server")
    theirs = ServerProtocol(state=State.OPEN)

    def parse_ours() -> None:
        ours.receive_data(data)
        while ours.next_event() is not None:
            pass

    def parse_theirs() -> None:
        theirs.receive_data(data)
        theirs.events_received()

    return [
        Ratio(
            measure="parse 64 texts of 250 bytes, without I/O",
            ours=parse_ours,
            against="websockets",
            theirs=parse_theirs,
            floor=0.7,
            aim=10.0,
            packages=PEERS,
        ),
        Rate(
            measure="frame a text of 250 bytes",
            work=lambda: ours.send_text(TICKER),
            operations=1,
            unit="frames/s",
        ),
    ]


def servers(*, quick: bool) -> list[Measure]:
    turns = 1 if quick else 4
    one_by_one = partial(echo_rate, connections=1, outstanding=1, turns=1500 * turns)
    pipelined = partial(echo_rate, connections=16, outstanding=16, turns=60 * turns)
    single = partial(fan_out_rate, subscribers=200, burst=1, turns=20 * turns)
    bursts = partial(fan_out_rate, subscribers=200, burst=10, turns=6 * turns)
    pages = partial(http_rate, connections=8, turns=150 * turns)

    def compared(
        measure: str, rate: Callable[[str], float], ours: str, floor: float, aim: float
    ) -> Compared:
        return Compared(
            measure=measure,
            ours=partial(rate, ours),
            against="websockets",
            theirs=partial(rate, "websockets"),
            floor=floor,
            aim=aim,
            packages=PEERS,
        )

    return [
        compared("echo 256 B, one at a time, callback", one_by_one, "ours", 1.1, 3.0),
        compared("echo 256 B, 16 x 16 in flight, callback", pipelined, "ours", 1.1, 25.0),
        compared("echo 256 B, 16 x 16 in flight, iterator", pipelined, "ours_iterator", 0.9, 12.0),
        compared("fan-out to 200, one message at a time", single, "ours", 0.8, 2.0),
        compared("fan-out to 200, ten messages at once", bursts, "ours", 0.7, 15.0),
        Compared(
            measure="HTTP GET of 250 B on the same port",
            ours=partial(pages, "ours"),
            against="aiohttp",
            theirs=partial(pages, "aiohttp"),
            floor=0.9,
            aim=4.0,
            packages=("aiohttp", "uvloop"),
        ),
    ]


class Peer:
    """A server process, and how much CPU time it has used."""

    def __init__(self, kind: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.websocket_peers", kind],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def cpu_seconds(self) -> float:
        """Return the CPU time the server has used so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def connect(self) -> socket.socket:
        """Return a new connection to it."""
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(60)
        return sock

    def open_websocket(self) -> socket.socket:
        """Return a new connection on which the handshake is done."""
        sock = self.connect()
        sock.sendall(UPGRADE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        assert b" 101 " in head
        return sock

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def sockets(opened: list[socket.socket]) -> Iterator[list[socket.socket]]:
    try:
        yield opened
    finally:
        for sock in opened:
            sock.close()


def read_exactly(sock: socket.socket, size: int) -> None:
    while size:
        size -= len(sock.recv(min(size, 1 << 20))) or sys.exit("the server hung up")


def echo_rate(kind: str, *, connections: int, outstanding: int, turns: int) -> float:
    """Return messages echoed in a CPU second of the server."""
    request = frame(bytes(256)) * outstanding
    answer = (4 + 256) * outstanding
    with (
        Peer(kind) as peer,
        sockets([peer.open_websocket() for _ in range(connections)]) as clients,
    ):
        before = peer.cpu_seconds()
        for _ in range(turns):
            for client in clients:
                client.sendall(request)
            for client in clients:
                read_exactly(client, answer)
        used = peer.cpu_seconds() - before
    return turns * connections * outstanding / used


def fan_out_rate(kind: str, *, subscribers: int, burst: int, turns: int) -> float:
    """Return messages delivered to subscribers in a CPU second of the server."""
    request = frame(b"publish %d" % burst)
    answer = len(request) - 4  # without its key
    with (
        Peer(kind) as peer,
        sockets([peer.open_websocket() for _ in range(subscribers)]) as clients,
        sockets([peer.open_websocket()]) as publishers,
    ):
        for client in clients:
            client.sendall(frame(b"subscribe"))
        publishers[0].sendall(frame(b"ready?"))
        read_exactly(publishers[0], len(frame(b"ready?")) - 4)
        before = peer.cpu_seconds()
        for _ in range(turns):
            publishers[0].sendall(request)
            for client in clients:
                read_exactly(client, burst * (4 + len(TICKER)))
            read_exactly(publishers[0], answer)
        used = peer.cpu_seconds() - before
    return turns * subscribers * burst / used


def http_rate(kind: str, *, connections: int, turns: int) -> float:
    """Return requests answered in a CPU second of the server."""
    with Peer(kind) as peer, sockets([peer.connect() for _ in range(connections)]) as clients:
        answer = _answer_bytes(clients[0])
        before = peer.cpu_seconds()
        for _ in range(turns):
            for client in clients:
                client.sendall(GET)
            for client in clients:
                read_exactly(client, answer)
        used = peer.cpu_seconds() - before
    return turns * connections / used


def _answer_bytes(client: socket.socket) -> int:
    client.sendall(GET)
    data = b""
    while b"\r\n\r\n" not in data or len(data) < data.index(b"\r\n\r\n") + 4 + len(TICKER):
        data += client.recv(4096)
    return len(data)
