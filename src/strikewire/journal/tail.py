"""A few bytes beside the journal: who has it open, and how far it was acknowledged.

SQLite ends its write-ahead log at the first page whose checksum is wrong, and says nothing: damage
to the end of the log looks like a shorter journal. So the writer notes here, after each commit,
the last entry that is durable. The note needs no `fsync` of its own: it is never ahead of the
journal, and what a power cut can take from it only makes it older. A journal that ends before the
note has lost what was acknowledged.

There are two places, and each note goes into the one that does not hold the latest: a process that
dies in the middle of writing one leaves the other.

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
_PLACES = 2


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
        self._next_place: int | None = None

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
        """Return the latest note, or None while there is none.

        Raises:
            ValueError: There is something else in its place.
        """
        content = os.pread(self._descriptor, _SIZE * _PLACES + 1, 0)
        if len(content) > _SIZE * _PLACES:
            raise ValueError("it is too long")
        notes = [_note(content[place : place + _SIZE]) for place in range(0, len(content), _SIZE)]
        found = [note for note in notes if isinstance(note, Note)]
        if found:
            return max(found, key=_last_seq)
        damage = [note for note in notes if note]
        # Room is made for both before the first is written: half of that one is no note yet.
        if damage and not (len(content) > _SIZE and len(damage) == 1):
            raise ValueError(damage[0])
        return None

    def write(self, note: Note) -> None:
        """Put a note in the place of the one before the last.

        Raises:
            OSError: The system did not take it.
        """
        if self._next_place is None:
            self._next_place = self._place_to_begin()
        content = _NOTE.pack(_MAGIC, note.last_seq, note.seal)
        os.pwrite(
            self._descriptor, content + _CHECK.pack(zlib.crc32(content)), _SIZE * self._next_place
        )
        self._next_place = (self._next_place + 1) % _PLACES

    def _place_to_begin(self) -> int:
        """Return a place that does not hold the latest note; make room for both in a new file."""
        if os.fstat(self._descriptor).st_size == 0:
            os.pwrite(self._descriptor, bytes(_SIZE * _PLACES), 0)
            return 0
        first = _note(os.pread(self._descriptor, _SIZE, 0))
        second = _note(os.pread(self._descriptor, _SIZE, _SIZE))
        if not isinstance(first, Note):
            return 0
        return 0 if isinstance(second, Note) and second.last_seq > first.last_seq else 1

    def close(self) -> None:
        """Let others in. Closing it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _note(content: bytes) -> Note | str:
    """Return the note that stands in a place, nothing (empty) or what is wrong with it."""
    # A power cut may leave a new file without its content, or with zeros for it.
    if not content.strip(b"\0"):
        return ""
    if len(content) != _SIZE or _CHECK.unpack_from(content, _NOTE.size)[0] != zlib.crc32(
        content[: _NOTE.size]
    ):
        return "its checksum is wrong"
    magic, last_seq, seal = _NOTE.unpack_from(content)
    return Note(last_seq, seal) if magic == _MAGIC else "it has another format"


def _last_seq(note: Note) -> int:
    return note.last_seq
