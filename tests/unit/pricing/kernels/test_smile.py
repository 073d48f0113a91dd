"""The smile kernel, interpreted and (where built) compiled."""

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from strikewire.pricing.kernels import smile
from tests.twins import interpreted

Doubles = NDArray[np.float64]
NUMBERS = np.array([0.3, -1.2, -0.4, 0.2, 0.1])
BOUNDS = (0.05, 0.85, 0.02, 0.68)
X = np.linspace(-3.0, 3.0, 13)
WANTED = 1.0 + 0.05 * X * X
WEIGHT = np.linspace(5.0, 20.0, 13)


def twin() -> ModuleType:
    (module,) = interpreted("strikewire.pricing.kernels", "smile")
    return module


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    if request.param == "interpreted":
        return twin()
    if Path(smile.__file__).suffix == ".py":
        pytest.skip("the kernel is not compiled here")
    return smile


def held(kernel: ModuleType, numbers: Doubles) -> tuple[Doubles, Doubles]:
    residuals, slopes = np.full(18, -7.0), np.full((5, 18), -7.0)
    meaning = kernel.meaning(numbers, *BOUNDS)
    kernel.hold(X, WANTED, WEIGHT, *meaning, residuals, slopes)
    return residuals, slopes


def test_numbers_mean_slopes_within_bounds_and_logarithms(kernel: ModuleType) -> None:
    left, right, least, m, s, left_slope, right_slope = kernel.meaning(
        np.array([0.0, 0.0, math.log(0.5), -0.25, math.log(2.0)]), *BOUNDS
    )

    assert (left, right) == pytest.approx((0.05 + 0.425, 0.02 + 0.34))
    assert (least, m, s) == pytest.approx((0.5, -0.25, 2.0))
    # The logistic function is steepest in its middle: a quarter of the span.
    assert (left_slope, right_slope) == pytest.approx((0.85 / 4, 0.68 / 4))


@pytest.mark.parametrize("number", [-1e300, 1e300])
def test_numbers_out_of_reach_are_held(kernel: ModuleType, number: float) -> None:
    found = kernel.meaning(np.full(5, number), *BOUNDS)

    assert np.isfinite(found).all()
    assert 0.05 < found[0] < 0.9
    assert 0.02 < found[1] < 0.7
    assert found == kernel.meaning(np.full(5, math.copysign(12.0, number)), *BOUNDS)


def test_residuals_are_weighted_distances_from_raw_svi(kernel: ModuleType) -> None:
    residuals, _ = held(kernel, NUMBERS)

    left, right, least, m, s, _, _ = kernel.meaning(NUMBERS, *BOUNDS)
    b, rho = 0.5 * (left + right), (right - left) / (right + left)
    a = least - b * s * math.sqrt(1.0 - rho * rho)
    variance = a + b * (rho * (X - m) + np.sqrt((X - m) ** 2 + s * s))
    assert residuals[:13] == pytest.approx((np.sqrt(variance) - WANTED) * WEIGHT, rel=1e-12)
    assert residuals[13:].tolist() == [-7.0] * 5


def test_slopes_are_the_derivatives_of_the_residuals(kernel: ModuleType) -> None:
    _, slopes = held(kernel, NUMBERS)

    for row in range(5):
        step = np.zeros(5)
        step[row] = 1e-6
        above, below = (held(kernel, NUMBERS + sign * step)[0][:13] for sign in (1, -1))
        assert slopes[row, :13] == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-7)
    assert (slopes[:, 13:] == -7.0).all()


def test_both_ways_agree_to_thirteen_digits(kernel: ModuleType) -> None:
    for ours, theirs in zip(held(kernel, NUMBERS), held(twin(), NUMBERS), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-13, abs=1e-13)


def test_no_quotes_fill_nothing(kernel: ModuleType) -> None:
    none, residuals, slopes = np.empty(0), np.full(5, -7.0), np.full((5, 5), -7.0)

    kernel.hold(none, none, none, *kernel.meaning(NUMBERS, *BOUNDS), residuals, slopes)

    assert (residuals == -7.0).all()
    assert (slopes == -7.0).all()
