"""Write the corpus that fuzzing begins with: `python -m fuzz.seeds FOLDER`.

What the generators make of a seed is as good a stream as any, so seeds need no thought: they are
digests, the same on every machine. A few are requests and frames as they travel.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

COUNT: Final = 300
_TRAVELLING: Final = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",  # RFC 6455, 5.7: "Hello" of a client
    b"\x01\x03Hel\x80\x02lo",  # the same of a server, in fragments
    b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",  # RFC 7692, 7.2.3.1: compressed
)


def seeds() -> Iterator[bytes]:
    """Return every seed."""
    for number in range(COUNT):
        yield hashlib.shake_256(str(number).encode()).digest(8 + 2 * number)
    yield from _TRAVELLING


def main(folder: Path) -> None:
    """Write the seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds():
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
