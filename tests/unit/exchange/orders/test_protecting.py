from strikewire.exchange.mmp import MmpConfig, MmpTag
from strikewire.exchange.orders.protecting import (
    coins_e8,
    delta_e5,
    exposure,
    is_under,
    protected,
    standing_quotes,
)
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.windows import Exposure
from strikewire.model import Side, Ticks
from strikewire.testing.exchange import ALICE, TradingFloor

CALL = "BTC-25DEC26-60000-C"
INVERSE = "BTC-PERPETUAL"
LINEAR = "BTC_USDC-PERPETUAL"
COIN = 10**8


def market(name: str, **greeks: int) -> Market:
    floor = TradingFloor(name)
    floor.mark(name=name, price=0.05 if name == CALL else 60_000, underlying=60_000, **greeks)
    return floor.exchange._state.markets[floor.id()]


def test_an_amount_of_an_option_or_a_linear_future_is_coins() -> None:
    assert coins_e8(market(CALL), 3, Ticks(500)) == 3 * COIN // 10
    assert coins_e8(market(LINEAR), 3, Ticks(1)) == 3 * COIN // 1_000


def test_an_amount_of_an_inverse_future_is_dollars_by_the_price_rounded_up() -> None:
    # 3 lots are 30 dollars; 120 000 ticks are 60 000 dollars, 140 000 are 70 000.
    assert coins_e8(market(INVERSE), 3, Ticks(120_000)) == 50_000
    assert coins_e8(market(INVERSE), 3, Ticks(140_000)) == 42_858


def test_a_future_has_a_delta_of_one_and_no_vega() -> None:
    one = market(INVERSE)

    assert exposure(one, Side.SELL, 3, Ticks(120_000)) == Exposure(50_000, -50_000, 0)
    assert delta_e5(one) == 100_000


def test_an_option_has_the_greeks_of_its_mark_rounded_half_to_even() -> None:
    one = market(CALL, delta_e5=55_000, vega_e5=12_345_678)

    # A tenth of a coin: 0.055 coins of delta, and 12.345678 dollars a point.
    assert exposure(one, Side.BUY, 1, Ticks(500)) == Exposure(10**7, 5_500_000, 1_234_567_800)
    assert delta_e5(one) == 55_000


def test_a_short_put_gains_delta() -> None:
    one = market(CALL, delta_e5=-45_000)

    assert exposure(one, Side.SELL, 10, Ticks(500)).delta_e8 == 45_000_000


def test_an_option_without_a_mark_has_no_greeks() -> None:
    floor = TradingFloor(CALL)
    one = floor.exchange._state.markets[floor.id()]

    assert exposure(one, Side.BUY, 1, Ticks(500)) == Exposure(10**7, 0, 0)
    assert delta_e5(one) == 0


def test_orders_are_found_by_their_protection() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 1, at=99)
    floor.buy(ALICE, 1, at=98)
    floor.buy(ALICE, 1, at=97)
    state = floor.exchange._state
    account, one = state.accounts[ALICE], state.markets[floor.id()]
    quote, other, plain = account.orders.values()
    quote.mmp, other.mmp = MmpTag("wings", is_quote=True), MmpTag()

    assert protected(account, one, "wings") == [quote]
    assert protected(account, one, "") == [other]
    assert plain.mmp is None
    config = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=1, quantity_e8=1)
    assert is_under(Protection("btc_usdc", "wings", config), one, quote)
    assert not is_under(Protection("btc_usdc", "", config), one, quote)
    assert not is_under(Protection("btc_usd", "wings", config), one, quote)
    assert not is_under(Protection("btc_usdc", "", config), one, plain)
    assert standing_quotes(account, one, "wings") == (quote, None)
    assert standing_quotes(account, one, "") == (None, None)
