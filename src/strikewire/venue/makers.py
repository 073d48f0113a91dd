"""Market makers and a trader: ordinary clients of the venue, over real connections.

They know what any client knows, and nothing else: instruments, tickers, their own orders. What is
special about them is only that the venue starts them, and exempts them from request limits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from random import Random  # noqa: TID251 - the type alone; the generator is made from a given seed
from typing import Final

from msgspec import Struct

from strikewire.api import ErrorCode
from strikewire.api.market_data import Ticker
from strikewire.api.reference import Instrument
from strikewire.api.trading import Order
from strikewire.client import Client, ClientError, Connected, Loss, VenueError
from strikewire.model import NS_PER_MS
from strikewire.pricing.black76 import NS_PER_YEAR
from strikewire.venue.config import InstrumentsConfig
from strikewire.venue.prices import SHAPES
from strikewire.venue.quoting import Action, Place, Quoter, style_of

log: Final = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
Connect = Callable[[], AbstractAsyncContextManager[Client]]

ROLL_INTERVAL_S: Final = 10
"""How often a maker looks for instruments that were listed or have expired."""

_GONE: Final = frozenset(
    {
        ErrorCode.ORDER_NOT_FOUND,
        ErrorCode.ALREADY_CLOSED,
        ErrorCode.ALREADY_FILLED,
        ErrorCode.NOT_OPEN_ORDER,
        ErrorCode.BOOK_CLOSED,
        ErrorCode.NOT_FOUND,
    }
)


class Coverage(Struct, frozen=True):
    """What one maker quotes.

    Attributes:
        name: Of its account and key.
        families: First parts of instrument names: "BTC", "BTC_USDC".
        kinds: Kinds of instruments.
    """

    name: str
    families: tuple[str, ...]
    kinds: tuple[str, ...]

    def matters(self, listed: InstrumentsConfig) -> bool:
        """Tell whether a venue that lists these has anything for this maker."""
        has_kind = self.kinds != ("option",) or listed.option_expiries > 0
        return has_kind and not set(self.families).isdisjoint(listed.families)

    def takes(self, instrument: Instrument) -> bool:
        """Tell whether this maker quotes an instrument."""
        family = instrument.instrument_name.partition("-")[0]
        return family in self.families and instrument.kind in self.kinds


COVERAGES: Final = (
    Coverage("maker-futures", ("BTC", "ETH", "BTC_USDC"), ("future", "spot")),
    Coverage("maker-btc-options", ("BTC",), ("option",)),
    Coverage("maker-other-options", ("ETH", "BTC_USDC"), ("option",)),
)
TRADER_NAME: Final = "trader"


class Maker:
    """One market maker: keeps its quotes around the mark while it runs.

    Args:
        coverage: What it quotes.
        connect: Opens its connection.
        clock: Nanoseconds since the Unix epoch.
        sleep: Waits for that many seconds.
        chance: Returns a number from 0 to 1.

    Attributes:
        complete: Set once every instrument is quoted.
        latencies_ns: Round trips of its last requests.
    """

    def __init__(
        self,
        coverage: Coverage,
        *,
        connect: Connect,
        clock: Callable[[], int],
        sleep: Sleep,
        chance: Callable[[], float],
    ) -> None:
        self.complete = asyncio.Event()
        self.latencies_ns: list[int] = []
        self._coverage = coverage
        self._connect = connect
        self._clock = clock
        self._sleep = sleep
        self._quoter = Quoter(chance, style_of)
        self._rolled = asyncio.Event()
        self._covered: dict[str, Instrument] = {}

    @property
    def quotes(self) -> int:
        """Orders placed and edits made, so far."""
        return self._quoter.quotes

    async def run(self) -> None:
        """Quote until cancelled."""
        async with self._connect() as client, asyncio.TaskGroup() as tasks:
            await _start_afresh(client)
            tasks.create_task(self._follow_connection(client), name="maker connection")
            tasks.create_task(self._follow_orders(client), name="maker orders")
            tasks.create_task(self._follow_instruments(client), name="maker instruments")
            tasks.create_task(self._follow_marks(client, tasks), name="maker marks")

    async def _follow_connection(self, client: Client) -> None:
        async for event in client.events():
            # The first one was before this began. The venue has cancelled our orders, or will.
            if isinstance(event, Connected):
                await _start_afresh(client)
                self._quoter.reset()

    async def _follow_orders(self, client: Client) -> None:
        async for note in client.subscribe("user.orders.any.any.raw", loss=Loss.OLDEST):
            self._quoter.order_changed(note.read(Order))

    async def _follow_instruments(self, client: Client) -> None:
        while True:
            try:
                offered = await client.get_instruments()
            except ClientError as error:
                log.debug("%s: %s", self._coverage.name, error)
            else:
                covered = [one for one in offered if self._coverage.takes(one)]
                if {one.instrument_name for one in covered} != self._quoter.names:
                    self._covered = {one.instrument_name: one for one in covered}
                    self._quoter.cover(covered)
                    self._rolled.set()
            # Until there is something to quote the venue is just starting.
            await self._sleep(ROLL_INTERVAL_S if self.complete.is_set() else 0.25)

    async def _follow_marks(self, client: Client, tasks: asyncio.TaskGroup) -> None:
        await self._rolled.wait()
        while True:
            self._rolled.clear()
            channels = [f"ticker.{name}.100ms" for name in sorted(self._quoter.names)]
            async with client.subscribe(*channels) as tickers:
                async for note in tickers:
                    ticker = note.read(Ticker)
                    name = ticker.instrument_name
                    if one := self._covered.get(name):
                        fair = fair_price(one, ticker)
                        self._begin(client, tasks, self._quoter.marked(self._clock(), name, fair))
                    if self._rolled.is_set():
                        break

    def _begin(self, client: Client, tasks: asyncio.TaskGroup, actions: list[Action]) -> None:
        for action in actions:
            tasks.create_task(self._request(client, tasks, action), name="maker request")

    async def _request(self, client: Client, tasks: asyncio.TaskGroup, action: Action) -> None:
        slot = action.slot
        begun_ns = self._clock()
        try:
            result = await _send(client, action)
        except ClientError as error:
            log.debug("%s: %s: %s", self._coverage.name, slot.instrument_name, error)
            is_gone = isinstance(error, VenueError) and error.code in _GONE
            further = self._quoter.failed(self._clock(), slot, is_order_gone=is_gone)
        else:
            now_ns = self._clock()
            self._remember(now_ns - begun_ns)
            further = self._quoter.answered(now_ns, slot, result)
            if not self.complete.is_set() and self._quoter.is_complete:
                self.complete.set()
                self._quoter.settle()
                self.latencies_ns.clear()  # the figures are to be those of an ordinary day
        self._begin(client, tasks, further)

    def _remember(self, latency_ns: int) -> None:
        self.latencies_ns.append(latency_ns)
        if len(self.latencies_ns) > 2 * LATENCIES_KEPT:
            del self.latencies_ns[:-LATENCIES_KEPT]


LATENCIES_KEPT: Final = 10_000
"""Round trips remembered, for the figures shown at the end."""


def fair_price(one: Instrument, ticker: Ticker) -> float:
    """Return what a maker quotes around: of a future its index and the usual basis, else the mark.

    A future's mark follows its book. Makers that quoted around it would follow themselves.
    """
    if one.kind != "future":
        return ticker.mark_price
    left_ms = 0 if one.settlement_period == "perpetual" else one.expiration_timestamp
    years = max(0, left_ms - ticker.timestamp) / (NS_PER_YEAR // NS_PER_MS)
    return ticker.index_price * (1 + SHAPES[one.base_currency].basis * years)


class Trader:
    """Takes from the books now and then, so that trades print.

    Args:
        connect: Opens its connection.
        sleep: Waits for that many seconds.
        rng: Its choices; the same seed makes the same ones.

    Attributes:
        trades: Orders that traded, so far.
    """

    def __init__(self, *, connect: Connect, sleep: Sleep, rng: Random) -> None:
        self.trades = 0
        self._connect = connect
        self._sleep = sleep
        self._rng = rng

    async def run(self) -> None:
        """Trade until cancelled."""
        async with self._connect() as client:
            instruments: list[Instrument] = []
            for number in count():
                await self._sleep(self._rng.expovariate(TRADES_PER_S))
                try:
                    if number % TRADES_PER_LOOK == 0 or not instruments:
                        instruments = await client.get_instruments()
                    if instruments:
                        await self._trade(client, self._choose(instruments))
                except ClientError as error:
                    log.debug("trader: %s", error)

    async def _trade(self, client: Client, instrument: Instrument) -> None:
        side = client.buy if self._rng.random() < 0.5 else client.sell
        lots = self._rng.randint(1, 5) if instrument.kind == "option" else self._rng.randint(5, 100)
        result = await side(
            instrument_name=instrument.instrument_name,
            amount=round(lots * instrument.min_trade_amount, 8),
            type="market",
        )
        self.trades += bool(result.trades)

    def _choose(self, instruments: Sequence[Instrument]) -> Instrument:
        """Choose as people do: mostly perpetuals, often options, at times the rest."""
        perpetuals = [one for one in instruments if one.settlement_period == "perpetual"]
        options = [one for one in instruments if one.kind == "option"]
        draw = self._rng.random()
        if draw < 0.5 and perpetuals:
            return self._rng.choice(perpetuals)
        if draw < 0.85 and options:
            return self._rng.choice(options)
        return self._rng.choice(instruments)


TRADES_PER_S: Final = 3.0
"""How often the trader trades, on average."""

TRADES_PER_LOOK: Final = 100
"""How many times it trades before it looks again what there is."""


async def _start_afresh(client: Client) -> None:
    """Take out what an earlier life left in the books, and let nothing outlive this one."""
    try:
        await client.enable_cancel_on_disconnect()
        await client.cancel_all()
    except ClientError as error:
        # The connection went again; the next one begins with the same.
        log.debug("not started afresh: %s", error)


async def _send(client: Client, action: Action) -> Order:
    slot = action.slot
    if isinstance(action, Place):
        side = client.buy if slot.direction == "buy" else client.sell
        placed = await side(
            instrument_name=slot.instrument_name,
            amount=action.amount,
            price=action.price,
            type="limit",
            post_only=True,
        )
        return placed.order
    edited = await client.edit(
        order_id=action.order_id, amount=action.amount, price=action.price, post_only=True
    )
    return edited.order
