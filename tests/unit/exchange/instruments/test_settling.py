from strikewire.exchange import (
    Exchange,
    Reject,
    Rejected,
    SessionSettled,
    Settlement,
    SettleSession,
)
from strikewire.model import NS_PER_HOUR, Lots, PriceE8, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor, e8

PERPETUAL = "BTC-PERPETUAL"
FUTURE = "BTC-25DEC26"
CALL = "BTC-25DEC26-60000-C"
TENTH_PERCENT = 1_000_000_000  # per eight hours, in 1e-12


def settle(floor: TradingFloor, currency: str = "BTC") -> SessionSettled:
    event = floor.apply(SettleSession(currency))[-1]
    assert isinstance(event, SessionSettled)
    return event


def a_thousand_dollars_at_50_000(name: str = PERPETUAL) -> TradingFloor:
    """Return a floor where Alice bought 1 000 USD from Bob, who paid a fee of 1 000 units."""
    floor = TradingFloor.at(100_000 if name == PERPETUAL else 20_000, name, BTC=1_00000000)
    price = 100_000 if name == PERPETUAL else 20_000
    floor.buy(ALICE, 100, at=price)
    floor.sell(BOB, 100, at=price)
    return floor


def test_a_session_that_is_settled_becomes_cash() -> None:
    floor = a_thousand_dollars_at_50_000()
    floor.mark(125_000)

    settled = settle(floor)

    # 0.02 BTC at 50 000, 0.016 BTC at 62 500.
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (alice.balance, alice.session_rpl, alice.session_upl) == (1_00400000, 0, 0)
    assert (bob.balance, bob.session_rpl, bob.session_upl) == (99_599000, 0, 0)
    assert settled == SessionSettled(
        "BTC",
        (
            Settlement(
                instrument_id=floor.id(),
                is_delivery=False,
                time_ns=floor.now_ns,
                price=e8(62_500),
                index=e8(62_500),
                open_interest=Lots(100),
                gains=Units(400_000),
                net=Units(0),
                funding=Units(0),
            ),
        ),
    )
    assert floor.exchange.settlements("BTC") == list(settled.settlements)


def test_a_new_session_counts_from_the_price_that_the_old_one_was_settled_at() -> None:
    floor = a_thousand_dollars_at_50_000()
    floor.mark(125_000)
    settle(floor)

    floor.mark(100_000)

    view = floor.position(ALICE)
    assert (view.average_price, view.settlement_price) == (e8(50_000), e8(62_500))
    assert (view.floating, view.realized) == (-400_000, 0)
    assert floor.summary(ALICE, "BTC").session_upl == -400_000
    assert floor.summary(ALICE, "BTC").equity == 1_00000000


def test_what_was_closed_in_the_session_is_settled_too() -> None:
    floor = a_thousand_dollars_at_50_000()
    floor.mark(125_000)
    floor.sell(ALICE, 100, at=125_000)
    floor.buy(BOB, 100, at=125_000)
    assert floor.summary(ALICE, "BTC").session_rpl == 400_000

    settle(floor)

    assert floor.summary(ALICE, "BTC").session_rpl == 0
    assert floor.summary(ALICE, "BTC").balance == 1_00400000
    assert floor.position(ALICE).realized == 0


def test_a_session_without_anything_in_it_moves_nothing() -> None:
    floor = a_thousand_dollars_at_50_000()
    settle(floor)
    logged = floor.exchange.transactions(CAROL, "BTC")

    settle(floor)

    assert floor.exchange.transactions(CAROL, "BTC") == logged
    assert floor.exchange.transactions(ALICE, "BTC")[-1].amount == 0
    assert floor.exchange.money("BTC").rounding == 0


def test_options_begin_a_new_session_without_a_payment() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 1_00000000})
    floor.mark(price=0.05, underlying=60_000)
    floor.buy(ALICE, 10, at=500)
    floor.sell(BOB, 10, at=500)
    floor.mark(price=0.06, underlying=60_000)
    before = floor.summary(ALICE, "BTC")
    assert (before.balance, before.options_session_upl) == (94_970_000, 1_000_000)

    settled = settle(floor)

    after = floor.summary(ALICE, "BTC")
    assert (after.balance, after.options_session_upl, after.equity) == (
        94_970_000,
        0,
        before.equity,
    )
    assert floor.position(ALICE).average_price == e8(0.05)
    assert settled.settlements == ()


def test_funding_is_paid_in_coins_of_the_value_at_the_mark() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.mark(100_000, funding_rate=TENTH_PERCENT)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)
    floor.now_ns += 8 * NS_PER_HOUR
    floor.mark(100_000)

    # 0.1 % of 0.02 BTC.
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (alice.session_funding, alice.session_rpl, alice.balance) == (-2_000, -2_000, 1_00000000)
    assert (bob.session_funding, bob.session_rpl) == (2_000, 2_000)
    assert (floor.position(ALICE).funding, floor.position(ALICE).realized) == (-2_000, -2_000)

    settle(floor)

    assert floor.summary(ALICE, "BTC").balance == 99_998000
    assert floor.summary(ALICE, "BTC").session_funding == 0
    assert floor.summary(BOB, "BTC").balance == 1_00001000  # 2 000 less a fee of 1 000
    assert floor.exchange.money("BTC").rounding == 0
    (paid,) = [one for one in floor.exchange.transactions(ALICE, "BTC") if one.type == "settlement"]
    assert (paid.amount, paid.about.funding, paid.about.position) == (-2_000, -2_000, 100)


def test_funding_is_realised_when_a_position_changes() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.mark(100_000, funding_rate=TENTH_PERCENT)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)
    floor.now_ns += 4 * NS_PER_HOUR

    floor.sell(ALICE, 100, at=100_000)
    floor.buy(CAROL, 100, at=100_000)
    floor.now_ns += 4 * NS_PER_HOUR
    floor.mark(100_000, funding_rate=TENTH_PERCENT)

    assert floor.position(ALICE).funding == -1_000
    assert floor.position(CAROL).funding == -1_000
    assert floor.position(BOB).funding == 2_000
    assert floor.exchange.money("BTC").funding == 1_000  # of Alice; Carol and Bob owe and are owed
    trade = floor.exchange.transactions(ALICE, "BTC")[-1]
    assert (trade.about.profit, trade.about.funding) == (0, -1_000)


def test_a_fraction_of_funding_stays_with_the_venue() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.mark(100_000, funding_rate=TENTH_PERCENT)
    for who in (ALICE, CAROL):
        floor.buy(who, 1, at=100_000)
        floor.sell(BOB, 1, at=100_000)
    floor.now_ns += NS_PER_HOUR

    settle(floor)

    # An eighth of 0.1 % of 20 000 units is 2.5: twice 3 are paid, and of 5 all is received.
    assert floor.exchange.money("BTC").rounding == 1
    assert floor.exchange.money("BTC").funding == 0
    funding = {
        who: floor.exchange.transactions(who, "BTC")[-1].about.funding
        for who in (ALICE, BOB, CAROL)
    }
    assert funding == {ALICE: -3, BOB: 5, CAROL: -3}


def test_an_instrument_that_has_expired_waits_for_its_delivery() -> None:
    floor = a_thousand_dollars_at_50_000(FUTURE)
    floor.mark(25_000)
    floor.sell(ALICE, 50, at=25_000)
    floor.buy(BOB, 50, at=25_000)
    floor.expire(FUTURE)

    assert settle(floor).settlements == ()
    assert floor.summary(ALICE, "BTC").session_rpl == 200_000

    floor.settle(FUTURE, 62_500)

    # 400 000 of profit, less 0.025 % of 0.008 BTC for the delivery.
    assert floor.summary(ALICE, "BTC").session_rpl == 0
    assert floor.summary(ALICE, "BTC").balance == 1_00400000 - 200
    (delivered,) = floor.exchange.settlements("BTC")
    assert delivered.is_delivery
    assert (delivered.price, delivered.gains, delivered.net) == (e8(62_500), 400_000, 0)
    assert delivered.open_interest == 50


def test_a_profit_of_a_closed_position_is_paid_with_the_delivery() -> None:
    floor = a_thousand_dollars_at_50_000(FUTURE)
    floor.mark(25_000)
    floor.sell(ALICE, 100, at=25_000)
    floor.buy(BOB, 100, at=25_000)
    floor.expire(FUTURE)

    floor.settle(FUTURE, 62_500)

    assert floor.summary(ALICE, "BTC").session_rpl == 0
    assert floor.summary(ALICE, "BTC").balance == 1_00400000


def test_only_the_named_currency_is_settled() -> None:
    floor = a_thousand_dollars_at_50_000()
    floor.mark(125_000)

    settle(floor, "USDC")

    assert floor.summary(ALICE, "BTC").session_upl == 400_000
    assert floor.exchange.session_ns("USDC") == floor.now_ns
    assert floor.exchange.session_ns("BTC") == 0


def test_an_unknown_currency_is_refused() -> None:
    floor = TradingFloor()

    (event,) = floor.apply(SettleSession("DOGE"))

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == (Reject.INVALID_ARGUMENTS, "currency")


def test_a_restored_exchange_settles_the_same() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.mark(100_000, funding_rate=TENTH_PERCENT)
    floor.buy(ALICE, 99, at=100_000)
    floor.sell(BOB, 99, at=100_000)
    floor.now_ns += 12_345_678_901_234
    floor.mark(110_000, funding_rate=-TENTH_PERCENT // 7)
    restored = Exchange.restore(floor.exchange.snapshot())
    floor.now_ns += 12_345_678_901_234

    settle(floor)

    restored.apply(floor.seq, floor.now_ns, SettleSession("BTC"))
    assert restored.state_hash() == floor.exchange.state_hash()
    assert restored.settlement_price(floor.id()) == e8(55_000)
    assert restored.settlement_price(floor.id()) != PriceE8(0)
