"""Methods about combos."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.api import combos as api
from strikewire.exchange import CreateCombo, Event, InstrumentState, Rejected
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.combo_prices import leg_prices, lowest_price, mark_ticks
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Plan, Reply
from strikewire.gateway.orders import ticks_of
from strikewire.gateway.rejects import rejection
from strikewire.marketdata import Market
from strikewire.model import (
    COMBO_ID_FIRST,
    COMBO_RATIO_MAX,
    ComboError,
    InstrumentId,
    Part,
    Ticks,
    combo,
    combo_legs,
    leg_weights,
    ns_to_ms,
    ticks_to_price,
)


def create_combo(desk: Desk, call: Call, params: api.CreateCombo) -> Plan:
    """Open a combo's book, or find it."""
    parts, _ = _parts(desk, params.trades)
    legs = tuple((InstrumentId(part.instrument.instrument_id), part.ratio) for part in parts)

    def answer(events: Sequence[Sequence[Event]]) -> api.Combo:
        if events[0] and isinstance(events[0][0], Rejected):
            raise rejection(events[0][0], None)
        # Not of the exchange: that may be some commands ahead, and have forgotten it again.
        key = combo_legs(parts)
        leg = desk.market[InstrumentId(key[0].instrument_id)]
        return _combo(next(one for one in leg.combos.values() if one.instrument.legs == key))

    return Plan([CreateCombo(call.account_id, legs)], answer)


def get_combos(desk: Desk, call: Call, params: api.GetCombos) -> Reply:
    """List the active combos of a currency."""
    return Reply([one for one in _combos(desk, params.currency) if one.state == "active"])


def get_combo_ids(desk: Desk, call: Call, params: api.GetComboIds) -> Reply:
    """List the names of a currency's combos."""
    found = _combos(desk, params.currency)
    return Reply([one.id for one in found if params.state in (None, one.state)])


def get_combo_details(desk: Desk, call: Call, params: api.GetComboDetails) -> Reply:
    """Return one combo."""
    market = desk.market.named(params.combo_id)
    if market is None or not market.legs:
        raise ApiError(ErrorCode.NOT_FOUND, param="combo_id", reason="no such combo")
    return Reply(_combo(market))


def get_leg_prices(desk: Desk, call: Call, params: api.GetLegPrices) -> Reply:
    """Tell what legs would cost that trade together at a price."""
    parts, amount = _parts(desk, params.legs)
    try:
        one = combo(parts, instrument_id=COMBO_ID_FIRST, creation_ns=call.now_ns)
    except ComboError as error:
        raise invalid_params("legs", error.reason) from None
    asked = {part.instrument.instrument_id: part.ratio for part in parts}
    # The combo may be the opposite of what was asked for; then so is its price.
    sign = 1 if asked[one.legs[0].instrument_id] * one.legs[0].ratio > 0 else -1
    price = ticks_of(one, params.price)
    markets = [desk.market[InstrumentId(leg.instrument_id)] for leg in one.legs]
    weights = [sign * weight for weight in leg_weights(one, [m.instrument for m in markets])]
    if price < lowest_price(weights):
        raise ApiError(ErrorCode.INVALID_PRICE, param="price", reason="less than a tick for a leg")
    marks = [market.mark_price for market in markets]
    starts = [
        mark_ticks(mark, Contract(market.instrument).tick_e8)
        for market, mark in zip(markets, marks, strict=True)
        if mark is not None
    ]
    if len(starts) < len(marks):
        raise ApiError(ErrorCode.RETRY, param="legs", reason="no_mark_price")
    legs = [
        api.LegPrice(
            ratio=abs(leg.ratio),
            instrument_name=leg.name,
            direction="buy" if sign * leg.ratio > 0 else "sell",
            price=ticks_to_price(market.instrument, at),
        )
        for leg, market, at in zip(
            one.legs, markets, leg_prices(weights, price, starts), strict=True
        )
    ]
    return Reply(
        api.LegPrices(price=ticks_to_price(one, Ticks(price)), legs=legs, amount=float(amount))
    )


def _combos(desk: Desk, currency: str) -> list[api.Combo]:
    return [
        _combo(market)
        for market in desk.market
        if market.legs and is_of(market.instrument, currency, None)
    ]


def _combo(market: Market) -> api.Combo:
    instrument = market.instrument
    is_active = market.is_open and market.state is InstrumentState.OPEN
    return api.Combo(
        id=instrument.name,
        instrument_id=instrument.instrument_id,
        state="active" if is_active else "inactive",
        state_timestamp=ns_to_ms(market.state_ns),
        creation_timestamp=ns_to_ms(instrument.creation_ns),
        legs=[api.ComboLeg(instrument_name=leg.name, amount=leg.ratio) for leg in instrument.legs],
    )


def _parts(desk: Desk, trades: Sequence[api.ComboTrade]) -> tuple[list[Part], Fraction]:
    """Return the legs that are asked for, with their ratios, and the amount of one unit.

    Raises:
        ApiError: 13020, no such instrument; 11029, the ratio of two amounts is too high.
    """
    amounts = [Fraction(trade.amount) for trade in trades]
    scale = lcm(*(amount.denominator for amount in amounts))
    counts = [int(amount * scale) for amount in amounts]
    common = gcd(*counts)
    ratios = [count // common for count in counts]
    if max(ratios) > COMBO_RATIO_MAX:
        raise ApiError(ErrorCode.INVALID_ARGUMENTS, param="amount", reason="ratio_too_high")
    parts = [
        Part(
            desk.market_of(trade.instrument_name).instrument,
            ratio if trade.direction == "buy" else -ratio,
        )
        for trade, ratio in zip(trades, ratios, strict=True)
    ]
    return parts, Fraction(common, scale)
