# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The last so many of something: `archives.py`, as a plain array.

An entry is a reference to an object, or the address of a record with a tag in its lowest bits: so
the millions of things that nobody looks at need not be objects. What is kept never refers back to
its ring, so the collector has nothing to look for here.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF


cdef class Ring:
    """The last `size` things that were appended, oldest first; it grows only as it fills."""

    def __cinit__(self, int size):
        assert size > 0
        self.size = size

    def __dealloc__(self):
        cdef Py_ssize_t place
        for place in range(self.count):
            self.let_go(self.kept[place])
        PyMem_Free(self.kept)

    @cython.final
    cdef int grow(self) except -1:
        cdef int room = min(2 * self.room + 4, self.size)
        cdef uintptr_t* grown = <uintptr_t*>PyMem_Realloc(self.kept, room * sizeof(uintptr_t))
        if grown == NULL:
            raise MemoryError
        self.kept, self.room = grown, room
        return 0

    @cython.final
    cdef object look(self, uintptr_t entry):
        return self.records.shown(entry) if entry & TAGS else <object><void*>entry

    @cython.final
    cdef void let_go(self, uintptr_t entry) noexcept:
        if entry & TAGS:
            self.records.release(entry)
        else:
            Py_DECREF(<object><void*>entry)

    @cython.final
    cdef object keep(self, uintptr_t entry):
        """Keep an entry, whose reference is the ring's now; return what had to go for it."""
        cdef uintptr_t forgotten
        cdef object seen = None
        ring_push(self, entry, &forgotten)
        if forgotten:
            seen = self.look(forgotten)
            self.let_go(forgotten)
        return seen

    def append(self, thing):
        seen = self.keep(<uintptr_t><void*>thing)
        Py_INCREF(thing)
        return seen

    def extend(self, things):
        for thing in things:
            self.append(thing)

    def latest(self):
        cdef Py_ssize_t place
        return [
            self.look(self.kept[(self.start + place) % self.count])
            for place in range(self.count - min(self.unsealed, self.count), self.count)
        ]

    def __len__(self):
        return self.count

    def __iter__(self):
        cdef Py_ssize_t place
        return iter(
            [self.look(self.kept[place]) for place in range(self.start, self.count)]
            + [self.look(self.kept[place]) for place in range(self.start)]
        )
