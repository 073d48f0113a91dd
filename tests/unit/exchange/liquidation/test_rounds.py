"""A round of liquidation: who is locked, what is cancelled, and when it is over."""

import pytest

from strikewire.exchange import (
    INSURANCE_FUND,
    CancelReason,
    ChangeMarginModel,
    Event,
    Exchange,
    Liquidate,
    LockChanged,
    MarginModel,
    OrderState,
    Reject,
    Verdict,
    Withdraw,
)
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

PERPETUAL = "BTC_USDC-PERPETUAL"
USDC = 10**6


def one_coin_long(cash: int = 1_500) -> TradingFloor:
    """Return a floor where Alice is one coin long from Bob at 50,000, with little behind it.

    She paid 25 for the trade. Ticks are of 0.5, lots of 0.001 coins.
    """
    floor = TradingFloor.at(100_000, PERPETUAL, USDC=100_000 * USDC)
    floor.leave(ALICE, "USDC", cash * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    return floor


def locks(events: tuple[Event, ...]) -> list[tuple[AccountId, bool]]:
    return [(e.account_id, e.is_locked) for e in events if isinstance(e, LockChanged)]


def test_who_covers_the_maintenance_margin_is_left_alone() -> None:
    floor = one_coin_long()
    # 1,475 less 980 against 1 % and 0.005 % of 49,020.
    floor.mark(98_040)

    before = floor.exchange.state_hash()

    assert floor.summary(ALICE, "USDC").margin_balance == 495_000_000
    assert floor.summary(ALICE, "USDC").maintenance_margin == 492_651_000
    assert not floor.exchange.is_liquidation_due
    assert floor.liquidate().events == ()
    assert floor.exchange.state_hash() == before


def test_who_does_not_is_locked_and_loses_the_orders_first() -> None:
    floor = one_coin_long()
    waiting = floor.buy(ALICE, 1, at=90_000).order.order_id
    floor.mark(98_000)

    deed = floor.liquidate()

    assert locks(deed.events) == [(ALICE, True)]
    assert floor.exchange.is_locked(ALICE)
    cancelled = floor.order(waiting)
    assert (cancelled.state, cancelled.cancel_reason) == (
        OrderState.CANCELLED,
        CancelReason.AUTOLIQUIDATION,
    )
    # Nobody buys: the position waits for the next round.
    assert floor.position(ALICE).size == 1_000
    assert floor.exchange.is_liquidation_due


@pytest.mark.parametrize("what", ["place", "edit", "withdraw", "margin model"])
def test_a_locked_account_can_do_nothing_that_risks_more(what: str) -> None:
    floor = one_coin_long()
    other = floor.list("BTC-PERPETUAL")
    floor.mark(98_000, name="BTC-PERPETUAL")
    kept = floor.buy(ALICE, 1, at=97_000, name="BTC-PERPETUAL").order.order_id
    floor.mark(98_000)
    floor.liquidate()

    if what == "place":
        deed = floor.sell(ALICE, 1, at=98_000, reduce_only=True)
    elif what == "edit":
        deed = floor.edit(kept, 1, at=96_000)
    elif what == "withdraw":
        deed = type(floor.cancel(kept))(floor.apply(Withdraw(ALICE, "BTC", Units(1))))
    else:
        change = ChangeMarginModel(ALICE, MarginModel.STANDARD)
        deed = type(floor.cancel(kept))(floor.apply(change))

    assert other != floor.id()
    assert (deed.rejected.code, deed.rejected.reason) == (Reject.LOCKED, "account_in_liquidation")


def test_orders_in_a_currency_that_is_not_lacking_stay_and_can_be_cancelled() -> None:
    floor = one_coin_long()
    floor.list("BTC-PERPETUAL")
    floor.mark(98_000, name="BTC-PERPETUAL")
    kept = floor.buy(ALICE, 1, at=97_000, name="BTC-PERPETUAL").order.order_id
    floor.mark(98_000)

    floor.liquidate()

    assert floor.order(kept).state is OrderState.OPEN
    floor.cancel(kept).expect_accepted()


def test_spot_orders_that_would_spend_the_lacking_currency_are_cancelled() -> None:
    floor = one_coin_long()
    floor.list("BTC_USDC")
    buying = floor.buy(ALICE, 1, at=90_000, name="BTC_USDC").order.order_id
    selling = floor.sell(ALICE, 1, at=200_000, name="BTC_USDC").order.order_id
    floor.mark(98_000)

    floor.liquidate()

    assert floor.order(buying).cancel_reason == CancelReason.AUTOLIQUIDATION
    assert floor.order(selling).state is OrderState.OPEN


def test_a_deposit_is_taken_and_the_next_round_unlocks() -> None:
    floor = one_coin_long()
    floor.mark(98_000)
    floor.liquidate()
    floor.mark(98_100)

    deed = floor.liquidate()

    assert locks(deed.events) == [(ALICE, False)]
    assert floor.position(ALICE).size == 1_000
    floor.sell(ALICE, 1, at=98_100, reduce_only=True).expect_accepted()


def test_rounds_close_a_tenth_of_what_is_left_until_the_margin_is_restored() -> None:
    floor = one_coin_long()
    floor.mark(98_020)
    floor.buy(CAROL, 10_000, at=98_020)
    sizes = []

    while floor.exchange.is_liquidation_due:
        floor.liquidate()
        sizes.append(floor.position(ALICE).size)

    # 485.00 against 492.55. A lot of 49.01 frees 0.495 of the need and costs 0.05 and 0.75 % of
    # itself, 0.392: seventy-four of them bring the two together.
    assert sizes == [926]
    alice = floor.summary(ALICE, "USDC")
    assert alice.margin_balance >= alice.maintenance_margin
    # One lot less would not have done.
    assert alice.margin_balance - alice.maintenance_margin < 103_000
    assert not floor.exchange.is_locked(ALICE)


def test_orders_of_all_who_are_under_water_go_before_anything_is_closed() -> None:
    floor = one_coin_long()
    floor.leave(CAROL, "USDC", 1_500 * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(CAROL, 1_000, at=100_000).expect_accepted()
    floor.buy(CAROL, 1, at=97_990).expect_accepted()
    floor.mark(98_000)

    deed = floor.liquidate()

    assert deed.fills == []
    assert sorted(locks(deed.events)) == [(ALICE, True), (CAROL, True)]


def test_an_order_of_a_liquidation_and_its_fills_say_so() -> None:
    floor = one_coin_long()
    floor.mark(98_000)
    bid = floor.buy(CAROL, 10_000, at=98_000).order

    deed = floor.liquidate()

    (fill,) = deed.fills
    assert fill.taker.is_liquidation
    assert fill.taker.account_id == ALICE
    assert not fill.maker.is_liquidation
    closing = deed.order
    assert closing.is_liquidation
    assert closing.reduce_only
    assert (closing.state, closing.side) == (OrderState.FILLED, -1)
    assert not floor.order(bid.order_id).is_liquidation


def test_portfolios_are_reduced_alike_by_the_part_of_the_need_that_is_lacking() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "BTC-25DEC26", cash={"BTC": 1_00000000})
    for name in ("BTC-PERPETUAL", "BTC-25DEC26"):
        floor.mark(100_000, name=name)
        floor.buy(BOB, 10_000, at=100_000, name=name)
        floor.sell(BOB, 10_000, at=100_010, name=name)
    floor.sell(ALICE, 1_000, at=100_000, name="BTC-PERPETUAL").expect_accepted()
    floor.buy(ALICE, 500, at=100_010, name="BTC-25DEC26").expect_accepted()
    equity = floor.summary(ALICE, "BTC").equity
    told(floor, maintenance=equity)
    # 5 % of the need is lacking.
    need = equity * 20 // 19 + 1
    basis = floor.exchange.changes(ALICE)

    floor.apply(Liquidate(((ALICE, "BTC", Verdict(basis, Units(need), Units(need))),)))

    assert floor.exchange.is_locked(ALICE)
    assert floor.position(ALICE, "BTC-PERPETUAL").size == -949
    assert floor.position(ALICE, "BTC-25DEC26").size == 474
    # The old verdict was overtaken by these trades: without a fresh one nothing is closed.
    assert floor.liquidate().fills == []
    basis = floor.exchange.changes(ALICE)
    floor.apply(Liquidate(((ALICE, "BTC", Verdict(basis, Units(1), Units(1))),)))
    assert not floor.exchange.is_locked(ALICE)


def told(floor: TradingFloor, *, maintenance: int) -> None:
    basis = floor.exchange.changes(ALICE)
    need = Verdict(basis, Units(maintenance), Units(maintenance))
    floor.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO, (("BTC", need),)))
    assert floor.exchange.margin_model(ALICE) is MarginModel.PORTFOLIO


def test_the_fund_trades_only_in_rounds() -> None:
    floor = one_coin_long()

    assert floor.buy(INSURANCE_FUND, 1, at=100_000).rejected.code is Reject.LOCKED


def test_a_locked_account_is_locked_after_a_restart() -> None:
    floor = one_coin_long()
    floor.mark(98_000)
    floor.liquidate()

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.is_locked(ALICE)
    assert not restored.is_locked(BOB)
    assert not restored.is_locked(AccountId(99))
    assert restored.state_hash() == floor.exchange.state_hash()


def test_a_round_may_be_about_some_accounts_alone() -> None:
    floor = one_coin_long()
    floor.mark(98_000)
    exchange = floor.exchange
    assert exchange.account_ids == [ALICE, BOB, CAROL]
    assert exchange.look_over([CAROL, ALICE, AccountId(99), INSURANCE_FUND]) == [ALICE]

    floor.apply(Liquidate((), ()))
    floor.apply(Liquidate((), (BOB, AccountId(99), INSURANCE_FUND)))
    before = exchange.is_locked(ALICE)
    floor.apply(Liquidate((), (ALICE,)))

    assert (before, exchange.is_locked(ALICE)) == (False, True)
    # It stays locked as long as nobody looks.
    floor.mark(100_000)
    floor.apply(Liquidate((), ()))
    assert exchange.in_liquidation == [ALICE]
