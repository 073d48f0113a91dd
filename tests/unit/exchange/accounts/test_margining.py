"""Portfolio margin is told to the exchange, in whole numbers, and it holds accounts to them."""

from typing import Any

import pytest

from strikewire.exchange import (
    BalanceChanged,
    ChangeMarginModel,
    CreateSubaccount,
    Deposit,
    EditOrder,
    Exchange,
    MarginModel,
    PlaceOrder,
    Reject,
    Rejected,
    SetVerdicts,
    TimeInForce,
    Transfer,
    Verdict,
    Withdraw,
    decode,
    encode,
)
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

PERPETUAL, CALL = "BTC-PERPETUAL", "BTC-25DEC26-100000-C"
BTC = 1_00000000
PORTFOLIO, STANDARD = MarginModel.PORTFOLIO, MarginModel.STANDARD


def floor() -> TradingFloor:
    made = TradingFloor(PERPETUAL, CALL, cash={"BTC": BTC})
    made.mark(price=100_000.0)
    made.mark(name=CALL, price=0.1, underlying=100_000.0)
    return made


def verdict(made: TradingFloor, initial: int, *, account: AccountId = ALICE) -> Verdict:
    return Verdict(made.exchange.changes(account), Units(initial), Units(initial * 4 // 5))


def switch(made: TradingFloor, initial: int, *, account: AccountId = ALICE) -> object:
    told = (("BTC", verdict(made, initial, account=account)),)
    return made.apply(ChangeMarginModel(account, PORTFOLIO, told))


def order(
    made: TradingFloor,
    initial: int | None,
    *,
    side: Side = Side.BUY,
    lots: int = 100,
    price: int = 200_000,
    name: str = PERPETUAL,
    **more: object,
) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=made.id(name),
        side=side,
        amount=Lots(lots),
        price=Ticks(price),
        verdict=None if initial is None else verdict(made, initial),
        **more,  # type: ignore[arg-type]  # further fields by name
    )


def reason(events: object) -> tuple[Reject, str]:
    assert isinstance(events, tuple)
    (rejected,) = events
    assert isinstance(rejected, Rejected)
    return rejected.code, rejected.reason


def test_an_account_begins_with_standard_margin() -> None:
    made = floor()

    assert made.exchange.margin_model(ALICE) is STANDARD
    assert made.exchange.margin_model(AccountId(99)) is None
    assert made.exchange.changes(AccountId(99)) == 0


def test_what_is_told_is_what_is_needed() -> None:
    made = floor()

    events = switch(made, BTC // 4)

    assert isinstance(events, tuple)
    assert BalanceChanged(ALICE, "BTC") in events
    assert made.exchange.margin_model(ALICE) is PORTFOLIO
    summary = made.summary(ALICE, "BTC")
    assert summary.initial_margin == BTC // 4
    assert summary.maintenance_margin == BTC // 5
    assert summary.available_funds == 3 * BTC // 4
    assert summary.available_withdrawal_funds == 3 * BTC // 4


@pytest.mark.parametrize(("model", "initial"), [(STANDARD, 0), (MarginModel.CROSS, BTC // 20)])
def test_what_another_model_would_need_is_told_without_the_verdict(
    model: MarginModel, initial: int
) -> None:
    made = floor()
    switch(made, BTC // 4)

    summary = made.exchange.summary(ALICE, "BTC", model)

    assert summary is not None
    assert (summary.initial_margin, summary.maintenance_margin) == (initial, 0)
    assert made.summary(ALICE, "BTC").initial_margin == BTC // 4


def test_a_switch_that_cannot_be_afforded_is_refused() -> None:
    made = floor()

    assert reason(switch(made, BTC + 1)) == (
        Reject.NOT_ENOUGH_FUNDS,
        "not_enough_funds_in_BTC",
    )
    assert made.exchange.margin_model(ALICE) is STANDARD
    assert made.summary(ALICE, "BTC").initial_margin == 0


def test_a_switch_back_is_judged_by_standard_margin() -> None:
    made = floor()
    switch(made, 0)
    # 50 BTC of the perpetual: standard margin wants more than a coin, the verdict is half of one.
    made.apply(order(made, BTC // 2, lots=500_000))

    assert reason(made.apply(ChangeMarginModel(ALICE, STANDARD))) == (
        Reject.NOT_ENOUGH_FUNDS,
        "not_enough_funds_in_BTC",
    )

    made.cancel(OrderId(1))
    made.apply(ChangeMarginModel(ALICE, STANDARD))
    assert made.exchange.margin_model(ALICE) is STANDARD
    assert made.summary(ALICE, "BTC").initial_margin == 0


def test_an_order_is_admitted_by_its_verdict() -> None:
    made = floor()
    switch(made, 0)

    assert reason(made.apply(order(made, BTC + 1)))[0] is Reject.NOT_ENOUGH_FUNDS

    made.apply(order(made, BTC))
    summary = made.summary(ALICE, "BTC")
    assert summary.initial_margin == BTC
    assert summary.available_funds == 0


def test_an_order_without_a_verdict_or_with_a_stale_one_is_to_be_tried_again() -> None:
    made = floor()
    switch(made, 0)
    late = order(made, 1_000)
    made.apply(order(made, 1_000))

    assert reason(made.apply(order(made, None))) == (Reject.RETRY, "no_margin_verdict")
    assert reason(made.apply(late)) == (Reject.RETRY, "margin_verdict_of_0_at_1")
    assert reason(made.apply(order(made, -1))) == (
        Reject.INVALID_ARGUMENTS,
        "negative_margin_verdict",
    )


def test_a_fill_by_somebody_else_makes_a_verdict_stale() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, 1_000))
    late = order(made, 1_000)

    made.sell(BOB, 10, at=200_000)

    assert reason(made.apply(late)) == (Reject.RETRY, "margin_verdict_of_1_at_2")


def test_who_is_under_water_may_do_what_does_not_make_it_worse() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, 1_000))
    made.apply(SetVerdicts(((ALICE, "BTC", verdict(made, 2 * BTC)),)))
    assert made.summary(ALICE, "BTC").available_funds == -BTC

    assert reason(made.apply(order(made, 2 * BTC + 1)))[0] is Reject.NOT_ENOUGH_FUNDS
    made.apply(order(made, 2 * BTC))

    assert len(made.exchange.open_orders(ALICE)) == 2


def test_reducing_is_no_exception_for_it_may_have_been_a_hedge() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, 1_000))
    made.sell(BOB, 100, at=200_000)
    made.buy(BOB, 100, at=200_000)

    closing = order(made, 2 * BTC, side=Side.SELL, reduce_only=True)

    assert reason(made.apply(closing))[0] is Reject.NOT_ENOUGH_FUNDS


def test_options_count_at_their_worth() -> None:
    made = floor()
    switch(made, 0)
    made.sell(BOB, 10, at=1_000, name=CALL)

    # A coin of the call for 0.1: the mark is 0.1, so nothing but the fee is lost.
    made.apply(order(made, 9 * BTC // 10, lots=10, price=1_000, name=CALL))

    summary = made.summary(ALICE, "BTC")
    assert summary.options_value == BTC // 10
    assert summary.equity == summary.balance + BTC // 10
    assert summary.available_funds == summary.equity - 9 * BTC // 10


def test_new_verdicts_come_with_new_marks_and_those_overtaken_are_passed_over() -> None:
    made = floor()
    switch(made, 1_000)
    stale = verdict(made, 5_000)
    made.apply(order(made, 2_000))

    unheard = made.apply(
        SetVerdicts(
            (
                (ALICE, "BTC", stale),
                (ALICE, "NOPE", verdict(made, 1)),
                (BOB, "BTC", verdict(made, 1, account=BOB)),
                (AccountId(99), "BTC", Verdict(0, Units(1), Units(1))),
            )
        )
    )
    heard = made.apply(SetVerdicts(((ALICE, "BTC", verdict(made, 3_000)),)))

    assert unheard == ()
    assert heard == (BalanceChanged(ALICE, "BTC"),)
    assert made.summary(ALICE, "BTC").initial_margin == 3_000
    assert made.summary(BOB, "BTC").initial_margin == 0


def test_an_edit_that_asks_for_more_needs_a_verdict_and_one_for_less_does_not() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, 1_000))

    def edit(lots: int, told: Verdict | None = None) -> EditOrder:
        return EditOrder(account_id=ALICE, order_id=OrderId(1), amount=Lots(lots), verdict=told)

    assert reason(made.apply(edit(200))) == (Reject.RETRY, "no_margin_verdict")
    made.apply(edit(200, verdict(made, 2_000)))
    assert made.summary(ALICE, "BTC").initial_margin == 2_000
    made.apply(edit(50))
    assert made.summary(ALICE, "BTC").initial_margin == 2_000


def test_an_order_that_is_killed_changes_no_requirement() -> None:
    made = floor()
    switch(made, 1_000)

    made.apply(order(made, 5_000, time_in_force=TimeInForce.FOK))

    assert made.summary(ALICE, "BTC").initial_margin == 1_000


def test_nothing_leaves_that_a_verdict_holds() -> None:
    made = floor()
    switch(made, BTC // 4)

    told = verdict(made, BTC // 4)
    events = made.apply(Withdraw(ALICE, "BTC", Units(3 * BTC // 4 + 1), verdict=told))

    assert reason(events)[0] is Reject.NOT_ENOUGH_FUNDS


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (ChangeMarginModel(AccountId(99), PORTFOLIO), "unknown_account"),
        (
            ChangeMarginModel(ALICE, STANDARD, (("BTC", Verdict(0, Units(0), Units(0))),)),
            "verdicts_for_standard_margin",
        ),
        (
            ChangeMarginModel(ALICE, PORTFOLIO, (("BTC", Verdict(7, Units(0), Units(0))),)),
            "margin_verdict_of_7_at_0",
        ),
        (
            ChangeMarginModel(ALICE, PORTFOLIO, (("NOPE", Verdict(0, Units(0), Units(0))),)),
            "unknown_currency",
        ),
    ],
)
def test_a_switch_that_means_nothing_is_refused(command: ChangeMarginModel, told: str) -> None:
    assert reason(floor().apply(command))[1] == told


def test_a_switch_names_every_currency_in_use() -> None:
    made = floor()
    made.buy(ALICE, 100, at=200_000)

    assert reason(made.apply(ChangeMarginModel(ALICE, PORTFOLIO)))[1] == "no_verdict_for_BTC"


def test_a_snapshot_keeps_the_model_the_verdict_and_the_count() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, BTC // 3))

    restored = Exchange.restore(made.exchange.snapshot())

    assert restored.margin_model(ALICE) is PORTFOLIO
    assert restored.changes(ALICE) == made.exchange.changes(ALICE)
    assert restored.summary(ALICE, "BTC") == made.exchange.summary(ALICE, "BTC")
    assert restored.state_hash() == made.exchange.state_hash()


def test_verdicts_are_journalled_with_their_commands() -> None:
    told = Verdict(3, Units(1_000), Units(800))
    for command in (
        ChangeMarginModel(ALICE, PORTFOLIO, (("BTC", told),)),
        SetVerdicts(((ALICE, "BTC", told),)),
        PlaceOrder(
            account_id=ALICE,
            instrument_id=InstrumentId(1),
            side=Side.BUY,
            amount=Lots(1),
            price=Ticks(1),
            verdict=told,
        ),
    ):
        assert decode(encode(command)) == command


def leave(made: TradingFloor, what: type[Withdraw | Transfer], **more: Any) -> Withdraw | Transfer:
    if what is Withdraw:
        return Withdraw(ALICE, "BTC", Units(BTC // 2), **more)
    return Transfer(
        account_id=ALICE,
        source=ALICE,
        destination=subaccount(made),
        currency="BTC",
        amount=Units(BTC // 2),
        **more,
    )


def subaccount(made: TradingFloor) -> AccountId:
    mine = [one for one in made.exchange.accounts if one.owner == ALICE]
    if not mine:
        made.apply(CreateSubaccount(ALICE))
        return subaccount(made)
    return mine[0].account_id


@pytest.mark.parametrize("what", [Withdraw, Transfer])
def test_what_leaves_is_judged_by_what_is_needed_when_it_does(
    what: type[Withdraw | Transfer],
) -> None:
    made = floor()
    subaccount(made)
    switch(made, BTC // 4)
    # What was told last leaves three quarters of a coin; the marks have moved, and it is one now.
    assert made.summary(ALICE, "BTC").available_withdrawal_funds == 3 * BTC // 4
    before = made.exchange.state_hash()

    risky = leave(made, what, verdict=verdict(made, 3 * BTC // 4))
    assert reason(made.apply(risky)) == (Reject.NOT_ENOUGH_FUNDS, "50000000 of 25000000 units")
    assert reason(made.apply(leave(made, what))) == (Reject.RETRY, "no_margin_verdict")
    stale = leave(made, what, verdict=Verdict(made.exchange.changes(ALICE) + 1, Units(0), Units(0)))
    assert reason(made.apply(stale)) == (Reject.RETRY, "margin_verdict_of_1_at_0")
    assert made.exchange.state_hash() == before

    made.apply(leave(made, what, verdict=verdict(made, BTC // 2)))
    summary = made.summary(ALICE, "BTC")
    assert (summary.balance, summary.initial_margin) == (BTC // 2, BTC // 2)
    assert summary.available_withdrawal_funds == 0


def test_a_fill_makes_the_verdict_of_a_withdrawal_stale() -> None:
    made = floor()
    switch(made, 0)
    made.apply(order(made, 1_000))
    late = leave(made, Withdraw, verdict=verdict(made, 1_000))

    made.sell(BOB, 10, at=200_000)

    assert reason(made.apply(late)) == (Reject.RETRY, "margin_verdict_of_1_at_2")


def test_commands_of_payments_come_back_with_their_verdicts() -> None:
    made = floor()

    for what in (Withdraw, Transfer):
        command = leave(made, what, verdict=Verdict(3, Units(1_000), Units(800)))
        assert decode(encode(command)) == command


SPOT = "BTC_USDC"


def test_what_is_sold_on_spot_is_judged_by_what_is_needed_when_it_is() -> None:
    made = floor()
    made.list(SPOT)
    switch(made, BTC // 4)
    lots = BTC // 2 // int(made.exchange.instruments[made.id(SPOT)].lot_size * BTC)

    def sale(initial: int | None) -> PlaceOrder:
        return order(made, initial, side=Side.SELL, lots=lots, name=SPOT)

    # What was told last leaves three quarters of a coin; the marks have moved since.
    assert reason(made.apply(sale(3 * BTC // 4))) == (Reject.NOT_ENOUGH_FUNDS, "not_enough_funds")
    assert reason(made.apply(sale(None))) == (Reject.RETRY, "no_margin_verdict")
    made.apply(sale(BTC // 2))

    summary = made.summary(ALICE, "BTC")
    assert (summary.spot_reserve, summary.initial_margin) == (BTC // 2, BTC)
    assert summary.available_funds == 0


def test_what_is_bought_on_spot_is_paid_in_the_other_currency() -> None:
    made = floor()
    made.list(SPOT)
    made.apply(Deposit(ALICE, "USDC", Units(10**9)))
    switch(made, BTC)
    price = made.exchange.instruments[made.id(SPOT)].tick_size

    made.apply(order(made, 0, side=Side.BUY, lots=1, price=int(1_000 / price), name=SPOT))

    # A need of nothing was told of the dollars; that of the coins is what it was.
    assert len(made.exchange.open_orders(ALICE)) == 1
    assert made.summary(ALICE, "BTC").initial_margin == BTC
    assert made.summary(ALICE, "USDC").initial_margin == made.summary(ALICE, "USDC").spot_reserve
