"""The two sides of a trade."""

from enum import IntEnum


class Side(IntEnum):
    """Which way an order, a fill or a position points; its number is its sign."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """The side that this one trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def direction(self) -> str:
        """Deribit's word for the side: "buy" or "sell"."""
        return "buy" if self is Side.BUY else "sell"

    @classmethod
    def from_direction(cls, direction: str) -> "Side":
        """Return the side that Deribit calls `direction`.

        Raises:
            ValueError: The word is neither "buy" nor "sell".
        """
        if direction == "buy":
            return cls.BUY
        if direction == "sell":
            return cls.SELL
        raise ValueError(f"direction is neither buy nor sell: {direction[:16]!r}")
