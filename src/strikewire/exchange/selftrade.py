"""Keeping an owner's orders from trading with each other.

Theory of operation. Every account has a token, and two orders must not meet when they have the
same one:

| an account that chose            | has as token     |
|----------------------------------|------------------|
| nothing                          | none             |
| a mode for itself                | its own id       |
| a mode, extended to subaccounts  | its owner's id   |

What happens then, is decided by the mode of the account whose order comes in.

Source: Deribit, "Self Match Prevention", SMP token; `private/set_self_trading_config`.
"""

from strikewire.exchange.book import Order
from strikewire.exchange.commands import SelfTrading
from strikewire.exchange.matching import Own
from strikewire.exchange.state import Account, State
from strikewire.model import AccountId


def token(account: Account) -> AccountId | None:
    """Return what two accounts have in common whose orders must not meet; None if nothing."""
    if account.self_trading is SelfTrading.ALLOWED:
        return None
    if account.self_trading_extended and account.owner:
        return account.owner
    return account.account_id


def own_orders(state: State, account: Account) -> Own | None:
    """Return which waiting orders an account's incoming order must not meet; None if it may all."""
    own = token(account)
    if own is None:
        return None

    def is_own(order: Order) -> bool:
        return token(state.accounts[order.account_id]) == own

    return is_own
