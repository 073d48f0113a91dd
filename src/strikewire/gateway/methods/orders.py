"""Methods that read an account's orders and fills."""

from collections.abc import Iterable, Iterator

from strikewire.api import ApiError, ErrorCode
from strikewire.api import trading as api
from strikewire.exchange import Fill, OrderView
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.order_types import types_of
from strikewire.gateway.orders import order_id_of
from strikewire.gateway.paging import page, since_id
from strikewire.gateway.render import order, user_trades
from strikewire.model import InstrumentId, OrderId


def get_order_state(desk: Desk, call: Call, params: api.GetOrderState) -> Reply:
    """Return one order of the account; another account's is not found."""
    view = desk.exchange.order(order_id_of(params.order_id))
    if view is None or view.account_id != call.account_id:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, param="order_id")
    return Reply(order(desk.market[view.instrument_id].instrument, view))


def get_open_orders(desk: Desk, call: Call, params: api.GetOpenOrders) -> Reply:
    """List the account's open orders."""
    return Reply(_open_orders(desk, call, None, params.kind, params.type))


def get_open_orders_by_currency(
    desk: Desk, call: Call, params: api.GetOpenOrdersByCurrency
) -> Reply:
    """List the account's open orders in a currency."""
    return Reply(_open_orders(desk, call, params.currency, params.kind, params.type))


def get_open_orders_by_instrument(
    desk: Desk, call: Call, params: api.GetOpenOrdersByInstrument
) -> Reply:
    """List the account's open orders in an instrument."""
    market = desk.market_of(params.instrument_name)
    instrument_id = InstrumentId(market.instrument.instrument_id)
    views = _waiting(desk, call, params.type, instrument_id)
    return Reply([order(market.instrument, view) for view in views])


def get_order_history_by_instrument(
    desk: Desk, call: Call, params: api.GetOrderHistoryByInstrument
) -> Reply:
    """List the account's closed orders in an instrument, newest first."""
    market = desk.market_of(params.instrument_name)
    closed = [
        view
        for view in desk.exchange.closed_orders(call.account_id)
        if view.instrument_id == market.instrument.instrument_id
    ]
    return Reply(_history(desk, closed, params))


def get_order_history_by_currency(
    desk: Desk, call: Call, params: api.GetOrderHistoryByCurrency
) -> Reply:
    """List the account's closed orders in a currency, newest first."""
    closed = [
        view
        for view in desk.exchange.closed_orders(call.account_id)
        if is_of(desk.market[view.instrument_id].instrument, params.currency, params.kind)
    ]
    return Reply(_history(desk, closed, params))


def get_user_trades_by_instrument(
    desk: Desk, call: Call, params: api.GetUserTradesByInstrument
) -> Reply:
    """Return a page of the account's fills in an instrument."""
    trades, has_more = page(
        _trades_in(desk, call, params.instrument_name),
        count=params.count,
        sorting=params.sorting,
        start_seq=params.start_seq,
        end_seq=params.end_seq,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.UserTrades(trades=trades, has_more=has_more))


def get_user_trades_by_instrument_and_time(
    desk: Desk, call: Call, params: api.GetUserTradesByInstrumentAndTime
) -> Reply:
    """Return a page of the account's fills in an instrument and a span of time."""
    trades, has_more = page(
        _trades_in(desk, call, params.instrument_name),
        count=params.count,
        sorting=params.sorting,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.UserTrades(trades=trades, has_more=has_more))


def get_user_trades_by_currency(
    desk: Desk, call: Call, params: api.GetUserTradesByCurrency
) -> Reply:
    """Return a page of the account's fills in a currency."""
    fills = (
        fill
        for fill in desk.exchange.fills(call.account_id)
        if is_of(desk.market[fill.instrument_id].instrument, params.currency, params.kind)
    )
    trades, has_more = page(
        since_id(_trades(desk, call, fills), params.start_id, params.end_id),
        count=params.count,
        sorting=params.sorting,
        start_ms=params.start_timestamp,
        end_ms=params.end_timestamp,
    )
    return Reply(api.UserTrades(trades=trades, has_more=has_more))


def get_user_trades_by_order(desk: Desk, call: Call, params: api.GetUserTradesByOrder) -> Reply:
    """List the fills of one order of the account; another account's is not found."""
    order_id = order_id_of(params.order_id)
    view = desk.exchange.order(order_id)
    if view is None or view.account_id != call.account_id:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, param="order_id")
    trades = [
        trade
        for trade in _trades(desk, call, desk.exchange.order_fills(order_id))
        if order_id_of(trade.order_id) == order_id  # An order may have met another of its owner.
    ]
    return Reply(trades[::-1] if params.sorting == "desc" else trades)


def _open_orders(
    desk: Desk, call: Call, currency: str | None, kind: str | None, order_type: str | None
) -> list[api.Order]:
    found = []
    for view in _waiting(desk, call, order_type):
        instrument = desk.market[view.instrument_id].instrument
        if is_of(instrument, currency, kind):
            found.append(order(instrument, view))
    return found


def _waiting(
    desk: Desk, call: Call, order_type: str | None, instrument_id: InstrumentId | None = None
) -> list[OrderView]:
    """Return the account's orders that wait, in books or outside of them, oldest first."""
    views = (
        *desk.exchange.open_orders(call.account_id, instrument_id),
        *desk.exchange.conditional_orders(call.account_id, instrument_id),
    )
    wanted = types_of(order_type)
    return sorted(
        (view for view in views if not wanted or view.order_type in wanted), key=_order_id
    )


def _order_id(view: OrderView) -> OrderId:
    return view.order_id


def _history(
    desk: Desk,
    closed: Iterable[OrderView],
    params: api.GetOrderHistoryByInstrument | api.GetOrderHistoryByCurrency,
) -> list[api.Order]:
    wanted = [view for view in closed if view.filled or params.include_unfilled]
    newest_first = wanted[::-1][params.offset : params.offset + params.count]
    return [order(desk.market[view.instrument_id].instrument, view) for view in newest_first]


def _trades_in(desk: Desk, call: Call, instrument_name: str) -> Iterator[api.UserTrade]:
    instrument_id = InstrumentId(desk.market_of(instrument_name).instrument.instrument_id)
    return _trades(desk, call, desk.exchange.fills(call.account_id, instrument_id))


def _trades(desk: Desk, call: Call, fills: Iterable[Fill]) -> Iterator[api.UserTrade]:
    for fill in fills:
        yield from user_trades(desk.market, fill, call.account_id)
