import pytest

from strikewire.api import ApiError, ErrorCode
from strikewire.api.volatility import GetVolatilityIndexData


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        GetVolatilityIndexData(currency="BTC", start_timestamp=2, end_timestamp=1, resolution="1D")

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, "end_timestamp")


def test_a_span_may_be_a_moment() -> None:
    GetVolatilityIndexData(currency="BTC", start_timestamp=1, end_timestamp=1, resolution="60")
