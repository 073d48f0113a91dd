"""What can happen on an open connection, as values."""

import msgspec


class Text(msgspec.Struct, frozen=True, gc=False):
    """A whole text message.

    Attributes:
        payload: Valid UTF-8, not decoded: JSON parsers take bytes.
    """

    payload: bytes

    @property
    def text(self) -> str:
        """The message as str."""
        return self.payload.decode()


class Binary(msgspec.Struct, frozen=True, gc=False):
    """A whole binary message."""

    payload: bytes


class Ping(msgspec.Struct, frozen=True, gc=False):
    """The peer asks for a Pong with the same payload, at most 125 bytes."""

    payload: bytes


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The peer answers a Ping, or says unasked that it is alive."""

    payload: bytes


class Close(msgspec.Struct, frozen=True, gc=False):
    """The peer sent Close; nothing it sends after that is looked at.

    Attributes:
        code: 1005 if the frame had none.
        reason: Words for people; often empty.
    """

    code: int
    reason: str


Event = Text | Binary | Ping | Pong | Close
