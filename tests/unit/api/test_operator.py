import pytest

from strikewire.api import METHODS, ApiError, ErrorCode, operator
from strikewire.api.jsonrpc import decode_params

FEES = METHODS["private/set_fees"]


def test_all_of_them_need_a_scope_of_their_own() -> None:
    own = {name for name, method in METHODS.items() if method.scope == "admin:read_write"}

    assert own == {
        "private/set_instrument_state",
        "private/set_platform_lock",
        "private/set_limits",
        "private/set_fees",
    }
    assert all(METHODS[name].adds_up for name in own)


@pytest.mark.parametrize("rate", [b'"maker_ppm":1', b'"taker_ppm":1'])
def test_a_fee_tier_has_both_rates_or_none(rate: bytes) -> None:
    named = b'"account_id":1,"kind":"option","currency":"BTC"'

    assert decode_params(FEES, b"{%b}" % named) == operator.SetFees(
        account_id=1, kind="option", currency="BTC"
    )
    with pytest.raises(ApiError) as caught:
        decode_params(FEES, b"{%b,%b}" % (named, rate))
    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, "taker_ppm")
