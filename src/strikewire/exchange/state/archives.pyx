# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The last so many of something: `archives.py`, as a plain array of references.

What is kept never refers back to its ring, so the collector has nothing to look for here.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject


@cython.final
cdef class Ring:
    """The last `size` things that were appended, oldest first; it grows only as it fills."""

    def __cinit__(self, Py_ssize_t size):
        assert size > 0
        self.size = size

    def __dealloc__(self):
        cdef Py_ssize_t place
        for place in range(self.count):
            Py_DECREF(<object>self.kept[place])
        PyMem_Free(self.kept)

    cpdef append(self, thing):
        cdef PyObject** grown
        cdef Py_ssize_t room
        cdef object forgotten
        Py_INCREF(thing)
        if self.count < self.size:
            if self.count == self.room:
                room = min(2 * self.room + 4, self.size)
                grown = <PyObject**>PyMem_Realloc(self.kept, room * sizeof(PyObject*))
                if grown == NULL:
                    Py_DECREF(thing)
                    raise MemoryError
                self.kept, self.room = grown, room
            self.kept[self.count] = <PyObject*>thing
            self.count += 1
            return None
        forgotten = <object>self.kept[self.start]
        Py_DECREF(forgotten)
        self.kept[self.start] = <PyObject*>thing
        self.start += 1
        if self.start == self.size:
            self.start = 0
        return forgotten

    def extend(self, things):
        for thing in things:
            self.append(thing)

    def __len__(self):
        return self.count

    def __iter__(self):
        cdef Py_ssize_t place
        return iter(
            [<object>self.kept[place] for place in range(self.start, self.count)]
            + [<object>self.kept[place] for place in range(self.start)]
        )
