"""The kernel, interpreted and (where built) compiled, against a 50-digit oracle and each other."""

import importlib.machinery
import importlib.util
import math
from array import array
from pathlib import Path
from types import ModuleType

import mpmath
import numpy as np
import pytest

from strikewire.pricing.kernels import black76

SOURCE = Path(black76.__file__).parent / "black76.py"
GRID = [
    (forward, forward * math.exp(deviations * sigma * math.sqrt(years)), years, sigma)
    for forward in (0.61, 61_800.2)
    for years in (1 / 8760, 1 / 52, 0.5, 2.0)
    for sigma in (0.05, 0.6, 3.0)
    for deviations in (-4.0, -1.3, 0.0, 0.4, 5.0)
]


def interpreted() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("black76_interpreted", str(SOURCE))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def compiled() -> ModuleType:
    if Path(black76.__file__).suffix == ".py":
        pytest.skip("the kernel is not compiled here")
    return black76


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return interpreted() if request.param == "interpreted" else compiled()


def exact_price(forward: float, strike: float, years: float, sigma: float, is_call: bool) -> float:
    with mpmath.workdps(50):
        deviation = mpmath.mpf(sigma) * mpmath.sqrt(years)
        d1 = mpmath.log(mpmath.mpf(forward) / strike) / deviation + deviation / 2
        sign = 1 if is_call else -1
        value = sign * (
            forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - deviation))
        )
        return float(value)


def test_an_option_at_the_money_has_the_textbook_numbers(kernel: ModuleType) -> None:
    value, delta, gamma, vega, theta, rho = kernel.greeks(100.0, 100.0, 1.0, 0.2, True)

    assert value == pytest.approx(7.965567455405798, rel=1e-14)
    assert delta == pytest.approx(0.539827837277029, rel=1e-14)
    assert gamma == pytest.approx(0.0198476273738506, rel=1e-13)
    assert vega == pytest.approx(0.3969525474770118, rel=1e-14)
    assert theta == pytest.approx(-0.010875412259644159, rel=1e-13)
    assert rho == pytest.approx(0.460172162722971, rel=1e-14)


@pytest.mark.parametrize("is_call", [True, False])
def test_prices_agree_with_fifty_digits(kernel: ModuleType, is_call: bool) -> None:
    for forward, strike, years, sigma in GRID:
        exact = exact_price(forward, strike, years, sigma, is_call)

        value = kernel.price(forward, strike, years, sigma, is_call)

        assert value == pytest.approx(exact, rel=1e-9, abs=1e-14 * forward)
        assert kernel.greeks(forward, strike, years, sigma, is_call)[0] == value


@pytest.mark.parametrize("is_call", [True, False])
def test_greeks_are_the_slopes_of_the_price(kernel: ModuleType, is_call: bool) -> None:
    strike, point = 70_000.0, {"forward": 61_800.2, "years": 0.3, "sigma": 0.55}

    def exact(**moved: float) -> float:
        return exact_price(strike=strike, is_call=is_call, **point | moved)

    def delta_at(forward: float) -> float:
        return float(kernel.greeks(forward, strike, 0.3, 0.55, is_call)[1])

    _, delta, gamma, vega, theta, _ = kernel.greeks(61_800.2, strike, 0.3, 0.55, is_call)

    assert delta == pytest.approx(exact(forward=61_800.7) - exact(forward=61_799.7), rel=1e-8)
    assert gamma == pytest.approx((delta_at(61_801.2) - delta_at(61_799.2)) / 2, rel=1e-6)
    assert vega == pytest.approx((exact(sigma=0.5501) - exact(sigma=0.5499)) / 0.02, rel=1e-6)
    assert theta == pytest.approx((exact(years=0.2999) - exact(years=0.3001)) / 0.073, rel=1e-6)


def test_theta_is_what_is_left_of_the_day_and_never_more_than_the_option_is_worth(
    kernel: ModuleType,
) -> None:
    a_day = kernel.greeks(100.0, 100.0, 1 / 365, 0.8, True)
    six_hours = kernel.greeks(100.0, 100.0, 0.25 / 365, 0.8, True)
    worthless = kernel.greeks(100.0, 110.0, 0.5 / 365, 0.8, True)

    # Twice the decay per day, a quarter of the day left.
    assert six_hours[4] == pytest.approx(a_day[4] * 2 * 0.25, rel=1e-3)
    assert worthless[4] == -worthless[0] != 0.0


@pytest.mark.parametrize(("years", "sigma"), [(0.0, 0.8), (-0.1, 0.8), (0.5, 0.0)])
def test_where_nothing_can_move_an_option_is_worth_what_it_pays(
    kernel: ModuleType, years: float, sigma: float
) -> None:
    rho = max(0.0, years)

    assert kernel.price(103.0, 100.0, years, sigma, True) == 3.0
    assert kernel.greeks(103.0, 100.0, years, sigma, True) == (3.0, 1.0, 0.0, 0.0, 0.0, rho)
    assert kernel.greeks(97.0, 100.0, years, sigma, False) == (3.0, -1.0, 0.0, 0.0, 0.0, -rho)
    assert kernel.greeks(100.0, 100.0, years, sigma, True) == (0.0,) * 6
    assert kernel.price(103.0, 100.0, years, sigma, False) == 0.0


def test_a_chain_is_its_options_one_by_one(kernel: ModuleType) -> None:
    columns = [array("d", column) for column in zip(*GRID, strict=True)]
    calls = array("d", [index % 2 for index in range(len(GRID))])
    out = array("d", bytes(8 * 6 * len(GRID)))

    kernel.chain(*columns, calls, out)

    for index, option in enumerate(GRID):
        expected = kernel.greeks(*option, bool(calls[index]))
        assert tuple(out[6 * index : 6 * index + 6]) == expected


def test_a_chain_takes_numpy_arrays_as_well(kernel: ModuleType) -> None:
    forwards, strikes, years, sigmas = (np.array(column) for column in zip(*GRID, strict=True))
    out = np.zeros((len(GRID), 6))

    kernel.chain(forwards, strikes, years, sigmas, np.ones(len(GRID)), out.ravel())

    assert tuple(out[7]) == kernel.greeks(*GRID[7], True)


def test_implied_volatility_returns_to_where_the_price_came_from(kernel: ModuleType) -> None:
    """Out of the money, over hours to years, 5 % to 500 %, down to prices of 1e-15 forwards."""
    count = 0
    for years in (1 / 8760, 1 / 365, 0.1, 2.0):
        for sigma in (0.05, 0.3, 1.0, 5.0):
            for deviations in (-7.0, -3.0, -0.5, -1e-9, 0.0, 1e-4, 1.0, 4.0, 7.0):
                strike = 100.0 * math.exp(deviations * sigma * math.sqrt(years))
                value = exact_price(100.0, strike, years, sigma, strike >= 100.0)
                if not 1e-13 < value < 0.999 * min(100.0, strike):
                    continue
                implied = kernel.implied_volatility(value, 100.0, strike, years, strike >= 100.0)
                assert implied == pytest.approx(sigma, rel=1e-11), (years, sigma, deviations)
                count += 1
    assert count > 120


def test_implied_volatility_of_a_price_in_the_money_goes_by_parity(kernel: ModuleType) -> None:
    call = kernel.price(100.0, 80.0, 0.5, 0.7, True)
    put = kernel.price(100.0, 125.0, 0.5, 0.7, False)

    assert kernel.implied_volatility(call, 100.0, 80.0, 0.5, True) == pytest.approx(0.7, rel=1e-11)
    assert kernel.implied_volatility(put, 100.0, 125.0, 0.5, False) == pytest.approx(0.7, rel=1e-11)


@pytest.mark.parametrize(
    ("value", "strike", "is_call"),
    [
        (0.0, 100.0, True),
        (-1.0, 100.0, True),
        (20.0, 80.0, True),
        (19.9, 80.0, True),
        (100.0, 120.0, True),
        (100.0, 80.0, True),
        (80.0, 80.0, False),
        (300.0, 100.0, False),
        (math.nan, 100.0, True),
        (math.inf, 100.0, True),
    ],
)
def test_a_price_no_volatility_can_give_has_none(
    kernel: ModuleType, value: float, strike: float, is_call: bool
) -> None:
    assert kernel.implied_volatility(value, 100.0, strike, 0.5, is_call) == -1.0


def test_implied_volatility_near_the_ceiling_is_still_found(kernel: ModuleType) -> None:
    value = exact_price(100.0, 100.0, 1.0, 9.0, True)

    assert value > 99.99
    assert kernel.implied_volatility(value, 100.0, 100.0, 1.0, True) == pytest.approx(9.0, rel=1e-9)


def test_compiled_and_interpreted_agree() -> None:
    fast, slow = compiled(), interpreted()

    for option in GRID:
        for is_call in (True, False):
            assert fast.greeks(*option, is_call) == pytest.approx(
                slow.greeks(*option, is_call), rel=1e-12, abs=1e-300
            )
            value = fast.price(*option, is_call)
            assert value == pytest.approx(slow.price(*option, is_call), rel=1e-12)
            forward, strike, years, _ = option
            assert fast.implied_volatility(value, forward, strike, years, is_call) == pytest.approx(
                slow.implied_volatility(value, forward, strike, years, is_call), rel=1e-9
            )
