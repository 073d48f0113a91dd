"""typed-deribit, the strictest checker of answers there is, believes every word of the gateway.

It is generated from Deribit's published documents and validates each answer. One field of them
contradicts recorded data, where `underlying_index` is text: tickers of options are validated
without it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import pytest
from typed_core.validation import validator
from typed_deribit import Deribit
from typed_deribit.core.auth import Credentials
from typed_deribit.core.exc import ApiError
from typed_deribit.core.transport.http import HmacHttpRpcClient, OAuthHttpRpcClient
from typed_deribit.core.transport.ws import SocketRpcStreamClient
from typed_deribit.market_data.ticker import Ticker

from .indoors import KEYS, MARKS, Indoors, venue

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-31DEC99-100000-C"
SECONDS_MAX = 20

# The client's own request models warn about the plain dictionaries its documentation shows.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

Transport = Literal["http", "ws"]


@asynccontextmanager
async def connected(
    at: Indoors, name: str, http: type[OAuthHttpRpcClient | HmacHttpRpcClient] = OAuthHttpRpcClient
) -> AsyncIterator[Any]:
    """One client of an account; only the addresses are given to it."""
    key = KEYS[name]
    credentials = Credentials(key.client_id, key.client_secret)
    async with Deribit(
        rpc_client=http(base_url=f"{at.http}/api/v2", credentials=credentials),
        ws_client=SocketRpcStreamClient.new(at.ws, credentials=credentials),
    ) as client:
        yield client


@asynccontextmanager
async def traders(at: Indoors) -> AsyncIterator[tuple[Any, Any]]:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(connected(at, "alice"))
        bob = await stack.enter_async_context(connected(at, "bob"))
        yield alice, bob


def limit(name: str, amount: float, price: float) -> dict[str, Any]:
    return {"instrument_name": name, "amount": amount, "price": price, "type": "limit"}


def market(name: str, amount: float) -> dict[str, Any]:
    return {"instrument_name": name, "amount": amount, "type": "market"}


async def trade(alice: Any, bob: Any, transport: Transport = "http") -> None:
    """Leave a trade, an open order and a position in the perpetual and in the call."""
    for name, amount, price in ((PERPETUAL, 100, 99_990), (CALL, 1, 0.5)):
        await alice.trading.buy(limit(name, amount, price), transport=transport)
        await bob.trading.sell(market(name, amount * 0.4), transport=transport)


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_orders_validate_from_the_first_answer_to_the_last(transport: Transport) -> None:
    async with venue() as at, traders(at) as (alice, bob):
        placed = await alice.trading.buy(limit(PERPETUAL, 100, 99_990), transport=transport)
        order_id = placed["order"]["order_id"]
        filled = await bob.trading.sell(market(PERPETUAL, 40), transport=transport)
        edited = await alice.trading.edit(order_id, amount=80, price=99_991, transport=transport)
        state = await alice.trading.get_order_state(order_id, transport=transport)
        by_instrument = await alice.trading.get_open_orders_by_instrument(
            PERPETUAL, transport=transport
        )
        by_currency = await alice.trading.get_open_orders_by_currency("BTC", transport=transport)
        fills = await alice.trading.get_user_trades_by_instrument(PERPETUAL, transport=transport)
        of_order = await alice.trading.get_user_trades_by_order(order_id, transport=transport)
        cancelled = await alice.trading.cancel(order_id, transport=transport)

    assert len(filled["trades"]) == 1
    assert edited["order"]["price"] == 99_991
    assert state == edited["order"] == by_instrument[0] == by_currency[0]
    assert fills["trades"] == of_order
    assert cancelled["order_state"] == "cancelled"


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_cancelling_many_validates_as_a_count_and_as_a_list(transport: Transport) -> None:
    async with venue() as at, traders(at) as (alice, bob):
        await trade(alice, bob, transport)
        detailed = await alice.trading.cancel_all(detailed=True, transport=transport)
        await alice.trading.buy(limit(PERPETUAL, 10, 99_000), transport=transport)
        counted = await alice.trading.cancel_all_by_instrument(PERPETUAL, transport=transport)
        nothing = await alice.trading.cancel_all(transport=transport)

    assert len(detailed) == 2
    assert (counted, nothing) == (1, 0)


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_money_and_positions_validate(transport: Transport) -> None:
    async with venue() as at, traders(at) as (alice, bob):
        await trade(alice, bob)
        for name in MARKS:
            if name != "BTC_USDC":
                await alice.account.get_position(name, transport=transport)
        held = await alice.account.get_positions(transport=transport)
        for extended in (False, True):
            await alice.account.get_account_summary("BTC", extended=extended, transport=transport)
            everything = await alice.account.get_account_summaries(
                extended=extended, transport=transport
            )

    assert [one["instrument_name"] for one in held] == [PERPETUAL, CALL]
    assert [one["currency"] for one in everything["summaries"]] == ["BTC", "ETH", "USDC"]


@pytest.mark.parametrize("transport", ["http", "ws"])
async def test_reference_and_market_data_validate_before_and_after_the_first_trade(
    transport: Transport,
) -> None:
    async with venue() as at, traders(at) as (alice, bob):
        for _ in range(2):
            await alice.market_data.get_currencies(transport=transport)
            await alice.market_data.get_instruments("any", transport=transport)
            await alice.market_data.get_book_summary_by_currency("BTC", transport=transport)
            for name in MARKS:
                await read_market(alice.market_data, name, transport)
            await trade(alice, bob)
        await alice.supporting.get_time(transport=transport)
        await alice.supporting.status(transport=transport)
        await alice.supporting.test(transport=transport)


async def read_market(data: Any, name: str, transport: Transport) -> None:
    is_option = name == CALL
    await data.get_instrument(name, transport=transport)
    await data.get_book_summary_by_instrument(name, transport=transport)
    await data.get_last_trades_by_instrument(name, transport=transport)
    for method in (data.ticker, data.get_order_book):
        answer = await method(name, transport=transport, validate=not is_option)
        if is_option:
            assert answer.pop("underlying_index") == "BTC-31DEC99"
            validator(Ticker).python(answer)


async def test_every_request_may_be_signed_on_its_own() -> None:
    async with venue() as at, connected(at, "alice", HmacHttpRpcClient) as alice:
        await alice.trading.buy(limit(PERPETUAL, 100, 99_990))
        orders = await alice.trading.get_open_orders_by_instrument(PERPETUAL)

    assert len(orders) == 1


async def test_an_error_is_an_error_of_its_number() -> None:
    async with venue() as at, connected(at, "alice") as alice:
        for transport in ("http", "ws"):
            with pytest.raises(ApiError) as caught:
                await alice.trading.buy(limit(PERPETUAL, 15, 99_990), transport=transport)
            assert caught.value.args[0] == 10021


CHANNELS: dict[str, Callable[[Any], Any]] = {
    "book": lambda c: c.streams.market_data.book(PERPETUAL, interval="100ms"),
    "grouped book": lambda c: c.streams.market_data.book_grouped(
        PERPETUAL, group="none", depth="10", interval="100ms"
    ),
    "ticker": lambda c: c.streams.market_data.ticker(PERPETUAL, interval="100ms"),
    "quote": lambda c: c.streams.market_data.quote(PERPETUAL),
    "trades": lambda c: c.streams.market_data.trades_by_instrument(PERPETUAL, interval="100ms"),
    "trades of a kind": lambda c: c.streams.market_data.trades_by_kind_currency(
        "future", currency="BTC", interval="agg2"
    ),
    "price index": lambda c: c.streams.market_data.price_index("btc_usd"),
    "option marks": lambda c: c.streams.market_data.mark_price_options("btc_usd"),
    "volatility index": lambda c: c.streams.market_data.volatility_index("btc_usd"),
    "expiration price": lambda c: c.streams.market_data.estimated_expiration_price("btc_usd"),
    "perpetual": lambda c: c.streams.market_data.perpetual(PERPETUAL, interval="100ms"),
    "orders": lambda c: c.streams.user.orders_by_instrument(PERPETUAL, interval="100ms"),
    "raw orders": lambda c: c.streams.user.orders_by_kind_currency_raw("future", currency="any"),
    "user trades": lambda c: c.streams.user.trades_by_instrument(PERPETUAL, interval="raw"),
    "changes": lambda c: c.streams.user.changes_by_instrument(PERPETUAL, interval="raw"),
    "portfolio": lambda c: c.streams.user.portfolio("BTC"),
}


@pytest.mark.parametrize("name", CHANNELS)
async def test_notifications_validate(name: str) -> None:
    async with (
        venue() as at,
        traders(at) as (alice, bob),
        CHANNELS[name](alice) as stream,
        asyncio.timeout(SECONDS_MAX),
        asyncio.TaskGroup() as tasks,
    ):
        trading = tasks.create_task(keep_trading(alice, bob))
        notification = await anext(aiter(stream))
        trading.cancel()

    assert notification


async def keep_trading(alice: Any, bob: Any) -> None:
    """Trade again and again: the first notification may need a trade, or have come before it."""
    while True:
        await trade(alice, bob)
        await asyncio.sleep(0.05)
