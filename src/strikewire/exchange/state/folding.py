"""What counts of a state, fed to a hasher in large pieces.

Numbers are eight bytes, little-endian; text and bytes follow their length; orders, fills and
payments are the blocks of `told`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.book import HalfBook
from strikewire.exchange.state.records import fill_of, transaction_of
from strikewire.exchange.state.told import fill_block, order_block, payment_block
from strikewire.model import InstrumentId


class Hasher(Protocol):
    """What `hashlib` makes."""

    def update(self, piece: Any, /) -> None:  # noqa: ANN401 - whatever has bytes
        """Take bytes in."""

    def digest(self) -> bytes:
        """Return the hash of all that was taken in."""


class Fold:
    """All that was said, on its way to a hasher."""

    def __init__(self, hasher: Hasher, markets: Mapping[InstrumentId, Any]) -> None:
        """Begin.

        Args:
            hasher: Given to nobody else.
            markets: Of the state.
        """
        self._hasher = hasher
        self._markets = markets

    def number(self, number: int) -> None:
        """Say a number of at most 64 bits.

        Raises:
            OverflowError: It has more.
        """
        self._hasher.update(number.to_bytes(8, "little", signed=True))

    def raw(self, piece: bytes) -> None:
        """Say how many bytes, and the bytes."""
        self.number(len(piece))
        self._hasher.update(piece)

    def text(self, text: str) -> None:
        """Say how long a text is in UTF-8, and the text."""
        self.raw(text.encode())

    def live(self, half: HalfBook) -> None:
        """Say how many orders there are on a side of a book, and each as it would trade."""
        orders = list(half.orders())
        self.number(len(orders))
        self._hasher.update(b"".join([order_block(order.view()) for order in orders]))

    def closed(self, closed: Ring) -> None:
        """Say how many orders have ended since the last seal, and each."""
        self._news([order_block(view) for view in closed.latest()])

    def fills(self, fills: Ring) -> None:
        """Say how many fills have come since the last seal, and each."""
        self._news([fill_block(fill_of(self._markets, one)) for one in fills.latest()])

    def trades(self, trades: Ring) -> None:
        """Say how many trades have come, and the number of each: their owners keep the rest."""
        self.number(len(trades.latest()))
        for trade in trades.latest():
            self.number(trade.trade_id)

    def payments(self, payments: Ring) -> None:
        """Say how many payments have come since the last seal, and each."""
        news = payments.latest()
        self._news([payment_block(transaction_of(self._markets, one)) for one in news])

    def _news(self, blocks: list[bytes]) -> None:
        self.number(len(blocks))
        self._hasher.update(b"".join(blocks))

    def digest(self) -> bytes:
        """Return the hash of all that was said."""
        return self._hasher.digest()
