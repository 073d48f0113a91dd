import pytest

from strikewire.marketdata.funding import funding_over
from strikewire.marketdata.market import Market, turnover
from strikewire.marketdata.statistics import Turnover
from strikewire.model import NS_PER_HOUR, AccountId, Lots, PriceE8, instrument, ns_to_ms
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS
from strikewire.testing.marketdata import Street

COIN = 100_000_000


def test_the_book_follows_the_exchange_level_by_level() -> None:
    street = Street.at(100)

    street.buy(ALICE, 3, 99)
    street.buy(BOB, 4, 99)
    street.sell(ALICE, 5, 101)
    street.sell(BOB, 2, 99)

    market = street.market()
    assert list(market.book.bids) == [(99, 5)]
    assert list(market.book.asks) == [(101, 5)]
    assert market.book.change_id == street.exchange.book(street.id()).change_id


def test_a_trade_is_printed_and_counted() -> None:
    street = Street.at(100)
    street.buy(ALICE, 3, 99)
    street.now_ns += 5

    street.sell(BOB, 2, 99)

    market = street.market()
    assert market.tape.last is not None
    assert market.tape.last.trade_seq == 1
    assert market.updated_ns == street.now_ns
    assert market.day.read(street.now_ns).high == 99


def test_open_interest_counts_what_is_held_long_once() -> None:
    street = Street.at(100)
    street.buy(ALICE, 5, 99)
    street.sell(BOB, 5, 99)
    opened = street.market().open_interest

    street.buy(CAROL, 2, 99)
    street.sell(ALICE, 2, 99)  # Carol takes over what Alice had.
    passed_on = street.market().open_interest
    street.buy(BOB, 5, 99)
    street.sell(ALICE, 3, 99)
    street.sell(CAROL, 2, 99)

    assert (opened, passed_on, street.market().open_interest) == (5, 5, 0)


def test_a_level_far_from_the_best_does_not_make_a_new_ticker() -> None:
    street = Street.at(100)
    street.buy(ALICE, 3, 99)
    before = street.market().updated_ns
    street.now_ns += 5

    street.buy(ALICE, 3, 90)

    assert street.market().updated_ns == before
    assert street.market().book_ns == street.now_ns


def test_the_price_band_is_the_one_the_exchange_enforces() -> None:
    street = Street("BTC-PERPETUAL")
    assert street.market().band is None

    street.mark(price=100_000.0)

    assert street.market().band == street.exchange.price_band(street.id())


def test_only_a_perpetual_has_funding() -> None:
    street = Street("BTC-PERPETUAL", "BTC-25DEC26")

    street.mark(price=100_125.0, underlying=100_000.0, funding_rate=1_000_000_000)
    street.now_ns += 2 * NS_PER_HOUR

    funding = street.market().funding
    assert funding is not None
    assert funding.rate == 1_000_000_000
    assert funding_over(funding, 0, ns_to_ms(street.now_ns)) == 0.00025
    assert street.market("BTC-25DEC26").funding is None


def test_an_option_knows_the_future_of_its_expiry() -> None:
    option = instrument("BTC_USDC-25DEC26-100000-P", instrument_id=1)

    assert Market(option, START_NS).future_name == "BTC_USDC-25DEC26"
    assert Market(instrument("BTC-25DEC26", instrument_id=1), START_NS).future_name == ""


def test_a_settled_market_is_closed_for_good() -> None:
    market = Market(instrument("BTC-25DEC26", instrument_id=1), START_NS)
    market.hold(AccountId(1), Lots(5))
    market.hold(AccountId(2), Lots(-5))

    market.settle(START_NS + 1, PriceE8(7))

    assert not market.is_open
    assert (market.delivery_price, market.open_interest) == (7, 0)
    with pytest.raises(AssertionError):
        market.settle(START_NS + 2, PriceE8(7))


def test_a_stream_that_was_closed_is_fed_no_more() -> None:
    street = Street.at(100)
    stream = street.market().open_stream()
    street.market().close_stream(stream)

    street.buy(ALICE, 3, 99)

    assert stream.take() is None


@pytest.mark.parametrize(
    ("name", "price", "lots", "index", "expected"),
    [
        # 100 contracts of 10 dollars at 50 000: 0.02 BTC.
        ("BTC-PERPETUAL", 100_000, 100, 50_000.0, (0.02, 1_000, 1_000)),
        # 5 lots of 0.001 BTC at 50 000 USDC: 250 USDC.
        ("BTC_USDC-PERPETUAL", 100_000, 5, 50_000.0, (0.005, 250, 250)),
        # 3 lots of 0.1 BTC at 0.1 BTC: a premium of 0.03 BTC, at the index 1 500 dollars.
        ("BTC-25DEC26-100000-C", 1_000, 3, 50_000.0, (0.3, 0.03, 1_500)),
    ],
)
def test_a_trade_adds_base_quote_and_dollars(
    name: str, price: int, lots: int, index: float, expected: tuple[float, float, float]
) -> None:
    street = Street(name)
    own_mark = 0.1 if name.endswith("C") else index
    street.mark(price=own_mark, underlying=index)
    street.buy(ALICE, lots, price)
    (fill,) = street.sell(BOB, lots, price).fills

    added = turnover(street.market().instrument, fill)

    assert added == Turnover(*(round(value * COIN) for value in expected))
