"""One deflate stream for many connections, each of which keeps its context.

Theory of operation. To compress a message for every subscriber anew costs as much as all else; to
compress it once without context saves little, since small messages resemble each other and not
themselves. A `SharedDeflater` compresses each message once, referring to the messages before it,
and one rule says which of them may travel to whom.

Why that is sound. A peer inflates with one window: the last 2**bits bytes that compressed messages
of ours became (RFC 7692 7.2.2; for a peer that takes the context over). Whatever we send it with
RSV1 set enters that window, whoever compressed it; what we send without RSV1 does not (section 6:
it is "not compressed", and 7.2.2 inflates compressed messages only), nor do control frames. Now

1. A sender may refer to less than it could: nothing in 7.2.1 obliges it to use the window. So a
   stream that begins afresh, a *keyframe*, can be inflated whatever the window holds.
2. Any other message of the stream refers back at most one window, and not across the keyframe
   before it. So it can be inflated exactly where the window ends with all messages since that
   keyframe, which by induction is where the last compressed message sent was the one before it.

Hence the whole rule: **on one connection, a shared message may be sent compressed if it is a
keyframe, or if the last message sent compressed was the one before it in the same stream; in all
other cases it goes uncompressed**, which changes nothing. `may_take` is that rule. What follows
from it for the rest of the connection:

- The question is asked when a frame is handed to the transport, and what was taken must leave. A
  frame that was dropped, conflated or sent plain is just never taken: what follows it goes plain
  until the next keyframe, and `SharedDeflater.ask_for_keyframe` brings one.
- A private message goes uncompressed. If it were compressed after all (even without context, for
  the peer's window takes it in), the next shared message would refer to what is no longer there:
  that corrupts, and nobody notices.
- The same holds the other way round for the connection's own `Deflater`: its `forget` is called
  when it follows a stream, for what it sent is no longer at the window's end.
- A peer with which "server_no_context_takeover" was agreed on forgets its window after every
  message, and one whose window is smaller than the stream's forgets too early. `can_follow` keeps
  them out: they are given context-free or uncompressed messages.
- A shared message never comes between the fragments of another, as 5.4 of RFC 6455 has it anyway.

A stream compressed for many is read by all of them: nothing that is secret to one of them goes in.

Frames are self-contained bytes, `encode_frame(opcode, message.deflated, rsv1=True)`, the same for
every connection, and those of several messages may be joined and sent at once.

Source: RFC 7692 sections 6 and 7.2.
"""

from typing import Final, Protocol

import msgspec

from strikewire.websocket.deflate import (
    ZLIB,
    Compress,
    Zlib,
    flush_message,
    open_compress,
)
from strikewire.websocket.extensions import Agreement

NOWHERE: Final = -1
"""The `next_shared` of a connection whose peer can inflate nothing but a keyframe."""


class SharedMessage(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One message of a shared stream.

    Attributes:
        stream: The stream it belongs to.
        sequence: How many messages there were before it.
        is_keyframe: Whether it refers to none of them.
        deflated: The payload of its frame, which has RSV1 set.
    """

    stream: "SharedDeflater"
    sequence: int
    is_keyframe: bool
    deflated: bytes


class SharedDeflater:
    """Compresses each message once for all who follow.

    Attributes:
        window_bits: How far back, in powers of two, a message may refer.
        sequence: Of the next message.
    """

    def __init__(
        self,
        *,
        window_bits: int = 12,
        level: int = 3,
        memory: int = 5,
        keyframe_messages: int = 64,
        keyframe_bytes: int = 64 << 10,
        zlib: Zlib | None = None,
    ) -> None:
        """Begin a stream; nothing is allocated yet.

        Args:
            window_bits: 8 to 15; connections with a smaller window cannot follow.
            level: zlib's, 1 (fast) to 9 (small).
            memory: zlib's memLevel, 1 to 9.
            keyframe_messages: Messages from one keyframe to the next, at least, ...
            keyframe_bytes: ... or bytes of them, whichever comes first: those who join cannot ruin
                the ratio for the others, and wait no longer than that.
            zlib: Whose; that of `deflate.ZLIB` without.
        """
        assert 8 <= window_bits <= 15
        assert keyframe_messages > 0
        self.window_bits: Final = window_bits
        self.sequence = 0
        self._level = level
        self._memory = memory
        self._keyframe_messages = keyframe_messages
        self._keyframe_bytes = keyframe_bytes
        self._zlib = zlib or ZLIB
        self._context: Compress | None = None
        self._is_asked = False
        self._messages = 0
        self._bytes = 0

    def add(self, payload: bytes) -> SharedMessage:
        """Compress the next message.

        One that is not worth it need not be added: sent uncompressed to all, it leaves no gap.
        """
        context = self._context
        is_keyframe = context is None or (self._is_asked and self._may_begin())
        if context is None or is_keyframe:
            # Not a full flush, which would keep the context but differs among the libraries.
            context = self._context = open_compress(
                self._zlib,
                window_bits=self.window_bits,
                level=self._level,
                memory=self._memory,
                tail=b"",
            )
            self._is_asked = False
            self._messages = self._bytes = 0
        self._messages += 1
        self._bytes += len(payload)
        sequence = self.sequence
        self.sequence = sequence + 1
        return SharedMessage(
            stream=self,
            sequence=sequence,
            is_keyframe=is_keyframe,
            deflated=flush_message(context, payload),
        )

    def ask_for_keyframe(self) -> None:
        """Let the next message be one, or the first that may be: someone waits for it."""
        self._is_asked = True

    def rest(self) -> None:
        """Give the memory of the context back; the next message is a keyframe."""
        self._context = None

    def _may_begin(self) -> bool:
        return self._messages >= self._keyframe_messages or self._bytes >= self._keyframe_bytes


class Follower(Protocol):
    """A connection, as the rule sees it.

    Attributes:
        shared_group: The stream that its peer follows, or None. While there is one, nothing else
            is sent to it compressed, and its own deflater has forgotten what it sent before.
        next_shared: The sequence of the message that its peer can inflate next; NOWHERE before it
            was sent a keyframe, or after it missed a message.
    """

    shared_group: object
    next_shared: int


def may_take(follower: Follower, message: SharedMessage) -> bool:
    """Return whether `message` may be sent compressed, as the next thing that is sent."""
    return message.stream is follower.shared_group and (
        message.is_keyframe or message.sequence == follower.next_shared
    )


def take(follower: Follower, message: SharedMessage) -> bool:
    """Decide how `message`, the next thing that is sent, is sent; true for compressed."""
    if may_take(follower, message):
        follower.next_shared = message.sequence + 1
        return True
    if message.stream is follower.shared_group:
        follower.next_shared = NOWHERE
    return False


def can_follow(agreement: Agreement | None, window_bits: int) -> bool:
    """Return whether a server that agreed on this may send a stream with that window.

    Args:
        agreement: None where there is no compression.
        window_bits: 8 to 15; the stream's.
    """
    return (
        agreement is not None
        and agreement.server_keeps_context
        and agreement.server_window_bits >= window_bits
    )
