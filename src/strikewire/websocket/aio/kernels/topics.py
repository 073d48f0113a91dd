"""The hot half of a topic, where nothing is compiled; `topics.pyx` says how it works."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from strikewire.websocket.aio.kernels.link import Turn
from strikewire.websocket.published import Published

_COMPRESSED_BYTES: Final = (
    32  # a shorter message gains nothing; sent plain to all, it leaves no gap
)


class Topic:
    """The hot half of a topic; see `strikewire.websocket.aio.topics.Topic`.

    Attributes:
        turn: Of the loop it lives on.
        slow_reader: The policy for subscribers that do not read.
        group: The shared deflate stream, or None.
        published: Messages published.
        delivered: Messages times the subscribers they were sent to at once.
    """

    # `Any`: the links and the group of link.py and of aio/topics.py, which a kernel does not know.

    def __init__(self, turn: Turn, *, flush: str | float, slow_reader: Any, group: Any) -> None:  # noqa: ANN401 - as above
        self.turn = turn
        self.slow_reader = slow_reader
        self.group = group
        self.published = 0
        self.delivered = 0
        self._is_immediate = flush == "immediate"
        self._interval_s = None if isinstance(flush, str) else flush
        self._members: dict[Any, int] = {}  # a subscriber, and how many of the pending it skips
        self._pending: list[tuple[Published, str | None]] = []
        self._waits = False
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, link: object) -> bool:
        return link in self._members

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._members))

    def add(self, link: Any) -> bool:  # noqa: ANN401 - as above
        """Let `link` have what is published from here on; once is enough."""
        if link in self._members:
            return False
        self._members[link] = len(self._pending)
        return True

    def remove(self, link: Any) -> bool:  # noqa: ANN401 - as above
        """Send `link` what waits for it, and nothing that is published from here on."""
        skipped = self._members.pop(link, None)
        if skipped is None:
            return False
        self._send_to(link, skipped)
        return True

    def publish_bytes(self, payload: bytes, is_text: bool, key: str | None) -> None:
        """Publish a message."""
        self.published += 1
        if not self._members:
            return
        shared = None
        if self.group is not None and len(payload) >= _COMPRESSED_BYTES:
            shared = self.group.add(payload)
        message = Published(payload, is_text=is_text, shared=shared)
        self._pending.append((message, key))
        if self._is_immediate:
            self.send_pending()
        elif not self._waits:
            self._waits = True
            if self._interval_s is None:
                self.turn.flush_before_end(self)
            else:
                self._timer = self.turn.loop.call_later(self._interval_s, self.flush)

    def flush(self) -> None:
        """Send what waits, now."""
        self.send_pending()

    def send_pending(self) -> None:
        """Send what waits to each subscriber, in one piece."""
        self._waits = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        for link, skipped in list(self._members.items()):
            self._send_to(link, skipped)
        self._members = dict.fromkeys(self._members, 0)
        self._pending = []

    def _send_to(self, link: Any, skipped: int) -> None:  # noqa: ANN401 - as above
        waiting = self._pending[skipped:]
        if not link.can_send or not waiting:
            return
        if link.is_full:
            for message, key in waiting:
                link.send_published(self, message, key, self.slow_reader)
                if not link.can_send:
                    return
            return
        frames = b"".join(message.frame_for(link) for message, _ in waiting)
        if self.group is not None and link.shared_group is self.group and link.next_shared == -1:
            self.group.ask_for_keyframe()
        link.bytes_sent += sum(message.size for message, _ in waiting)
        self.delivered += len(waiting)
        link.send_frame_bytes(frames, len(waiting))
        if self._is_immediate and self.turn.corked is not link:
            link.flush()
