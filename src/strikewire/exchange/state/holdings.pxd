cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t

cdef struct Slot:
    int64_t instrument_id
    PyObject* held  # NULL where there is nothing

@cython.final
cdef class Holdings:
    cdef Slot* slots  # a power of two of them, NULL before the first thing
    cdef int shift  # of a mixed id, so that it is the number of a slot
    cdef Py_ssize_t room, count

cdef extern from "holdings.h":
    PyObject* holdings_find(Holdings holdings, int64_t instrument_id) noexcept
    int holdings_put(Holdings holdings, int64_t instrument_id, PyObject* held) except -1
    PyObject* holdings_take(Holdings holdings, int64_t instrument_id) noexcept
