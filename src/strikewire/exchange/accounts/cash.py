"""Accounts and the cash that enters and leaves the venue."""

from strikewire.exchange.accounts.margining import refuse_payment
from strikewire.exchange.commands import Deposit, OpenAccount, Withdraw
from strikewire.exchange.events import AccountOpened, CashWithdrawn, Reject, Rejected
from strikewire.exchange.orders.admission import hold_to
from strikewire.exchange.orders.checks import find_account, refuse_locked
from strikewire.exchange.orders.paying import pay
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.state import Account, State
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.exchange.state.views import account_view
from strikewire.model import CURRENCIES, ID_MAX, AccountId

ACCOUNTS_MAX = 100_000
"""Accounts of the venue; one more is rejected."""

NAME_LENGTH_MAX = 64
"""Characters of an account's name; a longer one is rejected."""

ADDRESS_LENGTH_MAX = 128
"""Characters of the address that a withdrawal goes to; a longer one is rejected."""

DEPOSITS_MAX = 10**17
"""Settlement units of one currency that may ever have come in: a billion BTC."""


def open_account(turn: Turn, command: OpenAccount) -> Rejected | None:
    """Let an account trade."""
    state, account_id = turn.state, command.account_id
    if not 0 < account_id <= ID_MAX:
        return Rejected(Reject.INVALID_ARGUMENTS, f"id {account_id}", "account_id")
    if account_id in state.accounts:
        return Rejected(Reject.OTHER_REJECT, "account_exists", "account_id")
    if len(command.name) > NAME_LENGTH_MAX:
        reason = f"{len(command.name)} against {NAME_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "name")
    if len(state.accounts) - 1 >= ACCOUNTS_MAX:
        return Rejected(Reject.OTHER_REJECT, "max_accounts")
    if command.owner and not _is_main(state, command.owner):
        return Rejected(Reject.INVALID_ARGUMENTS, "no_main_account", "owner")

    account = state.accounts[account_id] = Account(account_id, command.name, turn.time_ns)
    account.owner = command.owner
    turn.events.append(AccountOpened(account_view(account)))
    return None


def _is_main(state: State, account_id: AccountId) -> bool:
    """Say whether an account may have subaccounts: it exists and is none itself."""
    account = state.accounts.get(account_id)
    return account is not None and not account.owner


def deposit(turn: Turn, command: Deposit) -> Rejected | None:
    """Add cash from outside."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    refused = _refuse_cash(command)
    if refused is not None:
        return refused
    treasury = turn.state.treasury(command.currency)
    if treasury.deposits + command.amount > DEPOSITS_MAX:
        return Rejected(Reject.INVALID_AMOUNT, "deposits_too_large", "amount")

    treasury.deposits += command.amount
    pay(turn, account, command.currency, command.amount, TransactionType.DEPOSIT)
    return None


def withdraw(turn: Turn, command: Withdraw) -> Rejected | None:
    """Take cash out, as far as nothing needs it."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    refused = refuse_locked(account) or _refuse_cash(command)
    if refused is not None:
        return refused
    if len(command.address) > ADDRESS_LENGTH_MAX:
        reason = f"{len(command.address)} against {ADDRESS_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "address")
    refused = refuse_payment(turn.state, account, command.currency, command.amount, command.verdict)
    if refused is not None:
        return refused

    hold_to(account, command.currency, command.verdict)
    number = turn.state.next_transaction_id
    turn.state.treasury(command.currency).withdrawals += command.amount
    about = About(note=command.address)
    pay(turn, account, command.currency, -command.amount, TransactionType.WITHDRAWAL, about=about)
    turn.events.append(
        CashWithdrawn(
            withdrawal_id=number, account_id=command.account_id, currency=command.currency
        )
    )
    return None


def _refuse_cash(command: Deposit | Withdraw) -> Rejected | None:
    if command.currency not in CURRENCIES:
        return Rejected(Reject.INVALID_ARGUMENTS, "unknown_currency", "currency")
    if command.amount <= 0:
        return Rejected(Reject.INVALID_AMOUNT, f"{command.amount} units", "amount")
    return None
