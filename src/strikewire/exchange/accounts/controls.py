"""What an owner chooses for an account, and the venue for everybody, once and for many orders."""

from strikewire.exchange.commands import SetLimits, SetSelfTrading
from strikewire.exchange.events import LimitsChanged, Reject, Rejected, SelfTradingChanged
from strikewire.exchange.orders.admission import POSITION_LOTS_MAX
from strikewire.exchange.orders.checks import find_account, find_market
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account

OPEN_ORDERS_LIMIT_MAX = 100_000
"""The highest limit that can be set on open orders."""


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


def set_limits(turn: Turn, command: SetLimits) -> Rejected | None:
    """Let an account, or everybody in an instrument, go so far and no further."""
    if (command.account_id is None) is (command.instrument_id is None):
        return Rejected(Reject.INVALID_ARGUMENTS, "one_of_account_and_instrument", "account_id")
    if command.account_id is not None:
        found: Account | Market | Rejected = find_account(turn.state, command.account_id)
    else:
        assert command.instrument_id is not None
        found = find_market(turn.state, command.instrument_id)
    refused = found if isinstance(found, Rejected) else _refuse_limits(command)
    if refused is not None:
        return refused

    assert not isinstance(found, Rejected)
    found.limits = command.limits
    turn.events.append(LimitsChanged(command.limits, command.account_id, command.instrument_id))
    return None


def _refuse_limits(command: SetLimits) -> Rejected | None:
    """Refuse limits that are none."""
    limits = command.limits
    for value, highest in (
        (limits.open_orders_max, OPEN_ORDERS_LIMIT_MAX),
        (limits.position_lots_max, POSITION_LOTS_MAX),
    ):
        if value is not None and not 0 <= value <= highest:
            return Rejected(Reject.INVALID_ARGUMENTS, f"{value} against {highest}", "limits")
    return None
