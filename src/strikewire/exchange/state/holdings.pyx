# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What an account has in the instruments of one currency: `holdings.py`, as a table of words.

Where accounts trade in thousands of books, most orders are the first of their account there and
the last: what they need is put here and taken out again. What is kept never refers back to this.

Pointers are what pure-Python mode cannot say, so this is a `.pyx`.
"""

cimport cython
from cpython.mem cimport PyMem_Free
from cpython.ref cimport Py_DECREF, Py_INCREF


@cython.final
@cython.no_gc
cdef class Holdings:
    """Things by the ids of their instruments, from the lowest to the highest."""

    def __dealloc__(self):
        cdef Py_ssize_t at
        for at in range(self.room):
            if self.slots[at].held != NULL:
                Py_DECREF(<object>self.slots[at].held)
        PyMem_Free(self.slots)

    def __len__(self):
        return self.count

    def __iter__(self):
        cdef Py_ssize_t at
        return iter(sorted([
            self.slots[at].instrument_id
            for at in range(self.room)
            if self.slots[at].held != NULL
        ]))

    def __contains__(self, int64_t instrument_id):
        return holdings_find(self, instrument_id) != NULL

    def __getitem__(self, int64_t instrument_id):
        cdef PyObject* held = holdings_find(self, instrument_id)
        if held == NULL:
            raise KeyError(instrument_id)
        return <object>held

    def __setitem__(self, int64_t instrument_id, held):
        if instrument_id in self:
            del self[instrument_id]
        holdings_put(self, instrument_id, <PyObject*>held)
        Py_INCREF(held)

    def __delitem__(self, int64_t instrument_id):
        cdef PyObject* held = holdings_take(self, instrument_id)
        if held == NULL:
            raise KeyError(instrument_id)
        Py_DECREF(<object>held)

    def get(self, int64_t instrument_id):
        cdef PyObject* held = holdings_find(self, instrument_id)
        return None if held == NULL else <object>held

    def values(self):
        return [self[instrument_id] for instrument_id in self]

    def items(self):
        return [(instrument_id, self[instrument_id]) for instrument_id in self]
