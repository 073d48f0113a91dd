from strikewire.exchange import (
    AccountOpened,
    BalanceChanged,
    CashTransferred,
    CashWithdrawn,
    CreateSubaccount,
    Event,
    PositionChanged,
    Transfer,
    Withdraw,
)
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def of(kind: type[Event], events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if type(event) is kind]


def test_a_subaccount_tells_whose_it_is() -> None:
    floor = TradingFloor()

    (event,) = floor.apply(CreateSubaccount(ALICE))

    assert isinstance(event, AccountOpened)
    assert event.account.owner == ALICE
    assert event.account.opened_ns == floor.now_ns


def test_cash_that_moves_tells_where_it_went() -> None:
    floor = TradingFloor()
    (opened,) = floor.apply(CreateSubaccount(ALICE))
    assert isinstance(opened, AccountOpened)
    child = AccountId(opened.account.account_id)

    moved = floor.apply(
        Transfer(
            account_id=ALICE,
            source=ALICE,
            destination=child,
            currency="BTC",
            amount=Units(5),
            nonce="n",
        )
    )
    gone = floor.apply(Withdraw(child, "BTC", Units(2)))

    (transfer,) = of(CashTransferred, moved)
    assert isinstance(transfer, CashTransferred)
    assert (transfer.source, transfer.destination) == (ALICE, child)
    assert (transfer.currency, transfer.amount, transfer.nonce) == ("BTC", 5, "n")
    (withdrawal,) = of(CashWithdrawn, gone)
    assert isinstance(withdrawal, CashWithdrawn)
    assert (withdrawal.account_id, withdrawal.currency) == (child, "BTC")
    assert BalanceChanged(child, "BTC") in gone


def test_a_position_is_told_as_it_is_afterwards() -> None:
    floor = TradingFloor.at(100)
    floor.buy(ALICE, 5, at=100)

    events = floor.sell(BOB, 2, at=100).events

    assert of(PositionChanged, events) == [
        PositionChanged(floor.position(ALICE)),
        PositionChanged(floor.position(BOB)),
    ]
