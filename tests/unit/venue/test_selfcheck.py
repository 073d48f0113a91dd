"""The self-check finds what is wrong, and only that."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from strikewire.client import connect
from strikewire.exchange import Exchange, OpenAccount, Rejected, encode
from strikewire.journal import SqliteJournal
from strikewire.model import AccountId
from strikewire.sequencer import Applied
from strikewire.venue import listing
from strikewire.venue.config import Config
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
from strikewire.venue.venue import Surroundings, open_venue

GOOD = Verdict(
    seconds=5.0,
    instruments=400,
    commands=100,
    orders=50,
    edits=20,
    fills=7,
    quotes=60,
    links=80,
    gaps=0,
    books=400,
    money={"BTC": 0, "ETH": 0},
    last_seq=100,
    state_hash="aa",
    replay_hash="aa",
    latency_ms=(1.0, 2.0),
    cpu_percent=10.0,
    faults=(),
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"fills": 0}, "no orders matched"),
        ({"quotes": 0}, "the market makers made no quotes"),
        ({"gaps": 2}, "2 gaps in the chains of the books"),
        ({"links": 0}, "no book moved"),
        ({"money": {"BTC": -3}}, "-3 units of BTC came from nowhere"),
        ({"replay_hash": "bb"}, "the journal replays to bb, the venue stood at aa"),
        ({"faults": ("book of A: differs",)}, "book of A: differs"),
    ],
)
def test_each_fault_is_found(change: dict[str, object], fault: str) -> None:
    verdict = msgspec.structs.replace(GOOD, **change)

    assert find_faults(verdict, has_makers=True) == (fault,)


def test_a_good_run_has_no_faults() -> None:
    assert find_faults(GOOD, has_makers=True) == ()


def test_without_makers_no_quotes_are_expected() -> None:
    assert find_faults(msgspec.structs.replace(GOOD, quotes=0), has_makers=False) == ()


@pytest.mark.parametrize(
    ("latencies_ns", "expected"),
    [
        ([], (0.0, 0.0)),
        ([5_000_000], (5.0, 5.0)),
        ([n * 1_000_000 for n in range(1, 101)], (51.0, 100.0)),
    ],
)
def test_percentiles_are_of_the_sorted_times(
    latencies_ns: list[int], expected: tuple[float, float]
) -> None:
    assert percentiles_ms(latencies_ns) == expected


def test_a_new_exchange_has_no_money_to_lose() -> None:
    assert count_money(Exchange()) == {"BTC": 0, "ETH": 0, "USDC": 0}


def test_a_tally_counts_commands_and_rejections() -> None:
    tally = Tally()
    command = OpenAccount(AccountId(1), "one")
    exchange = Exchange()

    for seq in (1, 2):
        tally(Applied(None, seq, 1, command, exchange.apply(seq, 1, command)))

    assert (tally["commands"], tally["rejected"], tally["fills"]) == (2, 1, 0)


def test_a_journal_is_replayed_from_its_first_entry(tmp_path: Path) -> None:
    command = OpenAccount(AccountId(1), "one")
    journal = SqliteJournal.open(tmp_path / "journal.db")
    journal.append(1, 1, [encode(command)])
    journal.close()
    exchange = Exchange()
    (event,) = exchange.apply(1, 1, command)
    assert not isinstance(event, Rejected)

    assert replayed_hash(tmp_path / "journal.db") == (exchange.state_hash().hex(), 1)


async def test_books_are_compared_level_by_level_and_two_accounts_can_trade(
    small: Callable[..., Config], folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        tally = Tally()
        venue.sequencer.subscribe(tally)
        one, two = venue.account_keys
        async with (
            connect(venue.addresses.ws, one.client_id, one.client_secret) as seller,
            connect(venue.addresses.ws, two.client_id, two.client_secret) as buyer,
        ):
            watch = BookWatch(buyer)
            await watch.begin()

            assert await trade_once(seller, buyer, "BTC-PERPETUAL") == ""
            await watch.compare()

    assert (tally["orders"], tally["fills"], tally["filled"]) == (2, 1, 2)
    # How many futures there are depends on the day.
    assert watch.compared == 6 + len(listing._unconditional(surroundings.clock(), "BTC"))
    assert watch.faults == []
    # An order came into the book, and left it again.
    assert (watch.links, watch.gaps) == (2, 0)


async def test_a_book_that_differs_is_a_fault(
    small: Callable[..., Config], folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(), folder, surroundings) as venue:
        key = venue.account_keys[0]
        async with connect(venue.addresses.ws, key.client_id, key.client_secret) as client:
            watch = BookWatch(client)
            await watch.begin()
            await client.buy(instrument_name="BTC-PERPETUAL", amount=10, price=30_000)
            watch._streams["BTC-PERPETUAL"].book._depth.bids.overwrite([(1, 1)])

            await watch.compare()

    (fault,) = watch.faults
    assert fault.startswith("book of BTC-PERPETUAL: at change ")
    assert fault.endswith("the stream and the answer differ")
