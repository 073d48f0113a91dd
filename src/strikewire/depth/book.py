"""One instrument's aggregated book: integer prices, integer amounts, a chain of changes.

A price is whatever integer its keeper counts in (ticks in the venue, 1e-8 of the quote currency
in `feeds`), an amount likewise; the book only compares and stores them.

Each side is a dictionary from price to amount and a sorted list of the prices with the best one
*last*: most changes happen near the best price, so inserting and removing there moves few
neighbours, and the best level is one index away.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import neg
from typing import Literal, NamedTuple, Self


class Level(NamedTuple):
    """What rests at one price: the total amount, always positive."""

    price: int
    amount: int


class Delta(NamedTuple):
    """A change to one price: the new total amount, 0 when the level is gone."""

    price: int
    amount: int


class GapError(Exception):
    """A change does not continue the book: something between was lost, repeated or reordered.

    The cure is a fresh snapshot.

    Attributes:
        expected: The change the book is at.
        received: The change the refused message continues from.
    """

    def __init__(self, *, expected: int, received: int) -> None:
        super().__init__(f"book is at change {expected}, message continues {received}")
        self.expected = expected
        self.received = received


class NegativeAmountError(Exception):
    """A level or change carries an amount below zero.

    Attributes:
        price: The price of the level.
        amount: The amount that was received.
    """

    def __init__(self, *, price: int, amount: int) -> None:
        super().__init__(f"amount {amount} at price {price} is below zero")
        self.price = price
        self.amount = amount


class DepthSide:
    """The levels of one side, best first when iterated.

    Args:
        sign: 1 for bids (the highest price is best), -1 for asks (the lowest is).
    """

    __slots__ = ("_amounts", "_keys", "_sign")

    def __init__(self, sign: Literal[1, -1]) -> None:
        self._sign = sign
        # Price times sign, ascending: the best price is last on both sides.
        self._keys: list[int] = []
        self._amounts: dict[int, int] = {}

    def best(self) -> Level | None:
        """Return the best level, or None when the side is empty."""
        if not self._keys:
            return None
        price = self._sign * self._keys[-1]
        return Level(price, self._amounts[price])

    def top(self, count: int) -> list[Level]:
        """Return at most `count` levels, best first."""
        return list(islice(self, count))

    def amount(self, price: int) -> int:
        """Return what rests at `price`, 0 where there is no level."""
        return self._amounts.get(price, 0)

    def __iter__(self) -> Iterator[Level]:
        sign, amounts = self._sign, self._amounts
        return (Level(sign * key, amounts[sign * key]) for key in reversed(self._keys))

    def __len__(self) -> int:
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DepthSide):
            return NotImplemented
        return self._sign == other._sign and self._amounts == other._amounts

    __hash__ = None  # type: ignore[assignment]  # a side is mutable, so it cannot be a key

    def __repr__(self) -> str:
        return f"{'bids' if self._sign == 1 else 'asks'}{[tuple(level) for level in self]}"

    def overwrite(self, deltas: Iterable[tuple[int, int]]) -> None:
        """Set each price to its new amount; an amount of 0 removes the level.

        A removal of a price that holds nothing is allowed and changes nothing: venues repeat them.
        """
        sign, keys, amounts = self._sign, self._keys, self._amounts
        for price, amount in deltas:
            if amount:
                if price not in amounts:
                    insort(keys, sign * price)
                amounts[price] = amount
            elif price in amounts:
                del amounts[price]
                del keys[bisect_left(keys, sign * price)]

    def replace(self, levels: Iterable[tuple[int, int]]) -> None:
        """Forget every level and take these instead; the last word on a repeated price wins."""
        self._amounts = {price: amount for price, amount in levels if amount}
        self._keys = sorted(self._amounts if self._sign == 1 else map(neg, self._amounts))


class DepthBook:
    """Both sides of one instrument at one change.

    Args:
        change_id: The change these levels belong to.
        bids: `(price, amount)` pairs in any order.
        asks: `(price, amount)` pairs in any order.

    Raises:
        NegativeAmountError: An amount is below zero.
    """

    __slots__ = ("asks", "bids", "change_id")

    def __init__(
        self,
        change_id: int = 0,
        bids: Sequence[tuple[int, int]] = (),
        asks: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.bids = DepthSide(1)
        self.asks = DepthSide(-1)
        self.change_id = change_id
        self.replace(change_id, bids, asks)

    def apply(
        self,
        previous: int,
        change_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> None:
        """Move the book from change `previous` to `change_id`.

        The book may be crossed afterwards if the sender's is: `is_crossed` tells.

        Args:
            previous: The change the message continues from.
            change_id: The change the message leads to; above `previous`.
            bids: `Delta`s, or plain `(price, amount)` pairs; an amount of 0 removes the level.
            asks: The same for the other side.

        Raises:
            GapError: `previous` is not the change this book is at, or `change_id` does not lie
                after it. The book is unchanged.
            NegativeAmountError: An amount is below zero. The book is unchanged.

        Source: Deribit API v2, `book.{instrument}.{interval}`, `prev_change_id` and `change_id`.
        """
        if previous != self.change_id or change_id <= previous:
            raise GapError(expected=self.change_id, received=previous)
        _check_amounts(bids)
        _check_amounts(asks)

        self.bids.overwrite(bids)
        self.asks.overwrite(asks)
        self.change_id = change_id

    def replace(
        self,
        change_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> None:
        """Take a snapshot: everything known before is forgotten.

        Raises:
            NegativeAmountError: An amount is below zero. The book is unchanged.
        """
        _check_amounts(bids)
        _check_amounts(asks)

        self.bids.replace(bids)
        self.asks.replace(asks)
        self.change_id = change_id

    def is_crossed(self) -> bool:
        """Tell whether the best bid is at or above the best ask."""
        bid, ask = self.bids.best(), self.asks.best()
        return bid is not None and ask is not None and bid.price >= ask.price

    def copy(self) -> Self:
        """Return an independent book with the same levels and change."""
        return type(self)(self.change_id, list(self.bids), list(self.asks))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DepthBook):
            return NotImplemented
        return (
            self.change_id == other.change_id
            and self.bids == other.bids
            and self.asks == other.asks
        )

    __hash__ = None  # type: ignore[assignment]  # a book is mutable, so it cannot be a key

    def __repr__(self) -> str:
        return f"DepthBook(change_id={self.change_id}, {self.bids!r}, {self.asks!r})"


def _check_amounts(levels: Sequence[tuple[int, int]]) -> None:
    for price, amount in levels:
        if amount < 0:
            raise NegativeAmountError(price=price, amount=amount)
