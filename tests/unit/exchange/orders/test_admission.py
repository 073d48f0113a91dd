import pytest

from strikewire.exchange import Reject, TimeInForce
from strikewire.exchange.orders import admission
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor

# BTC-PERPETUAL marked at 50 000 USD. 1 000 lots are 10 000 USD, 0.2 BTC. They need
# 0.2 BTC * (2 % + 0.2 * 0.005 %) = 400 200 units, and cost a taker 0.05 %, 10 000 units.
PERPETUAL = "BTC-PERPETUAL"
MARK = 100_000
MARGIN = 400_200
FEE = 10_000
# Marked at 0.05 BTC over 60 000: a short lot of 0.1 BTC needs 0.02 BTC.
CALL = "BTC-25DEC26-60000-C"
SPOT = "BTC_USDC"


def floor_with(account_cash: int, name: str = PERPETUAL, currency: str = "BTC") -> TradingFloor:
    """Return a floor where Alice has this much and nobody else has to worry."""
    floor = TradingFloor(name)
    if name == CALL:
        floor.mark(name=CALL, price=0.05, underlying=60_000)
    elif name == PERPETUAL:
        floor.mark(MARK)
    floor.leave(ALICE, currency, account_cash)
    return floor


def accepted(deed: Deed) -> bool:
    """Say whether a command was accepted; if not, it was for lack of funds."""
    if deed.is_rejected:
        assert deed.rejected.code is Reject.NOT_ENOUGH_FUNDS
    return not deed.is_rejected


@pytest.mark.parametrize(("cash", "is_accepted"), [(MARGIN, True), (MARGIN - 1, False)])
def test_a_waiting_order_needs_the_margin_of_its_position(cash: int, is_accepted: bool) -> None:
    floor = floor_with(cash)

    deed = floor.buy(ALICE, 1_000, at=MARK)

    assert accepted(deed) is is_accepted


@pytest.mark.parametrize(("cash", "is_accepted"), [(MARGIN + FEE, True), (MARGIN + FEE - 1, False)])
def test_a_taker_needs_its_fee_as_well(cash: int, is_accepted: bool) -> None:
    floor = floor_with(cash)
    floor.sell(BOB, 1_000, at=MARK)

    deed = floor.buy(ALICE, 1_000, at=MARK)

    assert accepted(deed) is is_accepted
    if is_accepted:
        assert floor.summary(ALICE, "BTC").available_funds == 0


# At 50 500 USD the 10 000 USD enter at 19 801 980 units and could leave at 20 000 000: a loss of
# 198 020, and a fee of 9 901.
WORSE = MARGIN + 198_020 + 9_901


@pytest.mark.parametrize(("cash", "is_accepted"), [(WORSE, True), (WORSE - 1, False)])
def test_a_taker_needs_what_it_loses_against_the_mark(cash: int, is_accepted: bool) -> None:
    floor = floor_with(cash)
    floor.sell(BOB, 1_000, at=101_000)

    deed = floor.buy(ALICE, 1_000, at=101_000)

    assert accepted(deed) is is_accepted
    if is_accepted:
        assert floor.summary(ALICE, "BTC").available_funds == 0


def test_only_what_will_trade_is_charged_a_taker_fee() -> None:
    floor = floor_with(MARGIN + FEE // 2)
    floor.sell(BOB, 500, at=MARK)

    assert accepted(floor.buy(ALICE, 1_000, at=MARK))


def test_what_will_not_trade_at_once_needs_nothing_if_it_does_not_wait() -> None:
    floor = floor_with(MARGIN)

    assert accepted(floor.buy(ALICE, 1_000_000, at=MARK, time_in_force=TimeInForce.IOC))
    assert accepted(floor.buy(ALICE, 1_000_000))


def test_an_order_that_can_only_reduce_is_always_allowed() -> None:
    floor = floor_with(MARGIN)
    floor.buy(ALICE, 1_000, at=MARK)
    floor.sell(BOB, 1_000, at=MARK)
    # The price falls, and with it all that Alice had.
    floor.mark(90_000)
    assert floor.summary(ALICE, "BTC").available_funds < 0
    floor.buy(BOB, 1_000, at=80_000)

    assert not accepted(floor.buy(ALICE, 1, at=80_000))
    assert not accepted(floor.sell(ALICE, 2_500, at=80_000))
    assert accepted(floor.sell(ALICE, 1_000, at=80_000))
    assert floor.position(ALICE).size == 0


def test_what_waits_against_the_position_counts_before_an_order_only_reduces() -> None:
    floor = floor_with(MARGIN)
    floor.buy(ALICE, 1_000, at=MARK)
    floor.sell(BOB, 1_000, at=MARK)
    floor.mark(90_000)
    floor.sell(ALICE, 1_000, at=95_000)

    assert not accepted(floor.sell(ALICE, 1_500, at=95_000))
    assert accepted(floor.sell(ALICE, 1_000, at=95_000, reduce_only=True))


@pytest.mark.parametrize(
    # 0.3 BTC at 0.05 BTC; a taker also pays 0.03 % of 0.3 BTC.
    ("cash", "waits", "takes"),
    [(1_509_000, True, True), (1_508_999, True, False), (1_499_999, False, False)],
)
def test_an_option_buyer_needs_the_premium(cash: int, waits: bool, takes: bool) -> None:
    assert accepted(floor_with(cash, CALL).buy(ALICE, 3, at=500)) is waits

    floor = floor_with(cash, CALL)
    floor.sell(BOB, 3, at=500)
    assert accepted(floor.buy(ALICE, 3, at=500)) is takes


@pytest.mark.parametrize(("cash", "is_accepted"), [(6_000_000, True), (5_999_999, False)])
def test_an_option_seller_needs_the_margin_of_what_it_will_be_short(
    cash: int, is_accepted: bool
) -> None:
    floor = floor_with(cash, CALL)

    assert accepted(floor.sell(ALICE, 3, at=500)) is is_accepted


def test_a_premium_received_at_once_helps_to_pay_the_margin() -> None:
    # 3 lots need 6 000 000; they bring 1 500 000 and cost 9 000.
    floor = floor_with(4_509_000, CALL)
    floor.buy(BOB, 3, at=500)

    assert accepted(floor.sell(ALICE, 3, at=500))
    assert floor.summary(ALICE, "BTC").available_funds == 0


def test_an_edited_order_needs_only_the_difference() -> None:
    floor = floor_with(MARGIN)
    floor.buy(ALICE, 500, at=MARK)

    assert accepted(floor.edit(1, 1_000))
    deed = floor.edit(1, 1_001)

    assert deed.rejected.code is Reject.NOT_ENOUGH_FUNDS
    assert floor.order(1).amount == 1_000


def test_a_dearer_option_order_needs_the_difference_in_premium() -> None:
    floor = floor_with(1_500_000, CALL)
    floor.buy(ALICE, 3, at=400)

    assert accepted(floor.edit(1, 3, at=500))
    assert not accepted(floor.edit(1, 3, at=505))


@pytest.mark.parametrize(("cash", "is_accepted"), [(600_000_000, True), (599_999_999, False)])
def test_a_spot_buyer_needs_the_quote_currency(cash: int, is_accepted: bool) -> None:
    # 0.01 BTC at 60 000 USDC.
    floor = floor_with(cash, SPOT, "USDC")

    assert accepted(floor.buy(ALICE, 100, at=120_000)) is is_accepted


@pytest.mark.parametrize(("cash", "is_accepted"), [(1_000_000, True), (999_999, False)])
def test_a_spot_seller_needs_the_coin(cash: int, is_accepted: bool) -> None:
    floor = floor_with(cash, SPOT, "BTC")

    assert accepted(floor.sell(ALICE, 100, at=120_000)) is is_accepted


def test_what_one_spot_order_reserves_is_not_there_for_the_next() -> None:
    floor = floor_with(1_000_000, SPOT, "BTC")
    floor.sell(ALICE, 60, at=120_000)
    assert floor.summary(ALICE, "BTC").spot_reserve == 600_000
    assert floor.summary(ALICE, "BTC").initial_margin == 600_000

    assert not accepted(floor.sell(ALICE, 41, at=120_000))
    assert accepted(floor.sell(ALICE, 40, at=120_000))


def test_profit_on_paper_buys_no_coins() -> None:
    floor = TradingFloor("BTC_USDC-PERPETUAL", SPOT, cash={"USDC": 100_000_000000})
    floor.mark(120_000)
    floor.buy(ALICE, 1_000, at=120_000)
    floor.sell(BOB, 1_000, at=120_000)
    floor.mark(160_000)
    assert floor.summary(ALICE, "USDC").available_funds > 110_000_000000

    # 2 BTC at 60 000 USDC are more than the balance of 100 000.
    assert not accepted(floor.buy(ALICE, 20_000, at=120_000, name=SPOT))
    assert accepted(floor.buy(ALICE, 16_000, at=120_000, name=SPOT))


def test_a_spot_order_that_can_no_longer_be_paid_is_cancelled_when_its_turn_comes() -> None:
    floor = TradingFloor(CALL, SPOT, cash={"BTC": 20_000_000})
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    # Alice is short one option on 1 BTC, needs 0.2 BTC for it, and has got 0.05 BTC.
    floor.sell(ALICE, 10, at=500)
    floor.buy(BOB, 10, at=500)
    floor.sell(ALICE, 490, at=120_000, name=SPOT)
    floor.sell(CAROL, 100, at=120_500, name=SPOT)
    # It expires at 240 000 USD, and costs her 0.75 BTC.
    floor.expire(CALL)
    floor.settle(CALL, 240_000)
    assert floor.summary(ALICE, "BTC").balance < 0

    deed = floor.buy(BOB, 100, at=121_000, name=SPOT, time_in_force=TimeInForce.FOK)

    assert deed.trades == [(120_500, 100)]
    # The fills come first: an iceberg may have had some before its owner's money ran out.
    assert [(view.order_id, view.cancel_reason) for view in deed.orders] == [
        (4, ""),
        (3, "insufficient_funds"),
        (5, ""),
    ]


def test_a_fill_or_kill_order_does_not_count_on_orders_that_will_be_cut_back() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 10, at=100)
    floor.sell(BOB, 10, at=100)
    # Alice is 10 long. Once the first order has filled, there is nothing left to reduce.
    floor.sell(ALICE, 10, at=101)
    floor.sell(ALICE, 10, at=102, reduce_only=True)

    deed = floor.buy(CAROL, 15, at=102, time_in_force=TimeInForce.FOK)

    assert deed.fills == []
    assert deed.order.cancel_reason == "fill_or_kill"
    assert floor.buy(CAROL, 10, at=102, time_in_force=TimeInForce.FOK).trades == [(101, 10)]


def test_too_many_open_orders_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "OPEN_ORDERS_MAX", 3)
    monkeypatch.setattr(admission, "OPEN_ORDERS_INSTRUMENT_MAX", 2)
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    floor.mark(MARK)
    floor.mark(MARK, name="ETH-PERPETUAL")
    floor.buy(ALICE, 1, at=MARK - 1)
    floor.buy(ALICE, 1, at=MARK - 1)

    deed = floor.buy(ALICE, 1, at=MARK - 1)
    assert deed.rejected.code is Reject.TOO_MANY_ORDERS
    assert deed.rejected.reason == "max_open_orders_per_instrument"
    assert not floor.buy(ALICE, 1, at=MARK - 1, name="ETH-PERPETUAL").is_rejected
    deed = floor.buy(ALICE, 1, at=MARK - 1, name="ETH-PERPETUAL")

    assert deed.rejected.code is Reject.TOO_MANY_ORDERS
    assert deed.rejected.reason == "max_open_orders_per_account"
    # What does not wait is not counted, nor is an edit.
    assert not floor.buy(ALICE, 1, at=MARK, time_in_force=TimeInForce.IOC).is_rejected
    assert not floor.edit(1, 2).is_rejected


def test_a_position_that_could_become_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "POSITION_LOTS_MAX", 100)
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 40, at=100)
    floor.sell(BOB, 40, at=100)
    floor.buy(ALICE, 50, at=99)

    assert floor.buy(ALICE, 11, at=99).rejected.code is Reject.POSITION_TOO_LARGE
    assert not floor.buy(ALICE, 10, at=99).is_rejected
    # The other way it may go as far from the other end.
    assert not floor.sell(ALICE, 140, at=101).is_rejected
    assert floor.sell(ALICE, 1, at=101).rejected.code is Reject.POSITION_TOO_LARGE
    # An edit counts for what it adds.
    assert floor.edit(3, 51).rejected.code is Reject.POSITION_TOO_LARGE
    assert not floor.edit(3, 50, at=98).is_rejected


def test_trading_with_oneself_costs_both_fees_and_needs_no_margin() -> None:
    floor = floor_with(MARGIN + FEE)
    floor.sell(ALICE, 1_000, at=MARK)

    assert accepted(floor.buy(ALICE, 1_000, at=MARK))
    assert floor.summary(ALICE, "BTC").balance == MARGIN
    assert floor.summary(ALICE, "BTC").initial_margin == 0
