"""Pings: asked for by the owner of a connection, or sent on our own to see that the peer lives."""

import asyncio
from collections.abc import Callable


class Keepalive:
    """The pings of one connection, and the answers to them.

    Attributes:
        latency_s: Round trip of the last ping that was answered; None before the first.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        send_ping: Callable[[bytes], None],
        on_timeout: Callable[[], None],
        interval_s: float,
        timeout_s: float,
    ) -> None:
        """Begin to ping, unless `interval_s` is zero.

        Args:
            loop: Whose clock is used.
            send_ping: Called with the payload of a ping to send.
            on_timeout: Called once, when one of our own pings stays unanswered.
            interval_s: From one answer to the next ping.
            timeout_s: For the answer; zero waits forever.
        """
        self.latency_s: float | None = None
        self._loop = loop
        self._send_ping = send_ping
        self._on_timeout = on_timeout
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._counter = 0
        self._sent: dict[bytes, tuple[float, asyncio.Future[float] | None]] = {}
        self._own = b""
        self._timer: asyncio.TimerHandle | None = None
        self._ping_later()

    def ping(self) -> asyncio.Future[float]:
        """Send a ping; the future becomes the seconds until its answer."""
        answered: asyncio.Future[float] = self._loop.create_future()
        self._ping(answered)
        return answered

    def on_pong(self, payload: bytes) -> None:
        """Take in an answer. Answers to nothing we asked are ignored."""
        if payload not in self._sent:
            return
        # 5.5.3: a peer may answer the latest of several pings only, so it answers them all.
        for sent in list(self._sent):
            at, answered = self._sent.pop(sent)
            if sent == self._own:
                self._own = b""
                self._ping_later()
            latency_s = self._loop.time() - at
            if answered is not None and not answered.done():
                answered.set_result(latency_s)
            if sent == payload:
                self.latency_s = latency_s
                return

    def stop(self, error: Exception) -> None:
        """Send no more; whoever waits for an answer gets `error`."""
        if self._timer is not None:
            self._timer.cancel()
        waiting = [answered for _, answered in self._sent.values() if answered is not None]
        self._sent.clear()
        for answered in waiting:
            if not answered.done():
                answered.set_exception(error)
                # Nobody may be waiting any more; that is no mistake of theirs.
                answered.exception()

    def _ping(self, answered: asyncio.Future[float] | None) -> bytes:
        self._counter += 1
        payload = self._counter.to_bytes(8, "big")
        self._sent[payload] = (self._loop.time(), answered)
        self._send_ping(payload)
        return payload

    def _ping_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._interval_s > 0:
            self._timer = self._loop.call_later(self._interval_s, self._ping_now)

    def _ping_now(self) -> None:
        self._own = self._ping(None)
        if self._timeout_s > 0:
            self._timer = self._loop.call_later(self._timeout_s, self._on_timeout)
