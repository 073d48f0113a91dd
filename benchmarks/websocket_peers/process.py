"""What every server process does: tell its port, and end with the process that started it."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

ANSWER = b'{"jsonrpc":"2.0","result":"' + b"x" * 221 + b'"}'
assert len(ANSWER) == 250


@dataclass(frozen=True)
class Settings:
    """How a server is wanted: with permessage-deflate or without, with TLS or without."""

    deflate: bool = False
    tls: ssl.SSLContext | None = None


class TwinFinder(MetaPathFinder):
    """Finds the `.py` twins of kernels where compiled modules stand beside them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the twin of a kernel; of all other modules, nothing."""
        folder, _, name = fullname.rpartition(".")
        if not folder.endswith(".kernels") or path is None:
            return None
        source = Path(path[0], f"{name}.py")
        return spec_from_loader(fullname, SourceFileLoader(fullname, str(source)))


def tell(port: int) -> None:
    """Say on stdout that the server can be reached."""
    print(port, flush=True)


async def serve_forever(port: int) -> None:
    """Say on stdout that the server can be reached, and leave it to the event loop."""
    tell(port)
    await asyncio.Event().wait()


def end_with_parent() -> None:
    """End the process, without ceremony, as soon as stdin does."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def allow_many_files() -> None:
    """Raise the soft limit of open files, which is often 1024, to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    """Return a port that was free a moment ago, for servers that cannot find one themselves."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
