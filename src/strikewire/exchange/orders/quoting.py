"""Mass quotes: each side is an order that is placed, or an edit of the one that stands there.

A quote says what is to wait. Where one of the same group waits already on that side of the book, it
is changed by the rules of edits, so a lower amount at the same price keeps its place; where none
does, an order is placed. Nothing here decides over prices, margin or queues: `trading` does.

| what is said       | a quote waits                                 | none waits             |
|--------------------|-----------------------------------------------|------------------------|
| price and amount   | edited, to as much as is said beyond its fills | placed                 |
| one of the two     | edited, the other stays                       | refused                |
| an amount of zero  | cancelled                                     | refused                |

A side that is taken back goes first. Else, both sides up: the ask goes first; otherwise the bid
does. So the two never meet on their way.

Source: Deribit, "Mass quotes specifications".
"""

from typing import NamedTuple

from strikewire.exchange.commands import (
    CancelQuotes,
    CancelReason,
    EditOrder,
    MassQuote,
    PlaceOrder,
    Quote,
    QuoteSide,
    Verdict,
)
from strikewire.exchange.events import QuoteRejected, Reject, Rejected
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.orders.checks import (
    find_account,
    find_market,
    refuse_amount,
    refuse_late,
)
from strikewire.exchange.orders.protecting import delta_e5, standing_quotes
from strikewire.exchange.orders.ties import answer_ties
from strikewire.exchange.orders.trading import LABEL_LENGTH_MAX, place, revise
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.state import Account, State
from strikewire.model import NS_PER_S, Lots, Side, Ticks

QUOTES_MAX = 100
"""Quotes of one mass quote; with more it is rejected."""

QUOTES_FROZEN_NS = NS_PER_S
"""How long no mass quote is taken after a cancel that wants it so."""


def mass_quote(turn: Turn, command: MassQuote) -> Rejected | None:
    """Let each quote come in, one by one; or refuse all of them for what they have in common."""
    late = refuse_late(command.valid_until_ns, turn.time_ns)
    if late is not None:
        return late
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    refused = _refuse_form(command)
    if refused is not None:
        return refused

    for quote in command.quotes:
        _quote(turn, account, command, quote)
    return None


def cancel_quotes(turn: Turn, command: CancelQuotes) -> Rejected | None:
    """Cancel every quote that passes the filters, oldest first. There may be none."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    if command.instrument_id is not None:
        market = find_market(turn.state, command.instrument_id)
        if isinstance(market, Rejected):
            return market
    for order in account.orders.values():
        if _passes(turn.state, order, command):
            market = turn.state.markets[order.instrument_id]
            turn.cancel(market, order, CancelReason.USER_REQUEST)
    if command.is_freezing:
        account.quotes_frozen_until_ns = turn.time_ns + QUOTES_FROZEN_NS
    return None


def _refuse_form(command: MassQuote) -> Rejected | None:
    """Refuse a mass quote for what can be seen on it as a whole."""
    if len(command.quotes) > QUOTES_MAX:
        reason = f"{len(command.quotes)} against {QUOTES_MAX} quotes"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "quotes")
    if not command.mmp_group:
        return Rejected(Reject.INVALID_ARGUMENTS, "no_mmp_group", "mmp_group")
    sets = (quote.quote_set_id for quote in command.quotes)
    longest = max(map(len, (command.quote_id, *sets)))
    if longest > LABEL_LENGTH_MAX:
        reason = f"{longest} against {LABEL_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "quote_id")
    return None


class _Corner(NamedTuple):
    """One side of one book, where a quote of a group stands or comes in."""

    account: Account
    market: Market
    side: Side
    order: Order | None
    """The quote that stood there; what the other side traded may have ended it."""

    tag: MmpTag
    verdict: Verdict | None


def _quote(turn: Turn, account: Account, command: MassQuote, quote: Quote) -> None:
    """Let both sides of a quote come in, and tell of those that are refused."""
    market = find_market(turn.state, quote.instrument_id)
    if isinstance(market, Rejected):
        for side in _in_order(quote, None, None):
            _tell_refused(turn, account, quote, side, market)
        return
    tag = MmpTag(command.mmp_group, command.quote_id, quote.quote_set_id, is_quote=True)
    bid, ask = standing_quotes(account, market, tag.group)
    refused_both = _refuse_crossed(quote, bid, ask)
    verdict = dict(command.verdicts).get(market.contract.currency)
    for side in _in_order(quote, bid, ask):
        refused = refused_both
        if refused is None:
            is_bid = side is Side.BUY
            wish, order = (quote.bid, bid) if is_bid else (quote.ask, ask)
            assert wish is not None
            corner = _Corner(account, market, side, order, tag, verdict)
            refused = _quote_side(turn, corner, wish)
        if refused is not None:
            _tell_refused(turn, account, quote, side, refused)


def _tell_refused(turn: Turn, account: Account, quote: Quote, side: Side, why: Rejected) -> None:
    about = (account.account_id, quote.instrument_id, side)
    turn.events.append(QuoteRejected(*about, why.code, why.reason, why.param))


def _in_order(quote: Quote, bid: Order | None, ask: Order | None) -> tuple[Side, ...]:
    """Return the sides that are quoted, in the order in which they come in.

    Args:
        quote: What is said.
        bid: The quote that stands on that side.
        ask: The quote that stands on that side.
    """
    if quote.bid is None or quote.ask is None:
        return (Side.SELL,) * (quote.ask is not None) + (Side.BUY,) * (quote.bid is not None)
    if 0 in (quote.bid.amount, quote.ask.amount):
        return (Side.BUY, Side.SELL) if quote.bid.amount == 0 else (Side.SELL, Side.BUY)
    up = _rises(bid, quote.bid) and _rises(ask, quote.ask)
    return (Side.SELL, Side.BUY) if up else (Side.BUY, Side.SELL)


def _rises(order: Order | None, wish: QuoteSide) -> bool:
    price = None if order is None else order.price
    return price is not None and wish.price is not None and wish.price > price


def _refuse_crossed(quote: Quote, bid: Order | None, ask: Order | None) -> Rejected | None:
    """Refuse both sides where they would meet each other."""
    lower, upper = _meant_price(bid, quote.bid), _meant_price(ask, quote.ask)
    if lower is None or upper is None or lower < upper:
        return None
    return Rejected(Reject.INVALID_PRICE, f"bid {lower} against ask {upper} ticks", "price")


def _meant_price(order: Order | None, wish: QuoteSide | None) -> Ticks | None:
    """Return the price that a side is to have; None where it is not quoted, or is taken back."""
    if wish is None or wish.amount == 0:
        return None
    return order.price if wish.price is None and order is not None else wish.price


def _quote_side(turn: Turn, corner: _Corner, wish: QuoteSide) -> Rejected | None:
    """Change, cancel or place one side of a quote; or refuse it."""
    if corner.order is not None and corner.order.is_waiting:
        return _change(turn, corner, corner.order, wish)
    if wish.price is None or not wish.amount:
        return Rejected(Reject.ORDER_NOT_FOUND, "no_quote_to_change", "quotes")
    command = PlaceOrder(
        account_id=corner.account.account_id,
        instrument_id=corner.market.instrument_id,
        side=corner.side,
        amount=wish.amount,
        price=wish.price,
        post_only=wish.post_only,
        reject_post_only=wish.reject_post_only,
        verdict=corner.verdict,
    )
    if turn.carry(corner.account, corner.market, command, corner.tag):
        return None
    refused = place(turn, command, quote=corner.tag)
    answer_ties(turn)
    return refused


def _change(turn: Turn, corner: _Corner, order: Order, wish: QuoteSide) -> Rejected | None:
    """Change the quote that stands there, or take it back."""
    account, market = corner.account, corner.market
    if wish.amount == 0:
        turn.cancel(market, order, CancelReason.USER_REQUEST)
        answer_ties(turn)
        return None
    left = order.remaining if wish.amount is None else wish.amount
    command = EditOrder(
        account_id=account.account_id,
        order_id=order.order_id,
        amount=Lots(order.filled + left),
        price=wish.price,
        post_only=wish.post_only,
        reject_post_only=wish.reject_post_only,
        verdict=corner.verdict,
    )
    if turn.carry(account, market, command, corner.tag):
        return None
    wrong_amount = refuse_amount(left)
    refused = revise(turn, account, order, command, wrong_amount=wrong_amount, quote=corner.tag)
    answer_ties(turn)
    return refused


def _passes(state: State, order: Order, command: CancelQuotes) -> bool:
    if order.mmp is None or not order.mmp.is_quote:
        return False
    market = state.markets[order.instrument_id]
    instrument = market.instrument
    filters = (
        (command.quote_set_id, order.mmp.quote_set_id),
        (command.instrument_id, order.instrument_id),
        (command.kind, instrument.kind),
        (command.currency, instrument.settlement_currency),
        (command.index, instrument.price_index),
    )
    if any(wanted is not None and wanted != found for wanted, found in filters):
        return False
    if command.deltas_e5 is None:
        return True
    lowest, highest = command.deltas_e5
    return lowest <= delta_e5(market) <= highest
