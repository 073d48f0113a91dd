"""The data directory keeps secrets to its owner and never half a file."""

import stat
from pathlib import Path

import pytest

from strikewire.gateway.keys import ApiKey, KeyStore
from strikewire.marketdata import Candles
from strikewire.model import AccountId
from strikewire.venue.datadir import DataDir, DataDirError

KEY = ApiKey(client_id="id", client_secret="hidden", account_id=AccountId(1))


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "a" / "b")
    folder.create()
    folder.create()

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")

    with pytest.raises(DataDirError, match="File exists"):
        DataDir(tmp_path / "a").create()


def test_keys_come_back_as_they_were_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    assert len(folder.load_keys()) == 0

    folder.save_keys(KeyStore([KEY]))
    folder.save_keys(KeyStore([KEY]))

    assert list(folder.load_keys()) == [KEY]
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]


def test_a_key_file_that_is_something_else_is_named_without_its_content(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    folder.keys.write_text('{"hidden": 1}')

    with pytest.raises(DataDirError) as caught:
        folder.load_keys()

    assert str(folder.keys) in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_candles_come_back_and_what_is_none_is_named(tmp_path: Path) -> None:
    folder, candles = DataDir(tmp_path), Candles()
    assert folder.load_volatilities().encode() == b"{}"

    candles.note(1_000, "btc_usd", 50.0)
    folder.write(folder.volatilities, candles.encode(), is_secret=False)
    assert folder.load_volatilities().encode() == candles.encode()

    folder.volatilities.write_bytes(b"half of")
    with pytest.raises(DataDirError, match=r"volatilities\.json"):
        folder.load_volatilities()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataDirError, match="cannot be written"):
        DataDir(tmp_path / "absent").save_keys(KeyStore())


def test_a_disk_that_is_full_keeps_the_old_file_and_no_half_of_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataDir(tmp_path)
    folder.save_keys(KeyStore([KEY]))

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)

    with pytest.raises(DataDirError, match="cannot be written: No space left"):
        folder.save_keys(KeyStore())
    assert list(folder.load_keys()) == [KEY]
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]


def test_a_leftover_draft_is_replaced(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    (tmp_path / ".keys.json.new").write_text("half")

    folder.save_keys(KeyStore([KEY]))

    assert list(folder.load_keys()) == [KEY]
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o600


def test_every_file_has_its_place(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)

    files = (folder.journal, folder.keys, folder.authority, folder.certificate, folder.private_key)
    assert [file.name for file in files] == [
        "journal.db",
        "keys.json",
        "ca.pem",
        "server.pem",
        "server-key.pem",
    ]
