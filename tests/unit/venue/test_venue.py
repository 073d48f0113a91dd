"""A venue is put together, answers at every door, and comes back as it was."""

import asyncio
import socket
from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from strikewire.client import ClientError, ConnectError, Disconnected, VenueError, connect
from strikewire.exchange import LockChanged, MarksRefused, PlaceOrder, Reject, Rejected, SetMarks
from strikewire.journal import JournalLockedError, JournalWriteError, SqliteJournal
from strikewire.model import (
    PRICE_SCALE,
    AccountId,
    InstrumentId,
    Lots,
    PriceE8,
    Side,
    Ticks,
)
from strikewire.sequencer import Applied, replay
from strikewire.venue import listing
from strikewire.venue.config import AccountConfig, Config, PricesConfig
from strikewire.venue.datadir import DataDir, DataDirError
from strikewire.venue.settings import ConfigError
from strikewire.venue.venue import (
    LIQUIDATION_INTERVAL_S,
    Surroundings,
    Venue,
    complain,
    open_venue,
)
from strikewire.websocket import AddressInUseError

ConfigMaker = Callable[..., Config]


async def http_get(base: str, path: str) -> bytes:
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_every_door_answers_and_everything_is_listed_and_marked(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(tls=True), folder, surroundings) as venue:
        addresses = venue.addresses
        async with (
            connect(addresses.ws) as plain,
            connect(addresses.wss, ca_file=addresses.ca_file) as secure,
        ):
            instruments = await plain.get_instruments(currency="BTC")
            ticker = await secure.ticker(instrument_name="BTC-PERPETUAL")
        page = await http_get(addresses.http, "/api/v2/public/get_time")

    kinds = [one.kind for one in instruments]
    dated_and_perpetual = len(listing._unconditional(surroundings.clock(), "BTC"))
    assert (kinds.count("option"), kinds.count("future")) == (6, dated_and_perpetual)
    assert ticker.mark_price > 0
    assert page.startswith(b"HTTP/1.1 200 ")


async def test_who_is_under_water_is_liquidated_by_the_venue_itself(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    is_still = asyncio.Event()

    async def sleep(seconds: float) -> None:
        # Once it is set, nothing but rounds of liquidation wakes up again.
        if is_still.is_set() and seconds != LIQUIDATION_INTERVAL_S:
            await asyncio.Event().wait()
        await asyncio.sleep(min(seconds, 0.01))

    locked: asyncio.Future[LockChanged] = asyncio.get_running_loop().create_future()

    def notice(applied: Applied) -> None:
        for event in applied.events:
            if isinstance(event, LockChanged) and not locked.done():
                locked.set_result(event)

    async with open_venue(small(), folder, replace(surroundings, sleep=sleep)) as venue:
        is_still.set()
        venue.sequencer.subscribe(notice)
        perpetual = venue.exchange.instrument_by_name["BTC-PERPETUAL"]
        mark = venue.exchange.mark(perpetual)
        assert mark is not None
        # A hundred coins on ten: of those 8.5 % less of the mark takes 9.29, and 1.66 are needed.
        for side, account_id in ((Side.BUY, 1), (Side.SELL, 2)):
            await venue.sequencer.execute(
                PlaceOrder(
                    account_id=AccountId(account_id),
                    instrument_id=perpetual,
                    side=side,
                    amount=Lots(mark.price * 100 // PRICE_SCALE // 10),
                    price=Ticks(mark.price * 2 // PRICE_SCALE),
                )
            )
        lower = replace(mark, price=PriceE8(mark.price * 915 // 1_000))
        await venue.sequencer.execute(SetMarks((), (lower,)))

        assert await locked == LockChanged(AccountId(1), is_locked=True)


async def test_option_marks_follow_a_surface_of_what_the_makers_quote(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    prices = PricesConfig(surface="quotes", surface_interval_ms=200)
    config = replace(small(makers=True), prices=prices)
    async with (
        open_venue(config, folder, surroundings) as venue,
        connect(venue.addresses.ws) as client,
        asyncio.timeout(30),
    ):
        while not venue.surfaces.kept:
            await client.get_time()
        options = await client.get_instruments(currency="BTC", kind="option")
        tickers = [await client.ticker(instrument_name=one.instrument_name) for one in options]

    assert venue.surfaces.kept["btc_usd"].surface.expiries[0].quotes >= 1
    assert all(isinstance(one.mark_iv, float) and one.mark_iv > 1.0 for one in tickers)


async def test_a_wss_client_that_does_not_trust_the_authority_refuses_to_talk(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(tls=True), folder, surroundings) as venue:
        with pytest.raises(ConnectError, match=r"(?i)certificate"):
            async with connect(venue.addresses.wss):
                pass


async def test_candles_of_the_volatility_index_survive_a_restart(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async def seen(venue: Venue) -> list[int]:
        async with connect(venue.addresses.ws) as client, asyncio.timeout(10):
            while True:
                found = await client.get_volatility_index_data(
                    currency="BTC", start_timestamp=0, end_timestamp=2**40 * 4, resolution="1"
                )
                if found.data:
                    return [start_ms for start_ms, *_ in found.data]

    async with open_venue(small(), folder, surroundings) as venue:
        before = await seen(venue)
    async with open_venue(small(), folder, surroundings) as venue:
        assert (await seen(venue))[: len(before)] == before

    # What cannot be read is a loss, and no obstacle.
    folder.volatilities.write_bytes(b"half of")
    async with open_venue(small(), folder, surroundings) as venue:
        assert (await seen(venue))[0] > before[0]


async def test_orders_and_money_survive_a_restart(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        key = venue.account_keys[0]
        async with connect(venue.addresses.ws, key.client_id, key.client_secret) as client:
            placed = await client.buy(instrument_name="BTC-PERPETUAL", amount=10, price=30_000)
    before = venue.exchange.state_hash()

    async with open_venue(small(), folder, surroundings) as again:
        assert again.recovery.state_hash == before
        assert again.recovery.replayed == 0  # the last snapshot was taken at the very end
        assert again.account_keys[0] == key
        async with connect(again.addresses.ws, key.client_id, key.client_secret) as client:
            found = await client.get_order_state(order_id=placed.order.order_id)
            summary = await client.get_account_summary(currency="BTC")
    assert found.order_state == "open"
    assert summary.balance == 10.0


async def test_the_journal_replays_to_the_state_the_venue_ended_with(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(makers=True), folder, surroundings) as venue:
        for maker in venue.makers:
            await maker.complete.wait()

    journal = SqliteJournal.open(folder.journal, read_only=True)
    _, report = replay(journal)
    journal.close()
    assert report.state_hash == venue.exchange.state_hash()


async def test_makers_quote_and_a_trader_trades(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(makers=True), folder, surroundings) as venue:
        traded = asyncio.Event()

        def look(applied: object) -> None:
            if venue.trader is not None and venue.exchange.trades(venue_perpetual(venue)):
                traded.set()

        venue.sequencer.subscribe(look)
        async with connect(venue.addresses.ws) as client:
            for maker in venue.makers:
                await maker.complete.wait()
            book = await client.get_order_book(instrument_name="BTC-PERPETUAL")
            await traded.wait()

        assert len(book.bids) == len(book.asks) == 8
        assert book.best_bid_price < book.mark_price < book.best_ask_price
        assert venue.exchange.money("BTC").difference == 0


def venue_perpetual(venue: Venue) -> InstrumentId:
    return venue.exchange.instrument_by_name["BTC-PERPETUAL"]


async def test_clients_are_told_when_the_venue_goes(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        opening = connect(venue.addresses.ws)
        client = await opening.__aenter__()
        events = client.events()

    gone = await anext(events)
    await opening.__aexit__(None, None, None)
    assert isinstance(gone, Disconnected)
    assert gone.reason.startswith("closed 1001")


async def test_a_disk_that_fails_ends_the_venue_and_nobody_is_told_that_all_is_well(
    small: ConfigMaker,
    folder: DataDir,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes: list[str] = []

    def refuse(*_: object) -> None:
        raise JournalWriteError("disk full")

    async def trade(venue: Venue) -> None:
        key = venue.account_keys[0]
        async with connect(venue.addresses.ws, key.client_id, key.client_secret) as client:
            monkeypatch.setattr(venue.journal, "append", refuse)
            try:
                await client.buy(instrument_name="BTC-PERPETUAL", amount=10, price=30_000)
            except ClientError as error:
                outcomes.append(str(error))
            await asyncio.Event().wait()

    async def run() -> None:
        async with open_venue(small(), folder, surroundings) as venue:
            await trade(venue)

    with pytest.raises(JournalWriteError, match="disk full"):
        await run()

    async with open_venue(small(), folder, surroundings) as again:
        assert again.exchange.open_orders(again.account_keys[0].account_id) == []
    assert all("private/buy" in outcome for outcome in outcomes)


async def test_a_taken_port_is_named_and_leaves_nothing_running(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(AddressInUseError, match=str(port)):
            async with open_venue(small(port=port), folder, surroundings):
                pass

        assert not folder.path.exists()

    async with open_venue(small(), folder, surroundings):
        pass


async def test_an_account_that_cannot_be_opened_is_refused_before_anything_is_made(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    wrong = AccountConfig(name="one", deposits={"DOGE": Decimal(1)})

    with pytest.raises(ConfigError, match="DOGE"):
        async with open_venue(replace(small(), accounts=(wrong,)), folder, surroundings):
            pass

    assert not folder.path.exists()


async def test_a_damaged_certificate_is_told_before_the_journal_is_written(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(tls=True), folder, surroundings):
        pass
    folder.private_key.write_text("no key")
    before = folder.journal.read_bytes()

    with pytest.raises(DataDirError, match=r"server-key\.pem is not its key"):
        async with open_venue(small(tls=True), folder, surroundings):
            pass

    assert folder.journal.read_bytes() == before


async def test_a_disk_that_fails_at_the_start_is_what_the_start_fails_with(
    small: ConfigMaker,
    folder: DataDir,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise JournalWriteError("disk full")

    monkeypatch.setattr(SqliteJournal, "append", refuse)

    with pytest.raises(JournalWriteError, match="disk full"):
        async with open_venue(small(), folder, surroundings):
            pass


async def test_a_folder_has_one_venue_at_a_time(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings):
        with pytest.raises(JournalLockedError, match="in use"):
            async with open_venue(small(), folder, surroundings):
                pass


async def test_a_key_that_is_added_works_and_one_that_is_removed_works_no_more(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        old = venue.account_keys[0]
        keys = folder.load_keys()
        keys.remove(old.client_id)
        new = keys.create(old.account_id, entropy=surroundings.entropy)
        folder.save_keys(keys)

        async with connect(venue.addresses.ws, old.client_id, old.client_secret) as client:
            events = client.events()
            venue.reload_keys()
            gone = await anext(events)

        assert isinstance(gone, Disconnected)
        assert gone.reason == "closed 1008 the key was revoked"
        async with connect(venue.addresses.ws, new.client_id, new.client_secret):
            pass
        with pytest.raises(VenueError, match="13004"):
            async with connect(venue.addresses.ws, old.client_id, old.client_secret):
                pass


async def test_a_key_file_that_is_damaged_changes_nothing(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        key = venue.account_keys[0]
        folder.keys.write_text("{")

        with pytest.raises(DataDirError):
            venue.reload_keys()

        async with connect(venue.addresses.ws, key.client_id, key.client_secret):
            pass


def test_what_was_refused_of_the_venues_own_commands_stands_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    marks = tuple((InstrumentId(n), "price is -1") for n in range(1, 8))
    rejected = Rejected(Reject.INVALID_ARGUMENTS, "not_expired", "instrument_id")

    for event in (MarksRefused((("btc_usd", "index is 0"),), marks), rejected):
        complain(Applied(None, 1, 1, SetMarks(), (event,)))

    assert caplog.messages == [
        "8 indices and marks were refused: btc_usd: index is 0, 1: price is -1, 2: price is -1, "
        "3: price is -1, 4: price is -1",
        "SetMarks was rejected: not_expired instrument_id",
    ]
