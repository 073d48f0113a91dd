"""The array kernel, interpreted and in every instruction set that runs here."""

import math
import re
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from strikewire.pricing import ImpliedCode
from strikewire.pricing.kernels import lanes
from strikewire.testing.pricing import Option, exact_greeks, nasty_grid
from tests.twins import interpreted

KERNELS = Path(lanes.__file__).parent
Doubles = NDArray[np.float64]
Greeks = Callable[[list[Option]], Doubles]
Quote = tuple[float, float, float, float, bool]


class Kernel(NamedTuple):
    """One way to run the kernel."""

    module: ModuleType
    instruction_set: int

    def greeks(self, options: list[Option]) -> Doubles:
        columns = columns_of(options)
        out = np.full((9, len(options)), np.nan)
        self.module.greeks(*columns, out, self.instruction_set)
        return out

    def implied(self, quotes: list[Quote]) -> tuple[Doubles, NDArray[np.int8]]:
        columns = columns_of(quotes)
        volatilities = np.full(len(quotes), np.nan)
        codes = np.full(len(quotes), -1, dtype=np.int8)
        self.module.implied(*columns, volatilities, codes, self.instruction_set)
        return volatilities, codes


def twin() -> ModuleType:
    (module,) = interpreted("strikewire.pricing.kernels", "lanes")
    return module


@pytest.fixture(params=["interpreted", "baseline", "avx2", "avx512"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param == "interpreted":
        return Kernel(twin(), 0)
    if request.param not in lanes.INSTRUCTION_SETS:
        pytest.skip(f"{request.param} is not compiled, or does not run here")
    return Kernel(lanes, lanes.INSTRUCTION_SETS.index(request.param))


def columns_of(rows: list[Option] | list[Quote]) -> list[Doubles]:
    return [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]


@cache
def nasty() -> tuple[list[Option], Doubles, Doubles]:
    """The grid, its greeks and their scales, each of shape (9, 4428)."""
    options = nasty_grid()
    exact = [exact_greeks(option) for option in options]
    return (
        options,
        np.array([row.greeks for row in exact]).T,
        np.array([row.scales for row in exact]).T,
    )


@cache
def quotes() -> list[Quote]:
    options, exact, _ = nasty()
    return [
        (float(price), option.forward, option.strike, option.years, option.is_call)
        for price, option in zip(exact[0], options, strict=True)
    ]


def test_what_runs_here_is_named_from_the_plainest_to_the_widest() -> None:
    assert lanes.INSTRUCTION_SETS[: lanes.BEST + 1] == lanes.INSTRUCTION_SETS
    assert lanes.INSTRUCTION_SETS in [
        ("interpreted",),
        ("baseline",),
        ("baseline", "avx2"),
        ("baseline", "avx2", "avx512"),
    ]


def test_prices_and_greeks_agree_with_sixty_digits(kernel: Kernel) -> None:
    options, exact, scales = nasty()

    found = kernel.greeks(options)

    assert np.max(np.abs(found - exact) / scales) <= 1e-12


def test_implied_volatilities_agree_with_sixty_digits(kernel: Kernel) -> None:
    options, _, _ = nasty()

    volatilities, codes = kernel.implied(quotes())

    assert not codes.any()
    assert np.max(np.abs(volatilities - [option.sigma for option in options])) <= 1e-12


def test_every_way_agrees_with_the_interpreted_to_thirteen_digits(kernel: Kernel) -> None:
    options, _, scales = nasty()
    plain = Kernel(twin(), 0)

    assert np.max(np.abs(kernel.greeks(options) - plain.greeks(options)) / scales) <= 1e-13
    ours, theirs = kernel.implied(quotes())[0], plain.implied(quotes())[0]
    assert np.max(np.abs(ours / theirs - 1.0)) <= 1e-13


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 63, 64, 65, 127, 128, 129, 200])
def test_an_options_numbers_do_not_depend_on_its_neighbours(kernel: Kernel, count: int) -> None:
    options = nasty()[0][1_700 : 1_700 + count]
    some = quotes()[1_700 : 1_700 + count]
    if not count:
        empty = np.empty(0)
        kernel.module.greeks(*[empty] * 5, np.empty((9, 0)), kernel.instruction_set)
        kernel.module.implied(*[empty] * 6, np.empty(0, dtype=np.int8), kernel.instruction_set)
        return

    together = kernel.greeks(options)
    volatilities, codes = kernel.implied(some)

    for index in {0, count // 2, count - 1}:
        assert kernel.greeks([options[index]])[:, 0].tolist() == together[:, index].tolist()
        assert kernel.implied([some[index]])[0][0] == volatilities[index]
    assert not codes.any()


@pytest.mark.parametrize(("years", "sigma"), [(0.0, 0.8), (-0.1, 0.8), (0.5, 0.0)])
def test_where_nothing_can_move_an_option_is_worth_what_it_pays(
    kernel: Kernel, years: float, sigma: float
) -> None:
    rho = max(0.0, years)

    found = kernel.greeks(
        [
            Option(103.0, 100.0, years, sigma, True),
            Option(97.0, 100.0, years, sigma, False),
            Option(100.0, 100.0, years, sigma, True),
            Option(103.0, 100.0, years, sigma, False),
        ]
    )

    assert found[:, 0].tolist() == [3.0, 1.0, 0.0, 0.0, 0.0, rho, 0.0, 0.0, 0.0]
    assert found[:, 1].tolist() == [3.0, -1.0, 0.0, 0.0, 0.0, -rho, 0.0, 0.0, 0.0]
    assert not found[:, 2:].any()


def test_far_out_of_reach_everything_is_zero_and_nothing_is_not_a_number(kernel: Kernel) -> None:
    found = kernel.greeks(
        [
            Option(100.0, 5_000.0, 0.001, 0.3, True),
            Option(100.0, 1e-90, 1e-9, 1e-9, False),
            Option(100.0, 100.0, 1.0, 1e4, True),
        ]
    )

    assert not found[:, :2].any()
    assert found[:2, 2].tolist() == [100.0, 1.0]
    assert np.isfinite(found).all()


def test_an_argument_that_is_no_number_spoils_its_own_option_only(kernel: Kernel) -> None:
    good = Option(100.0, 110.0, 0.5, 0.7, True)
    bad = [
        good._replace(forward=math.nan),
        good._replace(strike=math.nan),
        good._replace(years=math.nan),
        good._replace(sigma=math.nan),
    ]

    found = kernel.greeks([good, *bad, good])

    assert np.isnan(found[:, 1:-1]).all()
    assert found[:, 0].tolist() == found[:, -1].tolist() == kernel.greeks([good])[:, 0].tolist()


def test_all_of_an_options_numbers_are_numbers_or_none_is(kernel: Kernel) -> None:
    odd = [math.nan, math.inf, -math.inf, -1.0, 0.0, -0.0, 1e-320, 1e-200, 1e-100, 0.5, 6e4]
    odd += [1e100, 1e300]
    options = [
        Option(forward, strike, years, sigma, is_call)
        for forward, strike, years, sigma in product(odd, repeat=4)
        for is_call in (True, False)
    ]
    forwards, strikes, years, sigmas, _ = columns_of(options)

    found = kernel.greeks(options)

    there_can_be = (forwards >= 1e-100) & (forwards <= 1e100)
    there_can_be &= (strikes >= 1e-100) & (strikes <= 1e100)
    there_can_be &= (np.abs(years) <= 1e100) & (sigmas >= 0.0) & (sigmas <= 1e100)
    assert np.isfinite(found[:, there_can_be]).all()
    assert np.isnan(found[:, ~there_can_be]).all()


def test_each_price_without_volatility_has_its_reason(kernel: Kernel) -> None:
    nan, inf = math.nan, math.inf
    below, above = ImpliedCode.BELOW_INTRINSIC, ImpliedCode.ABOVE_BOUND
    unknown, expired = ImpliedCode.NOT_A_NUMBER, ImpliedCode.EXPIRED
    table = [
        ((0.0, 100.0, 100.0, 0.5, True), below),
        ((-1.0, 100.0, 100.0, 0.5, True), below),
        ((20.0, 100.0, 80.0, 0.5, True), below),
        ((19.9, 100.0, 80.0, 0.5, True), below),
        ((1e-300, 100.0, 100.0, 0.5, True), below),
        ((100.0, 100.0, 120.0, 0.5, True), above),
        ((80.0, 100.0, 80.0, 0.5, False), above),
        ((300.0, 100.0, 100.0, 0.5, False), above),
        ((nan, 100.0, 100.0, 0.5, True), unknown),
        ((inf, 100.0, 100.0, 0.5, True), unknown),
        ((5.0, nan, 100.0, 0.5, True), unknown),
        ((5.0, 100.0, nan, 0.5, True), unknown),
        ((5.0, 100.0, 0.0, 0.5, True), unknown),
        ((5.0, -1.0, 100.0, 0.5, True), unknown),
        ((5.0, inf, 100.0, 0.5, True), unknown),
        ((5.0, 100.0, 100.0, nan, True), unknown),
        ((5.0, 100.0, 100.0, inf, True), unknown),
        ((5.0, 100.0, 100.0, 0.0, True), expired),
        ((-5.0, 100.0, 100.0, -1.0, True), expired),
        ((5.0, 100.0, 100.0, 0.5, True), ImpliedCode.OK),
    ]

    volatilities, codes = kernel.implied([quote for quote, _ in table])

    assert codes.tolist() == [code for _, code in table]
    assert not volatilities[:-1].any()
    # At the money 2 sqrt(2) erfinv(price / forward), here of 0.05, over the root of the time.
    assert volatilities[-1] == pytest.approx(0.17736155, abs=1e-8)


def test_a_bad_price_leaves_its_neighbours_alone(kernel: Kernel) -> None:
    good = quotes()[2_000:2_064]
    alone = kernel.implied(good)[0].tolist()
    bad: list[Quote] = [(math.nan, math.inf, -1.0, math.nan, True), (0.0, 0.0, 0.0, 0.0, False)]

    volatilities, codes = kernel.implied([*good[:32], *bad, *good[32:]])

    assert volatilities.tolist() == [*alone[:32], 0.0, 0.0, *alone[32:]]
    assert codes.nonzero()[0].tolist() == [32, 33]


def test_implied_volatility_comes_back_far_beyond_any_market(kernel: Kernel) -> None:
    """Deviations from 1e-7 to 7, up to 25 of them away, log-moneyness to 12, price to 1e-130."""
    options = [
        Option(100.0, 100.0 * math.exp(sign * x), 1.0, sigma, sign > 0)
        for sigma in (1e-7, 1e-5, 1e-3, 0.02, 0.3, 1.0, 2.0, 4.0, 7.0)
        for reach in (0.0, 0.01, 0.1, 0.5, 1.0, 3.0, 9.0, 25.0)
        for x in [min(reach * sigma, 12.0)]
        for sign in (-1, 1)
    ]
    rows = [exact_greeks(option).greeks[0] for option in options]
    bounds = [100.0 if option.is_call else option.strike for option in options]

    volatilities, codes = kernel.implied(
        [
            (row, option.forward, option.strike, 1.0, option.is_call)
            for row, option in zip(rows, options, strict=True)
        ]
    )

    assert not codes.any()
    for option, row, bound, found in zip(options, rows, bounds, volatilities, strict=True):
        # Strike and price are rounded: the one shows where the strike is near the forward, the
        # other where the price is near its bound.
        known = 1e-12 + 1e-15 / (1.0 - row / bound) + 1e-16 / option.sigma
        assert found == pytest.approx(option.sigma, rel=known), option


@pytest.mark.parametrize("what", ["greeks", "implied"])
def test_columns_of_unequal_length_are_our_mistake(kernel: Kernel, what: str) -> None:
    one, two = np.ones(1), np.ones(2)
    more = [np.ones((9, 2))] if what == "greeks" else [two, np.ones(2, dtype=np.int8)]

    with pytest.raises(AssertionError):
        getattr(kernel.module, what)(two, one, two, two, two, *more, kernel.instruction_set)


def test_the_header_and_the_plain_kernel_hold_the_same_polynomial() -> None:
    header = (KERNELS / "lane_constants.h").read_text()
    plain = (KERNELS / "black76.py").read_text()
    text = header.partition("ERFCX_EVEN_HIGHEST")[2].partition("exp(r)")[0]
    even, odd = (
        [float.fromhex(number) for number in re.findall(r"-?0x1\.[0-9a-f]+p[+-]\d+", half)]
        for half in text.split("ERFCX_ODD_HIGHEST")
    )
    listed = plain.partition("ERFCX = [")[2].partition("]")[0]
    in_plain = [float(number) for number in listed.replace("\n", "").split(",") if number.strip()]

    assert len(in_plain) == 24
    assert (even[::-1], odd[::-1]) == (in_plain[::2], in_plain[1::2])
