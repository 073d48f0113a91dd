"""A venue inside of the test's own process: real sockets, a journal in memory, no makers."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from strikewire.exchange import (
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    SetMarks,
)
from strikewire.gateway import ApiKey, GatewayService, KeyStore, Limits
from strikewire.journal import MemoryJournal
from strikewire.marketdata import restore
from strikewire.model import AccountId, InstrumentId, coins_to_units, instrument, price_e8
from strikewire.sequencer import Sequencer, SequencerService

ALICE, BOB = AccountId(1), AccountId(2)
KEYS = {
    "alice": ApiKey(client_id="alice", client_secret="alices-secret", account_id=ALICE),
    "bob": ApiKey(client_id="bob", client_secret="bobs-secret", account_id=BOB),
}

INDEX = 100_000.0
MARKS = {
    "BTC-PERPETUAL": (INDEX, 0.0),
    "BTC-31DEC99": (INDEX, 0.0),
    "BTC-31DEC99-100000-C": (0.5, 55.0),
    "BTC_USDC-PERPETUAL": (INDEX, 0.0),
    "BTC_USDC": (INDEX, 0.0),
}
"""Mark price and volatility of each instrument; the dated ones outlive their tests."""


class Indoors:
    """A venue that listens.

    Attributes:
        port: Where.
        sequencer: Takes commands of the venue itself.
        gateway: Whose counters tests may read.
    """

    def __init__(self, port: int, sequencer: SequencerService, gateway: GatewayService) -> None:
        self.port = port
        self.sequencer = sequencer
        self.gateway = gateway

    @property
    def http(self) -> str:
        """The address that REST clients are given."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """The address that WebSocket clients are given."""
        return f"ws://127.0.0.1:{self.port}/ws/api/v2"


@asynccontextmanager
async def venue(limits: Limits | None = None) -> AsyncIterator[Indoors]:
    """Open a venue with two accounts of 100 coins of everything, until the block ends."""
    exchange = Exchange()
    sequencer = SequencerService(
        Sequencer(exchange, last_seq=0, last_time_ns=0), MemoryJournal(), clock=time.time_ns
    )
    gateway = GatewayService(
        sequencer,
        restore(exchange, time.time_ns()),
        KeyStore(KEYS.values()),
        clock=time.time_ns,
        entropy=secrets.token_bytes,
        limits=limits,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run(), name="sequencer")
        ticking = tasks.create_task(gateway.run(), name="gateway")
        for command in opening():
            await sequencer.execute(command)
        async with gateway.listen() as server:
            yield Indoors(server.port, sequencer, gateway)
        ticking.cancel()
        sequencer.close()


def opening() -> list[Command]:
    """Return the commands a venue begins with."""
    commands: list[Command] = []
    for key in KEYS.values():
        commands.append(OpenAccount(key.account_id, key.client_id))
        for currency, coins in (("BTC", 100), ("USDC", 10_000_000)):
            units = coins_to_units(currency, Decimal(coins))
            commands.append(Deposit(key.account_id, currency, units))
    commands += [
        ListInstrument(instrument(name, instrument_id=number))
        for number, name in enumerate(MARKS, 1)
    ]
    marks = tuple(
        Mark(InstrumentId(number), price_e8(price), round(iv * 10_000), price_e8(INDEX))
        for number, (price, iv) in enumerate(MARKS.values(), 1)
    )
    indices = tuple((name, price_e8(INDEX)) for name in ("btc_usd", "btc_usdc"))
    return [*commands, SetMarks(indices, marks)]
