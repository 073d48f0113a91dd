"""Topics: a message published once reaches every subscriber."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from strikewire.websocket.aio.backlog import SlowReader
from strikewire.websocket.aio.connection import Connection
from strikewire.websocket.aio.kernels import topics
from strikewire.websocket.aio.turns import turn_of
from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.shared_deflate import SharedDeflater

Flush = Literal["immediate", "turn"] | float
"""When messages leave: as they are published, at the end of the loop's turn, or (a number) at most
so many seconds after the first of them."""


class Topic(topics.Topic):
    """Sends what is published to every subscriber: framed once, and in one piece a flush.

    The messages of one topic reach each subscriber in order. A subscriber gets what is published
    after it subscribed and before it unsubscribed, also where those wait for a flush. Between a
    topic and what is sent to a connection alone there is an order only with `flush="immediate"`.

    A connection that is lost is no subscriber any more.
    """

    def __init__(
        self,
        *,
        flush: Flush = "turn",
        slow_reader: SlowReader | None = None,
        compression: SharedDeflater | None = None,
    ) -> None:
        """Make a topic of the running loop, without subscribers.

        Args:
            flush: When messages leave.
            slow_reader: What to do with a subscriber that does not read; without, it is closed with
                1008 once 1,024 messages or 1 MiB wait for it.
            compression: A stream that compresses for all subscribers that can follow it; the others
                get the messages as they are. A connection follows one stream at a time; while it
                does, what is sent to it alone travels uncompressed.

        Raises:
            ValueError: `flush` is no number above zero and none of the two words.
            RuntimeError: There is no running loop.
        """
        if isinstance(flush, str) and flush not in ("immediate", "turn"):
            raise ValueError(f"flush {flush!r} is neither 'immediate' nor 'turn' nor seconds")
        if not isinstance(flush, str) and not flush > 0:
            raise ValueError(f"flush {flush!r} is no number of seconds above zero")
        super().__init__(
            turn_of(asyncio.get_running_loop()),
            flush=flush,
            slow_reader=slow_reader or SlowReader(),
            group=compression,
        )

    def subscribe(self, connection: Connection) -> None:
        """Send `connection` what is published from here on; once is enough.

        A connection that is closed or closing is not taken in.

        Raises:
            LocalProtocolError: It is a client's: its frames are masked, each with a key of its own.
        """
        if connection.role == "client":
            raise LocalProtocolError("a client cannot send what was framed for many")
        if connection.is_open and self.add(connection):
            connection.join(self)
            if self.group is not None:
                connection.follow(self.group)

    def unsubscribe(self, connection: Connection) -> None:
        """Send `connection` what waits for it, and nothing that is published from here on."""
        if self.remove(connection):
            connection.leave(self)
            if self.group is not None:
                connection.unfollow(self.group)
                if not len(self):
                    self.group.rest()

    def publish(
        self, payload: str | bytes, *, key: str | None = None, text: bool | None = None
    ) -> None:
        """Send a message to every subscriber.

        Args:
            payload: A str travels as text, bytes as binary unless `text` says otherwise.
            key: Of what the message is the latest news: for a subscriber that does not read, it may
                take the place of a message of the same key that waits (`SlowReader`).
            text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.

        Raises:
            LocalProtocolError: A str holds a lone surrogate.
        """
        if isinstance(payload, str):
            try:
                self.publish_bytes(payload.encode(), text is not False, key)
            except UnicodeEncodeError:
                raise LocalProtocolError("text holds a lone surrogate") from None
        else:
            self.publish_bytes(bytes(payload), text is True, key)

    def __iter__(self) -> Iterator[Connection]:
        """Iterate over the subscribers."""
        return super().__iter__()
