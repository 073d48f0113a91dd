import pytest

from strikewire.exchange import (
    INSURANCE_FUND,
    AccountOpened,
    CashTransferred,
    CreateSubaccount,
    OpenAccount,
    Reject,
    Rejected,
    Transfer,
)
from strikewire.exchange.accounts.cash import NAME_LENGTH_MAX
from strikewire.exchange.accounts.transfers import NONCE_LENGTH_MAX, SUBACCOUNTS_MAX
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

FIRST, SECOND = AccountId(4), AccountId(5)
"""Alice's subaccounts."""


def household() -> TradingFloor:
    """Return a floor where Alice has 1 000 units of BTC and two subaccounts."""
    floor = TradingFloor("BTC-PERPETUAL", cash={"BTC": 1_000})
    floor.apply(CreateSubaccount(ALICE))
    floor.apply(CreateSubaccount(ALICE))
    return floor


def moved(
    floor: TradingFloor,
    amount: int,
    *,
    asker: AccountId = ALICE,
    source: AccountId = ALICE,
    destination: AccountId = FIRST,
    currency: str = "BTC",
    nonce: str = "",
) -> object:
    """Return the first event of a transfer."""
    return floor.apply(
        Transfer(
            account_id=asker,
            source=source,
            destination=destination,
            currency=currency,
            amount=Units(amount),
            nonce=nonce,
        )
    )[0]


def test_a_subaccount_gets_the_next_id_and_a_name_after_its_owner() -> None:
    floor = TradingFloor()

    (event,) = floor.apply(CreateSubaccount(ALICE))

    assert isinstance(event, AccountOpened)
    view = event.account
    assert (view.account_id, view.name, view.owner) == (4, "alice_1", ALICE)


def test_a_subaccount_of_a_long_name_gets_as_much_of_it_as_fits() -> None:
    floor = TradingFloor()
    floor.apply(OpenAccount(AccountId(9), "x" * NAME_LENGTH_MAX))

    (event,) = floor.apply(CreateSubaccount(AccountId(9)))

    assert isinstance(event, AccountOpened)
    assert event.account.name == "x" * (NAME_LENGTH_MAX - 2) + "_1"


def test_the_insurance_fund_has_no_subaccounts() -> None:
    floor = TradingFloor()

    (event,) = floor.apply(CreateSubaccount(INSURANCE_FUND))

    assert event == Rejected(Reject.INVALID_ARGUMENTS, "no_main_account", "account_id")


def test_only_a_main_account_has_subaccounts() -> None:
    floor = household()

    of_sub, of_nobody = floor.apply(CreateSubaccount(FIRST)), floor.apply(CreateSubaccount(BOB))

    assert isinstance(of_sub[0], Rejected)
    assert of_sub[0].reason == "no_main_account"
    assert isinstance(of_nobody[0], AccountOpened)
    assert isinstance(floor.apply(CreateSubaccount(AccountId(99)))[0], Rejected)


def test_there_is_a_limit_on_subaccounts() -> None:
    floor = TradingFloor()
    for _ in range(SUBACCOUNTS_MAX):
        floor.apply(CreateSubaccount(ALICE))

    (event,) = floor.apply(CreateSubaccount(ALICE))

    assert event == Rejected(Reject.OTHER_REJECT, "max_subaccounts")


def test_cash_moves_between_the_accounts_of_one_owner() -> None:
    floor = household()

    event = moved(floor, 300, nonce="rent")

    assert isinstance(event, CashTransferred)
    assert floor.summary(ALICE, "BTC").balance == 700
    assert floor.summary(FIRST, "BTC").balance == 300
    paid, got = (floor.exchange.transactions(who, "BTC")[-1] for who in (ALICE, FIRST))
    assert (paid.transaction_id, got.transaction_id) == (event.transfer_id, event.transfer_id + 1)
    assert (paid.amount, paid.about.other_account, paid.about.note) == (-300, FIRST, "rent")
    assert (got.type, got.amount, got.about.other_account) == ("transfer", 300, ALICE)


def test_a_nonce_is_looked_for_among_payments_of_trades_too() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL", BTC=1_00000000)
    floor.apply(CreateSubaccount(ALICE))
    floor.sell(BOB, 1, at=100_000)
    floor.buy(ALICE, 1, at=100_000)

    first = moved(floor, 5, nonce="rent")
    second = moved(floor, 5, nonce="rent")

    assert isinstance(first, CashTransferred)
    assert second == Rejected(Reject.INVALID_ARGUMENTS, "nonce_used", "nonce")


def test_a_nonce_is_used_up_in_every_currency() -> None:
    floor = household()

    first = moved(floor, 5, nonce="rent")
    second = moved(floor, 5, nonce="rent", currency="USDC")

    assert isinstance(first, CashTransferred)
    assert second == Rejected(Reject.INVALID_ARGUMENTS, "nonce_used", "nonce")


def test_a_main_account_moves_cash_from_one_subaccount_to_another() -> None:
    floor = household()
    moved(floor, 300)

    moved(floor, 100, source=FIRST, destination=SECOND)

    balances = [floor.summary(who, "BTC").balance for who in (ALICE, FIRST, SECOND)]
    assert balances == [700, 200, 100]


def test_a_subaccount_gives_back_but_takes_nothing() -> None:
    floor = household()
    moved(floor, 300)

    back = moved(floor, 300, asker=FIRST, source=FIRST, destination=ALICE)
    taken = moved(floor, 1, asker=FIRST, source=ALICE, destination=FIRST)

    assert isinstance(back, CashTransferred)
    assert taken == Rejected(Reject.UNAUTHORIZED, "subaccount_of_another", "source")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"asker": AccountId(99)}, Reject.UNAUTHORIZED, "account_id"),
        ({"asker": BOB}, Reject.INVALID_ARGUMENTS, "source"),
        ({"source": AccountId(99)}, Reject.INVALID_ARGUMENTS, "source"),
        ({"destination": BOB}, Reject.INVALID_ARGUMENTS, "destination"),
        ({"destination": AccountId(0)}, Reject.INVALID_ARGUMENTS, "destination"),
        ({"destination": ALICE}, Reject.INVALID_ARGUMENTS, "destination"),
        ({"currency": "DOGE"}, Reject.INVALID_ARGUMENTS, "currency"),
        ({"nonce": "x" * (NONCE_LENGTH_MAX + 1)}, Reject.INVALID_ARGUMENTS, "nonce"),
        ({"nonce": "used"}, Reject.INVALID_ARGUMENTS, "nonce"),
        ({"amount": 0}, Reject.INVALID_AMOUNT, "amount"),
        ({"amount": -1}, Reject.INVALID_AMOUNT, "amount"),
        ({"amount": 1_000}, Reject.NOT_ENOUGH_FUNDS, "amount"),
    ],
)
def test_senseless_transfers_are_refused(
    change: dict[str, object], code: Reject, param: str
) -> None:
    floor = household()
    moved(floor, 1, nonce="used")
    before = floor.exchange.state_hash()

    event = moved(floor, **({"amount": 5} | change))  # type: ignore[arg-type]  # drawn above

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == (code, param)
    assert floor.exchange.state_hash() == before


def test_what_margin_needs_is_not_given_away() -> None:
    floor = TradingFloor.at(100_000, "BTC-PERPETUAL", BTC=1_00000000)
    floor.apply(CreateSubaccount(ALICE))
    floor.buy(ALICE, 100, at=100_000)
    free = floor.summary(ALICE, "BTC").available_withdrawal_funds

    assert free < 1_00000000
    assert isinstance(moved(floor, free + 1), Rejected)
    assert isinstance(moved(floor, free), CashTransferred)
