cimport cython
from libc.stdint cimport uintptr_t

cdef enum:
    TAGS = 3  # bits of an entry that say which kind of record it is; 0: an object

cdef class Ring:
    # What is looked at with each entry comes first.
    cdef Py_ssize_t count, start
    cdef readonly Py_ssize_t size
    cdef uintptr_t* kept
    cdef public Py_ssize_t unsealed
    cdef Py_ssize_t room
    # What a ring of records does with an entry that has a tag.
    cdef object (*shown)(uintptr_t entry)
    cdef void (*release)(uintptr_t entry) noexcept

    @cython.final
    cdef int grow(self) except -1
    @cython.final
    cdef object look(self, uintptr_t entry)
    @cython.final
    cdef void let_go(self, uintptr_t entry) noexcept

cdef extern from "archives.h":
    int ring_push(Ring ring, uintptr_t entry, uintptr_t* forgotten) except -1
