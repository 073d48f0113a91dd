import json

import pytest
from msgspec import UNSET
from msgspec import json as msgspec_json

from strikewire.gateway.catalogue import currencies, instrument, is_of
from strikewire.marketdata import Market
from strikewire.model import PriceE8
from strikewire.model import instrument as named
from strikewire.testing.exchange import START_NS

NEW_YEAR_MS = 1_767_225_600_000


def market(name: str) -> Market:
    return Market(named(name, instrument_id=7, creation_ns=START_NS), START_NS)


def test_an_inverse_option_has_everything_a_client_must_know() -> None:
    shown = json.loads(msgspec_json.encode(instrument(market("BTC-25DEC26-100000-C"))))

    assert shown == {
        "instrument_name": "BTC-25DEC26-100000-C",
        "instrument_id": 7,
        "kind": "option",
        "instrument_type": "reversed",
        "base_currency": "BTC",
        "quote_currency": "BTC",
        "counter_currency": "USD",
        "settlement_currency": "BTC",
        "price_index": "btc_usd",
        "settlement_period": "month",
        "strike": 100_000.0,
        "option_type": "call",
        "creation_timestamp": NEW_YEAR_MS,
        "expiration_timestamp": 1_798_185_600_000,
        "tick_size": 0.0001,
        "tick_size_steps": [{"above_price": 0.005, "tick_size": 0.0005}],
        "min_trade_amount": 0.1,
        "contract_size": 1.0,
        "maker_commission": 0.0003,
        "taker_commission": 0.0003,
        "block_trade_commission": 0.0003,
        "block_trade_tick_size": 0.0001,
        "block_trade_min_trade_amount": 25.0,
        "is_active": True,
        "state": "open",
        "underlying_type": "crypto",
        "rfq": False,
    }


def test_a_perpetual_never_expires_and_names_its_highest_leverage() -> None:
    shown = instrument(market("BTC-PERPETUAL"))

    assert shown.expiration_timestamp == 32_503_708_800_000
    assert (shown.settlement_period, shown.future_type) == ("perpetual", "reversed")
    assert (shown.quote_currency, shown.max_leverage) == ("USD", 50)
    assert shown.max_liquidation_commission == 0.0075
    assert shown.strike is UNSET


def test_spot_is_recognised_by_what_it_lacks() -> None:
    shown = instrument(market("BTC_USDC"))

    assert shown.settlement_period is UNSET
    assert shown.settlement_currency is UNSET
    assert (shown.kind, shown.quote_currency, shown.base_currency) == ("spot", "USDC", "BTC")
    assert shown.expiration_timestamp == 32_503_708_800_000


def test_a_settled_instrument_is_not_active() -> None:
    over = market("BTC-25DEC26")
    over.settle(START_NS, PriceE8(1))

    shown = instrument(over)

    assert (shown.is_active, shown.state) == (False, "delivered")


@pytest.mark.parametrize(
    ("name", "currency", "kind", "belongs"),
    [
        ("BTC-PERPETUAL", None, None, True),
        ("BTC-PERPETUAL", "any", "any", True),
        ("BTC-PERPETUAL", "btc", "future", True),
        ("BTC-PERPETUAL", "BTC", "option", False),
        ("BTC-PERPETUAL", "BTC", "future_combo", False),
        ("BTC-PERPETUAL", "USDC", None, False),
        ("BTC_USDC-PERPETUAL", "USDC", None, True),
        ("BTC_USDC-PERPETUAL", "BTC", None, False),
        ("BTC_USDC", "USDC", "spot", True),
    ],
)
def test_an_instrument_belongs_to_the_currency_it_settles_in(
    name: str, currency: str | None, kind: str | None, belongs: bool
) -> None:
    assert is_of(named(name, instrument_id=1), currency, kind) is belongs


def test_every_currency_of_the_venue_is_listed() -> None:
    assert [(one.currency, one.decimals) for one in currencies()] == [
        ("BTC", 8),
        ("ETH", 8),
        ("USDC", 6),
    ]
