from strikewire.exchange import Exchange, PlaceOrder, SettleInstrument, SettleSession
from strikewire.marketdata.marketdata import Changes
from strikewire.marketdata.restore import restore
from strikewire.marketdata.tickers import ticker
from strikewire.model import NS_PER_DAY, NS_PER_HOUR, Lots, PriceE8, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, START_NS
from strikewire.testing.marketdata import Street

NAMES = ("BTC-PERPETUAL", "BTC-25DEC26-100000-C", "BTC_USDC", "BTC-2JAN26")


def busy_street() -> Street:
    street = Street(*NAMES)
    for name in ("BTC-PERPETUAL", "BTC_USDC", "BTC-2JAN26"):
        street.mark(name=name, price=100_000.0)
    street.mark(name="BTC-25DEC26-100000-C", price=0.1, underlying=100_000.0)
    street.buy(ALICE, 5, 200_000, name="BTC-PERPETUAL")
    street.sell(BOB, 2, 200_000, name="BTC-PERPETUAL")
    street.sell(ALICE, 7, 1_200, name="BTC-25DEC26-100000-C")
    street.buy(BOB, 3, 1_200, name="BTC-25DEC26-100000-C")
    street.buy(BOB, 3, 1_000, name="BTC-25DEC26-100000-C")
    return street


def test_a_venue_that_starts_again_shows_what_it_showed() -> None:
    street = busy_street()

    data = restore(Exchange.restore(street.exchange.snapshot()), street.now_ns)

    assert [ticker(data, market) for market in data] == [
        ticker(street.data, market) for market in street.data
    ]
    assert [market.book for market in data] == [market.book for market in street.data]
    assert [list(market.tape) for market in data] == [list(market.tape) for market in street.data]
    assert data.indices == street.data.indices


def test_funding_and_settlement_prices_go_on_after_a_restart() -> None:
    street = busy_street()
    street.mark(name="BTC-PERPETUAL", price=100_000.0, funding_rate=1_000_000_000)
    street.now_ns += 3 * NS_PER_HOUR
    street.apply(SettleSession("BTC"))
    street.mark(name="BTC-PERPETUAL", price=100_000.0, funding_rate=-1_000_000_000)

    data = restore(Exchange.restore(street.exchange.snapshot()), street.now_ns)

    shown, before = ticker(data, data[street.id()]), ticker(street.data, street.market())
    assert shown.funding_8h == before.funding_8h == 0.000375
    assert (shown.current_funding, shown.settlement_price) == (-0.001, 100_000.0)
    assert before.settlement_price == 100_000.0


def test_its_books_go_on_where_they_were() -> None:
    street = busy_street()
    data = restore(street.exchange, street.now_ns)
    instrument_id = street.id("BTC-PERPETUAL")

    events = street.apply(
        PlaceOrder(
            account_id=ALICE,
            instrument_id=instrument_id,
            side=Side.BUY,
            amount=Lots(1),
            price=Ticks(199_999),
        )
    )
    changes = data.apply(street.now_ns, events)

    assert changes == Changes(books=[instrument_id])
    assert data[instrument_id].book == street.market("BTC-PERPETUAL").book


def test_what_was_settled_stays_closed() -> None:
    street = busy_street()
    street.now_ns = START_NS + 2 * NS_PER_DAY
    street.apply(SettleInstrument(street.id("BTC-2JAN26"), PriceE8(10**13)))

    data = restore(street.exchange, street.now_ns)

    assert [market.instrument.name for market in data if not market.is_open] == ["BTC-2JAN26"]


def test_a_leg_that_was_traded_in_a_combo_is_still_one_of_it_after_a_restart() -> None:
    street = Street("BTC-PERPETUAL", "BTC-25DEC26")
    for name in ("BTC-PERPETUAL", "BTC-25DEC26"):
        street.mark(name=name, price=50_000.0)
    spread = street.combine(("BTC-25DEC26", 1), ("BTC-PERPETUAL", -1))
    street.sell(ALICE, 5, -3, name=spread)
    street.buy(BOB, 2, -3, name=spread)

    data = restore(street.exchange, street.now_ns)

    (trade,) = data[street.id("BTC-PERPETUAL")].tape
    assert trade.combo_id == spread
    assert [list(market.tape) for market in data] == [list(market.tape) for market in street.data]
