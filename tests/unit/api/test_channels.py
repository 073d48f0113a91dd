import inspect
import json
from typing import Any

import msgspec
import pytest
from typed_deribit import Deribit

from strikewire.api import CHANNELS, channels, jsonrpc, parse_channel

Notes = dict[str, tuple[str, list[object]]]

# The stream of the strict client for each pattern; orders have one more for the raw interval.
STREAMS = {
    "book.{instrument_name}.{interval}": "book",
    "book.{instrument_name}.{group}.{depth}.{interval}": "book_grouped",
    "ticker.{instrument_name}.{interval}": "ticker",
    "quote.{instrument_name}": "quote",
    "trades.{instrument_name}.{interval}": "trades_by_instrument",
    "trades.{kind}.{currency}.{interval}": "trades_by_kind_currency",
    "deribit_price_index.{index_name}": "price_index",
    "markprice.options.{index_name}": "mark_price_options",
    "deribit_volatility_index.{index_name}": "volatility_index",
    "estimated_expiration_price.{index_name}": "estimated_expiration_price",
    "perpetual.{instrument_name}.{interval}": "perpetual",
    "instrument.state.{kind}.{currency}": "instrument_state",
    "platform_state": "platform_state",
    "user.orders.{instrument_name}.{interval}": "orders_by_instrument",
    "user.orders.{kind}.{currency}.{interval}": "orders_by_kind_currency",
    "user.trades.{instrument_name}.{interval}": "trades_by_instrument",
    "user.trades.{kind}.{currency}.{interval}": "trades_by_kind_currency",
    "user.combo_trades.{instrument_name}.{interval}": "combo_trades_by_instrument",
    "user.combo_trades.{kind}.{currency}.{interval}": "combo_trades_by_kind_currency",
    "user.changes.{instrument_name}.{interval}": "changes_by_instrument",
    "user.changes.{kind}.{currency}.{interval}": "changes_by_kind_currency",
    "user.portfolio.{currency}": "portfolio",
    "user.mmp_trigger.{index_name}": "mmp_trigger",
    "user.lock": "lock",
    "block_trade_confirmations": "block_trade_confirmations",
    "block_trade_confirmations.{currency}": "block_trade_confirmations_by_currency",
}


class StrictStreams:
    """Takes the place of the strict client's socket and keeps what it would subscribe."""

    def __init__(self) -> None:
        self.subscribed: list[tuple[str, Any]] = []

    def subscribe(
        self,
        channel: str,
        params: object = None,
        *,
        validator: Any = None,
        validate: bool | None = None,
    ) -> None:
        self.subscribed.append((channel, validator))

    authed_subscribe = subscribe


def subscribe_strictly(pattern: str, name: str) -> tuple[str, Any]:
    """Let the strict client subscribe; return the channel and its check of the data."""
    socket = StrictStreams()
    client = Deribit(rpc_client=socket, ws_client=socket)  # type: ignore[arg-type]
    word = STREAMS[pattern]
    if word.startswith("orders") and name.endswith(".raw"):
        word += "_raw"
    streams = client.streams
    section: Any = streams.user if name.startswith("user.") else streams.market_data
    if name.startswith("block_trade"):
        section = streams.block_rfq
    function = getattr(section, word)
    parsed = msgspec.to_builtins(parse_channel(name))
    arguments = {
        key: parsed[key] for key in inspect.signature(function).parameters if key in parsed
    }
    function(**arguments)
    return socket.subscribed[0]


def test_every_channel_has_filled_data_in_these_tests(notes: Notes) -> None:
    assert list(notes) == list(CHANNELS)


@pytest.mark.parametrize("pattern", CHANNELS)
def test_a_strict_client_understands_the_notifications(pattern: str, notes: Notes) -> None:
    name, examples = notes[pattern]
    channel, validator = subscribe_strictly(pattern, name)

    assert channel.lower() == name.lower()
    for data in examples:
        sent = json.loads(jsonrpc.encode_notification(name, data))["params"]["data"]
        if pattern.startswith("ticker"):
            # A number in this client, text in every recorded ticker of an option: text it is.
            del sent["underlying_index"]
        validator.python(sent)


@pytest.mark.parametrize("pattern", CHANNELS)
def test_the_data_comes_back_as_it_was(pattern: str, notes: Notes) -> None:
    for data in notes[pattern][1]:
        text = msgspec.json.encode(data)

        assert msgspec.json.decode(text, type=CHANNELS[pattern].data) == data


@pytest.mark.parametrize("pattern", CHANNELS)
def test_a_name_is_read_as_its_own_pattern_says(pattern: str, notes: Notes) -> None:
    name = notes[pattern][0]

    parsed = parse_channel(name)

    assert isinstance(parsed, CHANNELS[pattern].parsed)
    assert parsed.name == name
    assert parsed.private == CHANNELS[pattern].private


def test_an_instrument_and_an_interval_name_a_book() -> None:
    assert parse_channel("book.BTC_USDC-25DEC26-0d5-P.agg2") == channels.BookChannel(
        name="book.BTC_USDC-25DEC26-0d5-P.agg2",
        instrument_name="BTC_USDC-25DEC26-0d5-P",
        interval="agg2",
    )


def test_a_group_and_a_depth_name_a_grouped_book() -> None:
    assert parse_channel("book.ETH-PERPETUAL.5.20.100ms") == channels.GroupedBookChannel(
        name="book.ETH-PERPETUAL.5.20.100ms",
        instrument_name="ETH-PERPETUAL",
        group="5",
        depth=20,
        interval="100ms",
    )


def test_any_stands_for_all_kinds_and_all_currencies() -> None:
    assert parse_channel("user.orders.any.any.raw") == channels.KindUserOrdersChannel(
        name="user.orders.any.any.raw", kind="any", currency="any", interval="raw"
    )


def test_a_portfolio_is_found_in_either_case_and_keeps_the_name_it_was_asked_by() -> None:
    lower = parse_channel("user.portfolio.btc")
    upper = parse_channel("user.portfolio.BTC")

    assert lower == channels.PortfolioChannel(name="user.portfolio.btc", currency="BTC")
    assert upper == channels.PortfolioChannel(name="user.portfolio.BTC", currency="BTC")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "book",
        "book.BTC-PERPETUAL",
        "book.BTC-PERPETUAL.10ms",
        "book.BTC-PERPETUAL.raw.",
        "book.BTC-PERPETUAL.raw\n",
        "book.BTC PERPETUAL.raw",
        "book.BTC-PERPETUAL.3.10.100ms",
        "book.BTC-PERPETUAL.none.11.100ms",
        "BOOK.BTC-PERPETUAL.raw",
        "quote.",
        "quote.BTC-PERPETUAL.raw",
        "quote.\u0411\u0422\u0421-PERPETUAL",
        "trades.perpetual.BTC.raw",
        "user.portfolio",
        "user.portfolio.",
        "user.orders.BTC-PERPETUAL",
        "instrument.states.any.any",
        "platform_state.",
        "quote." + "B" * 123,
        "quote." + "B" * 65,
    ],
)
def test_a_name_of_no_known_form_is_nothing(name: str) -> None:
    assert parse_channel(name) is None


@pytest.mark.parametrize(
    ("name", "needs_auth"),
    [
        ("book.BTC-PERPETUAL.raw", True),
        ("book.BTC-PERPETUAL.100ms", False),
        ("trades.any.any.raw", True),
        ("quote.BTC-PERPETUAL", False),
        ("user.portfolio.btc", True),
        ("user.orders.any.any.100ms", True),
    ],
)
def test_private_and_raw_channels_need_an_authenticated_connection(
    name: str, needs_auth: bool
) -> None:
    parsed = parse_channel(name)

    assert parsed is not None
    assert parsed.needs_auth is needs_auth


def test_money_is_an_account_matter_and_orders_are_a_trade_matter() -> None:
    scopes = {pattern: c.parsed.scope for pattern, c in CHANNELS.items() if c.private}

    assert scopes == {
        "user.orders.{instrument_name}.{interval}": "trade:read",
        "user.orders.{kind}.{currency}.{interval}": "trade:read",
        "user.trades.{instrument_name}.{interval}": "trade:read",
        "user.trades.{kind}.{currency}.{interval}": "trade:read",
        "user.combo_trades.{instrument_name}.{interval}": "trade:read",
        "user.combo_trades.{kind}.{currency}.{interval}": "trade:read",
        "user.changes.{instrument_name}.{interval}": "trade:read",
        "user.changes.{kind}.{currency}.{interval}": "trade:read",
        "user.portfolio.{currency}": "account:read",
        "user.mmp_trigger.{index_name}": "trade:read",
        "user.lock": "account:read",
        "block_trade_confirmations": "block_trade:read",
        "block_trade_confirmations.{currency}": "block_trade:read",
    }


@pytest.mark.parametrize("pattern", CHANNELS)
def test_a_channel_says_what_it_carries(pattern: str) -> None:
    assert CHANNELS[pattern].description.partition("\n")[0].endswith((".", ";", ","))
