"""Putting an account's orders under market-maker protection, and letting them in again."""

from strikewire.exchange.commands import CancelReason, ResetMmp, SetMmp
from strikewire.exchange.events import MmpChanged, MmpReset, Reject, Rejected
from strikewire.exchange.mmp import MMP_INTERVAL_S_MAX, MMP_LIMIT_E8_MAX, MmpConfig
from strikewire.exchange.orders.checks import find_account
from strikewire.exchange.orders.protecting import coins_e8, is_under
from strikewire.exchange.orders.trading import LABEL_LENGTH_MAX
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.state import Account
from strikewire.model import InstrumentId, Side

MMP_GROUPS_MAX = 16
"""Groups of quotes an account may have protections for, over all indices; one more is rejected."""


def set_mmp(turn: Turn, command: SetMmp) -> Rejected | None:
    """Let a protection be another one, without a change of what it counted; or end it."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    key = (command.index, command.group)
    refused = _refuse(turn, account, command)
    if refused is not None:
        return refused

    config = command.config
    if config is None:
        protection = account.protections.pop(key)
        turn.unprotect(account, protection, CancelReason.MMP_CONFIG_CURTAILMENT)
    else:
        protection = account.protections.setdefault(key, Protection(*key, config))
        protection.configure(config)
        _curtail(turn, account, protection)
    turn.events.append(MmpChanged(account.account_id, *key, config))
    return None


def reset_mmp(turn: Turn, command: ResetMmp) -> Rejected | None:
    """Let protected orders come in again, and count what they trade from zero."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    protection = account.protections.get((command.index, command.group))
    if protection is None:
        return Rejected(Reject.OTHER_REJECT, "mmp_not_configured", "index_name")
    protection.reset()
    turn.events.append(MmpReset(account.account_id, command.index, command.group))
    return None


def _refuse(turn: Turn, account: Account, command: SetMmp) -> Rejected | None:
    """Refuse a protection that is none, or one too many."""
    if (command.index, command.group) not in account.protections:
        if command.config is None:
            return Rejected(Reject.OTHER_REJECT, "mmp_not_configured", "index_name")
        markets = turn.state.markets.values()
        if all(market.instrument.price_index != command.index for market in markets):
            return Rejected(Reject.INVALID_ARGUMENTS, "unknown_index", "index_name")
        if len(command.group) > LABEL_LENGTH_MAX:
            reason = f"{len(command.group)} against {LABEL_LENGTH_MAX} characters"
            return Rejected(Reject.INVALID_ARGUMENTS, reason, "mmp_group")
        groups = sum(bool(group) for _, group in account.protections)
        if command.group and groups >= MMP_GROUPS_MAX:
            return Rejected(Reject.OTHER_REJECT, "max_mmp_groups", "mmp_group")
    return None if command.config is None else _refuse_config(command.config)


def _refuse_config(config: MmpConfig) -> Rejected | None:
    bounds = (
        ("interval", config.interval_s, 1, MMP_INTERVAL_S_MAX),
        ("frozen_time", config.frozen_s, 0, MMP_INTERVAL_S_MAX),
        ("max_quote_quantity", config.max_quote_quantity_e8, 0, MMP_LIMIT_E8_MAX),
        ("quantity_limit", config.quantity_e8, 0, MMP_LIMIT_E8_MAX),
        ("delta_limit", config.delta_e8, 0, MMP_LIMIT_E8_MAX),
        ("vega_limit", config.vega_e8, 0, MMP_LIMIT_E8_MAX),
    )
    for param, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            limit = lowest if value < lowest else highest
            return Rejected(Reject.INVALID_ARGUMENTS, f"{value} against {limit}", param)
    if not (config.quantity_e8 or config.delta_e8 or config.vega_e8):
        return Rejected(Reject.INVALID_ARGUMENTS, "no_limit", "quantity_limit")
    return None


def _curtail(turn: Turn, account: Account, protection: Protection) -> None:
    """Cancel the youngest orders on each side of a book of which more waits than may."""
    waiting: dict[tuple[InstrumentId, Side], int] = {}
    for order in account.orders.values():
        market = turn.state.markets[order.instrument_id]
        if not is_under(protection, market, order):
            continue
        assert order.price is not None
        corner = (order.instrument_id, order.side)
        coins = waiting.get(corner, 0) + coins_e8(market, order.remaining, order.price)
        if coins > protection.config.max_quote_quantity_e8:
            turn.cancel(market, order, CancelReason.MMP_CONFIG_CURTAILMENT)
        else:
            waiting[corner] = coins
