import msgspec
import pytest

from strikewire.journal.records import (
    Record,
    Snapshot,
    pack,
    seal_record,
    seal_snapshot,
    unpack,
)


def test_a_record_numbers_its_entries_without_a_gap() -> None:
    assert Record(5, 0, (b"a", b"b", b"c")).last_seq == 7
    assert Record(5, 0, (b"a",)).last_seq == 5


def test_packed_entries_come_back_in_order() -> None:
    entries = (b"", b"one", b"\x00\xff")

    assert unpack(pack(list(entries))) == entries


def test_other_bytes_are_no_packed_entries() -> None:
    for other in (b"", b"\x93\xc4\x01a", msgspec.msgpack.encode([1, 2])):
        with pytest.raises(msgspec.DecodeError):
            unpack(other)


def test_the_seal_depends_on_everything_in_the_record_and_on_the_seal_before() -> None:
    packed = pack([b"a", b"b"])
    seals = {
        seal_record(0, 1, 2, 100, packed),
        seal_record(1, 1, 2, 100, packed),
        seal_record(0, 2, 2, 100, packed),
        seal_record(0, 1, 3, 100, packed),
        seal_record(0, 1, 2, 101, packed),
        seal_record(0, 1, 2, 100, pack([b"a", b"c"])),
    }

    assert len(seals) == 6
    assert all(0 <= seal < 2**32 for seal in seals)
    assert seal_record(0, 1, 2, 100, packed) == 0x89020619


def test_the_seal_of_a_snapshot_depends_on_everything_in_it() -> None:
    seals = {
        seal_snapshot(Snapshot(1, b"hash", b"blob")),
        seal_snapshot(Snapshot(2, b"hash", b"blob")),
        seal_snapshot(Snapshot(1, b"hasj", b"blob")),
        seal_snapshot(Snapshot(1, b"hash", b"blot")),
    }

    assert len(seals) == 4
