"""The folder in which a venue keeps what must outlive it."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from strikewire.gateway.keys import KeyFileError, KeyStore
from strikewire.marketdata import Candles, CandlesError

_OWNER_ONLY_DIR = 0o700
_OWNER_ONLY_FILE = 0o600

_Kept = TypeVar("_Kept")


class DataDirError(Exception):
    """The folder, or a file in it, cannot be used; the message is one line and names it."""


class DataDir(Struct, frozen=True):
    """The files of a venue, by what they hold.

    Attributes:
        path: The folder; readable by its owner alone.
    """

    path: Path

    @property
    def journal(self) -> Path:
        """Every command the venue ever took, and snapshots."""
        return self.path / "journal.db"

    @property
    def keys(self) -> Path:
        """API keys with their secrets."""
        return self.path / "keys.json"

    @property
    def volatilities(self) -> Path:
        """Candles of the volatility indices."""
        return self.path / "volatilities.json"

    @property
    def authority(self) -> Path:
        """Certificate of the authority that signed the server's: what clients are to trust."""
        return self.path / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.path / "server.pem"

    @property
    def private_key(self) -> Path:
        """The private key of the server's certificate."""
        return self.path / "server-key.pem"

    def create(self) -> None:
        """Make the folder where it is missing.

        Raises:
            DataDirError: It cannot be made, or is something else.
        """
        try:
            self.path.mkdir(mode=_OWNER_ONLY_DIR, parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirError(f"{self.path}: {error.strerror}") from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise DataDirError(f"{self.path}: permission denied")

    def load_keys(self) -> KeyStore:
        """Return the stored API keys; none where there is no file yet.

        Raises:
            DataDirError: The file cannot be read, or holds something else.
        """
        return self._load(self.keys, KeyStore.decode, KeyStore)

    def save_keys(self, keys: KeyStore) -> None:
        """Store the API keys; whoever reads meanwhile sees the old file or the new one.

        Raises:
            DataDirError: The file cannot be written.
        """
        self.write(self.keys, keys.encode(), is_secret=True)

    def load_volatilities(self) -> Candles:
        """Return the stored candles; none where there is no file yet.

        Raises:
            DataDirError: The file cannot be read, or holds something else.
        """
        return self._load(self.volatilities, Candles.decode, Candles)

    def write(self, file: Path, content: bytes, *, is_secret: bool) -> None:
        """Put a whole file in place, durably, or leave the old one.

        Raises:
            DataDirError: It cannot be written.
        """
        draft = file.with_name(f".{file.name}.new")
        mode = _OWNER_ONLY_FILE if is_secret else 0o644
        try:
            draft.unlink(missing_ok=True)  # a leftover might have another mode
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(file)
        except OSError as error:
            with suppress(OSError):  # half a file of secrets is nothing to leave behind
                draft.unlink()
            raise DataDirError(f"{file}: cannot be written: {error.strerror}") from None

    def _load(
        self, file: Path, decode: Callable[[bytes], _Kept], nothing: Callable[[], _Kept]
    ) -> _Kept:
        """Return what a file holds, or nothing where there is none.

        Raises:
            DataDirError: It cannot be read, or holds something else.
        """
        try:
            return decode(file.read_bytes())
        except FileNotFoundError:
            return nothing()
        except OSError as error:
            raise DataDirError(f"{file}: {error.strerror}") from None
        except (KeyFileError, CandlesError) as error:
            raise DataDirError(f"{file}: {error}") from None
