"""The demo: a whole venue in one process, with funded accounts and a market to trade in."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from strikewire.client import Client, ClientError, connect
from strikewire.exchange import Exchange
from strikewire.venue.config import (
    AccountConfig,
    Config,
    MakersConfig,
    ServerConfig,
)
from strikewire.venue.datadir import DataDir
from strikewire.venue.selfcheck import (
    BookWatch,
    Tally,
    Verdict,
    count_money,
    find_faults,
    percentiles_ms,
    replayed_hash,
    trade_once,
)
from strikewire.venue.venue import Surroundings, Venue, open_venue

DEPOSITS: Final = {"BTC": Decimal(100), "ETH": Decimal(1_000), "USDC": Decimal(1_000_000)}
"""What each of the demo's accounts begins with."""

ACCOUNTS: Final = tuple(AccountConfig(name=f"demo-{n}", deposits=DEPOSITS) for n in (1, 2))

QUOTED_TIMEOUT_S: Final = 60.0
"""How long the market makers may take to quote everything."""


class DemoError(Exception):
    """The demo did not come up; the message is one line and says why."""


class Key(Struct, frozen=True):
    """An API key to hand out; this is the one place that shows a secret."""

    client_id: str
    client_secret: str


class Ready(Struct, frozen=True):
    """What a program needs to use the demo, in the order it is printed.

    Attributes:
        http: Base of the REST addresses; "/api/v2" comes after it.
        ws: WebSocket address.
        wss: The same with TLS.
        ca_file: The authority to trust for it.
        accounts: Keys of two funded accounts.
    """

    http: str
    ws: str
    wss: str
    ca_file: str
    accounts: tuple[Key, ...]


class DemoOptions(Struct, frozen=True, kw_only=True):
    """What can be said on the command line.

    Attributes:
        port: Of HTTP and WebSocket; 0 picks a free one.
        tls_port: With TLS; 0 picks a free one.
        makers: Whether market makers quote.
        seed: Repeats their choices.
        seconds: End by itself after so long, with a self-check; None runs until stopped.
    """

    port: int = 8080
    tls_port: int = 8443
    makers: bool = True
    seed: int = 1
    seconds: float | None = None


def demo_config(options: DemoOptions) -> Config:
    """Return the configuration of the demo's venue."""
    return Config(
        server=ServerConfig(port=options.port, tls_port=options.tls_port),
        makers=MakersConfig(enabled=options.makers, seed=options.seed),
        accounts=ACCOUNTS,
    )


async def run_demo(
    options: DemoOptions,
    folder: DataDir,
    surroundings: Surroundings,
    *,
    announce: Callable[[Ready, Venue], None],
    stopped: asyncio.Event,
) -> Verdict | None:
    """Run the demo until its time is over or `stopped` is set.

    Args:
        options: What was asked for.
        folder: Where its files go.
        surroundings: Time and chance.
        announce: Is told once everything answers.
        stopped: Ends it early.

    Returns:
        What the self-check found, if there was one: `seconds` was given.

    Raises:
        DemoError: The makers do not quote, or an address does not answer.
        Exception: As `open_venue`.
    """
    if options.seconds is None:
        async with _quoted(options, folder, surroundings, Tally()) as venue:
            announce(await _ready(venue), venue)
            await stopped.wait()
        return None
    return await _checked(options, folder, surroundings, announce=announce, stopped=stopped)


async def _checked(
    options: DemoOptions,
    folder: DataDir,
    surroundings: Surroundings,
    *,
    announce: Callable[[Ready, Venue], None],
    stopped: asyncio.Event,
) -> Verdict:
    assert options.seconds is not None
    tally = Tally()
    async with _quoted(options, folder, surroundings, tally) as venue:
        one, two = venue.account_keys[:2]
        address = venue.addresses.ws
        async with (
            connect(address, one.client_id, one.client_secret) as seller,
            connect(address, two.client_id, two.client_secret) as buyer,
        ):
            watch = BookWatch(buyer)
            await watch.begin()
            announce(await _ready(venue), venue)
            begun_ns, begun_cpu = surroundings.clock(), _cpu_seconds()
            fault = await trade_once(seller, buyer, "BTC-PERPETUAL")
            await _wait(stopped, options.seconds)
            seconds = (surroundings.clock() - begun_ns) / 1e9
            cpu_percent = 100 * (_cpu_seconds() - begun_cpu) / max(seconds, 1e-9)
            await watch.compare()
    # From here on nothing moves any more: the state at the end is to be replayed from the start.
    exchange = venue.exchange
    replay_hash, last_seq = await asyncio.to_thread(replayed_hash, folder.journal)
    verdict = Verdict(
        seconds=round(seconds, 1),
        instruments=_open_instruments(exchange),
        commands=tally["commands"],
        orders=tally["orders"],
        edits=tally["edits"],
        fills=tally["fills"],
        quotes=sum(maker.quotes for maker in venue.makers),
        links=watch.links,
        gaps=watch.gaps,
        books=watch.compared,
        money=count_money(exchange),
        last_seq=last_seq,
        state_hash=exchange.state_hash().hex(),
        replay_hash=replay_hash,
        latency_ms=percentiles_ms([ns for one in venue.makers for ns in one.latencies_ns]),
        cpu_percent=round(cpu_percent, 1),
        faults=(*watch.faults, *([fault] if fault else [])),
    )
    return msgspec.structs.replace(verdict, faults=find_faults(verdict, has_makers=options.makers))


@asynccontextmanager
async def _quoted(
    options: DemoOptions, folder: DataDir, surroundings: Surroundings, tally: Tally
) -> AsyncIterator[Venue]:
    """Open the venue and wait until its market makers have quoted everything."""
    async with open_venue(demo_config(options), folder, surroundings) as venue:
        venue.sequencer.subscribe(tally)
        try:
            async with asyncio.timeout(QUOTED_TIMEOUT_S):
                for maker in venue.makers:
                    await maker.complete.wait()
        except TimeoutError:
            reason = f"the market makers have not quoted everything in {QUOTED_TIMEOUT_S:.0f} s"
            raise DemoError(reason) from None
        yield venue


async def _ready(venue: Venue) -> Ready:
    """Make sure that every address answers, and return what to tell the user."""
    addresses = venue.addresses
    key = venue.account_keys[0]
    for url in (addresses.ws, addresses.wss):
        try:
            async with connect(
                url, key.client_id, key.client_secret, ca_file=addresses.ca_file
            ) as client:
                await _ask(client)
        except ClientError as error:
            raise DemoError(str(error)) from None
    return Ready(
        http=addresses.http,
        ws=addresses.ws,
        wss=addresses.wss,
        ca_file=addresses.ca_file,
        accounts=tuple(Key(one.client_id, one.client_secret) for one in venue.account_keys),
    )


async def _ask(client: Client) -> None:
    await client.get_time()
    await client.get_account_summary(currency="BTC")


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return


def _open_instruments(exchange: Exchange) -> int:
    return sum(exchange.is_open(instrument_id) for instrument_id in exchange.instruments)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
