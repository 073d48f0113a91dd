"""Accounts, markets and holdings, found without a search where they were looked for before.

A part of `lane.pyx`, which includes it.
"""

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(void* thing) noexcept

cdef enum:
    SEAT_BITS = 13
    SEATS = 8192  # holdings that are found without looking into their ledgers
    REMEMBERED = 1 << 20  # accounts and instruments below are found by their number


cdef struct Seat:
    int64_t account_id, instrument_id
    PyObject* holding


cdef struct Directory:
    # Things by their numbers, which are never removed from where they are kept.
    PyObject** things
    int64_t room


cdef inline PyObject* seen(Directory* known, int64_t number) noexcept:
    """Return the thing of a number, if it was looked for before."""
    return known.things[number] if 0 <= number < known.room else NULL


cdef void remember(Directory* known, int64_t number, PyObject* thing) noexcept:
    cdef PyObject** grown
    cdef int64_t wanted, one
    if not 0 <= number < REMEMBERED:
        return
    if number >= known.room:
        wanted = 2 * number + 64
        grown = <PyObject**>PyMem_Realloc(known.things, wanted * sizeof(PyObject*))
        if grown == NULL:
            return
        for one in range(known.room, wanted):
            grown[one] = NULL
        known.things, known.room = grown, wanted
    known.things[number] = thing


cdef object numbered(Directory* known, dict kept, int64_t number):
    """Return the thing of a number; None if there is none. Small ones are found without a search."""
    cdef PyObject* found = seen(known, number)
    if found != NULL:
        return <object>found
    found = PyDict_GetItem(kept, number)
    if found == NULL:
        return None
    remember(known, number, found)
    return <object>found


cdef Holding opened(Market market):
    """Return what `Holding(market)` is, without a look at its arguments.

    The collector need not look at it: nothing that it refers to refers to it, and where accounts
    trade in thousands of books there are so many that looking takes longer than trading.
    """
    cdef Holding holding = Holding.__new__(Holding)
    PyObject_GC_UnTrack(<void*>holding)
    holding.market = market
    holding.position = Position.__new__(Position)
    holding.queue = OrderList.__new__(OrderList)
    holding.funding_paid = 0
    return holding
