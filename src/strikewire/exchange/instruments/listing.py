"""An instrument's life as the venue sees it: listed, marked, settled."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from strikewire.exchange.commands import (
    CancelReason,
    InstrumentState,
    ListInstrument,
    Mark,
    SetMarks,
    SettleInstrument,
    TriggerPriceType,
)
from strikewire.exchange.events import (
    InstrumentListed,
    InstrumentSettled,
    MarksChanged,
    MarksRefused,
    Reject,
    Rejected,
)
from strikewire.exchange.instruments.bounds import crowding, is_deliverable, is_markable
from strikewire.exchange.instruments.combos import close_combos
from strikewire.exchange.instruments.settling import Tally, settlement
from strikewire.exchange.orders.cancelling import clear
from strikewire.exchange.orders.checks import find_market
from strikewire.exchange.orders.paying import pay
from strikewire.exchange.orders.protecting import DELTA_ONE_E5
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.clearing import PPM
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account, State
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import (
    COMBO_ID_FIRST,
    CURRENCIES,
    FUNDING_SCALE,
    PRICE_SCALE,
    Instrument,
    InstrumentId,
    Lots,
    PriceE8,
    Units,
)

INSTRUMENTS_MAX = 200_000
"""Instruments that may ever be listed, settled ones included, but not combos, which clients make;
one more is rejected."""

PRICE_E8_MAX = 10**17
"""The highest index, mark, forward or delivery price: a billion of the quote currency."""

IV_E4_MAX = 10**9
"""The highest volatility of a mark: 100 000 %."""

VEGA_E5_MAX = 10**15
"""The highest vega of a mark: ten billions of the counter currency for a volatility point."""

SIZE_LIMIT = Decimal(10**12)
"""Ticks, lots and strikes are below this."""


def list_instrument(turn: Turn, command: ListInstrument) -> Rejected | None:
    """Open a book."""
    instrument = command.instrument
    refused = _refuse_listing(turn.state, instrument, turn.time_ns)
    if refused is not None:
        return refused
    if command.state is InstrumentState.DELIVERED:
        return Rejected(Reject.INVALID_ARGUMENTS, "delivered_without_settlement", "state")

    market = Market(instrument)
    market.set_state = command.state
    turn.state.add_market(market)
    turn.events.append(InstrumentListed(instrument, command.state))
    return None


def set_marks(turn: Turn, command: SetMarks) -> None:
    """Take over new indices and marks; ledgers that hold the instruments become stale.

    One that is senseless stays as it was, with what is priced by it: it makes no other one stale.
    """
    state = turn.state
    indices = tuple(one for one in command.indices if 0 < one[1] <= PRICE_E8_MAX)
    odd_indices = tuple(
        (name, f"index is {price}")
        for name, price in command.indices
        if not 0 < price <= PRICE_E8_MAX
    )
    marks, odd_marks = _sorted_out(state, command.marks, {name for name, _ in odd_indices})

    state.indices.update(indices)
    for mark in marks:
        market = state.markets[mark.instrument_id]
        if market.mark != mark or market.funding is not None:
            index = state.indices.get(market.instrument.price_index, PriceE8(0))
            market.set_mark(mark, turn.time_ns, index)
        turn.moved(market, TriggerPriceType.MARK, mark.price)
    for name, price in indices:
        watchers = state.index_watchers.get(name, {})
        for instrument_id in sorted(watchers):
            turn.moved(watchers[instrument_id], TriggerPriceType.INDEX, price)
    state.marks_set += 1
    turn.events.append(MarksChanged(indices, tuple(marks)))
    if odd_indices or odd_marks:
        turn.events.append(MarksRefused(odd_indices, tuple(odd_marks)))


def settle(turn: Turn, command: SettleInstrument) -> Rejected | None:
    """End an expired instrument: cancel its orders, pay its positions, close its book."""
    market = find_market(turn.state, command.instrument_id)
    if isinstance(market, Rejected):
        return market
    expiry_ns = market.instrument.expiry_ns
    if not market.is_open:
        return Rejected(Reject.BOOK_CLOSED, "settled", "instrument_id")
    if market.legs:
        return Rejected(Reject.INVALID_ARGUMENTS, "settled_by_its_legs", "instrument_id")
    if expiry_ns is None or turn.time_ns < expiry_ns:
        return Rejected(Reject.INVALID_ARGUMENTS, "not_expired", "instrument_id")
    if market.set_state is InstrumentState.HALTED:
        return Rejected(Reject.LOCKED, "instrument_halted", "instrument_id")
    is_sane = 0 < command.delivery_price <= PRICE_E8_MAX
    if not (is_sane and is_deliverable(market.contract, command.delivery_price)):
        reason = f"delivery price is {command.delivery_price}"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "delivery_price")

    clear(turn, market, CancelReason.SETTLEMENT)
    close_combos(turn, market)
    tally = Tally()
    for account_id in sorted(turn.state.accounts):
        account = turn.state.accounts[account_id]
        holding = account.find_holding(market)
        if holding is not None:
            _deliver(turn, account, holding, command.delivery_price, tally)
    news = settlement(turn, market, command.delivery_price, tally)
    turn.state.archive_settlements(market.contract.currency, [news])
    market.is_open, market.open_interest = False, 0
    turn.last = InstrumentSettled(command.instrument_id, command.delivery_price)
    return None


def _deliver(
    turn: Turn, account: Account, holding: Holding, delivery_price: PriceE8, tally: Tally
) -> None:
    """Pay a position in cash, and a future's session with it, at once into the balance."""
    market, position = holding.market, holding.position
    contract = market.contract
    if holding.is_empty and not turn.touched.has(account, market):
        # It was only looked at, which a restart forgets: it must leave no trace here either.
        account.ledger(contract.currency).drop(holding)
        return
    turn.touched.add_orders(account, market)
    if not position.size and (contract.is_option or not position.realized):
        return
    side, lots = holding.side, abs(holding.size)
    fee = contract.delivery_fee(position.size, delivery_price)
    delivered, profit = position.deliver(contract, delivery_price)
    ledger = account.ledger(contract.currency)
    if contract.is_option:
        paid = delivered
        ledger.options_session_rpl += profit
    else:
        # All of the session: what was realised before it leaves the session for the balance.
        ledger.session_rpl -= position.realized - profit
        paid = profit = position.realized
    tally.add(profit, 0)
    # Positions sum to zero, so exact deliveries would too: what is missing was rounded off.
    turn.state.treasury(contract.currency).rounding -= delivered
    about = About(
        instrument_id=market.instrument_id,
        side=side.opposite,
        lots=Lots(lots),
        price=delivery_price,
        profit=Units(profit),
        index=turn.state.indices.get(market.instrument.price_index, PriceE8(0)),
    )
    reason = TransactionType.DELIVERY
    pay(turn, account, contract.currency, paid - fee, reason, fee=fee, about=about)
    turn.touched.add_position(account, market)


def _refuse_listing(state: State, instrument: Instrument, time_ns: int) -> Rejected | None:
    instrument_id = InstrumentId(instrument.instrument_id)
    if not 0 < instrument_id < COMBO_ID_FIRST:
        return Rejected(Reject.INVALID_ARGUMENTS, f"id {instrument_id}", "instrument_id")
    if instrument_id in state.markets or instrument.name in state.market_by_name:
        return Rejected(Reject.OTHER_REJECT, "instrument_exists", "instrument")
    if len(state.markets) - len(state.combos) >= INSTRUMENTS_MAX:
        return Rejected(Reject.OTHER_REJECT, "max_instruments", "instrument")
    if instrument.expiry_ns is not None and instrument.expiry_ns <= time_ns:
        return Rejected(Reject.INVALID_ARGUMENTS, "expired", "instrument")
    if not _is_tradable(instrument):
        return Rejected(Reject.INVALID_ARGUMENTS, "unusable_specification", "instrument")
    return None


def _is_tradable(instrument: Instrument) -> bool:
    """Say whether the exchange can count an instrument's prices, amounts and cash in integers."""
    option_terms = (instrument.strike, instrument.option_type, instrument.expiry_ns)
    fees = (instrument.maker_fee_ppm, instrument.taker_fee_ppm)
    return (
        not (instrument.is_combo or instrument.legs)
        and instrument.settlement_currency in CURRENCIES
        and (not instrument.is_spot or instrument.base_currency in CURRENCIES)
        and _is_countable(instrument.tick_size)
        and _is_countable(instrument.lot_size)
        and (not instrument.is_option or None not in option_terms)
        and (instrument.strike is None or _is_countable(instrument.strike))
        and all(step.tick > 0 for step in instrument.tick_steps)
        and all(abs(fee) <= PPM for fee in fees)
    )


def _is_countable(size: Decimal) -> bool:
    """Say whether a size is positive and a whole number of 1e-8."""
    if not size.is_finite() or not 0 < size < SIZE_LIMIT:
        return False
    return size.as_integer_ratio()[0] * PRICE_SCALE % size.as_integer_ratio()[1] == 0


def _is_open(state: State, mark: Mark) -> bool:
    """Say whether an instrument can be marked: a combo is worth what its legs are."""
    market = state.markets.get(mark.instrument_id)
    return market is not None and market.is_open and not market.legs


def _sorted_out(
    state: State, marks: Iterable[Mark], odd_indices: Collection[str]
) -> tuple[list[Mark], list[tuple[InstrumentId, str]]]:
    """Tell marks that can be taken over from those that cannot, and why not.

    What is priced by an index that is refused stands still with it.
    """
    sound: list[Mark] = []
    odd: dict[int, tuple[InstrumentId, str]] = {}
    places: list[int] = []
    for place, mark in enumerate(marks):
        if not _is_open(state, mark):
            continue
        market = state.markets[mark.instrument_id]
        is_adrift = market.instrument.price_index in odd_indices
        reason = "index_refused" if is_adrift else _oddity(market, mark)
        if reason is not None:
            odd[place] = (mark.instrument_id, reason)
        else:
            sound.append(mark)
            places.append(place)
    for number, currency in crowding(state, sound):
        mark = sound[number]
        odd[places[number]] = (mark.instrument_id, f"positions_too_large_in_{currency}")
    kept = [mark for mark, place in zip(sound, places, strict=True) if place not in odd]
    return kept, [odd[place] for place in sorted(odd)]


def _oddity(market: Market, mark: Mark) -> str | None:
    """Return what is senseless about a mark; None if nothing is."""
    one = market.instrument
    bounds = (
        ("price", mark.price, 0 if one.is_option else 1, PRICE_E8_MAX),
        ("underlying", mark.underlying, 1, PRICE_E8_MAX),
        ("iv", mark.iv_e4, 0, IV_E4_MAX),
        ("funding rate", abs(mark.funding_rate), 0, FUNDING_SCALE if one.is_perpetual else 0),
        ("delta", abs(mark.delta_e5), 0, DELTA_ONE_E5 if one.is_option else 0),
        ("vega", mark.vega_e5, 0, VEGA_E5_MAX if one.is_option else 0),
    )
    for name, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            return f"{name} is {value}"
    return None if is_markable(market.contract, mark.price) else f"price is {mark.price}"
