cimport cython
from libc.stdint cimport uintptr_t

cdef enum:
    TAGS = 3  # bits of an entry that say which kind of record it is; 0: an object

cdef struct Keeping:
    # What a ring of records does with an entry that has a tag.
    object (*shown)(uintptr_t entry)
    void (*release)(uintptr_t entry) noexcept

cdef class Ring:
    # No more than one line of a cache, for there are thousands.
    cdef int count, start
    cdef readonly int size
    cdef int room
    cdef uintptr_t* kept
    cdef public Py_ssize_t unsealed
    cdef const Keeping* records

    @cython.final
    cdef int grow(self) except -1
    @cython.final
    cdef object keep(self, uintptr_t entry)
    @cython.final
    cdef object look(self, uintptr_t entry)
    @cython.final
    cdef void let_go(self, uintptr_t entry) noexcept

cdef inline uintptr_t entry_at(Ring ring, Py_ssize_t place) noexcept:
    """Return an entry, counted from the oldest."""
    place += ring.start
    return ring.kept[place if place < ring.count else place - ring.count]

cdef extern from "archives.h":
    int ring_push(Ring ring, uintptr_t entry, uintptr_t* forgotten) except -1
