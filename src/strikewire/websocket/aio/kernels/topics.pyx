# cython: boundscheck=False, wraparound=False
"""Publish once: framed once, compressed once, one call of the kernel a subscriber for all of it.

Theory of operation. `publish` frames a message and adds it to what waits; `flush` sends everything
that waits to each subscriber in one piece. Most subscribers have nothing else on its way and take
the same bytes: their sockets are collected in an array and served at once, without the
interpreter's lock where there are many, and in one call of the kernel where it can (`ring.h`). What a socket does not take is kept for it. A subscriber that
is behind already gets its messages one by one into its backlog, where the topic's `SlowReader`
policy holds.

A subscriber that joins while messages wait gets none of those from before; one that leaves gets them
all, at once.

Arrays of sockets and a loop without the lock are what pure-Python mode cannot say, so this is a
`.pyx`; `topics.py` is the same class without a compiler.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memcpy
from strikewire.websocket.aio.kernels.engine cimport Engine, SocketTransport, ring_piece
from strikewire.websocket.aio.kernels.link cimport Link, Turn

from strikewire.websocket.published import Published


cdef enum:
    COPIED_BYTES = 16384  # longer pieces are kept by reference where a socket does not take them
    KEPT_BYTES = 65536
    COMPRESSED_BYTES = 32  # a shorter message gains nothing; sent plain to all it leaves no gap


cdef class Blob:
    """Frames put together."""

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int add(self, bytes frame) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(frame)
        cdef unsigned char *data
        if self.size + size > self.room:
            self.room = max(2 * self.room, self.size + size, 1024)
            data = <unsigned char *>PyMem_Realloc(self.data, self.room)
            if data == NULL:
                raise MemoryError
            self.data = data
        memcpy(self.data + self.size, PyBytes_AS_STRING(frame), size)
        self.size += size
        self.owner = None
        return 0

    cdef const unsigned char *whole(self) except NULL:
        """Return the frames; from COPIED_BYTES on they are a bytes object, so `owner` is set."""
        if self.size < COPIED_BYTES:
            return self.data
        if self.owner is None:
            self.owner = PyBytes_FromStringAndSize(<char *>self.data, self.size)
        return <const unsigned char *>PyBytes_AS_STRING(self.owner)

    def clear(self):
        """Forget the frames."""
        self.size = 0
        self.owner = None
        if self.room > KEPT_BYTES:
            PyMem_Free(self.data)
            self.data, self.room = NULL, 0


cdef class Topic(Flusher):
    """The hot half of a topic; see `strikewire.websocket.aio.topics.Topic`.

    Attributes:
        turn: Of the loop it lives on.
        slow_reader: The policy for subscribers that do not read.
        group: The shared deflate stream, or None.
        published: Messages published.
        delivered: Messages times the subscribers they were sent to at once.
    """

    def __init__(self, turn, *, flush, slow_reader, group):
        self.turn = turn
        self.slow_reader = slow_reader
        self.group = group
        self._is_immediate = flush == "immediate"
        self._interval_s = None if isinstance(flush, str) else flush
        self._members = []
        self._places = {}
        self._newcomers = []
        self._pending = []
        self._keys = []
        self._plain = Blob()
        self._squeezed = Blob()

    def __dealloc__(self):
        PyMem_Free(self._pieces)

    def __len__(self):
        return len(self._places)

    def __contains__(self, link):
        return link in self._places

    def __iter__(self):
        return iter(tuple(self._places))

    def add(self, Link link):
        """Let `link` have what is published from here on; once is enough."""
        assert link.turn is self.turn
        if link in self._places:
            return False
        if self._pending:
            self._places[link] = -1
            self._newcomers.append((link, len(self._pending)))
        else:
            self._places[link] = len(self._members)
            self._members.append(link)
        return True

    def remove(self, Link link):
        """Send `link` what waits for it, and nothing that is published from here on."""
        cdef Py_ssize_t place = self._places.pop(link, -2)
        cdef Link last
        if place == -2:
            return False
        if place == -1:
            for waiting in self._newcomers:
                if waiting[0] is link:
                    self._newcomers.remove(waiting)
                    self.send_to(link, waiting[1])
                    break
            return True
        if self._pending:
            self.send_to(link, 0)
        last = self._members.pop()
        if last is not link:
            self._members[place] = last
            self._places[last] = place
        return True

    def publish_bytes(self, bytes payload, bint is_text, key):
        """Publish a message."""
        self.published += 1
        if not self._places:
            return
        shared = None
        if self.group is not None and PyBytes_GET_SIZE(payload) >= COMPRESSED_BYTES:
            shared = self.group.add(payload)
        message = Published(payload, is_text=is_text, shared=shared)
        if shared is not None:
            if self._shared == 0:
                self._first_shared = message.sequence
                self._starts_with_keyframe = message.is_keyframe
            elif message.is_keyframe:
                self._has_keyframe = True
            self._shared += 1
        self._pending.append(message)
        self._keys.append(key)
        self._payload_bytes += PyBytes_GET_SIZE(payload)
        self._plain.add(message.plain)
        if self.group is not None:
            self._squeezed.add(message.plain if shared is None else message.squeezed)
        if self._is_immediate:
            self.send_pending()
        elif not self._waits:
            self._waits = True
            if self._interval_s is None:
                self.turn.flush_before_end(self)
            else:
                self._timer = self.turn.loop.call_later(self._interval_s, self.flush)

    def flush(self):
        """Send what waits, now."""
        self.send_pending()

    cdef int flush_all(self) except -1:
        return self.send_pending()

    cdef int send_pending(self) except -1:
        cdef list members = self._members
        cdef list plain = [], squeezed = [], encrypted = [], encrypted_squeezed = []
        cdef Link link
        cdef Blob blob
        cdef Py_ssize_t count = len(self._pending)
        self._waits = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if count == 0:
            return 0
        for link in members:
            if not link.can_send:
                continue
            if link.is_full:
                self.send_to(link, 0)
                continue
            blob = self._plain
            if self._shared and link.shared_group is self.group:
                if self._starts_with_keyframe or link.next_shared == self._first_shared:
                    link.next_shared = self._first_shared + self._shared
                    blob = self._squeezed
                elif self._has_keyframe:
                    self.send_to(link, 0)
                    continue
                else:
                    link.next_shared = -1
                    self.group.ask_for_keyframe()
            if self.turn.collects or link._socket is None:
                self.send_blob(link, blob)
            elif not link.sends_plainly():
                (encrypted if blob is self._plain else encrypted_squeezed).append(link)
            elif blob is self._plain:
                plain.append(link)
            else:
                squeezed.append(link)
        self.send_batch(plain, self._plain)
        self.send_batch(squeezed, self._squeezed)
        self.send_encrypted(encrypted, self._plain)
        self.send_encrypted(encrypted_squeezed, self._squeezed)
        newcomers, self._newcomers = self._newcomers, []
        for link, skipped in newcomers:
            self.send_to(link, skipped)
            self._places[link] = len(members)
            members.append(link)
        self._pending = []
        self._keys = []
        self._payload_bytes = 0
        self._shared = 0
        self._has_keyframe = False
        self._plain.clear()
        self._squeezed.clear()
        return 0

    cdef int send_to(self, Link link, Py_ssize_t skipped) except -1:
        """Send what waits, but for the first so many messages, to one subscriber."""
        cdef Py_ssize_t i, size = 0
        cdef list frames
        cdef bytes joined
        if not link.can_send:
            return 0
        if link.is_full:
            for i in range(skipped, len(self._pending)):
                link.send_published(self, self._pending[i], self._keys[i], self.slow_reader)
                if not link.can_send:
                    break
            return 0
        frames = [message.frame_for(link) for message in self._pending[skipped:]]
        if not frames:
            return 0
        if self.group is not None and link.shared_group is self.group and link.next_shared == -1:
            self.group.ask_for_keyframe()
        for i in range(skipped, len(self._pending)):
            size += self._pending[i].size
        link.messages_sent += len(frames)
        link.bytes_sent += size
        self.delivered += len(frames)
        joined = frames[0] if len(frames) == 1 else b"".join(frames)
        link.send_framed(
            joined, <const unsigned char *>PyBytes_AS_STRING(joined), PyBytes_GET_SIZE(joined),
            len(frames))
        return link.flush_out() if self._is_immediate else 0

    cdef int send_blob(self, Link link, Blob blob) except -1:
        """Send the same bytes to one of those whose sockets are not plain, or are not idle."""
        cdef Py_ssize_t messages = len(self._pending)
        cdef const unsigned char *data = blob.whole()
        link.messages_sent += messages
        link.bytes_sent += self._payload_bytes
        self.delivered += messages
        if blob.owner is None:
            blob.owner = PyBytes_FromStringAndSize(<char *>data, blob.size)
        link.send_framed(
            blob.owner, <const unsigned char *>PyBytes_AS_STRING(blob.owner), blob.size, messages)
        return link.flush_out() if self._is_immediate else 0

    cdef int send_batch(self, list links, Blob blob) except -1:
        """Send the same bytes to sockets that have nothing else on its way."""
        cdef Py_ssize_t i, count = len(links), messages = len(self._pending)
        cdef Link link
        cdef const unsigned char *data
        cdef Py_ssize_t size = blob.size
        if count == 0:
            return 0
        data = blob.whole()
        self.make_room(count)
        for i in range(count):
            link = <Link>links[i]
            self._pieces[i].fd, self._pieces[i].data = link._socket.fd, data
            self._pieces[i].size = size
        link._socket.engine.send_all(self._pieces, count)
        self.delivered += count * messages
        for i in range(count):
            link = <Link>links[i]
            link.messages_sent += messages
            link.bytes_sent += self._payload_bytes
            link.sends += 1
            link.wire_bytes_sent += size
            link._wrote_in = self.turn.number
            if self._pieces[i].sent != size:
                link._socket.was_sent(self._pieces[i].sent, blob.owner, data, size)
                link.is_full = link._socket.buffered != 0
        return self.turn.schedule()

    cdef int send_encrypted(self, list links, Blob blob) except -1:
        """Send the same bytes to sockets that each make other bytes of them."""
        cdef Engine engine
        cdef Link link
        cdef bint collecting
        if not links:
            return 0
        engine = (<Link>links[0])._socket.engine
        collecting = engine._collecting
        engine.start_collecting()
        try:
            for link in links:
                self.send_blob(link, blob)
        finally:
            if not collecting:
                engine.stop_collecting()
        return 0

    cdef int make_room(self, Py_ssize_t count) except -1:
        cdef ring_piece *pieces
        if count <= self._room:
            return 0
        count = max(count, 2 * self._room)
        pieces = <ring_piece *>PyMem_Realloc(self._pieces, count * sizeof(ring_piece))
        if pieces == NULL:
            raise MemoryError
        self._pieces, self._room = pieces, count
        return 0
