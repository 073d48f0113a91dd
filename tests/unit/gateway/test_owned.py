import pytest

from strikewire.api import ApiError, ErrorCode
from strikewire.gateway.owned import checked_currency


def test_a_currency_is_named_in_capitals() -> None:
    assert checked_currency("btc") == "BTC"


@pytest.mark.parametrize("name", ["any", "SOL", ""])
def test_a_currency_that_nobody_holds_is_refused(name: str) -> None:
    with pytest.raises(ApiError) as raised:
        checked_currency(name)

    assert raised.value.code is ErrorCode.INVALID_PARAMS
