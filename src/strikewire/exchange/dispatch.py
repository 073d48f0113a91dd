"""The common way of a command: whose work it is, and what follows from it.

Every command can go it, and every rule and refusal stands on it; the lane is a quicker way to the
same end.
"""

from typing import assert_never

from strikewire.exchange.accounts.cash import deposit, open_account, withdraw
from strikewire.exchange.accounts.controls import set_limits, set_self_trading
from strikewire.exchange.accounts.fees import set_fees
from strikewire.exchange.accounts.margining import change_margin_model, set_verdicts
from strikewire.exchange.accounts.once import repeat
from strikewire.exchange.accounts.protections import reset_mmp, set_mmp
from strikewire.exchange.accounts.transfers import create_subaccount, transfer
from strikewire.exchange.commands import (
    CancelOrder,
    CancelOrders,
    CancelQuotes,
    ChangeMarginModel,
    Command,
    CreateCombo,
    CreateSubaccount,
    Deposit,
    EditOrder,
    ExecuteBlockTrade,
    Liquidate,
    ListInstrument,
    MassQuote,
    NoteState,
    Once,
    OpenAccount,
    PlaceOrder,
    ResetMmp,
    SetFees,
    SetInstrumentState,
    SetLimits,
    SetMarks,
    SetMmp,
    SetPlatformLock,
    SetSelfTrading,
    SettleInstrument,
    SettleSession,
    SetVerdicts,
    Transfer,
    Withdraw,
)
from strikewire.exchange.events import Event, Rejected
from strikewire.exchange.instruments.combos import create_combo
from strikewire.exchange.instruments.halting import set_instrument_state, set_platform_lock
from strikewire.exchange.instruments.listing import list_instrument, set_marks, settle
from strikewire.exchange.instruments.settling import settle_session
from strikewire.exchange.liquidation.rounds import liquidate
from strikewire.exchange.orders.blocks import execute_block_trade
from strikewire.exchange.orders.cancelling import cancel, cancel_all
from strikewire.exchange.orders.expiring import end_day
from strikewire.exchange.orders.following import follow
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.orders.quoting import cancel_quotes, mass_quote
from strikewire.exchange.orders.trading import edit, place
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.packed import pack_event, unpack
from strikewire.exchange.state.sealing import seal
from strikewire.exchange.state.state import State


def packed_common(state: State, time_ns: int, record: bytes) -> tuple[bytes, bool]:
    """Carry out one packed command the common way.

    Returns:
        Its events as records, and whether anything has changed.
    """
    events, has_changed = carried_out(state, time_ns, unpack(record))
    return b"".join(map(pack_event, events)), has_changed


def carried_out(
    state: State, time_ns: int, command: Command, lane: PlainLane | None = None
) -> tuple[tuple[Event, ...], bool]:
    """Carry out a command; return its events, and whether anything has changed.

    Args:
        state: Of the exchange.
        time_ns: Of the command.
        command: Any.
        lane: For plain parts of it, if there is one.
    """
    turn = Turn(state, time_ns, lane)
    end_day(turn)
    ended, turn.events = turn.events, []
    rejected = _carry_out(turn, command)
    if rejected is not None:
        turn.events.append(rejected)
    turn.events += ended
    follow(turn)
    events = turn.finish()
    # What was refused, and nothing else happened, has changed nothing.
    return events, rejected is None or len(events) > 1


def _carry_out(turn: Turn, command: Command) -> Rejected | None:
    """Do what a command asks, or say why not."""
    match command:
        case PlaceOrder():
            return place(turn, command)
        case CancelOrder():
            return cancel(turn, command)
        case EditOrder():
            return edit(turn, command)
        case CancelOrders():
            return cancel_all(turn, command)
        case MassQuote():
            return mass_quote(turn, command)
        case CancelQuotes():
            return cancel_quotes(turn, command)
        case SetMmp():
            return set_mmp(turn, command)
        case ResetMmp():
            return reset_mmp(turn, command)
        case ExecuteBlockTrade():
            return execute_block_trade(turn, command)
        case SetMarks():
            set_marks(turn, command)
            return None
        case OpenAccount():
            return open_account(turn, command)
        case Deposit():
            return deposit(turn, command)
        case Withdraw():
            return withdraw(turn, command)
        case Transfer():
            return transfer(turn, command)
        case SetFees():
            return set_fees(turn, command)
        case CreateSubaccount():
            return create_subaccount(turn, command)
        case ListInstrument():
            return list_instrument(turn, command)
        case CreateCombo():
            return create_combo(turn, command)
        case SettleInstrument():
            return settle(turn, command)
        case SettleSession():
            return settle_session(turn, command)
        case ChangeMarginModel():
            return change_margin_model(turn, command)
        case SetLimits():
            return set_limits(turn, command)
        case SetInstrumentState():
            return set_instrument_state(turn, command)
        case SetPlatformLock():
            return set_platform_lock(turn, command)
        case SetSelfTrading():
            return set_self_trading(turn, command)
        case SetVerdicts():
            return set_verdicts(turn, command)
        case NoteState():
            seal(turn.state)
            return None
        case Once():
            return repeat(turn, command)
        case Liquidate():
            return liquidate(turn, command)
        case _:
            assert_never(command)
