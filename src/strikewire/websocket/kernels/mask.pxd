cimport cython

@cython.locals(
    size=Py_ssize_t, whole=Py_ssize_t, i=Py_ssize_t, out=bytes,
    source="const unsigned char *", target="unsigned char *",
    k0="unsigned char", k1="unsigned char", k2="unsigned char", k3="unsigned char",
)
cpdef bytes apply(bytes data, bytes key)
