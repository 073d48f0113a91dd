import pytest

from strikewire.exchange import FeeRates
from strikewire.exchange.state.clearing import Contract, Position
from strikewire.model import PriceE8, Side, Ticks, instrument
from strikewire.testing.exchange import e8


def contract(name: str) -> Contract:
    return Contract(instrument(name, instrument_id=1))


INVERSE = contract("BTC-PERPETUAL")  # lot 10 USD, tick 0.5 USD
LINEAR = contract("BTC_USDC-PERPETUAL")  # lot 0.001 BTC, tick 0.5 USDC
COIN_CALL = contract("BTC-25DEC26-60000-C")  # lot 0.1 BTC, tick 0.0001 BTC
COIN_PUT = contract("BTC-25DEC26-60000-P")
USDC_CALL = contract("BTC_USDC-25DEC26-60000-C")  # lot 0.01 BTC, tick 5 USDC
USDC_PUT = contract("BTC_USDC-25DEC26-60000-P")
SPOT = contract("BTC_USDC")  # lot 0.0001 BTC, tick 0.5 USDC


@pytest.mark.parametrize(
    ("one", "lots", "ticks", "units"),
    [
        # 1 000 USD at 50 000 USD: 0.02 BTC.
        (INVERSE, 100, 100_000, 2_000_000),
        # 1 000 USD at 60 000 USD: 0.01666666... BTC.
        (INVERSE, 100, 120_000, 1_666_667),
        # 0.01 BTC at 60 000 USDC: 600 USDC.
        (LINEAR, 10, 120_000, 600_000_000),
        # An option on 0.3 BTC at 0.005 BTC: 0.0015 BTC.
        (COIN_CALL, 3, 50, 150_000),
        # An option on 0.01 BTC at 2 000 USDC: 20 USDC.
        (USDC_PUT, 1, 400, 20_000_000),
        # 0.0002 BTC at 60 000 USDC: 12 USDC.
        (SPOT, 2, 120_000, 12_000_000),
    ],
)
def test_the_value_of_a_trade_is_counted_in_what_the_contract_settles_in(
    one: Contract, lots: int, ticks: int, units: int
) -> None:
    assert one.value(lots, Ticks(ticks)) == units


def test_a_value_is_rounded_to_the_nearest_unit_and_a_reserve_up() -> None:
    # 10 USD at 64 000 USD: 15 625.0 units; at 70 000 USD: 14 285.71...; at 60 000: 16 666.67.
    assert INVERSE.value(1, Ticks(128_000)) == INVERSE.value_up(1, Ticks(128_000)) == 15_625
    assert INVERSE.value(3, Ticks(140_000)) == 42_857
    assert INVERSE.value_up(3, Ticks(140_000)) == 42_858


def test_a_futures_taker_pays_a_part_of_the_value_rounded_up() -> None:
    # 0.05 % of 2 000 000 units, and of 1 666 667: 833.3335.
    assert INVERSE.fee(100, 2_000_000, 500, PriceE8(0)) == 1_000
    assert INVERSE.fee(100, 1_666_667, 500, PriceE8(0)) == 834
    assert INVERSE.fee(100, 2_000_000, 0, PriceE8(0)) == 0


def test_a_maker_may_be_paid_and_gets_no_fraction() -> None:
    # -0.01 % of 1 666 667 units is -166.6667.
    assert INVERSE.fee(100, 1_666_667, -100, PriceE8(0)) == -166


@pytest.mark.parametrize(
    ("ticks", "fee"),
    [
        # 0.03 % of 0.1 BTC is 3 000 units, as long as it is not above 12.5 % of the premium:
        (50, 3_000),  # 0.005 * 0.1 BTC = 50 000 units, of which 6 250
        (24, 3_000),  # 24 000 units, of which exactly 3 000
        (23, 2_875),  # 23 000 units, of which 2 875
        (1, 125),  # 1 000 units, of which 125
    ],
)
def test_the_fee_of_a_coin_option_is_capped_by_its_premium(ticks: int, fee: int) -> None:
    premium = COIN_CALL.value(1, Ticks(ticks))

    assert COIN_CALL.fee(1, premium, 300, e8(60_000)) == fee


@pytest.mark.parametrize(
    ("ticks", "fee"),
    [
        # 0.03 % of 0.01 BTC at 60 000 USDC is 0.18 USDC.
        (400, 180_000),  # 20 USDC, of which 2.5
        (1, 6_250),  # 0.05 USDC, of which 0.00625
    ],
)
def test_the_fee_of_a_linear_option_is_a_part_of_the_underlying(ticks: int, fee: int) -> None:
    premium = USDC_PUT.value(1, Ticks(ticks))

    assert USDC_PUT.fee(1, premium, 300, e8(60_000)) == fee


@pytest.mark.parametrize(
    ("one", "price", "paid"),
    [
        (COIN_CALL, 80_000, 2_500_000),  # 20 000 / 80 000 of 0.1 BTC
        (COIN_CALL, 60_000, 0),
        (COIN_CALL, 40_000, 0),
        (COIN_PUT, 50_000, 2_000_000),  # 10 000 / 50 000 of 0.1 BTC
        (COIN_PUT, 60_000, 0),
        (USDC_CALL, 80_000, 200_000_000),  # 20 000 USDC on 0.01 BTC
        (USDC_PUT, 50_000, 100_000_000),  # 10 000 USDC on 0.01 BTC
        (USDC_PUT, 70_000, 0),
    ],
)
def test_an_option_delivers_what_it_is_in_the_money(one: Contract, price: float, paid: int) -> None:
    assert one.delivery(1, e8(price)) == paid
    assert one.delivery(-1, e8(price)) == -paid


def test_a_delivery_is_rounded_down_for_who_gets_and_for_who_gives() -> None:
    # 10 000 / 70 000 of 0.1 BTC is 1 428 571.43 units.
    assert COIN_CALL.delivery(1, e8(70_000)) == 1_428_571
    assert COIN_CALL.delivery(-1, e8(70_000)) == -1_428_572


def test_a_position_is_worth_nothing_at_the_price_it_was_entered_at() -> None:
    position = Position()
    position.trade(INVERSE, Side.SELL, 1, Ticks(120_000), INVERSE.value(1, Ticks(120_000)))

    assert position.entry_value + INVERSE.exit_value(position.size, e8(60_000)) == 0


@pytest.mark.parametrize(
    ("one", "size", "worth", "price"),
    [
        # A coin bought at 50 000 is worth 49 525 at 49 525; a coin sold costs as much there.
        (LINEAR, 1_000, 49_525_000_000, 49_525),
        (LINEAR, -1_000, -50_475_000_000, 50_475),
        (LINEAR, 1_000, -1_000_000, -1),
        # 50 000 dollars are 1.25 coins at 40 000.
        (INVERSE, 5_000, -125_000_000, 40_000),
        (INVERSE, -5_000, 80_000_000, 62_500),
        # An option on 0.3 BTC at 0.005 BTC.
        (COIN_CALL, -3, -150_000, 0.005),
    ],
)
def test_the_price_of_a_worth_is_the_worth_of_a_price_turned_round(
    one: Contract, size: int, worth: int, price: float
) -> None:
    assert one.price_of(size, worth) == e8(price)


def test_at_the_price_of_a_worth_a_position_is_worth_no_less() -> None:
    # 10 000 dollars for 0.333 333 33 coins: 30 000.0003; a hundred millionth more is too much.
    price = INVERSE.price_of(1_000, -33_333_333)

    assert price == 3_000_000_030_001
    assert INVERSE.exit_value(1_000, price) >= -33_333_333
    assert LINEAR.price_of(-3_000, -100_000_000_001) == 3_333_333_333_366


def test_a_short_inverse_future_is_never_worth_nothing() -> None:
    assert INVERSE.price_of(-5_000, 0) is None
    assert INVERSE.price_of(-5_000, -1) is None


def bought(one: Contract, *trades: tuple[Side, int, int]) -> tuple[Position, list[int]]:
    """Return the position that trades (side, lots, ticks) lead to, and their profits."""
    position = Position()
    profits = [
        position.trade(one, side, lots, Ticks(ticks), one.value(lots, Ticks(ticks)))
        for side, lots, ticks in trades
    ]
    return position, profits


def test_closing_part_of_a_linear_long_realises_its_share() -> None:
    # 10 lots for 60 000 each, 4 of them sold for 60 100: 0.004 BTC * 100 USDC.
    position, profits = bought(LINEAR, (Side.BUY, 10, 120_000), (Side.SELL, 4, 120_200))

    assert profits == [0, 400_000]
    assert (
        position.parts
        == Position(
            size=6, entry_value=-360_000_000, average_price=e8(60_000), realized=400_000
        ).parts
    )


def test_a_position_that_turns_realises_all_and_enters_anew() -> None:
    # 6 long from 60 000; 10 sold at 59 000: 0.006 BTC * -1 000 USDC, then 4 short from 59 000.
    position, profits = bought(LINEAR, (Side.BUY, 6, 120_000), (Side.SELL, 10, 118_000))

    assert profits == [0, -6_000_000]
    assert (
        position.parts
        == Position(
            size=-4, entry_value=236_000_000, average_price=e8(59_000), realized=-6_000_000
        ).parts
    )


def test_an_inverse_long_earns_coins_when_the_price_rises() -> None:
    # 1 000 USD: 0.02 BTC at 50 000, 0.016 BTC at 62 500.
    position, profits = bought(INVERSE, (Side.BUY, 100, 100_000), (Side.SELL, 100, 125_000))

    assert profits == [0, 400_000]
    assert (
        position.parts == Position(size=0, entry_value=0, average_price=0, realized=400_000).parts
    )


def test_an_inverse_short_earns_coins_when_the_price_falls() -> None:
    position, profits = bought(INVERSE, (Side.SELL, 100, 125_000), (Side.BUY, 100, 100_000))

    assert profits == [0, 400_000]
    assert position.size == 0


def test_the_average_of_an_inverse_entry_is_dollars_over_coins() -> None:
    # 2 000 USD for 0.02 + 0.016 BTC: 55 555.55555556.
    position, _ = bought(INVERSE, (Side.BUY, 100, 100_000), (Side.BUY, 100, 125_000))

    assert position.average_price == 5_555_555_555_556


def test_the_average_of_a_linear_entry_is_weighted_by_lots() -> None:
    position, _ = bought(LINEAR, (Side.SELL, 1, 120_000), (Side.SELL, 3, 120_400))

    assert position.average_price == e8(60_150)


def test_closing_lots_one_by_one_loses_no_fraction() -> None:
    # 30 USD at 70 000 USD enter at 42 857 units, which is no multiple of 3.
    position, profits = bought(
        INVERSE,
        (Side.BUY, 3, 140_000),
        (Side.SELL, 1, 140_000),
        (Side.SELL, 1, 140_000),
        (Side.SELL, 1, 140_000),
    )

    assert position.entry_value == 0
    # 14 286 are sold three times.
    assert sum(profits) == 42_857 - 3 * 14_286


def test_a_delivered_future_pays_its_entry_and_its_exit() -> None:
    position, _ = bought(INVERSE, (Side.BUY, 100, 100_000))

    assert position.deliver(INVERSE, e8(62_500)) == (-1_600_000, 400_000)
    assert (
        position.parts == Position(size=0, entry_value=0, average_price=0, realized=400_000).parts
    )


FREE = FeeRates(0, 0)


def test_a_spot_order_sets_aside_the_higher_of_both_fees() -> None:
    buy = (Side.BUY, 2, Ticks(120_000))

    assert SPOT.spot_cost(*buy, FeeRates(100, 500)) == ("USDC", 12_006_000)
    assert SPOT.spot_cost(*buy, FeeRates(-100, -500)) == ("USDC", 12_000_000)


def test_a_rebate_on_an_option_is_no_more_than_an_eighth_of_its_premium() -> None:
    premium = 1_000

    assert COIN_CALL.fee(1, premium, -300, e8(60_000)) == -125
    assert COIN_CALL.fee(1, 10**9, -300, e8(60_000)) == -3_000  # of a tenth of a coin


def test_a_rebate_is_rounded_towards_the_venue() -> None:
    assert INVERSE.fee(1, 19_999, -100, e8(60_000)) == -1  # of 1.9999


def test_a_spot_order_gives_quote_for_a_buyer_and_coin_for_a_seller() -> None:
    assert SPOT.spot_cost(Side.BUY, 2, Ticks(120_000), FREE) == ("USDC", 12_000_000)
    assert SPOT.spot_cost(Side.SELL, 2, Ticks(120_000), FREE) == ("BTC", 20_000)
