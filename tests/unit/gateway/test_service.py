import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    SetMarks,
)
from strikewire.gateway import ApiKey, GatewayService, KeyStore, Limits
from strikewire.gateway.gateway import SubmitCommand
from strikewire.gateway.steps import Called
from strikewire.journal import Journal, JournalWriteError, MemoryJournal
from strikewire.marketdata import MarketData
from strikewire.model import InstrumentId, instrument, price_e8
from strikewire.sequencer import Applied, Sequencer, SequencerService
from strikewire.sequencer import Limits as SequencerLimits
from strikewire.testing.exchange import ALICE, PLENTY, START_NS
from strikewire.testing.journal import FailingJournal
from strikewire.websocket import Connection, HttpRequest, connect

KEY = ApiKey(client_id="alice", client_secret="hush", account_id=ALICE)
ORDER = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 99_000}

OPENING: list[Command] = [
    OpenAccount(ALICE, "alice"),
    Deposit(ALICE, "BTC", PLENTY),
    ListInstrument(instrument("BTC-PERPETUAL", instrument_id=1)),
    SetMarks(
        (("btc_usd", price_e8(100_000)),),
        (Mark(InstrumentId(1), price_e8(100_000), 0, price_e8(100_000)),),
    ),
]
"""Four commands, so the first order is the fifth."""


class House:
    """A sequencer and a gateway over it, without a port."""

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        limits: Limits | None = None,
        queued_commands_max: int = 100,
    ) -> None:
        exchange = Exchange()
        self.sequencer = SequencerService(
            Sequencer(
                exchange,
                last_seq=0,
                last_time_ns=0,
                limits=SequencerLimits(queued_commands_max=queued_commands_max),
            ),
            journal or MemoryJournal(),
            clock=lambda: START_NS,
        )
        self.service = GatewayService(
            self.sequencer,
            MarketData(),
            KeyStore([KEY]),
            clock=lambda: START_NS,
            entropy=bytes,
            limits=limits,
        )

    async def open(self) -> None:
        for command in OPENING:
            await self.sequencer.execute(command)

    async def buy(self) -> tuple[int, dict[str, Any]]:
        """Place an order over REST, without a socket; return status and answer."""
        response = await self.service._answer(
            HttpRequest(
                method="GET",
                target="/api/v2/private/buy?instrument_name=BTC-PERPETUAL&amount=10&price=99000",
                headers=(("authorization", "Basic YWxpY2U6aHVzaA=="),),
            )
        )
        return response.status, json.loads(response.body)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Run the sequencer until the block ends; a journal that fails does not fail the test."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_run(house.sequencer), name="sequencer")
        await house.open()
        yield house
        house.sequencer.close()


async def _run(sequencer: SequencerService) -> None:
    with suppress(JournalWriteError):
        await sequencer.run()


class Client:
    """A WebSocket client that asks one thing after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.told: list[dict[str, Any]] = []

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        await self._connection.send(json.dumps({"id": method, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(await self._connection.receive())
            if message.get("id") == method:
                return message
            self.told.append(message)

    async def login(self) -> None:
        answer = await self.ask(
            "public/auth",
            grant_type="client_credentials",
            client_id="alice",
            client_secret="hush",
        )
        assert "result" in answer


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    async with connect(f"ws://127.0.0.1:{port}/ws/api/v2") as connection:
        yield Client(connection)


@asynccontextmanager
async def connected(house: House) -> AsyncIterator[Client]:
    async with running(house), house.service.listen() as server, client(server.port) as alice:
        await alice.login()
        yield alice


async def test_an_order_over_websocket_is_answered_when_it_is_durable() -> None:
    journal = MemoryJournal()
    async with connected(House(journal)) as alice:
        await alice.ask("private/subscribe", channels=["user.orders.any.any.raw"])
        answer = await alice.ask("private/buy", **ORDER)

    assert answer["result"]["order"]["order_id"] == "BTC-1"
    assert journal.last_seq == 5
    assert [one["method"] for one in alice.told] == ["subscription"]


async def test_the_same_methods_are_answered_over_rest() -> None:
    async with running(House()) as house:
        status, answer = await house.buy()

    assert (status, answer["result"]["order"]["order_id"]) == (200, "BTC-1")


async def test_an_order_in_doubt_is_told_so_when_the_journal_fails() -> None:
    async with running(House(FailingJournal(fails_at=5))) as house:
        status, in_doubt = await house.buy()
        _, afterwards = await house.buy()
        health = await house.service._answer(HttpRequest(method="GET", target="/health"))

    assert status == 400
    assert in_doubt["error"]["code"] == 11031
    assert "outcome unknown" in in_doubt["error"]["data"]["reason"]
    assert afterwards["error"]["code"] == 11051
    assert health.status == 503


async def test_a_full_queue_refuses_an_order() -> None:
    house = House(queued_commands_max=len(OPENING))
    for command in OPENING:
        house.sequencer.submit(command, lambda _: None)
    market = house.service.gateway.desk.market
    market.begin(instrument("BTC-PERPETUAL", instrument_id=1), START_NS)

    status, answer = await house.buy()

    assert (status, answer["error"]["code"]) == (400, 10047)


async def test_a_wrong_path_opens_no_websocket() -> None:
    async with running(House()) as house, house.service.listen() as server:
        with pytest.raises(Exception, match="404"):
            await connect(f"ws://127.0.0.1:{server.port}/elsewhere")


async def test_one_connection_too_many_is_closed_with_try_again_later() -> None:
    house = House(limits=Limits(connections_per_ip_max=1))
    async with running(house), house.service.listen() as server, client(server.port) as alice:
        await alice.ask("public/test")
        async with connect(f"ws://127.0.0.1:{server.port}/ws/api/v2") as second:
            await second.wait_closed()

    assert second.close_code == 1013


async def test_a_lost_connection_cancels_its_orders() -> None:
    house = House()
    cancelled = asyncio.Event()

    def watch(applied: Applied) -> None:
        if isinstance(applied.command, CancelOrder):
            cancelled.set()

    house.sequencer.subscribe(watch)
    async with running(house), house.service.listen() as server:
        async with client(server.port) as alice:
            await alice.login()
            await alice.ask("private/enable_cancel_on_disconnect")
            await alice.ask("private/buy", **ORDER)
        await cancelled.wait()

    assert house.sequencer.exchange.closed_orders(ALICE)[0].cancel_reason == "cancel_on_disconnect"


async def test_a_logout_closes_the_connection() -> None:
    async with connected(House()) as alice:
        connection = alice._connection
        await connection.send('{"id": 1, "method": "private/logout"}')
        await connection.wait_closed()

    assert (connection.close_code, connection.close_reason) == (1000, "logout")


async def test_a_venue_that_stopped_owes_no_more_cancels() -> None:
    house = House(FailingJournal(fails_at=6))
    async with running(house):
        await house.buy()
        await house.buy()
        gateway = house.service.gateway
        (order,) = house.sequencer.exchange.open_orders(ALICE)

        house.service._act([SubmitCommand(None, CancelOrder(ALICE, order.order_id))])
        house.service._act(gateway.tick(START_NS))

    assert len(house.sequencer.exchange.open_orders(ALICE)) == 1
    assert gateway.desk.counters.commands_refused == 1


async def test_what_is_due_is_sent_ten_times_a_second() -> None:
    house = House()
    async with connected(house) as alice, asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(house.service.run())
        await alice.ask("public/subscribe", channels=["book.BTC-PERPETUAL.100ms"])
        await alice.ask("private/buy", **ORDER)
        while len(alice.told) < 2:
            alice.told.append(json.loads(await alice._connection.receive()))
        ticking.cancel()

    kinds = [one["params"]["data"]["type"] for one in alice.told]
    assert kinds == ["snapshot", "change"]


async def test_who_asks_too_fast_is_read_again_once_it_is_answered() -> None:
    house = House(limits=Limits(requests_waiting_max=2))
    async with connected(house) as alice:
        for number in range(20):
            request = {"id": number, "method": "private/buy", "params": ORDER}
            await alice._connection.send(json.dumps(request))
        answers = [json.loads(await alice._connection.receive())["id"] for _ in range(20)]

    assert answers == list(range(20))


async def test_a_rest_call_whose_client_went_away_is_forgotten() -> None:
    house = House()
    gateway = house.service.gateway
    call_id, actions = gateway.call(START_NS, "10.0.0.1", Called(method="public/test"))

    house.service._act(actions)

    assert call_id not in house.service._answers
