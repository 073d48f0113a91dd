import pytest

from strikewire.api import ErrorCode
from strikewire.exchange import Reject, Rejected
from strikewire.gateway.rejects import rejection
from strikewire.testing.exchange import ALICE
from strikewire.testing.marketdata import Street


@pytest.mark.parametrize("code", list(Reject))
def test_every_reject_has_a_public_error_of_its_number(code: Reject) -> None:
    error = rejection(Rejected(code, "why", "amount"), None)

    assert error.code is ErrorCode(code)
    assert (error.reason, error.param) == ("why", "amount")


def test_parameters_go_by_the_names_clients_know() -> None:
    assert rejection(Rejected(Reject.RETRY, "x", "instrument_id"), None).param == "instrument_name"
    assert rejection(Rejected(Reject.UNAUTHORIZED, "x", "account_id"), None).param == ""


def test_a_price_out_of_the_band_is_told_the_band_in_its_own_currency() -> None:
    street = Street("BTC-PERPETUAL")
    street.mark(price=100_000.0)
    market = street.market()

    too_high = rejection(street.buy(ALICE, 1, 1_000_000).rejected, market)
    too_low = rejection(street.sell(ALICE, 1, 2).rejected, market)

    assert (too_high.code, too_high.reason) == (10007, "above the highest price 400000.0")
    assert (too_low.code, too_low.reason) == (10005, "below the lowest price 25000.0")
