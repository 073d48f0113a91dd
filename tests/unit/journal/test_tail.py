import errno
import fcntl
from pathlib import Path

import pytest

from strikewire.journal.errors import JournalLockedError, JournalOpenError
from strikewire.journal.tail import Note, Tail


def test_a_new_tail_has_no_note(tmp_path: Path) -> None:
    tail = Tail.open(tmp_path / "journal.db", read_only=False)

    assert tail.read() is None
    assert tail.path == tmp_path / "journal.db-tail"
    tail.close()


def test_the_last_note_is_the_one_that_is_read(tmp_path: Path) -> None:
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    tail.write(Note(1, 111))
    tail.write(Note(2, 2**32 - 1))
    tail.close()

    reader = Tail.open(tmp_path / "journal.db", read_only=True)
    assert reader.read() == Note(2, 2**32 - 1)
    reader.close()


def test_a_file_that_a_power_cut_left_without_content_has_no_note(tmp_path: Path) -> None:
    (tmp_path / "journal.db-tail").write_bytes(bytes(24))

    tail = Tail.open(tmp_path / "journal.db", read_only=False)

    assert tail.read() is None
    tail.close()


@pytest.mark.parametrize("position", range(24))
def test_a_note_with_one_wrong_bit_is_no_note(tmp_path: Path, position: int) -> None:
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    tail.write(Note(7, 12345))
    content = bytearray(tail.path.read_bytes())
    content[position] ^= 1
    tail.path.write_bytes(content)

    with pytest.raises(ValueError, match="checksum"):
        tail.read()
    tail.close()


def test_a_note_that_is_too_short_or_too_long_is_no_note(tmp_path: Path) -> None:
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    tail.write(Note(7, 12345))
    content = tail.path.read_bytes()

    for other in (content[:-1], content + b"!"):
        tail.path.write_bytes(other)
        with pytest.raises(ValueError, match="checksum"):
            tail.read()
    tail.close()


def test_a_note_of_another_format_is_no_note(tmp_path: Path) -> None:
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    # "SWTAIL2\n", 7, 0 and the CRC-32 of these.
    content = b"SWTAIL2\n" + (7).to_bytes(8, "big") + bytes(4)
    tail.path.write_bytes(content + (0x9A9CC446).to_bytes(4, "big"))

    with pytest.raises(ValueError, match="another format"):
        tail.read()
    tail.close()


def test_a_second_writer_is_kept_out_until_the_first_closes(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    first = Tail.open(journal, read_only=False)

    with pytest.raises(JournalLockedError) as caught:
        Tail.open(journal, read_only=False)
    assert caught.value.path == journal
    with pytest.raises(JournalLockedError):
        Tail.open(journal, read_only=True)

    first.close()
    first.close()
    Tail.open(journal, read_only=False).close()


def test_readers_share_and_keep_a_writer_out(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    Tail.open(journal, read_only=False).close()

    readers = [Tail.open(journal, read_only=True) for _ in range(2)]

    with pytest.raises(JournalLockedError):
        Tail.open(journal, read_only=False)
    for reader in readers:
        reader.close()


def test_a_directory_that_is_not_there_is_named_in_the_error(tmp_path: Path) -> None:
    journal = tmp_path / "gone" / "journal.db"

    with pytest.raises(JournalOpenError, match="No such file or directory"):
        Tail.open(journal, read_only=False)


def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(JournalOpenError, match="No locks available"):
        Tail.open(tmp_path / "journal.db", read_only=False)
