from typing import Any

import msgspec
import pytest

from strikewire.exchange import (
    CancelReason,
    Fill,
    FillSide,
    OrderState,
    OrderType,
    OrderView,
    TimeInForce,
    Trigger,
    TriggerPriceType,
)
from strikewire.exchange.commands import TriggerFillCondition
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.state.told import fill_block, order_block, payment_block
from strikewire.exchange.state.transactions import About, Transaction, TransactionType
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
)

ORDER = OrderView(
    order_id=OrderId(1),
    account_id=AccountId(2),
    instrument_id=InstrumentId(3),
    side=Side.SELL,
    order_type=OrderType.MARKET,
    time_in_force=TimeInForce.GTC,
    price=Ticks(4),
    amount=Lots(5),
    filled=Lots(6),
    filled_value=7,
    fee=Units(-8),
    state=OrderState.CANCELLED,
    post_only=False,
    reject_post_only=True,
    reduce_only=False,
    label="né",
    created_ns=9,
    updated_ns=10,
    cancel_reason=CancelReason.USER_REQUEST,
)
SIDE = FillSide(
    account_id=AccountId(1),
    order_id=OrderId(2),
    side=Side.BUY,
    fee=Units(3),
    fee_currency="BTC",
    profit_loss=Units(4),
    order_type=OrderType.LIMIT,
    label="",
    order_state=OrderState.OPEN,
    post_only=False,
    reduce_only=False,
)
FILL = Fill(
    trade_id=TradeId(1),
    trade_seq=2,
    instrument_id=InstrumentId(3),
    price=Ticks(4),
    amount=Lots(5),
    taker_side=Side.BUY,
    tick_direction=1,
    time_ns=6,
    mark=PriceE8(7),
    index=PriceE8(8),
    iv_e4=9,
    maker=SIDE,
    taker=SIDE,
)
PAYMENT = Transaction(
    transaction_id=1,
    account_seq=2,
    time_ns=3,
    account_id=AccountId(4),
    currency="BTC",
    type=TransactionType.DEPOSIT,
    amount=Units(5),
    fee=Units(6),
    balance=Units(7),
    about=About(),
)

OTHER: dict[str, object] = {
    "about": About(note="another"),
    "cancel_reason": CancelReason.SETTLEMENT,
    "combo_id": InstrumentId(99),
    "combo_trade_id": TradeId(99),
    "is_dormant": True,
    "label": "another",
    "legs": (FILL,),
    "link": Link(fill_condition=TriggerFillCondition.FIRST_HIT),
    "mmp": MmpTag("another"),
    "note": "another",
    "order_state": OrderState.FILLED,
    "order_type": OrderType.STOP_LIMIT,
    "original_type": OrderType.MARKET,
    "reject_reason": "another",
    "state": OrderState.FILLED,
    "taker_side": Side.SELL,
    "time_in_force": TimeInForce.GTD,
    "trigger": Trigger(price_type=TriggerPriceType.MARK),
    "type": TransactionType.TRADE,
}
"""Another value of a field than it has above, where that is not another number or truth."""


def changed(thing: Any, field: str) -> Any:
    before = getattr(thing, field)
    if field == "side":
        other: object = Side.SELL if before is not Side.SELL else Side.BUY
    elif field in OTHER:
        other = OTHER[field]
    else:
        other = not before if isinstance(before, bool) else 99
    assert other != before
    return msgspec.structs.replace(thing, **{field: other})


def fields(kind: type, *but: str) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if field.name not in but]


def test_an_order_is_numbers_and_its_label() -> None:
    numbers = [1, 2, 4, 5, 6, 7, -8, 9, 10]

    assert order_block(ORDER) == b"".join(
        [
            *(number.to_bytes(8, "little", signed=True) for number in numbers),
            b"\x03\x00\x00\x00",  # the instrument
            b"\xff",  # sells
            b"\x01\x00\x02",  # a market order, good til cancelled, was cancelled
            b"\x02",  # the bit of those that are rejected rather than changed
            b"\x01",  # at the owner's request
            b"\x03\x00\x00\x00",  # bytes of the label
            b"\x00\x00\x00\x00",  # bytes of what is rare
            b"n\xc3\xa9",
        ]
    )


@pytest.mark.parametrize("field", fields(OrderView))
def test_everything_counts_of_an_order(field: str) -> None:
    assert order_block(changed(ORDER, field)) != order_block(ORDER)


def test_an_order_without_a_price_and_one_with_a_reason_of_its_own_count_as_such() -> None:
    priceless = msgspec.structs.replace(ORDER, price=None)
    said = [msgspec.structs.replace(ORDER, cancel_reason=reason) for reason in ("other", "words")]

    assert len({order_block(order) for order in (ORDER, priceless, *said)}) == 4


@pytest.mark.parametrize("field", fields(Fill, "maker", "taker"))
def test_everything_counts_of_a_fill(field: str) -> None:
    assert fill_block(changed(FILL, field)) != fill_block(FILL)


@pytest.mark.parametrize("who", ["maker", "taker"])
@pytest.mark.parametrize("field", fields(FillSide, "side", "fee_currency"))
def test_everything_counts_of_the_sides_of_a_fill(field: str, who: str) -> None:
    other = msgspec.structs.replace(FILL, **{who: changed(SIDE, field)})

    assert fill_block(other) != fill_block(FILL)


@pytest.mark.parametrize("field", fields(Transaction, "currency"))
def test_everything_counts_of_a_payment(field: str) -> None:
    assert payment_block(changed(PAYMENT, field)) != payment_block(PAYMENT)


@pytest.mark.parametrize("field", fields(About))
def test_everything_counts_of_what_a_payment_was_about(field: str) -> None:
    other = msgspec.structs.replace(PAYMENT, about=changed(PAYMENT.about, field))

    assert payment_block(other) != payment_block(PAYMENT)
