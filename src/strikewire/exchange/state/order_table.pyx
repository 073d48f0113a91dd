# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""How orders are found: `order_table.py`, by plain pointers.

An owner's orders are linked to each other. The table has a slot for each id, on pages that exist
while anything on them does; an order that has ended leaves a record there, which the ring of its
owner keeps.
"""

cimport cython
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from strikewire.exchange.state.archives cimport Keeping, Ring, ring_push
from strikewire.exchange.state.orders cimport Extras, Order
from strikewire.exchange.state.slabs cimport slabs, slabs_give


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
        list_add(self, order)
        Py_INCREF(order)

    cpdef remove(self, Order order):
        list_remove(self, order)
        Py_DECREF(order)


cdef Order in_few_words(ended):
    """Return an order, or what says all of a view of one; None where a record would not."""
    cdef Order order
    if ended.link is not None:
        return None
    if isinstance(ended, Order):
        return <Order>ended
    order = Order.restored(ended)
    return order if order.view() == ended else None


cdef slabs ENDED_ORDERS


cdef void* ended_orders() noexcept:
    """Return where the records of orders that have ended come from."""
    return &ENDED_ORDERS


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


cdef Keeping CLOSED
CLOSED.shown, CLOSED.release = view_of, free_ended


cdef class ClosedOrders(Ring):
    """Orders that have ended; all but those in packed form are views."""

    def __cinit__(self):
        self.records = &CLOSED


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
            table_insert(self, order.order_id, <uintptr_t><void*>order)
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
        cdef uintptr_t entry = self.named(ended.order_id)
        cdef Order order = in_few_words(ended)
        if order is not None and (entry == 0 or order is ended):
            self.end(closed, order)
            return
        if isinstance(ended, Order):
            ended = ended.view()
        order_id = ended.order_id
        if entry:
            self.clear(order_id)
            Py_DECREF(<Order><void*>entry)
        self.views[order_id] = ended
        Py_INCREF(ended)
        ring_push(closed, <uintptr_t><void*>ended, &entry)
        if entry:
            self.drop(closed, entry)

    cdef int end(self, ClosedOrders closed, Order order) except -1:
        """Keep an order, which its owner must hold on to meanwhile, as it has ended."""
        if table_end(self, closed, &ENDED_ORDERS, order):
            Py_DECREF(order)
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
