import math

import pytest

from strikewire.pricing import ArbitrageError, Surface

SURFACES = [
    Surface(),
    Surface(volatility=1.2, volatility_long=0.5, reversion=8.0, rho=-0.7, eta=1.1),
    Surface(volatility=0.2, volatility_long=0.9, reversion=1.0, rho=0.4, eta=1.4),
    Surface(rho=-0.999, eta=1.0),
]
YEARS = [1 / 8760, 1 / 365, 7 / 365, 30 / 365, 0.25, 0.5, 1.0, 2.0]


def test_the_money_follows_the_term_structure() -> None:
    surface = Surface(volatility=0.5, volatility_long=0.8, reversion=3.0)

    near = surface.smile(1e-6).volatility(forward=100.0, strike=100.0, years=1e-6)
    far = surface.smile(200.0).volatility(forward=100.0, strike=100.0, years=200.0)

    assert near == pytest.approx(0.5, abs=1e-4)
    assert far == pytest.approx(0.8, abs=1e-2)


@pytest.mark.parametrize("surface", SURFACES)
def test_no_butterfly_can_be_bought_for_nothing(surface: Surface) -> None:
    """Between ten deviations on both sides, further than any strike that is listed."""
    for years in YEARS:
        smile = surface.smile(years)
        reach = 10 * math.sqrt(surface.variance(years))
        for step in range(-200, 201):
            assert smile.butterfly(reach * step / 200) >= 0.0, (years, step)


@pytest.mark.parametrize("surface", SURFACES)
def test_no_calendar_spread_can_be_bought_for_nothing(surface: Surface) -> None:
    smiles = [surface.smile(years) for years in YEARS]
    for step in range(-100, 101):
        variances = [smile.total_variance(step / 40) for smile in smiles]
        assert variances == sorted(variances)


@pytest.mark.parametrize("surface", SURFACES[:3])
def test_wings_rise_and_stay_within_reason(surface: Surface) -> None:
    """Slopes below 2 (R. Lee's moment formula), volatilities a trader would recognise."""
    for years in YEARS:
        smile = surface.smile(years)
        money = smile.volatility(forward=1.0, strike=1.0, years=years)
        reach = 5 * money * math.sqrt(years)
        for strike in (math.exp(-reach), math.exp(reach)):
            assert 0.3 * money < smile.volatility(forward=1.0, strike=strike, years=years)
            assert smile.volatility(forward=1.0, strike=strike, years=years) < 3 * money
        assert smile.b * (1 + abs(smile.rho)) < 2.0


def test_the_default_makes_puts_dearer_than_calls_and_both_dearer_than_the_money() -> None:
    smile = Surface().smile(30 / 365)
    put, money, call = (
        smile.volatility(forward=60_000.0, strike=strike, years=30 / 365)
        for strike in (45_000.0, 60_000.0, 80_000.0)
    )

    assert put > call > money


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"volatility": 0.0}, "must be above 0"),
        ({"volatility_long": -0.5}, "must be above 0"),
        ({"reversion": 0.0}, "must be above 0"),
        ({"rho": 1.0}, "rho 1.0 is not inside -1 to 1"),
        ({"rho": -0.5, "eta": 1.4}, "breaks eta"),
        ({"eta": 0.0}, "breaks eta"),
        ({"eta": math.nan}, "breaks eta"),
    ],
)
def test_parameters_that_allow_arbitrage_are_refused(
    parameters: dict[str, float], message: str
) -> None:
    with pytest.raises(ArbitrageError, match=message):
        Surface(**parameters)
