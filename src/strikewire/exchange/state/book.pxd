cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t

cdef extern from *:
    """
    #define STRIKEWIRE_NEVER (-0x7FFFFFFFFFFFFFFFLL)
    """
    const int64_t NEVER "STRIKEWIRE_NEVER"  # the price of an order that has none

cdef enum:
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

cdef enum Type:
    LIMIT
    MARKET

cdef struct Level:
    int64_t key
    int64_t amount
    int64_t icebergs
    PyObject* head
    PyObject* tail

cdef struct Touched:
    int64_t price
    int64_t before
    int8_t sign

@cython.final
@cython.freelist(4096)
@cython.no_gc
cdef class Order:
    cdef public int64_t order_id, account_id, amount, filled, filled_value, fee
    cdef public int64_t created_ns, updated_ns, display_amount, refresh_amount
    cdef int64_t ticks
    cdef public int32_t instrument_id
    cdef int8_t sign
    cdef uint8_t type, force, status
    cdef public bint post_only, reject_post_only, reduce_only, replaced, is_liquidation
    cdef public object label, cancel_reason, link, mmp, trigger_order_id, original_type
    cdef Level* level
    cdef PyObject* before
    cdef PyObject* after
    cdef PyObject* peer_before
    cdef PyObject* peer_after
    cdef PyObject* owner
    cdef PyObject* chain

    cdef inline int64_t left(self) noexcept:
        return self.amount - self.filled

    cdef inline int64_t shown(self) noexcept:
        return self.display_amount if self.refresh_amount else self.amount - self.filled

@cython.final
cdef class HalfBook:
    cdef int8_t sign
    cdef Level** levels
    cdef Py_ssize_t count, room
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

@cython.final
cdef class OrderTable:
    cdef PyObject** slots
    cdef uint64_t mask
    cdef Py_ssize_t used
    cdef dict views

    cdef PyObject* find(self, int64_t order_id) noexcept
    cdef int insert(self, Order order) except -1
    cdef void drop(self, Order order) noexcept
    cdef int grow(self) except -1

    cdef inline uint64_t slot(self, int64_t order_id) noexcept:
        return ((<uint64_t>order_id * <uint64_t>0x9E3779B97F4A7C15) >> 20) & self.mask

@cython.final
cdef class Book:
    cdef public int64_t change_id
    cdef readonly HalfBook bids, asks
    cdef public int64_t reduce_only
    cdef Touched* touched
    cdef Py_ssize_t touches, touches_room
    cdef set places

    cdef int touch(self, Order order) except -1

    cdef inline HalfBook side_of(self, int8_t sign):
        return self.bids if sign > 0 else self.asks
