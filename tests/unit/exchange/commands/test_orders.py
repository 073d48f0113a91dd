import msgspec

from strikewire.exchange import (
    CancelOrders,
    CancelReason,
    EditOrder,
    Linked,
    LinkedOrderType,
    PlaceOrder,
    TriggerFillCondition,
    decode,
)
from strikewire.model import AccountId, Lots, OrderId


def test_an_order_that_was_journalled_before_there_were_verdicts_has_none() -> None:
    old = b"\x9c\xa5place\x01\x02\xff\xa5limit\x03\x05\xb2good_til_cancelled\xc2\xc2\xc2\xa0"

    command = decode(old)

    assert isinstance(command, PlaceOrder)
    assert command.verdict is None
    assert command.linked is None
    assert not command.hidden


def test_an_edit_leaves_as_it_is_what_it_does_not_name() -> None:
    command = decode(msgspec.msgpack.encode(["edit", 1, 2, 3]))

    assert command == EditOrder(account_id=AccountId(1), order_id=OrderId(2), amount=Lots(3))
    assert (command.price, command.post_only, command.reduce_only) == (None, None, None)
    assert (command.trigger_price, command.trigger_offset) == (None, None)
    assert command.display_amount is None


def test_who_names_no_orders_cancels_all_of_an_account() -> None:
    command = decode(msgspec.msgpack.encode(["cancel_all", 1]))

    assert command == CancelOrders(
        AccountId(1), None, None, None, CancelReason.USER_REQUEST, (), None
    )


def test_linked_orders_move_with_the_first_trade_unless_something_else_is_said() -> None:
    linked = Linked(type=LinkedOrderType.ONE_CANCELS_OTHER, others=())

    assert linked.fill_condition is TriggerFillCondition.FIRST_HIT
