"""typed-deribit believes every answer and notification of the demo, while its makers quote.

The client is generated from Deribit's published documents. One field of them contradicts recorded
data, where `underlying_index` is text: what holds it is validated without that field.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from typed_core.validation import validator
from typed_deribit import Deribit
from typed_deribit.core.auth import Credentials
from typed_deribit.core.transport.http import HmacHttpRpcClient, OAuthHttpRpcClient
from typed_deribit.core.transport.ws import SocketRpcStreamClient
from typed_deribit.market_data.ticker import Ticker

from .conftest import Address

PERPETUAL = "BTC-PERPETUAL"
SECONDS_MAX = 20

# The client's own request models warn about the plain dictionaries its documentation shows.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

Transport = Literal["http", "ws"]


@asynccontextmanager
async def connected(
    venue: Address,
    account: int,
    http: type[OAuthHttpRpcClient | HmacHttpRpcClient] = OAuthHttpRpcClient,
) -> AsyncIterator[Any]:
    """One client of an account; only the addresses are given to it."""
    credentials = Credentials(**venue.accounts[account])
    async with Deribit(
        rpc_client=http(base_url=f"{venue.http}/api/v2", credentials=credentials),
        ws_client=SocketRpcStreamClient.new(venue.ws, credentials=credentials),
    ) as client:
        yield client


@asynccontextmanager
async def traders(venue: Address) -> AsyncIterator[tuple[Any, Any]]:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(connected(venue, 0))
        bob = await stack.enter_async_context(connected(venue, 1, HmacHttpRpcClient))
        yield alice, bob


async def one_of_each(client: Any) -> list[str]:
    """Return an instrument of every kind, currency and period."""
    found = await client.market_data.get_instruments("any")
    sorts = {
        (one["kind"], one["base_currency"], one["quote_currency"], one.get("settlement_period")): (
            one["instrument_name"]
        )
        for one in found
    }
    assert len(sorts) >= 15
    return list(sorts.values())


def market(name: str, amount: float) -> dict[str, Any]:
    return {"instrument_name": name, "amount": amount, "type": "market"}


def limit(name: str, amount: float, price: float) -> dict[str, Any]:
    return {"instrument_name": name, "amount": amount, "price": price, "type": "limit"}


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_market_data_of_every_sort_of_instrument_validates(
    shared_busy_venue: Address, transport: Transport
) -> None:
    async with connected(shared_busy_venue, 0) as alice:
        data = alice.market_data
        for name in await one_of_each(alice):
            await data.get_instrument(name, transport=transport)
            await data.get_book_summary_by_instrument(name, transport=transport)
            await data.get_last_trades_by_instrument(name, transport=transport)
            for method in (data.ticker, data.get_order_book):
                answer = await method(name, transport=transport, validate=False)
                assert isinstance(answer.pop("underlying_index", ""), str)
                validator(Ticker).python(answer)
        for currency in ("BTC", "ETH", "USDC"):
            await data.get_book_summary_by_currency(currency, transport=transport)
            await data.get_last_trades_by_currency(currency=currency, transport=transport)
        await data.get_last_trades_by_instrument_and_time(
            PERPETUAL,
            start_timestamp=datetime.now(UTC) - timedelta(hours=1),
            end_timestamp=datetime.now(UTC),
            transport=transport,
        )
        await data.get_index_price("btc_usd", transport=transport)
        names = await data.get_index_price_names(transport=transport)

    assert {"btc_usd", "eth_usd", "btc_usdc"} <= set(names)


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_trading_with_the_makers_validates(
    shared_busy_venue: Address, transport: Transport
) -> None:
    async with traders(shared_busy_venue) as (alice, bob):
        for name in await one_of_each(alice):
            listed = await alice.market_data.get_instrument(name)
            least = listed["min_trade_amount"]
            bought = await alice.trading.buy(market(name, least), transport=transport)
            assert bought["order"]["order_state"] in ("filled", "cancelled")
            if listed["kind"] != "spot":
                await alice.account.get_position(name, transport=transport)
            await alice.trading.get_user_trades_by_instrument(name, transport=transport)
            await alice.trading.get_order_history_by_instrument(
                instrument_name=name, include_unfilled=True, transport=transport
            )
        held = await alice.account.get_positions(transport=transport)
        for one in held:
            await alice.trading.sell(
                market(one["instrument_name"], abs(one["size"])), transport=transport
            )
        placed = await bob.trading.buy(limit(PERPETUAL, 10, 20_000), transport=transport)
        edited = await bob.trading.edit(
            placed["order"]["order_id"], amount=20, price=20_001, transport=transport
        )
        waiting = await bob.trading.get_open_orders(transport=transport)
        cancelled = await bob.trading.cancel_all_by_currency("BTC", transport=transport)
        await bob.trading.get_order_history_by_currency(currency="BTC", transport=transport)
        await bob.trading.get_user_trades_by_currency(currency="BTC", transport=transport)

    assert len(held) >= 14
    assert [one["order_id"] for one in waiting] == [edited["order"]["order_id"]]
    assert cancelled == 1


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_money_validates(shared_busy_venue: Address, transport: Transport) -> None:
    async with connected(shared_busy_venue, 0) as alice:
        for currency in ("BTC", "ETH", "USDC"):
            await alice.account.get_account_summary(currency, extended=True, transport=transport)
        everything = await alice.account.get_account_summaries(extended=True, transport=transport)
        await alice.account.get_subaccounts(with_portfolio=True, transport=transport)

    assert [one["currency"] for one in everything["summaries"]] == ["BTC", "ETH", "USDC"]


async def test_a_session_validates_from_hello_to_heartbeat(shared_busy_venue: Address) -> None:
    async with connected(shared_busy_venue, 0) as alice:
        await alice.supporting.hello(client_name="typed", client_version="0.4.1")
        await alice.supporting.get_time(transport="ws")
        await alice.supporting.status(transport="ws")
        await alice.supporting.test(transport="ws")
        await alice.session.set_heartbeat(30)
        await alice.session.disable_heartbeat()


CHANNELS: dict[str, Callable[[Any], Any]] = {
    "book": lambda c: c.streams.market_data.book(PERPETUAL, interval="100ms"),
    "book agg2": lambda c: c.streams.market_data.book(PERPETUAL, interval="agg2"),
    "grouped book": lambda c: c.streams.market_data.book_grouped(
        PERPETUAL, group="none", depth="10", interval="100ms"
    ),
    "ticker": lambda c: c.streams.market_data.ticker(PERPETUAL, interval="100ms"),
    "quote": lambda c: c.streams.market_data.quote(PERPETUAL),
    "trades": lambda c: c.streams.market_data.trades_by_instrument(PERPETUAL, interval="100ms"),
    "trades of a kind": lambda c: c.streams.market_data.trades_by_kind_currency(
        "future", currency="any", interval="100ms"
    ),
    "price index": lambda c: c.streams.market_data.price_index("btc_usd"),
    "option marks": lambda c: c.streams.market_data.mark_price_options("btc_usd"),
    "volatility index": lambda c: c.streams.market_data.volatility_index("btc_usd"),
    "expiration price": lambda c: c.streams.market_data.estimated_expiration_price("btc_usd"),
    "perpetual": lambda c: c.streams.market_data.perpetual(PERPETUAL, interval="100ms"),
    "orders": lambda c: c.streams.user.orders_by_instrument(PERPETUAL, interval="100ms"),
    "orders of a kind": lambda c: c.streams.user.orders_by_kind_currency(
        "any", currency="any", interval="100ms"
    ),
    "raw orders": lambda c: c.streams.user.orders_by_instrument_raw(PERPETUAL),
    "raw orders of a kind": lambda c: c.streams.user.orders_by_kind_currency_raw(
        "future", currency="any"
    ),
    "user trades": lambda c: c.streams.user.trades_by_instrument(PERPETUAL, interval="raw"),
    "user trades of a kind": lambda c: c.streams.user.trades_by_kind_currency(
        "any", currency="any", interval="100ms"
    ),
    "changes": lambda c: c.streams.user.changes_by_instrument(PERPETUAL, interval="raw"),
    "changes of a kind": lambda c: c.streams.user.changes_by_kind_currency(
        "any", currency="any", interval="100ms"
    ),
    "portfolio": lambda c: c.streams.user.portfolio("BTC"),
}


@pytest.mark.parametrize("name", CHANNELS)
async def test_the_first_notifications_validate(shared_busy_venue: Address, name: str) -> None:
    # Nobody but the recorded feed moves the index, and it may rest for a while.
    wanted = 1 if name in {"price index", "expiration price"} else 3
    heard = []
    async with (
        connected(shared_busy_venue, 0) as alice,
        CHANNELS[name](alice) as stream,
        asyncio.timeout(SECONDS_MAX),
        asyncio.TaskGroup() as tasks,
    ):
        trading = tasks.create_task(keep_trading(alice))
        async for one in stream:
            heard.append(one)
            if len(heard) == wanted:
                break
        trading.cancel()

    assert len(heard) == wanted


async def keep_trading(alice: Any) -> None:
    """Trade to and fro with the makers: most channels are silent without."""
    while True:
        for trade in (alice.trading.buy, alice.trading.sell):
            await trade(market(PERPETUAL, 10), transport="http")
            await asyncio.sleep(0.02)
