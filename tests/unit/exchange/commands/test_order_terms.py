import pytest

from strikewire.exchange import OrderType, TimeInForce


@pytest.mark.parametrize(
    ("order_type", "later"),
    [
        ("stop_limit", "limit"),
        ("stop_market", "market"),
        ("take_limit", "limit"),
        ("take_market", "market"),
        ("trailing_stop", "market"),
    ],
)
def test_an_order_that_waits_for_a_price_comes_in_as_another_type(
    order_type: str, later: str
) -> None:
    assert OrderType(order_type).is_triggered
    assert OrderType(order_type).enters_as == OrderType(later)


@pytest.mark.parametrize("order_type", ["limit", "market", "market_limit"])
def test_every_other_order_comes_in_at_once_as_what_it_is(order_type: str) -> None:
    assert not OrderType(order_type).is_triggered
    assert OrderType(order_type).enters_as == OrderType(order_type)


def test_what_is_left_over_waits_unless_all_was_to_be_filled_at_once() -> None:
    assert {force for force in TimeInForce if force.can_wait} == {
        "good_til_cancelled",
        "good_til_day",
    }
