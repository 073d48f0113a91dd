cimport cython

@cython.final
cdef class Ring:
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t start
    cdef list kept

    cpdef append(self, thing)
