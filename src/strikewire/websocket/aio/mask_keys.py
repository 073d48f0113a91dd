"""Where a client's masking keys come from."""

import os
from typing import Final

_POOL_BYTES: Final = 4 << 10


class MaskKeys:
    """Four bytes a call from the operating system's generator, fetched a page at a time.

    RFC 6455 section 10.3: the key must be unpredictable to whoever chooses the payload, or a
    payload could be made that looks like a request to a proxy on the way.
    """

    def __init__(self) -> None:
        self._pool = b""
        self._position = 0

    def __call__(self) -> bytes:
        """Return the next key."""
        if self._position == len(self._pool):
            self._pool = os.urandom(_POOL_BYTES)
            self._position = 0
        start = self._position
        self._position = start + 4
        return self._pool[start : start + 4]
