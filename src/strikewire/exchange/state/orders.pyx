# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""An order while it lives: `orders.py`, in machine words.

An order is kept alive by one reference of each place that it stands in: the level of its book, the
list of its owner, the table of all. What only few orders have is kept apart, so that the rest stay
small. Nothing here is ever searched by the collector, for nothing here can be a cycle.

Pointers are what pure-Python mode cannot say, so this is a `.pyx`; `orders.py` is the same without
a compiler, and says what each method does.
"""

cimport cython
from cpython.ref cimport PyObject

from strikewire.exchange.commands import CancelReason, OrderType, TimeInForce
from strikewire.exchange.events import OrderState, OrderView
from strikewire.model import Side

cdef tuple ORDER_TYPES = tuple(OrderType)
cdef tuple FORCES = tuple(TimeInForce)
cdef tuple STATES = tuple(OrderState)
cdef dict TYPE_PLACES = {member: place for place, member in enumerate(ORDER_TYPES)}
cdef dict FORCE_PLACES = {member: place for place, member in enumerate(FORCES)}
cdef dict STATE_PLACES = {member: place for place, member in enumerate(STATES)}
cdef enum:
    OTHER_REASON = 255

cdef tuple REASONS = ("", *CancelReason)
cdef dict REASON_PLACES = {member: place for place, member in enumerate(REASONS)}


cpdef uint8_t reason_place(reason):
    """Return the place of a reason among those that need no words of their own."""
    return REASON_PLACES.get(reason, OTHER_REASON)


cdef object BUY = Side.BUY
cdef object SELL = Side.SELL


@cython.final
@cython.no_gc
cdef class Extras:
    """What only few orders have."""


@cython.final
@cython.freelist(4096)
@cython.no_gc
cdef class Order:
    """An order while it lives."""

    def __init__(
        self,
        *,
        order_id,
        account_id,
        instrument_id,
        side,
        order_type,
        time_in_force,
        price,
        amount,
        created_ns,
        updated_ns,
        filled=0,
        filled_value=0,
        fee=0,
        state=OrderState.OPEN,
        post_only=False,
        reject_post_only=False,
        reduce_only=False,
        label="",
        cancel_reason="",
        replaced=False,
        is_liquidation=False,
        trigger_order_id=None,
        original_type=None,
        link=None,
        display_amount=0,
        refresh_amount=0,
        mmp=None,
        hidden=False,
    ):
        self.order_id = order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.sign = side
        self.type = TYPE_PLACES[order_type]
        self.force = FORCE_PLACES[time_in_force]
        self.price = price
        self.amount = amount
        self.filled = filled
        self.filled_value = filled_value
        self.fee = fee
        self.status = STATE_PLACES[state]
        self.post_only = post_only
        self.reject_post_only = reject_post_only
        self.reduce_only = reduce_only
        self.label = label
        self.created_ns = created_ns
        self.updated_ns = updated_ns
        self.cancel_reason = cancel_reason
        self.replaced = replaced
        self.is_liquidation = is_liquidation
        self.trigger_order_id = trigger_order_id
        self.original_type = original_type
        self.link = link
        self.mmp = mmp
        self.display_amount = display_amount
        self.refresh_amount = refresh_amount
        self.hidden = hidden

    cdef Extras more(self):
        """Return what only few orders have, to be changed."""
        if self.extras is None:
            self.extras = Extras.__new__(Extras)
        return self.extras

    @property
    def link(self):
        return None if self.extras is None else self.extras.link

    @link.setter
    def link(self, value):
        self.mark(TIED, value is not None)
        if value is not None or self.extras is not None:
            self.more().link = value

    @property
    def mmp(self):
        return None if self.extras is None else self.extras.mmp

    @mmp.setter
    def mmp(self, value):
        self.mark(PROTECTED, value is not None)
        if value is not None or self.extras is not None:
            self.more().mmp = value

    @property
    def trigger_order_id(self):
        return None if self.extras is None else self.extras.trigger_order_id

    @trigger_order_id.setter
    def trigger_order_id(self, value):
        if value is not None or self.extras is not None:
            self.more().trigger_order_id = value

    @property
    def original_type(self):
        return None if self.extras is None else self.extras.original_type

    @original_type.setter
    def original_type(self, value):
        if value is not None or self.extras is not None:
            self.more().original_type = value

    @property
    def display_amount(self):
        return 0 if self.extras is None else self.extras.display_amount

    @display_amount.setter
    def display_amount(self, value):
        if value or self.extras is not None:
            self.more().display_amount = value

    @property
    def refresh_amount(self):
        return 0 if self.extras is None else self.extras.refresh_amount

    @refresh_amount.setter
    def refresh_amount(self, value):
        self.mark(CONCEALED, value > 0 or self.hidden)
        if value or self.extras is not None:
            self.more().refresh_amount = value

    @property
    def hidden(self):
        return self.is_hidden()

    @hidden.setter
    def hidden(self, value):
        self.mark(CONCEALED, value or self.refresh_amount > 0)
        if value or self.extras is not None:
            self.more().hidden = value

    @property
    def cancel_reason(self):
        return REASONS[self.reason] if self.reason != OTHER_REASON else self.extras.cancel_reason

    @cancel_reason.setter
    def cancel_reason(self, value):
        self.reason = reason_place(value)
        if self.reason == OTHER_REASON:
            self.more().cancel_reason = value

    @property
    def side(self):
        return BUY if self.sign > 0 else SELL

    @property
    def order_type(self):
        return ORDER_TYPES[self.type]

    @property
    def time_in_force(self):
        return FORCES[self.force]

    @property
    def price(self):
        return None if self.ticks == NEVER else self.ticks

    @price.setter
    def price(self, value):
        self.ticks = NEVER if value is None else value

    @property
    def state(self):
        return STATES[self.status]

    @state.setter
    def state(self, value):
        self.status = STATE_PLACES[value]

    @property
    def post_only(self):
        return self.has(POST_ONLY)

    @post_only.setter
    def post_only(self, value):
        self.mark(POST_ONLY, value)

    @property
    def reject_post_only(self):
        return self.has(REJECT_POST_ONLY)

    @reject_post_only.setter
    def reject_post_only(self, value):
        self.mark(REJECT_POST_ONLY, value)

    @property
    def reduce_only(self):
        return self.has(REDUCE_ONLY)

    @reduce_only.setter
    def reduce_only(self, value):
        self.mark(REDUCE_ONLY, value)

    @property
    def replaced(self):
        return self.has(REPLACED)

    @replaced.setter
    def replaced(self, value):
        self.mark(REPLACED, value)

    @property
    def is_liquidation(self):
        return self.has(LIQUIDATION)

    @is_liquidation.setter
    def is_liquidation(self, value):
        self.mark(LIQUIDATION, value)

    @property
    def remaining(self):
        return self.amount - self.filled

    @property
    def is_iceberg(self):
        return self.refresh_amount > 0

    @property
    def visible(self):
        return self.shown()

    @property
    def offered(self):
        return self.offer()

    @property
    def is_waiting(self):
        return self.level != NULL

    def show(self):
        self.display_amount = min(self.refresh_amount, self.amount - self.filled)

    def view(self):
        return OrderView(
            order_id=self.order_id,
            account_id=self.account_id,
            instrument_id=self.instrument_id,
            side=BUY if self.sign > 0 else SELL,
            order_type=ORDER_TYPES[self.type],
            time_in_force=FORCES[self.force],
            price=None if self.ticks == NEVER else self.ticks,
            amount=self.amount,
            filled=self.filled,
            filled_value=self.filled_value,
            fee=self.fee,
            state=STATES[self.status],
            post_only=self.post_only,
            reject_post_only=self.reject_post_only,
            reduce_only=self.reduce_only,
            label=self.label,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            cancel_reason=self.cancel_reason,
            replaced=self.replaced,
            is_liquidation=self.is_liquidation,
            trigger_order_id=self.trigger_order_id,
            original_type=self.original_type,
            display_amount=self.display_amount,
            refresh_amount=self.refresh_amount,
            link=self.link,
            mmp=self.mmp,
            hidden=self.hidden,
        )

    @classmethod
    def restored(cls, view):
        return cls(
            order_id=view.order_id,
            account_id=view.account_id,
            instrument_id=view.instrument_id,
            side=view.side,
            order_type=view.order_type,
            time_in_force=view.time_in_force,
            price=view.price,
            amount=view.amount,
            filled=view.filled,
            filled_value=view.filled_value,
            fee=view.fee,
            state=view.state,
            post_only=view.post_only,
            reject_post_only=view.reject_post_only,
            reduce_only=view.reduce_only,
            label=view.label,
            created_ns=view.created_ns,
            updated_ns=view.updated_ns,
            cancel_reason=view.cancel_reason,
            replaced=view.replaced,
            is_liquidation=view.is_liquidation,
            trigger_order_id=view.trigger_order_id,
            original_type=view.original_type,
            display_amount=view.display_amount,
            refresh_amount=view.refresh_amount,
            link=view.link,
            mmp=view.mmp,
            hidden=view.hidden,
        )
