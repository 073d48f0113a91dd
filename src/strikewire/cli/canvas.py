"""Curves in a terminal, drawn with the dots of Braille characters: two across, four down."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from rich.text import Text

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot in a character, by row and column. Source: Unicode, Braille patterns."""


class Curve(NamedTuple):
    """Points to be joined, from left to right.

    Attributes:
        x: At least one.
        y: As many.
        style: How rich is to colour it.
    """

    x: Sequence[float]
    y: Sequence[float]
    style: str


def plot(curves: Sequence[Curve], *, columns: int, rows: int, unit: str = "") -> Text:
    """Draw curves over each other, later ones on top, with the range of y at the left.

    Args:
        curves: At least one.
        columns: Characters across, the labels included; at least 20.
        rows: Characters down; at least 2.
        unit: Written behind the labels.
    """
    assert curves
    assert columns >= 20
    assert rows >= 2
    low_x, high_x = _range([x for curve in curves for x in curve.x])
    low_y, high_y = _range([y for curve in curves for y in curve.y])
    labels = [f"{high_y:.1f}{unit} ", f"{low_y:.1f}{unit} "]
    margin = max(len(label) for label in labels)
    width = columns - margin - 1
    bits = [[0] * width for _ in range(rows)]
    styles = [[""] * width for _ in range(rows)]
    for curve in curves:
        points = [
            (
                round((x - low_x) / (high_x - low_x) * (2 * width - 1)),
                round((high_y - y) / (high_y - low_y) * (4 * rows - 1)),
            )
            for x, y in zip(curve.x, curve.y, strict=True)
        ]
        for column, row in _joined(points):
            bits[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
            styles[row // 4][column // 2] = curve.style
    text = Text()
    for number in range(rows):
        label = labels[0] if number == 0 else labels[1] if number == rows - 1 else ""
        text.append(label.rjust(margin) + "│", style="dim")
        for pattern, style in zip(bits[number], styles[number], strict=True):
            text.append(chr(0x2800 + pattern) if pattern else " ", style=style)
        text.append("\n")
    return text


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _joined(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return every dot on the way from each point to the next."""
    dots = list(points[:1])
    for (x, y), (next_x, next_y) in pairwise(points):
        steps = max(abs(next_x - x), abs(next_y - y), 1)
        dots += [
            (
                x + round((next_x - x) * step / steps),
                y + round((next_y - y) * step / steps),
            )
            for step in range(1, steps + 1)
        ]
    return dots
