from msgspec import UNSET

from strikewire.exchange import CancelReason, Fill, OrderView, TimeInForce
from strikewire.gateway.render import average_price, order, user_trade, user_trades
from strikewire.marketdata import MarketData, restore
from strikewire.model import Instrument, Lots, instrument
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

NEW_YEAR_MS = 1_767_225_600_000


def perpetual() -> TradingFloor:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_000.0)
    return floor


def of(floor: TradingFloor) -> Instrument:
    return floor.exchange.instruments[floor.id()]


def data_of(floor: TradingFloor) -> MarketData:
    return restore(floor.exchange, floor.now_ns)


def filled() -> tuple[TradingFloor, Fill]:
    """Bob sells four lots at the market to Alice's ten at 99 999.5."""
    floor = perpetual()
    floor.buy(ALICE, 10, 199_999, label="mine")
    (fill,) = floor.sell(BOB, 4).fills
    return floor, fill


def test_an_open_order_in_the_units_of_clients() -> None:
    floor = perpetual()
    view = floor.buy(ALICE, 10, 199_999, label="mine", post_only=True).order
    floor.now_ns += 5_000_000
    floor.sell(BOB, 4)

    shown = order(of(floor), floor.order(view.order_id))

    assert (shown.order_id, shown.order_state, shown.order_type) == ("BTC-1", "open", "limit")
    assert (shown.direction, shown.price, shown.time_in_force) == (
        "buy",
        99_999.5,
        "good_til_cancelled",
    )
    assert (shown.amount, shown.filled_amount, shown.contracts) == (100.0, 40.0, 10.0)
    assert (shown.average_price, shown.label) == (99_999.5, "mine")
    assert (shown.post_only, shown.reject_post_only) == (True, False)
    assert (shown.creation_timestamp, shown.last_update_timestamp) == (NEW_YEAR_MS, NEW_YEAR_MS + 5)
    assert shown.cancel_reason is UNSET


def test_a_market_order_has_no_price_of_its_own() -> None:
    floor = perpetual()
    floor.buy(ALICE, 10, 199_999)

    shown = order(of(floor), floor.sell(BOB, 4).order)

    assert (shown.price, shown.order_type, shown.order_state) == (
        "market_price",
        "market",
        "filled",
    )
    assert shown.reject_post_only is UNSET


def test_a_cancelled_order_says_why_where_clients_know_a_word_for_it() -> None:
    floor = perpetual()
    by_hand = floor.cancel(floor.buy(ALICE, 10, 199_999).order.order_id).order
    never_meant_to_wait = floor.buy(ALICE, 10, 199_999, time_in_force=TimeInForce.IOC).order

    assert order(of(floor), by_hand).cancel_reason == "user_request"
    assert never_meant_to_wait.cancel_reason == CancelReason.IMMEDIATE_OR_CANCEL
    assert order(of(floor), never_meant_to_wait).cancel_reason is UNSET


def test_both_sides_of_a_fill_are_shown_to_their_owners_alone() -> None:
    floor, fill = filled()

    (alices,) = user_trades(data_of(floor), fill, ALICE)
    (bobs,) = user_trades(data_of(floor), fill, BOB)

    assert user_trades(data_of(floor), fill, CAROL) == []
    assert (alices.order_id, alices.direction, alices.liquidity) == ("BTC-1", "buy", "M")
    assert (alices.label, alices.state, alices.order_type) == ("mine", "open", "limit")
    assert (bobs.order_id, bobs.direction, bobs.liquidity) == ("BTC-2", "sell", "T")
    assert (bobs.label, bobs.state, bobs.order_type) == (UNSET, "filled", "market")
    assert (alices.fee, bobs.fee_currency) == (0.0, "BTC")
    assert bobs.fee == 0.0000002  # 0.0004 BTC for 40 dollars, of which 0.05 %
    assert alices.trade_id == bobs.trade_id == "BTC-1"
    assert not alices.self_trade


def test_who_meets_himself_sees_both_sides() -> None:
    floor = perpetual()
    floor.buy(ALICE, 10, 199_999)
    (fill,) = floor.sell(ALICE, 4).fills

    trades = user_trades(data_of(floor), fill, ALICE)

    assert [(trade.liquidity, trade.self_trade) for trade in trades] == [("M", True), ("T", True)]


def test_an_option_fill_shows_its_volatility() -> None:
    floor = TradingFloor("BTC-25DEC26-100000-C")
    floor.mark(price=0.1, underlying=100_000.0)
    floor.buy(ALICE, 10, 1_000)
    (fill,) = floor.sell(BOB, 10).fills

    trade = user_trade(data_of(floor), fill, "T")

    assert (trade.iv, trade.price, trade.amount, trade.contracts) == (50.0, 0.1, 1.0, 1.0)


def test_what_ends_cancelled_shows_so_in_its_last_fill() -> None:
    floor = perpetual()
    floor.buy(ALICE, 4, 199_999)
    (fill,) = floor.sell(BOB, 10, 199_999, time_in_force=TimeInForce.IOC).fills

    trade = user_trade(data_of(floor), fill, "T")

    assert trade.state == fill.taker.order_state.value


def test_the_average_of_two_prices() -> None:
    one = instrument("BTC-PERPETUAL", instrument_id=1)

    assert average_price(one, 3 * 200_000 + 1 * 200_004, Lots(4)) == 100_000.5
    assert average_price(one, 0, Lots(0)) == 0.0


def test_ids_of_linear_instruments_carry_the_currency_they_settle_in() -> None:
    floor = TradingFloor("BTC_USDC-PERPETUAL")
    floor.mark(price=100_000.0)
    view: OrderView = floor.buy(ALICE, 10, 199_999).order

    assert order(of(floor), view).order_id == "USDC-1"


def test_who_is_liquidated_sees_so_in_order_and_trade() -> None:
    floor = TradingFloor.at(100_000, "BTC_USDC-PERPETUAL", USDC=100_000_000_000)
    floor.leave(ALICE, "USDC", 1_500_000_000)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000)
    waiting = floor.buy(ALICE, 1, at=90_000).order.order_id
    floor.mark(98_000)
    floor.buy(BOB, 1_000, at=98_000)
    deed = floor.liquidate()

    closing = order(of(floor), deed.order)
    (sold,) = user_trades(data_of(floor), deed.fills[0], ALICE)
    (bought,) = user_trades(data_of(floor), deed.fills[0], BOB)

    assert closing.is_liquidation
    assert (closing.order_type, closing.order_state) == ("limit", "filled")
    assert order(of(floor), floor.order(waiting)).cancel_reason == "autoliquidation"
    assert (sold.order_type, sold.liquidation) == ("liquidation", "T")
    assert (bought.order_type, bought.liquidation) == ("limit", "T")
