from decimal import Decimal

import pytest

from strikewire.model.prices import (
    AmountError,
    PriceRangeError,
    TickSizeError,
    amount_to_lots,
    lots_to_amount,
    lots_to_decimal,
    next_tick_down,
    next_tick_up,
    price_to_ticks,
    price_to_ticks_rounded,
    round_to_tick,
    tick_above,
    ticks_to_decimal,
    ticks_to_e8,
    ticks_to_price,
)
from strikewire.model.sides import Side
from strikewire.model.specifications import instrument
from strikewire.model.units import Lots, Ticks

PERPETUAL = instrument("BTC-PERPETUAL", instrument_id=1)  # tick 0.5, lot 10
OPTION = instrument("BTC-25DEC26-100000-C", instrument_id=2)  # tick 0.0001, 0.0005 above 0.005


def test_a_price_is_counted_in_ticks() -> None:
    assert price_to_ticks(PERPETUAL, Decimal("61234.5")) == 122_469
    assert price_to_ticks(PERPETUAL, Decimal("61234.500")) == 122_469
    assert price_to_ticks(PERPETUAL, Decimal("6E+4")) == 120_000
    assert price_to_ticks(OPTION, Decimal("0.0049")) == 49


def test_above_a_step_only_multiples_of_the_coarser_tick_are_prices() -> None:
    assert price_to_ticks(OPTION, Decimal("0.005")) == 50
    assert price_to_ticks(OPTION, Decimal("0.0055")) == 55

    with pytest.raises(TickSizeError, match=r"price 0\.0051 is not a multiple of the tick 0\.0005"):
        price_to_ticks(OPTION, Decimal("0.0051"))


@pytest.mark.parametrize("price", ["61234.4", "0.25", "1E-999999", "0.5" + "0" * 40 + "1"])
def test_a_price_between_two_ticks_is_refused(price: str) -> None:
    with pytest.raises(TickSizeError) as caught:
        price_to_ticks(PERPETUAL, Decimal(price))

    assert caught.value.price == Decimal(price)
    assert caught.value.tick == Decimal("0.5")


@pytest.mark.parametrize(
    "price", ["0", "-0.5", "50000000.5", "1E+999999", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_a_price_that_nobody_can_mean_is_refused(price: str) -> None:
    with pytest.raises(PriceRangeError) as caught:
        price_to_ticks(PERPETUAL, Decimal(price))
    assert caught.value.highest == Decimal(50_000_000)

    with pytest.raises(PriceRangeError):
        price_to_ticks_rounded(PERPETUAL, Decimal(price), Side.BUY)


def test_a_rounded_price_costs_its_owner_nothing() -> None:
    assert price_to_ticks_rounded(PERPETUAL, Decimal("100.3"), Side.BUY) == 200
    assert price_to_ticks_rounded(PERPETUAL, Decimal("100.3"), Side.SELL) == 201
    assert price_to_ticks_rounded(PERPETUAL, Decimal("100.5"), Side.BUY) == 201
    assert price_to_ticks_rounded(PERPETUAL, Decimal("100.5"), Side.SELL) == 201
    assert price_to_ticks_rounded(OPTION, Decimal("0.0053"), Side.BUY) == 50
    assert price_to_ticks_rounded(OPTION, Decimal("0.0053"), Side.SELL) == 55


def test_a_rounded_price_may_have_any_number_of_digits() -> None:
    third = Decimal("0." + "3" * 60)
    assert price_to_ticks_rounded(OPTION, third, Side.BUY) == 3_330
    assert price_to_ticks_rounded(OPTION, third, Side.SELL) == 3_335
    assert price_to_ticks_rounded(OPTION, Decimal("1E-999999"), Side.BUY) == 0
    assert price_to_ticks_rounded(OPTION, Decimal("1E-999999"), Side.SELL) == 1


def test_a_price_is_shown_as_it_was_written() -> None:
    assert ticks_to_price(PERPETUAL, Ticks(122_469)) == 61_234.5
    assert ticks_to_price(OPTION, Ticks(49)) == 0.0049
    assert ticks_to_decimal(OPTION, Ticks(49)) == Decimal("0.0049")


def test_a_traded_price_is_exact_on_the_scale_of_marks() -> None:
    assert ticks_to_e8(PERPETUAL, Ticks(122_469)) == 6_123_450_000_000
    assert ticks_to_e8(OPTION, Ticks(49)) == 490_000


def test_an_amount_is_counted_in_lots() -> None:
    assert amount_to_lots(PERPETUAL, Decimal(10)) == 1
    assert amount_to_lots(PERPETUAL, Decimal("1E+3")) == 100
    assert amount_to_lots(OPTION, Decimal("0.30")) == 3
    assert amount_to_lots(OPTION, Decimal(1_000_000)) == 10_000_000


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0", "below the minimum of 0.1"),
        ("-0.1", "below the minimum of 0.1"),
        ("0.05", "below the minimum of 0.1"),
        ("NaN", "below the minimum of 0.1"),
        ("sNaN", "below the minimum of 0.1"),
        ("-Infinity", "below the minimum of 0.1"),
        ("0.15", "not a multiple of 0.1"),
        ("0.1" + "0" * 40 + "1", "not a multiple of 0.1"),
        ("1000000.1", "above the maximum of 1000000.0"),
        ("1E+999999", "above the maximum of 1000000.0"),
    ],
)
def test_an_amount_below_off_or_above_the_steps_is_refused(amount: str, reason: str) -> None:
    with pytest.raises(AmountError, match=reason) as caught:
        amount_to_lots(OPTION, Decimal(amount))

    assert str(caught.value.amount) == amount
    assert caught.value.lot == Decimal("0.1")


def test_an_amount_is_shown_as_it_was_written() -> None:
    assert lots_to_amount(OPTION, Lots(3)) == 0.3
    assert lots_to_decimal(OPTION, Lots(3)) == Decimal("0.3")
    assert lots_to_amount(PERPETUAL, Lots(100)) == 1_000


def test_the_tick_at_the_step_itself_is_the_coarser_one() -> None:
    assert tick_above(OPTION, 49) == 1
    assert tick_above(OPTION, 50) == 5
    assert tick_above(PERPETUAL, 10**9) == 1


@pytest.mark.parametrize(
    ("ticks", "down", "up"),
    [(1, 0, 2), (49, 48, 50), (50, 49, 55), (52, 50, 55), (55, 50, 60), (60, 55, 65)],
)
def test_the_next_tick_is_on_the_grid_of_its_own_price(ticks: int, down: int, up: int) -> None:
    assert next_tick_down(OPTION, Ticks(ticks)) == down
    assert next_tick_up(OPTION, Ticks(ticks)) == up


def test_there_is_no_tick_below_zero() -> None:
    assert next_tick_up(OPTION, Ticks(0)) == 1
    with pytest.raises(AssertionError):
        next_tick_down(OPTION, Ticks(0))
    with pytest.raises(AssertionError):
        next_tick_up(OPTION, Ticks(-1))


@pytest.mark.parametrize(
    ("ticks", "buy", "sell"), [(0, 0, 0), (49, 49, 49), (50, 50, 50), (51, 50, 55), (59, 55, 60)]
)
def test_a_buy_is_rounded_down_and_a_sell_up(ticks: int, buy: int, sell: int) -> None:
    assert round_to_tick(OPTION, Ticks(ticks), Side.BUY) == buy
    assert round_to_tick(OPTION, Ticks(ticks), Side.SELL) == sell
