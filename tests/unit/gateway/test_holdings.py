import pytest
from msgspec import UNSET

from strikewire.gateway.holdings import exposure_of, max_leverage, portfolio, position
from strikewire.marketdata import option_greeks
from strikewire.model import AccountId, instrument
from strikewire.testing.exchange import ALICE, BOB, START_NS
from strikewire.testing.marketdata import Street

CALL = "BTC-25DEC26-100000-C"


def traded() -> Street:
    """Alice holds 40 dollars of the perpetual and is short half a call, both against Bob."""
    street = Street("BTC-PERPETUAL", CALL)
    street.mark(price=100_000.0)
    street.mark(name=CALL, price=0.1, underlying=100_000.0)
    street.buy(ALICE, 4, 200_000)
    street.sell(BOB, 4)
    street.sell(ALICE, 5, 1_000, name=CALL)
    street.buy(BOB, 5, name=CALL)
    street.mark(price=101_000.0, underlying=100_000.0)
    return street


def test_a_long_future_is_shown_with_its_profit_and_its_size_in_coins() -> None:
    street = traded()

    shown = position(street.market(), street.position(ALICE))

    assert (shown.instrument_name, shown.kind, shown.direction) == (
        "BTC-PERPETUAL",
        "future",
        "buy",
    )
    assert (shown.size, shown.average_price, shown.mark_price) == (40.0, 100_000.0, 101_000.0)
    assert shown.size_currency == 40 / 101_000
    assert shown.delta == round(40 / 101_000, 8)
    # Entered at 40 / 100 000, worth 40 / 101 000: half even of 396.04 units.
    assert shown.floating_profit_loss == 0.00000396
    assert shown.total_profit_loss == 0.00000396
    assert (shown.leverage, shown.gamma) == (50, UNSET)


def test_a_short_option_has_the_greeks_of_all_its_contracts() -> None:
    street = traded()
    greeks = option_greeks(street.market(CALL), START_NS)

    shown = position(street.market(CALL), street.position(ALICE, CALL))

    assert (shown.direction, shown.size) == ("sell", -0.5)
    assert shown.delta == pytest.approx(-0.5 * greeks.delta, abs=1e-8)
    assert shown.vega == pytest.approx(-0.5 * greeks.vega)
    assert shown.size_currency is UNSET
    assert shown.leverage is UNSET


def test_a_flat_position_has_no_direction() -> None:
    street = Street("BTC-PERPETUAL")

    shown = position(street.market(), street.position(ALICE))

    assert (shown.direction, shown.size, shown.delta) == ("zero", 0.0, 0.0)


def test_a_portfolio_adds_up_as_its_documentation_says() -> None:
    street = traded()

    shown = portfolio(street.data, street.summary(ALICE, "BTC"), street.exchange.positions(ALICE))

    assert shown.equity == pytest.approx(
        shown.balance + shown.session_rpl + shown.session_upl + shown.options_value, abs=1e-7
    )
    assert shown.margin_balance == pytest.approx(
        shown.balance + shown.session_rpl + shown.session_upl, abs=1e-7
    )
    assert shown.available_funds == pytest.approx(
        shown.margin_balance - shown.initial_margin, abs=1e-7
    )
    assert shown.session_upl == 0.00000396
    assert shown.total_pl == pytest.approx(shown.futures_pl + shown.options_pl, abs=1e-8)


def test_the_delta_of_a_coins_option_is_less_by_the_premium_it_was_paid_in() -> None:
    street = traded()
    greeks = option_greeks(street.market(CALL), START_NS)

    shown = portfolio(street.data, street.summary(ALICE, "BTC"), street.exchange.positions(ALICE))

    assert shown.options_delta == pytest.approx(-0.5 * greeks.delta, abs=1e-8)
    expected = 40 / 101_000 - 0.5 * (greeks.delta - 0.1)
    assert shown.delta_total == pytest.approx(expected, abs=1e-8)
    assert shown.delta_total_map == {"btc_usd": pytest.approx(expected, abs=1e-8)}
    assert shown.options_vega_map == {"btc_usd": pytest.approx(-0.5 * greeks.vega, abs=1e-8)}


def test_positions_of_another_currency_do_not_count() -> None:
    street = traded()

    shown = portfolio(street.data, street.summary(ALICE, "USDC"), street.exchange.positions(ALICE))

    assert (shown.currency, shown.delta_total, shown.options_vega_map) == ("USDC", 0.0, {})


def test_without_a_mark_nothing_moves() -> None:
    street = Street("BTC-PERPETUAL")

    assert exposure_of(street.market(), street.position(AccountId(1))) == (0, 0, 0, 0, 0)


def test_leverage_is_what_the_margin_rates_allow() -> None:
    assert max_leverage(instrument("BTC-PERPETUAL", instrument_id=1)) == 50
    assert max_leverage(instrument("SOL_USDC-PERPETUAL", instrument_id=1)) == 25
