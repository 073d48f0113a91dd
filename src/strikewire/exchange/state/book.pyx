# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""One instrument's book: `book.py`, with levels and queues as C structures.

A level is a struct in a sorted array of pointers with the best at the end; the orders at it are
linked to each other by plain pointers, and a waiting order is kept alive by one reference that
its level holds. Nothing here is ever searched by the collector, for nothing here can be a cycle.

Pointers are what pure-Python mode cannot say, so this is a `.pyx`; `book.py` is the same without a
compiler, and says what each method does.
"""

from collections import deque

cimport cython
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.string cimport memmove
from strikewire.exchange.state.archives cimport Ring
from strikewire.exchange.state.slabs cimport slabs, slabs_give, slabs_take

from strikewire.exchange.commands import CancelReason, OrderType, TimeInForce
from strikewire.exchange.events import LevelChanged, OrderState, OrderView
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


cdef class HalfBook:
    """One side of a book."""

    def __cinit__(self, side):
        self.sign = side

    def __dealloc__(self):
        cdef Py_ssize_t place
        cdef PyObject* order
        cdef PyObject* after
        cdef Level* level
        for place in range(self.count):
            order = self.levels[place].head
            while order != NULL:
                after = (<Order>order).after
                Py_DECREF(<Order>order)
                order = after
            PyMem_Free(self.levels[place])
        while self.spare != NULL:
            level = self.spare
            self.spare = <Level*>level.head
            PyMem_Free(level)
        PyMem_Free(self.levels)

    @property
    def side(self):
        return BUY if self.sign > 0 else SELL

    def best(self):
        return self.levels[self.count - 1].key * self.sign if self.count else None

    def amount_at(self, price):
        cdef Level* level = self.find(price * self.sign)
        return 0 if level == NULL else level.amount

    def orders(self):
        cdef Py_ssize_t place
        cdef PyObject* order
        found = []
        for place in range(self.count - 1, -1, -1):
            order = self.levels[place].head
            while order != NULL:
                found.append(<Order>order)
                order = (<Order>order).after
        return iter(found)

    def slices(self):
        """Walk what would trade, in order. The book must not change meanwhile."""
        cdef Py_ssize_t place
        cdef PyObject* at
        cdef Order order
        for place in range(self.count - 1, -1, -1):
            if self.levels[place].concealed:
                yield from _slices(self._queue(place))
                continue
            at = self.levels[place].head
            while at != NULL:
                order = <Order>at
                yield order, order.amount - order.filled
                at = order.after

    def depth(self):
        cdef Py_ssize_t place
        return [
            (self.levels[place].key * self.sign, self.levels[place].amount)
            for place in range(self.count - 1, -1, -1)
            if self.levels[place].amount
        ]

    def add(self, Order order not None):
        self.put(order)

    def remove(self, Order order not None):
        self.cut(order)

    def _queue(self, Py_ssize_t place):
        cdef PyObject* at = self.levels[place].head
        queue = []
        while at != NULL:
            queue.append(<Order>at)
            at = (<Order>at).after
        return queue

    cdef Py_ssize_t locate(self, int64_t key) noexcept:
        """Return the place of the greatest key that is not above this one; -1 if there is none.

        From the best outwards in steps that double: most of what happens, happens there.
        """
        cdef Py_ssize_t high = self.count, low = high - 1, step = 1, middle
        while low >= 0 and self.levels[low].key > key:
            high = low
            low -= step
            step *= 2
        if low < 0:
            low = -1
        while high - low > 1:
            middle = (low + high) >> 1
            if self.levels[middle].key > key:
                high = middle
            else:
                low = middle
        return low

    cdef Level* find(self, int64_t key) noexcept:
        cdef Py_ssize_t place = self.locate(key)
        if place < 0 or self.levels[place].key != key:
            return NULL
        return self.levels[place]

    cdef int put(self, Order order) except -1:
        cdef int64_t key = order.ticks * self.sign
        cdef Py_ssize_t place = self.locate(key)
        cdef Level* level
        cdef Level** grown
        cdef PyObject* before
        if place >= 0 and self.levels[place].key == key:
            level = self.levels[place]
        else:
            if self.count == self.room:
                grown = <Level**>PyMem_Realloc(self.levels, (2 * self.room + 4) * sizeof(Level*))
                if grown == NULL:
                    raise MemoryError
                self.levels = grown
                self.room = 2 * self.room + 4
            if self.spare != NULL:
                level = self.spare
                self.spare = <Level*>level.head
            else:
                level = <Level*>PyMem_Malloc(sizeof(Level))
                if level == NULL:
                    raise MemoryError
            level.key, level.amount, level.concealed = key, 0, 0
            level.head = level.tail = NULL
            memmove(
                self.levels + place + 2,
                self.levels + place + 1,
                (self.count - place - 1) * sizeof(Level*),
            )
            self.levels[place + 1] = level
            self.count += 1
            self.has_grown = True
        before = level.tail
        if level.concealed and not order.is_hidden():
            while before != NULL and (<Order>before).is_hidden():
                before = (<Order>before).before
        order.level = level
        order.before = before
        order.after = level.head if before == NULL else (<Order>before).after
        if before == NULL:
            level.head = <PyObject*>order
        else:
            (<Order>before).after = <PyObject*>order
        if order.after == NULL:
            level.tail = <PyObject*>order
        else:
            (<Order>order.after).before = <PyObject*>order
        level.amount += order.shown()
        level.concealed += order.has(CONCEALED)
        Py_INCREF(order)
        return 0

    cdef void cut(self, Order order) noexcept:
        cdef Level* level = order.level
        cdef Py_ssize_t place
        level.amount -= order.shown()
        level.concealed -= order.has(CONCEALED)
        if order.before == NULL:
            level.head = order.after
        else:
            (<Order>order.before).after = order.after
        if order.after == NULL:
            level.tail = order.before
        else:
            (<Order>order.after).before = order.before
        order.level = NULL
        order.before = order.after = NULL
        if level.head == NULL:
            place = self.locate(level.key)
            memmove(
                self.levels + place,
                self.levels + place + 1,
                (self.count - place - 1) * sizeof(Level*),
            )
            self.count -= 1
            level.key = NEVER
            level.head = <PyObject*>self.spare
            self.spare = level
        Py_DECREF(order)


cdef class OrderList:
    """Some orders, each in no other list, in the order in which they came."""

    def __dealloc__(self):
        cdef PyObject* order = self.head
        cdef PyObject* after
        while order != NULL:
            after = (<Order>order).peer_after
            Py_DECREF(<Order>order)
            order = after

    def __len__(self):
        return self.count

    def __iter__(self):
        cdef PyObject* order = self.head
        found = []
        while order != NULL:
            found.append(<Order>order)
            order = (<Order>order).peer_after
        return iter(found)

    cpdef add(self, Order order):
        order.peer_before = self.tail
        order.peer_after = NULL
        if self.tail == NULL:
            self.head = <PyObject*>order
        else:
            (<Order>self.tail).peer_after = <PyObject*>order
        self.tail = <PyObject*>order
        self.count += 1
        Py_INCREF(order)

    cpdef remove(self, Order order):
        if order.peer_before == NULL:
            self.head = order.peer_after
        else:
            (<Order>order.peer_before).peer_after = order.peer_after
        if order.peer_after == NULL:
            self.tail = order.peer_before
        else:
            (<Order>order.peer_after).peer_before = order.peer_before
        order.peer_before = order.peer_after = NULL
        self.count -= 1
        Py_DECREF(order)


cdef slabs ENDED_ORDERS


cdef inline EndedOrder* ended_of(uintptr_t entry) noexcept:
    return <EndedOrder*>(entry & ~<uintptr_t>ENDED)


cdef EndedOrder* new_ended(Order order) except NULL:
    """Return the record of an order as it ended."""
    cdef EndedOrder* ended = <EndedOrder*>slabs_take(&ENDED_ORDERS, sizeof(EndedOrder))
    if ended == NULL:
        raise MemoryError
    ended.order_id, ended.account_id, ended.ticks = order.order_id, order.account_id, order.ticks
    ended.amount, ended.filled, ended.filled_value = order.amount, order.filled, order.filled_value
    ended.fee, ended.created_ns, ended.updated_ns = order.fee, order.created_ns, order.updated_ns
    ended.instrument_id, ended.sign, ended.type = order.instrument_id, order.sign, order.type
    ended.force, ended.status = order.force, order.status
    ended.bits, ended.reason = order.bits, order.reason
    ended.label = <PyObject*>order.label
    Py_INCREF(<object>ended.label)
    ended.extras = NULL
    if order.extras is not None:
        ended.extras = <PyObject*>order.extras
        Py_INCREF(<object>ended.extras)
    return ended


cdef object view_of(uintptr_t entry):
    """Return an order as it ended."""
    cdef EndedOrder* ended = ended_of(entry)
    cdef Order order = Order.__new__(Order)
    order.order_id, order.account_id, order.ticks = ended.order_id, ended.account_id, ended.ticks
    order.amount, order.filled, order.filled_value = ended.amount, ended.filled, ended.filled_value
    order.fee, order.created_ns, order.updated_ns = ended.fee, ended.created_ns, ended.updated_ns
    order.instrument_id, order.sign, order.type = ended.instrument_id, ended.sign, ended.type
    order.force, order.status = ended.force, ended.status
    order.bits, order.reason = ended.bits, ended.reason
    order.label = <object>ended.label
    if ended.extras != NULL:
        order.extras = <Extras>ended.extras
    return order.view()


cdef void free_ended(uintptr_t entry) noexcept:
    cdef EndedOrder* ended = ended_of(entry)
    Py_DECREF(<object>ended.label)
    if ended.extras != NULL:
        Py_DECREF(<object>ended.extras)
    slabs_give(&ENDED_ORDERS, ended)


cdef class ClosedOrders(Ring):
    """Orders that have ended; all but those in packed form are views."""

    def __cinit__(self):
        self.shown, self.release = view_of, free_ended


cdef class OrderTable:
    """Every order that waits in a book or can still be looked up, by id.

    A slot refers to an order, or lends the record of one that has ended, which its ring owns.
    """

    def __cinit__(self):
        self.views = {}

    def __dealloc__(self):
        cdef int64_t page, place
        for page in range(self.room):
            if self.pages[page] == NULL:
                continue
            for place in range(PAGE_ORDERS):
                if self.pages[page][place] and not self.pages[page][place] & ENDED:
                    Py_DECREF(<Order><void*>self.pages[page][place])
            PyMem_Free(self.pages[page])
        PyMem_Free(self.pages)
        PyMem_Free(self.counts)

    def put(self, Order order not None):
        if self.slot(order.order_id) == 0:
            self.insert(order.order_id, <uintptr_t><void*>order)
            Py_INCREF(order)

    def get(self, order_id):
        cdef uintptr_t slot = self.named(order_id)
        if slot == 0 or slot & ENDED or (<Order><void*>slot).level == NULL:
            return None
        return <Order><void*>slot

    def closed(self, order_id):
        cdef uintptr_t slot = self.named(order_id)
        return view_of(slot) if slot & ENDED else self.views.get(order_id)

    def archive(self, ClosedOrders closed not None, ended):
        cdef Order order
        cdef uintptr_t entry
        if isinstance(ended, Order):
            order = <Order>ended
            if order.link is None:
                self.end(closed, order)
                return
            ended = order.view()
        order_id = ended.order_id
        entry = self.named(order_id)
        if entry:
            self.clear(order_id)
            Py_DECREF(<Order><void*>entry)
        self.views[order_id] = ended
        Py_INCREF(ended)
        entry = closed.push(<uintptr_t><void*>ended)
        if entry:
            self.drop(closed, entry)

    cdef int end(self, ClosedOrders closed, Order order) except -1:
        """Keep an order, which its owner must hold on to meanwhile, as it has ended."""
        cdef EndedOrder* ended = new_ended(order)
        cdef uintptr_t entry = <uintptr_t>ended | ENDED
        cdef int64_t order_id = order.order_id, page = order_id >> PAGE_BITS
        if self.slot(order_id):
            self.pages[page][order_id & (PAGE_ORDERS - 1)] = entry
            Py_DECREF(order)
        else:
            self.insert(order_id, entry)
        entry = closed.push(entry)
        if entry:
            self.drop(closed, entry)
        return 0

    cdef int drop(self, ClosedOrders closed, uintptr_t entry) except -1:
        """Let what a ring has let go be found no longer."""
        if entry & ENDED:
            self.clear(ended_of(entry).order_id)
        else:
            self.views.pop((<object><void*>entry).order_id, None)
        closed.let_go(entry)
        return 0

    cdef uintptr_t named(self, object order_id) except? 1:
        """Return the slot of an id that may be any number; 0 if there is none."""
        cdef int overflow
        cdef long long number = PyLong_AsLongLongAndOverflow(order_id, &overflow)
        return 0 if overflow else self.slot(number)

    cdef int insert(self, int64_t order_id, uintptr_t slot) except -1:
        """Let be found what is not yet."""
        cdef int64_t page = order_id >> PAGE_BITS
        if page >= self.room or self.pages[page] == NULL:
            self.grow(page)
        self.pages[page][order_id & (PAGE_ORDERS - 1)] = slot
        self.counts[page] += 1
        return 0

    cdef void clear(self, int64_t order_id) noexcept:
        """Let be found no longer what is."""
        cdef int64_t page = order_id >> PAGE_BITS
        self.pages[page][order_id & (PAGE_ORDERS - 1)] = 0
        self.counts[page] -= 1
        if self.counts[page] == 0:
            PyMem_Free(self.pages[page])
            self.pages[page] = NULL

    cdef int grow(self, int64_t page) except -1:
        """Make room for a page, and the page."""
        cdef int64_t room = 2 * page + 16, one
        cdef uintptr_t** pages
        cdef int64_t* counts
        if page < 0 or page >> 40:
            raise MemoryError
        if page >= self.room:
            pages = <uintptr_t**>PyMem_Realloc(self.pages, room * sizeof(uintptr_t*))
            if pages == NULL:
                raise MemoryError
            self.pages = pages
            counts = <int64_t*>PyMem_Realloc(self.counts, room * sizeof(int64_t))
            if counts == NULL:
                raise MemoryError
            self.counts = counts
            for one in range(self.room, room):
                self.pages[one], self.counts[one] = NULL, 0
            self.room = room
        self.pages[page] = <uintptr_t*>PyMem_Calloc(PAGE_ORDERS, sizeof(uintptr_t))
        if self.pages[page] == NULL:
            raise MemoryError
        return 0


def _slices(orders):
    """Walk what would trade at a level where a part is hidden."""
    hidden = deque()
    unseen = [order for order in orders if order.hidden]
    for order in orders[: len(orders) - len(unseen)]:
        yield order, order.visible
        if order.remaining > order.visible:
            hidden.append((order, order.remaining - order.visible))
    while hidden:
        order, left = hidden.popleft()
        lots = min(order.refresh_amount, left)
        yield order, lots
        if left > lots:
            hidden.append((order, left - lots))
    for order in unseen:
        yield order, order.remaining


cdef class Book:
    """Both sides of one instrument, and which of its levels the present command has touched."""

    def __cinit__(self, change_id=0):
        self.change_id = change_id
        self.bids = HalfBook.__new__(HalfBook, 1)
        self.asks = HalfBook.__new__(HalfBook, -1)

    def __dealloc__(self):
        PyMem_Free(self.touched)

    def half(self, side):
        return self.bids if side > 0 else self.asks

    def crosses(self, side, price):
        cdef int8_t sign = side
        cdef Level* best = self.side_of(-sign).first()
        return best != NULL and best.key * -sign * sign <= <int64_t>price * sign

    def is_crossed(self):
        cdef Level* bid = self.bids.first()
        cdef Level* ask = self.asks.first()
        return bid != NULL and ask != NULL and bid.key >= -ask.key

    def add(self, Order order not None):
        assert order.left() > 0
        if order.has(CONCEALED):
            order.show()
        self.join(order)
        self.reduce_only += order.has(REDUCE_ONLY)

    def remove(self, Order order not None):
        self.touch(order)
        self.side_of(order.sign).cut(order)
        self.reduce_only -= order.has(REDUCE_ONLY)

    def fill(self, Order order not None, int64_t lots):
        assert 0 < lots <= order.offer()
        cdef HalfBook half = self.side_of(order.sign)
        self.touch(order)
        if lots == order.offer():
            half.cut(order)
        elif not order.is_hidden():
            order.level.amount -= lots
        order.filled += lots
        order.filled_value += lots * order.ticks
        if order.has(CONCEALED) and not order.is_hidden():
            order.extras.display_amount -= lots
        if order.left() == 0:
            self.reduce_only -= order.has(REDUCE_ONLY)
        elif order.offer() == 0:
            order.show()
            half.put(order)

    def resize(self, Order order not None, int64_t amount):
        assert order.filled < amount <= order.amount
        cdef int64_t before = order.shown()
        self.touch(order)
        order.amount = amount
        if order.has(CONCEALED):
            order.display_amount = min(order.display_amount, order.left())
        order.level.amount -= before - order.shown()

    def take_changes(self, instrument_id):
        cdef Py_ssize_t place, count = self.changed()
        return [
            LevelChanged(
                instrument_id,
                BUY if self.touched[place].sign > 0 else SELL,
                self.touched[place].price,
                self.touched[place].amount,
                self.change_id,
            )
            for place in range(count)
        ]

    cdef Py_ssize_t changed(self):
        """Leave in `touched` the levels that differ from what they were, and count the change.

        Returns:
            How many they are.
        """
        cdef Py_ssize_t place, count = 0
        cdef int64_t amount
        for place in range(self.touches):
            amount = self.amount_of(self.touched + place)
            if amount != self.touched[place].amount:
                self.touched[count] = self.touched[place]
                self.touched[count].amount = amount
                count += 1
        self.touches = 0
        self.bids.has_grown = self.asks.has_grown = False
        self.places = None
        self.change_id += count > 0
        return count

    def flag(self, Order order not None):
        assert not order.has(REDUCE_ONLY)
        self.reduce_only += 1
        order.mark(REDUCE_ONLY, True)

    def load(self, Order order not None):
        self.side_of(order.sign).put(order)
        self.reduce_only += order.has(REDUCE_ONLY)

    cdef int64_t amount_of(self, Touched* one) noexcept:
        """Return what a touched level has now; a level that came anew is looked for."""
        cdef Level* level = one.level
        cdef HalfBook half
        if level == NULL or level.key != one.price * one.sign:
            half = self.side_of(one.sign)
            level = half.find(one.price * one.sign) if half.has_grown else NULL
        return 0 if level == NULL else level.amount

    cdef int touch(self, Order order) except -1:
        """Remember what a level was before the present command, once."""
        cdef Level* level = order.level
        if self.has_touched(order):
            return 0
        if level == NULL:
            level = self.side_of(order.sign).find(order.ticks * order.sign)
        return self.note(order, level, 0 if level == NULL else level.amount)

    cdef int join(self, Order order) except -1:
        """Let an order wait, and remember what its level was before the present command."""
        self.side_of(order.sign).put(order)
        if not self.has_touched(order):
            self.note(order, order.level, order.level.amount - order.shown())
        return 0

    cdef bint has_touched(self, Order order) except -1:
        """Say whether an order's level is remembered; the next one is expected to be."""
        cdef Py_ssize_t place
        cdef Touched* one
        if self.touches <= TOUCHED_LISTED:
            for place in range(self.touches - 1, -1, -1):
                one = self.touched + place
                if one.price == order.ticks and one.sign == order.sign:
                    return True
            return False
        if self.places is None:
            self.places = {
                self.touched[place].price * 2 + (self.touched[place].sign > 0)
                for place in range(self.touches)
            }
        key = order.ticks * 2 + (order.sign > 0)
        if key in self.places:
            return True
        self.places.add(key)
        return False

    cdef int note(self, Order order, Level* level, int64_t amount) except -1:
        """Remember what an order's level was."""
        cdef Touched* one
        if self.touches == self.touches_room:
            one = <Touched*>PyMem_Realloc(
                self.touched, (2 * self.touches_room + 4) * sizeof(Touched)
            )
            if one == NULL:
                raise MemoryError
            self.touched = one
            self.touches_room = 2 * self.touches_room + 4
        one = self.touched + self.touches
        one.price, one.sign = order.ticks, order.sign
        one.level, one.amount = level, amount
        self.touches += 1
        return 0
