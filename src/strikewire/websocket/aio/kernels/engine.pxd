from libc.stddef cimport size_t


cdef extern from "poller.h" nogil:
    ctypedef struct poller_event:
        int fd
        int ready


cdef class Flusher:
    cdef int flush_all(self) except -1


cdef class Receiver:
    cdef int take(self, unsigned char *data, Py_ssize_t size) except -1
    cdef unsigned char *room(self, Py_ssize_t *size) noexcept
    cdef int took(self, Py_ssize_t size) except -1
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

    cdef int learn(self, const poller_event *events, int count) noexcept
    cdef bint guess(self) except -1
    cdef int enter(self, Watched member) except -1
    cdef int leave(self, Watched member) except -1


cdef int span(object owner, const unsigned char **data, Py_ssize_t *size) except -1

cdef void send_to_all(
    const int *fds, Py_ssize_t count, const unsigned char *data, Py_ssize_t size,
    Py_ssize_t *sent) noexcept nogil
