import pytest

from strikewire.exchange import (
    AccountOpened,
    AccountView,
    BalanceChanged,
    CashWithdrawn,
    Command,
    Deposit,
    Exchange,
    OpenAccount,
    Reject,
    Rejected,
    Withdraw,
)
from strikewire.exchange.accounts import cash
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_an_account_opens_empty() -> None:
    exchange = Exchange()

    events = exchange.apply(1, 7, OpenAccount(AccountId(5), "desk"))

    view = AccountView(account_id=AccountId(5), name="desk", opened_ns=7, currencies=())
    assert events == (AccountOpened(view),)
    assert exchange.account(AccountId(5)) == view
    assert exchange.account(AccountId(6)) is None


@pytest.mark.parametrize(
    ("command", "code", "param"),
    [
        (OpenAccount(AccountId(1), "again"), Reject.OTHER_REJECT, "account_id"),
        (OpenAccount(AccountId(0), "zero"), Reject.INVALID_ARGUMENTS, "account_id"),
        (OpenAccount(AccountId(2**63), "large"), Reject.INVALID_ARGUMENTS, "account_id"),
        (OpenAccount(AccountId(9), "x" * 65), Reject.INVALID_ARGUMENTS, "name"),
        (Deposit(AccountId(9), "BTC", Units(1)), Reject.UNAUTHORIZED, "account_id"),
        (Deposit(ALICE, "DOGE", Units(1)), Reject.INVALID_ARGUMENTS, "currency"),
        (Deposit(ALICE, "BTC", Units(0)), Reject.INVALID_AMOUNT, "amount"),
        (Deposit(ALICE, "BTC", Units(-1)), Reject.INVALID_AMOUNT, "amount"),
        (Deposit(ALICE, "BTC", Units(10**17)), Reject.INVALID_AMOUNT, "amount"),
        (Withdraw(AccountId(9), "BTC", Units(1)), Reject.UNAUTHORIZED, "account_id"),
        (Withdraw(ALICE, "DOGE", Units(1)), Reject.INVALID_ARGUMENTS, "currency"),
        (Withdraw(ALICE, "BTC", Units(0)), Reject.INVALID_AMOUNT, "amount"),
        (Withdraw(ALICE, "ETH", Units(1)), Reject.NOT_ENOUGH_FUNDS, "amount"),
        (Withdraw(ALICE, "BTC", Units(1), "x" * 129), Reject.INVALID_ARGUMENTS, "address"),
    ],
)
def test_senseless_accounts_and_cash_are_refused(
    command: Command, code: Reject, param: str
) -> None:
    floor = TradingFloor(cash={"ETH": 0})
    before = floor.exchange.state_hash()

    (event,) = floor.apply(command)

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == (code, param)
    assert floor.exchange.state_hash() == before


def test_there_is_room_for_so_many_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cash, "ACCOUNTS_MAX", 3)
    floor = TradingFloor()

    assert floor.apply(OpenAccount(AccountId(9), "late")) == (
        Rejected(Reject.OTHER_REJECT, "max_accounts"),
    )


def test_cash_comes_in_and_goes_out() -> None:
    floor = TradingFloor(cash={"BTC": 100})

    events = floor.apply(Deposit(ALICE, "BTC", Units(50)))
    floor.apply(Withdraw(ALICE, "BTC", Units(120)))

    assert events == (BalanceChanged(ALICE, "BTC"),)
    assert floor.summary(ALICE, "BTC").balance == 30
    money = floor.exchange.money("BTC")
    assert (money.deposits, money.withdrawals, money.balances) == (350, 120, 230)


def test_what_orders_need_cannot_be_withdrawn() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL", BTC=100_000)
    floor.buy(BOB, 100, at=99_999)

    # 1 000 USD at 50 000 USD need 40 002 units.
    (refused,) = floor.apply(Withdraw(BOB, "BTC", Units(59_999)))
    told, accepted = floor.apply(Withdraw(BOB, "BTC", Units(59_998), "bc1q"))

    assert refused == Rejected(Reject.NOT_ENOUGH_FUNDS, "59999 of 59998 units", "amount")
    assert told == CashWithdrawn(withdrawal_id=10, account_id=BOB, currency="BTC")
    assert accepted == BalanceChanged(BOB, "BTC")
    assert floor.exchange.transactions(BOB, "BTC")[-1].about.note == "bc1q"
