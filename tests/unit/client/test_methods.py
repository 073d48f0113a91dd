import inspect
from decimal import Decimal
from typing import Any, get_type_hints

import msgspec
import pytest

from strikewire.api import METHODS, combos, jsonrpc, trading
from strikewire.client.methods import Methods

NAMES = sorted(name for name in vars(Methods) if not name.startswith("_"))
LEGS = [
    combos.ComboTrade(instrument_name="BTC-25DEC26", amount=Decimal(10), direction="buy"),
    combos.ComboTrade(instrument_name="BTC-PERPETUAL", amount=Decimal(10), direction="sell"),
]
VALUES: dict[str, object] = {
    "counterparty_signature": "5a" * 32,
    "id": "BLOCK-12",
    "nonce": "tea",
    "role": "maker",
    "signature": "5a" * 32,
    "timestamp": 1_732_284_000_000,
    "margin_model": "segregated_pm",
    "resolution": "60",
    "channels": ["quote.BTC-PERPETUAL"],
    "combo_id": "BTC-FS-25DEC26_PERP",
    "trades": [
        {"instrument_name": name, "direction": "buy", "amount": 200_000, "price": 5}
        for name in ("BTC-PERPETUAL", "BTC-25DEC26")
    ],
    "legs": LEGS,
    "price": -5,
    "cancel_type": "all",
    "client_id": "id",
    "client_name": "test",
    "client_secret": "secret",
    "client_version": "1",
    "currency": "BTC",
    "account_id": 1,
    "address": "0xfeed",
    "kind": "future",
    "locked": True,
    "state": "locked",
    "amount": 10,
    "destination": 8,
    "frozen_time": 5,
    "grant_type": "client_credentials",
    "index_name": "btc_usd",
    "instrument_name": "BTC-PERPETUAL",
    "interval": 10,
    "label": "mine",
    "extended_to_subaccounts": False,
    "length": "8h",
    "mode": "reject_taker",
    "mmp_group": "wings",
    "order_id": "BTC-12",
    "quote_id": "7",
    "quotes": [],
    "end_timestamp": 1_732_284_000_000,
    "start_timestamp": 1_732_284_000_000,
}
# What these need although the signature leaves it open.
NEEDED = {"buy": {"amount": 10, "price": 1}, "sell": {"amount": 10, "price": 1}}
NEEDED["auth"] = {"client_id": "id", "client_secret": "secret"}  # type: ignore[dict-item]


NEEDED["set_mmp_config"] = {"max_quote_quantity": 5}


class Recorder(Methods):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object], Any]] = []

    async def call(self, method: str, params: dict[str, object], form: Any, /) -> Any:
        self.calls.append((method, params, form))
        return None


async def test_every_method_of_the_venue_that_answers_has_a_typed_one() -> None:
    client = Recorder()
    for name in NAMES:
        function = getattr(client, name)
        required = {
            key: VALUES[key]
            for key, parameter in inspect.signature(function).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
        await function(**required, **NEEDED.get(name, {}))

    called = {method: (params, form) for method, params, form in client.calls}

    assert set(called) == set(METHODS) - {"private/logout"}
    for method, (params, form) in called.items():
        assert form == METHODS[method].response
        jsonrpc.decode_params(METHODS[method], msgspec.json.encode(params))


async def test_a_parameter_that_is_not_given_is_not_sent() -> None:
    client = Recorder()

    await client.buy(instrument_name="BTC-PERPETUAL", amount=Decimal("0.1"), price=5.5)

    assert client.calls == [
        (
            "private/buy",
            {"instrument_name": "BTC-PERPETUAL", "amount": Decimal("0.1"), "price": 5.5},
            trading.OrderAndTrades,
        )
    ]


async def test_a_word_that_two_methods_share_is_told_apart_by_its_scope() -> None:
    client = Recorder()

    await client.public_subscribe(channels=["quote.BTC-PERPETUAL"])
    await client.private_subscribe(channels=["user.portfolio.btc"])

    assert [method for method, _, _ in client.calls] == ["public/subscribe", "private/subscribe"]


@pytest.mark.parametrize("name", NAMES)
def test_a_method_is_documented_and_typed(name: str) -> None:
    function = getattr(Methods, name)
    hints = get_type_hints(function)

    assert function.__doc__
    assert "return" in hints
