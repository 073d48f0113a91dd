from libc.stddef cimport size_t


cdef extern from "poller.h" nogil:
    ctypedef struct poller_event:
        int fd
        int ready


cdef extern from "ring.h" nogil:
    ctypedef struct send_ring:
        pass
    ctypedef struct ring_piece:
        int fd
        const void *data
        Py_ssize_t size
        Py_ssize_t sent


cdef class Flusher:
    cdef int flush_all(self) except -1


cdef class Receiver:
    cdef int take(self, unsigned char *data, Py_ssize_t size) except -1
    cdef unsigned char *room(self, Py_ssize_t *size) noexcept
    cdef int took(self, Py_ssize_t size) except -1
    cdef int stuck(self) except -1
    cdef int drained(self) except -1


cdef class Watched:
    cdef readonly int fd
    cdef readonly Engine engine
    cdef int _watched_for
    cdef int watch(self, int mask) except -1
    cdef int forget(self) except -1
    cdef int ready(self, int events) except -1
    cdef bint try_read(self) except -1
    cdef int failed(self, object error) except -1


cdef class SocketTransport(Watched):
    cdef readonly object protocol
    cdef Receiver _receiver
    cdef list _queue
    cdef Py_ssize_t _queue_offset
    cdef readonly Py_ssize_t buffered
    cdef Py_ssize_t _high, _low
    cdef bint _reading, _closing, _lost, _ends, _protocol_paused, _found_nothing
    cdef bint _collected
    cdef object __weakref__

    cdef int put(self, const unsigned char *data, Py_ssize_t size) except -1
    cdef int put_pair(
        self, const unsigned char *head, Py_ssize_t head_size, object owner,
        const unsigned char *data, Py_ssize_t size) except -1
    cdef int keep(self, object owner, Py_ssize_t size) except -1
    cdef int flush(self) except -1
    cdef int flushed(self) except -1
    cdef int end(self) except -1
    cdef int receive(self) except -1
    cdef int received_end(self) except -1
    cdef int broke(self) except -1
    cdef int lose(self, object error) except -1
    cdef int refused(self, Py_ssize_t sent, const unsigned char *data, Py_ssize_t size) except -1
    cdef int was_sent(
        self, Py_ssize_t sent, bytes owner, const unsigned char *data, Py_ssize_t size) except -1
    cdef int update_watch(self) except -1
    cdef bint sends_plainly(self) noexcept
    cdef int settle(self) except -1
    cdef int is_stuck(self) except -1
    cdef int tell_full(self) except -1


cdef class Engine:
    cdef readonly object loop
    cdef int _poller
    cdef Py_ssize_t _members
    cdef void **_table
    cdef int _table_size
    cdef unsigned char *_buffer
    cdef Flusher _flusher
    cdef object _poll
    cdef int _usual, _streak, _guesses
    cdef public bint uses_ring
    cdef send_ring *_ring
    cdef bint _asked_for_ring, _collecting
    cdef ring_piece _collected[256]
    cdef list _collected_by, _collected_owners
    cdef Py_ssize_t _collected_count, _collected_bytes, _arena_used

    cdef int learn(self, const poller_event *events, int count) noexcept
    cdef int work_off(self, const poller_event *events, int count) except -1
    cdef bint guess(self) except -1
    cdef int enter(self, Watched member) except -1
    cdef int leave(self, Watched member) except -1
    cdef bint has_ring(self) noexcept
    cdef int send_all(self, ring_piece *pieces, Py_ssize_t count) except -1
    cdef int start_collecting(self) except -1
    cdef int stop_collecting(self) except -1
    cdef int collect(
        self, SocketTransport transport, object owner, const unsigned char *data,
        Py_ssize_t size) except -1
    cdef int collect_copy(
        self, SocketTransport transport, const unsigned char *data, Py_ssize_t size) except -1
    cdef int send_collected(self) except -1


cdef int span(object owner, const unsigned char **data, Py_ssize_t *size) except -1
