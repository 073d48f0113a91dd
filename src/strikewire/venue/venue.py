"""The composition root: the one place that knows every room, and puts a venue together.

From the inside out: the journal is opened and the exchange recovered from it; the sequencer runs;
accounts are opened; feeds, operator and hub run; the doors open; the market makers come in.
Leaving the block takes it apart in the opposite order, so that whatever somebody still
waits for is answered, and what was answered is in the journal.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random  # noqa: TID251 - market makers draw from a seed of the configuration
from threading import Lock
from typing import Final

from msgspec import Struct

from strikewire.client import connect
from strikewire.depth import Level
from strikewire.exchange import Command, Exchange, MarksRefused, Rejected
from strikewire.feeds import Feed, open_shipped, play
from strikewire.feeds.player import feed_for
from strikewire.gateway import RATES_DERIBIT, RATES_OFF, ApiKey, GatewayService
from strikewire.gateway import Limits as GatewayLimits
from strikewire.journal import Journal, SqliteJournal
from strikewire.marketdata import Candles, Market, MarketData, restore
from strikewire.model import PRICE_SCALE, AccountId, Lots, Ticks, lots_to_amount, ticks_to_e8
from strikewire.pricing import BookLevel
from strikewire.sequencer import (
    Applied,
    Progress,
    RecoveryReport,
    Sequencer,
    SequencerService,
    SnapshotPolicy,
    recover,
)
from strikewire.sequencer import Limits as SequencerLimits
from strikewire.venue.accounts import MAKER_ACCOUNTS, add_keys, check_accounts, opening_commands
from strikewire.venue.compiled import interpreted_kernels, warn_of_interpreted_kernels
from strikewire.venue.config import Config
from strikewire.venue.crew import Crew, crew
from strikewire.venue.datadir import DataDir, DataDirError
from strikewire.venue.doors import Addresses, addresses, open_doors, try_doors
from strikewire.venue.forwards import Depth
from strikewire.venue.listing import INDEX_OF
from strikewire.venue.makers import COVERAGES, TRADER_NAME, Connect, Maker, Trader
from strikewire.venue.operator import Operator
from strikewire.venue.prices import FEED_OF, Pricer
from strikewire.venue.surfaces import SurfaceKeeper
from strikewire.venue.tls import check_certificate, server_context

log: Final = logging.getLogger(__name__)

REFUSALS_TOLD_MAX: Final = 5
"""Marks that a line of the log names when they are refused; of more it tells how many."""

LIQUIDATION_INTERVAL_S: Final = 1.0
"""How often accounts are looked over, and a round of liquidation sent if one is due.

Source: Deribit, liquidations: one round a second.
"""

ACCOUNTS_AT_ONCE: Final = 50
"""How many accounts are looked over before everybody else has a turn: a few milliseconds."""

CANDLES_INTERVAL_S: Final = 60.0
"""How often the candles of the volatility indices are stored; they are once more at the end."""

READY_TIMEOUT_S: Final = 10.0
"""How long the doors wait for the first marks; after that they open without."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What a venue takes from the computer it runs on.

    Attributes:
        clock: Nanoseconds since the Unix epoch.
        sleep: Waits for that many seconds.
        entropy: Returns that many unpredictable bytes.
        progress: Is told how far recovery is; None for silence.
    """

    clock: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]
    entropy: Callable[[int], bytes]
    progress: Progress | None = None


class Venue:
    """A running venue, made by `open_venue`.

    Attributes:
        config: What it was told.
        addresses: Where it listens.
        folder: Its files.
        journal: What it remembers; written by the sequencer alone.
        recovery: How it came back to its state at the start.
        sequencer: The one door into its state.
        gateway: The doors of its clients.
        volatilities: Candles of the volatility indices, of this run and those before.
        index_problems: Why an index stands still, by its name.
        surfaces: Fits the options' quotes, where the configuration asks for it.
        keys: The API keys of its clients.
        account_keys: The keys of the configured accounts, in their order.
        makers: Its market makers; none without.
        trader: The one who trades with them; None without.
    """

    def __init__(self, config: Config, folder: DataDir, surroundings: Surroundings) -> None:
        self.config = config
        self.folder = folder
        self.surroundings = surroundings
        self.makers: list[Maker] = []
        self.trader: Trader | None = None
        self.account_keys: list[ApiKey] = []
        self.addresses = Addresses(http="", ws="")
        self.keys = folder.load_keys()
        self.volatilities = Candles()
        self.index_problems: dict[str, str] = {}
        self.journal: Journal
        self.recovery: RecoveryReport
        self.sequencer: SequencerService
        self.gateway: GatewayService
        self.surfaces: SurfaceKeeper

    @property
    def exchange(self) -> Exchange:
        """The state, for reading."""
        return self.sequencer.exchange

    def reload_keys(self) -> None:
        """Take the keys from their file again: new ones work from now on, removed ones no more.

        Connections that were made with a removed or changed key are closed.

        Raises:
            DataDirError: The file cannot be read; the keys stay as they are.
        """
        stored = {key.client_id: key for key in self.folder.load_keys()}
        revoked = [key.client_id for key in self.keys if stored.get(key.client_id) != key]
        for client_id in revoked:
            self.keys.remove(client_id)
        for client_id, key in stored.items():
            if self.keys.get(client_id) is None:
                self.keys.add(key)
        self.gateway.revoke(revoked)


@asynccontextmanager
async def open_venue(
    config: Config, folder: DataDir, surroundings: Surroundings
) -> AsyncIterator[Venue]:
    """Run a venue as long as the block.

    Args:
        config: What it is to be.
        folder: Where its files are.
        surroundings: Time, chance and who is told of progress.

    Yields:
        The venue, once it listens and has its first marks. Its market makers may still be
        coming in.

    Raises:
        JournalError: The journal cannot be opened, read, or later written.
        DataDirError: Another file of the folder cannot be used.
        ConfigError: An account, a certificate or the doors of the configuration are not possible.
        AddressInUseError: A port is taken.
        AddressError: The address cannot be listened on for another reason.
    """
    warn_of_interpreted_kernels(interpreted_kernels())
    # What can be refused without touching the folder is refused before it is touched.
    check_accounts(config.accounts)
    check_certificate(config.server)
    await try_doors(config.server)
    folder.create()
    venue = Venue(config, folder, surroundings)
    venue.journal = SqliteJournal.open(folder.journal)
    try:
        async with _running(venue):
            yield venue
    finally:
        venue.journal.close()


@asynccontextmanager
async def _running(venue: Venue) -> AsyncIterator[None]:
    exchange, venue.recovery = recover(venue.journal, progress=venue.surroundings.progress)
    config, now_ns = venue.config, venue.surroundings.clock()
    secure = server_context(config.server, venue.folder, now_ns) if config.server.tls else None
    market = restore(exchange, now_ns)
    venue.volatilities = _stored_volatilities(venue.folder)
    venue.sequencer = _make_sequencer(venue, exchange)
    venue.gateway = _make_gateway(venue, market)
    async with crew() as core:
        sequencing = core.start(venue.sequencer.run(), "sequencer")
        try:
            await _open_accounts(venue)
            async with crew() as inner:
                inner.start(venue.gateway.run(), "hub")
                inner.start(_keep_volatilities(venue), "volatilities")
                await _start_prices(venue, market, inner)
                inner.start(_liquidate(venue), "liquidation")
                async with AsyncExitStack() as doors:
                    ports = await open_doors(doors, venue.gateway, config.server, secure)
                    authority = "" if config.server.certificate else str(venue.folder.authority)
                    venue.addresses = addresses(config.server.host, *ports, ca_file=authority)
                    async with crew() as guests:
                        _invite_makers(venue, guests)
                        yield
        finally:
            # What waits is still carried out, a last snapshot taken; then the task ends by itself.
            venue.sequencer.close()
            await asyncio.wait([sequencing])


def _make_sequencer(venue: Venue, exchange: Exchange) -> SequencerService:
    config, recovery = venue.config, venue.recovery
    machine = Sequencer(
        exchange,
        last_seq=recovery.last_seq,
        last_time_ns=recovery.last_time_ns,
        limits=SequencerLimits(queued_commands_max=config.limits.queued_commands),
    )
    return SequencerService(
        machine,
        venue.journal,
        clock=venue.surroundings.clock,
        snapshots=SnapshotPolicy(every_commands=config.journal.snapshot_every),
        snapshot_seq=recovery.snapshot_seq,
    )


def _make_gateway(venue: Venue, market: MarketData) -> GatewayService:
    limits = venue.config.limits
    return GatewayService(
        venue.sequencer,
        market,
        venue.keys,
        clock=venue.surroundings.clock,
        entropy=venue.surroundings.entropy,
        limits=GatewayLimits(
            connections_max=limits.connections,
            connections_per_ip_max=limits.connections,
            subscriptions_max=limits.subscriptions,
        ),
        rates=RATES_DERIBIT if limits.requests else RATES_OFF,
        volatilities=venue.volatilities,
        index_problems=venue.index_problems,
    )


def _stored_volatilities(folder: DataDir) -> Candles:
    """Return the candles of the runs before; what cannot be read is a loss, and no obstacle."""
    try:
        return folder.load_volatilities()
    except DataDirError as error:
        log.warning("volatility indices begin anew: %s", error)
        return Candles()


async def _keep_volatilities(venue: Venue) -> None:
    """Store the candles again and again, in a thread, and once more at the end."""
    alone = Lock()  # a thread goes on when its task is cancelled

    def store(content: bytes) -> None:
        with alone:
            try:
                venue.folder.write(venue.folder.volatilities, content, is_secret=False)
            except DataDirError as error:
                log.warning("volatility indices are not stored: %s", error)

    try:
        while True:
            await venue.surroundings.sleep(CANDLES_INTERVAL_S)
            await asyncio.to_thread(store, venue.volatilities.encode())
    finally:
        store(venue.volatilities.encode())


async def _open_accounts(venue: Venue) -> None:
    config = venue.config
    guests = MAKER_ACCOUNTS if config.makers.enabled else ()
    commands = opening_commands(venue.exchange, (*config.accounts, *guests))
    await _carry_out(venue.sequencer, commands)
    entropy = venue.surroundings.entropy
    venue.account_keys = add_keys(venue.keys, venue.exchange, config.accounts, entropy=entropy)
    add_keys(venue.keys, venue.exchange, guests, entropy=entropy, are_rate_limited=False)
    venue.folder.save_keys(venue.keys)


async def _carry_out(sequencer: SequencerService, commands: Sequence[Command]) -> None:
    """Carry out the venue's own commands in order, and wait for the last."""
    for command in commands[:-1]:
        sequencer.submit(command, complain)
    if commands:
        complain(await sequencer.execute(commands[-1]))


def complain(applied: Applied) -> None:
    """Log what was refused of a command of the venue's own."""
    for event in applied.events:
        if isinstance(event, Rejected):
            kind = type(applied.command).__name__
            log.warning("%s was rejected: %s %s", kind, event.reason, event.param)
        elif isinstance(event, MarksRefused):
            odd = [*event.indices, *event.marks]
            first = ", ".join(f"{name}: {why}" for name, why in odd[:REFUSALS_TOLD_MAX])
            log.warning("%d indices and marks were refused: %s", len(odd), first)


async def _start_prices(venue: Venue, market: MarketData, tasks: Crew) -> None:
    """Let the feeds play and the operator follow them; return when the first marks are set."""
    config, surroundings = venue.config, venue.surroundings
    clock, sleep = _at_speed(surroundings, config.prices.speed)
    feeds: dict[str, Feed] = {}
    for name in sorted({FEED_OF[INDEX_OF[family]] for family in config.instruments.families}):
        recording = open_shipped(name)
        feeds[name] = feed_for(recording.header)
        playing = play(recording, feeds[name], _ignore, clock=clock, sleep=sleep)
        tasks.start(playing, f"feed {name}")
    venue.surfaces = keeper = SurfaceKeeper(market)
    pricer = Pricer(
        config.prices,
        quotes=lambda name: feeds[name].quote,
        depth=lambda key, levels: _depth(market[key], levels),
        volatility=keeper.volatility,
        implies=not config.makers.enabled,
    )
    if config.prices.surface == "quotes":
        tasks.start(_fit_surfaces(venue, keeper), "surfaces")
    operator = Operator(config.instruments, venue.exchange, pricer)
    ready = asyncio.Event()
    tasks.start(_operate(venue, operator, pricer, feed_clock=clock, ready=ready), "operator")
    try:
        await asyncio.wait_for(ready.wait(), READY_TIMEOUT_S)
    except TimeoutError:
        log.warning("no marks yet: %s", pricer.problems or "the feeds are silent")


async def _fit_surfaces(venue: Venue, keeper: SurfaceKeeper) -> None:
    """Fit surfaces to the books again and again, in a thread: the venue goes on meanwhile."""
    while True:
        await venue.surroundings.sleep(venue.config.prices.surface_interval_ms / 1_000)
        now_ns = venue.surroundings.clock()
        quotes = keeper.quotes(now_ns)
        keeper.keep(await asyncio.to_thread(keeper.fit, quotes, now_ns))


async def _operate(
    venue: Venue,
    operator: Operator,
    pricer: Pricer,
    *,
    feed_clock: Callable[[], int],
    ready: asyncio.Event,
) -> None:
    interval_s = venue.config.prices.index_interval_ms / 1_000
    problems: dict[str, str] = {}
    while True:
        commands = operator.step(venue.surroundings.clock(), feed_clock())
        await _carry_out(venue.sequencer, commands)
        venue.index_problems.clear()
        venue.index_problems.update(pricer.problems)
        if operator.is_complete:
            ready.set()
        if ready.is_set() and pricer.problems != problems:
            problems = dict(pricer.problems)
            log.warning("indices standing still: %s", problems or "none any more")
        # At the start one step only prepares the next; there is nothing to wait for.
        await venue.surroundings.sleep(interval_s if ready.is_set() else 0.01)


async def _liquidate(venue: Venue) -> None:
    """Send a round of liquidation a second, as long as one is due."""
    while True:
        await venue.surroundings.sleep(LIQUIDATION_INTERVAL_S)
        found: list[AccountId] = []
        account_ids = venue.exchange.account_ids
        for first in range(0, len(account_ids), ACCOUNTS_AT_ONCE):
            found += venue.exchange.look_over(account_ids[first : first + ACCOUNTS_AT_ONCE])
            await asyncio.sleep(0)  # Everybody else comes first.
        command = venue.gateway.liquidation_round(found)
        if command is not None:
            await _carry_out(venue.sequencer, [command])


def _at_speed(
    surroundings: Surroundings, speed: float
) -> tuple[Callable[[], int], Callable[[float], Awaitable[None]]]:
    """Return a clock that runs `speed` times as fast, and a sleep that fits it."""
    start_ns = surroundings.clock()

    def clock() -> int:
        return start_ns + int((surroundings.clock() - start_ns) * speed)

    return clock, lambda seconds: surroundings.sleep(seconds / speed)


def _depth(market: Market, levels: int) -> Depth:
    one, book = market.instrument, market.book

    def level(resting: Level) -> BookLevel:
        price = ticks_to_e8(one, Ticks(resting.price)) / PRICE_SCALE
        amount = lots_to_amount(one, Lots(resting.amount))
        is_of_dollars = one.is_future and one.is_inverse
        return BookLevel(price, amount / price if is_of_dollars else amount)

    return Depth(*([level(one) for one in side.top(levels)] for side in (book.bids, book.asks)))


def _invite_makers(venue: Venue, tasks: Crew) -> None:
    if not venue.config.makers.enabled:
        return
    seed, surroundings = venue.config.makers.seed, venue.surroundings
    for number, coverage in enumerate(COVERAGES):
        if not coverage.matters(venue.config.instruments):
            continue
        maker = Maker(
            coverage,
            connect=_connector(venue, coverage.name),
            clock=surroundings.clock,
            sleep=surroundings.sleep,
            chance=Random(seed * 1_000 + number).random,
        )
        venue.makers.append(maker)
        tasks.start(maker.run(), coverage.name)
    venue.trader = Trader(
        connect=_connector(venue, TRADER_NAME), sleep=surroundings.sleep, rng=Random(seed)
    )
    tasks.start(_trade_when_quoted(venue, venue.trader), TRADER_NAME)


async def _trade_when_quoted(venue: Venue, trader: Trader) -> None:
    for maker in venue.makers:
        await maker.complete.wait()
    await trader.run()


def _connector(venue: Venue, name: str) -> Connect:
    key = next(key for key in venue.keys if key.name == name)
    return lambda: connect(venue.addresses.ws, key.client_id, key.client_secret, patient=True)


def _ignore(_output: object) -> None:
    """The pricer asks the feed when it needs a quote."""
