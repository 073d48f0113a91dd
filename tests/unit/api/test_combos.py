from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError, ErrorCode, combos
from strikewire.model import COMBO_LEGS_MAX

LEG = {"instrument_name": "BTC-PERPETUAL", "amount": "10", "direction": "buy"}


def test_a_combo_is_asked_for_by_its_legs() -> None:
    asked = msgspec.convert({"trades": [LEG, LEG | {"direction": "sell"}]}, combos.CreateCombo)

    assert [one.direction for one in asked.trades] == ["buy", "sell"]


@pytest.mark.parametrize("count", [0, 1, COMBO_LEGS_MAX + 1])
def test_it_has_as_many_legs_as_the_exchange_takes(count: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="trades"):
        msgspec.convert({"trades": [LEG] * count}, combos.CreateCombo)

    assert combos.LEGS_MAX == COMBO_LEGS_MAX


@pytest.mark.parametrize(
    ("asked", "code", "param"),
    [
        ({"legs": [LEG, LEG | {"amount": "0"}], "price": 1}, ErrorCode.INVALID_AMOUNT, "amount"),
        ({"legs": [LEG, LEG], "price": "NaN"}, ErrorCode.INVALID_PARAMS, "price"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    asked: dict[str, Any], code: ErrorCode, param: str
) -> None:
    with pytest.raises(ApiError) as caught:
        msgspec.convert(asked, combos.GetLegPrices)

    assert (caught.value.code, caught.value.param) == (code, param)


def test_a_price_of_legs_may_lie_below_zero() -> None:
    asked = msgspec.convert({"legs": [LEG, LEG], "price": "-5.5"}, combos.GetLegPrices)

    assert float(asked.price) == -5.5
