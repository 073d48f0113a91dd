from datetime import date
from decimal import Decimal

import pytest

from strikewire.model.currencies import CURRENCIES
from strikewire.model.instruments import SettlementPeriod, TickStep
from strikewire.model.names import InstrumentNameError, InstrumentType, Kind, OptionType
from strikewire.model.specifications import families, instrument
from strikewire.model.time import utc_ns
from strikewire.model.units import Ticks

EVERY_SORT = (
    "{0}-PERPETUAL",
    "{0}-25DEC26",
    "{0}-25DEC26-100-C",
)


def test_an_inverse_option_is_quoted_and_settled_in_its_coin() -> None:
    option = instrument("BTC-25DEC26-100000-C", instrument_id=9, creation_ns=5)

    assert option.instrument_id == 9
    assert option.creation_ns == 5
    assert option.kind is Kind.OPTION
    assert option.instrument_type is InstrumentType.REVERSED
    assert option.base_currency == "BTC"
    assert option.quote_currency == "BTC"
    assert option.counter_currency == "USD"
    assert option.settlement_currency == "BTC"
    assert option.price_index == "btc_usd"
    assert option.settlement_period is SettlementPeriod.MONTH
    assert option.strike == Decimal(100_000)
    assert option.option_type is OptionType.CALL
    assert option.expiry_ns == utc_ns(date(2026, 12, 25), hour=8)
    assert option.tick_size == Decimal("0.0001")
    assert option.tick_steps == (TickStep(above_price=Ticks(50), tick=Ticks(5)),)
    assert option.lot_size == Decimal("0.1")
    assert option.contract_size == Decimal(1)
    assert (option.maker_fee_ppm, option.taker_fee_ppm) == (300, 300)


def test_an_inverse_perpetual_is_quoted_in_dollars_and_settled_in_its_coin() -> None:
    perpetual = instrument("ETH-PERPETUAL", instrument_id=1)

    assert perpetual.quote_currency == "USD"
    assert perpetual.settlement_currency == "ETH"
    assert perpetual.settlement_period is SettlementPeriod.PERPETUAL
    assert perpetual.expiry_ns is None
    assert perpetual.tick_size == Decimal("0.05")
    assert perpetual.lot_size == Decimal(1)
    assert (perpetual.maker_fee_ppm, perpetual.taker_fee_ppm) == (0, 500)


def test_a_linear_future_is_quoted_and_settled_in_usdc() -> None:
    future = instrument("BTC_USDC-18DEC26", instrument_id=1)

    assert future.instrument_type is InstrumentType.LINEAR
    assert future.quote_currency == "USDC"
    assert future.counter_currency == "USDC"
    assert future.settlement_currency == "USDC"
    assert future.price_index == "btc_usdc"
    assert future.settlement_period is SettlementPeriod.WEEK


def test_spot_has_no_settlement_period_and_no_fee() -> None:
    spot = instrument("BTC_USDC", instrument_id=1)

    assert spot.settlement_period is None
    assert spot.expiry_ns is None
    assert (spot.base_currency, spot.quote_currency) == ("BTC", "USDC")
    assert (spot.maker_fee_ppm, spot.taker_fee_ppm) == (0, 0)


def test_a_family_the_venue_does_not_specify_is_refused() -> None:
    for name in ("DOGE-PERPETUAL", "SOL_USDC", "BTC_ETH-25DEC26", "DOGE-25DEC26-1-C"):
        with pytest.raises(InstrumentNameError, match="are known"):
            instrument(name, instrument_id=1)


def test_a_malformed_name_is_refused() -> None:
    with pytest.raises(InstrumentNameError, match="not the name"):
        instrument("BTC-", instrument_id=1)


def test_the_id_of_an_instrument_is_positive() -> None:
    with pytest.raises(AssertionError):
        instrument("BTC-PERPETUAL", instrument_id=0)


def test_the_families_are_listed_for_each_kind() -> None:
    assert families(Kind.FUTURE)[:3] == ("BTC", "ETH", "BTC_USDC")
    assert families(Kind.OPTION)[:3] == ("BTC", "ETH", "BTC_USDC")
    assert families(Kind.SPOT) == ("BTC_USDC", "ETH_USDC")


@pytest.mark.parametrize("form", EVERY_SORT)
@pytest.mark.parametrize("family", families(Kind.OPTION))
def test_every_specification_holds_together(family: str, form: str) -> None:
    listed = instrument(form.format(family), instrument_id=1)

    assert listed.settlement_currency in CURRENCIES
    assert listed.contract_size % listed.lot_size == 0
    assert 10**8 * listed.tick_size % 1 == 0
    finer = 1
    for step in listed.tick_steps:
        assert step.tick > finer
        assert step.above_price % step.tick == 0
        assert step.above_price % finer == 0
        finer = step.tick
