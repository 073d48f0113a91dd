import json
from typing import Any

import msgspec
import pytest

from strikewire.api import reference


def test_instruments_are_asked_for_without_any_parameter() -> None:
    assert msgspec.convert({}, reference.GetInstruments) == reference.GetInstruments()


def test_a_currency_may_be_any_or_one_the_venue_does_not_know() -> None:
    for currency in ("any", "SOL", "btc"):
        assert msgspec.convert({"currency": currency}, reference.GetInstruments) is not None


@pytest.mark.parametrize("currency", ["", "B", "BTC,ETH", "BTC ", "ABCDEFGHIJK"])
def test_a_currency_is_letters_and_digits(currency: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="currency"):
        msgspec.convert({"currency": currency}, reference.GetInstruments)


def fields(answers: dict[str, list[Any]], index: int) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(
        msgspec.json.encode(answers["public/get_instrument"][index])
    )
    return decoded


def test_a_perpetual_is_known_by_its_settlement_period(answers: dict[str, list[Any]]) -> None:
    perpetual = fields(answers, 0)

    assert perpetual["settlement_period"] == "perpetual"
    assert perpetual["expiration_timestamp"] == 32_503_708_800_000
    assert perpetual["quote_currency"] == "USD"
    assert "strike" not in perpetual


def test_an_inverse_option_is_quoted_in_its_coin(answers: dict[str, list[Any]]) -> None:
    option = fields(answers, 1)

    assert option["quote_currency"] == "BTC"
    assert option["counter_currency"] == "USD"
    assert option["strike"] == 100_000.0
    assert option["tick_size_steps"] == [{"above_price": 0.005, "tick_size": 0.0005}]


def test_spot_is_known_by_having_no_settlement_period(answers: dict[str, list[Any]]) -> None:
    spot = fields(answers, 2)

    assert "settlement_period" not in spot
    assert spot["expiration_timestamp"] == 32_503_708_800_000
    assert spot["underlying_type"] == "crypto"


def test_a_state_of_the_platform_holds_only_what_happened() -> None:
    assert msgspec.json.encode(reference.PlatformState(maintenance=True)) == b'{"maintenance":true}'
