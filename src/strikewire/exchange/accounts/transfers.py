"""Accounts of one owner, and the cash that moves between them."""

from strikewire.exchange.accounts.cash import NAME_LENGTH_MAX, open_account
from strikewire.exchange.accounts.margining import refuse_payment
from strikewire.exchange.commands import CreateSubaccount, OpenAccount, Transfer
from strikewire.exchange.events import CashTransferred, Reject, Rejected
from strikewire.exchange.orders.admission import hold_to
from strikewire.exchange.orders.checks import find_account, refuse_locked
from strikewire.exchange.orders.paying import transfer_cash
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import CURRENCIES, AccountId, Units

SUBACCOUNTS_MAX = 20
"""Subaccounts of a main account; one more is rejected.

Source: Deribit, subaccounts.
"""

NONCE_LENGTH_MAX = 64
"""Characters of the word that marks a transfer; a longer one is rejected."""


def create_subaccount(turn: Turn, command: CreateSubaccount) -> Rejected | None:
    """Open the next account for a main account, named after it, as much of the name as fits."""
    owner = find_account(turn.state, command.account_id)
    if isinstance(owner, Rejected):
        return owner
    if owner.owner or owner is turn.state.fund:
        return Rejected(Reject.INVALID_ARGUMENTS, "no_main_account", "account_id")
    accounts = turn.state.accounts
    count = sum(one.owner == owner.account_id for one in accounts.values())
    if count >= SUBACCOUNTS_MAX:
        return Rejected(Reject.OTHER_REJECT, "max_subaccounts")
    account_id = AccountId(max(accounts) + 1)
    number = f"_{count + 1}"
    name = owner.name[: NAME_LENGTH_MAX - len(number)] + number
    return open_account(turn, OpenAccount(account_id, name, owner.account_id))


def transfer(turn: Turn, command: Transfer) -> Rejected | None:
    """Move cash between two accounts of one owner, as far as nothing needs it."""
    found = _find_ends(turn, command)
    if isinstance(found, Rejected):
        return found
    payer, payee = found
    refused = refuse_locked(payer) or _refuse_form(payer, command)
    if refused is not None:
        return refused
    refused = refuse_payment(turn.state, payer, command.currency, command.amount, command.verdict)
    if refused is not None:
        return refused

    hold_to(payer, command.currency, command.verdict)
    turn.events.append(
        CashTransferred(
            transfer_id=turn.state.next_transaction_id,
            source=command.source,
            destination=command.destination,
            currency=command.currency,
            amount=Units(command.amount),
            nonce=command.nonce,
        )
    )
    reason, about = TransactionType.TRANSFER, About(note=command.nonce)
    transfer_cash(turn, payer, payee, command.currency, command.amount, reason=reason, about=about)
    return None


def _find_ends(turn: Turn, command: Transfer) -> tuple[Account, Account] | Rejected:
    """Return payer and payee, who belong together and to the asker."""
    asker = find_account(turn.state, command.account_id)
    if isinstance(asker, Rejected):
        return asker
    accounts = turn.state.accounts
    payer, payee = accounts.get(command.source), accounts.get(command.destination)
    main = asker.owner or asker.account_id
    if payer is None or _main_of(payer) != main:
        return Rejected(Reject.INVALID_ARGUMENTS, "not_of_the_owner", "source")
    if payee is None or _main_of(payee) != main or payee is payer:
        return Rejected(Reject.INVALID_ARGUMENTS, "not_of_the_owner", "destination")
    if asker.owner and asker is not payer:
        return Rejected(Reject.UNAUTHORIZED, "subaccount_of_another", "source")
    return payer, payee


def _refuse_form(payer: Account, command: Transfer) -> Rejected | None:
    if command.currency not in CURRENCIES:
        return Rejected(Reject.INVALID_ARGUMENTS, "unknown_currency", "currency")
    if command.amount <= 0:
        return Rejected(Reject.INVALID_AMOUNT, f"{command.amount} units", "amount")
    if len(command.nonce) > NONCE_LENGTH_MAX:
        reason = f"{len(command.nonce)} against {NONCE_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "nonce")
    if command.nonce and _has_carried(payer, command.nonce):
        return Rejected(Reject.INVALID_ARGUMENTS, "nonce_used", "nonce")
    return None


def _has_carried(payer: Account, nonce: str) -> bool:
    """Say whether a payment that can still be looked up carried a nonce, in whatever currency."""
    return any(
        one.type is TransactionType.TRANSFER and one.amount < 0 and one.about.note == nonce
        for ledger in payer.ledgers.values()
        for one in ledger.transactions
    )


def _main_of(account: Account) -> AccountId:
    return account.owner or account.account_id
