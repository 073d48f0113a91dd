import msgspec
import pytest

from strikewire.exchange import (
    Linked,
    LinkedOrderType,
    OrderState,
    OrderType,
    PlaceOrder,
    Reject,
    Rejected,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
)
from strikewire.exchange.orders import linking, triggering
from strikewire.model import InstrumentId, Lots, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

TICK = 50_000_000
"""Of BTC_USDC-PERPETUAL: half a dollar, in 1e-8."""

OTO = LinkedOrderType.ONE_TRIGGERS_OTHER
OCO = LinkedOrderType.ONE_CANCELS_OTHER
OTOCO = LinkedOrderType.ONE_TRIGGERS_ONE_CANCELS_OTHER


def at(ticks: int) -> Trigger:
    return Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(ticks * TICK))


def limit(side: Side, lots: int, price: int) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=side,
        amount=Lots(lots),
        price=Ticks(price),
    )


def stop(side: Side, lots: int, ticks: int) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=side,
        order_type=OrderType.STOP_MARKET,
        amount=Lots(lots),
        trigger=at(ticks),
    )


def test_what_another_order_triggers_is_dormant_and_tells_its_ties() -> None:
    floor = TradingFloor.at(100)
    others = (limit(Side.SELL, 5, 110), stop(Side.SELL, 5, 90))

    deed = floor.buy(ALICE, 5, at=99, linked=Linked(type=OTOCO, others=others))

    primary, profit, loss = deed.orders
    assert [view.order_id for view in deed.orders] == [1, 2, 3]
    assert (primary.state, profit.state, loss.state) == ("open", "untriggered", "untriggered")
    assert (profit.is_dormant, loss.is_dormant) == (True, True)
    assert primary.link is not None
    assert (primary.link.secondary_ids, primary.link.triggers_pair) == ((2, 3), True)
    assert profit.link is not None
    assert (profit.link.primary_id, profit.link.partner_id, profit.link.pair_id) == (1, 3, 2)
    assert loss.link is not None
    assert (loss.link.primary_id, loss.link.partner_id, loss.link.pair_id) == (1, 2, 2)


def test_a_dormant_order_ties_up_nothing_and_no_price_brings_it_in() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=99)
    before = floor.summary(ALICE, "USDC").initial_margin

    floor.cancel(1)
    floor.buy(ALICE, 5, at=99, linked=Linked(type=OTO, others=(stop(Side.SELL, 5, 90),)))
    assert floor.summary(ALICE, "USDC").initial_margin == before
    floor.mark(80)

    assert floor.order(3).state is OrderState.UNTRIGGERED


def test_both_of_a_pair_come_in_at_once() -> None:
    floor = TradingFloor.at(100)
    linked = Linked(type=OCO, others=(stop(Side.SELL, 5, 90),))

    deed = floor.sell(ALICE, 5, at=110, linked=linked)

    assert [(view.order_id, view.state, view.is_dormant) for view in deed.orders] == [
        (1, "open", False),
        (2, "untriggered", True),
        (2, "untriggered", False),
    ]
    one, other = deed.order.link, floor.order(1).link
    assert one is not None
    assert other is not None
    assert (one.partner_id, one.pair_id, other.partner_id, other.pair_id) == (1, 1, 2, 1)


def test_an_order_that_comes_with_another_keeps_its_id_when_it_comes_in() -> None:
    floor = TradingFloor.at(100)

    floor.sell(ALICE, 5, at=110, linked=Linked(type=OCO, others=(limit(Side.BUY, 5, 90),)))

    assert [view.order_id for view in floor.exchange.open_orders(ALICE)] == [1, 2]
    assert floor.exchange.conditional_orders(ALICE) == []


# --- What is refused, and what first


def test_others_are_refused_for_the_first_reason_that_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linking, "LINKED_ORDERS_MAX", 3)
    monkeypatch.setattr(triggering, "CONDITIONAL_ORDERS_INSTRUMENT_MAX", 1)
    floor = TradingFloor.at(100)
    floor.sell(BOB, 1, order_type=OrderType.STOP_MARKET, trigger=at(98))
    good = stop(Side.SELL, 1, 90)
    nested = msgspec.structs.replace(good, linked=Linked(type=OTO, others=()))
    alien = msgspec.structs.replace(good, account_id=BOB)
    empty = msgspec.structs.replace(good, amount=Lots(0))
    bare = msgspec.structs.replace(good, trigger=None)
    passed = stop(Side.SELL, 1, 101)

    def linked(*others: PlaceOrder, kind: LinkedOrderType = OCO) -> dict[str, object]:
        return {"linked": Linked(type=kind, others=others)}

    command = msgspec.structs.replace(
        limit(Side.SELL, 0, 110), linked=Linked(type=OCO, others=(nested, alien))
    )
    # Each line is one reason, and what cures it.
    reasons: list[tuple[Reject, str, dict[str, object]]] = [
        (Reject.INVALID_AMOUNT, "amount", {"amount": Lots(1)}),
        (Reject.INVALID_ARGUMENTS, "otoco_config", linked(nested)),
        (Reject.INVALID_ARGUMENTS, "otoco_config", linked(alien)),
        (Reject.INVALID_ARGUMENTS, "otoco_config", linked(empty)),
        (Reject.INVALID_AMOUNT, "amount", linked(bare)),
        (Reject.INVALID_ARGUMENTS, "trigger", linked(passed) | {"amount": Lots(10_000_000)}),
        (Reject.NOT_ENOUGH_FUNDS, "amount", {"amount": Lots(1)}),
        (Reject.INVALID_TRIGGER_PRICE, "trigger_price", linked(good, good, kind=OTO)),
        (Reject.NO_MORE_TRIGGERS, "", linked(good)),
    ]
    floor.leave(ALICE, "USDC", 1_000_000)

    for reason, param, cure in reasons:
        before = floor.exchange.state_hash()
        (event,) = floor.apply(command)
        assert isinstance(event, Rejected)
        assert (event.code, event.param) == (reason, param)
        assert floor.exchange.state_hash() == before
        command = msgspec.structs.replace(command, **cure)

    assert not isinstance(floor.apply(command)[0], Rejected)


@pytest.mark.parametrize(("kind", "counts"), [(OCO, [1]), (OTOCO, [2]), (OTO, list(range(1, 9)))])
def test_each_type_of_link_has_its_number_of_others(
    kind: LinkedOrderType, counts: list[int]
) -> None:
    accepted = []
    for count in range(10):
        floor = TradingFloor.at(100)
        others = (stop(Side.SELL, 1, 90),) * count
        if not floor.buy(ALICE, 1, at=99, linked=Linked(type=kind, others=others)).is_rejected:
            accepted.append(count)

    assert accepted == counts


def test_others_have_neither_deadline_nor_condition_of_their_own() -> None:
    floor = TradingFloor.at(100)
    late = msgspec.structs.replace(stop(Side.SELL, 1, 90), valid_until_ns=floor.now_ns + 1)
    linked = Linked(type=OTO, others=(late,), fill_condition=TriggerFillCondition.INCREMENTAL)

    assert floor.buy(ALICE, 1, at=99, linked=linked).rejected.param == "otoco_config"
