# cython: boundscheck=False, wraparound=False
"""The hot half of a WebSocket: whole messages in, frames out, and as few calls of the kernel as can be.

Theory of operation, receiving. A `Link` recognises the frames that are certainly right: whole data
messages, pings and pongs, properly masked, within the limits. It unmasks and validates them where
they lie and delivers them. Every other frame is handed over, exactly from its first byte to its
last, to `_on_frame`, where `strikewire.websocket.protocol.Protocol` judges it. So each rule of the
protocol is written once, and this file is only quick to say yes. A frame that is not all here yet is
received into the bytes object that the message becomes, and a text is refused at its first wrong
byte.

Theory of operation, sending. One call of the kernel a message is the whole cost of a busy
connection, so messages are put together wherever that delays nobody:

- While data is parsed the link is *corked*: the replies that callbacks make leave in one call.
- Elsewhere the first message of a turn of the loop leaves at once; those that follow it in the same
  turn leave together at its end. While a reader still has messages to take its replies wait for
  each other, and leave with the last one.
- A payload of 16 KiB or more is not copied: it leaves beside its header, and is kept, not copied,
  while the kernel does not take it.
- Once the kernel takes no more the link is *full*: frames go to `_keep`, where limits and the policy
  for slow readers decide, until `_on_drained` is called.

The order is always the order of sending.

Pointers into a receive buffer, bytes objects that are filled after they were made and a cork shared
by all links of a loop are what pure-Python mode cannot say, so this is a `.pyx`. `link.py` is the
same class without a compiler, and the tests hold both to each other.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_RawFree, PyMem_RawMalloc, PyMem_Realloc
from cpython.ref cimport PyObject, Py_INCREF, Py_XDECREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint64_t
from libc.string cimport memcpy
from strikewire.websocket.aio.kernels.engine cimport Flusher, Receiver, SocketTransport

import os
from collections.abc import Coroutine

cimport cython


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    PyObject *_new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject **bytes, Py_ssize_t size) except -1
    char *_bytes_at "PyBytes_AS_STRING"(PyObject *bytes)


cdef extern from *:
    """
    /* What an await asks an awaitable, without an exception to say that it is done (PEP 590's
     * sibling for coroutines, since Python 3.10): Cython has no word for this slot. */
    static void set_am_send(PyObject *type, int (*send)(PyObject *, PyObject *, PyObject **)) {
        ((PyTypeObject *)type)->tp_as_async->am_send = (sendfunc)send;
        PyType_Modified((PyTypeObject *)type);
    }
    """
    void set_am_send(object type, int (*send)(PyObject *, PyObject *, PyObject **) except -1)


cdef extern from "wire.h" nogil:
    enum: WIRE_COMPLETE, WIRE_REJECT
    unsigned char wire_mask(
        unsigned char *target, const unsigned char *source, size_t size,
        const unsigned char *key, size_t turn)
    int wire_utf8(int state, const unsigned char *data, size_t size)
    int wire_header(unsigned char *out, unsigned char first, uint64_t length, unsigned char masked)


cdef enum:
    CORK_BYTES = 65536  # a send of more gains nothing
    WHOLE_BYTES = 16384  # a payload of this size is not copied
    FRAME_ROOM_BYTES = 1 << 20  # what a peer can make us hold by announcing a long frame
    LONG_BYTES = 131072  # glibc gives memory of this size back to the kernel each time it is freed
    HEAP_BYTES = 8 << 20
    UNBROKEN_SENDS = 128  # that a task makes without giving way; 8 KiB more count as one more
    OUT_KEPT_BYTES = 1024  # an idle connection keeps no more than this

    FIN_TEXT = 0x81
    FIN_BINARY = 0x82
    RSV1 = 0x40
    FIN_PING = 0x89
    FIN_PONG = 0x8A


cdef class Turn(Flusher):
    """What the links of one event loop share: the cork, the masking keys, the end of a turn.

    Attributes:
        loop: The loop.
    """

    def __init__(self, loop):
        self.loop = loop
        self.number = 1
        self._dirty = []
        self._flushers = []
        self._end = self.end
        self._random_at = sizeof(self._random)
        self.cork = <unsigned char *>PyMem_Malloc(CORK_BYTES)
        if self.cork == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.cork)

    cdef int next_key(self, unsigned char *key) except -1:
        """Fill in four bytes that nobody can predict (RFC 6455 section 10.3)."""
        cdef bytes fresh
        if self._random_at == sizeof(self._random):
            fresh = os.urandom(sizeof(self._random))
            memcpy(self._random, PyBytes_AS_STRING(fresh), sizeof(self._random))
            self._random_at = 0
        memcpy(key, self._random + self._random_at, 4)
        self._random_at += 4
        return 0

    def mask_key(self):
        """Return four bytes that nobody can predict."""
        cdef unsigned char key[4]
        self.next_key(key)
        return PyBytes_FromStringAndSize(<char *>key, 4)

    cdef int schedule(self) except -1:
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_soon(self._end)
        return 0

    cdef int soil(self, Link link) except -1:
        """Let `link` send what it collected at the end of this turn."""
        if not link._is_dirty:
            link._is_dirty = True
            self._dirty.append(link)
            self.schedule()
        return 0

    cdef int flush_before_end(self, Flusher flusher) except -1:
        """Let `flusher` add to what the links send at the end of this turn."""
        self._flushers.append(flusher)
        return self.schedule()

    def end(self):
        """Send everything that was collected in this turn."""
        self._scheduled = False
        self.flush_all()

    cdef int flush_all(self) except -1:
        cdef list dirty, flushers
        cdef Link link
        cdef Flusher flusher
        self.number += 1
        if self._flushers:
            flushers = self._flushers
            self._flushers = []
            # What several add for one link leaves in one call: it is only collected here.
            self.collects = len(flushers) > 1
            for flusher in flushers:
                flusher.flush_all()
            self.collects = False
        if self._dirty:
            dirty = self._dirty
            self._dirty = []
            self.flush_links(dirty)
        return 0

    cdef int flush_links(self, list dirty) except -1:
        cdef Link link = <Link>dirty[0]
        cdef Engine engine = None
        if link._socket is not None and not link._socket.engine._collecting:
            engine = link._socket.engine
            engine.start_collecting()
        try:
            for link in dirty:
                link._is_dirty = False
                link._replying = False
                link.flush_out()
        finally:
            if engine is not None:
                engine.stop_collecting()
        return 0


cdef class Undecoded:
    """A text that waits for a reader who wants it undecoded."""

    cdef bytes payload


cdef inline int header_bytes(const unsigned char *head) noexcept:
    """Return how long the header is that begins with these two bytes."""
    cdef int size = 6 if head[1] & 0x80 else 2
    if head[1] & 0x7F == 126:
        return size + 2
    return size + 8 if head[1] & 0x7F == 127 else size


cdef inline Py_ssize_t payload_bytes(const unsigned char *head) noexcept:
    """Return the length that a header announces; -1 if it is not encoded as it must be."""
    cdef int i
    cdef uint64_t length = head[1] & 0x7F
    if length == 126:
        length = (head[2] << 8) | head[3]
        return <Py_ssize_t>length if length >= 126 else -1
    if length == 127:
        length = 0
        for i in range(2, 10):
            length = (length << 8) | head[i]
        return <Py_ssize_t>length if 65536 <= length < (<uint64_t>1 << 62) else -1
    return <Py_ssize_t>length


cdef bint _heap_is_kept = False


cdef void keep_the_heap() noexcept:
    """Make glibc keep what long messages free, for the long messages that follow.

    It gives the top of its heap back to the kernel beyond a threshold, and page faults for every
    long message anew cost as much as receiving it. The threshold is twice the largest block that
    was mapped by itself and freed (mallopt(3), M_MMAP_THRESHOLD): once is enough.
    """
    global _heap_is_kept
    if not _heap_is_kept:
        _heap_is_kept = True
        PyMem_RawFree(PyMem_RawMalloc(HEAP_BYTES))


cdef class Link(Receiver):
    """One connection: bytes to messages and back.

    A subclass owns the protocol's state and gives these methods:

    - `_on_frame(data)`: a frame, or the next part of one, that is for the protocol to judge.
    - `_on_head(first, second)`: the same for a header of which only this much is here.
    - `_on_bad_text()`: a text was not UTF-8.
    - `_on_ping_over()`: a pong would be too much for the queue.
    - `_on_pong(payload)`.
    - `_inflated(opcode, payload)`: inflate a message, or return None where it cannot be.
    - `_deflated(payload, is_text)`: return the frame of a message, compressed if that helps.
    - `_callback_failed(error)`: `on_message` raised.
    - `_inbox_full()`, `_inbox_low()`: stop reading, and read again.
    - `_keep(frame, messages)`: the kernel takes no more now.
    - `_on_drained()`: it does again.
    - `_no_message(iterates)`: raise why there will be no message, or return if there may be.
    - `_cannot_send()`, `_lone_surrogate()`: raise why nothing, or this, can be sent.
    - `drain()`: wait while the peer does not read. `_give_way()`: wait for the loop's next turn.
    - `_send_in_turn(payload, text, compress)`: wait so, then send, then wait again.

    Attributes:
        turn: Of the loop it lives on.
        transport: Where bytes go; None before `attach`.
        role: "client" or "server".
        can_send: Whether messages may be sent, and are delivered.
        discards: Whether what arrives is thrown away.
        message_open: Whether a fragmented message has begun and has not ended.
        inflates: Whether a message may arrive compressed.
        deflates: Whether messages go to `_deflated`.
        has_begun: Whether messages are delivered; before that what arrives is kept.
        paused: Whether nothing is delivered for now.
        is_full: Whether the kernel takes no more for now.
        shared_group: The shared deflate stream that its peer follows, or None.
        next_shared: Which message of that stream the peer can inflate next; -1 for none.
    """

    def __init__(self, turn, role, *, frame_bytes_max, message_bytes_max, inbox_max):
        self.turn = turn
        self.role = role
        self._is_server = role == "server"
        self.can_send = True
        self.next_shared = -1
        self._frame_bytes_max = frame_bytes_max
        self._message_bytes_max = message_bytes_max
        self._inbox_max = inbox_max
        self._decodes = True

    def __dealloc__(self):
        Py_XDECREF(self._frame)
        PyMem_Free(self._out)

    def attach(self, transport):
        """Send to `transport` from here on."""
        self.transport = transport
        self._socket = transport if isinstance(transport, SocketTransport) else None

    # ------------------------------------------------------------------------------- receiving

    def begin(self):
        """Deliver from here on, beginning with what waits."""
        self.has_begun = True
        self.go_on()

    def go_on_delivering(self):
        """Deliver what was kept while the link was paused."""
        self.go_on()

    def data_received(self, data):
        """Take in what a transport of asyncio gave."""
        cdef bytes chunk = data if type(data) is bytes else bytes(data)
        self.wire_bytes_received += PyBytes_GET_SIZE(chunk)
        if not self.has_begun or self.paused or self._parsing or self._held is not None:
            self.hold(<const unsigned char *>PyBytes_AS_STRING(chunk), PyBytes_GET_SIZE(chunk))
        else:
            self.run(chunk, <unsigned char *>PyBytes_AS_STRING(chunk), PyBytes_GET_SIZE(chunk))

    cdef int take(self, unsigned char *data, Py_ssize_t size) except -1:
        self.wire_bytes_received += size
        if not self.has_begun or self.paused or self._parsing or self._held is not None:
            return self.hold(data, size)
        cdef bint corks = self.cork()
        self._parsing = True
        try:
            return self.parse(data, size, True)
        finally:
            self._parsing = False
            if corks:
                self.uncork()

    cdef run(self, bytes owner, unsigned char *data, Py_ssize_t size):
        """Parse bytes that are not ours to write to."""
        cdef bint corks = self.cork()
        self._parsing = True
        try:
            self.parse(data, size, False)
        finally:
            self._parsing = False
            if corks:
                self.uncork()

    cdef bint cork(self) noexcept:
        if self.turn.corked is not None:
            return False  # a callback of another link made us read on: no cork inside a cork
        self.turn.corked = self
        return True

    cdef uncork(self):
        self.turn.corked = None
        self.out_of_cork()

    cdef int go_on(self) except -1:
        cdef bytes held
        cdef Py_ssize_t at
        cdef object message
        if self._parsing or not self.has_begun:
            return 0
        while self._on_message is not None and self._inbox is not None and not self.paused:
            message = self.pop_raw()
            if type(message) is Undecoded:
                message = (<Undecoded>message).payload
                self.call_back(message.decode() if self._decodes else message, True)
            elif type(message) is str and not self._decodes:
                self.call_back(message.encode(), True)
            else:
                self.call_back(message, type(message) is str)
        while self._held is not None and not self.paused:
            held, at = self._held, self._held_at
            self._held, self._held_at = None, 0
            self.run(
                held, <unsigned char *>PyBytes_AS_STRING(held) + at, PyBytes_GET_SIZE(held) - at)
        return 0

    cdef int hold(self, const unsigned char *data, Py_ssize_t size) except -1:
        """Keep what cannot be looked at now."""
        cdef bytes piece = PyBytes_FromStringAndSize(<const char *>data, size)
        self._held = piece if self._held is None else self._held[self._held_at:] + piece
        self._held_at = 0
        return 0

    cdef int parse(self, unsigned char *data, Py_ssize_t size, bint writable) except -1:
        cdef Py_ssize_t used
        cdef int have
        while size > 0:
            if self.discards:
                return 0
            if self.paused:
                return self.hold(data, size)
            if self._frame != NULL:
                used = self.fill_frame(data, size)
            elif self._owed:
                used = min(size, self._owed)
                self._owed -= used
                self._on_frame(PyBytes_FromStringAndSize(<char *>data, used))
            elif self._head_bytes == 0 and size >= 2 and size >= header_bytes(data):
                have = header_bytes(data)
                used = have + self.start_frame(data, have, data + have, size - have, writable)
            else:
                used = self.collect_head(data, size, writable)
            data += used
            size -= used
        return 0

    cdef Py_ssize_t collect_head(
            self, unsigned char *data, Py_ssize_t size, bint writable) except -1:
        """Go on with a header that arrives in pieces."""
        cdef int have = self._head_bytes
        cdef int need = header_bytes(self._head) if have >= 2 else 2
        cdef Py_ssize_t used = 0
        while have < need and used < size:
            self._head[have] = data[used]
            have += 1
            used += 1
            if have == 2:
                need = header_bytes(self._head)
        self._head_bytes = have
        if have < need:
            if have >= 2:
                self._on_head(self._head[0], self._head[1])
            return used
        self._head_bytes = 0
        return used + self.start_frame(self._head, have, data + used, size - used, writable)

    cdef Py_ssize_t start_frame(
            self, const unsigned char *head, int head_bytes, unsigned char *data,
            Py_ssize_t size, bint writable) except -1:
        """Begin a frame whose header is whole; return how much of its payload was used."""
        cdef int first = head[0]
        cdef int kind = first & ~RSV1
        cdef Py_ssize_t length = payload_bytes(head)
        cdef unsigned char key[4]
        if length < 0 or (head[1] & 0x80 != 0) != self._is_server:
            return self.hand_over(head, head_bytes, data, size)
        if self._is_server:
            memcpy(key, head + head_bytes - 4, 4)
        if kind == FIN_TEXT or kind == FIN_BINARY:
            if (self.message_open or length > self._frame_bytes_max
                    or (self.inflates == 0 if first & RSV1 else length > self._message_bytes_max)):
                return self.hand_over(head, head_bytes, data, size)
            if length > size:
                self.begin_frame(first, key, length)
                return 0
            self.whole_frame(first, key, data, length, writable)
            return length
        if (first == FIN_PING or first == FIN_PONG) and length <= 125 and length <= size:
            self.control(first, key, data, length)
            return length
        return self.hand_over(head, head_bytes, data, size)

    cdef Py_ssize_t hand_over(
            self, const unsigned char *head, int head_bytes, const unsigned char *data,
            Py_ssize_t size) except -1:
        """Let the protocol judge a frame: what is here of it now, what it owes when it comes."""
        cdef Py_ssize_t length = max(payload_bytes(head), 0)
        cdef Py_ssize_t here = min(length, size)
        cdef bytes frame = PyBytes_FromStringAndSize(NULL, head_bytes + here)
        memcpy(PyBytes_AS_STRING(frame), head, head_bytes)
        memcpy(PyBytes_AS_STRING(frame) + head_bytes, data, here)
        self._owed = length - here
        self._on_frame(frame)
        return here

    cdef int whole_frame(
            self, int first, const unsigned char *key, unsigned char *data, Py_ssize_t length,
            bint writable) except -1:
        """Deliver a message that is one frame, and all here."""
        cdef bint is_text = first & 0x0F == 1
        cdef bytes payload
        cdef unsigned char seen = 0x80
        if is_text and self._decodes and not first & RSV1 and (writable or not self._is_server):
            if self._is_server:
                wire_mask(data, data, length, key, 0)
            return self.deliver_decoded(<const char *>data, length)
        payload = PyBytes_FromStringAndSize(NULL, length)
        if self._is_server:
            seen = wire_mask(<unsigned char *>PyBytes_AS_STRING(payload), data, length, key, 0)
        else:
            memcpy(PyBytes_AS_STRING(payload), data, length)
        if first & RSV1:
            return self.deliver_inflated(first, payload)
        if is_text:
            if self._decodes:
                return self.deliver_decoded(PyBytes_AS_STRING(payload), length)
            if seen & 0x80 and wire_utf8(
                    WIRE_COMPLETE, <const unsigned char *>PyBytes_AS_STRING(payload),
                    length) != WIRE_COMPLETE:
                self._on_bad_text()
                return 0
        return self.deliver(payload, is_text, length)

    cdef int deliver_decoded(self, const char *data, Py_ssize_t length) except -1:
        cdef object text
        try:
            text = PyUnicode_DecodeUTF8(data, length, NULL)
        except UnicodeDecodeError:
            self._on_bad_text()
            return 0
        return self.deliver(text, True, length)

    cdef int deliver_inflated(self, int first, bytes payload) except -1:
        cdef bint is_text = first & 0x0F == 1
        cdef object message = self._inflated(first & 0x0F, payload)
        if message is None:
            return 0
        cdef Py_ssize_t length = len(message)
        if is_text and self._decodes:
            message = message.decode()
        return self.deliver(message, is_text, length)

    cdef int control(
            self, int first, const unsigned char *key, const unsigned char *data,
            Py_ssize_t size) except -1:
        """Answer a ping, report a pong."""
        cdef unsigned char payload[125]
        if self._is_server:
            wire_mask(payload, data, size, key, 0)
        else:
            memcpy(payload, data, size)
        if first == FIN_PONG:
            self._on_pong(PyBytes_FromStringAndSize(<char *>payload, size))
        # 5.5.2: "an endpoint MUST send a Pong frame in response, unless it already received a
        # Close frame"; nothing at all may follow our own Close.
        elif self.can_send:
            self.send_frame(FIN_PONG, None, payload, size)
        return 0

    # A frame that is not all here: it is received into the bytes that its message becomes.

    cdef int begin_frame(self, int first, const unsigned char *key, Py_ssize_t length) except -1:
        if length >= LONG_BYTES:
            keep_the_heap()
        # What a peer announces costs it nothing, so memory follows what it sends.
        self._frame_room = min(length, FRAME_ROOM_BYTES)
        self._frame = _new_bytes(NULL, self._frame_room)
        self._frame_first = first
        self._frame_bytes = length
        self._frame_filled = 0
        self._frame_utf8 = WIRE_COMPLETE
        memcpy(self._frame_key, key, 4)
        return 0

    cdef Py_ssize_t fill_frame(self, const unsigned char *data, Py_ssize_t size) except -1:
        cdef Py_ssize_t used = min(size, self._frame_room - self._frame_filled)
        cdef unsigned char *target = <unsigned char *>_bytes_at(self._frame) + self._frame_filled
        cdef unsigned char seen = 0x80
        if self._is_server:
            seen = wire_mask(target, data, used, self._frame_key, self._frame_filled)
        else:
            memcpy(target, data, used)
        self.filled(used, seen)
        return used

    cdef unsigned char *room(self, Py_ssize_t *size) noexcept:
        if (self._frame == NULL or self.paused or self.discards or self._held is not None
                or self._parsing or self._frame_room - self._frame_filled < WHOLE_BYTES):
            return NULL
        size[0] = self._frame_room - self._frame_filled
        return <unsigned char *>_bytes_at(self._frame) + self._frame_filled

    cdef int took(self, Py_ssize_t size) except -1:
        self.wire_bytes_received += size
        cdef bint corks = self.cork()
        self._parsing = True
        cdef unsigned char *data = <unsigned char *>_bytes_at(self._frame) + self._frame_filled
        cdef unsigned char seen = 0x80
        if self._is_server:
            seen = wire_mask(data, data, size, self._frame_key, self._frame_filled)
        try:
            return self.filled(size, seen)
        finally:
            self._parsing = False
            if corks:
                self.uncork()

    cdef int filled(self, Py_ssize_t size, unsigned char seen) except -1:
        """Validate the bytes that were added to the frame; `seen` are the bits they have."""
        cdef unsigned char *data = <unsigned char *>_bytes_at(self._frame) + self._frame_filled
        self._frame_filled += size
        if self._frame_first == FIN_TEXT and (seen & 0x80 or self._frame_utf8 != WIRE_COMPLETE):
            self._frame_utf8 = wire_utf8(self._frame_utf8, data, size)
            if self._frame_utf8 == WIRE_REJECT:
                self.drop_frame()
                self._on_bad_text()
                return 0
        if self._frame_filled == self._frame_bytes:
            return self.end_frame()
        if self._frame_filled == self._frame_room:
            self._frame_room = min(self._frame_bytes, 2 * self._frame_room)
            _PyBytes_Resize(&self._frame, self._frame_room)
        return 0

    cdef int end_frame(self) except -1:
        cdef int first = self._frame_first
        cdef bint is_whole = first & RSV1 or self._frame_utf8 == WIRE_COMPLETE
        cdef bytes payload = <bytes>self._frame
        self.drop_frame()
        if first & RSV1:
            return self.deliver_inflated(first, payload)
        if not is_whole:
            self._on_bad_text()
            return 0
        if first == FIN_TEXT and self._decodes:
            return self.deliver_decoded(PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))
        return self.deliver(payload, first == FIN_TEXT, PyBytes_GET_SIZE(payload))

    cdef int drop_frame(self) except -1:
        Py_XDECREF(self._frame)
        self._frame = NULL
        return 0

    # --------------------------------------------------------------------------- taking messages

    def deliver_message(self, payload, is_text):
        """Deliver a message that the protocol put together; `payload` is bytes."""
        cdef Py_ssize_t length = len(payload)
        self.deliver(payload.decode() if is_text and self._decodes else payload, is_text, length)

    cdef int deliver(self, object payload, bint is_text, Py_ssize_t length) except -1:
        """Deliver a message of `length` bytes: a str if it is text and to be decoded, else bytes."""
        cdef Undecoded text
        self.messages_received += 1
        self.bytes_received += length
        if not self.can_send:
            return 0  # we are closing, and our user wants no more
        if self._on_message is not None:
            return self.call_back(payload, is_text)
        if is_text and not self._decodes:
            text = Undecoded.__new__(Undecoded)
            text.payload = payload
            payload = text
        if self._inbox is None:
            self._inbox = []
        self._inbox.append(payload)
        if len(self._inbox) - self._inbox_at >= self._inbox_max:
            self._inbox_full()
        return self.wake()

    cdef int call_back(self, object payload, bint is_text) except -1:
        try:
            if self._decodes:
                self._on_message(payload)
            else:
                self._on_message(payload, is_text)
        except Exception as error:
            self._callback_failed(error)
        return 0

    cdef int wake(self) except -1:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return 0

    def wake_reader(self):
        """Let whoever waits for a message look again."""
        self.wake()

    @property
    def waiting_messages(self):
        """How many messages wait to be taken."""
        return 0 if self._inbox is None else len(self._inbox) - self._inbox_at

    @property
    def has_reader(self):
        """Whether a task waits for a message, or a callback takes them."""
        return self._waiter is not None or self._on_message is not None

    @property
    def has_callback(self):
        """Whether a callback takes messages."""
        return self._on_message is not None

    def set_reader(self, on_message, decode):
        """Hand every message to `on_message`: one argument with `decode`, else payload and kind."""
        self._on_message = on_message
        self._decodes = decode

    cdef object pop_raw(self):
        cdef object message = self._inbox[self._inbox_at]
        self._inbox[self._inbox_at] = None
        self._inbox_at += 1
        if self._inbox_at == len(self._inbox):
            self._inbox = None
            self._inbox_at = 0
        return message

    cdef object pop(self, bint decode):
        cdef object message = self.pop_raw()
        if self.paused:
            self._inbox_low()
        if type(message) is Undecoded:
            message = (<Undecoded>message).payload
            return message.decode() if decode else message
        if not decode and type(message) is str:
            return message.encode()
        return message

    def take_all(self, decode=True):
        """Return every message that waits, in a list."""
        cdef list messages = []
        while self._inbox is not None:
            messages.append(self.pop(decode))
        return messages

    def next_message(self, decode=True, iterates=False):
        """Return an awaitable of the next message.

        With `iterates` its end is StopAsyncIteration where `_no_message` says so.
        """
        return waiting_for(self, decode, iterates, False)

    def next_batch(self, decode=True):
        """Return an awaitable of every message that is here, at least one; it iterates."""
        return waiting_for(self, decode, True, True)

    def __aiter__(self):
        return self

    def __anext__(self):
        return waiting_for(self, True, True, False)

    # --------------------------------------------------------------------------------- sending

    def send_nowait(self, payload, *, text=None, bint compress=True):
        """Queue a message; see `send`.

        A peer that lets more than `queued_bytes_max` wait is closed with 1008, and the message that
        would have been too much is dropped.
        """
        cdef const unsigned char *data
        cdef Py_ssize_t size
        cdef bint is_text
        if not self.can_send:
            self._cannot_send()
        if type(payload) is str:
            is_text = text is None or text
            try:
                data = <const unsigned char *>PyUnicode_AsUTF8AndSize(payload, &size)
            except UnicodeEncodeError:
                self._lone_surrogate()
                return
        else:
            if type(payload) is not bytes:
                payload = bytes(memoryview(payload))
            is_text = text is True
            data = <const unsigned char *>PyBytes_AS_STRING(payload)
            size = PyBytes_GET_SIZE(payload)
        self.messages_sent += 1
        self.bytes_sent += size
        if self.deflates and compress:
            payload = self._deflated(PyBytes_FromStringAndSize(<const char *>data, size), is_text)
            self.send_framed(
                payload, <const unsigned char *>PyBytes_AS_STRING(payload),
                PyBytes_GET_SIZE(payload), 1)
        else:
            self.send_frame(FIN_TEXT if is_text else FIN_BINARY, payload, data, size)

    def send(self, payload, *, text=None, bint compress=True):
        """Send a message; await what is returned, which waits while the peer does not read.

        Waiting here replaces `queued_bytes_max`, which this does not look at.

        Args:
            payload: A str travels as text, bytes as binary unless `text` says otherwise.
            text: Whether bytes travel as text; they must be valid UTF-8, which is not checked.
            compress: Whether the message may be compressed, where that was agreed on.

        Raises:
            ConnectionClosedError: The connection is closed or closing.
            LocalProtocolError: A str holds a lone surrogate.
        """
        if self.is_full:
            return self._send_in_turn(payload, text, compress)
        self.send_nowait(payload, text=text, compress=compress)
        if self.is_full:
            return self.drain()
        # While the kernel takes everything there is nothing to wait for, but others want their
        # turn, and a socket that is gone is only told in a later one.
        self._sent_unbroken += 1 + (len(payload) >> 13)
        if self._sent_unbroken >= UNBROKEN_SENDS:
            self._sent_unbroken = 0
            return self._give_way()
        return DONE

    def send_frame_bytes(self, frame, messages=0):
        """Queue what is framed already; it counts as so many messages."""
        cdef bytes framed = frame
        self.messages_sent += messages
        self.send_framed(
            framed, <const unsigned char *>PyBytes_AS_STRING(framed), PyBytes_GET_SIZE(framed),
            messages)

    def put_bytes(self, frame):
        """Send what is framed already, after everything collected so far, whatever is queued."""
        cdef bytes framed = frame
        if self.turn.corked is self:
            self.out_of_cork()
        self.flush_out()
        self.put(<const unsigned char *>PyBytes_AS_STRING(framed), PyBytes_GET_SIZE(framed))

    def flush(self):
        """Send what was collected in this turn, now."""
        if self.turn.corked is self:
            self.out_of_cork()
        self.flush_out()

    @property
    def collected_bytes(self):
        """How many bytes were collected in this turn and have not been sent."""
        cdef Py_ssize_t size = self._out_bytes
        if self.turn.corked is self:
            size += self.turn.cork_bytes
        return size

    cdef int send_frame(
            self, int first, object owner, const unsigned char *data, Py_ssize_t size) except -1:
        """Frame a payload, which `owner` holds, and queue it."""
        cdef unsigned char head[14]
        cdef unsigned char small[2048]
        cdef unsigned char *target
        cdef int head_bytes
        cdef Turn turn = self.turn
        if self._gone:
            return 0
        if size >= WHOLE_BYTES and self._is_server:
            self.flush()
            if not self.is_full:
                head_bytes = wire_header(head, first, size, 0)
                return self.put_pair(head, head_bytes, owner, data, size)
        if self.is_full:
            self._keep(self.framed(first, data, size), first & 0x08 == 0)
            return 0
        if turn.corked is self:
            if turn.cork_bytes + size + 14 > CORK_BYTES:
                self.out_of_cork()
                if self.is_full:
                    self._keep(self.framed(first, data, size), first & 0x08 == 0)
                    return 0
            if size + 14 <= CORK_BYTES:
                turn.cork_bytes += self.write_frame(
                    turn.cork + turn.cork_bytes, first, data, size)
                return 0
        elif self.leaves_at_once() and size + 14 <= <Py_ssize_t>sizeof(small):
            return self.put(small, self.write_frame(small, first, data, size))
        target = self.reserve(size + 14)
        self._out_bytes += self.write_frame(target, first, data, size)
        return self.collected()

    cdef int send_framed(
            self, object owner, const unsigned char *data, Py_ssize_t size, int messages) except -1:
        """Queue frames, which `owner` holds."""
        cdef Turn turn = self.turn
        if self._gone:
            return 0
        if size >= WHOLE_BYTES:
            self.flush()
            if not self.is_full:
                return self.put_pair(NULL, 0, owner, data, size)
        if self.is_full:
            self._keep(owner, messages)
            return 0
        if turn.corked is self:
            if turn.cork_bytes + size > CORK_BYTES:
                self.out_of_cork()
                if self.is_full:
                    self._keep(owner, messages)
                    return 0
            memcpy(turn.cork + turn.cork_bytes, data, size)
            turn.cork_bytes += size
            return 0
        if self.leaves_at_once():
            return self.put_pair(NULL, 0, owner, data, size)
        memcpy(self.reserve(size), data, size)
        self._out_bytes += size
        return self.collected()

    cdef bint leaves_at_once(self) except -1:
        """Say whether a message made now is alone, and note that it was."""
        if (self.turn.number == self._wrote_in or self._out_bytes or self._inbox is not None
                or self.turn.collects):
            return False
        self._wrote_in = self.turn.number
        self.turn.schedule()
        return True

    cdef bint sends_plainly(self) noexcept:
        """Say whether bytes for this link may go to its socket now, past everything here."""
        return (self._socket is not None and not self._gone and self._out_bytes == 0
                and self.turn.corked is not self and self._socket.sends_plainly())

    cdef int collected(self) except -1:
        """Something was added to `_out`: send it now, or at the end of the turn."""
        if self._out_bytes >= CORK_BYTES:
            return self.flush_out()
        if self._inbox is not None:
            self._replying = True
        elif self._replying:
            self._replying = False
            return self.flush_out()
        return self.turn.soil(self)

    cdef Py_ssize_t write_frame(
            self, unsigned char *target, int first, const unsigned char *data,
            Py_ssize_t size) except -1:
        """Write a frame, masked if this is a client; return its size."""
        cdef int head_bytes
        cdef unsigned char *key
        if self._is_server:
            head_bytes = wire_header(target, first, size, 0)
            memcpy(target + head_bytes, data, size)
            return head_bytes + size
        # 5.3: the key "MUST be derived from a strong source of entropy", a new one each frame.
        head_bytes = wire_header(target, first, size, 0x80)
        key = target + head_bytes
        self.turn.next_key(key)
        wire_mask(key + 4, data, size, key, 0)
        return head_bytes + 4 + size

    cdef object framed(self, int first, const unsigned char *data, Py_ssize_t size):
        """Return a frame as bytes of its own."""
        cdef bytes frame
        cdef Py_ssize_t head_bytes = 2 if size < 126 else 4 if size < 65536 else 10
        if not self._is_server:
            head_bytes += 4
        frame = PyBytes_FromStringAndSize(NULL, head_bytes + size)
        self.write_frame(<unsigned char *>PyBytes_AS_STRING(frame), first, data, size)
        return frame

    cdef unsigned char *reserve(self, Py_ssize_t size) except NULL:
        """Return where `size` more bytes may be collected."""
        cdef Py_ssize_t room = self._out_room
        cdef unsigned char *out
        if self._out_bytes + size > room:
            room = max(self._out_bytes + size, 2 * room, OUT_KEPT_BYTES)
            out = <unsigned char *>PyMem_Realloc(self._out, room)
            if out == NULL:
                raise MemoryError
            self._out, self._out_room = out, room
        return self._out + self._out_bytes

    cdef int out_of_cork(self) except -1:
        cdef Py_ssize_t size = self.turn.cork_bytes
        self.turn.cork_bytes = 0
        if size == 0:
            return 0
        if self.is_full:
            self._keep(PyBytes_FromStringAndSize(<char *>self.turn.cork, size), 1)
            return 0
        if self._out_bytes:
            self.flush_out()  # what was sent before the cork leaves before it
        return self.put(self.turn.cork, size)

    cdef int flush_out(self) except -1:
        cdef Py_ssize_t size = self._out_bytes
        cdef unsigned char *out = self._out
        if size == 0:
            return 0
        # The transport may call back: it must find nothing here that is on its way already.
        self._out, self._out_bytes, self._out_room = NULL, 0, 0
        try:
            if self._gone:
                return 0
            if self.is_full:
                self._keep(PyBytes_FromStringAndSize(<char *>out, size), 1)
                return 0
            self.put(out, size)
        finally:
            PyMem_Free(out)
        return 0

    cdef int put(self, const unsigned char *data, Py_ssize_t size) except -1:
        """Hand bytes to the kernel, whose order is the order of sending."""
        if self._gone:
            return 0
        self.sends += 1
        self.wire_bytes_sent += size
        if self._socket is not None:
            self._socket.put(data, size)
            self.is_full = self._socket.buffered != 0
        else:
            self.transport.write(PyBytes_FromStringAndSize(<const char *>data, size))
        return 0

    cdef int put_pair(
            self, const unsigned char *head, Py_ssize_t head_bytes, object owner,
            const unsigned char *data, Py_ssize_t size) except -1:
        """Hand a header and a payload to the kernel, neither copied."""
        if self._gone:
            return 0
        self.sends += 1
        self.wire_bytes_sent += head_bytes + size
        if self._socket is not None:
            self._socket.put_pair(head, head_bytes, owner, data, size)
            self.is_full = self._socket.buffered != 0
            return 0
        if type(owner) is str:
            owner = owner.encode()
        if head_bytes:
            self.transport.writelines(
                (PyBytes_FromStringAndSize(<const char *>head, head_bytes), owner))
        else:
            self.transport.write(owner)
        return 0

    # --------------------------------------------------------------------------- what transports say

    cdef int stuck(self) except -1:
        self.is_full = True
        return 0

    cdef int drained(self) except -1:
        self.is_full = False
        self._on_drained()
        return 0

    def pause_writing(self):
        """Take in that the transport is full."""
        self.is_full = True

    def resume_writing(self):
        """Take in that the transport has room again."""
        self.drained()

    def abandon(self):
        """Forget everything that has not left, and send nothing more: the socket is gone."""
        self._gone = True
        self.is_full = False
        self._out_bytes = 0
        if self.turn.corked is self:
            self.turn.cork_bytes = 0


# What `await` gets from am_send: PySendResult.
cdef enum:
    RETURN = 0
    NEXT = 1


cdef class Done:
    """A coroutine that is over: there was nothing to wait for."""

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def send(self, value):
        """End."""
        raise StopIteration

    def throw(self, *error):
        """Raise."""
        raise error[1] if len(error) > 1 and error[1] is not None else error[0]

    def close(self):
        """Do nothing."""


cdef int send_to_done(PyObject *self, PyObject *value, PyObject **result) except -1:
    Py_INCREF(None)
    result[0] = <PyObject *>None
    return RETURN


set_am_send(Done, send_to_done)
Coroutine.register(Done)
cdef Done DONE = Done()


@cython.freelist(64)
cdef class NextMessage:
    """Waits for a message, or for all that are here; takes it only when the waiting task runs.

    So a task that is cancelled at the last moment loses no message.
    """

    cdef Link _link
    cdef bint _decode, _iterates, _all
    cdef object _waiting

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self.step()

    def send(self, value):
        """Go on; `value` is None."""
        return self.step()

    def throw(self, *error):
        """Stop waiting: the task was cancelled."""
        cdef object waiting = self._waiting
        self.stop_waiting()
        if waiting is None:
            raise error[1] if len(error) > 1 and error[1] is not None else error[0]
        return waiting.throw(*error)

    def close(self):
        """Stop waiting."""
        self.stop_waiting()

    cdef stop_waiting(self):
        if self._waiting is not None:
            self._waiting = None
            self._link._waiter = None

    cdef step(self):
        cdef Link link = self._link
        if self._waiting is not None:
            try:
                return next(self._waiting)
            except StopIteration:
                pass
            finally:
                if self._link._waiter is None or self._link._waiter.done():
                    self.stop_waiting()
        if link._inbox is None:
            link._no_message(self._iterates)
            link._sent_unbroken = 0
            link._waiter = link.turn.loop.create_future()
            self._waiting = iter(link._waiter.__await__())
            return next(self._waiting)
        raise StopIteration(self.take())

    cdef take(self):
        return self._link.take_all(self._decode) if self._all else self._link.pop(self._decode)


cdef NextMessage waiting_for(Link link, bint decode, bint iterates, bint everything):
    cdef NextMessage made = NextMessage.__new__(NextMessage)
    made._link = link
    made._decode = decode
    made._iterates = iterates
    made._all = everything
    if link._on_message is None:
        link._decodes = decode
    return made


cdef int send_to_next_message(PyObject *self, PyObject *value, PyObject **result) except -1:
    cdef NextMessage awaited = <NextMessage>self
    cdef object given
    cdef int outcome = NEXT
    if awaited._waiting is None and awaited._link._inbox is not None:
        given, outcome = awaited.take(), RETURN
    else:
        try:
            given = awaited.step()
        except StopIteration as end:
            given, outcome = end.value, RETURN
    Py_INCREF(given)
    result[0] = <PyObject *>given
    return outcome


set_am_send(NextMessage, send_to_next_message)
