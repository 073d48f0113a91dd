from strikewire.exchange import BookView, MoneyCheck
from strikewire.model import Lots, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, PLENTY, TradingFloor, e8


def test_a_position_is_shown_with_its_worth_its_profit_and_its_margin() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL")
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)
    floor.sell(BOB, 100, at=130_000)

    floor.mark(125_000)

    short = floor.position(BOB)
    assert (short.size, short.average_price, short.currency) == (-100, e8(50_000), "BTC")
    assert (short.value, short.floating, short.realized) == (1_600_000, -400_000, 0)
    assert (short.initial_margin, short.maintenance_margin) == (32_002, 16_002)
    # 200 short would be 0.032 BTC * (2 % + 0.032 * 0.005 %), rounded up: 64 006.
    assert short.open_orders_margin == 64_006 - 32_002
    assert (short.mark, short.index) == (e8(62_500), e8(62_500))


def test_an_account_without_a_position_is_flat() -> None:
    floor = TradingFloor.at(100)

    view = floor.position(ALICE)

    assert (view.size, view.average_price, view.value, view.floating) == (0, 0, 0, 0)
    assert (view.initial_margin, view.open_orders_margin) == (0, 0)


def test_a_position_without_a_mark_is_shown_without_a_value() -> None:
    floor = TradingFloor("BTC-PERPETUAL")

    view = floor.position(ALICE)

    assert (view.value, view.initial_margin, view.mark, view.index) == (0, 0, 0, 0)


def test_equity_is_balance_profit_and_options() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL")
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 200, at=100_000)
    floor.buy(ALICE, 50, at=100_000)
    floor.mark(125_000)

    for account_id in (ALICE, BOB):
        view = floor.summary(account_id, "BTC")
        assert view.margin_balance == view.balance + view.session_rpl + view.session_upl
        assert view.equity == view.margin_balance + view.options_value
        assert view.available_funds == view.margin_balance - view.initial_margin


def test_an_account_that_never_held_a_currency_has_zeros() -> None:
    floor = TradingFloor.at(100, ETH=0)

    view = floor.summary(ALICE, "ETH")

    assert (view.balance, view.equity, view.available_funds) == (0, 0, 0)
    account = floor.exchange.account(ALICE)
    assert account is not None
    assert account.currencies == ("BTC", "USDC")


def test_what_may_be_withdrawn_is_neither_margin_nor_unrealised_profit() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL", BTC=1_000_000)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)
    assert floor.summary(ALICE, "BTC").available_withdrawal_funds == 1_000_000 - 40_002

    floor.mark(125_000)

    assert floor.summary(ALICE, "BTC").available_funds == 1_400_000 - 32_002
    assert floor.summary(ALICE, "BTC").available_withdrawal_funds == 1_000_000
    # Bob's loss has eaten into what he may withdraw, and his fee of 1 000.
    assert floor.summary(BOB, "BTC").available_withdrawal_funds == 1_000_000 - 401_000 - 32_002


def test_a_book_is_shown_best_first() -> None:
    floor = TradingFloor.at(100)
    floor.draw("""
              | 101 | 5
            3 | 100 |
            9 |  99 |
    """)

    assert floor.exchange.book(floor.id()) == BookView(
        floor.id(),
        bids=[(Ticks(100), Lots(3)), (Ticks(99), Lots(9))],
        asks=[(Ticks(101), Lots(5))],
        change_id=3,
    )


def test_money_is_counted_from_both_ends() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL")
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 60, at=100_000)

    # 600 USD at 50 000 USD: 0.012 BTC, of which Bob pays 0.05 %.
    assert floor.exchange.money("BTC") == MoneyCheck(
        currency="BTC",
        deposits=Units(3 * PLENTY),
        withdrawals=Units(0),
        balances=Units(3 * PLENTY - 600),
        insurance=Units(0),
        session_rpl=Units(0),
        funding=Units(0),
        entry_values=Units(0),
        fees=Units(600),
        rounding=Units(0),
    )


def test_money_from_nowhere_is_noticed() -> None:
    money = MoneyCheck(
        currency="BTC",
        deposits=Units(10),
        withdrawals=Units(3),
        balances=Units(4),
        insurance=Units(1),
        session_rpl=Units(3),
        funding=Units(1),
        entry_values=Units(-2),
        fees=Units(1),
        rounding=Units(0),
    )

    assert money.difference == 1
    assert not money.is_conserved
