import warnings
from typing import Any

import numpy as np
import pytest

from strikewire.pricing import ChainGreeks, Greeks, chain, greeks
from strikewire.testing.pricing import nasty_grid

STRIKES = np.array([50_000.0, 61_800.0, 75_000.0])


def quantlib() -> Any:
    with warnings.catch_warnings():
        # Its SWIG wrapper was made for older Pythons.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("QuantLib")


def test_a_chain_has_the_greeks_of_its_options() -> None:
    table = chain(forwards=61_800.0, strikes=STRIKES, years=0.1, sigmas=0.6, calls=STRIKES > 6e4)

    assert isinstance(table, ChainGreeks)
    assert table._fields == Greeks._fields
    for index, strike in enumerate(STRIKES):
        one = greeks(
            forward=61_800.0, strike=strike, years=0.1, sigma=0.6, is_call=bool(strike > 6e4)
        )
        assert [column[index] for column in table] == pytest.approx(list(one), rel=1e-13)


def test_a_chain_is_written_where_one_says() -> None:
    out = np.empty((9, 3))

    table = chain(forwards=61_800.0, strikes=STRIKES, years=0.1, sigmas=0.6, calls=1, out=out)

    assert np.shares_memory(table.price, out)
    assert out[1].tolist() == table.delta.tolist()


@pytest.mark.parametrize(
    "out", [np.empty((9, 2)), np.empty((3, 9)).T, np.empty((9, 3), dtype=np.float32)]
)
def test_a_table_of_another_form_is_refused(out: Any) -> None:
    with pytest.raises(ValueError, match=r"contiguous and float64 of shape \(9, 3\), not float"):
        chain(forwards=61_800.0, strikes=STRIKES, years=0.1, sigmas=0.6, calls=1, out=out)


def test_a_table_that_cannot_be_written_is_refused() -> None:
    out = np.empty((9, 3))
    out.flags.writeable = False

    with pytest.raises(ValueError, match="out must be writable"):
        chain(forwards=61_800.0, strikes=STRIKES, years=0.1, sigmas=0.6, calls=1, out=out)


def test_an_option_that_there_cannot_be_has_no_numbers_and_spoils_no_other() -> None:
    table = chain(
        forwards=[61_800.0, 0.0, 61_800.0, 61_800.0, 61_800.0, 61_800.0],
        strikes=[60_000.0, 60_000.0, -1.0, np.inf, 60_000.0, 60_000.0],
        years=0.1,
        sigmas=[0.6, 0.6, 0.6, 0.6, -0.1, 0.6],
        calls=True,
    )

    for column in table:
        assert np.isnan(column).tolist() == [False, True, True, True, True, False]
        assert column[0] == column[5]


def test_a_chain_of_unequal_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        chain(forwards=[1.0, 2.0], strikes=STRIKES, years=0.1, sigmas=0.6, calls=1)


def test_an_empty_chain_has_empty_greeks() -> None:
    assert chain(forwards=[], strikes=[], years=[], sigmas=[], calls=[]).price.tolist() == []


def test_quantlib_agrees() -> None:
    """To 1e-9, and 3e-15 of the forward: it subtracts two products that share their digits."""
    library = quantlib()
    options = nasty_grid()[::5]
    forwards, strikes, years, sigmas, calls = zip(*options, strict=True)
    table = chain(forwards=forwards, strikes=strikes, years=years, sigmas=sigmas, calls=calls)
    types = {True: library.Option.Call, False: library.Option.Put}

    for index, (forward, strike, time, sigma, is_call) in enumerate(options):
        payoff = library.PlainVanillaPayoff(types[is_call], strike)
        theirs = library.BlackCalculator(payoff, forward, sigma * time**0.5, 1.0)
        ours = Greeks(*(column[index] for column in table))

        scale = 1e-9 * abs(ours.price) + 3e-15 * forward
        assert ours.price == pytest.approx(theirs.value(), abs=scale)
        assert ours.delta == pytest.approx(theirs.deltaForward(), rel=1e-9, abs=1e-15)
        assert ours.gamma == pytest.approx(theirs.gammaForward(), rel=1e-8, abs=1e-300)
        assert ours.vega == pytest.approx(theirs.vega(time) / 100, rel=1e-9, abs=1e-300)
