import pytest

from strikewire.api.market_data import PerpetualInterest
from strikewire.api.reference import InstrumentStateChange, PlatformState, VolatilityIndex
from strikewire.gateway.topics import (
    BookTopic,
    ExpirationPriceTopic,
    GroupedBookTopic,
    InstrumentStateTopic,
    OptionMarksTopic,
    PerpetualTopic,
    PlatformStateTopic,
    PriceIndexTopic,
    QuoteTopic,
    TickerTopic,
    TradesTopic,
    VolatilityIndexTopic,
)
from strikewire.model import InstrumentId
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.marketdata import Street


def perpetual() -> Street:
    street = Street("BTC-PERPETUAL", "BTC-25DEC26-100000-C")
    street.mark(price=100_000.0)
    return street


def test_a_book_is_told_as_changes_and_not_told_when_nothing_changed() -> None:
    street = perpetual()
    topic = BookTopic(street.market())
    assert topic.take() == []

    street.buy(ALICE, 1, 199_000)

    assert len(topic.take()) == 1
    assert topic.take() == []


def test_a_closed_book_lets_go_of_its_chain() -> None:
    street = perpetual()
    topic = BookTopic(street.market())
    topic.close()

    street.buy(ALICE, 1, 199_000)

    assert topic.take() == []


def test_views_are_told_as_they_are_to_newcomers_and_to_all() -> None:
    street = perpetual()
    market = street.market()

    for topic in (
        GroupedBookTopic(market, 1, 10),
        TickerTopic(street.data, market),
        QuoteTopic(market),
        PriceIndexTopic(street.data, "btc_usd"),
        ExpirationPriceTopic(street.data, "btc_usd"),
        PerpetualTopic(street.data, market),
    ):
        assert topic.first() == topic.take()
        assert len(topic.first()) == 1
        topic.close()


def test_trades_are_told_once_in_their_order() -> None:
    street = perpetual()
    topic = TradesTopic()
    street.buy(ALICE, 5, 199_000)
    for lots in (1, 2):
        street.sell(BOB, lots)
        topic.print(street.changes.trades[street.id()])

    (told,) = topic.take()

    assert isinstance(told, list)
    assert [trade.amount for trade in told] == [10.0, 20.0]
    assert topic.take() == []
    assert topic.first() == []


def test_trades_of_a_kind_and_a_currency() -> None:
    street = perpetual()
    future, option = (market.instrument for market in street.data)

    assert TradesTopic("future", "BTC").is_about(future)
    assert not TradesTopic("future", "BTC").is_about(option)
    assert not TradesTopic("any", "USDC").is_about(future)


def test_option_marks_begin_with_those_there_are() -> None:
    street = perpetual()
    topic = OptionMarksTopic(street.data, "btc_usd")
    assert topic.first() == [[]]

    street.mark(name="BTC-25DEC26-100000-C", price=0.1, underlying=100_000.0)

    (marks,) = topic.first()
    assert isinstance(marks, list)
    assert [(one.instrument_name, one.iv) for one in marks] == [("BTC-25DEC26-100000-C", 0.5)]
    assert topic.take() == []


def test_the_platform_says_nothing_while_all_is_well() -> None:
    topic = PlatformStateTopic(perpetual().data)

    assert (topic.first(), topic.take()) == ([], [])


def test_the_platform_tells_each_index_that_is_locked_and_unlocked() -> None:
    data = Street("BTC-PERPETUAL", "ETH-25DEC26-5000-C").data
    topic = PlatformStateTopic(data)

    data.lock("", is_locked=True)
    locked = topic.take()
    data.lock("eth_usd", is_locked=True)
    again = topic.take()
    data.lock("", is_locked=False)

    assert locked == [
        PlatformState(price_index="btc_usd", locked=True),
        PlatformState(price_index="eth_usd", locked=True),
    ]
    assert again == []
    assert topic.take() == [PlatformState(price_index="btc_usd", locked=False)]
    assert topic.first() == [PlatformState(price_index="eth_usd", locked=True)]


@pytest.mark.parametrize(
    ("kind", "currency", "count"),
    [("any", "any", 1), ("future", "BTC", 1), ("option", "BTC", 0), ("future", "USDC", 0)],
)
def test_a_channel_of_states_is_about_a_kind_and_a_currency(
    kind: str, currency: str, count: int
) -> None:
    data = Street("BTC-PERPETUAL").data
    topic = InstrumentStateTopic(kind, currency)

    topic.tell(data[InstrumentId(1)], 5_000_000)

    assert topic.first() == []
    told = topic.take()
    assert (
        told
        == [InstrumentStateChange(timestamp=5, state="open", instrument_name="BTC-PERPETUAL")]
        * count
    )
    assert topic.take() == []


def test_what_there_is_nothing_to_say_of_is_not_told() -> None:
    street = Street("BTC-PERPETUAL", "ETH-25DEC26-5000-C")

    for topic in (
        ExpirationPriceTopic(street.data, "btc_usd"),
        VolatilityIndexTopic(street.data, "eth_usd"),
    ):
        assert topic.first() == []
        topic.close()


def test_a_volatility_index_is_told_in_percent() -> None:
    street = perpetual()
    street.mark(name="BTC-25DEC26-100000-C", price=0.1, underlying=100_000.0)

    (told,) = VolatilityIndexTopic(street.data, "btc_usd").take()

    assert isinstance(told, VolatilityIndex)
    assert told.volatility == 50.0


def test_a_perpetual_is_told_with_its_rate() -> None:
    street = perpetual()
    street.mark(price=100_125.0, underlying=100_000.0, funding_rate=1_000_000_000)

    (told,) = PerpetualTopic(street.data, street.market()).take()

    assert isinstance(told, PerpetualInterest)
    assert (told.interest, told.index_price) == (0.001, 100_000.0)
