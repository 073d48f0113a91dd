"""A message framed once and sent to many."""

from strikewire.websocket.extensions import Agreement
from strikewire.websocket.frames import Opcode, encode_frame


class Prepared:
    """One message of a server, its frames built once however many there are to send it to.

    It leaves as it is on most connections. Where permessage-deflate was agreed on *without* context
    takeover for the server, it is compressed, once for each window size. Where the context is kept,
    one compressed frame cannot serve two connections, and an uncompressed message is allowed there
    and leaves both contexts as they are (RFC 7692 section 6).

    Attributes:
        payload: The message.
        text: Whether it is text.
    """

    __slots__ = ("_compressed", "_plain", "payload", "text")

    def __init__(self, payload: bytes, *, text: bool) -> None:
        self.payload = payload
        self.text = text
        self._plain = encode_frame(self._opcode, payload)
        self._compressed: dict[tuple[int, int, int], bytes] = {}

    @property
    def _opcode(self) -> Opcode:
        return Opcode.TEXT if self.text else Opcode.BINARY

    def frame(self, agreement: Agreement | None) -> bytes:
        """Return the frame for a connection on which `agreement` holds."""
        if agreement is None or agreement.server_keeps_context:
            return self._plain
        compression = agreement.compression
        if len(self.payload) < compression.message_bytes_min:
            return self._plain
        key = (agreement.server_window_bits, compression.level, compression.memory)
        frame = self._compressed.get(key)
        if frame is None:
            deflated = agreement.deflater("server").deflate(self.payload, last=True)
            frame = self._plain
            if len(deflated) < len(self.payload):
                frame = encode_frame(self._opcode, deflated, rsv1=True)
            self._compressed[key] = frame
        return frame


def prepare(payload: str | bytes, *, text: bool | None = None) -> Prepared:
    """Frame a message for `Connection.send_prepared`, once for all its receivers.

    Args:
        payload: A str travels as text, bytes as binary unless `text` says otherwise.
        text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.
    """
    if isinstance(payload, str):
        return Prepared(payload.encode(), text=text is not False)
    return Prepared(payload, text=text is True)
