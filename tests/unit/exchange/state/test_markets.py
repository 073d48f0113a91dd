import pytest

from strikewire.exchange.commands import Mark
from strikewire.exchange.state.markets import TRADES_MAX, Market
from strikewire.model import InstrumentId, Ticks, instrument
from strikewire.testing.exchange import ALICE, BOB, TradingFloor, e8


@pytest.mark.parametrize(
    ("prices", "directions"),
    [
        ([100], [1]),
        ([100, 101, 101, 101], [1, 0, 1, 1]),
        ([100, 99, 99, 98], [1, 2, 3, 2]),
        ([100, 100, 99, 100, 100], [1, 1, 2, 0, 1]),
    ],
)
def test_each_trade_tells_which_way_the_price_went(
    prices: list[int], directions: list[int]
) -> None:
    market = Market(instrument("BTC-PERPETUAL", instrument_id=1))
    found = []

    for price in prices:
        market.print_trade(Ticks(price))
        found.append(market.tick_direction)

    assert found == directions
    assert market.trade_seq == len(prices)


def test_a_new_mark_is_worked_out_anew() -> None:
    market = Market(instrument("BTC-PERPETUAL", instrument_id=1))
    assert market.valuation is None
    assert market.band is None

    market.set_mark(Mark(InstrumentId(1), e8(60_000), 0, e8(60_000)), 1, e8(60_000))
    first = market.valuation
    market.set_mark(Mark(InstrumentId(1), e8(50_000), 0, e8(50_000)), 2, e8(50_000))

    assert first is not None
    assert first.band.highest == 480_000
    assert market.band is not None
    assert market.band.highest == 400_000


def test_only_the_last_trades_are_kept() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, TRADES_MAX + 5, at=100)

    for _ in range(TRADES_MAX + 5):
        floor.sell(BOB, 1, at=100)

    kept = floor.exchange.trades(floor.id())
    assert len(kept) == TRADES_MAX
    assert (kept[0].trade_seq, kept[-1].trade_seq) == (6, TRADES_MAX + 5)


def test_open_interest_counts_what_is_held_long() -> None:
    floor = TradingFloor.at(100)

    floor.buy(ALICE, 5, at=100)
    floor.sell(BOB, 5, at=100)
    assert floor.exchange.open_interest(floor.id()) == 5

    floor.sell(ALICE, 3, at=100)
    floor.buy(BOB, 3, at=100)
    assert floor.exchange.open_interest(floor.id()) == 2
