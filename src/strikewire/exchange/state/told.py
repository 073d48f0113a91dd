"""What counts of an order, a fill and a payment in the hash of a state, as bytes.

A *block* is what nearly every one has, as little-endian numbers of fixed width, then labels, then
what only few have as MessagePack: nothing at all where that is as it is by default. The compiled
`folding` writes the blocks of its records without making objects of them; here stands what they
are. Choices count as their place in their enumeration, so members are only ever added at the end.
"""

from struct import Struct as Layout

import msgspec

from strikewire.exchange.commands import CancelReason, OrderType, TimeInForce
from strikewire.exchange.events import Fill, FillSide, OrderState, OrderView
from strikewire.exchange.state.transactions import NOTHING, Transaction, TransactionType
from strikewire.model import InstrumentId

NO_PRICE = -(2**63 - 1)
"""Stands for the price of an order that has none."""

OTHER_REASON = 255
"""Stands for a reason in words of its own."""

_ORDER = Layout("<9qib5BII")
_FILL = Layout("<8qibbI")
_SIDE = Layout("<4qBBI")
_PAYMENT = Layout("<7qi7qBbBI")

_TYPES = {member: place for place, member in enumerate(OrderType)}
_FORCES = {member: place for place, member in enumerate(TimeInForce)}
_STATES = {member: place for place, member in enumerate(OrderState)}
_REASONS = {member: place for place, member in enumerate(("", *CancelReason))}
_PAYMENTS = {member: place for place, member in enumerate(TransactionType)}

_encode = msgspec.msgpack.Encoder().encode


def order_block(order: OrderView) -> bytes:
    """Return the block of an order, open or closed."""
    reason = _REASONS.get(order.cancel_reason, OTHER_REASON)
    label, rare = order.label.encode(), _rare_of_order(order, reason)
    numbers = _ORDER.pack(
        order.order_id,
        order.account_id,
        NO_PRICE if order.price is None else order.price,
        order.amount,
        order.filled,
        order.filled_value,
        order.fee,
        order.created_ns,
        order.updated_ns,
        order.instrument_id,
        order.side,
        _TYPES[order.order_type],
        _FORCES[order.time_in_force],
        _STATES[order.state],
        order.post_only
        | order.reject_post_only << 1
        | order.reduce_only << 2
        | order.replaced << 3
        | order.is_liquidation << 4,
        reason,
        len(label),
        len(rare),
    )
    return numbers + label + rare


def _rare_of_order(order: OrderView, reason: int) -> bytes:
    rare = (
        order.trigger,
        order.trigger_reference,
        order.trigger_order_id,
        order.triggered_order_id,
        order.reject_reason,
        order.original_type,
        order.display_amount,
        order.refresh_amount,
        order.link,
        order.is_dormant,
        order.mmp,
        order.hidden,
        order.cancel_reason if reason == OTHER_REASON else "",
    )
    return b"" if rare == _PLAIN_ORDER else _encode(rare)


_PLAIN_ORDER = (None, None, None, None, "", None, 0, 0, None, False, None, False, "")


def fill_block(fill: Fill) -> bytes:
    """Return the block of a fill.

    Its fees are in the currency of its instrument, and its maker is on the other side of its taker.
    """
    rare = b"" if _rare_of_fill(fill) == _PLAIN_FILL else _encode(_rare_of_fill(fill))
    numbers = _FILL.pack(
        fill.trade_id,
        fill.trade_seq,
        fill.price,
        fill.amount,
        fill.time_ns,
        fill.mark,
        fill.index,
        fill.iv_e4,
        fill.instrument_id,
        fill.taker_side,
        fill.tick_direction,
        len(rare),
    )
    return numbers + _side_block(fill.taker) + _side_block(fill.maker) + rare


def _side_block(side: FillSide) -> bytes:
    label = side.label.encode()
    numbers = _SIDE.pack(
        side.account_id,
        side.order_id,
        side.fee,
        side.profit_loss,
        _TYPES[side.order_type],
        (side.order_state is OrderState.FILLED)
        | side.post_only << 1
        | side.reduce_only << 2
        | side.is_liquidation << 3,
        len(label),
    )
    return numbers + label


_RareFill = tuple[object, object, int, int, InstrumentId | None, int | None, tuple[Fill, ...]]


def _rare_of_fill(fill: Fill) -> _RareFill:
    return (
        fill.taker.mmp,
        fill.maker.mmp,
        fill.block_trade_id,
        fill.block_trade_legs,
        fill.combo_id,
        fill.combo_trade_id,
        fill.legs,
    )


_PLAIN_FILL: _RareFill = (None, None, 0, 0, None, None, ())


def payment_block(payment: Transaction) -> bytes:
    """Return the block of a payment; its currency is that of the ledger that keeps it."""
    about = payment.about
    rare = (about.other_account, about.note, about.index)
    is_plain = rare == (NOTHING.other_account, NOTHING.note, NOTHING.index)
    encoded = b"" if is_plain else _encode(rare)
    numbers = _PAYMENT.pack(
        payment.transaction_id,
        payment.account_seq,
        payment.time_ns,
        payment.account_id,
        payment.amount,
        payment.fee,
        payment.balance,
        about.instrument_id,
        about.lots,
        about.price,
        about.position,
        about.profit,
        about.funding,
        about.trade_id,
        about.order_id,
        _PAYMENTS[payment.type],
        0 if about.side is None else about.side,
        about.is_maker,
        len(encoded),
    )
    return numbers + encoded
