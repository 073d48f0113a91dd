import pytest

from strikewire.exchange import OrderType, PlaceOrder, Trigger, TriggerPriceType
from strikewire.exchange.state import conditional
from strikewire.exchange.state.conditional import ConditionalOrder, Watch, rises, trailing_level
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side


def waiting(
    order_id: int,
    price: int,
    side: Side = Side.SELL,
    order_type: OrderType = OrderType.STOP_MARKET,
    offset: int | None = None,
) -> ConditionalOrder:
    trigger = Trigger(
        price_type=TriggerPriceType.LAST,
        price=PriceE8(price),
        offset=None if offset is None else PriceE8(offset),
    )
    command = PlaceOrder(
        account_id=AccountId(1),
        instrument_id=InstrumentId(1),
        side=side,
        order_type=order_type,
        amount=Lots(1),
        trigger=trigger,
    )
    return ConditionalOrder(
        order_id=OrderId(order_id), command=command, trigger=trigger, created_ns=0, updated_ns=0
    )


def watch_of(*orders: ConditionalOrder) -> Watch:
    watch = Watch()
    for order in orders:
        watch.add(order)
    return watch


def levels(*orders: ConditionalOrder) -> list[int | None]:
    return [order.trigger.price for order in orders if order.trigger]


def reached(watch: Watch, price: int) -> list[int]:
    """Take out what a price reaches, one by one, and return the ids in that order."""
    ids: list[int] = []
    while (order := watch.reached(PriceE8(price))) is not None:
        watch.remove(order)
        ids.append(order.order_id)
    return ids


@pytest.mark.parametrize(
    ("side", "order_type", "is_rising"),
    [
        (Side.BUY, OrderType.STOP_LIMIT, True),
        (Side.BUY, OrderType.STOP_MARKET, True),
        (Side.BUY, OrderType.TRAILING_STOP, True),
        (Side.BUY, OrderType.TAKE_LIMIT, False),
        (Side.BUY, OrderType.TAKE_MARKET, False),
        (Side.SELL, OrderType.STOP_LIMIT, False),
        (Side.SELL, OrderType.STOP_MARKET, False),
        (Side.SELL, OrderType.TRAILING_STOP, False),
        (Side.SELL, OrderType.TAKE_LIMIT, True),
        (Side.SELL, OrderType.TAKE_MARKET, True),
    ],
)
def test_stops_wait_for_the_price_to_go_against_them_and_takes_for_the_reverse(
    side: Side, order_type: OrderType, *, is_rising: bool
) -> None:
    order = waiting(1, 100, side, order_type)

    assert order.is_rising is rises(order.command) is is_rising


def test_a_falling_price_reaches_the_highest_first_and_at_one_price_the_oldest() -> None:
    watch = watch_of(waiting(1, 98), waiting(2, 99), waiting(3, 98), waiting(4, 97))

    assert reached(watch, 100) == []
    assert reached(watch, 98) == [2, 1, 3]
    assert list(watch.orders) == [4]


def test_a_rising_price_reaches_the_lowest_first_and_at_one_price_the_oldest() -> None:
    watch = watch_of(*(waiting(number, at, Side.BUY) for number, at in enumerate((9, 7, 8, 7), 1)))

    assert reached(watch, 6) == []
    assert reached(watch, 8) == [2, 4, 3]
    assert list(watch.orders) == [1]


def test_an_order_is_taken_out_of_the_midst_of_others() -> None:
    middle = waiting(2, 99)
    watch = watch_of(waiting(1, 99), middle, waiting(3, 99))

    watch.remove(middle)

    assert reached(watch, 99) == [1, 3]


def test_a_trailing_stop_follows_the_price_its_way_and_never_back() -> None:
    seller = waiting(1, 90, Side.SELL, OrderType.TRAILING_STOP, offset=10)
    buyer = waiting(2, 110, Side.BUY, OrderType.TRAILING_STOP, offset=10)
    watch = watch_of(seller, buyer)

    watch.trail(PriceE8(105))
    assert levels(seller, buyer) == [95, 110]
    watch.trail(PriceE8(96))
    assert levels(seller, buyer) == [95, 106]

    assert reached(watch, 95) == [1]
    assert reached(watch, 106) == [2]
    assert watch.trailing == {}


def test_trailing_stops_follow_a_price_once_however_often_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[PriceE8] = []

    def level(side: Side, price: PriceE8, offset: PriceE8 | None) -> PriceE8:
        asked.append(price)
        return trailing_level(side, price, offset)

    monkeypatch.setattr(conditional, "trailing_level", level)
    watch = watch_of(*(waiting(number, 90, offset=10) for number in (1, 2)))
    for price in (105, 105, 104, 105):
        watch.trail(PriceE8(price))
    assert asked == [105, 105, 104, 104, 105, 105]

    late = waiting(3, 80, offset=10)
    watch.add(late)
    watch.trail(PriceE8(105))

    assert levels(late) == [95]


def test_a_trailing_stop_stands_behind_the_price_on_its_own_side() -> None:
    assert trailing_level(Side.SELL, PriceE8(100), PriceE8(7)) == 93
    assert trailing_level(Side.BUY, PriceE8(100), PriceE8(7)) == 107
