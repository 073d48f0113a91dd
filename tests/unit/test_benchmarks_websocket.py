"""The load of the WebSocket benchmark counts what a server did, and nothing that it did wrongly."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench_websocket, compiler
from benchmarks import websocket_parsing as parsing
from benchmarks.harness import Contest, UnavailableError
from benchmarks.websocket_load import BARE, Mode, Server, idle_bytes, rate
from benchmarks.websocket_peers.__main__ import KINDS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)

Options = dict[str, Any]

BRIEF: Options = {"seconds": 0.02, "warm": 0.0}


@pytest.mark.parametrize("program", ["load", "server"])
def test_the_programs_compile_without_a_warning(program: str, tmp_path: Path) -> None:
    source = str(compiler.NATIVE / f"{program}.c")
    command = ["cc", *compiler.FLAGS, "-Werror", source, "-o", str(tmp_path / program), "-ldl"]

    compiled = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (compiled.returncode, compiled.stderr) == (0, "")


def test_without_a_compiler_there_is_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -m64")

    with pytest.raises(UnavailableError, match="no C compiler \\(no-such-compiler\\)"):
        compiler.compiled("load")


def test_a_program_that_the_compiler_refuses_is_no_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiler, "NATIVE", tmp_path)
    monkeypatch.setattr(compiler, "BUILT", tmp_path)
    (tmp_path / "load.c").write_text("int main(void) { return nothing; }\n")

    with pytest.raises(UnavailableError, match=r"cannot compile load\.c"):
        compiler.compiled("load")


def test_a_program_is_compiled_again_only_when_it_changed() -> None:
    program = compiler.compiled("server")

    made_ns = program.stat().st_mtime_ns

    assert compiler.compiled("server").stat().st_mtime_ns == made_ns


SMALL: Options = {"bytes": 40, "connections": 3, "window": 4}
LOADS: list[tuple[Mode, Options]] = [
    ("echo", SMALL),
    ("echo", SMALL | {"binary": True}),
    ("echo", {"bytes": 300_000, "connections": 2}),
    ("fan", SMALL),
]


@pytest.mark.parametrize(("mode", "load"), LOADS)
@pytest.mark.parametrize("kind", [*BARE, "ours"])
def test_what_a_server_does_in_a_cpu_second_is_counted(
    kind: str, mode: Mode, load: Options
) -> None:
    with rate(kind, mode, **load, **BRIEF) as read:
        assert 10 < read() < 1e9
        assert 10 < read() < 1e9  # the clients of the first reading are gone


PEERS = [
    (kind, mode, load)
    for kind in KINDS
    for mode, load in [*LOADS, ("open", {"connections": 4})]
    if kind not in ("ours", "uvicorn") and (kind, mode) != ("ours_iterator", "fan")
]


@pytest.mark.parametrize(("kind", "mode", "load"), PEERS)
@pytest.mark.full
def test_every_peer_does_what_is_measured(kind: str, mode: Mode, load: Options) -> None:
    with rate(kind, mode, **load, **BRIEF) as read:
        assert 10 < read() < 1e9


def test_handshakes_and_requests_are_counted() -> None:
    with rate("ours", "open", connections=4, **BRIEF) as read:
        assert read() > 10
    with rate("ours", "get", connections=4, **BRIEF) as read:
        assert read() > 10


@pytest.mark.parametrize("kind", ["uvicorn", "aiohttp"])
@pytest.mark.full
def test_peers_answer_http(kind: str) -> None:
    with rate(kind, "get", connections=4, **BRIEF) as read:
        assert read() > 10


@pytest.mark.parametrize(
    "kind",
    ["ours", *(pytest.param(kind, marks=pytest.mark.full) for kind in ["picows", "websockets"])],
)
def test_a_load_goes_through_tls(kind: str) -> None:
    for mode in ("echo", "fan"):
        with rate(kind, mode, tls=True, **SMALL, **BRIEF) as read:
            assert read() > 10


def test_memory_is_counted_for_each_connection() -> None:
    assert 0 < idle_bytes("ours", deflate=False, connections=100) < 100_000
    assert 0 < idle_bytes("ours", deflate=True, connections=100) < 100_000


@pytest.mark.full
def test_compressed_messages_are_counted_where_most_are() -> None:
    with rate("websockets", "fan", deflate=True, bytes=250, connections=3, **BRIEF) as read:
        assert read() > 10


def test_a_server_that_does_not_compress_is_not_measured_as_if_it_did() -> None:
    with (
        rate("bare C", "fan", deflate=True, bytes=250, **BRIEF) as read,
        pytest.raises(UnavailableError, match="bare C: the server does not compress"),
    ):
        read()


def test_a_server_that_does_not_start_says_why() -> None:
    with (
        pytest.raises(UnavailableError, match=r"cellar did not start: .*invalid choice: 'cellar'"),
        Server("cellar"),
    ):
        pass


SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


@contextlib.contextmanager
def answering(head: bytes, answer: bytes) -> Iterator[int]:
    """Serve one client: `head` to its handshake, `answer` to whatever it sends then."""

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(head)
            if sock.recv(4096):
                sock.sendall(answer)
            with contextlib.suppress(OSError):  # a load that gives up does not say goodbye
                while sock.recv(4096):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join()


@pytest.mark.parametrize(
    ("head", "answer", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", "the server answered HTTP/1.1 400"),
        (SWITCHING, b"\x82\x04....", "a frame begins with 82 instead of 81"),
        (SWITCHING, b"\x01\x04....", "a frame begins with 01 instead of 81"),
        (SWITCHING, b"\xc1\x04....", "a frame begins with c1 instead of 81"),
        (SWITCHING, b"\x81\x03...", "a frame of 3 bytes instead of 4"),
        (SWITCHING, b"\x81\x84keys....", "the server masked a frame"),
        (SWITCHING, b"\x81\x04....", "message 0 of a connection holds something else"),
    ],
)
def test_a_wrong_answer_ends_the_load(head: bytes, answer: bytes, reason: str) -> None:
    with answering(head, answer) as port:
        load = subprocess.run(
            [compiler.compiled("load"), "echo", f"port={port}", f"pid={os.getpid()}", "bytes=4"],
            capture_output=True,
            text=True,
            check=False,
        )

    assert load.returncode == 2
    assert load.stderr.startswith(reason)


@pytest.mark.parametrize("served", [parsing.ours, parsing.picows])
def test_a_parser_is_timed_while_it_delivers_texts(served: parsing.Served) -> None:
    feed = bench_websocket.frame(b"hello") * 4

    with parsing.time_a_message(served, feed, messages=4, seconds=0.001) as read:
        assert 0 < read() < 1e9
        assert 0 < read() < 1e9


def test_every_floor_of_the_room_has_an_aim_beyond_it() -> None:
    marks = [
        (judged.floor, judged.aim, measure.better)
        for measure in bench_websocket.measures(quick=True)
        for judged in (measure.opponents if isinstance(measure, Contest) else [measure])
    ]

    judged = [(floor, aim, better) for floor, aim, better in marks if floor and aim]
    assert len(judged) > 30
    assert all(floor is None or aim is not None for floor, aim, _ in marks)
    assert all((aim > floor) == (better == "higher") for floor, aim, better in judged)
