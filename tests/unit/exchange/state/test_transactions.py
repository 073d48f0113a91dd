from strikewire.exchange import About, Deposit, Transaction, TransactionType, Withdraw
from strikewire.exchange.state import transactions
from strikewire.exchange.state.ledgers import Ledger
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, TradeId, Units
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"


def test_a_deposit_and_a_withdrawal_are_logged_with_the_balance_after_them() -> None:
    floor = TradingFloor(cash={"BTC": 1_000})

    floor.apply(Withdraw(ALICE, "BTC", Units(300)))

    first, second = floor.exchange.transactions(ALICE, "BTC")
    assert (first.type, first.amount, first.balance) == ("deposit", 1_000, 1_000)
    assert (second.type, second.amount, second.balance) == ("withdrawal", -300, 700)
    assert first.transaction_id < second.transaction_id


def test_a_trade_of_an_option_is_one_transaction_of_premium_and_fee() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 1_00000000, "ETH": 0, "USDC": 0})
    floor.mark(price=0.05, underlying=60_000)
    floor.sell(BOB, 10, at=500)

    floor.buy(ALICE, 10, at=500)

    assert floor.exchange.transactions(ALICE, "BTC")[-1] == Transaction(
        transaction_id=5,  # after three deposits and the maker's
        account_seq=2,
        time_ns=START_NS,
        account_id=ALICE,
        currency="BTC",
        type=TransactionType.TRADE,
        amount=Units(-5_030_000),  # 1 coin for 0.05, and 0.03 %
        fee=Units(30_000),
        balance=Units(94_970_000),
        about=About(
            instrument_id=InstrumentId(1),
            side=Side.BUY,
            lots=Lots(10),
            price=PriceE8(5_000_000),
            position=10,
            trade_id=TradeId(1),
            order_id=OrderId(2),
        ),
    )


def test_a_trade_of_a_future_is_logged_with_the_profit_that_waits_for_its_settlement() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)
    floor.sell(ALICE, 100, at=125_000)

    floor.buy(BOB, 100, at=125_000)

    maker = floor.exchange.transactions(ALICE, "BTC")[-1]
    taker = floor.exchange.transactions(BOB, "BTC")[-1]
    assert (maker.amount, maker.about.profit, maker.about.is_maker) == (0, 400_000, True)
    assert (taker.amount, taker.about.profit, taker.about.is_maker) == (-800, -400_000, False)


def test_a_trade_on_spot_is_logged_in_both_currencies() -> None:
    floor = TradingFloor.at(120_000, "BTC_USDC", BTC=10_00000000, USDC=100_000_000000)
    floor.sell(BOB, 10_000, at=120_000)

    floor.buy(ALICE, 10_000, at=120_000)

    coins, dollars = (floor.exchange.transactions(ALICE, name)[-1] for name in ("BTC", "USDC"))
    assert coins.amount == 10_000 * 10_000
    assert dollars.amount == -60_000_000_000
    assert dollars.account_seq == coins.account_seq + 1


def test_a_delivery_is_logged_with_its_price() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 1_00000000})
    floor.mark(price=0.05, underlying=60_000)
    floor.buy(ALICE, 10, at=500)
    floor.sell(BOB, 10, at=500)
    floor.expire(CALL)

    floor.settle(CALL, 70_000)

    delivered = floor.exchange.transactions(ALICE, "BTC")[-1]
    assert (delivered.type, delivered.amount) == ("delivery", 14_285_714 - 15_000)
    assert delivered.about.price == 70_000 * 10**8
    assert delivered.about.side is Side.SELL
    assert delivered.about.position == 0


def test_the_oldest_transactions_are_forgotten() -> None:
    ledger = Ledger()
    for number in range(transactions.TRANSACTIONS_MAX + 2):
        ledger.balance += 1
        ledger.log(deposited(number, ledger.balance))

    assert len(ledger.transactions) == 20_000
    assert next(iter(ledger.transactions)).balance == 3


def test_an_unknown_account_has_no_transactions() -> None:
    floor = TradingFloor()
    floor.apply(Deposit(AccountId(9), "BTC", Units(1)))

    assert floor.exchange.transactions(AccountId(9), "BTC") == []
    assert floor.exchange.transactions(ALICE, "DOGE") == []


def deposited(number: int, balance: int) -> Transaction:
    return Transaction(
        transaction_id=number,
        account_seq=number,
        time_ns=number,
        account_id=ALICE,
        currency="BTC",
        type=TransactionType.DEPOSIT,
        amount=Units(1),
        fee=Units(0),
        balance=Units(balance),
        about=About(),
    )
