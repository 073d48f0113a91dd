"""A few bytes beside the journal: who has it open, and how far it was acknowledged.

SQLite ends its write-ahead log at the first page whose checksum is wrong, and says nothing: damage
to the end of the log looks like a shorter journal. So the writer notes here, after each commit,
the last entry that is durable. The note needs no `fsync` of its own: it is never ahead of the
journal, and what a power cut can take from it only makes it older. A journal that ends before the
note has lost what was acknowledged.

The same file carries the lock that keeps a second process out.
"""

import fcntl
import os
import zlib
from pathlib import Path
from struct import Struct as Layout

import msgspec

from strikewire.journal.errors import JournalLockedError, JournalOpenError

SUFFIX = "-tail"
"""The file's name is the journal's with this behind it, as SQLite names its own."""

_MAGIC = b"SWTAIL1\n"
_NOTE = Layout(">8sQI")
_CHECK = Layout(">I")
_SIZE = _NOTE.size + _CHECK.size


class Note(msgspec.Struct, frozen=True):
    """How far a journal was acknowledged."""

    last_seq: int
    """The last entry that was durable."""

    seal: int
    """Seal of the record which ended with it."""


class Tail:
    """The open file beside a journal; while it is, nobody else can write."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, journal: Path, *, read_only: bool) -> "Tail":
        """Open the file beside `journal` and lock it.

        Args:
            journal: The journal's own file.
            read_only: Do not create or change it, only keep writers out; readers may be many.

        Raises:
            JournalLockedError: Another process, or another part of this one, holds the lock.
            JournalOpenError: The system does not let us open or create it.
        """
        path = journal.with_name(journal.name + SUFFIX)
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
        try:
            descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalOpenError(journal, f"{path.name}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if read_only else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise JournalLockedError(journal) from error
            raise JournalOpenError(journal, f"{path.name}: {error.strerror}") from error
        return cls(path, descriptor)

    def read(self) -> Note | None:
        """Return the note, or None while there is none.

        Raises:
            ValueError: There is something else in its place.
        """
        content = os.pread(self._descriptor, _SIZE + 1, 0)
        # A power cut may leave a new file without its content, or with zeros for it.
        if not content.strip(b"\0"):
            return None
        if len(content) != _SIZE or _CHECK.unpack_from(content, _NOTE.size)[0] != zlib.crc32(
            content[: _NOTE.size]
        ):
            raise ValueError("its checksum is wrong")
        magic, last_seq, seal = _NOTE.unpack_from(content)
        if magic != _MAGIC:
            raise ValueError("it has another format")
        return Note(last_seq, seal)

    def write(self, note: Note) -> None:
        """Put a note in the place of the one before.

        Raises:
            OSError: The system did not take it.
        """
        content = _NOTE.pack(_MAGIC, note.last_seq, note.seal)
        os.pwrite(self._descriptor, content + _CHECK.pack(zlib.crc32(content)), 0)

    def close(self) -> None:
        """Let others in. Closing it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
