from decimal import Decimal
from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError, ErrorCode, quoting


def side(**params: Any) -> quoting.QuoteSide:
    return msgspec.convert(params, quoting.QuoteSide)


def test_an_amount_of_zero_is_one_to_take_back() -> None:
    assert side(price="1", amount="0").amount == Decimal(0)
    assert side().amount is None


@pytest.mark.parametrize("amount", ["-1", "NaN", "sNaN", "Infinity", "1e20"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ApiError):
        side(price="1", amount=amount)


def test_a_price_of_zero_is_none() -> None:
    with pytest.raises(ApiError) as caught:
        side(price="0", amount="1")

    assert caught.value.code is ErrorCode.INVALID_PRICE


@pytest.mark.parametrize("kind", ["delta", "quote_set_id", "instrument", "currency_pair"])
def test_each_type_of_cancel_comes_with_what_it_names(kind: str) -> None:
    with pytest.raises(ApiError) as caught:
        msgspec.convert({"cancel_type": kind}, quoting.CancelQuotes)

    assert caught.value.code is ErrorCode.INVALID_PARAMS


def test_what_is_about_block_trades_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        quoting.refuse_block_rfq(True)

    assert caught.value.code is ErrorCode.NOT_IMPLEMENTED
    quoting.refuse_block_rfq(False)
