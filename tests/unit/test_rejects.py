"""The page on refusals tells the truth: of any two things that are wrong, the earlier is named."""

import re
from collections.abc import Callable
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import structs

from strikewire.exchange import (
    BlockLeg,
    CancelOrder,
    CreateCombo,
    EditOrder,
    Exchange,
    ExecuteBlockTrade,
    InstrumentState,
    Limits,
    MarginModel,
    MmpTag,
    OrderType,
    PlaceOrder,
    Reject,
    SelfTrading,
    SetInstrumentState,
    SetLimits,
    SetPlatformLock,
    SetSelfTrading,
    TimeInForce,
    Trigger,
    TriggerPriceType,
)
from strikewire.exchange.instruments import combos
from strikewire.exchange.state.state import Agreement
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "rejects.md"
ROW = re.compile(r"^\| \d+ \| `\w+` (\d+) \| (?:`(\w+)`|-) \|", re.MULTILINE)

CALL = "BTC-25DEC26-60000-C"
UNMARKED = "BTC-25DEC26-70000-C"
EXPIRED = "BTC-27NOV26-60000-C"
SETTLED = "BTC-20NOV26-60000-C"
SPOT = "BTC_USDC"
FUTURE = "BTC-25DEC26"

LINEAR = "BTC_USDC-PERPETUAL"

C = TypeVar("C", PlaceOrder, EditOrder, CancelOrder, ExecuteBlockTrade)
Wrong = Callable[[TradingFloor, C], C]
"""Makes a command wrong in one way, by itself or by what it meets."""


def rows(section: str) -> list[tuple[Reject, str | None]]:
    """Return code and reason of each row of a section of the page; None for a dash."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [(Reject(int(code)), reason or None) for code, reason in ROW.findall(text)]


def floor() -> TradingFloor:
    """Return a floor where a call is marked at 500 ticks, Carol sells at 505, and Alice waits.

    Order 2 is her offer at 600, order 3 her bid at 490, order 4 one of hers on spot, order 5 one
    that she took back, order 6 is Bob's.
    """
    made = TradingFloor(CALL, UNMARKED, EXPIRED, SETTLED, SPOT, LINEAR)
    made.mark(name=CALL, price=0.05, underlying=60_000)
    made.mark(120_000, LINEAR)
    made.expire(SETTLED)
    made.settle(SETTLED, 60_000)
    made.expire(EXPIRED)
    made.sell(CAROL, 1, at=505)
    made.sell(ALICE, 1, at=600)
    made.buy(ALICE, 1, at=490)
    made.buy(ALICE, 1, at=100_000, name=SPOT)
    made.buy(ALICE, 1, at=480)
    made.cancel(5)
    made.buy(BOB, 1, at=480)
    return made


def changed(**fields: object) -> Wrong[C]:
    """Return what is wrong with a command itself."""
    return lambda _, command: structs.replace(command, **fields)


def where(name: str) -> Wrong[PlaceOrder]:
    return lambda made, command: structs.replace(command, instrument_id=made.id(name))


def reopen(made: TradingFloor) -> None:
    """Let the exchange be one that found its state like this: no command brought it about."""
    made.exchange = Exchange.restore(made.exchange.snapshot())


def liquidated(made: TradingFloor, command: C) -> C:
    made.exchange._state.accounts[ALICE].is_locked = True
    reopen(made)
    return command


def by_portfolio(made: TradingFloor, command: C) -> C:
    made.exchange._state.accounts[ALICE].margin_model = MarginModel.PORTFOLIO
    reopen(made)
    return command


def turned(state: InstrumentState) -> Wrong[C]:
    def turn(made: TradingFloor, command: C) -> C:
        if isinstance(command, ExecuteBlockTrade):
            made.apply(SetInstrumentState(command.legs[0].instrument_id, state))
            return command
        order = None if isinstance(command, PlaceOrder) else made.exchange.order(command.order_id)
        found = order.instrument_id if order else getattr(command, "instrument_id", made.id(CALL))
        made.apply(SetInstrumentState(found, state))
        return command

    return turn


def platform(made: TradingFloor, command: C) -> C:
    made.apply(SetPlatformLock(is_locked=True))
    return command


def apart(made: TradingFloor, command: C) -> C:
    made.apply(SetSelfTrading(ALICE, SelfTrading.REJECT_TAKER))
    return structs.replace(command, price=Ticks(600), amount=Lots(3))


def crowded(made: TradingFloor, command: C) -> C:
    made.apply(SetLimits(Limits(open_orders_max=0), ALICE))
    return command


def small(made: TradingFloor, command: C) -> C:
    made.apply(SetLimits(Limits(position_lots_max=0), None, made.id(CALL)))
    return command


def poor(made: TradingFloor, command: C) -> C:
    # Her offer of 0.1 coins needs 0.02 BTC, her bid 0.0049 BTC and a fee.
    made.leave(ALICE, "BTC", 2_600_000)
    return structs.replace(command, amount=Lots(5))


def poor_party(made: TradingFloor, command: ExecuteBlockTrade) -> ExecuteBlockTrade:
    # 25 coins at 0.05 cost more.
    made.leave(ALICE, "BTC", 2_600_000)
    return command


TRIGGER = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(5_000_000))
FAR = Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(6 * 10**12))

PLACE: list[Wrong[PlaceOrder]] = [
    changed(valid_until_ns=1),
    changed(account_id=AccountId(99)),
    changed(instrument_id=InstrumentId(99)),
    liquidated,
    where(SETTLED),
    where(EXPIRED),
    turned(InstrumentState.INACTIVE),
    turned(InstrumentState.LOCKED),
    platform,
    changed(amount=Lots(0)),
    changed(order_type=OrderType.MARKET),
    changed(price=Ticks(0)),
    changed(price=Ticks(9_999)),
    changed(trigger=TRIGGER),
    changed(post_only=True, time_in_force=TimeInForce.IOC),
    changed(mmp=True, order_type=OrderType.STOP_LIMIT, trigger=FAR),
    changed(label="x" * 65),
    changed(display_amount=Lots(100), time_in_force=TimeInForce.IOC),
    changed(display_amount=Lots(99)),
    lambda made, command: structs.replace(command, instrument_id=made.id(SPOT), reduce_only=True),
    where(UNMARKED),
    changed(price=Ticks(10_000)),
    changed(mmp=True),
    changed(reduce_only=True),
    changed(price=Ticks(505), post_only=True, reject_post_only=True),
    apart,
    crowded,
    small,
    by_portfolio,
    poor,
]


def expire(made: TradingFloor, command: EditOrder) -> EditOrder:
    made.expire(CALL)
    return command


def tagged(tag: MmpTag) -> Wrong[EditOrder]:
    """Return an edit of an order that is under a protection."""

    def tag_it(made: TradingFloor, command: EditOrder) -> EditOrder:
        order = made.exchange._state.orders.get(OrderId(3))
        assert order is not None
        order.mmp = tag
        return structs.replace(command, order_id=OrderId(3))

    return tag_it


EDIT: list[Wrong[EditOrder]] = [
    changed(valid_until_ns=1),
    changed(account_id=AccountId(99)),
    changed(order_id=OrderId(99)),
    changed(order_id=OrderId(6)),
    changed(order_id=OrderId(5)),
    tagged(MmpTag("wings", is_quote=True)),
    changed(trigger_price=PriceE8(5_000_000)),
    liquidated,
    expire,
    turned(InstrumentState.LOCKED),
    platform,
    changed(amount=Lots(0)),
    changed(price=Ticks(0)),
    changed(price=Ticks(9_999)),
    changed(display_amount=Lots(99)),
    changed(order_id=OrderId(4), price=None, reduce_only=True),
    changed(price=Ticks(10_000)),
    tagged(MmpTag()),
    changed(reduce_only=True),
    apart,
    small,
    by_portfolio,
    poor,
]

CANCEL: list[Wrong[CancelOrder]] = [
    changed(account_id=AccountId(99)),
    changed(order_id=OrderId(99)),
    changed(order_id=OrderId(6)),
    changed(order_id=OrderId(5)),
]

COMBO: list[tuple[tuple[str, int], ...]] = [
    (),
    ((CALL, 0), ("nothing", 0), (CALL, 0)),
    ((SPOT, 0),),
    ((SPOT, 0), (SPOT, 0)),
    ((SPOT, 0), (CALL, 201)),
    ((CALL, 0), (FUTURE, 201)),
    ((CALL, 0), (SETTLED, 201)),
    ((CALL, 2), (SETTLED, -201)),
    ((CALL, 1), (SETTLED, -1)),
    ((CALL, 1), (UNMARKED, -1)),
    ((CALL, 1), (UNMARKED, -1)),
]
"""Legs that are wrong in one way, and where they can be in a later one as well."""


def agreed(offset_ms: int) -> Wrong[ExecuteBlockTrade]:
    return lambda made, command: structs.replace(
        command, agreed_ms=made.now_ns // 10**6 + offset_ms
    )


def carried_out(made: TradingFloor, command: ExecuteBlockTrade) -> ExecuteBlockTrade:
    agreement = Agreement(made.now_ns // 10**6, command.nonce, command.maker_id, command.taker_id)
    made.exchange._state.agreements[agreement] = None
    return command


def legged(**fields: object) -> Wrong[ExecuteBlockTrade]:
    """Return what is wrong with the first leg."""
    return lambda _, command: structs.replace(
        command, legs=(structs.replace(command.legs[0], **fields), *command.legs[1:])
    )


def legged_at(name: str) -> Wrong[ExecuteBlockTrade]:
    return lambda made, command: legged(instrument_id=made.id(name))(made, command)


def twice(_: TradingFloor, command: ExecuteBlockTrade) -> ExecuteBlockTrade:
    return structs.replace(command, legs=(command.legs[0], *command.legs))


def mixed(made: TradingFloor, command: ExecuteBlockTrade) -> ExecuteBlockTrade:
    other = structs.replace(leg(made), instrument_id=made.id(LINEAR), price=Ticks(120_000))
    return structs.replace(command, legs=(*command.legs, other))


FIVE_MINUTES_MS = 300_000

BLOCK: list[Wrong[ExecuteBlockTrade]] = [
    agreed(-FIVE_MINUTES_MS),
    agreed(FIVE_MINUTES_MS),
    changed(nonce="x" * 65),
    changed(taker_id=AccountId(99)),
    changed(taker_id=ALICE),
    carried_out,
    liquidated,
    changed(legs=()),
    twice,
    legged(instrument_id=InstrumentId(99)),
    legged_at(SETTLED),
    legged_at(EXPIRED),
    turned(InstrumentState.INACTIVE),
    turned(InstrumentState.LOCKED),
    platform,
    legged_at(SPOT),
    legged(amount=Lots(0)),
    legged(price=Ticks(0)),
    legged_at(UNMARKED),
    legged(price=Ticks(10_000)),
    mixed,
    legged(amount=Lots(249)),
    small,
    by_portfolio,
    poor_party,
]

NEVER_BOTH = {
    ("Place", 13, 20),
    ("Place", 14, 16),
    ("Place", 18, 25),
    ("Edit", 9, 16),
    ("Edit", 14, 16),
}
"""Pairs that exclude each other: spot has one tick for all prices, and never expires; and what
cannot wait and is post-only is wrong in a third way, which comes first. A trigger is not misplaced
on an order that waits for its price."""


def place_order(made: TradingFloor) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=made.id(CALL),
        side=Side.BUY,
        amount=Lots(1),
        price=Ticks(490),
    )


def edit_order(_: TradingFloor) -> EditOrder:
    return EditOrder(account_id=ALICE, order_id=OrderId(3), amount=Lots(2))


def cancel_order(_: TradingFloor) -> CancelOrder:
    return CancelOrder(ALICE, OrderId(3))


def leg(made: TradingFloor) -> BlockLeg:
    return BlockLeg(instrument_id=made.id(CALL), side=Side.BUY, amount=Lots(250), price=Ticks(500))


def block_trade(made: TradingFloor) -> ExecuteBlockTrade:
    return ExecuteBlockTrade(
        maker_id=ALICE,
        taker_id=BOB,
        legs=(leg(made),),
        agreed_ms=made.now_ns // 10**6,
        nonce="n",
    )


def check(good: Callable[[TradingFloor], C], wrongs: list[Wrong[C]], section: str) -> None:
    """Check every row of a section by itself, and every pair of them."""
    expected = rows(section)
    assert len(expected) == len(wrongs)
    made = floor()
    Deed(made.apply(good(made))).expect_accepted()
    for earlier, later in combinations_with_replacement(range(len(wrongs)), 2):
        if (section, earlier + 1, later + 1) in NEVER_BOTH:
            continue
        made = floor()
        command = wrongs[later](made, good(made))
        command = wrongs[earlier](made, command) if earlier != later else command
        before = made.exchange.state_hash()

        rejected = Deed(made.apply(command)).rejected

        code, reason = expected[earlier]
        assert (rejected.code, reason or rejected.reason) == (code, rejected.reason), (
            f"{section}: row {earlier + 1} with row {later + 1} is {rejected}"
        )
        assert made.exchange.state_hash() == before


def test_a_new_order_that_is_wrong_in_two_ways_is_refused_for_the_earlier() -> None:
    check(place_order, PLACE, "Place")


def test_an_edit_that_is_wrong_in_two_ways_is_refused_for_the_earlier() -> None:
    check(edit_order, EDIT, "Edit")


def test_a_cancel_that_is_wrong_in_two_ways_is_refused_for_the_earlier() -> None:
    check(cancel_order, CANCEL, "Cancel")


def test_a_combo_that_is_wrong_in_two_ways_is_refused_for_the_earlier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(combos, "COMBOS_MAX", 0)
    expected = rows("Create a combo")
    assert len(expected) == len(COMBO)
    made = floor()
    made.list(FUTURE)
    for (code, reason), legs in zip(expected, COMBO, strict=True):
        owner_max = 0 if reason == "max_combos_per_owner" else combos.COMBOS_MAX + 1
        monkeypatch.setattr(combos, "COMBOS_OWNER_MAX", owner_max)
        asked = tuple((made.ids.get(name, InstrumentId(99)), ratio) for name, ratio in legs)
        before = made.exchange.state_hash()

        rejected = Deed(made.apply(CreateCombo(ALICE if legs else AccountId(99), asked))).rejected

        assert (rejected.code, rejected.reason) == (code, reason)
        assert made.exchange.state_hash() == before


def test_a_block_trade_that_is_wrong_in_two_ways_is_refused_for_the_earlier() -> None:
    check(block_trade, BLOCK, "Block trade")


@pytest.mark.parametrize("stop", [liquidated, turned(InstrumentState.HALTED), platform])
def test_nothing_else_stops_a_cancel(stop: Wrong[CancelOrder]) -> None:
    made = floor()

    command = stop(made, cancel_order(made))

    Deed(made.apply(command)).expect_accepted()
