r"""Recordings of a venue's messages: our own format, exact to the byte and checked to the end.

A recording is a gzip file of lines that end in "\n". Version 1:

1. The header, a JSON object: `format` ("strikewire-recording"), `version` (1) and the fields of
   `RecordingHeader`. Fields a reader does not know are for it to ignore.
2. One line a message: `<delta> <kind> <payload>`. `delta` is the time since the message before it,
   for the first since `start_ns`, in nanoseconds, decimal, not negative. `kind` is `m` for a
   message of the stream, `s` for the answer to a snapshot request. `payload` is the message as the
   venue sent it, which may hold any byte but "\n".
3. The footer, a JSON object: `messages`, the number of them; `duration_ns`, from `start_ns` to the
   end; `crc32` of all message lines with their "\n".

A reader tells a cut file by the missing footer.
"""

import gzip
import zlib
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import msgspec
from msgspec import Struct

FORMAT = "strikewire-recording"
VERSION = 1

LINE_BYTES_MAX = 16 * 1024 * 1024
"""A longer line is refused as not being a recording."""


class MessageKind(StrEnum):
    """How a payload reached the recorder."""

    STREAM = "m"
    SNAPSHOT = "s"


class RecordingHeader(Struct, frozen=True, kw_only=True):
    """The first line.

    Attributes:
        venue: Which feed handler reads it: "binance" or "bybit".
        symbol: As the venue writes it.
        index: The price index it stands for: "btc_usd".
        start_ns: When the recording began, nanoseconds since the Unix epoch.
        origin: Who recorded it and where it was published.
        licence: Under which it was published.
        note: What was left out since, in a sentence.
    """

    venue: str
    symbol: str
    index: str
    start_ns: int
    origin: str
    licence: str
    note: str = ""


class _Preamble(Struct, frozen=True):
    """What the first line of every version holds."""

    format: str
    version: int


class RecordingFooter(Struct, frozen=True):
    """The last line."""

    messages: int
    duration_ns: int
    crc32: int


class RecordedMessage(Struct, frozen=True):
    """One message.

    Attributes:
        offset_ns: Time since the recording began.
        kind: How it reached the recorder.
        payload: As the venue sent it.
    """

    offset_ns: int
    kind: MessageKind
    payload: bytes


class RecordingError(Exception):
    """A file cannot be read as a recording."""


class RecordingVersionError(RecordingError):
    """A recording is of a version this reader does not know."""

    def __init__(self, *, found: int, expected: int) -> None:
        super().__init__(f"recording is of version {found}, this reader knows {expected}")
        self.found = found
        self.expected = expected


class RecordingFormatError(RecordingError):
    """A line is not what the format says; `line` counts from 1."""

    def __init__(self, *, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class RecordingTruncatedError(RecordingError):
    """The file ends after `line` whole lines, before its footer."""

    def __init__(self, *, line: int) -> None:
        super().__init__(f"recording ends after line {line}, without a footer")
        self.line = line


class Recording:
    """A recording on disk or in the package; each iteration opens it anew.

    Args:
        path: The file.

    Attributes:
        header: Read and checked at construction.

    Raises:
        RecordingError: It is not a recording of this version.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path | Traversable) -> None:
        self._path = path
        with _opened(path) as lines:
            self.header = _read_header(lines)

    def __iter__(self) -> Iterator[RecordedMessage | RecordingFooter]:
        """Yield every message in order, and the footer last, once all has been checked.

        Raises:
            RecordingError: A line is bad, the file is cut, or the checksum differs.
        """
        with _opened(self._path) as lines:
            _read_header(lines)
            yield from _read_messages(lines)


class RecordingWriter:
    """Write a recording; a context manager that adds the footer when left without an error.

    Args:
        path: The file to make.
        header: Its first line.
    """

    def __init__(self, path: Path, header: RecordingHeader) -> None:
        # No name and no time inside, so that the same messages give the same file.
        self._raw = path.open("wb")
        self._file = gzip.GzipFile("", "wb", compresslevel=9, fileobj=self._raw, mtime=0)
        preamble = {"format": FORMAT, "version": VERSION}
        self._file.write(msgspec.json.encode(preamble | msgspec.to_builtins(header)) + b"\n")
        self._messages = 0
        self._offset_ns = 0
        self._crc32 = 0

    def write(self, message: RecordedMessage) -> None:
        """Add a message.

        Raises:
            ValueError: It is older than the one before it, or its payload holds a line feed.
        """
        delta_ns = message.offset_ns - self._offset_ns
        if delta_ns < 0:
            raise ValueError(f"message at {message.offset_ns} ns follows one at {self._offset_ns}")
        if b"\n" in message.payload:
            raise ValueError("payload holds a line feed")
        line = b"%d %s %s\n" % (delta_ns, message.kind.encode(), message.payload)
        self._file.write(line)
        self._crc32 = zlib.crc32(line, self._crc32)
        self._offset_ns = message.offset_ns
        self._messages += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            footer = RecordingFooter(self._messages, self._offset_ns, self._crc32)
            self._file.write(msgspec.json.encode(footer) + b"\n")
        self._file.close()
        self._raw.close()


class _Lines:
    """The lines of a gzip file, with their number, in one kind of error."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._file = gzip.GzipFile(fileobj=raw, mode="rb")
        self.number = 0

    def next(self) -> bytes:
        """Return the next line without its end.

        Raises:
            RecordingTruncatedError: The file ends here.
            RecordingFormatError: It is not gzip, is damaged, or the line is too long.
        """
        try:
            line = self._file.readline(LINE_BYTES_MAX)
        except EOFError:
            raise RecordingTruncatedError(line=self.number) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self.bad(f"damaged: {error}") from None
        if len(line) == LINE_BYTES_MAX:
            raise self.bad(f"longer than {LINE_BYTES_MAX} bytes")
        if not line.endswith(b"\n"):
            raise RecordingTruncatedError(line=self.number)
        self.number += 1
        return line

    def bad(self, reason: str) -> RecordingFormatError:
        """Return the error about the line being read."""
        return RecordingFormatError(line=max(1, self.number), reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()


def _opened(path: Path | Traversable) -> _Lines:
    return _Lines(cast("BinaryIO", path.open("rb")))


def _read_header(lines: _Lines) -> RecordingHeader:
    line = lines.next()
    try:
        preamble = msgspec.json.decode(line, type=_Preamble)
        if preamble.format != FORMAT:
            raise lines.bad(f"format is {preamble.format!r}, not {FORMAT!r}")
        if preamble.version != VERSION:
            raise RecordingVersionError(found=preamble.version, expected=VERSION)
        return msgspec.json.decode(line, type=RecordingHeader)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise lines.bad(f"not a recording header: {error}") from None


def _read_messages(lines: _Lines) -> Iterator[RecordedMessage | RecordingFooter]:
    offset_ns = crc32 = messages = 0
    while not (line := lines.next()).startswith(b"{"):
        delta, _, rest = line.partition(b" ")
        kind, _, payload = rest.partition(b" ")
        if not delta.isdigit() or kind not in _KINDS:
            raise lines.bad(f"{line[:40]!r} is not '<delta> <kind> <payload>'")
        offset_ns += int(delta)
        crc32 = zlib.crc32(line, crc32)
        messages += 1
        yield RecordedMessage(offset_ns, _KINDS[kind], payload[:-1])
    yield _checked_footer(lines, line, RecordingFooter(messages, offset_ns, crc32))


def _checked_footer(lines: _Lines, line: bytes, read: RecordingFooter) -> RecordingFooter:
    try:
        footer = msgspec.json.decode(line, type=RecordingFooter)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise lines.bad(f"not a recording footer: {error}") from None
    if footer != read:
        raise lines.bad(f"the footer says {footer}, the messages make {read}")
    return footer


_KINDS = {kind.encode(): kind for kind in MessageKind}
