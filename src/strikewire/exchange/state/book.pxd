cimport cython
from libc.stdint cimport int8_t, int64_t
from strikewire.exchange.state.orders cimport Level, Order

cdef enum:
    TOUCHED_LISTED = 16  # so many touched levels are searched one by one; more by their keys

cdef struct Touched:
    int64_t price
    int64_t amount  # before the present command; of a change, after it
    Level* level
    int8_t sign

cdef struct Rung:
    # A level, and its key, so that a search need not look into the levels themselves.
    int64_t key
    Level* level

@cython.final
cdef class HalfBook:
    cdef int8_t sign
    cdef Rung* rungs
    cdef Py_ssize_t count, room
    cdef bint has_grown  # by a level, since somebody set this
    cdef Level* spare

    cdef int put(self, Order order) except -1
    cdef void cut(self, Order order) noexcept

    cdef inline Level* first(self) noexcept:
        return self.rungs[self.count - 1].level if self.count else NULL

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
    cdef bint has_touched(self, int8_t sign, int64_t price) except -1
    cdef int note(self, int8_t sign, int64_t price, Level* level, int64_t amount) except -1
    cdef int remember(self, int8_t sign, int64_t price, Level* level, int64_t amount) except -1
    cdef Py_ssize_t changed(self)

    cdef inline HalfBook side_of(self, int8_t sign):
        return self.bids if sign > 0 else self.asks

cdef extern from "book.h":
    Level* half_find(HalfBook half, int64_t key) noexcept
    int half_put(HalfBook half, Order order, int64_t shown) except -1
    void half_cut(HalfBook half, Order order, int64_t shown) noexcept
