"""Greeks and implied volatilities of many options: one after another, where nothing is compiled.

`lanes.pyx` is the compiled kernel of this name. Both give the same numbers but for the last digits;
the unit tests hold them to 1e-13 of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strikewire.pricing.kernels import black76

INSTRUCTION_SETS = ("interpreted",)
"""What `instruction_set` may choose, from the plainest to the widest."""

BEST = 0
"""The last of `INSTRUCTION_SETS`."""


def greeks(  # noqa: PLR0917 - arrays in their natural order, called once per chain
    forwards: NDArray[np.float64],
    strikes: NDArray[np.float64],
    years: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    calls: NDArray[np.float64],
    out: NDArray[np.float64],
    instruction_set: int = BEST,
) -> None:
    """Fill the nine rows of `out` with what `black76.greeks` returns for each option.

    All are contiguous doubles. Shapes: inputs (n,), `calls` 0.0 for a put, `out` (9, n), which
    shares no memory with them.
    """
    assert len(forwards) == len(strikes) == len(years) == len(sigmas) == len(calls)
    assert out.shape == (9, len(forwards))
    assert instruction_set == BEST
    columns = [column.tolist() for column in (forwards, strikes, years, sigmas, calls)]
    for i, (forward, strike, time, sigma, call) in enumerate(zip(*columns, strict=True)):
        out[:, i] = black76.greeks(forward, strike, time, sigma, call != 0.0)


def implied(  # noqa: PLR0917 - as above
    values: NDArray[np.float64],
    forwards: NDArray[np.float64],
    strikes: NDArray[np.float64],
    years: NDArray[np.float64],
    calls: NDArray[np.float64],
    volatilities: NDArray[np.float64],
    codes: NDArray[np.int8],
    instruction_set: int = BEST,
) -> None:
    """Fill `volatilities` and `codes` with what `black76.implied` returns for each quote.

    All are contiguous, doubles but for `codes`; all shapes are (n,), `calls` is 0.0 for a put.
    """
    assert len(values) == len(forwards) == len(strikes) == len(years) == len(calls)
    assert len(volatilities) == len(codes) == len(values)
    assert instruction_set == BEST
    columns = [column.tolist() for column in (values, forwards, strikes, years, calls)]
    for i, (value, forward, strike, time, call) in enumerate(zip(*columns, strict=True)):
        volatilities[i], codes[i] = black76.implied(value, forward, strike, time, call != 0.0)
