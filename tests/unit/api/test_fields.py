from decimal import Decimal

import pytest

from strikewire.api.errors import ApiError, ErrorCode
from strikewire.api.fields import check_positive


@pytest.mark.parametrize("text", ["0.0001", "1", "97000.5", "999999999999999", "1e-40"])
def test_ordinary_numbers_pass(text: str) -> None:
    check_positive(Decimal(text), "price")


def test_a_number_left_out_passes() -> None:
    check_positive(None, "price")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_positive(Decimal(text), "amount")

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, "amount")
    assert caught.value.reason == "must be a finite number"


@pytest.mark.parametrize(
    "text", ["1e15", "1e400", "1e999999999", "-1e400", "1e-41", "1e-999999999", "0." + "1" * 41]
)
def test_numbers_too_large_or_too_fine_are_refused_at_once(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_positive(Decimal(text), "amount")

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, "amount")
    assert caught.value.reason == "is too large or has too many decimals"


@pytest.mark.parametrize("text", ["0", "-0", "-1", "-0.5"])
def test_an_amount_and_a_price_are_above_zero(text: str) -> None:
    with pytest.raises(ApiError) as amount:
        check_positive(Decimal(text), "amount")
    with pytest.raises(ApiError) as price:
        check_positive(Decimal(text), "price")

    assert amount.value.code == ErrorCode.INVALID_AMOUNT
    assert price.value.code == ErrorCode.INVALID_PRICE
