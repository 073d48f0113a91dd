from strikewire.exchange import BalanceChanged
from strikewire.exchange.orders.paying import pay, transfer_cash
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.state import Account, State
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.testing.exchange import ALICE, BOB, START_NS


def scene() -> tuple[Turn, Account, Account]:
    """Return Alice and Bob, who have no cash yet."""
    state = State()
    for account_id, name in ((ALICE, "alice"), (BOB, "bob")):
        state.accounts[account_id] = Account(account_id, name, 0)
    return Turn(state, START_NS), state.accounts[ALICE], state.accounts[BOB]


def test_a_payment_is_booked_logged_and_told() -> None:
    turn, alice, _ = scene()

    pay(turn, alice, "BTC", 500, TransactionType.DEPOSIT)
    pay(turn, alice, "BTC", -120, TransactionType.WITHDRAWAL)

    ledger = alice.ledger("BTC")
    assert ledger.balance == 380
    assert [(one.transaction_id, one.amount, one.balance) for one in ledger.transactions] == [
        (1, 500, 500),
        (2, -120, 380),
    ]
    assert turn.finish() == (BalanceChanged(ALICE, "BTC"),)


def test_a_fee_is_part_of_the_amount_and_goes_to_the_venue() -> None:
    turn, alice, _ = scene()

    pay(turn, alice, "BTC", -130, TransactionType.TRADE, fee=30)

    assert (alice.ledger("BTC").balance, alice.ledger("BTC").fees_paid) == (-130, 30)
    assert turn.state.treasury("BTC").fees == 30


def test_a_negative_fee_comes_out_of_those_that_the_venue_has_taken() -> None:
    turn, alice, _ = scene()

    pay(turn, alice, "BTC", 30, TransactionType.TRADE, fee=-30)

    assert (alice.ledger("BTC").balance, alice.ledger("BTC").fees_paid) == (30, -30)
    assert turn.state.treasury("BTC").fees == -30


def test_transactions_are_counted_for_an_account_in_all_currencies() -> None:
    turn, alice, _ = scene()

    pay(turn, alice, "BTC", 1, TransactionType.DEPOSIT)
    pay(turn, alice, "ETH", 2, TransactionType.DEPOSIT)

    (bitcoin,), (ether,) = (alice.ledger(one).transactions for one in ("BTC", "ETH"))
    assert (bitcoin.account_seq, ether.account_seq) == (1, 2)


def test_a_transfer_names_the_other_end_at_both() -> None:
    turn, alice, bob = scene()

    about = About(note="rent")
    transfer_cash(turn, alice, bob, "BTC", 70, reason=TransactionType.TRANSFER, about=about)

    (paid,), (received,) = (one.ledger("BTC").transactions for one in (alice, bob))
    assert (paid.amount, paid.about) == (-70, About(other_account=BOB, note="rent"))
    assert (received.amount, received.about) == (70, About(other_account=ALICE, note="rent"))


def test_a_negative_transfer_goes_the_other_way_round() -> None:
    turn, alice, bob = scene()

    transfer_cash(turn, alice, bob, "BTC", -70, reason=TransactionType.LIQUIDATION)

    assert (alice.ledger("BTC").balance, bob.ledger("BTC").balance) == (70, -70)
