import inspect
import json
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec
import pytest
from typed_deribit import Deribit

from strikewire.api import METHODS, jsonrpc

ORDER = {
    "type": "limit",
    "instrument_name": "BTC-PERPETUAL",
    "amount": 40.0,
    "price": 97_000.5,
    "post_only": True,
    "reject_post_only": True,
    "label": "mine",
}
LEGS = [
    {"instrument_name": "BTC-25DEC26", "amount": 10.0, "direction": "buy"},
    {"instrument_name": "BTC-PERPETUAL", "amount": 10.0, "direction": "sell"},
]
# What a strict client fills in; its optional parameters are given too, where it has them.
ARGUMENTS: dict[str, object] = {
    "extended_to_subaccounts": True,
    "margin_model": "segregated_pm",
    "resolution": "60",
    "mode": "cancel_maker",
    "address": "0xfeed",
    "amount": 40.0,
    "buy_order_params": ORDER,
    "channels": ["quote.BTC-PERPETUAL"],
    "cancel_type": "all",
    "client_id": "id",
    "client_name": "strict",
    "client_secret": "secret",
    "client_version": "1",
    "combo_id": "BTC-FS-25DEC26_PERP",
    "count": 5,
    "currency": "BTC",
    "currency_pair": "btc_usd",
    "depth": 10,
    "destination": 8,
    "detailed": True,
    "end_timestamp": datetime(2024, 11, 22, 15, tzinfo=UTC),
    "expired": False,
    "extended": True,
    "frozen_time": 5,
    "grant_type": "client_credentials",
    "include_old": True,
    "index_name": "btc_usd",
    "instrument_name": "BTC-PERPETUAL",
    "interval": 10,
    "kind": "future",
    "label": "mine",
    "legs": LEGS,
    "length": "8h",
    "max_quote_quantity": 5.0,
    "mmp_group": "wings",
    "order_id": "BTC-12",
    "price": 97_000.5,
    "quantity_limit": 2.0,
    "quote_id": "7",
    "quotes": [{"instrument_name": "BTC-PERPETUAL", "bid": {"price": 97_000.5, "amount": 10.0}}],
    "sell_order_params": ORDER,
    "sorting": "asc",
    "start_timestamp": datetime(2024, 11, 22, 14, tzinfo=UTC),
    "trades": LEGS,
    "with_portfolio": True,
}
# Of block trades: `public/auth` has a timestamp of its own, which is text.
BLOCK_ARGUMENTS: dict[str, object] = {
    "nonce": "tea",
    "role": "maker",
    "timestamp": datetime(2024, 11, 22, 14, tzinfo=UTC),
    "trades": [
        {"instrument_name": "BTC-PERPETUAL", "direction": "buy", "amount": 2e5, "price": 97_000.5}
    ],
    "signature": "5a" * 32,
    "counterparty_signature": "5a" * 32,
    "id": "BLOCK-12",
}
SECTIONS = (
    "market_data",
    "account",
    "auth",
    "block_trade",
    "matching_engine",
    "combo_books",
    "session",
    "subscription_management",
    "supporting",
    "trading",
    "wallet.deposits",
    "wallet.transfers",
    "wallet.withdrawals",
)
# These the strict client hides behind its streams.
STREAMING = {
    "public/subscribe",
    "public/unsubscribe",
    "private/subscribe",
    "private/unsubscribe",
}
# These are of the venue's operator; Deribit has none.
OPERATOR = {name for name, method in METHODS.items() if method.scope == "admin:read_write"}
RETIRED = {"private/get_pending_block_trades"}
"""Deribit has taken it back, and the strict client has forgotten it already."""

ANSWERED = sorted(name for name, method in METHODS.items() if method.response is not None)


class Strict:
    """Takes the place of the strict client's transports; answers with one prepared text."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def request(
        self,
        method: str,
        *,
        params: dict[str, Any] | None = None,
        validator: Any = None,
        validate: bool | None = None,
    ) -> object:
        self.sent.append((method, params or {}))
        answer = json.loads(self.answer)
        if isinstance(answer, dict):
            # A number in this client, text in every recorded ticker of an option: text it is.
            answer.pop("underlying_index", None)
        return validator.python(answer)

    authed_request = request


async def call_strictly(name: str, answer: object) -> tuple[str, dict[str, Any]]:
    """Let the strict client call a method and check `answer`; return what it sent."""
    transport = Strict(msgspec.json.encode(answer))
    client = Deribit(rpc_client=transport, ws_client=transport)  # type: ignore[arg-type]
    scope, _, word = name.partition("/")
    word = word.replace("/", "_")
    words = ([f"authed_{word}"] if scope == "private" else []) + [word]
    words += [{"auth": "authenticate"}.get(word, word)]
    function = next(
        getattr(attrgetter(section)(client), name)
        for name in words
        for section in SECTIONS
        if hasattr(attrgetter(section)(client), name)
    )
    parameters = inspect.signature(function).parameters
    arguments = ARGUMENTS | (BLOCK_ARGUMENTS if "block_trade" in name else {})
    await function(**{key: arguments[key] for key in parameters if key in arguments})
    return transport.sent[0]


def test_every_method_has_a_filled_answer_in_these_tests(answers: dict[str, list[object]]) -> None:
    assert sorted(answers) == ANSWERED


@pytest.mark.parametrize("name", sorted(set(ANSWERED) - STREAMING - OPERATOR - RETIRED))
async def test_a_strict_client_understands_the_answer_and_is_understood(
    name: str, answers: dict[str, list[object]]
) -> None:
    for answer in answers[name]:
        sent_name, params = await call_strictly(name, answer)

        assert sent_name == name
        jsonrpc.decode_params(METHODS[name], msgspec.json.encode(params))


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_comes_back_as_it_was(name: str, answers: dict[str, list[object]]) -> None:
    for answer in answers[name]:
        text = msgspec.json.encode(answer)

        assert msgspec.json.decode(text, type=METHODS[name].response) == answer


@pytest.mark.parametrize("name", METHODS)
def test_a_method_knows_its_name_and_says_what_it_does(name: str) -> None:
    method = METHODS[name]

    assert method.name == name
    assert method.summary.endswith(".")
    assert method.private == name.startswith("private/")


def test_only_private_methods_need_a_scope() -> None:
    assert [m.name for m in METHODS.values() if m.scope and not m.private] == []


def test_every_method_that_may_trade_is_paid_from_the_matching_credits() -> None:
    matching = {m.name for m in METHODS.values() if m.cost == "matching"}

    assert matching == {
        "private/buy",
        "private/sell",
        "private/edit",
        "private/cancel",
        "private/cancel_all",
        "private/cancel_all_by_instrument",
        "private/cancel_all_by_currency",
        "private/cancel_by_label",
        "private/mass_quote",
        "private/cancel_quotes",
        "private/execute_block_trade",
    }


def test_methods_about_a_connection_are_not_offered_over_http() -> None:
    ws_only = {m.name for m in METHODS.values() if m.transport == "ws"}

    assert ws_only == {
        "public/hello",
        "public/set_heartbeat",
        "public/disable_heartbeat",
        "public/subscribe",
        "public/unsubscribe",
        "public/unsubscribe_all",
        "private/subscribe",
        "private/unsubscribe",
        "private/unsubscribe_all",
        "private/logout",
        "private/mass_quote",
    }


def test_a_description_is_free_of_indentation() -> None:
    description = METHODS["public/subscribe"].description

    assert description.startswith("Subscribe to channels;")
    assert "\n\nUnknown channels are left out" in description
