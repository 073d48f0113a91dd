import pytest

from strikewire.exchange import ListInstrument, SetMarks, SettleInstrument
from strikewire.marketdata.marketdata import Changes, MarketData
from strikewire.model import (
    NS_PER_DAY,
    NS_PER_HOUR,
    PriceE8,
    instrument,
)
from strikewire.testing.exchange import ALICE, BOB, START_NS
from strikewire.testing.marketdata import Street

NS_PER_S = 1_000_000_000
EXPIRY_NS = START_NS + 32 * NS_PER_HOUR


def test_a_listed_instrument_has_a_market_under_its_id_and_its_name() -> None:
    street = Street("BTC-PERPETUAL", "BTC_USDC")

    assert [market.instrument.name for market in street.data] == ["BTC-PERPETUAL", "BTC_USDC"]
    assert street.data.named("BTC_USDC") is street.market("BTC_USDC")
    assert street.data.named("BTC-26DEC26") is None
    assert len(street.data) == 2


def test_a_command_that_changes_nothing_public_changes_nothing() -> None:
    street = Street.at(100)
    order = street.buy(ALICE, 3, 99).order

    street.cancel(order.order_id)
    street.apply(ListInstrument(street.exchange.instruments[street.id()]))  # Its id is taken.

    assert street.changes == Changes()


def test_a_waiting_order_changes_the_book_the_quote_and_the_ticker() -> None:
    street = Street.at(100)

    street.buy(ALICE, 3, 99)

    assert street.changes == Changes(
        books=[street.id()], quotes=[street.id()], tickers={street.id(): None}
    )


def test_a_worse_price_changes_the_book_alone() -> None:
    street = Street.at(100)
    street.buy(ALICE, 3, 99)

    street.buy(ALICE, 3, 98)

    assert street.changes == Changes(books=[street.id()])


def test_a_trade_is_told_with_the_book_it_left() -> None:
    street = Street.at(100)
    street.buy(ALICE, 3, 99)
    street.buy(ALICE, 3, 98)

    street.sell(BOB, 5, 98)

    trades = street.changes.trades[street.id()]
    assert [(trade.price, trade.amount) for trade in trades] == [(49.5, 0.003), (49.0, 0.002)]
    assert street.changes.books == [street.id()]
    assert list(street.market().book.bids) == [(98, 1)]


def test_marks_and_indices_change_tickers_but_no_book() -> None:
    street = Street("BTC-PERPETUAL")

    street.mark(price=100_010.0, underlying=100_000.0)

    assert street.changes == Changes(
        tickers={street.id(): None}, marks=[street.id()], indices=["btc_usd"]
    )
    assert street.data.indices == {"btc_usd": 100_000 * 10**8}
    assert street.data.index_ns("btc_usd") == START_NS
    assert street.data.index(street.market().instrument) == 100_000 * 10**8


def test_the_price_of_an_index_stays_until_the_next() -> None:
    street = Street("BTC-PERPETUAL", "ETH-PERPETUAL")
    street.mark(price=100_000.0)

    street.apply(SetMarks((("eth_usd", PriceE8(5)),), ()))

    assert street.data.indices == {"btc_usd": 100_000 * 10**8, "eth_usd": 5}
    assert street.changes.indices == ["eth_usd"]


def test_an_instrument_without_an_index_price_has_none() -> None:
    data = MarketData()
    market = data.begin(instrument("BTC-PERPETUAL", instrument_id=1), START_NS)

    assert data.index(market.instrument) == 0


def test_a_settled_instrument_is_told_and_remembered() -> None:
    street = Street("BTC-2JAN26")
    street.mark(price=100_000.0)
    street.now_ns = START_NS + 2 * NS_PER_DAY

    street.apply(SettleInstrument(street.id(), PriceE8(100_000 * 10**8)))

    assert street.changes.settled == [street.id()]
    assert street.changes.tickers == {street.id(): None}
    assert not street.market().is_open
    assert street.data.named("BTC-2JAN26") is street.market()


def set_index(street: Street, dollars: int) -> None:
    street.apply(SetMarks((("btc_usd", PriceE8(dollars * 10**8)),), ()))


def test_before_the_last_half_hour_the_delivery_price_is_estimated_by_the_index() -> None:
    street = Street("BTC-2JAN26", "BTC-9JAN26", "BTC-PERPETUAL")
    assert street.data.expiration("btc_usd") is None
    set_index(street, 100_000)

    estimate = street.data.expiration("btc_usd")

    # Until 2 January, 08:00.
    assert estimate is not None
    assert (estimate.price, estimate.is_estimated) == (100_000 * 10**8, False)
    assert estimate.seconds == 32 * 3_600
    assert street.data.expiration("eth_usd") is None


def test_in_the_last_half_hour_what_was_sampled_counts_for_its_part() -> None:
    street = Street("BTC-2JAN26", "BTC-PERPETUAL")
    set_index(street, 100_000)
    # The index stands for ten minutes of the window, and then moves.
    street.now_ns = EXPIRY_NS - 1_200 * NS_PER_S
    set_index(street, 100_300)

    estimate = street.data.expiration("btc_usd")

    assert estimate is not None
    assert estimate.is_estimated
    assert (estimate.seconds, estimate.left_samples, estimate.total_samples) == (1_200, 299, 450)
    # 150 samples of the first, and 300 of the second, one of which is taken now.
    assert estimate.price == 100_200 * 10**8
    future, perpetual = (market.instrument for market in street.data)
    assert street.data.delivery(future) == 100_200 * 10**8
    assert street.data.delivery(perpetual) == 100_300 * 10**8


def test_a_settled_expiry_is_estimated_no_more() -> None:
    street = Street("BTC-2JAN26", "BTC-9JAN26")
    set_index(street, 100_000)
    street.now_ns = EXPIRY_NS

    street.apply(SettleInstrument(street.id("BTC-2JAN26"), PriceE8(100_000 * 10**8)))

    estimate = street.data.expiration("btc_usd")
    assert estimate is not None
    assert estimate.seconds == 7 * 86_400
    assert street.data.delivery(street.market("BTC-2JAN26").instrument) == 100_000 * 10**8


def test_spot_has_no_open_interest() -> None:
    street = Street("BTC_USDC")
    street.mark(price=100_000.0)

    street.buy(ALICE, 3, 200_000)
    street.sell(BOB, 3, 200_000)

    assert street.market().open_interest == 0


def test_an_event_that_skips_a_change_of_the_book_is_our_own_fault() -> None:
    street = Street.at(100)
    street.buy(ALICE, 3, 99)
    street.market().book.change_id += 1

    with pytest.raises(Exception, match="book is at change 2, message continues 1"):
        street.buy(ALICE, 3, 99)
