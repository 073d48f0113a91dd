"""Start a server, put the C load on it, and read what it did in a CPU second of its own.

Server and load are pinned to two CPUs, so that neither takes time, or a warm cache, from the other.
Only the server's CPU time counts: the load may be as slow as it likes, and it checks every frame.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from benchmarks.compiler import BUILT, compiled
from benchmarks.harness import ROOT, Reader, UnavailableError
from strikewire.venue.tls import make_certificates

Mode = Literal["echo", "fan", "open", "get", "idle"]

# Both take a second or two; what takes this long has failed.
START_S = 30
LOAD_S = 120

BARE = {"bare C": "plain", "bare C, coalescing": "coalescing"}
"""Kinds of server that are no Python: the arguments of `native/server.c`."""


def shares_one_cpu() -> bool:
    """Say whether server and load cannot be told apart here."""
    return hasattr(os, "sched_getaffinity") and len(_cpus()) < 2


class Server:
    """A server in a process of its own; `with` starts and ends it.

    Attributes:
        kind: One of `websocket_peers`, or of BARE.
        port: Where it listens, on 127.0.0.1.
        pid: Of its process.
    """

    def __init__(
        self, kind: str, *, deflate: bool = False, tls: bool = False, interpreted: bool = False
    ) -> None:
        """Remember what to start."""
        self.kind = kind
        self._command = _command(kind, deflate=deflate, tls=tls, interpreted=interpreted)

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            UnavailableError: It did not start; the text is the last that it said.
        """
        with tempfile.TemporaryFile("w+") as complaints:
            with _on_cpu(_cpus()[0]):
                self._process = subprocess.Popen(
                    self._command,
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    text=True,
                )
            self.pid = self._process.pid
            answer = self._first_line()
            if not answer.strip().isdigit():
                self.__exit__()
                complaints.seek(0)
                said = complaints.read().strip().splitlines() or ["no reason given"]
                raise UnavailableError(f"{self.kind} did not start: {said[-1]}")
            self.port = int(answer)
        return self

    def _first_line(self) -> str:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], START_S)
        return self._process.stdout.readline() if readable else ""

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def loaded(self, mode: Mode, **options: object) -> dict[str, float]:
        """Put a load on it and return what the load found; see `native/load.c`.

        Raises:
            UnavailableError: The load gave up; the text says why.
        """
        wanted = {"port": self.port, "pid": self.pid, "spin": not shares_one_cpu(), **options}
        arguments = [f"{name}={_text(value)}" for name, value in wanted.items()]
        command = [str(compiled("load")), mode, *arguments]
        try:
            with _on_cpu(_cpus()[-1]):
                load = subprocess.run(
                    command, capture_output=True, text=True, check=False, timeout=LOAD_S
                )
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{self.kind}: no end of the load in {LOAD_S} s") from None
        if load.returncode:
            raise UnavailableError(f"{self.kind}: {load.stderr.strip()}")
        found: dict[str, float] = json.loads(load.stdout)
        return found


@contextlib.contextmanager
def rate(
    kind: str,
    mode: Mode,
    *,
    deflate: bool = False,
    tls: bool = False,
    interpreted: bool = False,
    **load: object,
) -> Iterator[Reader]:
    """Start a server and yield what reads how much it does in a CPU second.

    Args:
        kind: Of server.
        mode: Of load; not "idle".
        deflate: Whether permessage-deflate is agreed on; most messages must then be compressed.
        tls: Whether all goes through TLS.
        interpreted: Whether our kernels run uncompiled.
        load: Options of the load.
    """
    with Server(kind, deflate=deflate, tls=tls, interpreted=interpreted) as server:

        def read() -> float:
            found = server.loaded(mode, deflate=deflate, tls=tls, **load)
            if deflate and found["compressed"] < found["count"] / 2:
                raise UnavailableError(
                    f"{kind} compressed {found['compressed']} of {found['count']} messages"
                )
            if not found["cpu_seconds"]:
                raise UnavailableError(f"{kind}: nothing was measured")
            return found["count"] / found["cpu_seconds"]

        yield read


def idle_bytes(kind: str, *, deflate: bool, connections: int) -> float:
    """Return by how much a server's memory grows for each connection that has echoed once.

    Memory of the process alone: the kernel's buffers are not in it.
    """
    with Server(kind, deflate=deflate) as server:
        found = server.loaded(
            "idle", deflate=deflate, connections=connections, deflated=_deflated().hex()
        )
        return found["bytes_each"]


def _deflated() -> bytes:
    """Return a message of 250 bytes as permessage-deflate sends it (RFC 7692 section 7.2.1)."""
    deflater = zlib.compressobj(wbits=-15)
    words = b" ".join(b"%d" % (number * number) for number in range(100))[:250]
    data = deflater.compress(words) + deflater.flush(zlib.Z_SYNC_FLUSH)
    return data.removesuffix(b"\x00\x00\xff\xff")


def _command(kind: str, *, deflate: bool, tls: bool, interpreted: bool) -> list[str]:
    if kind in BARE:
        return [str(compiled("server")), BARE[kind]]
    command = [sys.executable, "-m", "benchmarks.websocket_peers", kind]
    if deflate:
        command.append("--deflate")
    if interpreted:
        command.append("--interpreted")
    if tls:
        command += ["--tls", str(_certificate())]
    return command


@functools.cache
def _certificate() -> Path:
    """Return a PEM file of a certificate and its key, made for this run of the benchmark."""
    made = make_certificates(("127.0.0.1",), time.time_ns())
    BUILT.mkdir(parents=True, exist_ok=True)
    path = BUILT / "certificate.pem"
    # Under another name until it is whole: two runs may want it at once.
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(made.certificate + made.private_key)
    unfinished.rename(path)
    return path


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _cpus() -> list[int]:
    if not hasattr(os, "sched_getaffinity"):
        raise UnavailableError("the load needs Linux, where processes can be pinned and measured")
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def _on_cpu(cpu: int) -> Iterator[None]:
    """Let processes that are started in here run on one CPU alone."""
    before = _cpus()
    if len(before) < 2:
        yield
        return
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
