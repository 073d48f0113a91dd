"""Keeping an owner's orders from trading with each other.

Theory of operation. Every account has a token, and two orders must not meet when they have the
same one:

| an account that chose                               | has as token   |
|-----------------------------------------------------|----------------|
| nothing                                             | none           |
| nothing, but its owner did, extended to subaccounts | its owner's id |
| a mode for itself                                   | its own id     |
| a mode, extended to subaccounts                     | its owner's id |

What happens then, is decided by the mode of the account whose order comes in.

Source: Deribit, "Self Match Prevention", SMP token; `private/set_self_trading_config`.
"""

from strikewire.exchange.commands import SelfTrading
from strikewire.exchange.orders.matching import Own
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import Account, State
from strikewire.model import AccountId


def chosen(state: State, account: Account) -> tuple[SelfTrading, bool]:
    """Return an account's mode and whether it is extended, its own or that of its owner."""
    if account.self_trading is SelfTrading.ALLOWED and account.owner:
        owner = state.accounts[account.owner]
        if owner.self_trading_extended:
            return owner.self_trading, True
    return account.self_trading, account.self_trading_extended


def token(state: State, account: Account) -> AccountId | None:
    """Return what two accounts have in common whose orders must not meet; None if nothing."""
    mode, is_extended = chosen(state, account)
    if mode is SelfTrading.ALLOWED:
        return None
    return account.owner if is_extended and account.owner else account.account_id


def own_orders(state: State, account: Account) -> Own | None:
    """Return which waiting orders an account's incoming order must not meet; None if it may all."""
    own = token(state, account)
    if own is None:
        return None

    def is_own(order: Order) -> bool:
        return token(state, state.accounts[order.account_id]) == own

    return is_own
