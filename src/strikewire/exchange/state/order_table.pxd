cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uintptr_t
from strikewire.exchange.state.archives cimport Ring
from strikewire.exchange.state.orders cimport Order
from strikewire.exchange.state.slabs cimport slabs

cdef enum:
    PAGE_BITS = 10
    PAGE_ORDERS = 1024  # orders whose ids follow each other are found on one page
    ENDED = 1  # the tag of an order that has ended

cdef struct EndedOrder:
    # An order that has ended, as it is looked up.
    int64_t order_id, account_id, ticks, amount, filled, filled_value, fee, created_ns, updated_ns
    int32_t instrument_id
    int8_t sign
    uint8_t type, force, status, bits, reason
    PyObject* label
    PyObject* extras

cdef inline EndedOrder* ended_of(uintptr_t entry) noexcept:
    return <EndedOrder*>(entry & ~<uintptr_t>ENDED)

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
    cdef void clear(self, int64_t order_id) noexcept
    cdef int grow(self, int64_t page) except -1
    cdef int end(self, ClosedOrders closed, Order order) except -1
    cdef int drop(self, ClosedOrders closed, uintptr_t entry) except -1

    cdef inline uintptr_t* place_of(self, int64_t order_id) noexcept:
        """Return where the slot of an id is; NULL where there is no page for it."""
        cdef int64_t page = order_id >> PAGE_BITS
        if page < 0 or page >= self.room or self.pages[page] == NULL:
            return NULL
        return self.pages[page] + (order_id & (PAGE_ORDERS - 1))

    cdef inline uintptr_t slot(self, int64_t order_id) noexcept:
        """Return what is known by an id: an order, an ended one with a tag, or nothing."""
        cdef uintptr_t* place = self.place_of(order_id)
        return 0 if place == NULL else place[0]

    cdef inline PyObject* find(self, int64_t order_id) noexcept:
        """Return an order that has not ended; NULL if there is none."""
        cdef uintptr_t slot = self.slot(order_id)
        return NULL if slot & ENDED else <PyObject*>slot

cdef extern from "order_table.h":
    void list_add(OrderList list, Order order) noexcept
    void list_remove(OrderList list, Order order) noexcept
    int table_insert(OrderTable table, int64_t order_id, uintptr_t slot) except -1
    int table_end(OrderTable table, Ring closed, slabs* pool, Order order) except -1

cdef void* ended_orders() noexcept
cdef object view_of(uintptr_t entry)
