cimport cython
from libc.stdint cimport uintptr_t

cdef enum:
    TAGS = 3  # bits of an entry that say which kind of record it is; 0: an object

cdef class Ring:
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t start, count, room
    cdef uintptr_t* kept
    cdef public Py_ssize_t unsealed
    # What a ring of records does with an entry that has a tag.
    cdef object (*shown)(uintptr_t entry)
    cdef void (*release)(uintptr_t entry) noexcept

    @cython.final
    cdef int grow(self) except -1
    @cython.final
    cdef object look(self, uintptr_t entry)
    @cython.final
    cdef void let_go(self, uintptr_t entry) noexcept

    @cython.final
    cdef inline uintptr_t push(self, uintptr_t entry) except? 1:
        """Keep an entry, and return the one that had to go for it, which is the caller's now."""
        cdef uintptr_t forgotten
        self.unsealed += 1
        if self.count < self.size:
            if self.count == self.room:
                self.grow()
            self.kept[self.count] = entry
            self.count += 1
            return 0
        forgotten = self.kept[self.start]
        self.kept[self.start] = entry
        self.start += 1
        if self.start == self.size:
            self.start = 0
        return forgotten
