from strikewire.exchange import MmpConfig
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.windows import Exposure
from strikewire.model import NS_PER_S

COIN = 10**8
CONFIG = MmpConfig(
    interval_s=10,
    frozen_s=30,
    max_quote_quantity_e8=COIN,
    quantity_e8=10 * COIN,
    delta_e8=5 * COIN,
    vega_e8=100 * COIN,
)


def protection(**changes: int) -> Protection:
    fields = {name: getattr(CONFIG, name) for name in CONFIG.__struct_fields__}
    return Protection("btc_usd", "wings", MmpConfig(**(fields | changes)))


def count(one: Protection, at_s: int, coins: int, delta: int = 0, vega: int = 0) -> bool:
    return one.count(at_s * NS_PER_S, traded(coins, delta, vega))


def traded(coins: int, delta: int = 0, vega: int = 0) -> Exposure:
    return Exposure(coins * COIN, delta * COIN, vega * COIN)


def test_what_is_traded_adds_up_until_a_limit_is_reached() -> None:
    one = protection()

    assert not count(one, 0, 4)
    assert not count(one, 5, 5)
    assert count(one, 9, 1)


def test_the_interval_ends_with_each_trade_and_has_no_borders() -> None:
    one = protection()

    assert not count(one, 7, 1)
    assert not count(one, 16, 8)
    assert not count(one, 17, 1)
    assert one.status().quantity_e8 == 9 * COIN  # Of 16 s and 17 s; that of 7 s has just left.
    assert count(one, 25, 1)
    assert one.status().quantity_e8 == 10 * COIN


def test_a_trade_an_interval_old_is_counted_no_more() -> None:
    one = protection()

    assert not count(one, 7, 9, delta=4, vega=-99)
    assert not count(one, 17, 9, delta=4, vega=-99)
    assert (one.status().delta_e8, one.status().vega_e8) == (4 * COIN, -99 * COIN)


def test_another_interval_is_in_force_at_the_next_trade() -> None:
    one = protection()
    count(one, 0, 4)
    count(one, 6, 4)

    one.configure(protection(interval_s=3).config)

    assert one.status().quantity_e8 == 8 * COIN
    assert not count(one, 8, 4)
    assert one.status().quantity_e8 == 8 * COIN


def test_bought_and_sold_delta_cancel_out_and_either_side_may_reach_the_limit() -> None:
    one = protection()

    assert not count(one, 0, 1, delta=4)
    assert not count(one, 0, 1, delta=-4)
    assert count(one, 0, 1, delta=-5)


def test_vega_has_a_limit_of_its_own() -> None:
    one = protection()

    assert not count(one, 0, 1, vega=-99)
    assert count(one, 0, 1, vega=-1)


def test_a_limit_of_zero_is_none() -> None:
    one = protection(quantity_e8=0)

    assert not count(one, 0, 1_000_000)


def test_it_is_frozen_for_its_time_and_then_counts_from_zero() -> None:
    one = protection()
    count(one, 0, 10)

    assert one.is_frozen(30 * NS_PER_S - 1)
    assert not one.is_frozen(30 * NS_PER_S)
    assert not count(one, 30, 9)
    assert not one.is_triggered


def test_without_a_time_it_is_frozen_until_it_is_reset() -> None:
    one = protection(frozen_s=0)
    count(one, 0, 10)

    assert one.is_frozen(10**18)
    one.reset()
    assert not one.is_frozen(NS_PER_S)
    assert not count(one, 1, 9)


def test_what_comes_of_the_same_sweep_does_not_trigger_twice() -> None:
    one = protection()

    assert count(one, 0, 10)
    assert not count(one, 0, 10)
    assert one.status().quantity_e8 == 10 * COIN


def test_it_bears_trades_on_none_of_which_it_would_act() -> None:
    one = protection()
    count(one, 0, 4, delta=3, vega=50)
    before = one.status(), list(one.window.parts)

    at_ns = 9 * NS_PER_S
    assert one.bears(at_ns, traded(5, 1, 49))
    assert not one.bears(at_ns, traded(6))
    assert not one.bears(at_ns, traded(1, 2))
    assert not one.bears(at_ns, traded(1, 0, 50))
    assert one.bears(10 * NS_PER_S, traded(9, 4, 99))  # what was traded at 0 s has left then
    assert (one.status(), list(one.window.parts)) == before


def test_it_bears_nothing_once_it_has_acted() -> None:
    one = protection()
    count(one, 0, 10)

    assert not one.bears(0, traded(0))
    assert not one.bears(30 * NS_PER_S, traded(0))  # its time is over, but who counts has to say so
