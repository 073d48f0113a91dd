"""Hypothesis as the source of a generator's choices."""

from hypothesis import strategies as st


class Drawn:
    """The choices of Hypothesis, which shrinks them."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        """Choose a number; both ends may be it."""
        return self._draw(st.integers(low, high))

    def octets(self, most: int) -> bytes:
        """Choose up to `most` bytes."""
        return self._draw(st.binary(max_size=most))
