"""API keys: which account a client trades for, how it proves that, and what it may do."""

from collections.abc import Callable, Iterable, Iterator
from typing import Self

import msgspec
from msgspec import Struct

from strikewire.gateway.scopes import Scope
from strikewire.model import AccountId

KEYS_MAX = 10_000
CLIENT_ID_BYTES = 6
CLIENT_SECRET_BYTES = 32
KEYS_FILE_VERSION = 1

DEFAULT_SCOPE = "account:read_write block_trade:read_write trade:read_write wallet:read_write"


class ApiKey(Struct, frozen=True, kw_only=True):
    """One API key.

    Attributes:
        client_id: Public half; unique.
        client_secret: Secret half; never shown in logs or in `repr`.
        account_id: Whose orders, fills and money it reaches.
        scope: The most it may do, in the words of `gateway.scopes`.
        name: For people.
        is_rate_limited: Whether the venue's request limits apply to it; the venue's own market
            makers are exempt.
        features: What else is special about it: `block_trade_approval`, see `approvals`.
    """

    client_id: str
    client_secret: str
    account_id: AccountId
    scope: str = DEFAULT_SCOPE
    name: str = ""
    is_rate_limited: bool = True
    features: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ApiKey(client_id={self.client_id!r}, account_id={self.account_id})"

    @property
    def allowed(self) -> Scope:
        """The scope in its parsed form."""
        return Scope.parse(self.scope)


class DuplicateKeyError(Exception):
    """A client id is taken.

    Attributes:
        client_id: The id.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(f"client id {client_id} is taken")
        self.client_id = client_id


class TooManyKeysError(Exception):
    """The store holds `KEYS_MAX` keys already."""

    def __init__(self) -> None:
        super().__init__(f"at most {KEYS_MAX} keys are kept")


class KeyFileError(Exception):
    """The bytes are not a key file of this version."""


class _KeyFile(Struct, frozen=True):
    version: int
    keys: list[ApiKey]


class KeyStore:
    """The venue's keys by client id.

    It holds secrets in the clear, because checking a signature takes the secret itself: the file
    made of `encode` must be readable by its owner alone.
    """

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys: dict[str, ApiKey] = {}
        for key in keys:
            self.add(key)

    def add(self, key: ApiKey) -> None:
        """Accept a key from now on.

        Raises:
            DuplicateKeyError: Its client id is taken.
            TooManyKeysError: The store is full.
        """
        if key.client_id in self._keys:
            raise DuplicateKeyError(key.client_id)
        if len(self._keys) >= KEYS_MAX:
            raise TooManyKeysError
        self._keys[key.client_id] = key

    def create(
        self,
        account_id: AccountId,
        *,
        entropy: Callable[[int], bytes],
        scope: str = DEFAULT_SCOPE,
        name: str = "",
        is_rate_limited: bool = True,
        features: tuple[str, ...] = (),
    ) -> ApiKey:
        """Make a new key for an account, add it and return it.

        Args:
            account_id: Whose key.
            entropy: Returns that many unpredictable bytes: `secrets.token_bytes`.
            scope: The most it may do.
            name: For people.
            is_rate_limited: As in `ApiKey`.
            features: As in `ApiKey`.

        Raises:
            TooManyKeysError: The store is full.
        """
        key = ApiKey(
            client_id=entropy(CLIENT_ID_BYTES).hex(),
            client_secret=entropy(CLIENT_SECRET_BYTES).hex(),
            account_id=account_id,
            scope=str(Scope.parse(scope)),
            name=name,
            is_rate_limited=is_rate_limited,
            features=features,
        )
        self.add(key)
        return key

    def remove(self, client_id: str) -> None:
        """Accept the key no longer; its tokens end with it.

        Raises:
            KeyError: There is no such key.
        """
        del self._keys[client_id]

    def get(self, client_id: str) -> ApiKey | None:
        """Return the key with this client id."""
        return self._keys.get(client_id)

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def encode(self) -> bytes:
        """Return the store as the bytes of a file, secrets included."""
        text = msgspec.json.encode(_KeyFile(KEYS_FILE_VERSION, list(self._keys.values())))
        return msgspec.json.format(text) + b"\n"

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Return the store that `encode` made these bytes of.

        Raises:
            KeyFileError: They are something else. The message quotes none of them.
        """
        try:
            file = msgspec.json.decode(text, type=_KeyFile)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise KeyFileError("not a key file") from None
        if file.version != KEYS_FILE_VERSION:
            raise KeyFileError(f"key file is of version {file.version}, not {KEYS_FILE_VERSION}")
        try:
            return cls(file.keys)
        except (DuplicateKeyError, TooManyKeysError) as error:
            raise KeyFileError(str(error)) from None
