from decimal import Decimal

import msgspec
import pytest

from strikewire.api import ApiError, wallet


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e15"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    params = {"currency": "BTC", "amount": Decimal(amount), "destination": 2}

    with pytest.raises((ApiError, msgspec.ValidationError)):
        msgspec.convert(params, wallet.SubmitTransferBetweenSubaccounts)


def test_a_log_has_a_span_and_a_hundred_lines_a_page() -> None:
    params = {"currency": "BTC", "start_timestamp": 1, "end_timestamp": 2}

    assert msgspec.convert(params, wallet.GetTransactionLog).count == 100
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(params | {"count": 251}, wallet.GetTransactionLog)
