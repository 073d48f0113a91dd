"""What a key or a token may do, in the words of the public API.

A scope is a line of words such as `account:read trade:read_write session:desk`. Each area has
a level, a wider level contains the narrower ones, and a token never gets more than its key.
"""

from enum import IntEnum
from typing import Self

from msgspec import Struct

AREAS = ("account", "admin", "block_trade", "custody", "trade", "wallet")
SCOPE_LENGTH_MAX = 512


class Level(IntEnum):
    """How far an area is open; a higher level contains the lower ones."""

    NONE = 0
    READ = 1
    READ_WRITE = 2

    @property
    def word(self) -> str:
        """The level as the API writes it."""
        return self.name.lower()


_LEVELS = {level.word: level for level in Level}


class Scope(Struct, frozen=True, kw_only=True):
    """The parsed form of a scope line.

    Attributes:
        levels: Level of each named area; an area that is not named is not limited by a request,
            and is closed on a key.
        session: Name of the session (`session:NAME`); empty for the default, the connection.
        name: Free label of the application (`name:NAME`).

    Source: Deribit API v2, "Access scope".
    """

    levels: dict[str, Level]
    session: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a scope line; words that this venue does not know are left out.

        Args:
            text: Words separated by spaces or commas, in any order.
        """
        levels: dict[str, Level] = {}
        names = {"session": "", "name": ""}
        for word in text.replace(",", " ").split():
            area, _, value = word.partition(":")
            if area in AREAS and value in _LEVELS:
                levels[area] = _LEVELS[value]
            elif area in names:
                names[area] = value
        return cls(levels=levels, session=names["session"], name=names["name"])

    @staticmethod
    def unknown_words(text: str) -> list[str]:
        """Return the words of a scope line that `parse` leaves out."""
        words = text.replace(",", " ").split()
        return [word for word in words if not _is_known(*word.partition(":")[::2])]

    def level(self, area: str) -> Level:
        """Return how far `area` is open; an area that is not named is closed."""
        return self.levels.get(area, Level.NONE)

    def allows(self, needed: str) -> bool:
        """Tell whether `needed`, such as `trade:read_write`, is inside this scope."""
        area, _, value = needed.partition(":")
        return self.level(area) >= _LEVELS[value]

    def narrowed(self, requested: Self) -> Self:
        """Return this scope cut down to what was requested; nothing is ever added.

        Args:
            requested: The scope a client asked for. Areas it does not name keep this scope's
                level, so that `session:desk` alone asks for everything the key may do.
        """
        levels = {
            area: min(level, requested.levels.get(area, level))
            for area, level in self.levels.items()
        }
        return type(self)(
            levels=levels,
            session=requested.session or self.session,
            name=requested.name or self.name,
        )

    def __str__(self) -> str:
        """Write the scope as the API shows it: words in alphabetical order."""
        words = [f"{area}:{level.word}" for area, level in self.levels.items()]
        words.append(f"session:{self.session}" if self.session else "connection")
        if self.name:
            words.append(f"name:{self.name}")
        return " ".join(sorted(words))


def _is_known(area: str, value: str) -> bool:
    if area in AREAS:
        return value in _LEVELS
    return area in ("session", "name") if value else area == "connection"
