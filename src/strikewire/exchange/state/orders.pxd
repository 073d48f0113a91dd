cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

cdef extern from *:
    """
    #define STRIKEWIRE_NEVER (-0x7FFFFFFFFFFFFFFFLL)
    """
    const int64_t NEVER "STRIKEWIRE_NEVER"  # the price of an order that has none

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
