from itertools import count

import pytest

from strikewire.gateway import keys as keys_module
from strikewire.gateway.keys import (
    ApiKey,
    DuplicateKeyError,
    KeyFileError,
    KeyStore,
    TooManyKeysError,
)
from strikewire.gateway.scopes import Level
from strikewire.model import AccountId

ALICES = ApiKey(client_id="alice", client_secret="wonderland", account_id=AccountId(1))


def test_a_new_key_is_made_of_entropy_and_found_by_its_client_id() -> None:
    numbers = count(1)
    keys = KeyStore()

    key = keys.create(AccountId(7), entropy=lambda size: next(numbers).to_bytes(size), name="mine")

    assert (key.client_id, key.account_id, key.name) == ("000000000001", 7, "mine")
    assert key.client_secret == "00" * 31 + "02"
    assert keys.get("000000000001") is key
    assert key.allowed.level("trade") is Level.READ_WRITE


def test_a_key_can_be_made_for_less() -> None:
    key = KeyStore().create(AccountId(7), entropy=bytes, scope="trade:read nonsense")

    assert key.scope == "connection trade:read"
    assert key.allowed.level("account") is Level.NONE


def test_a_client_id_belongs_to_one_key() -> None:
    keys = KeyStore([ALICES])

    with pytest.raises(DuplicateKeyError, match="client id alice is taken"):
        keys.add(ALICES)

    assert list(keys) == [ALICES]


def test_a_removed_key_is_gone() -> None:
    keys = KeyStore([ALICES])

    keys.remove("alice")

    assert keys.get("alice") is None
    assert len(keys) == 0
    with pytest.raises(KeyError):
        keys.remove("alice")


def test_no_more_keys_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "KEYS_MAX", 1)
    keys = KeyStore([ALICES])

    with pytest.raises(TooManyKeysError):
        keys.create(AccountId(2), entropy=bytes)


def test_a_file_gives_back_the_keys_it_was_made_of() -> None:
    other = ApiKey(
        client_id="mm",
        client_secret="s",
        account_id=AccountId(2),
        scope="trade:read",
        name="maker",
        is_rate_limited=False,
    )

    again = KeyStore.decode(KeyStore([ALICES, other]).encode())

    assert list(again) == [ALICES, other]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not a key file"),
        (b"\xff\xfe", "not a key file"),
        (b'{"version": 1, "keys": [{"client_id": "a"}]}', "not a key file"),
        (b'{"version": 2, "keys": []}', "key file is of version 2, not 1"),
        (
            b'{"version": 1, "keys": ['
            b'{"client_id": "a", "client_secret": "hush", "account_id": 1},'
            b'{"client_id": "a", "client_secret": "hush", "account_id": 2}]}',
            "client id a is taken",
        ),
    ],
)
def test_a_file_of_something_else_is_refused_without_quoting_it(text: bytes, reason: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        KeyStore.decode(text)

    assert str(caught.value) == reason


def test_a_key_never_shows_its_secret() -> None:
    assert "wonderland" not in repr(ALICES)
    assert "wonderland" not in f"{ALICES}"
