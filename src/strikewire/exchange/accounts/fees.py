"""Fee tiers: accounts that pay other rates than an instrument asks.

A tier is kept for each account, for one kind of instruments that settle in one currency, and is in
force from the command on; what was traded before stays as it was paid. A negative rate is a rebate:
the venue pays it out of the fees that it took, fill by fill, and rounds it towards itself.
"""

from strikewire.exchange.commands import FeeKind, SetFees
from strikewire.exchange.events import FeesChanged, Reject, Rejected
from strikewire.exchange.orders.checks import find_account
from strikewire.exchange.orders.turn import Turn
from strikewire.model import CURRENCIES

FEE_PPM_MAX = 100_000
"""No rate of a tier, fee or rebate, is above a tenth of the value."""


def set_fees(turn: Turn, command: SetFees) -> Rejected | None:
    """Put an account into a fee tier, or take it out again."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    if command.currency not in CURRENCIES:
        return Rejected(Reject.INVALID_ARGUMENTS, "unknown_currency", "currency")
    rates = command.rates
    if rates is not None and max(abs(rates.maker_ppm), abs(rates.taker_ppm)) > FEE_PPM_MAX:
        reason = f"{rates.maker_ppm} and {rates.taker_ppm} against {FEE_PPM_MAX} ppm"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "rates")

    key = (FeeKind(command.kind), command.currency)
    account.change_fees(key, rates, turn.state.markets)
    turn.events.append(FeesChanged(command.account_id, *key, rates))
    return None
