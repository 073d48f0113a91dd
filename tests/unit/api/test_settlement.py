import msgspec
import pytest

from strikewire.api import settlement


def test_twenty_settlements_make_a_page() -> None:
    params = {"currency": "BTC"}

    assert msgspec.convert(params, settlement.GetLastSettlementsByCurrency).count == 20


def test_a_type_is_one_of_three() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"instrument_name": "BTC-PERPETUAL", "type": "funding"},
            settlement.GetSettlementHistoryByInstrument,
        )
