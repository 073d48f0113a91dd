from decimal import Decimal
from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError
from strikewire.api import trading as api
from strikewire.exchange import (
    LinkedOrderType,
    OrderType,
    PlaceOrder,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
)
from strikewire.gateway.linked import with_others
from strikewire.model import AccountId, InstrumentId, Lots, PriceE8, Side, Ticks, instrument

PERPETUAL = instrument("BTC-PERPETUAL", instrument_id=1)
FIRST = PlaceOrder(
    account_id=AccountId(1),
    instrument_id=InstrumentId(1),
    side=Side.BUY,
    amount=Lots(10),
    price=Ticks(200_000),
)


def linked(kind: str | None, *others: dict[str, Any], **more: Any) -> PlaceOrder:
    params: dict[str, Any] = {"instrument_name": "BTC-PERPETUAL", "amount": 100, "price": 100_000}
    if kind is not None:
        params |= {"linked_order_type": kind, "otoco_config": list(others)}
    request = msgspec.convert(params | more, api.Buy)
    return with_others(PERPETUAL, request, FIRST)


def test_an_order_alone_stays_as_it_is() -> None:
    assert linked(None) is FIRST


def test_an_order_that_is_triggered_goes_the_other_way_with_the_same_amount() -> None:
    stop = {"type": "stop_market", "trigger": "mark_price", "trigger_price": 90_000}

    command = linked("one_triggers_other", stop, trigger_fill_condition="incremental")

    assert command.linked is not None
    assert command.linked.type is LinkedOrderType.ONE_TRIGGERS_OTHER
    assert command.linked.fill_condition is TriggerFillCondition.INCREMENTAL
    (other,) = command.linked.others
    assert (other.account_id, other.instrument_id) == (1, 1)
    assert (other.side, other.amount, other.order_type) == (Side.SELL, 10, OrderType.STOP_MARKET)
    assert other.trigger == Trigger(price_type=TriggerPriceType.MARK, price=PriceE8(90_000 * 10**8))


def test_an_order_that_cancels_another_goes_the_same_way() -> None:
    command = linked("one_cancels_other", {"price": 110_000.5, "amount": 50, "label": "b"})

    assert command.linked is not None
    (other,) = command.linked.others
    assert (other.side, other.amount, other.price) == (Side.BUY, 5, 220_001)
    assert other.label == "b"


def test_a_direction_that_is_given_counts() -> None:
    command = linked("one_cancels_other", {"price": 110_000, "direction": "sell"})

    assert command.linked is not None
    assert command.linked.others[0].side is Side.SELL


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"price": 110_000.3}, 10043),
        ({"price": 110_000, "amount": 15}, 10021),
        ({"type": "market", "price": 110_000}, 11047),
        ({"type": "limit"}, -32602),
        ({"type": "stop_market"}, -32602),
        ({"price": Decimal(-1)}, 10023),
    ],
)
def test_an_other_that_is_no_order_is_refused(other: dict[str, Any], code: int) -> None:
    with pytest.raises(ApiError) as caught:
        linked("one_triggers_other", other)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "more",
    [
        {"linked_order_type": "one_triggers_other"},
        {"linked_order_type": "one_triggers_other", "otoco_config": []},
        {"otoco_config": [{"price": 1}]},
    ],
)
def test_a_link_and_its_others_come_together(more: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        linked(None, **more)

    assert (caught.value.code, caught.value.param) == (-32602, "otoco_config")
