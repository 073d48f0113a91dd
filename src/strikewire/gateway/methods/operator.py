"""Methods of the venue's operator: each is one command, answered with ok."""

from collections.abc import Sequence

from strikewire.api import operator as api
from strikewire.exchange import (
    Command,
    Event,
    FeeKind,
    FeeRates,
    InstrumentState,
    Limits,
    Rejected,
    SetFees,
    SetInstrumentState,
    SetLimits,
    SetPlatformLock,
)
from strikewire.gateway.desk import Call, Desk, Plan
from strikewire.gateway.owned import checked_currency
from strikewire.gateway.rejects import rejection
from strikewire.model import AccountId, InstrumentId


def set_instrument_state(desk: Desk, call: Call, params: api.SetInstrumentState) -> Plan:
    """Stop an instrument's trading, or let it go on."""
    instrument_id = _instrument_id(desk, params.instrument_name)
    return _plan(SetInstrumentState(instrument_id, InstrumentState(params.state)))


def set_platform_lock(desk: Desk, call: Call, params: api.SetPlatformLock) -> Plan:
    """Lock or unlock instruments together."""
    return _plan(SetPlatformLock(params.locked, params.price_index or ""))


def set_limits(desk: Desk, call: Call, params: api.SetLimits) -> Plan:
    """Set the limits of an account or of an instrument."""
    name, account_id = params.instrument_name, params.account_id
    return _plan(
        SetLimits(
            Limits(params.max_open_orders, params.max_position_lots),
            None if account_id is None else AccountId(account_id),
            None if name is None else _instrument_id(desk, name),
        )
    )


def set_fees(desk: Desk, call: Call, params: api.SetFees) -> Plan:
    """Put an account into a fee tier, or take it out again."""
    rates = None
    if params.maker_ppm is not None and params.taker_ppm is not None:
        rates = FeeRates(params.maker_ppm, params.taker_ppm)
    currency = checked_currency(params.currency)
    return _plan(SetFees(AccountId(params.account_id), FeeKind(params.kind), currency, rates))


def _plan(command: Command) -> Plan:
    def answer(events: Sequence[Sequence[Event]]) -> str:
        # There are none where it was so already.
        if events[0] and isinstance(events[0][0], Rejected):
            raise rejection(events[0][0], None)
        return "ok"

    return Plan([command], answer)


def _instrument_id(desk: Desk, name: str) -> InstrumentId:
    return InstrumentId(desk.market_of(name).instrument.instrument_id)
