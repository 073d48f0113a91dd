"""Pictures of a fitted surface as PNG files: smiles with their quotes, surface, term structure.

Needs matplotlib, which the extra `pictures` brings; imported when a picture is drawn.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from strikewire.pricing import ExpiryQuotes, FittedSurface

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

PANELS_ACROSS: Final = 4
DEVIATIONS: Final = 4.0
"""How far smiles are drawn to both sides."""

TIMES_NAMED: Final = 6
"""Expiries that are named beside the surface, at most."""

PERCENT: Final = 100.0
DAYS_PER_YEAR: Final = 365.0


class Picture(NamedTuple):
    """What there is to draw.

    Attributes:
        title: What it is about: "BTC, 27 Nov 2026 10:00 UTC".
        surface: The fitted one.
        quotes: Of each of its expiries, in the same order.
        names: Of each expiry, as in instrument names.
    """

    title: str
    surface: FittedSurface
    quotes: Sequence[ExpiryQuotes]
    names: Sequence[str]


def write_pictures(picture: Picture, path: Path) -> list[Path]:
    """Write one sheet to a path that ends in .png, else three files to a folder of that name.

    Returns:
        What was written: the sheet, or smiles.png, surface.png and term.png.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: The files cannot be written.
    """
    draw: dict[str, Callable[[FigureBase, Picture], None]] = {
        "smiles": draw_smiles,
        "surface": draw_surface,
        "term": draw_term_structure,
    }
    rows = -(-len(picture.names) // PANELS_ACROSS)
    if path.suffix.lower() == ".png":
        figure = _figure(14.0, 2.4 * rows + 5.0)
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.4 * rows, 5.0])[:, 0]
        left, right = below.subfigures(1, 2, squeeze=False)[0]
        for part, drawing in zip((above, left, right), draw.values(), strict=True):
            drawing(part, picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    written = []
    for name, drawing in draw.items():
        figure = _figure(14.0, 2.4 * rows) if name == "smiles" else _figure(8.0, 5.0)
        drawing(figure, picture)
        written.append(path / f"{name}.png")
        figure.savefig(written[-1], dpi=110)
    return written


def draw_smiles(figure: "FigureBase", picture: Picture) -> None:
    """Draw a panel for each expiry: the smile, and what was bid and asked as bars."""
    figure.suptitle(f"{picture.title}: implied volatility, %, by deviations from the forward")
    rows = -(-len(picture.names) // PANELS_ACROSS)
    panels = figure.subplots(rows, PANELS_ACROSS, squeeze=False, sharex=True)
    for panel in panels.flat[len(picture.names) :]:
        panel.set_visible(False)
    for panel, name, one, expiry in zip(
        panels.flat, picture.names, picture.quotes, picture.surface.expiries, strict=False
    ):
        deviation = np.sqrt(expiry.smile.total_variance(0.0))
        at = np.linspace(-DEVIATIONS, DEVIATIONS, 161)
        curve = np.sqrt(expiry.smile.total_variances(at * deviation) / expiry.years)
        good = (one.bids > 0.0) & (one.asks >= one.bids)
        good &= np.abs(one.moneyness) <= DEVIATIONS * deviation
        x = one.moneyness[good] / deviation
        panel.vlines(x, PERCENT * one.bids[good], PERCENT * one.asks[good], color="0.6", lw=1.5)
        panel.plot(at, PERCENT * curve, color="tab:blue", lw=1.2)
        panel.set_title(f"{name}, {DAYS_PER_YEAR * expiry.years:.3g} d", fontsize=9)
        panel.tick_params(labelsize=8)
        panel.grid(visible=True, alpha=0.3)


def draw_surface(figure: "FigureBase", picture: Picture) -> None:
    """Draw the volatility over deviations from the forward and the logarithm of time.

    Where log-moneyness is fair to a year it is tens of deviations to an hour, where nobody quotes.
    """
    surface = picture.surface
    panel: Axes = figure.add_subplot(projection="3d")
    years = [one.years for one in surface.expiries]
    # Odd numbers: matplotlib draws every second line, and fills up patches that are not whole.
    times = np.geomspace(years[0], max(years[-1], 1.01 * years[0]), 61)
    at = np.linspace(-DEVIATIONS, DEVIATIONS, 81)
    deviations, rows = np.meshgrid(at, times)
    units = np.sqrt(surface.total_variances(np.zeros(len(times)), times))
    k = deviations * units[:, np.newaxis]
    sigmas = np.sqrt(surface.total_variances(k.ravel(), rows.ravel()) / rows.ravel())
    panel.plot_surface(  # type: ignore[attr-defined]  # what a 3d projection brings
        deviations,
        np.log(rows),
        PERCENT * sigmas.reshape(k.shape),
        cmap="viridis",
        lw=0,
    )
    panel.set_xlabel("deviations from the forward", fontsize=8)
    # A 3d projection knows no logarithmic axis: its ticks are named by hand.
    named = years[:: -(-len(years) // TIMES_NAMED)]
    panel.set_yticks(np.log(named), [f"{DAYS_PER_YEAR * one:.3g} d" for one in named], fontsize=7)
    panel.set_title(f"{picture.title}: volatility, %")


def draw_term_structure(figure: "FigureBase", picture: Picture) -> None:
    """Draw the volatility at the money of each expiry."""
    panel = figure.add_subplot()
    days = [DAYS_PER_YEAR * one.years for one in picture.surface.expiries]
    panel.plot(days, PERCENT * picture.surface.at_the_money(), marker="o", color="tab:blue")
    for name, x, y in zip(
        picture.names, days, PERCENT * picture.surface.at_the_money(), strict=True
    ):
        panel.annotate(name, (x, y), fontsize=7, xytext=(3, 4), textcoords="offset points")
    panel.set_xscale("log")
    panel.set_xlabel("days")
    panel.set_title(f"{picture.title}: volatility at the money, %")
    panel.grid(visible=True, which="both", alpha=0.3)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not by pyplot: it would look for a screen.
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
