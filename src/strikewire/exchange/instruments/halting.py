"""Stopping trade: in one instrument, in all of an index, or everywhere.

| state     | orders placed, edited | cancelled | liquidated against | settled |
|-----------|-----------------------|-----------|--------------------|---------|
| open      | yes                   | yes       | yes                | yes     |
| locked    | no, 10019             | yes       | no                 | yes     |
| halted    | no, 10019             | yes       | no                 | no      |
| inactive  | no, 10012             | none left | no                 | yes     |
| delivered | no, 10012             | none left | no                 | it was  |

A combo can do no more than each of its legs: their states are its own, and what cancels the orders
of a leg cancels those of the combo.

A lock of the index or of the whole venue does to each instrument what `locked` does. Orders that
wait for a price go on waiting while their instrument does not trade.

Source: Deribit API v2, states of a book; `platform_state`; `public/status`.
"""

from strikewire.exchange.commands import (
    CancelReason,
    InstrumentState,
    SetInstrumentState,
    SetPlatformLock,
)
from strikewire.exchange.events import (
    InstrumentStateChanged,
    PlatformLockChanged,
    Reject,
    Rejected,
)
from strikewire.exchange.orders.cancelling import clear
from strikewire.exchange.orders.checks import find_market
from strikewire.exchange.orders.turn import Turn


def set_instrument_state(turn: Turn, command: SetInstrumentState) -> Rejected | None:
    """Stop an instrument's trading, or let it go on. Nothing happens if it is so already."""
    market = find_market(turn.state, command.instrument_id)
    if isinstance(market, Rejected):
        return market
    if not market.is_open:
        return Rejected(Reject.BOOK_CLOSED, "settled", "instrument_id")
    if command.state is InstrumentState.DELIVERED:
        return Rejected(Reject.INVALID_ARGUMENTS, "delivered_without_settlement", "state")

    if market.set_state is command.state:
        return None
    if command.state is InstrumentState.INACTIVE:
        for one in (market, *market.combos):
            clear(turn, one, CancelReason.INSTRUMENT_INACTIVE)
    before = [one.state for one in market.combos]
    market.set_state = command.state
    for one, was in zip(market.combos, before, strict=True):
        if one.state is not was:
            turn.events.append(InstrumentStateChanged(one.instrument_id, one.state))
    turn.last = InstrumentStateChanged(command.instrument_id, market.state)
    return None


def set_platform_lock(turn: Turn, command: SetPlatformLock) -> Rejected | None:
    """Lock or unlock instruments together. Nothing happens if they are so already."""
    state, index = turn.state, command.index
    known = {market.instrument.price_index for market in state.markets.values()}
    if index and index not in known:
        return Rejected(Reject.INVALID_ARGUMENTS, "unknown_index", "index")

    if (index in state.locks) is command.is_locked:
        return None
    if command.is_locked:
        state.locks.add(index)
    else:
        state.locks.remove(index)
    state.lock_markets()
    turn.events.append(PlatformLockChanged(command.is_locked, index))
    return None
