"""A message of a topic: framed once, compressed once, for all its subscribers.

Which of its two frames a subscriber gets is decided when it leaves, by the rule of
`strikewire.websocket.shared_deflate`.
"""

from strikewire.websocket.frames import Opcode, encode_frame
from strikewire.websocket.shared_deflate import NOWHERE, Follower, SharedMessage, take


class Published:
    """One message of a topic.

    Attributes:
        plain: Its frame as every peer understands it.
        squeezed: Its frame as the followers of its group do; None without a group.
        shared: It in the group's stream; None without a group.
        size: Of its payload, in bytes.
    """

    __slots__ = ("plain", "shared", "size", "squeezed")

    def __init__(
        self, payload: bytes, *, is_text: bool, shared: SharedMessage | None = None
    ) -> None:
        opcode = Opcode.TEXT if is_text else Opcode.BINARY
        self.plain = encode_frame(opcode, payload)
        self.size = len(payload)
        self.squeezed: bytes | None = None
        self.shared = shared
        if shared is not None:
            self.squeezed = encode_frame(opcode, shared.deflated, rsv1=True)

    def frame_for(self, connection: Follower) -> bytes:
        """Return the frame to send to `connection` now, and note that it was sent."""
        if self.shared is None or self.squeezed is None or not take(connection, self.shared):
            return self.plain
        return self.squeezed

    @property
    def sequence(self) -> int:
        """Its number in the group's stream."""
        return NOWHERE if self.shared is None else self.shared.sequence

    @property
    def is_keyframe(self) -> bool:
        """Whether a follower may begin with it."""
        return self.shared is not None and self.shared.is_keyframe
