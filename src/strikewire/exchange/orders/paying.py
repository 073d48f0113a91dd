"""Moving cash: into an account, out of it, or from one to another.

All cash moves through `pay`, which leaves a line in the account's log for every change of a
balance (`state.transactions`).
"""

from msgspec import structs

from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.transactions import NOTHING, About, Transaction, TransactionType
from strikewire.model import Units


def pay(
    turn: Turn,
    account: Account,
    currency: str,
    amount: int,
    reason: TransactionType,
    *,
    fee: int = 0,
    about: About = NOTHING,
) -> None:
    """Move an account's cash, and write it into its transaction log. All cash moves here.

    Where it comes from or goes to is the caller's to say, with a payment of another account
    or in the venue's own books; only the fee is booked here.

    Args:
        turn: Of the command.
        account: Whose cash.
        currency: Of it.
        amount: Settlement units; positive into the balance. It includes the fee.
        reason: Why.
        fee: What of it the venue keeps; negative: what the venue gives on top.
        about: What it was for.
    """
    ledger = account.ledger(currency)
    ledger.balance += amount
    if fee:
        ledger.fees_paid += fee
        turn.state.treasury(currency).fees += fee
    account.transactions += 1
    ledger.log(
        Transaction(
            transaction_id=turn.state.next_transaction_id,
            account_seq=account.transactions,
            time_ns=turn.time_ns,
            account_id=account.account_id,
            currency=currency,
            type=reason,
            amount=Units(amount),
            fee=Units(fee),
            balance=Units(ledger.balance),
            about=about,
        )
    )
    turn.state.next_transaction_id += 1
    turn.touched.add_balance(account, currency)


def transfer_cash(
    turn: Turn,
    payer: Account,
    payee: Account,
    currency: str,
    amount: int,
    *,
    reason: TransactionType,
    about: About = NOTHING,
) -> None:
    """Move cash from one account to another.

    Args:
        turn: Of the command.
        payer: Whose balance sinks.
        payee: Whose balance rises by the same.
        currency: Of the cash.
        amount: Settlement units; negative: the other way round.
        reason: Why.
        about: What it was for, but for the account at the other end.
    """
    to, back = payee.account_id, payer.account_id
    pay(turn, payer, currency, -amount, reason, about=structs.replace(about, other_account=to))
    pay(turn, payee, currency, amount, reason, about=structs.replace(about, other_account=back))
