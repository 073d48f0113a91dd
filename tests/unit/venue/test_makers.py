"""Market makers are ordinary clients: they come back after a loss and cover what there is."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from strikewire.api.market_data import Ticker, Ticker24h
from strikewire.api.reference import Instrument
from strikewire.client import connect
from strikewire.venue.config import Config, InstrumentsConfig
from strikewire.venue.datadir import DataDir
from strikewire.venue.makers import COVERAGES, LATENCIES_KEPT, Coverage, Maker, fair_price
from strikewire.venue.venue import Surroundings, open_venue

ConfigMaker = Callable[..., Config]
OPTIONS = Coverage("options", ("BTC",), ("option",))


def instrument(name: str, kind: Any) -> Instrument:
    return Instrument(
        instrument_name=name,
        instrument_id=1,
        kind=kind,
        instrument_type="reversed",
        base_currency="BTC",
        quote_currency="BTC",
        counter_currency="USD",
        price_index="btc_usd",
        creation_timestamp=0,
        expiration_timestamp=0,
        tick_size=0.0001,
        min_trade_amount=0.1,
        contract_size=1.0,
        maker_commission=0.0003,
        taker_commission=0.0003,
        is_active=True,
    )


def test_a_maker_takes_its_families_and_kinds_and_nothing_else() -> None:
    assert OPTIONS.takes(instrument("BTC-25DEC26-60000-C", "option"))
    assert not OPTIONS.takes(instrument("BTC-PERPETUAL", "future"))
    assert not OPTIONS.takes(instrument("BTC_USDC-25DEC26-60000-C", "option"))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (InstrumentsConfig(), True),
        (InstrumentsConfig(families=("ETH",)), False),
        (InstrumentsConfig(option_expiries=0), False),
    ],
)
def test_a_maker_of_options_stays_away_where_there_are_none(
    config: InstrumentsConfig, expected: bool
) -> None:
    assert OPTIONS.matters(config) is expected


def test_together_the_makers_cover_every_instrument_once() -> None:
    names = [
        ("BTC-PERPETUAL", "future"),
        ("ETH-25DEC26", "future"),
        ("BTC_USDC", "spot"),
        ("BTC-25DEC26-60000-C", "option"),
        ("ETH-25DEC26-2500-P", "option"),
        ("BTC_USDC-25DEC26-60000-P", "option"),
    ]

    for name, kind in names:
        takers = [one.name for one in COVERAGES if one.takes(instrument(name, kind))]
        assert len(takers) == 1, name


async def test_a_maker_whose_connection_is_lost_quotes_again(
    small: ConfigMaker, folder: DataDir, surroundings: Surroundings
) -> None:
    async with open_venue(small(makers=True), folder, surroundings) as venue:
        for maker in venue.makers:
            await maker.complete.wait()
        async with connect(venue.addresses.ws) as client:
            books = client.book("BTC-PERPETUAL")
            async for view in books:
                if view.bids and not view.is_stale:
                    break
            for connection in list(venue.gateway._connections.values()):
                connection.close_nowait(1001, "a test")
            async for view in books:
                if view.is_stale or not view.bids:
                    break

            async for view in books:
                if len(view.bids) == 8 and not view.is_stale:
                    break

    assert venue.exchange.money("BTC").difference == 0


async def test_only_the_latest_round_trips_are_remembered(surroundings: Surroundings) -> None:
    maker = Maker(
        OPTIONS,
        connect=lambda: connect("ws://nowhere"),
        clock=surroundings.clock,
        sleep=asyncio.sleep,
        chance=lambda: 0.5,
    )

    for latency_ns in range(2 * LATENCIES_KEPT + 1):
        maker._remember(latency_ns)

    assert len(maker.latencies_ns) == LATENCIES_KEPT
    assert maker.latencies_ns[-1] == 2 * LATENCIES_KEPT


def test_makers_quote_around_a_mark_but_futures_around_the_index_and_its_basis() -> None:
    option = instrument("BTC-25DEC26-60000-C", "option")
    perpetual = structs.replace(
        instrument("BTC-PERPETUAL", "future"), settlement_period="perpetual"
    )
    year_ms = 365 * 86_400_000
    dated = structs.replace(instrument("BTC-25DEC26", "future"), expiration_timestamp=year_ms)
    told = Ticker(
        instrument_name="",
        timestamp=0,
        stats=Ticker24h(volume=0.0),
        open_interest=0.0,
        index_price=60_000.0,
        mark_price=0.05,
        min_price=0.0,
        max_price=1.0,
        estimated_delivery_price=60_000.0,
    )

    assert fair_price(option, told) == 0.05
    assert fair_price(perpetual, told) == 60_000.0
    assert fair_price(dated, told) == pytest.approx(63_600.0)
