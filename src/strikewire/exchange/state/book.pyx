# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""One instrument's book: `book.py`, with levels and queues as C structures (`book.h`).

A level is a struct that a sorted array of keys points to, the best at the end; the orders at it are
linked to each other by plain pointers, and a waiting order is kept alive by one reference that
its level holds. Nothing here is ever searched by the collector, for nothing here can be a cycle.

Pointers are what pure-Python mode cannot say, so this is a `.pyx`; `book.py` is the same without a
compiler, and says what each method does.
"""

from collections import deque

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from strikewire.exchange.state.orders cimport CONCEALED, REDUCE_ONLY, Level, Order

from strikewire.exchange.events import LevelChanged
from strikewire.model import Side

cdef object BUY = Side.BUY
cdef object SELL = Side.SELL


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
            order = self.rungs[place].level.head
            while order != NULL:
                after = (<Order>order).after
                Py_DECREF(<Order>order)
                order = after
            PyMem_Free(self.rungs[place].level)
        while self.spare != NULL:
            level = self.spare
            self.spare = <Level*>level.head
            PyMem_Free(level)
        PyMem_Free(self.rungs)

    @property
    def side(self):
        return BUY if self.sign > 0 else SELL

    def best(self):
        return self.rungs[self.count - 1].key * self.sign if self.count else None

    def amount_at(self, price):
        cdef Level* level = half_find(self, price * self.sign)
        return 0 if level == NULL else level.amount

    def orders(self):
        cdef Py_ssize_t place
        cdef PyObject* order
        found = []
        for place in range(self.count - 1, -1, -1):
            order = self.rungs[place].level.head
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
            if self.rungs[place].level.concealed:
                yield from _slices(self._queue(place))
                continue
            at = self.rungs[place].level.head
            while at != NULL:
                order = <Order>at
                yield order, order.amount - order.filled
                at = order.after

    def depth(self):
        cdef Py_ssize_t place
        return [
            (self.rungs[place].key * self.sign, self.rungs[place].level.amount)
            for place in range(self.count - 1, -1, -1)
            if self.rungs[place].level.amount
        ]

    def add(self, Order order not None):
        self.put(order)

    def remove(self, Order order not None):
        self.cut(order)

    def _queue(self, Py_ssize_t place):
        cdef PyObject* at = self.rungs[place].level.head
        queue = []
        while at != NULL:
            queue.append(<Order>at)
            at = (<Order>at).after
        return queue

    cdef int put(self, Order order) except -1:
        half_put(self, order, order.shown())
        Py_INCREF(order)
        return 0

    cdef void cut(self, Order order) noexcept:
        half_cut(self, order, order.shown())
        Py_DECREF(order)


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
            level = half_find(half, one.price * one.sign) if half.has_grown else NULL
        return 0 if level == NULL else level.amount

    cdef int touch(self, Order order) except -1:
        """Remember what a level was before the present command, once."""
        cdef Level* level = order.level
        if self.has_touched(order.sign, order.ticks):
            return 0
        if level == NULL:
            level = half_find(self.side_of(order.sign), order.ticks * order.sign)
        return self.note(order.sign, order.ticks, level, 0 if level == NULL else level.amount)

    cdef int join(self, Order order) except -1:
        """Let an order wait, and remember what its level was before the present command."""
        self.side_of(order.sign).put(order)
        return self.remember(
            order.sign, order.ticks, order.level, order.level.amount - order.shown()
        )

    cdef int remember(self, int8_t sign, int64_t price, Level* level, int64_t amount) except -1:
        """Remember what a level had before the present command, once."""
        return 0 if self.has_touched(sign, price) else self.note(sign, price, level, amount)

    cdef bint has_touched(self, int8_t sign, int64_t price) except -1:
        """Say whether a level is remembered; the next one is expected to be."""
        cdef Py_ssize_t place
        cdef Touched* one
        if self.touches <= TOUCHED_LISTED:
            for place in range(self.touches - 1, -1, -1):
                one = self.touched + place
                if one.price == price and one.sign == sign:
                    return True
            return False
        if self.places is None:
            self.places = {
                self.touched[place].price * 2 + (self.touched[place].sign > 0)
                for place in range(self.touches)
            }
        key = price * 2 + (sign > 0)
        if key in self.places:
            return True
        self.places.add(key)
        return False

    cdef int note(self, int8_t sign, int64_t price, Level* level, int64_t amount) except -1:
        """Remember what a level had."""
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
        one.price, one.sign = price, sign
        one.level, one.amount = level, amount
        self.touches += 1
        return 0
