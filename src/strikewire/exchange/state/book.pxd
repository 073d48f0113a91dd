cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uintptr_t
from strikewire.exchange.state.archives cimport Ring

cdef extern from *:
    """
    #define STRIKEWIRE_NEVER (-0x7FFFFFFFFFFFFFFFLL)
    """
    const int64_t NEVER "STRIKEWIRE_NEVER"  # the price of an order that has none

cdef enum:
    PAGE_BITS = 10
    PAGE_ORDERS = 1024  # orders whose ids follow each other are found on one page
    ENDED = 1  # the tag of an order that has ended
    TOUCHED_LISTED = 16  # so many touched levels are searched one by one; more by their keys

cdef enum Status:
    OPEN
    FILLED
    CANCELLED
    REJECTED
    UNTRIGGERED
    TRIGGERED

cdef enum Force:
    GTC
    GTD
    IOC
    FOK

cdef enum Bit:
    POST_ONLY = 1
    REJECT_POST_ONLY = 2
    REDUCE_ONLY = 4
    REPLACED = 8
    LIQUIDATION = 16
    CONCEALED = 32  # an iceberg, or hidden: not all of it is shown
    TIED = 64  # to other orders
    PROTECTED = 128

cdef enum Type:
    LIMIT
    MARKET

cpdef uint8_t reason_place(reason)

cdef struct Level:
    int64_t key
    int64_t amount
    int64_t concealed
    PyObject* head
    PyObject* tail

cdef struct EndedOrder:
    # An order that has ended, as it is looked up.
    int64_t order_id, account_id, ticks, amount, filled, filled_value, fee, created_ns, updated_ns
    int32_t instrument_id
    int8_t sign
    uint8_t type, force, status, bits, reason
    PyObject* label
    PyObject* extras

cdef struct Touched:
    int64_t price
    int64_t amount  # before the present command; of a change, after it
    Level* level
    int8_t sign

@cython.final
cdef class Extras:
    cdef object link, mmp, trigger_order_id, original_type, cancel_reason
    cdef int64_t display_amount, refresh_amount
    cdef bint hidden

@cython.final
cdef class Order:
    # What the book and the lane look at comes first.
    cdef readonly int64_t order_id
    cdef int64_t ticks
    cdef public int64_t amount, filled
    cdef Level* level
    cdef PyObject* after
    cdef PyObject* before
    cdef PyObject* owner
    cdef PyObject* peer_before
    cdef PyObject* peer_after
    cdef int8_t sign
    cdef uint8_t type, force, status, bits, reason
    cdef public int32_t instrument_id
    cdef public int64_t account_id, filled_value, fee, created_ns, updated_ns
    cdef public object label
    cdef Extras extras

    cdef Extras more(self)

    cdef inline bint has(self, uint8_t bit) noexcept:
        return self.bits & bit != 0

    cdef inline void mark(self, uint8_t bit, bint value) noexcept:
        self.bits = self.bits | bit if value else self.bits & ~bit

    cdef inline int64_t left(self) noexcept:
        return self.amount - self.filled

    cdef inline int64_t shown(self) noexcept:
        return self.extras.display_amount if self.bits & CONCEALED else self.amount - self.filled

    cdef inline bint is_hidden(self) noexcept:
        return self.bits & CONCEALED and self.extras.hidden

    cdef inline int64_t offer(self) noexcept:
        return self.left() if self.is_hidden() else self.shown()

@cython.final
cdef class HalfBook:
    cdef int8_t sign
    cdef Level** levels
    cdef Py_ssize_t count, room
    cdef bint has_grown  # by a level, since somebody set this
    cdef Level* spare

    cdef Py_ssize_t locate(self, int64_t key) noexcept
    cdef Level* find(self, int64_t key) noexcept
    cdef int put(self, Order order) except -1
    cdef void cut(self, Order order) noexcept

    cdef inline Level* first(self) noexcept:
        return self.levels[self.count - 1] if self.count else NULL

@cython.final
@cython.no_gc
cdef class OrderList:
    cdef PyObject* head
    cdef PyObject* tail
    cdef Py_ssize_t count

    cpdef add(self, Order order)
    cpdef remove(self, Order order)

cdef class ClosedOrders(Ring):
    pass

@cython.final
cdef class OrderTable:
    cdef uintptr_t** pages
    cdef int64_t* counts  # orders on each page
    cdef int64_t room  # pages there is room for
    cdef dict views

    cdef uintptr_t named(self, object order_id) except? 1
    cdef int insert(self, int64_t order_id, uintptr_t slot) except -1
    cdef void clear(self, int64_t order_id) noexcept
    cdef int grow(self, int64_t page) except -1
    cdef int end(self, ClosedOrders closed, Order order) except -1
    cdef int drop(self, ClosedOrders closed, uintptr_t entry) except -1

    cdef inline uintptr_t slot(self, int64_t order_id) noexcept:
        """Return what is known by an id: an order, an ended one with a tag, or nothing."""
        cdef int64_t page = order_id >> PAGE_BITS
        if page < 0 or page >= self.room or self.pages[page] == NULL:
            return 0
        return self.pages[page][order_id & (PAGE_ORDERS - 1)]

    cdef inline PyObject* find(self, int64_t order_id) noexcept:
        """Return an order that has not ended; NULL if there is none."""
        cdef uintptr_t slot = self.slot(order_id)
        return NULL if slot & ENDED else <PyObject*>slot

@cython.final
cdef class Book:
    cdef public int64_t change_id
    cdef readonly HalfBook bids, asks
    cdef public int64_t reduce_only
    cdef Touched* touched
    cdef Py_ssize_t touches, touches_room
    cdef set places

    cdef int touch(self, Order order) except -1
    cdef int64_t amount_of(self, Touched* one) noexcept
    cdef int join(self, Order order) except -1
    cdef bint has_touched(self, Order order) except -1
    cdef int note(self, Order order, Level* level, int64_t amount) except -1
    cdef Py_ssize_t changed(self)

    cdef inline HalfBook side_of(self, int8_t sign):
        return self.bids if sign > 0 else self.asks
