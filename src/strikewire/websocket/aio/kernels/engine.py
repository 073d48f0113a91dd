"""Sockets in a set of their own, where nothing is compiled; `engine.pyx` says how it works.

It is the same over the standard library's selectors, so that the engine can be tried, tested and
debugged without a compiler. There is no reason to prefer it to asyncio's transports, and "auto"
does not.
"""

from __future__ import annotations

import asyncio
import errno
import selectors
import socket
from collections.abc import Callable
from typing import Any, Final

COMPILED: Final = False
AVAILABLE: Final = hasattr(selectors.DefaultSelector, "fileno")
"""Whether this system has a set of sockets that can be nested in a loop."""

_BUFFER_BYTES: Final = 128 << 10
_ACCEPTED_A_TURN: Final = 128
_ACCEPT_AGAIN_S: Final = 0.5
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Watched:
    """One descriptor in an engine's set.

    Attributes:
        engine: Whose set it is in.
    """

    def __init__(self, engine: Engine, sock: socket.socket) -> None:
        self.engine = engine
        self._sock = sock
        self._watched_for = 0
        engine.enter()

    @property
    def fd(self) -> int:
        """The descriptor; -1 once it is closed."""
        return self._sock.fileno()

    def watch(self, mask: int) -> None:
        """Watch for reading, writing, both or (0) nothing, not even a hang-up."""
        if mask == self._watched_for or self.fd < 0:
            return
        selector = self.engine.selector
        if mask == 0:
            selector.unregister(self._sock)
        elif self._watched_for == 0:
            selector.register(self._sock, mask, self)
        else:
            selector.modify(self._sock, mask, self)
        self._watched_for = mask

    def forget(self) -> None:
        """Close the descriptor and leave the engine."""
        if self.fd >= 0:
            self.watch(0)
            self._sock.close()
            self.engine.leave()

    def ready(self, events: int) -> None:
        """Do a bounded piece of work."""
        raise AssertionError  # every class below says what

    def failed(self, error: BaseException) -> None:
        """Take in that `ready` raised."""
        raise error


class SocketTransport(Watched, asyncio.Transport):
    """A connected stream socket in an engine's set; see `asyncio.Transport`.

    Attributes:
        protocol: Who is told what happens.
    """

    def __init__(self, engine: Engine, fd: int) -> None:
        """Take over `fd`, connected and not blocking. Nothing is read before `start`."""
        Watched.__init__(self, engine, socket.socket(fileno=fd))
        asyncio.Transport.__init__(self)
        self.protocol: Any = None
        self._out = bytearray()
        self._high = 64 << 10
        self._low = 16 << 10
        self._reading = False
        self._closing = False
        self._lost = False
        self._ends = False
        self._protocol_paused = False

    @property
    def buffered(self) -> int:
        """Bytes written that the kernel has not taken yet."""
        return len(self._out)

    def start(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell `protocol` that the connection is made, and read from here on."""
        self.set_protocol(protocol)
        self._reading = True
        protocol.connection_made(self)
        self.update_watch()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell another protocol from here on."""
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told what happens."""
        assert isinstance(self.protocol, asyncio.BaseProtocol)
        return self.protocol

    def is_closing(self) -> bool:
        """Return whether the transport is closed or closing."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio's
        """Return "peername", "sockname" or "socket" (this object, with `setsockopt`)."""
        if self.fd < 0:
            return default
        try:
            if name == "peername":
                return self._sock.getpeername()
            if name == "sockname":
                return self._sock.getsockname()
        except OSError:
            return default
        return self if name == "socket" else default

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Set an option of the socket; raise OSError where it cannot be."""
        self._sock.setsockopt(level, option, value)

    def getsockopt(self, level: int, option: int) -> int:
        """Return an option of the socket as an integer."""
        return self._sock.getsockopt(level, option)

    def fileno(self) -> int:
        """Return the descriptor; -1 once it is closed."""
        return self.fd

    def close(self) -> None:
        """Send what is buffered, then close."""
        if self._closing:
            return
        self._closing = True
        self._reading = False
        if self._out:
            self.update_watch()
        else:
            self.lose(None)

    def abort(self) -> None:
        """Close at once; what is buffered is lost."""
        self._closing = True
        self.lose(None)

    def is_reading(self) -> bool:
        """Return whether the socket is read."""
        return self._reading

    def pause_reading(self) -> None:
        """Read nothing until `resume_reading`."""
        self._reading = False
        self.update_watch()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._closing and not self._lost:
            self._reading = True
            self.update_watch()

    def write(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Send bytes, or keep them until the kernel takes them."""
        self.put(bytes(data))

    def put(self, data: bytes) -> None:
        """Send, or keep what the kernel does not take."""
        if self._lost or self._ends or not data:
            return
        sent = 0
        if not self._out:
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self.broke(error)
                return
        self._out += data[sent:]
        self.update_watch()
        if not self._protocol_paused and self.buffered > self._high:
            self._protocol_paused = True
            self.protocol.pause_writing()

    def writelines(self, pieces: Any) -> None:  # noqa: ANN401 - buffers
        """Send several pieces as one."""
        self.write(b"".join(pieces))

    def write_eof(self) -> None:
        """End our half of the stream once everything is sent."""
        if not self._ends and not self._lost:
            self._ends = True
            if not self._out:
                self.end()

    def can_write_eof(self) -> bool:
        """Return True: a socket has two halves."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for the kernel."""
        return self.buffered

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high mark."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set from how many bytes on the protocol is told to pause."""
        if high is None:
            high = 64 << 10 if low is None else 4 * low
        self._high = high
        self._low = high // 4 if low is None else low

    # ------------------------------------------------------------------------------ the inside

    def update_watch(self) -> None:
        """Watch for what there is to do."""
        if not self._lost:
            reads = selectors.EVENT_READ if self._reading else 0
            self.watch(reads | (selectors.EVENT_WRITE if self._out else 0))

    def ready(self, events: int) -> None:
        """Write what the kernel takes, read once."""
        if events & selectors.EVENT_WRITE and self._out:
            self._flush()
        if events & selectors.EVENT_READ and self._reading and not self._lost:
            self.receive()

    def failed(self, error: BaseException) -> None:
        """Take in that the protocol raised."""
        self.engine.loop.call_exception_handler(
            {"message": "a protocol failed", "exception": error, "protocol": self.protocol}
        )
        self._closing = True
        self.lose(error)

    def _flush(self) -> None:
        try:
            del self._out[: self._sock.send(self._out)]
        except BlockingIOError:
            return
        except OSError as error:
            self.broke(error)
            return
        if self._protocol_paused and self.buffered <= self._low:
            self._protocol_paused = False
            self.protocol.resume_writing()
        if not self._out and not self._lost:
            self.flushed()
        self.update_watch()

    def flushed(self) -> None:
        """Do what was to be done once everything is sent."""
        if self._closing:
            self.lose(None)
        elif self._ends:
            self.end()

    def end(self) -> None:
        """End our half of the stream: everything is sent."""
        self._ends = True
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it is reset: reading will tell

    def receive(self) -> None:
        """Read once."""
        data = self.receive_bytes()
        if data:
            self.protocol.data_received(data)
        elif data is not None:
            self.received_end()

    def receive_bytes(self) -> bytes | None:
        """Return what is here: empty at the end, None if there is nothing or nobody any more."""
        try:
            return self._sock.recv(_BUFFER_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            self.broke(error)
            return None

    def received_end(self) -> None:
        """Take in that the peer sends no more."""
        self._reading = False
        self.update_watch()
        if not self.protocol.eof_received():
            self.close()

    def broke(self, error: OSError) -> None:
        """Take in that the kernel gave the connection up."""
        self._closing = True
        self.lose(error)

    def lose(self, error: BaseException | None) -> None:
        """Close the socket, and tell the protocol in a later turn."""
        if self._lost:
            return
        self._lost = True
        self._reading = False
        self._out.clear()
        self.forget()
        self.engine.loop.call_soon(self.tell_lost, error)

    def tell_lost(self, error: BaseException | None) -> None:
        """Tell the protocol that the connection is gone."""
        protocol, self.protocol = self.protocol, None
        protocol.connection_lost(error)


class Listener(Watched):
    """A listening socket: every connection it accepts becomes a transport with a protocol."""

    def __init__(
        self,
        engine: Engine,
        sock: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
        transport: Callable[[Engine, int], SocketTransport] = SocketTransport,
    ) -> None:
        """Accept on `sock`, which is bound and listening; it is this object's from here on."""
        self._factory = factory
        self._transport = transport
        self._sets_nodelay = sock.family in (socket.AF_INET, socket.AF_INET6)
        sock.setblocking(False)
        super().__init__(engine, sock)
        self.watch(selectors.EVENT_READ)

    def close(self) -> None:
        """Accept no more."""
        self.forget()

    def ready(self, events: int) -> None:
        """Accept what waits."""
        del events
        for _ in range(_ACCEPTED_A_TURN):
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._accept_failed(error)
                return
            self._welcome(sock)
            if self.fd < 0:
                return

    def _welcome(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        nodelay = self._sets_nodelay
        if nodelay:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made = self._transport(self.engine, sock.fileno())
        sock.detach()
        try:
            made.start(self._factory())
        except OSError:  # it was reset before it was accepted
            made.abort()
        except Exception as error:  # noqa: BLE001 - one connection's failure is not the listener's
            made.failed(error)

    def _accept_failed(self, error: OSError) -> None:
        """Out of descriptors or memory: let those who are here finish. Else only one was lost."""
        if error.errno in _EXHAUSTED:
            self.watch(0)
            self.engine.loop.call_later(_ACCEPT_AGAIN_S, lambda: self.watch(selectors.EVENT_READ))
            self.engine.loop.call_exception_handler(
                {"message": "cannot accept a connection", "exception": error}
            )


class Engine:
    """The set of sockets of one event loop, which watches it while there is a socket in it.

    Attributes:
        loop: The loop.
        selector: The set.
        uses_ring: Whether sends to many sockets may be one call of the kernel; here they never are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open an empty set."""
        self.loop = loop
        self.selector: Any = selectors.DefaultSelector()  # of all selectors, one with a descriptor
        self.uses_ring = False
        self._members = 0
        self._flusher: Any = None

    def __del__(self) -> None:
        self.selector.close()

    def end_turns_with(self, flusher: Any) -> None:  # noqa: ANN401 - a Turn, which knows sockets
        """Call `flusher.flush_all` each time events have been worked off."""
        self._flusher = flusher

    def adopt(
        self,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        *,
        nodelay: bool = True,
        transport: Callable[[Engine, int], SocketTransport] = SocketTransport,
    ) -> SocketTransport:
        """Take over a connected socket and start `protocol` on it; return the transport."""
        sock.setblocking(False)
        if nodelay and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made = transport(self, sock.fileno())
        sock.detach()  # not before: if nothing is made of it, it is still the caller's
        made.start(protocol)
        return made

    def enter(self) -> None:
        """Count a socket in."""
        self._members += 1
        if self._members == 1:
            self.loop.add_reader(self.selector.fileno(), self.poll)

    def leave(self) -> None:
        """Count a socket out."""
        self._members -= 1
        if self._members == 0 and not self.loop.is_closed():
            self.loop.remove_reader(self.selector.fileno())

    def poll(self) -> None:
        """Work off what is ready."""
        for key, events in self.selector.select(0):
            member = key.data
            if member.fd >= 0:
                try:
                    member.ready(events)
                except Exception as error:  # noqa: BLE001 - one socket's failure is not the set's
                    member.failed(error)
        if self._flusher is not None:
            self._flusher.flush_all()
