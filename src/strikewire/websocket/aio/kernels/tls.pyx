# cython: boundscheck=False, wraparound=False
"""TLS on the engine's sockets: one call of the kernel and one record for all that leaves together.

Theory of operation. OpenSSL works on memory, through the standard library's `ssl`: what is received
goes into one memory buffer and comes out of it decrypted, what is sent goes in decrypted and comes
out of another. While what one `recv` brought is worked off, everything that is sent is only
encrypted; it leaves in one call at the end.

Closing sends close_notify and ends our half of the stream, then reads and drops what still comes, so
that a reset does not overtake our last words.

It builds on the engine's sockets, so it is a `.pyx` as they are; `tls.py` is the same over theirs.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy
from strikewire.websocket.aio.kernels.engine cimport Engine, Receiver, SocketTransport

import ssl


cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *data, Py_ssize_t size, int flags)
    enum: PyBUF_READ


cdef extern from "poller.h" nogil:
    Py_ssize_t socket_receive(int fd, void *data, size_t size)
    int socket_would_block()


cdef enum:
    RECORD_BYTES = 16384
    RECEIVED_BYTES = 131072

cdef double CLOSE_S = 5.0


cdef class TlsTransport(SocketTransport):
    """A connected socket that speaks TLS; see `asyncio.Transport`.

    The protocol is told that the connection is made once hands are shaken.
    """

    cdef object _tls, _tls_read, _tls_write, _incoming, _outgoing, _plain_view
    cdef object _take_in, _take_out
    cdef bytearray _plain
    cdef object _on_open, _timer, _context
    cdef bint _open, _working, _told

    def __init__(
            self, Engine engine, int fd, context, *, server_side, server_hostname=None,
            handshake_timeout_s=None, on_open=None):
        """Take over `fd`, connected and not blocking.

        Args:
            engine: Whose set it joins.
            fd: The descriptor.
            context: An `ssl.SSLContext`.
            server_side: Whether this end is the server.
            server_hostname: Whose certificate a client expects.
            handshake_timeout_s: After which the handshake is given up; None never does.
            on_open: Called with None once hands are shaken, or with the error that kept them.
        """
        self._context = context
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side,
            server_hostname=server_hostname)
        # What the wrapper wraps, where there is one: a call of Python's saved for every record.
        inner = getattr(self._tls, "_sslobj", self._tls)
        self._tls_read = inner.read
        self._tls_write = inner.write
        self._take_in = self._incoming.write
        self._take_out = self._outgoing.read
        self._on_open = on_open
        SocketTransport.__init__(self, engine, fd)
        if handshake_timeout_s:
            self._timer = engine.loop.call_later(handshake_timeout_s, self._give_up)

    def start(self, protocol):
        """Shake hands, then tell `protocol` that the connection is made."""
        self.set_protocol(protocol)
        self._reading = True
        self.update_watch()
        self.shake()

    def get_extra_info(self, name, default=None):
        """Return what a socket knows, and "ssl_object", "sslcontext", "peercert", "cipher"."""
        if name == "ssl_object":
            return self._tls
        if name == "sslcontext":
            return self._context
        if name == "peercert":
            return self._tls.getpeercert()
        if name == "cipher":
            return self._tls.cipher()
        return SocketTransport.get_extra_info(self, name, default)

    def can_write_eof(self):
        """Return False: TLS knows no half-closed connection."""
        return False

    def write_eof(self):
        """Do what cannot be done: see `can_write_eof`."""
        raise RuntimeError("tls has no half-closed connections")

    def close(self):
        """Send what is buffered and close_notify, then close."""
        if self._closing:
            return
        self._closing = True
        if not self._open:
            self.lose(None)
            return
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the peer's close_notify: what comes from here on is dropped
        self.send_out()
        self.settle()
        if self._lost:
            return
        if self.buffered == 0:
            self.end()
        self._reading = True
        self.update_watch()
        self._timer = self.engine.loop.call_later(CLOSE_S, self.abort)

    cdef int flushed(self) except -1:
        return self.end() if self._closing else 0

    cdef bint sends_plainly(self) noexcept:
        return False

    # ------------------------------------------------------------------------------- handshake

    cdef int shake(self) except -1:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.send_out()
        except (ssl.SSLError, ssl.CertificateError) as error:
            self.send_out()  # the alert that says why
            self._closing = True
            return self.lose(error)
        self.send_out()
        self.stop_timer()
        self._open = True
        self._told = True
        self.protocol.connection_made(self)
        if self._on_open is not None:
            self._on_open(None)
            self._on_open = None
        return 0

    def _give_up(self):
        self._timer = None
        self._closing = True
        self.lose(TimeoutError("the tls handshake took too long"))

    cdef int stop_timer(self) except -1:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return 0

    def _tell_lost(self, error):
        self.stop_timer()
        on_open, self._on_open = self._on_open, None
        if on_open is not None:
            on_open(error or ConnectionResetError("connection was closed during the tls handshake"))
        if self._told:
            SocketTransport._tell_lost(self, error)
        else:
            self.protocol = None
            self._receiver = None

    # --------------------------------------------------------------------------------- receiving

    cdef int receive(self) except -1:
        cdef unsigned char *buffer = self.engine._buffer
        cdef Py_ssize_t got = socket_receive(self.fd, buffer, RECEIVED_BYTES)
        if got < 0:
            if not socket_would_block():
                return self.broke()
            self._found_nothing = True
            return 0
        if got == 0:
            self._incoming.write_eof()
            return self.received_end()
        if self._closing:
            return 0  # nobody listens any more
        self._take_in(PyMemoryView_FromMemory(<char *>buffer, got, PyBUF_READ))
        self._working = True
        try:
            if not self._open:
                self.shake()
            if self._open:
                self.decrypt()
        finally:
            self._working = False
        return self.send_out()

    cdef int decrypt(self) except -1:
        """Hand over what was received, record by record."""
        cdef Py_ssize_t got
        if self._plain is None:
            self._plain, self._plain_view = plain_buffer()
        while self._reading and not self._closing and not self._lost:
            if self._incoming.pending == 0 and self._tls.pending() == 0:
                return 0
            try:
                got = self._tls_read(RECORD_BYTES, self._plain_view)
            except ssl.SSLWantReadError:
                return 0
            except ssl.SSLZeroReturnError:
                got = 0
            except ssl.SSLError as error:
                self._closing = True
                self.send_out()
                return self.lose(error)
            if got == 0:
                return self.received_end()
            if self._receiver is not None:
                self._receiver.take(<unsigned char *><char *>self._plain, got)
            else:
                self.protocol.data_received(bytes(self._plain_view[:got]))
        return 0

    def resume_reading(self):
        """Read again, beginning with what was decrypted already."""
        SocketTransport.resume_reading(self)
        if self._open and self._reading and not self._working:
            self.engine.loop.call_soon(self._go_on)

    def _go_on(self):
        if self._lost or self._working:
            return
        self._working = True
        try:
            self.decrypt()
        finally:
            self._working = False
        self.send_out()

    cdef int received_end(self) except -1:
        self._reading = False
        self.update_watch()
        if self._closing or not self._open:
            self._closing = True
            return self.lose(None)
        self.protocol.eof_received()
        self.close()
        return 0 if self._lost else self.lose_soon()

    cdef int lose_soon(self) except -1:
        """The peer is gone: once everything is sent there is nothing to wait for."""
        if self.buffered == 0:
            return self.lose(None)
        return 0

    # ----------------------------------------------------------------------------------- sending

    cdef int put(self, const unsigned char *data, Py_ssize_t size) except -1:
        if self._lost or self._closing or size == 0:
            return 0
        self._tls_write(PyMemoryView_FromMemory(<char *>data, size, PyBUF_READ))
        return 0 if self._working else self.send_out()

    cdef int put_pair(
            self, const unsigned char *head, Py_ssize_t head_size, object owner,
            const unsigned char *data, Py_ssize_t size) except -1:
        cdef bytes joined
        if head_size:
            joined = PyBytes_FromStringAndSize(NULL, head_size + size)
            memcpy(PyBytes_AS_STRING(joined), head, head_size)
            memcpy(PyBytes_AS_STRING(joined) + head_size, data, size)
            return self.put(<const unsigned char *>PyBytes_AS_STRING(joined), head_size + size)
        if type(owner) is not bytes or PyBytes_GET_SIZE(owner) != size:
            return self.put(data, size)
        if self._lost or self._closing or size == 0:
            return 0
        self._tls_write(owner)
        return 0 if self._working else self.send_out()

    cdef int send_out(self) except -1:
        """Send what is encrypted."""
        cdef bytes out
        if self._lost:
            return 0
        out = self._take_out()
        if PyBytes_GET_SIZE(out) == 0:
            return 0
        return SocketTransport.put_pair(
            self, NULL, 0, out, <const unsigned char *>PyBytes_AS_STRING(out),
            PyBytes_GET_SIZE(out))


cdef tuple _PLAIN = None


cdef tuple plain_buffer():
    """Return the buffer that all connections decrypt into, one record at a time."""
    global _PLAIN
    if _PLAIN is None:
        plain = bytearray(RECORD_BYTES)
        _PLAIN = (plain, memoryview(plain))
    return _PLAIN
