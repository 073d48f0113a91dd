"""A message of a topic: framed once, compressed once, for all its subscribers.

Which of its two frames a subscriber gets is decided when it leaves, by one rule. The frames of a
group come of one deflate stream, in which each message refers back to those before it, so a peer
can inflate one only if it has inflated them all since the last keyframe, across whose first byte
nothing refers. `next_shared` of a connection is the number of the message that its peer can inflate
next: that one, or a keyframe, leaves compressed. Any other leaves as it is, which an uncompressed
message may at any time, and from then on the peer misses one and waits for a keyframe.

Source: RFC 7692 sections 6 (a message may travel uncompressed) and 7.2.1; RFC 1951.
"""

from typing import Protocol

from strikewire.websocket.frames import Opcode, encode_frame


class SharedMessage(Protocol):
    """One message of a shared deflate stream."""

    @property
    def sequence(self) -> int:
        """Its number in the stream."""

    @property
    def is_keyframe(self) -> bool:
        """Whether nothing from here on refers to what was before."""

    @property
    def deflated(self) -> bytes:
        """The payload of its frame."""


class Follower(Protocol):
    """A connection, as this rule sees it."""

    shared_group: object
    next_shared: int


class Published:
    """One message of a topic.

    Attributes:
        plain: Its frame as every peer understands it.
        squeezed: Its frame as the followers of its group do; None without a group.
        sequence: Its number in the group's stream.
        is_keyframe: Whether a follower may begin with it.
        group: Whose stream it is.
        size: Of its payload, in bytes.
    """

    __slots__ = ("group", "is_keyframe", "plain", "sequence", "size", "squeezed")

    def __init__(
        self,
        payload: bytes,
        *,
        is_text: bool,
        shared: SharedMessage | None = None,
        group: object = None,
    ) -> None:
        opcode = Opcode.TEXT if is_text else Opcode.BINARY
        self.plain = encode_frame(opcode, payload)
        self.group = group
        self.size = len(payload)
        self.squeezed: bytes | None = None
        self.sequence = -1
        self.is_keyframe = False
        if shared is not None:
            self.squeezed = encode_frame(opcode, shared.deflated, rsv1=True)
            self.sequence = shared.sequence
            self.is_keyframe = shared.is_keyframe

    def frame_for(self, connection: Follower) -> bytes:
        """Return the frame to send to `connection` now, and note that it was sent."""
        if self.squeezed is None or connection.shared_group is not self.group:
            return self.plain
        if self.is_keyframe or connection.next_shared == self.sequence:
            connection.next_shared = self.sequence + 1
            return self.squeezed
        connection.next_shared = -1
        return self.plain
