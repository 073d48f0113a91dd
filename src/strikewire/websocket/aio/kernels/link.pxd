from cpython.ref cimport PyObject
from strikewire.websocket.aio.kernels.engine cimport Engine, Flusher, Receiver, SocketTransport


cdef class Turn(Flusher):
    cdef readonly object loop
    cdef unsigned char *cork
    cdef Py_ssize_t cork_bytes
    cdef Link corked
    cdef unsigned long number
    cdef bint _scheduled, collects
    cdef list _dirty
    cdef list _flushers
    cdef object _end
    cdef unsigned char _random[4096]
    cdef int _random_at
    cdef object __weakref__

    cdef int next_key(self, unsigned char *key) except -1
    cdef int schedule(self) except -1
    cdef int soil(self, Link link) except -1
    cdef int flush_links(self, list dirty) except -1
    cdef int flush_before_end(self, Flusher flusher) except -1


cdef class Link(Receiver):
    # wiring
    cdef readonly Turn turn
    cdef readonly object transport
    cdef SocketTransport _socket
    cdef readonly object role
    cdef bint _is_server

    # what may happen now; the owner keeps these as its protocol's state says
    cdef public bint can_send
    cdef public bint discards
    cdef public bint message_open
    cdef public bint inflates
    cdef public bint deflates

    # receiving
    cdef readonly bint has_begun
    cdef public bint paused
    cdef bint _parsing
    cdef unsigned char _head[14]
    cdef int _head_bytes
    cdef Py_ssize_t _owed
    cdef PyObject *_frame
    cdef Py_ssize_t _frame_bytes, _frame_room, _frame_filled
    cdef unsigned char _frame_key[4]
    cdef int _frame_first, _frame_utf8
    cdef bytes _held
    cdef Py_ssize_t _held_at
    cdef Py_ssize_t _frame_bytes_max, _message_bytes_max
    cdef object _on_message
    cdef bint _decodes
    cdef bint _batches
    cdef list _inbox
    cdef Py_ssize_t _inbox_at, _inbox_max
    cdef object _waiter

    # sending
    cdef public bint is_full
    cdef bint _gone
    cdef bint _replying
    cdef bint _is_dirty
    cdef int _sent_unbroken
    cdef unsigned long _wrote_in
    cdef unsigned char *_out
    cdef Py_ssize_t _out_bytes, _out_room
    cdef public long long next_shared
    cdef public object shared_group

    # counters
    cdef public long long messages_received, bytes_received, messages_sent, bytes_sent, sends
    cdef public long long wire_bytes_received, wire_bytes_sent
    cdef object __weakref__

    cdef run(self, bytes owner, unsigned char *data, Py_ssize_t size)
    cdef bint cork(self) noexcept
    cdef uncork(self)
    cdef int parse(self, unsigned char *data, Py_ssize_t size, bint writable) except -1
    cdef Py_ssize_t collect_head(
        self, unsigned char *data, Py_ssize_t size, bint writable) except -1
    cdef int hold(self, const unsigned char *data, Py_ssize_t size) except -1
    cdef int go_on(self) except -1
    cdef Py_ssize_t start_frame(
        self, const unsigned char *head, int head_bytes, unsigned char *data, Py_ssize_t size,
        bint writable) except -1
    cdef Py_ssize_t hand_over(
        self, const unsigned char *head, int head_bytes, const unsigned char *data,
        Py_ssize_t size) except -1
    cdef int whole_frame(
        self, int first, const unsigned char *key, unsigned char *data, Py_ssize_t length,
        bint writable) except -1
    cdef int deliver_decoded(self, const char *data, Py_ssize_t length) except -1
    cdef int deliver_inflated(self, int first, bytes payload) except -1
    cdef int control(
        self, int first, const unsigned char *key, const unsigned char *data,
        Py_ssize_t size) except -1
    cdef int begin_frame(
        self, int first, const unsigned char *key, Py_ssize_t length) except -1
    cdef Py_ssize_t fill_frame(self, const unsigned char *data, Py_ssize_t size) except -1
    cdef int filled(self, Py_ssize_t size, unsigned char seen) except -1
    cdef int end_frame(self) except -1
    cdef int drop_frame(self) except -1
    cdef int deliver(self, object payload, bint is_text, Py_ssize_t length) except -1
    cdef int call_back(self, object payload, bint is_text) except -1
    cdef int wake(self) except -1
    cdef object pop_raw(self)
    cdef object pop(self, bint decode)

    cdef int send_frame(
        self, int first, object owner, const unsigned char *data, Py_ssize_t size) except -1
    cdef int send_framed(
        self, object owner, const unsigned char *data, Py_ssize_t size, int messages) except -1
    cdef bint leaves_at_once(self) except -1
    cdef bint sends_plainly(self) noexcept
    cdef int collected(self) except -1
    cdef Py_ssize_t write_frame(
        self, unsigned char *target, int first, const unsigned char *data,
        Py_ssize_t size) except -1
    cdef object framed(self, int first, const unsigned char *data, Py_ssize_t size)
    cdef int out_of_cork(self) except -1
    cdef unsigned char *reserve(self, Py_ssize_t size) except NULL
    cdef int flush_out(self) except -1
    cdef int put(self, const unsigned char *data, Py_ssize_t size) except -1
    cdef int put_pair(
        self, const unsigned char *head, Py_ssize_t head_bytes, object owner,
        const unsigned char *data, Py_ssize_t size) except -1
