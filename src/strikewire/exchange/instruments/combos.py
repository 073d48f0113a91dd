"""Combos as the venue sees them: made when somebody asks, closed with the first of their legs.

| state of the combo | when                                                                     |
|--------------------|--------------------------------------------------------------------------|
| open               | every leg trades                                                         |
| locked, halted     | a leg is; its orders wait, as those of the leg do                        |
| inactive           | a leg is: all its orders are cancelled, as those of the leg are          |
| inactive, for good | a leg was settled: the same, with the reason `settlement`, in one command |
| forgotten          | the same, of one that nobody has had an order in                         |

Clients know two of these words: a combo is `active` while it is open, and `inactive` otherwise.

Source: Deribit API v2, `private/create_combo`; "Combo books".
"""

from strikewire.exchange.commands import CancelReason, CreateCombo
from strikewire.exchange.events import ComboClosed, InstrumentListed, Reject, Rejected
from strikewire.exchange.orders.cancelling import clear
from strikewire.exchange.orders.checks import find_account, find_market, refuse_closed
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import State
from strikewire.model import (
    ComboError,
    Instrument,
    InstrumentId,
    Part,
    combo,
    combo_legs,
)

COMBOS_MAX = 10_000
"""Combos that may be open at a time; one more is rejected."""

COMBOS_OWNER_MAX = 200
"""Of these, how many may have been made by the accounts of one owner; one more is rejected."""


def create_combo(turn: Turn, command: CreateCombo) -> Rejected | None:
    """Open a combo's book. Nothing happens if it has one already."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    parts: list[Part] = []
    for instrument_id, ratio in command.legs:
        market = find_market(turn.state, instrument_id)
        if isinstance(market, Rejected):
            return market
        parts.append(Part(market.instrument, ratio))
    try:
        legs = combo_legs(parts)
    except ComboError as error:
        return Rejected(Reject.INVALID_ARGUMENTS, error.reason, "legs")
    combos = turn.state.combos
    found = combos.by_legs.get(legs)
    if found is not None and found.is_open:
        return None
    refused = _refuse_legs(turn, parts)
    if refused is not None:
        return refused
    maker = account.owner or account.account_id
    if combos.made_by(maker) >= COMBOS_OWNER_MAX:
        return Rejected(Reject.OTHER_REJECT, "max_combos_per_owner", "legs")
    if len(combos.makers) >= COMBOS_MAX:
        return Rejected(Reject.OTHER_REJECT, "max_combos", "legs")
    instrument = combo(parts, instrument_id=combos.next_id, creation_ns=turn.time_ns)
    if instrument.name in turn.state.market_by_name:
        return Rejected(Reject.OTHER_REJECT, "instrument_exists", "legs")

    market = Market(instrument)
    turn.state.add_market(market)
    combos.begin(market, maker)
    turn.events.append(InstrumentListed(instrument, market.state))
    return None


def combo_of(state: State, legs: tuple[tuple[InstrumentId, int], ...]) -> Instrument | None:
    """Return the combo that is made of some legs, or of their opposites; None without."""
    found = [(state.markets.get(instrument_id), ratio) for instrument_id, ratio in legs]
    try:
        key = combo_legs([Part(market.instrument, ratio) for market, ratio in found if market])
    except ComboError:
        return None
    market = state.combos.by_legs.get(key)
    return market.instrument if market else None


def close_combos(turn: Turn, leg: Market) -> None:
    """Close the combos that trade in an instrument which is being settled, oldest first.

    Those that nobody has had an order in are forgotten: they cost memory, and nobody asks.
    """
    for market in list(leg.combos):
        clear(turn, market, CancelReason.SETTLEMENT)
        is_kept = turn.state.close_combo(market)
        turn.events.append(ComboClosed(market.instrument_id, is_forgotten=not is_kept))


def _refuse_legs(turn: Turn, parts: list[Part]) -> Rejected | None:
    """Refuse a combo of something that does not trade."""
    for part in parts:
        market = turn.state.markets[InstrumentId(part.instrument.instrument_id)]
        refused = refuse_closed(market, turn.time_ns)
        if refused is not None:
            return refused
    return None
