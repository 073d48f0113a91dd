cdef extern from "slabs.h":
    ctypedef struct slabs:
        pass
    void* slabs_take(slabs* pool, size_t size) noexcept
    void slabs_give(slabs* pool, void* record) noexcept
