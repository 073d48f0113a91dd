cimport cython

cdef bytes _FIRST, _LOWEST, _HIGHEST, _THEN

@cython.locals(
    i=Py_ssize_t, byte="unsigned char", source="const unsigned char *",
    first="const unsigned char *", lowest="const unsigned char *",
    highest="const unsigned char *", then="const unsigned char *",
)
cpdef int advance(int state, bytes data)
