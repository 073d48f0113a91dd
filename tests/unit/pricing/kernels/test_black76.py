"""The kernel, interpreted and (where built) compiled, against a 60-digit oracle and each other."""

import math
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType

import mpmath
import pytest

from strikewire.pricing import ImpliedCode
from strikewire.pricing.kernels import black76
from strikewire.testing.pricing import Exact, Option, exact_greeks, nasty_grid
from tests.twins import interpreted

ODD = (
    math.nan,
    math.inf,
    -math.inf,
    -1.0,
    0.0,
    -0.0,
    1e-320,
    1e-200,
    1e-100,
    0.5,
    6e4,
    1e100,
    1e300,
)
AT_THE_MONEY = (100.0, 100.0, 1.0, 0.2)


def twin() -> ModuleType:
    (module,) = interpreted("strikewire.pricing.kernels", "black76")
    return module


def compiled() -> ModuleType:
    if Path(black76.__file__).suffix == ".py":
        pytest.skip("the kernel is not compiled here")
    return black76


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return twin() if request.param == "interpreted" else compiled()


@cache
def nasty() -> list[tuple[Option, Exact]]:
    return [(option, exact_greeks(option)) for option in nasty_grid()]


@cache
def nasty_in_the_money() -> list[tuple[Option, Exact]]:
    others = [option._replace(is_call=not option.is_call) for option in nasty_grid()[::7]]
    return [(option, exact_greeks(option)) for option in others]


def test_an_option_at_the_money_has_the_textbook_numbers(kernel: ModuleType) -> None:
    value, delta, gamma, vega, theta, rho, vanna, volga, charm = kernel.greeks(*AT_THE_MONEY, True)

    assert value == pytest.approx(7.965567455405798, rel=1e-14)
    assert delta == pytest.approx(0.539827837277029, rel=1e-14)
    assert gamma == pytest.approx(0.0198476273738506, rel=1e-13)
    assert vega == pytest.approx(0.3969525474770118, rel=1e-14)
    assert theta == pytest.approx(-0.010875412259644159, rel=1e-13)
    assert rho == pytest.approx(0.460172162722971, rel=1e-14)
    # d1 = 0.1 and d2 = -0.1, so: vega 0.1 / (100 x 0.2); vega 0.1 (-0.1) / 20; phi 0.1 / (2 x 365).
    assert vanna == pytest.approx(0.3969525474770118 * 0.1 / 20, rel=1e-14)
    assert volga == pytest.approx(0.3969525474770118 * -0.01 / 20, rel=1e-13)
    assert charm == pytest.approx(-0.3969525474770118 * 0.1 / 730, rel=1e-13)


def test_prices_and_greeks_agree_with_sixty_digits(kernel: ModuleType) -> None:
    for option, exact in nasty() + nasty_in_the_money():
        found = kernel.greeks(*option)

        for ours, theirs, scale in zip(found, exact.greeks, exact.scales, strict=True):
            assert abs(ours - theirs) <= 1e-12 * scale, option
        assert kernel.price(*option) == pytest.approx(found[0], rel=1e-14)


def test_prices_agree_at_the_edges_of_doubles(kernel: ModuleType) -> None:
    for option in (
        Option(1e-3, 1.0001e-3, 1e-6, 0.01, True),
        Option(1e9, 0.7e9, 1e-9, 3.0, False),
        Option(100.0, 100.00000000001, 1.0, 1e-7, True),
        Option(100.0, 250.0, 0.01, 0.3, True),
        Option(100.0, 0.01, 30.0, 1.0, False),
        Option(100.0, 100.0, 1.0, 15.0, True),
    ):
        exact = exact_greeks(option).greeks[0]

        assert kernel.price(*option) == pytest.approx(exact, rel=1e-12), option
    assert kernel.price(100.0, 5_000.0, 0.001, 0.3, True) == 0.0
    assert kernel.price(100.0, 130.0, 1.0, 1e4, True) == 100.0


@pytest.mark.parametrize("is_call", [True, False])
def test_greeks_are_the_slopes_of_each_other(kernel: ModuleType, is_call: bool) -> None:
    def greeks(forward: float = 61_800.2, years: float = 0.3, sigma: float = 0.55) -> list[float]:
        return [float(number) for number in kernel.greeks(forward, 70_000.0, years, sigma, is_call)]

    price, delta, vega = 0, 1, 3
    by_forward = [(a - b) / 2 for a, b in zip(greeks(61_801.2), greeks(61_799.2), strict=True)]
    by_sigma = [
        (a - b) / 0.02 for a, b in zip(greeks(sigma=0.5501), greeks(sigma=0.5499), strict=True)
    ]
    by_years = [
        (a - b) / 0.073 for a, b in zip(greeks(years=0.2999), greeks(years=0.3001), strict=True)
    ]

    found = greeks()
    assert found[1] == pytest.approx(by_forward[price], rel=1e-6)
    assert found[2] == pytest.approx(by_forward[delta], rel=1e-6)
    assert found[3] == pytest.approx(by_sigma[price], rel=1e-6)
    assert found[4] == pytest.approx(by_years[price], rel=1e-6)
    assert found[6] == pytest.approx(by_sigma[delta], rel=1e-6)
    assert found[7] == pytest.approx(by_sigma[vega], rel=1e-6)
    assert found[8] == pytest.approx(by_years[delta], rel=1e-6)


def test_theta_is_what_is_left_of_the_day_and_never_more_than_the_option_is_worth(
    kernel: ModuleType,
) -> None:
    a_day = kernel.greeks(100.0, 100.0, 1 / 365, 0.8, True)
    six_hours = kernel.greeks(100.0, 100.0, 0.25 / 365, 0.8, True)
    worthless = kernel.greeks(100.0, 110.0, 0.5 / 365, 0.8, True)

    # Twice the decay per day, a quarter of the day left.
    assert six_hours[4] == pytest.approx(a_day[4] * 2 * 0.25, rel=1e-3)
    assert worthless[4] == -worthless[0] != 0.0


def test_charm_is_what_is_left_of_the_day(kernel: ModuleType) -> None:
    a_day = kernel.greeks(100.0, 101.0, 1 / 365, 0.8, True)
    six_hours = kernel.greeks(100.0, 101.0, 0.25 / 365, 0.8, True)

    # Per year it is density d2 / (2 years); d1 and d2 double, for the deviation is half.
    density = math.exp(-0.5 * six_hours_d1() ** 2) / math.sqrt(2 * math.pi)
    d2 = six_hours_d1() - 0.8 * math.sqrt(0.25 / 365)
    assert six_hours[8] == pytest.approx(density * d2 / 2, rel=1e-12)
    assert a_day[8] < 0.0
    assert six_hours[8] < 0.0


def six_hours_d1() -> float:
    deviation = 0.8 * math.sqrt(0.25 / 365)
    return math.log(100 / 101) / deviation + deviation / 2


@pytest.mark.parametrize(("years", "sigma"), [(0.0, 0.8), (-0.1, 0.8), (0.5, 0.0)])
def test_where_nothing_can_move_an_option_is_worth_what_it_pays(
    kernel: ModuleType, years: float, sigma: float
) -> None:
    rho = max(0.0, years)
    still = (0.0, 0.0, 0.0)

    assert kernel.price(103.0, 100.0, years, sigma, True) == 3.0
    assert kernel.greeks(103.0, 100.0, years, sigma, True) == (3.0, 1.0, *still, rho, *still)
    assert kernel.greeks(97.0, 100.0, years, sigma, False) == (3.0, -1.0, *still, -rho, *still)
    assert kernel.greeks(100.0, 100.0, years, sigma, True) == (0.0,) * 9
    assert kernel.price(103.0, 100.0, years, sigma, False) == 0.0


def test_all_of_an_options_numbers_are_numbers_or_none_is(kernel: ModuleType) -> None:
    for forward, strike, years, sigma in product(ODD, repeat=4):
        there_can_be = (
            min(forward, strike) >= 1e-100
            and max(forward, strike) <= 1e100
            and abs(years) <= 1e100
            and 0.0 <= sigma <= 1e100
            and not math.isnan(forward + strike)
        )

        found = kernel.greeks(forward, strike, years, sigma, True)
        value = kernel.price(forward, strike, years, sigma, True)

        assert [math.isfinite(number) for number in found] == [there_can_be] * 9
        assert [math.isnan(number) for number in found] == [not there_can_be] * 9
        assert value == pytest.approx(found[0], rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("argument", [0, 1, 2, 3])
def test_what_is_no_number_gives_no_number(kernel: ModuleType, argument: int) -> None:
    arguments = [100.0, 110.0, 0.5, 0.7]
    arguments[argument] = math.nan

    assert math.isnan(kernel.price(*arguments, True))
    assert all(map(math.isnan, kernel.greeks(*arguments, True)))


def test_implied_volatility_of_the_nasty_grid_is_exact(kernel: ModuleType) -> None:
    for option, exact in nasty():
        forward, strike, years, sigma, is_call = option

        volatility, code = kernel.implied(exact.greeks[0], forward, strike, years, is_call)

        assert code == ImpliedCode.OK, option
        assert abs(volatility - sigma) <= 1e-12, option


def test_implied_volatility_of_a_price_in_the_money_goes_by_parity(kernel: ModuleType) -> None:
    call = kernel.price(100.0, 80.0, 0.5, 0.7, True)
    put = kernel.price(100.0, 125.0, 0.5, 0.7, False)

    assert kernel.implied(call, 100.0, 80.0, 0.5, True)[0] == pytest.approx(0.7, rel=1e-13)
    assert kernel.implied(put, 100.0, 125.0, 0.5, False)[0] == pytest.approx(0.7, rel=1e-13)


@pytest.mark.parametrize("sigma", [1e-7, 3e-4, 9.0, 15.0])
def test_implied_volatility_of_extreme_prices_is_still_found(
    kernel: ModuleType, sigma: float
) -> None:
    for deviations in (0.0, 0.3, 3.0, 20.0):
        strike = 100.0 * math.exp(min(deviations * sigma, 12.0))
        value = kernel.price(100.0, strike, 1.0, sigma, True)

        volatility, code = kernel.implied(value, 100.0, strike, 1.0, True)

        # At 15 the price is within 1e-13 of its ceiling: that much of it is not known.
        assert code == ImpliedCode.OK
        assert volatility == pytest.approx(sigma, rel=1e-12 if sigma < 9 else 1e-4), deviations


@pytest.mark.parametrize(
    ("value", "strike", "is_call", "code"),
    [
        (0.0, 100.0, True, ImpliedCode.BELOW_INTRINSIC),
        (-1.0, 100.0, True, ImpliedCode.BELOW_INTRINSIC),
        (20.0, 80.0, True, ImpliedCode.BELOW_INTRINSIC),
        (19.9, 80.0, True, ImpliedCode.BELOW_INTRINSIC),
        (100.0, 120.0, True, ImpliedCode.ABOVE_BOUND),
        (100.0, 80.0, True, ImpliedCode.ABOVE_BOUND),
        (80.0, 80.0, False, ImpliedCode.ABOVE_BOUND),
        (300.0, 100.0, False, ImpliedCode.ABOVE_BOUND),
        (math.nan, 100.0, True, ImpliedCode.NOT_A_NUMBER),
        (math.inf, 100.0, True, ImpliedCode.NOT_A_NUMBER),
        (5.0, math.nan, True, ImpliedCode.NOT_A_NUMBER),
        (5.0, math.inf, True, ImpliedCode.NOT_A_NUMBER),
        (5.0, 0.0, True, ImpliedCode.NOT_A_NUMBER),
        (5.0, -3.0, False, ImpliedCode.NOT_A_NUMBER),
    ],
)
def test_a_price_no_volatility_can_give_has_a_reason(
    kernel: ModuleType, value: float, strike: float, is_call: bool, code: ImpliedCode
) -> None:
    assert kernel.implied(value, 100.0, strike, 0.5, is_call) == (0.0, code)


def test_an_expired_option_implies_nothing(kernel: ModuleType) -> None:
    assert kernel.implied(5.0, 100.0, 100.0, 0.0, True) == (0.0, ImpliedCode.EXPIRED)
    assert kernel.implied(-5.0, 100.0, 100.0, -1.0, True) == (0.0, ImpliedCode.EXPIRED)
    assert kernel.implied(5.0, 100.0, 100.0, math.nan, True) == (0.0, ImpliedCode.NOT_A_NUMBER)


def test_scaled_error_functions_agree_with_sixty_digits(kernel: ModuleType) -> None:
    """h and t are chosen for z1 = (z2 by -0.2) and z2 = z."""
    for hundredths in [*range(0, 300, 7), 400, 1_000, 5_000, 100_000]:
        z2 = hundredths / 100
        z1 = max(z2 - 0.2, -0.25)
        h = -(z1 + z2) / math.sqrt(2)
        t = (z2 - z1) / math.sqrt(2)

        _, first, second, whole, is_far = kernel.curve(h, t)

        with mpmath.workdps(60):
            exact_1, exact_2 = (
                mpmath.exp(z * z) * mpmath.erfc(z) for z in map(mpmath.mpf, (z1, z2))
            )
        assert not is_far
        assert first == pytest.approx(float(exact_1), rel=2e-15)
        assert second == pytest.approx(float(exact_2), rel=2e-15)
        assert whole == pytest.approx(float(exact_1 - exact_2), rel=1e-13)


def test_compiled_and_interpreted_agree_to_thirteen_digits() -> None:
    fast, slow = compiled(), twin()

    for option, exact in nasty():
        pairs = zip(fast.greeks(*option), slow.greeks(*option), exact.scales, strict=True)
        assert all(abs(ours - theirs) <= 1e-13 * scale for ours, theirs, scale in pairs), option
        forward, strike, years, _, is_call = option
        quote = (exact.greeks[0], forward, strike, years, is_call)
        assert fast.implied(*quote)[0] == pytest.approx(slow.implied(*quote)[0], rel=1e-13)


def test_the_codes_are_those_of_the_door() -> None:
    kernel = twin()

    for code in ImpliedCode:
        name = "IMPLIED" if code is ImpliedCode.OK else code.name
        assert getattr(kernel, name) == code
