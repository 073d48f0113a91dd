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


def noted(tmp_path: Path, *seqs: int) -> Tail:
    """Return a tail into which notes were written one after the other."""
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    for seq in seqs:
        tail.write(Note(seq, 12345))
    return tail


@pytest.mark.parametrize("position", range(24))
def test_where_the_latest_note_has_a_wrong_bit_the_one_before_counts(
    tmp_path: Path, position: int
) -> None:
    tail = noted(tmp_path, 5, 6, 7)
    content = bytearray(tail.path.read_bytes())
    content[position] ^= 1
    tail.path.write_bytes(content)

    assert tail.read() == Note(6, 12345)
    tail.close()


@pytest.mark.parametrize("position", range(24))
def test_two_notes_with_a_wrong_bit_each_are_no_note(tmp_path: Path, position: int) -> None:
    tail = noted(tmp_path, 6, 7)
    content = bytearray(tail.path.read_bytes())
    content[position] ^= 1
    content[24 + position] ^= 1
    tail.path.write_bytes(content)

    with pytest.raises(ValueError, match="checksum"):
        tail.read()
    tail.close()


def test_the_first_note_half_written_is_no_note_yet(tmp_path: Path) -> None:
    tail = noted(tmp_path, 7)
    content = tail.path.read_bytes()
    tail.path.write_bytes(content[:12] + bytes(36))

    assert tail.read() is None
    tail.close()


def test_the_first_note_half_written_is_written_over(tmp_path: Path) -> None:
    noted(tmp_path, 7).close()
    path = tmp_path / "journal.db-tail"
    path.write_bytes(path.read_bytes()[:12] + bytes(36))

    tail = noted(tmp_path, 8)

    assert tail.read() == Note(8, 12345)
    assert path.read_bytes()[24:] == bytes(24)
    tail.close()


def test_a_file_that_is_too_short_or_too_long_is_no_note(tmp_path: Path) -> None:
    tail = noted(tmp_path, 7)
    content = tail.path.read_bytes()

    tail.path.write_bytes(content[:23])
    with pytest.raises(ValueError, match="checksum"):
        tail.read()
    tail.path.write_bytes(content + b"!")
    with pytest.raises(ValueError, match="too long"):
        tail.read()
    tail.close()


def test_a_file_with_a_place_for_one_note_gets_a_second(tmp_path: Path) -> None:
    """So it was written before there were two places."""
    noted(tmp_path, 7).close()
    path = tmp_path / "journal.db-tail"
    path.write_bytes(path.read_bytes()[:24])

    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    assert tail.read() == Note(7, 12345)
    tail.write(Note(8, 1))
    assert tail.read() == Note(8, 1)
    tail.path.write_bytes(tail.path.read_bytes()[:30])
    assert tail.read() == Note(7, 12345)
    tail.close()


def test_writing_goes_on_in_the_place_of_the_older_note(tmp_path: Path) -> None:
    for seqs in ((1,), (2,), (3, 4), (5,)):
        tail = noted(tmp_path, *seqs)
        assert tail.read() == Note(seqs[-1], 12345)
        tail.close()

    content = bytearray((tmp_path / "journal.db-tail").read_bytes())
    tail = Tail.open(tmp_path / "journal.db", read_only=False)
    for place in (0, 24):
        cut = bytearray(content)
        cut[place] ^= 1
        tail.path.write_bytes(cut)
        assert tail.read() in (Note(5, 12345), Note(4, 12345))
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
