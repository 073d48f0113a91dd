from strikewire.api.account import Portfolio
from strikewire.exchange import AccountOpened, AccountView, BalanceChanged
from strikewire.gateway.user_topics import (
    Interest,
    OrdersTopic,
    PortfolioTopic,
    UserTradesTopic,
    accounts_of,
    currencies_of,
    portfolios,
)
from strikewire.model import AccountId
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.marketdata import Street


def perpetual() -> Street:
    street = Street("BTC-PERPETUAL", "BTC_USDC-PERPETUAL")
    street.mark(price=100_000.0)
    return street


def test_an_interest_in_one_instrument_covers_no_other() -> None:
    inverse, linear = (market.instrument for market in perpetual().data)

    assert Interest(instrument_name="BTC-PERPETUAL").covers(inverse)
    assert not Interest(instrument_name="BTC-PERPETUAL").covers(linear)
    assert Interest(currency="USDC").covers(linear)
    assert Interest().covers(inverse)


def test_an_event_concerns_the_accounts_it_names() -> None:
    street = perpetual()
    placed = street.buy(ALICE, 3, 199_000).events
    met = street.sell(BOB, 1).events
    met_himself = street.sell(ALICE, 1).events

    assert {account for event in placed for account in accounts_of(event)} == {ALICE}
    assert accounts_of(met[0]) == (ALICE, BOB)
    assert accounts_of(met_himself[0]) == (ALICE,)
    assert accounts_of(BalanceChanged(BOB, "BTC")) == (BOB,)
    opened = AccountView(account_id=ALICE, name="", opened_ns=0, currencies=())
    assert accounts_of(AccountOpened(opened)) == ()


def test_no_state_of_an_order_is_left_out() -> None:
    street = perpetual()
    topic = OrdersTopic(street.data, Interest(), is_raw=False)
    for events in (
        street.buy(ALICE, 3, 199_000).events,
        street.sell(BOB, 1).events,
        street.cancel(1).events,
    ):
        for event in events:
            if ALICE in accounts_of(event):
                topic.hear(event)

    (told,) = topic.take()

    assert isinstance(told, list)
    assert [(one.order_state, one.filled_amount) for one in told] == [
        ("open", 0.0),
        ("open", 10.0),
        ("cancelled", 10.0),
    ]
    assert topic.take() == []


def test_a_fill_with_oneself_is_told_from_both_sides() -> None:
    street = perpetual()
    topic = UserTradesTopic(street.data, ALICE, Interest())
    street.buy(ALICE, 3, 199_000)

    for event in street.sell(ALICE, 1).events:
        topic.hear(event)

    (told,) = topic.take()
    assert isinstance(told, list)
    assert [one.direction for one in told] == ["buy", "sell"]


def test_a_portfolio_is_told_again_only_when_it_is_another() -> None:
    street = perpetual()

    def read() -> list[Portfolio]:
        return portfolios(street.exchange, street.data, ALICE, ["BTC", "USDC"])

    topic = PortfolioTopic(read)
    assert len(topic.first()) == 2
    assert topic.take() == []

    street.buy(ALICE, 3, 199_000)

    assert [one.currency for one in topic.take() if isinstance(one, Portfolio)] == ["BTC"]
    assert topic.take() == []


def test_any_currency_is_every_currency() -> None:
    assert currencies_of("any") == ("BTC", "ETH", "USDC")
    assert currencies_of("ETH") == ("ETH",)


def test_an_account_that_was_never_opened_has_no_portfolio() -> None:
    street = perpetual()

    assert portfolios(street.exchange, street.data, AccountId(99), ["BTC"]) == []
