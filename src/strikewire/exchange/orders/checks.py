"""What can be said about an order before looking at books and money: does it exist, is it sane.

Each function answers with the thing that was asked for, or None, or with a `Rejected`.
"""

from strikewire.exchange.commands import InstrumentState
from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.margin import PriceBand
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import Account, State
from strikewire.model import (
    AMOUNT_LOTS_MAX,
    PRICE_TICKS_MAX,
    AccountId,
    InstrumentId,
    OrderId,
    Side,
    Ticks,
    tick_above,
)


def find_account(state: State, account_id: AccountId) -> Account | Rejected:
    """Return an account."""
    account = state.accounts.get(account_id)
    return account or Rejected(Reject.UNAUTHORIZED, "unknown_account", "account_id")


def refuse_late(valid_until_ns: int | None, time_ns: int) -> Rejected | None:
    """Refuse a command that was valid until a moment that has come."""
    if valid_until_ns is None or time_ns < valid_until_ns:
        return None
    return Rejected(Reject.TIMED_OUT, f"{time_ns} against {valid_until_ns}", "valid_until")


def refuse_locked(account: Account) -> Rejected | None:
    """Refuse while only the venue may act for an account."""
    return Rejected(Reject.LOCKED, "account_in_liquidation") if account.is_locked else None


def find_market(state: State, instrument_id: InstrumentId) -> Market | Rejected:
    """Return the market of an instrument, open or not."""
    market = state.markets.get(instrument_id)
    return market or Rejected(Reject.INVALID_INSTRUMENT, "unknown_instrument", "instrument_id")


def find_open_order(
    state: State, account_id: AccountId, order_id: OrderId
) -> Order | ConditionalOrder | Rejected:
    """Return an account's own order that waits, in its book or outside of it."""
    order = state.orders.get(order_id) or state.conditional.get(order_id)
    found = order or state.orders.closed(order_id)
    if found is None:
        return Rejected(Reject.ORDER_NOT_FOUND, "order_not_found", "order_id")
    if found.account_id != account_id:
        return Rejected(Reject.NOT_OWNER, "not_owner_of_order", "order_id")
    return order or Rejected(Reject.NOT_OPEN_ORDER, "not_open_order", "order_id")


def refuse_closed(market: Market, time_ns: int) -> Rejected | None:
    """Refuse when an instrument does not trade: no longer, not yet, or not now.

    A combo trades as long as each of its legs does.
    """
    if not market.is_open:
        return Rejected(Reject.BOOK_CLOSED, "settled", "instrument_id")
    expiry_ns = market.instrument.expiry_ns
    if expiry_ns is not None and time_ns >= expiry_ns:
        return Rejected(Reject.SETTLEMENT_IN_PROGRESS, "expired", "instrument_id")
    if market.set_state is InstrumentState.INACTIVE:
        return Rejected(Reject.BOOK_CLOSED, "inactive", "instrument_id")
    if market.set_state is not InstrumentState.OPEN:
        return Rejected(Reject.LOCKED, f"instrument_{market.set_state}", "instrument_id")
    if market.is_locked:
        return Rejected(Reject.LOCKED, "platform_locked", "instrument_id")
    for leg in market.legs:
        refused = refuse_closed(leg.market, time_ns)
        if refused is not None:
            return refused
    return None


def refuse_amount(amount: int) -> Rejected | None:
    """Refuse an amount that is no amount."""
    if 0 < amount <= AMOUNT_LOTS_MAX:
        return None
    limit = 1 if amount <= 0 else AMOUNT_LOTS_MAX
    return Rejected(Reject.INVALID_AMOUNT, f"{amount} against {limit} lots", "amount")


def refuse_price(market: Market, price: Ticks) -> Rejected | None:
    """Refuse a price that is no price, or lies between two ticks."""
    lowest = market.lowest_price
    if not lowest <= price <= PRICE_TICKS_MAX:
        limit = lowest if price < lowest else PRICE_TICKS_MAX
        return Rejected(Reject.INVALID_PRICE, f"{price} against {limit} ticks", "price")
    tick = tick_above(market.instrument, price)
    if price % tick:
        return Rejected(Reject.WRONG_TICK, f"{price} between ticks of {tick}", "price")
    return None


def refuse_outside(band: PriceBand | None, side: Side, price: Ticks) -> Rejected | None:
    """Refuse a price so far off the mark that it can only be a mistake."""
    if band is None:
        return None
    if side is Side.BUY and price > band.highest:
        return Rejected(Reject.PRICE_TOO_HIGH, f"{price} above {band.highest} ticks", "price")
    if side is Side.SELL and price < band.lowest:
        return Rejected(Reject.PRICE_TOO_LOW, f"{price} below {band.lowest} ticks", "price")
    return None


def refuse_reducing(market: Market, reduce_only: bool) -> Rejected | None:
    """Refuse to reduce where there are no positions: on spot, and in a combo."""
    if reduce_only and (market.instrument.is_spot or market.legs):
        reason = "reduce_only_on_combo" if market.legs else "reduce_only_on_spot"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "reduce_only")
    return None
