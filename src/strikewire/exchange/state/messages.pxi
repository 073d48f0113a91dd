"""The MessagePack that is written by hand: whole numbers, text, the begin of an array.

A part of `writing.pyx`, which includes it. Source: the MessagePack specification, "Formats".
"""

cdef class Message:
    """What was written so far, in memory that grows."""

    cdef uint8_t* begin
    cdef uint8_t* at
    cdef uint8_t* end

    def __dealloc__(self):
        PyMem_Free(self.begin)

    @cython.final
    cdef object raw(self):
        return msgspec.Raw(PyBytes_FromStringAndSize(<char*>self.begin, self.at - self.begin))

    @cython.final
    cdef int room(self, Py_ssize_t size) except -1:
        """Make room for so many bytes."""
        cdef Py_ssize_t written = self.at - self.begin
        cdef uint8_t* grown
        if self.end - self.at >= size:
            return 0
        size = 2 * written + size + 64
        grown = <uint8_t*>PyMem_Realloc(self.begin, size)
        if grown == NULL:
            raise MemoryError
        self.begin, self.at, self.end = grown, grown + written, grown + size
        return 0

    # Each of these needs room that was made before.

    @cython.final
    cdef inline void byte(self, uint8_t byte) noexcept:
        self.at[0] = byte
        self.at += 1

    @cython.final
    cdef inline void flag(self, bint value) noexcept:
        self.byte(TRUE if value else FALSE)

    @cython.final
    cdef inline void wide(self, uint8_t kind, uint64_t number, int size) noexcept:
        self.byte(kind)
        while size:
            size -= 1
            self.byte(<uint8_t>(number >> (8 * size)))

    @cython.final
    cdef inline void number(self, int64_t number) noexcept:
        if 0 <= number < 128 or -32 <= number < 0:
            self.byte(<uint8_t>number)
        elif number >= 0:
            if number < 1 << 8:
                self.wide(0xCC, number, 1)
            elif number < 1 << 16:
                self.wide(0xCD, number, 2)
            elif number < <int64_t>1 << 32:
                self.wide(0xCE, number, 4)
            else:
                self.wide(0xCF, number, 8)
        elif number >= -(1 << 7):
            self.wide(0xD0, number, 1)
        elif number >= -(1 << 15):
            self.wide(0xD1, number, 2)
        elif number >= -(<int64_t>1 << 31):
            self.wide(0xD2, number, 4)
        else:
            self.wide(0xD3, number, 8)

    @cython.final
    cdef inline void put(self, bytes piece) noexcept:
        memcpy(self.at, PyBytes_AS_STRING(piece), PyBytes_GET_SIZE(piece))
        self.at += PyBytes_GET_SIZE(piece)

    # These make room themselves.

    @cython.final
    cdef int more(self, bytes piece) except -1:
        self.room(PyBytes_GET_SIZE(piece))
        self.put(piece)
        return 0

    @cython.final
    cdef int array(self, Py_ssize_t count) except -1:
        """Begin an array of so many things."""
        self.room(NUMBER_MOST)
        if count < 16:
            self.byte(0x90 | count)
        elif count < 1 << 16:
            self.wide(0xDC, count, 2)
        else:
            self.wide(0xDD, count, 4)
        return 0

    @cython.final
    cdef int text(self, object text) except -1:
        cdef Py_ssize_t size
        cdef const char* content = PyUnicode_AsUTF8AndSize(text, &size)
        self.room(NUMBER_MOST + size)
        if size < 32:
            self.byte(0xA0 | size)
        elif size < 1 << 8:
            self.wide(0xD9, size, 1)
        elif size < 1 << 16:
            self.wide(0xDA, size, 2)
        else:
            self.wide(0xDB, size, 4)
        memcpy(self.at, content, size)
        self.at += size
        return 0
