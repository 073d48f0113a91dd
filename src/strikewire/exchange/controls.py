"""What an owner chooses for an account, and the venue for everybody, once and for many orders."""

from strikewire.exchange.checks import find_account
from strikewire.exchange.commands import SetSelfTrading
from strikewire.exchange.events import Rejected, SelfTradingChanged
from strikewire.exchange.execution import Turn


def set_self_trading(turn: Turn, command: SetSelfTrading) -> Rejected | None:
    """Let an account's orders meet those of its owner another way; those that wait, too."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    account.self_trading = command.mode
    account.self_trading_extended = command.extended_to_subaccounts
    turn.events.append(
        SelfTradingChanged(command.account_id, command.mode, command.extended_to_subaccounts)
    )
    return None
