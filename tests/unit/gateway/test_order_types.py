from typing import get_args

import pytest

from strikewire.api import trading as api
from strikewire.exchange import OrderType
from strikewire.gateway.order_types import types_of


@pytest.mark.parametrize("word", [None, "all"])
def test_without_a_filter_no_type_is_named(word: str | None) -> None:
    assert types_of(word) == ()


@pytest.mark.parametrize("word", [*get_args(api.OpenOrderType), *get_args(api.CancelOrderType)])
def test_every_word_of_a_filter_is_known(word: str) -> None:
    assert set(types_of(word)) <= set(OrderType)


def test_trigger_orders_are_those_that_wait_for_a_price() -> None:
    assert {one for one in OrderType if one.is_triggered} == set(types_of("trigger_all"))
    assert types_of("stop_all") == types_of("stop") == (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)
    assert types_of("take_limit") == (OrderType.TAKE_LIMIT,)
    assert set(api.TRIGGER_TYPES) == {one.value for one in types_of("trigger_all")}
