"""Methods of market makers: mass quotes, and the protection that they are under."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import UNSET, UnsetType

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.api import quoting as api
from strikewire.api.trading import CancelGroup
from strikewire.exchange import (
    CancelQuotes,
    Event,
    Fill,
    MassQuote,
    MmpConfig,
    MmpStatus,
    OrderEvent,
    OrderView,
    Quote,
    QuoteRejected,
    QuoteSide,
    Rejected,
    ResetMmp,
    SetMmp,
)
from strikewire.gateway.desk import Call, Desk, Plan, Reply
from strikewire.gateway.methods.trading import cancelled, groups_of
from strikewire.gateway.orders import deadline_ns, lots_of, ticks_of
from strikewire.gateway.rejects import rejection
from strikewire.gateway.render import order, user_trade
from strikewire.marketdata import Market
from strikewire.model import (
    NS_PER_MS,
    PRICE_SCALE,
    InstrumentId,
    Kind,
    Lots,
    OrderId,
    Side,
)

Events = Sequence[Event]


def mass_quote(desk: Desk, call: Call, params: api.MassQuote) -> Plan:
    """Quote in many instruments; what cannot even be asked for is refused by itself, too."""
    if not call.caller.cancel_on_disconnect:
        raise ApiError(
            ErrorCode.OTHER_REJECT, reason="quotes need cancel_on_disconnect on the connection"
        )
    faults: list[api.QuoteError] = []
    quotes = [quote for one in params.quotes if (quote := _quote(desk, one, faults)) is not None]
    command = MassQuote(
        account_id=call.account_id,
        mmp_group=params.mmp_group,
        quotes=tuple(quotes),
        quote_id=params.quote_id,
        valid_until_ns=deadline_ns(params.valid_until),
    )

    def answer(events: Sequence[Events]) -> api.MassQuoteResult:
        return _result(desk, command, events[0], faults, is_detailed=bool(params.detailed))

    return Plan([command], answer)


def cancel_quotes(desk: Desk, call: Call, params: api.CancelQuotes) -> Plan:
    """Take back the quotes that have something in common."""
    command = _cancel_command(desk, call, params)

    def answer(events: Sequence[Events]) -> int | list[CancelGroup]:
        _check(events[0])
        found = cancelled(call.account_id, events[0])
        return groups_of(desk, found) if params.detailed else len(found)

    return Plan([command], answer)


def set_mmp_config(desk: Desk, call: Call, params: api.SetMmpConfig) -> Plan:
    """Put orders or a group of quotes under protection, or take it away."""
    del desk
    command = SetMmp(call.account_id, params.index_name, params.mmp_group or "", _config(params))

    def answer(events: Sequence[Events]) -> list[api.MmpConfig]:
        _check(events[0])
        return [_told(command.index, command.group, command.config)]

    return Plan([command], answer)


def get_mmp_config(desk: Desk, call: Call, params: api.GetMmpConfig) -> Reply:
    """List the account's protections."""
    return Reply([_told(one.index, one.group, one.config) for one in _named(desk, call, params)])


def reset_mmp(desk: Desk, call: Call, params: api.ResetMmp) -> Plan:
    """Let orders come in again."""
    del desk
    command = ResetMmp(call.account_id, params.index_name, params.mmp_group or "")

    def answer(events: Sequence[Events]) -> str:
        _check(events[0])
        return "ok"

    return Plan([command], answer)


def get_mmp_status(desk: Desk, call: Call, params: api.GetMmpStatus) -> Reply:
    """List the protections that let nothing in now."""
    return Reply(
        [
            status(one.index, one.group, one.frozen_until_ns)
            for one in _named(desk, call, params)
            if one.is_triggered and (not one.frozen_until_ns or call.now_ns < one.frozen_until_ns)
        ]
    )


def status(index: str, group: str, frozen_until_ns: int) -> api.MmpStatus:
    """Return a protection that has acted as its owner sees it; its end is rounded up to ms."""
    return api.MmpStatus(
        index_name=index,
        frozen_until=-(-frozen_until_ns // NS_PER_MS),
        mmp_group=group,
    )


def _quote(desk: Desk, one: api.Quote, faults: list[api.QuoteError]) -> Quote | None:
    """Return what is quoted in one instrument, without the sides that are at fault."""
    try:
        market = desk.market_of(one.instrument_name)
    except ApiError as error:
        for side, wish in (("bid", one.bid), ("ask", one.ask)):
            if wish is not None:
                faults.append(_fault(one.instrument_name, side, error))
        return None
    return Quote(
        instrument_id=InstrumentId(market.instrument.instrument_id),
        quote_set_id=one.quote_set_id or "",
        bid=_side(market, "bid", one.bid, faults),
        ask=_side(market, "ask", one.ask, faults),
    )


def _side(
    market: Market, side: str, wish: api.QuoteSide | None, faults: list[api.QuoteError]
) -> QuoteSide | None:
    if wish is None:
        return None
    try:
        return QuoteSide(
            price=None if wish.price is None else ticks_of(market.instrument, wish.price),
            amount=_lots(market, wish.amount),
            post_only=bool(wish.post_only),
            reject_post_only=bool(wish.reject_post_only),
        )
    except ApiError as error:
        faults.append(_fault(market.instrument.name, side, error))
        return None


def _lots(market: Market, amount: Decimal | None) -> Lots | None:
    if amount is None:
        return None
    return lots_of(market.instrument, amount) if amount else Lots(0)


def _fault(instrument_name: str, side: str, error: ApiError) -> api.QuoteError:
    return api.QuoteError(
        instrument_name=instrument_name,
        side="bid" if side == "bid" else "ask",
        error=api.QuoteFault(
            code=error.code.value,
            message=f"{error.message} {error.reason}" if error.reason else error.message,
        ),
    )


def _result(
    desk: Desk,
    command: MassQuote,
    events: Events,
    faults: list[api.QuoteError],
    *,
    is_detailed: bool,
) -> api.MassQuoteResult:
    _check(events)
    errors = faults + [
        _refused(desk.market[event.instrument_id], event)
        for event in events
        if isinstance(event, QuoteRejected)
    ]
    if not is_detailed:
        return api.MassQuoteResult(errors_count=len(errors), pending_requests_count=0)
    views = quoted(command, events)
    return api.MassQuoteResult(
        errors_count=len(errors),
        pending_requests_count=0,
        orders=[order(desk.market[one.instrument_id].instrument, one) for one in views.values()],
        trades=[
            user_trade(desk.market[event.instrument_id].instrument, event, event.taker, "T")
            for event in events
            if isinstance(event, Fill) and event.taker.order_id in views
        ],
        errors=errors,
    )


def quoted(command: MassQuote, events: Events) -> dict[OrderId, OrderView]:
    """Return the quotes that a mass quote was about, as it left them."""
    return {
        event.order.order_id: event.order
        for event in events
        if isinstance(event, OrderEvent) and _is_quote_of(command, event.order)
    }


def _is_quote_of(command: MassQuote, view: OrderView) -> bool:
    tag = view.mmp
    is_quote = tag is not None and tag.is_quote and tag.group == command.mmp_group
    return is_quote and view.account_id == command.account_id


def _refused(market: Market, event: QuoteRejected) -> api.QuoteError:
    error = rejection(Rejected(event.code, event.reason, event.param), market)
    return _fault(market.instrument.name, "bid" if event.side is Side.BUY else "ask", error)


def _cancel_command(desk: Desk, call: Call, params: api.CancelQuotes) -> CancelQuotes:
    """Return the command of a cancel; what does not belong to its type is passed over."""
    filters: dict[str, object] = {}
    match params.cancel_type:
        case "delta":
            assert params.min_delta is not None
            assert params.max_delta is not None
            filters["deltas_e5"] = (_delta_e5(params.min_delta), _delta_e5(params.max_delta))
        case "quote_set_id":
            filters["quote_set_id"] = params.quote_set_id
        case "instrument":
            market = desk.market_of(params.instrument_name or "")
            filters["instrument_id"] = InstrumentId(market.instrument.instrument_id)
        case "instrument_kind":
            filters["kind"] = _kind(params.kind)
            filters["currency"] = params.currency.upper() if params.currency else None
        case "currency":
            assert params.currency is not None
            filters["currency"] = None if params.currency == "any" else params.currency.upper()
        case "currency_pair":
            filters["index"] = params.currency_pair
        case "all":
            pass
    return CancelQuotes(
        account_id=call.account_id,
        is_freezing=bool(params.freeze_quotes),
        **filters,  # type: ignore[arg-type]  # each has the type of its field
    )


def _kind(word: str | None) -> Kind | None:
    assert word is not None
    if word in ("future_combo", "option_combo", "combo"):
        raise invalid_params("kind", "there are no quotes in combos")
    return None if word == "any" else Kind(word)


def _delta_e5(delta: float) -> int:
    return round(delta * 100_000)


def _config(params: api.SetMmpConfig) -> MmpConfig | None:
    if params.interval == 0:
        return None
    return MmpConfig(
        interval_s=params.interval,
        frozen_s=params.frozen_time,
        max_quote_quantity_e8=_limit_e8(params.max_quote_quantity, "max_quote_quantity"),
        quantity_e8=_limit_e8(params.quantity_limit, "quantity_limit"),
        delta_e8=_limit_e8(params.delta_limit, "delta_limit"),
        vega_e8=_limit_e8(params.vega_limit, "vega_limit"),
    )


def _limit_e8(limit: Decimal | None, param: str) -> int:
    if limit is None:
        return 0
    numerator, denominator = limit.as_integer_ratio()
    scaled, remainder = divmod(numerator * PRICE_SCALE, denominator)
    if remainder:
        raise invalid_params(param, "is finer than 1e-8")
    return scaled


def _told(index: str, group: str, config: MmpConfig | None) -> api.MmpConfig:
    if config is None:
        return api.MmpConfig(index_name=index, interval=0, frozen_time=0, mmp_group=group or UNSET)
    return api.MmpConfig(
        index_name=index,
        interval=config.interval_s,
        frozen_time=config.frozen_s,
        mmp_group=group or UNSET,
        max_quote_quantity=config.max_quote_quantity_e8 / PRICE_SCALE,
        quantity_limit=_limit(config.quantity_e8),
        delta_limit=_limit(config.delta_e8),
        vega_limit=_limit(config.vega_e8),
    )


def _limit(limit_e8: int) -> float | UnsetType:
    return limit_e8 / PRICE_SCALE if limit_e8 else UNSET


def _named(desk: Desk, call: Call, params: api.GetMmpConfig | api.GetMmpStatus) -> list[MmpStatus]:
    """Return the account's protections, of one index or group if it is named."""
    return [
        one
        for one in desk.exchange.protections(call.account_id)
        if params.index_name in (None, "all", one.index) and params.mmp_group in (None, one.group)
    ]


def _check(events: Events) -> None:
    if events and isinstance(events[0], Rejected):
        raise rejection(events[0], None)
