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
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.string cimport memmove

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
        self.reason = REASON_PLACES.get(value, OTHER_REASON)
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


cdef class OrderTable:
    """Every order that waits in a book or can still be looked up, by id."""

    def __cinit__(self):
        self.views = {}

    def __dealloc__(self):
        cdef int64_t page, place
        for page in range(self.room):
            if self.pages[page] == NULL:
                continue
            for place in range(PAGE_ORDERS):
                if self.pages[page][place] != NULL:
                    Py_DECREF(<Order>self.pages[page][place])
            PyMem_Free(self.pages[page])
        PyMem_Free(self.pages)
        PyMem_Free(self.counts)

    def put(self, Order order not None):
        if self.find(order.order_id) == NULL:
            self.insert(order)

    def get(self, order_id):
        cdef PyObject* order = self.named(order_id)
        return None if order == NULL or (<Order>order).level == NULL else <Order>order

    def closed(self, order_id):
        cdef PyObject* order = self.named(order_id)
        if order == NULL:
            return self.views.get(order_id)
        return None if (<Order>order).status == OPEN else (<Order>order).view()

    def archive(self, ended):
        if isinstance(ended, Order):
            self.put(ended)
            return
        self.forget(ended.order_id)
        self.views[ended.order_id] = ended

    def forget(self, order_id):
        cdef PyObject* order = self.named(order_id)
        if order == NULL:
            self.views.pop(order_id, None)
        else:
            self.drop(<Order>order)

    cdef PyObject* named(self, object order_id) except? NULL:
        """Return the order of an id that may be any number; NULL if there is none."""
        cdef int overflow
        cdef long long number = PyLong_AsLongLongAndOverflow(order_id, &overflow)
        return NULL if overflow else self.find(number)

    cdef int insert(self, Order order) except -1:
        """Let an order be found that is not yet."""
        cdef int64_t page = order.order_id >> PAGE_BITS
        if page >= self.room or self.pages[page] == NULL:
            self.grow(page)
        self.pages[page][order.order_id & (PAGE_ORDERS - 1)] = <PyObject*>order
        self.counts[page] += 1
        Py_INCREF(order)
        return 0

    cdef void drop(self, Order order) noexcept:
        cdef int64_t page = order.order_id >> PAGE_BITS
        self.pages[page][order.order_id & (PAGE_ORDERS - 1)] = NULL
        self.counts[page] -= 1
        if self.counts[page] == 0:
            PyMem_Free(self.pages[page])
            self.pages[page] = NULL
        Py_DECREF(order)

    cdef int grow(self, int64_t page) except -1:
        """Make room for a page, and the page."""
        cdef int64_t room = 2 * page + 16, one
        cdef PyObject*** pages
        cdef int64_t* counts
        if page < 0 or page >> 40:
            raise MemoryError
        if page >= self.room:
            pages = <PyObject***>PyMem_Realloc(self.pages, room * sizeof(PyObject**))
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
        self.pages[page] = <PyObject**>PyMem_Malloc(PAGE_ORDERS * sizeof(PyObject*))
        if self.pages[page] == NULL:
            raise MemoryError
        for one in range(PAGE_ORDERS):
            self.pages[page][one] = NULL
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
        self.touch(order)
        if order.has(CONCEALED):
            order.show()
        self.side_of(order.sign).put(order)
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
        if level == NULL or level.key != one.price * one.sign:
            level = self.side_of(one.sign).find(one.price * one.sign)
        return 0 if level == NULL else level.amount

    cdef int touch(self, Order order) except -1:
        """Remember what a level was before the present command, once."""
        cdef Py_ssize_t place
        cdef Level* level = order.level
        cdef Touched* one
        cdef Touched* grown
        if self.touches <= TOUCHED_LISTED:
            for place in range(self.touches - 1, -1, -1):
                one = self.touched + place
                if one.price == order.ticks and one.sign == order.sign:
                    return 0
        else:
            if self.places is None:
                self.places = {
                    self.touched[place].price * 2 + (self.touched[place].sign > 0)
                    for place in range(self.touches)
                }
            key = order.ticks * 2 + (order.sign > 0)
            if key in self.places:
                return 0
            self.places.add(key)
        if self.touches == self.touches_room:
            grown = <Touched*>PyMem_Realloc(
                self.touched, (2 * self.touches_room + 4) * sizeof(Touched)
            )
            if grown == NULL:
                raise MemoryError
            self.touched = grown
            self.touches_room = 2 * self.touches_room + 4
        if level == NULL:
            level = self.side_of(order.sign).find(order.ticks * order.sign)
        one = self.touched + self.touches
        one.price, one.sign = order.ticks, order.sign
        one.level = level
        one.amount = 0 if level == NULL else level.amount
        self.touches += 1
        return 0
