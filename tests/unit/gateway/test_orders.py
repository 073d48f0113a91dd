from decimal import Decimal

import pytest

from strikewire.api import ApiError
from strikewire.gateway.orders import lots_of, order_id_of, ticks_of
from strikewire.model import instrument

PERPETUAL = instrument("BTC-PERPETUAL", instrument_id=1)
OPTION = instrument("BTC-25DEC26-100000-C", instrument_id=2)


def test_decimals_become_ticks_and_lots() -> None:
    assert ticks_of(PERPETUAL, Decimal("100000.5")) == 200_001
    assert lots_of(PERPETUAL, Decimal(100)) == 10
    assert order_id_of("BTC-12") == 12


@pytest.mark.parametrize(
    ("price", "code", "reason"),
    [
        ("100000.3", 10043, "price 100000.3 is not a multiple of the tick 0.5"),
        ("0.0051", 10043, "price 0.0051 is not a multiple of the tick 0.0005"),
        ("60000000", 10023, "price 60000000 is not above 0 and at most 50000000.0"),
    ],
)
def test_a_price_off_the_grid_is_refused(price: str, code: int, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        ticks_of(OPTION if price == "0.0051" else PERPETUAL, Decimal(price))

    assert (caught.value.code, caught.value.param, caught.value.reason) == (code, "price", reason)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("15", "amount 15 is not a multiple of 10"),
        ("5", "amount 5 is below the minimum of 10"),
        ("1000000000", "amount 1000000000 is above the maximum of 100000000"),
    ],
)
def test_an_amount_off_the_grid_is_refused(amount: str, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        lots_of(PERPETUAL, Decimal(amount))

    assert (caught.value.code, caught.value.param, caught.value.reason) == (10021, "amount", reason)


@pytest.mark.parametrize("text", ["12", "BTC-", "BTC-0", "BTC-99999999999999999999", "x" * 64])
def test_what_is_no_order_id_names_no_order(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        order_id_of(text)

    assert (caught.value.code, caught.value.param) == (10004, "order_id")
