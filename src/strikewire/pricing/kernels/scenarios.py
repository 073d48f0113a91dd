"""Scenario values of many options, and accounts added up from them: where nothing is compiled.

`scenarios.pyx` is the compiled kernel of this name. Both give the same numbers but for the last
digits; the unit tests hold them to 1e-12 of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewire.pricing.kernels import black76

INSTRUCTION_SETS = ("interpreted",)
"""What `instruction_set` may choose, from the plainest to the widest."""

BEST = 0
"""The last of `INSTRUCTION_SETS`."""

ROW = 40
"""Numbers in a row of a table: one for each scenario, the last ones zero."""

Margin = tuple[float, float, float, float, float, float]

INPUTS = 8
FORWARD, STRIKE, CALL, INVERSE, VALUE, DEVIATION = range(6)
"""Rows of `columns`; the deviations with volatility down, same and up are the three last."""


def fill(  # noqa: PLR0917 - arrays in their natural order, called once per refresh
    columns: NDArray[np.float64],
    factors: NDArray[np.float64],
    volatilities: NDArray[np.int64],
    rows: NDArray[np.int64] | None,
    table: NDArray[np.float64],
    instruction_set: int = BEST,
) -> None:
    """Fill rows of `table` with what each option gains in each scenario.

    Args:
        columns: Shape (8, n), contiguous: forwards, strikes, calls (0.0 for a put), inverse (0.0
            for values in quote currency, else in coin), present values, and volatility times
            root of years in three rows: down, same, up. A deviation of 0.0 leaves the intrinsic
            value.
        factors: Shape (w,), at most 40: what the forward is multiplied by; above 0.
        volatilities: Shape (w,): 0 down, 1 same, 2 up.
        rows: Which options; None: all.
        table: Shape (n, 40), contiguous.
        instruction_set: Which of `INSTRUCTION_SETS`.
    """
    assert columns.shape[0] == INPUTS
    assert len(factors) == len(volatilities) <= ROW
    assert table.shape == (columns.shape[1], ROW)
    assert instruction_set == BEST
    which = range(columns.shape[1]) if rows is None else rows.tolist()
    assert all(0 <= row < columns.shape[1] for row in which)
    for row in which:
        forward, strike, call, inverse, value, *deviations = columns[:, row].tolist()
        for number, (factor, which) in enumerate(zip(factors, volatilities, strict=True)):
            assert factor > 0.0
            moved = forward * float(factor)
            worth = black76.price(moved, strike, 1.0, deviations[which], call != 0.0)
            table[row, number] = (worth / moved if inverse else worth) - value
        table[row, len(factors) :] = 0.0


class Account:
    """The sums of one account over the scenarios, kept so that one change costs one row.

    It looks at the arrays it was made with and copies none: what is written to them counts from
    the next `scan` on.

    Args:
        table: Shape (n, 40): gains of each instrument, as `fill` made them.
        deltas: Shape (n,): coins that one of each instrument is long.
        slots: Shape (n,): number of the expiry of each instrument.
        options: Shape (n,): 1 for an option, 0 for a future.
        charges: Shape (e,): what a coin of net delta costs in the expiry of that number.
        weights: Shape (2, 40): what a scenario's sum is multiplied by, and what is then added.
        terms: Shape (4,): what each coin of delta costs at most, by how much that grows with each
            coin too many, how many coins cost nothing, and the maintenance margin's part of the
            initial one.
        rows: Shape (p,): instruments of the positions.
        sizes: Shape (p,): positive long, negative short.
        instruction_set: Which of `INSTRUCTION_SETS`.
    """

    def __init__(  # noqa: PLR0917 - arrays in their natural order
        self,
        table: NDArray[np.float64],
        deltas: NDArray[np.float64],
        slots: NDArray[np.int64],
        options: NDArray[np.int64],
        charges: NDArray[np.float64],
        weights: NDArray[np.float64],
        terms: NDArray[np.float64],
        rows: NDArray[np.int64],
        sizes: NDArray[np.float64],
        instruction_set: int = BEST,
    ) -> None:
        assert table.shape[1] == weights.shape[1] == ROW
        assert len(weights) == 2
        assert len(terms) == 4
        assert len(deltas) == len(slots) == len(options) == len(table)
        assert len(rows) == len(sizes)
        assert instruction_set == BEST
        assert np.all((rows >= 0) & (rows < len(table)))
        assert np.all((slots >= 0) & (slots < len(charges)))
        self._table, self._deltas, self._slots = table, deltas, slots
        self._options = options
        self._charges, self._weights, self._terms = charges, weights, terms
        self._rows, self._sizes = rows, sizes
        self.scan()

    def scan(self) -> Margin:
        """Add up all positions anew and return the account's margin.

        Returns:
            Initial and maintenance margin; what the first is the sum of (the worst loss, the charge
            for the delta of each expiry, the charge for the delta of all), none negative; the net
            delta.
        """
        self._sums = self._sizes @ self._table[self._rows]
        self._nets = np.zeros(len(self._charges))
        parts = self._sizes * self._deltas[self._rows]
        np.add.at(self._nets, self._slots[self._rows], parts)
        is_long = (self._options[self._rows] != 0) & (self._sizes > 0.0)
        self._bought = float(np.sum(parts[is_long]))
        return self._result(self._sums, self._nets, self._bought)

    def what_if(self, row: int, size: float) -> Margin:
        """Return the margin with `size` of `row` more, changing nothing."""
        assert 0 <= row < len(self._table)
        nets = self._nets.copy()
        delta = float(self._deltas[row])
        nets[self._slots[row]] += size * delta
        bought = self._bought
        if self._options[row]:
            held = float(np.sum(self._sizes[self._rows == row]))
            bought += (max(held + size, 0.0) - max(held, 0.0)) * delta
        return self._result(self._sums + size * self._table[row], nets, bought)

    def sums(self) -> list[float]:
        """Return the sums of all scenarios, as a list."""
        summed: list[float] = self._sums.tolist()
        return summed

    def _result(
        self, sums: NDArray[np.float64], nets: NDArray[np.float64], bought: float
    ) -> Margin:
        worst = float(np.min(self._weights[0] * sums + self._weights[1]))
        loss, roll = max(0.0, -worst), float(np.sum(np.abs(nets) * self._charges))
        net = float(np.sum(nets))
        most, growth, free, maintenance = self._terms.tolist()
        # Bought options hedge the rest, and are no risk themselves.
        rest = net - bought
        size = min(abs(net), abs(rest)) if net * rest > 0.0 else 0.0
        shock = size * min(most, growth * max(0.0, size - free))
        initial = loss + roll + shock
        return initial, maintenance * initial, loss, roll, shock, net
