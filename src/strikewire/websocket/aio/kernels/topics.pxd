from strikewire.websocket.aio.kernels.engine cimport Flusher, ring_piece
from strikewire.websocket.aio.kernels.link cimport Link, Turn


cdef class Blob:
    cdef unsigned char *data
    cdef Py_ssize_t size, room
    cdef bytes owner
    cdef int add(self, bytes frame) except -1
    cdef const unsigned char *whole(self) except NULL


cdef class Topic(Flusher):
    cdef readonly Turn turn
    cdef readonly object slow_reader
    cdef readonly object group
    cdef list _members
    cdef dict _places
    cdef list _newcomers
    cdef list _pending
    cdef list _keys
    cdef Blob _plain, _squeezed
    cdef Py_ssize_t _payload_bytes, _shared
    cdef long long _first_shared
    cdef bint _starts_with_keyframe, _has_keyframe, _waits, _is_immediate
    cdef object _interval_s, _timer
    cdef ring_piece *_pieces
    cdef Py_ssize_t _room
    cdef readonly long long published, delivered

    cdef int send_pending(self) except -1
    cdef int send_to(self, Link link, Py_ssize_t skipped) except -1
    cdef int send_blob(self, Link link, Blob blob) except -1
    cdef int send_batch(self, list links, Blob blob) except -1
    cdef int send_encrypted(self, list links, Blob blob) except -1
    cdef int make_room(self, Py_ssize_t count) except -1
