"""What an account has in the instruments of one currency, by instrument."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from strikewire.model import InstrumentId

Held = TypeVar("Held")


class Holdings(Generic[Held]):
    """Things by the ids of their instruments, from the lowest to the highest."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[InstrumentId, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[InstrumentId]:
        return iter(sorted(self._held))

    def __contains__(self, instrument_id: InstrumentId) -> bool:
        return instrument_id in self._held

    def __getitem__(self, instrument_id: InstrumentId) -> Held:
        return self._held[instrument_id]

    def __setitem__(self, instrument_id: InstrumentId, held: Held) -> None:
        self._held[instrument_id] = held

    def __delitem__(self, instrument_id: InstrumentId) -> None:
        del self._held[instrument_id]

    def get(self, instrument_id: InstrumentId) -> Held | None:
        """Return what there is of an instrument; None if there is nothing."""
        return self._held.get(instrument_id)

    def values(self) -> list[Held]:
        """Return all of it, by instrument."""
        return [self._held[instrument_id] for instrument_id in self]

    def items(self) -> list[tuple[InstrumentId, Held]]:
        """Return all of it with its instruments."""
        return [(instrument_id, self._held[instrument_id]) for instrument_id in self]
