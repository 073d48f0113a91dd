"""A change is all or nothing: check, then assert, then mutate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from examples.style.errors import GapError
from examples.style.money import Lots, Ticks


class Delta(NamedTuple):
    """The new amount at a price; zero removes the level."""

    price: Ticks
    amount: Lots


@dataclass
class Depth:
    """An aggregated book, kept equal to a stream of changes."""

    change_id: int
    bids: dict[Ticks, Lots] = field(default_factory=dict)
    asks: dict[Ticks, Lots] = field(default_factory=dict)

    def apply(
        self, previous: int, change_id: int, bids: Sequence[Delta], asks: Sequence[Delta]
    ) -> None:
        """Move the book from change `previous` to `change_id`.

        Raises:
            GapError: `previous` is not the change this book is at. The book is unchanged.

        Source: Deribit API v2, `book.{instrument}.{interval}`, `prev_change_id`, `change_id`.
        """
        if previous != self.change_id:
            raise GapError(expected=self.change_id, received=previous)
        assert change_id > previous

        _overwrite(self.bids, bids)
        _overwrite(self.asks, asks)
        self.change_id = change_id

        assert not self.is_crossed()

    def is_crossed(self) -> bool:
        """Say whether somebody bids at least what somebody else asks."""
        return bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)


def _overwrite(side: dict[Ticks, Lots], deltas: Iterable[Delta]) -> None:
    for price, amount in deltas:
        if amount:
            side[price] = amount
        else:
            side.pop(price, None)
