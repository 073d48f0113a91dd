# cython: boundscheck=False, wraparound=False
"""Sockets without a task, a future or a callback each: one set of them, nested in the event loop.

Theory of operation. An `Engine` owns an epoll (Linux) or kqueue (macOS) set, and the running loop,
whichever it is, watches the one descriptor of that set. When it is readable, `Engine.poll` takes up
to 256 ready sockets and lets each do a bounded piece of work: one `recv`, or what the kernel takes
of its queue. What is left makes the set readable again, so timers and other sockets get their turn.

A `SocketTransport` has the interface of an `asyncio.Transport`, so any `asyncio.Protocol` works on
it. A protocol that is a `Receiver` (a `Link`) is not given `bytes`, but the engine's own receive
buffer, or is asked where it wants its data to be: a large message arrives in its final place.

Sockets are found by their descriptor in a table, never by a pointer in an event: a socket that is
closed while events are being worked off is simply no longer there.

Descriptors, their events and buffers that no object owns are what pure-Python mode cannot say, so
this is a `.pyx`. `engine.py` is the same over the standard library's selectors. On Windows, and
where nothing is compiled, sockets are asyncio's own transports.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.errno cimport EMFILE, ENFILE, ENOBUFS, ENOMEM, errno
from libc.string cimport memcpy, memset

import asyncio
import os
import socket
import sys


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL


cdef extern from *:
    """
    #include <string.h>
    #include <stddef.h>
    """


cdef extern from "poller.h" nogil:
    enum: POLLER_READ, POLLER_WRITE, POLLER_EVENTS_MAX, POLLER_AVAILABLE
    int poller_open()
    int poller_watch(int poller, int fd, int before, int now, int is_new)
    void poller_forget(int poller, int fd)
    int poller_take(int poller, poller_event *out)
    int socket_accept(int listener)
    Py_ssize_t socket_receive(int fd, void *data, size_t size)
    Py_ssize_t socket_send(int fd, const void *data, size_t size)
    Py_ssize_t socket_send_pair(
        int fd, const void *head, size_t head_size, const void *data, size_t size)
    void socket_send_at_once(int fd)
    void socket_end_writing(int fd)
    void socket_close(int fd)
    int socket_would_block()


cdef extern from "ring.h" nogil:
    enum: RING_SENDS_MIN
    send_ring *ring_open()
    void ring_close(send_ring *ring)
    void ring_send(send_ring *ring, ring_piece *pieces, Py_ssize_t count)


COMPILED = True
AVAILABLE = bool(POLLER_AVAILABLE)
"""Whether this system has a set of sockets that can be nested in a loop."""

cdef Py_ssize_t BUFFER_BYTES = 128 << 10
cdef int ACCEPTED_A_TURN = 128
cdef double ACCEPT_AGAIN_S = 0.5
cdef int STREAK = 8
cdef int GUESSES = 16

cdef enum:
    UNLOCKED = 64  # from so many sockets on, the interpreter's lock is released
    COLLECTED = 256  # pieces for as many sockets, or so many bytes, are held back at most
    COLLECTED_BYTES = 262144
    ARENA_BYTES = 65536  # of which less than so many are copies
    HELD_BACK = 16


cdef class Flusher:
    """Sends what was collected while the engine worked off its events."""

    cdef int flush_all(self) except -1:
        return 0


cdef class Receiver:
    """A protocol that takes data where it lies."""

    cdef int take(self, unsigned char *data, Py_ssize_t size) except -1:
        """Take in `data`, which may be written to and is not there after the call."""
        return 0

    cdef unsigned char *room(self, Py_ssize_t *size) noexcept:
        """Say where the next bytes are to be received, and how many at most; NULL: anywhere."""
        return NULL

    cdef int took(self, Py_ssize_t size) except -1:
        """Take in that so many bytes are in that room now."""
        return 0

    cdef int stuck(self) except -1:
        """Take in that the kernel takes no more for now."""
        return 0

    cdef int drained(self) except -1:
        """Take in that everything that was written has left."""
        return 0


cdef class Watched:
    """One descriptor in an engine's set.

    Attributes:
        fd: The descriptor; -1 once it is closed.
        engine: Whose set it is in.
    """

    cdef int watch(self, int mask) except -1:
        """Watch for reading, writing, both or (0) nothing, not even a hang-up."""
        if mask == self._watched_for or self.fd < 0:
            return 0
        if mask == 0:
            poller_forget(self.engine._poller, self.fd)
        elif poller_watch(
                self.engine._poller, self.fd, self._watched_for, mask, self._watched_for == 0) < 0:
            raise OSError(errno, os.strerror(errno))
        self._watched_for = mask
        return 0

    cdef int forget(self) except -1:
        """Close the descriptor and leave the engine."""
        if self.fd >= 0:
            self.watch(0)
            self.engine.leave(self)
            socket_close(self.fd)
            self.fd = -1
        return 0

    cdef int ready(self, int events) except -1:
        return 0

    cdef bint try_read(self) except -1:
        """Read if there is something to read; say whether there was."""
        return False

    cdef int failed(self, object error) except -1:
        """Take in that `ready` raised."""
        return 0

    def __dealloc__(self):
        if self.fd >= 0:
            socket_close(self.fd)

    def __cinit__(self):
        self.fd = -1


cdef int span(object owner, const unsigned char **data, Py_ssize_t *size) except -1:
    """Find the bytes of a bytes object, or the UTF-8 of a str; they live as long as it does."""
    if type(owner) is bytes:
        data[0] = <const unsigned char *>PyBytes_AS_STRING(owner)
        size[0] = PyBytes_GET_SIZE(owner)
    else:
        data[0] = <const unsigned char *>PyUnicode_AsUTF8AndSize(owner, size)
    return 0


cdef class SocketTransport(Watched):
    """A connected stream socket in an engine's set; see `asyncio.Transport`.

    Attributes:
        protocol: Who is told what happens.
        buffered: Bytes written that the kernel has not taken yet.
    """

    def __init__(self, Engine engine, int fd):
        """Take over `fd`, connected and not blocking. Nothing is read before `start`."""
        self.engine = engine
        self.fd = fd
        self._high = 64 << 10
        self._low = 16 << 10
        engine.enter(self)

    def start(self, protocol):
        """Tell `protocol` that the connection is made, and read from here on."""
        self.set_protocol(protocol)
        self._reading = True
        protocol.connection_made(self)
        self.update_watch()

    # ------------------------------------------------------------------- asyncio.BaseTransport

    def set_protocol(self, protocol):
        """Tell another protocol from here on."""
        self.protocol = protocol
        self._receiver = protocol if isinstance(protocol, Receiver) else None

    def get_protocol(self):
        """Return who is told what happens."""
        return self.protocol

    def is_closing(self):
        """Return whether the transport is closed or closing."""
        return self._closing

    def get_extra_info(self, name, default=None):
        """Return "peername", "sockname" or "socket" (this object, with `setsockopt`)."""
        if self.fd < 0:
            return default
        if name == "socket":
            return self
        if name in ("peername", "sockname"):
            sock = socket.socket(fileno=self.fd)
            try:
                return sock.getpeername() if name == "peername" else sock.getsockname()
            except OSError:
                return default
            finally:
                sock.detach()
        return default

    def setsockopt(self, level, option, value):
        """Set an option of the socket; raise OSError where it cannot be."""
        sock = socket.socket(fileno=self.fd)
        try:
            sock.setsockopt(level, option, value)
        finally:
            sock.detach()

    def getsockopt(self, level, option):
        """Return an option of the socket as an integer."""
        sock = socket.socket(fileno=self.fd)
        try:
            return sock.getsockopt(level, option)
        finally:
            sock.detach()

    def fileno(self):
        """Return the descriptor; -1 once it is closed."""
        return self.fd

    def close(self):
        """Send what is buffered, then close."""
        if self._closing:
            return
        self._closing = True
        self._reading = False
        self.settle()
        if self.buffered == 0:
            self.lose(None)
        else:
            self.update_watch()

    def abort(self):
        """Close at once; what is buffered is lost."""
        self._closing = True
        self.lose(None)

    # ------------------------------------------------------------------- asyncio.ReadTransport

    def is_reading(self):
        """Return whether the socket is read."""
        return self._reading

    def pause_reading(self):
        """Read nothing until `resume_reading`."""
        self._reading = False
        self.update_watch()

    def resume_reading(self):
        """Read again."""
        if not self._closing and not self._lost:
            self._reading = True
            self.update_watch()

    # ------------------------------------------------------------------ asyncio.WriteTransport

    def write(self, data):
        """Send bytes, or keep them until the kernel takes them."""
        cdef const unsigned char *start
        cdef Py_ssize_t size
        if type(data) is not bytes:
            data = bytes(data)
        span(data, &start, &size)
        if size == 0 or self._lost:
            return
        if size >= 16384:
            self.put_pair(NULL, 0, data, start, size)
        else:
            self.put(start, size)
        self.tell_full()

    def writelines(self, pieces):
        """Send several pieces as one."""
        self.write(b"".join(pieces))

    def write_eof(self):
        """End our half of the stream once everything is sent."""
        if self._ends or self._lost:
            return
        self.settle()
        self._ends = True
        if self.buffered == 0:
            socket_end_writing(self.fd)

    def can_write_eof(self):
        """Return True: a socket has two halves."""
        return True

    def get_write_buffer_size(self):
        """Return how many bytes wait for the kernel."""
        return self.buffered

    def get_write_buffer_limits(self):
        """Return the low and the high mark."""
        return self._low, self._high

    def set_write_buffer_limits(self, high=None, low=None):
        """Set from how many bytes on the protocol is told to pause."""
        if high is None:
            high = 64 << 10 if low is None else 4 * low
        self._high = high
        self._low = high // 4 if low is None else low

    cdef int is_stuck(self) except -1:
        return self.tell_full() if self._receiver is None else self._receiver.stuck()

    cdef int tell_full(self) except -1:
        if self._receiver is None and not self._protocol_paused and self.buffered > self._high:
            self._protocol_paused = True
            self.protocol.pause_writing()
        return 0

    # ------------------------------------------------------------------------------ the inside

    cdef bint sends_plainly(self) noexcept:
        """Say whether bytes written now would go to the kernel as they are, at once."""
        return self.buffered == 0 and not self._lost and not self._ends and not self._collected

    cdef int settle(self) except -1:
        """Send what the engine holds back of this socket."""
        return self.engine.send_collected() if self._collected else 0

    cdef int put(self, const unsigned char *data, Py_ssize_t size) except -1:
        """Send `data`, of which a copy is kept where the kernel does not take it."""
        cdef Py_ssize_t sent = 0
        self.settle()
        if self._lost or self._ends:
            return 0
        if self.buffered == 0:
            if self.engine._collecting and size <= ARENA_BYTES:
                return self.engine.collect_copy(self, data, size)
            sent = socket_send(self.fd, data, size)
            if sent == size:
                return 0
            if sent < 0:
                if not socket_would_block():
                    return self.broke()
                sent = 0
        return self.refused(sent, data, size)

    cdef int refused(self, Py_ssize_t sent, const unsigned char *data, Py_ssize_t size) except -1:
        """Keep a copy of what the kernel did not take."""
        return self.keep(
            PyBytes_FromStringAndSize(<const char *>data + sent, size - sent), size - sent)

    cdef int was_sent(
            self, Py_ssize_t sent, bytes owner, const unsigned char *data,
            Py_ssize_t size) except -1:
        """Take in what `Engine.send_all` did with bytes, which `owner` holds, if there is one."""
        if sent < 0:
            errno = <int>-sent
            return self.broke()
        if owner is None:
            return self.refused(sent, data, size)
        self._queue_offset = sent
        return self.keep(owner, size - sent)

    cdef int put_pair(
            self, const unsigned char *head, Py_ssize_t head_size, object owner,
            const unsigned char *data, Py_ssize_t size) except -1:
        """Send `head` and `data`, which `owner` holds; of `data` nothing is ever copied."""
        cdef Py_ssize_t sent = 0
        self.settle()
        if self._lost or self._ends:
            return 0
        if self.buffered == 0:
            if self.engine._collecting and head_size == 0 and size <= COLLECTED_BYTES:
                return self.engine.collect(self, owner, data, size)
            if head_size:
                sent = socket_send_pair(self.fd, head, head_size, data, size)
            else:
                sent = socket_send(self.fd, data, size)
            if sent == head_size + size:
                return 0
            if sent < 0:
                if not socket_would_block():
                    return self.broke()
                sent = 0
        if sent < head_size:
            self.keep(
                PyBytes_FromStringAndSize(<const char *>head + sent, head_size - sent),
                head_size - sent)
            sent = head_size
        sent -= head_size
        if self.buffered == 0:
            self._queue_offset = sent
        return self.keep(owner, size - sent)

    cdef int keep(self, object owner, Py_ssize_t size) except -1:
        if self._queue is None:
            self._queue = []
        self._queue.append(owner)
        self.buffered += size
        return self.update_watch()

    cdef int flush(self) except -1:
        """Give the kernel what it takes of the queue."""
        cdef const unsigned char *data
        cdef Py_ssize_t size, sent
        cdef int done = 0
        while self.buffered:
            span(self._queue[done], &data, &size)
            data += self._queue_offset
            size -= self._queue_offset
            sent = socket_send(self.fd, data, size)
            if sent < 0:
                if not socket_would_block():
                    return self.broke()
                break
            self.buffered -= sent
            if sent < size:
                self._queue_offset += sent
                break
            self._queue_offset = 0
            done += 1
        if self.buffered:
            if done:
                del self._queue[:done]
            return 0
        self._queue = None
        if self._receiver is not None:
            self._receiver.drained()
        elif self._protocol_paused:
            self._protocol_paused = False
            self.protocol.resume_writing()
        if self.buffered == 0 and not self._lost:
            self.flushed()
        return self.update_watch()

    cdef int flushed(self) except -1:
        """Do what was to be done once everything is sent."""
        if self._closing:
            return self.lose(None)
        return self.end() if self._ends else 0

    cdef int end(self) except -1:
        """End our half of the stream: everything is sent."""
        assert not self._collected
        self._ends = True
        socket_end_writing(self.fd)
        return 0

    cdef int update_watch(self) except -1:
        if self._lost:
            return 0
        return self.watch(
            (POLLER_READ if self._reading else 0) | (POLLER_WRITE if self.buffered else 0))

    cdef int ready(self, int events) except -1:
        if events & POLLER_WRITE and self.buffered:
            self.flush()
        if events & POLLER_READ and self._reading and not self._lost:
            self.receive()
        return 0

    cdef bint try_read(self) except -1:
        if not self._reading or self._lost or self.buffered:
            return False
        self._found_nothing = False
        self.receive()
        return not self._found_nothing

    cdef int failed(self, object error) except -1:
        self.engine.loop.call_exception_handler(
            {"message": "a protocol failed", "exception": error, "protocol": self.protocol})
        self._closing = True
        return self.lose(error)

    cdef int receive(self) except -1:
        cdef unsigned char *room = NULL
        cdef Py_ssize_t got, size = 0
        if self._receiver is not None:
            room = self._receiver.room(&size)
        if room != NULL:
            got = socket_receive(self.fd, room, min(size, BUFFER_BYTES))
            if got > 0:
                return self._receiver.took(got)
        else:
            got = socket_receive(self.fd, self.engine._buffer, BUFFER_BYTES)
            if got > 0:
                if self._receiver is not None:
                    return self._receiver.take(self.engine._buffer, got)
                self.protocol.data_received(
                    PyBytes_FromStringAndSize(<char *>self.engine._buffer, got))
                return 0
        if got == 0:
            return self.received_end()
        if socket_would_block():
            self._found_nothing = True
            return 0
        return self.broke()

    cdef int received_end(self) except -1:
        self._reading = False
        self.update_watch()
        if not self.protocol.eof_received():
            self.close()
        return 0

    cdef int broke(self) except -1:
        """Take in that the kernel gave the connection up; errno says why."""
        self._closing = True
        return self.lose(OSError(errno, os.strerror(errno)))

    cdef int lose(self, object error) except -1:
        if self._lost:
            return 0
        self._lost = True
        self._reading = False
        self.settle()
        self.buffered = 0
        self._queue = None
        self.forget()
        self.engine.loop.call_soon(self._tell_lost, error)
        return 0

    def _tell_lost(self, error):
        protocol = self.protocol
        self.protocol = None
        self._receiver = None
        protocol.connection_lost(error)


cdef class Listener(Watched):
    """A listening socket: every connection it accepts becomes a transport with a protocol."""

    cdef object _factory, _transport
    cdef bint _sets_nodelay

    def __init__(self, Engine engine, sock, factory, transport=SocketTransport):
        """Accept on `sock`, which is bound and listening; it is this object's from here on.

        Args:
            engine: Whose set the sockets join.
            sock: As above.
            factory: Returns a protocol for each connection.
            transport: Makes a transport of an engine and a descriptor.
        """
        self.engine = engine
        self._factory = factory
        self._transport = transport
        self._sets_nodelay = sock.family in (socket.AF_INET, socket.AF_INET6)
        sock.setblocking(False)
        self.fd = sock.detach()
        engine.enter(self)
        self.watch(POLLER_READ)

    def close(self):
        """Accept no more."""
        self.forget()

    cdef int ready(self, int events) except -1:
        cdef int fd, i
        for i in range(ACCEPTED_A_TURN):
            fd = socket_accept(self.fd)
            if fd < 0:
                if not socket_would_block():
                    self.accept_failed()
                return 0
            self.welcome(fd)
            if self.fd < 0:
                return 0
        return 0

    cdef int welcome(self, int fd) except -1:
        cdef SocketTransport transport
        try:
            transport = self._transport(self.engine, fd)
        except BaseException:
            socket_close(fd)
            raise
        try:
            if self._sets_nodelay:
                socket_send_at_once(fd)
            transport.start(self._factory())
        except OSError:  # it was reset before it was accepted
            transport.abort()
        except BaseException as error:
            transport.failed(error)
        return 0

    cdef int accept_failed(self) except -1:
        """Out of descriptors or memory: let those who are here finish. Else only one was lost."""
        if errno in (EMFILE, ENFILE, ENOBUFS, ENOMEM):
            error = OSError(errno, os.strerror(errno))
            self.watch(0)
            self.engine.loop.call_later(ACCEPT_AGAIN_S, self._accept_again)
            self.engine.loop.call_exception_handler(
                {"message": "cannot accept a connection", "exception": error})
        return 0

    def _accept_again(self):
        self.watch(POLLER_READ)


cdef class Engine:
    """The set of sockets of one event loop.

    The loop watches it while there is a socket in it, and only then.

    Attributes:
        loop: The loop.
        uses_ring: Whether sends to many sockets may be one call of the kernel, where it can.
    """

    def __cinit__(self):
        self._poller = -1

    def __init__(self, loop):
        """Open an empty set.

        Raises:
            OSError: There are no descriptors left, or this system has no such sets.
        """
        self.loop = loop
        self.uses_ring = True
        self._poll = self.poll
        self._collected_by, self._collected_owners = [], []
        self._buffer = <unsigned char *>PyMem_Malloc(BUFFER_BYTES + ARENA_BYTES)
        if self._buffer == NULL:
            raise MemoryError
        self._poller = poller_open()
        if self._poller < 0:
            raise OSError(errno, os.strerror(errno))

    def __dealloc__(self):
        ring_close(self._ring)
        if self._poller >= 0:
            socket_close(self._poller)
        PyMem_Free(self._table)
        PyMem_Free(self._buffer)

    def end_turns_with(self, Flusher flusher):
        """Call `flusher` each time events have been worked off."""
        self._flusher = flusher

    def adopt(self, sock, protocol, *, nodelay=True, transport=SocketTransport):
        """Take over a connected socket and start `protocol` on it; return the transport."""
        sock.setblocking(False)
        if nodelay and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "SO_NOSIGPIPE"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_NOSIGPIPE, 1)
        cdef SocketTransport made = transport(self, sock.fileno())
        sock.detach()  # not before: if nothing is made of it, it is still the caller's
        made.start(protocol)
        return made

    cdef int enter(self, Watched member) except -1:
        cdef int size = self._table_size
        cdef void **table
        if member.fd >= size:
            while size <= member.fd:
                size = size * 2 if size else 64
            table = <void **>PyMem_Realloc(self._table, size * sizeof(void *))
            if table == NULL:
                raise MemoryError
            memset(table + self._table_size, 0, (size - self._table_size) * sizeof(void *))
            self._table = table
            self._table_size = size
        assert self._table[member.fd] == NULL
        Py_INCREF(member)
        self._table[member.fd] = <void *>member
        self._members += 1
        if self._members == 1:
            self.loop.add_reader(self._poller, self._poll)
        return 0

    cdef int leave(self, Watched member) except -1:
        assert self._table[member.fd] == <void *>member
        self._table[member.fd] = NULL
        self._members -= 1
        if self._members == 0 and not self.loop.is_closed():
            self.loop.remove_reader(self._poller)
        Py_DECREF(member)
        return 0

    def poll(self):
        """Work off what is ready: at most 256 sockets, a bounded piece of work for each."""
        cdef poller_event events[POLLER_EVENTS_MAX]
        cdef int count
        if self._guesses and self.guess():
            return
        count = poller_take(self._poller, events)
        self.learn(events, count)
        if count < RING_SENDS_MIN:
            self.work_off(events, count)
            return
        self.start_collecting()
        try:
            self.work_off(events, count)
        finally:
            self.stop_collecting()

    cdef int work_off(self, const poller_event *events, int count) except -1:
        cdef int i, fd
        cdef Watched member
        for i in range(count):
            if i % HELD_BACK == 0:
                self.send_collected()
            fd = events[i].fd
            if fd >= self._table_size or self._table[fd] == NULL:
                continue
            member = <Watched>self._table[fd]
            try:
                member.ready(events[i].ready)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                member.failed(error)
        if self._flusher is not None:
            self._flusher.flush_all()
        return 0

    cdef bint has_ring(self) noexcept:
        if self._ring == NULL and not self._asked_for_ring:
            self._asked_for_ring = True
            self._ring = ring_open()
        return self.uses_ring and self._ring != NULL

    cdef int send_all(self, ring_piece *pieces, Py_ssize_t count) except -1:
        """Send each piece to its socket; `sent` of each becomes how many it took, or -errno."""
        cdef send_ring *ring = self._ring if count >= RING_SENDS_MIN and self.has_ring() else NULL
        if count >= UNLOCKED:
            with nogil:
                ring_send(ring, pieces, count)
        else:
            ring_send(ring, pieces, count)
        return 0

    # Where several sockets are given something one after the other, what they are given may be held
    # back for a moment, to leave in one call of the kernel. Whatever else is done to one of them
    # first sends that (`settle`), and nobody waits for more than HELD_BACK others.

    cdef int start_collecting(self) except -1:
        self._collecting = self.has_ring()
        return 0

    cdef int stop_collecting(self) except -1:
        self._collecting = False
        return self.send_collected()

    cdef int collect(
            self, SocketTransport transport, object owner, const unsigned char *data,
            Py_ssize_t size) except -1:
        """Hold back bytes that begin where those of `owner` do, which holds them."""
        cdef ring_piece *piece
        if self._collected_count == COLLECTED or self._collected_bytes >= COLLECTED_BYTES:
            self.send_collected()
        piece = self._collected + self._collected_count
        piece.fd, piece.data, piece.size = transport.fd, data, size
        self._collected_by.append(transport)
        self._collected_owners.append(owner)
        self._collected_count += 1
        self._collected_bytes += size
        transport._collected = True
        return 0

    cdef int collect_copy(
            self, SocketTransport transport, const unsigned char *data, Py_ssize_t size) except -1:
        """Hold back a copy of bytes."""
        cdef unsigned char *copy
        if self._arena_used + size > ARENA_BYTES or self._collected_count == COLLECTED:
            self.send_collected()
        copy = self._buffer + BUFFER_BYTES + self._arena_used
        memcpy(copy, data, size)
        self._arena_used += size
        return self.collect(transport, None, copy, size)

    cdef int send_collected(self) except -1:
        cdef Py_ssize_t i, count = self._collected_count
        cdef SocketTransport transport
        cdef ring_piece *piece
        cdef list by = self._collected_by, owners = self._collected_owners
        if count == 0:
            return 0
        self.send_all(self._collected, count)
        self._collected_by, self._collected_owners = [], []
        self._collected_count, self._collected_bytes, self._arena_used = 0, 0, 0
        for i in range(count):
            transport = <SocketTransport>by[i]
            transport._collected = False
        for i in range(count):
            piece = self._collected + i
            transport = <SocketTransport>by[i]
            if piece.sent != piece.size and not transport._lost:
                transport.was_sent(
                    piece.sent, <bytes>owners[i], <const unsigned char *>piece.data, piece.size)
                if transport.buffered:
                    transport.is_stuck()
        return 0

    # One connection that is asked and answers, again and again, costs four calls of the kernel a
    # message, and one of them only says what was to be expected. So where the same socket alone was
    # ready several times in a row, it is read without asking; that is asked again now and then, for
    # the others' sake, and whenever nothing was there.

    cdef int learn(self, const poller_event *events, int count) noexcept:
        cdef bint same = count == 1 and events[0].fd == self._usual and events[0].ready == POLLER_READ
        self._streak = self._streak + 1 if same else 0
        self._usual = events[0].fd if count == 1 else -1
        self._guesses = GUESSES if self._streak >= STREAK else 0
        return 0

    cdef bint guess(self) except -1:
        """Read the usual socket; say whether there was something to read."""
        cdef Watched member
        cdef bint found = False
        self._guesses -= 1
        if self._usual >= self._table_size or self._table[self._usual] == NULL:
            self._guesses = 0
            return False
        member = <Watched>self._table[self._usual]
        try:
            found = member.try_read()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            member.failed(error)
            found = True
        if not found:
            self._guesses = 0
            return False
        if self._flusher is not None:
            self._flusher.flush_all()
        return True
