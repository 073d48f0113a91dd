cimport cython
from libc.stdint cimport int64_t, uint8_t
from strikewire.exchange.state.archives cimport Ring
from strikewire.exchange.state.book cimport HalfBook
from strikewire.exchange.state.order_table cimport EndedOrder
from strikewire.exchange.state.orders cimport Order
from strikewire.exchange.state.records cimport Contracts, FillRecord, Party

@cython.final
cdef class Fold:
    cdef object update, hasher
    cdef dict markets
    cdef uint8_t* piece
    cdef Py_ssize_t said
    cdef Contracts contracts

    cpdef int number(self, int64_t number) except -1
    cpdef int raw(self, bytes piece) except -1
    cpdef int text(self, str text) except -1
    cpdef int live(self, HalfBook half) except -1
    cpdef int closed(self, Ring closed) except -1
    cpdef int fills(self, Ring fills) except -1
    cpdef int trades(self, Ring trades) except -1
    cpdef int payments(self, Ring payments) except -1
    cpdef bytes digest(self)

    cdef Py_ssize_t begin(self, Ring archive) except -1
    cdef uint8_t* room(self, Py_ssize_t size) except NULL
    cdef int pass_on(self) except -1
    cdef int more(self, const char* piece, Py_ssize_t size) except -1
    cdef int order(self, Order order) except -1
    cdef int ended(self, EndedOrder* ended) except -1
    cdef int fill(self, FillRecord* fill) except -1
    cdef int side(self, Party* one) except -1
    cdef int payment(self, FillRecord* fill, bint maker_pays) except -1
