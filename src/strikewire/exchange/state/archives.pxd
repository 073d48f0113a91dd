cimport cython
from cpython.ref cimport PyObject

@cython.final
cdef class Ring:
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t start, count, room
    cdef PyObject** kept

    cpdef append(self, thing)
