"""The shell around the connection machine: a socket, a clock, a timer, and who waits for what."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from typing import Final, TypeVar, overload

import msgspec

from strikewire.api import ErrorCode
from strikewire.client.backoff import retry_delay_ms
from strikewire.client.book import BookStream
from strikewire.client.connection import ClientConnection
from strikewire.client.errors import (
    AnswerShapeError,
    ConnectError,
    NotConnectedError,
    UnknownOutcomeError,
    VenueError,
)
from strikewire.client.events import Connected, Disconnected, Event
from strikewire.client.methods import Methods
from strikewire.client.outputs import (
    Answered,
    Close,
    Credentials,
    Failed,
    Happened,
    Open,
    Options,
    Output,
    Pushed,
    Send,
)
from strikewire.client.readers import Readers
from strikewire.client.streams import Loss, Note, Stream
from strikewire.client.surroundings import jitter, sign, steady_clock, trust
from strikewire.websocket import Connection, ConnectionClosedError, Limits, WebSocketError
from strikewire.websocket import connect as open_websocket

T = TypeVar("T")

NOTES_MAX: Final = 1_024
"""Notes that wait for the reader of one stream unless it asks for another number."""

# The list of all instruments of a large venue is a message of some megabytes.
WEBSOCKET_LIMITS: Final = Limits(message_bytes_max=16 << 20, frame_bytes_max=16 << 20)

# The venue was too busy, or about to stop: that says nothing of an attempt before this one.
AGAIN_CODES: Final = frozenset(
    {
        ErrorCode.MATCHING_ENGINE_QUEUE_FULL,
        ErrorCode.SYSTEM_MAINTENANCE,
        ErrorCode.TOO_MANY_REQUESTS,
    }
)

Opener = Callable[[], AbstractAsyncContextManager[Connection]]


@asynccontextmanager
async def connect(
    url: str,
    client_id: str = "",
    client_secret: str = "",
    *,
    ca_file: str = "",
    options: Options | None = None,
    patient: bool = False,
    opener: Opener | None = None,
    clock: Callable[[], int] | None = None,
) -> AsyncIterator["Client"]:
    """Connect to a venue and stay connected.

    `async with connect(url) as client:` holds while its block runs.

    Args:
        url: The venue's WebSocket address, "ws://127.0.0.1:8080/ws/api/v2".
        client_id: API key; empty stays public.
        client_secret: Its secret; it signs and is never sent.
        ca_file: PEM file of the authority that signed the venue's certificate; empty trusts what
            the system trusts. For wss:// only.
        options: Timeouts and intervals.
        patient: Keep trying when the first attempt fails, instead of raising.
        opener: Opens a connection instead of `url`; for tests and for other transports.
        clock: Nanoseconds since the Unix epoch.

    Yields:
        The client, connected, and authenticated where a key was given.

    Raises:
        ConnectError: The first attempt failed, and `patient` is not set.
        VenueError: The venue does not accept the key.
    """
    client = Client(
        url=url,
        credentials=Credentials(client_id, client_secret) if client_id else None,
        options=options or Options(),
        opener=opener
        or (lambda: open_websocket(url, ssl=trust(url, ca_file), limits=WEBSOCKET_LIMITS)),
        clock=clock or steady_clock(),
    )
    failure: Exception | None = None
    # One task beside the user's: its fault ends the block, the end of the block ends it. What
    # the user's block raises leaves as it is, not wrapped in a group.
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(client.run(), name=f"strikewire client {url}")
        try:
            await client.ready(patient=patient)
            yield client
        except Exception as error:  # noqa: BLE001 (raised again below, outside the task group)
            failure = error
        finally:
            client.close()
            if not client.has_socket:
                running.cancel()  # it waits for its next attempt, or for one that no one needs
    if failure is not None:
        raise failure


class Client(Methods):
    """A connection to a venue that survives its failures; made by `connect`.

    Every method of the venue is a coroutine of the same name: `await client.get_order_book(...)`,
    `await client.buy(...)`. Numbers in answers are what the venue sent.
    """

    def __init__(
        self,
        *,
        url: str,
        credentials: Credentials | None,
        options: Options,
        opener: Opener,
        clock: Callable[[], int],
    ) -> None:
        self.url = url
        self._opener = opener
        self._clock = clock
        self._machine = ClientConnection(
            credentials=credentials, options=options, sign=sign, jitter=jitter
        )
        self._socket: Connection | None = None
        self._wants_open = asyncio.Event()
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._first: asyncio.Future[Disconnected | None] | None = None
        self._readers = Readers(
            want=lambda channels: self._perform(self._machine.want(clock(), channels)),
            drop=lambda channels: self._perform(self._machine.drop(clock(), channels)),
            renew=lambda channel: self._perform(self._machine.renew(clock(), channel)),
        )

    # -- what users call -----------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether a request would be sent now."""
        return self._machine.is_ready

    @property
    def has_socket(self) -> bool:
        """Whether a connection stands, or is being closed."""
        return self._socket is not None

    @overload
    async def call(self, method: str, params: object, kind: type[T]) -> T: ...
    @overload
    async def call(self, method: str, params: object) -> object: ...
    async def call(self, method: str, params: object, kind: object = object) -> object:
        """Ask the venue and wait for its answer.

        Args:
            method: "public/get_time", "private/buy"...
            params: A mapping or a struct of the method's parameters.
            kind: The type of the answer; plain JSON values without one.

        Raises:
            VenueError: The venue refused; nothing happened there.
            UnknownOutcomeError: It was sent and no answer came: it may have happened.
            NotConnectedError: The connection is down just now; nothing was sent.
            AnswerShapeError: The answer is not of type `kind`.
            ClientError: See `strikewire.client.errors`.
        """
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._perform(self._machine.call(self._clock(), answer, method, params))
        raw = await answer
        try:
            return msgspec.json.decode(raw, type=kind)
        except msgspec.ValidationError as error:
            raise AnswerShapeError(method=method, reason=str(error)) from None

    async def insist(
        self, method: str, params: Mapping[str, object], kind: type[T], *, key: str
    ) -> T:
        """Ask until there is an answer: what is asked for happens once, or is refused.

        Every attempt carries the same idempotency key, so that the venue carries out one of them
        and answers the others alike, also after it or the connection was down. It keeps trying
        until it is cancelled.

        Args:
            method: One that takes an `idempotency_key`: "private/buy", "private/cancel"...
            params: The method's parameters, without the key.
            kind: The type of the answer.
            key: One that no other request of the account has; `secrets.token_hex(16)` makes one.

        Raises:
            VenueError: The venue refused; nothing happened there.
            ClientError: As of `call`, but for outcomes that are unknown and connections that are
                down.
        """
        asked = {**params, "idempotency_key": key}
        for attempt in count():
            async with self.events() as events:
                try:
                    return await self.call(method, asked, kind)
                except (UnknownOutcomeError, NotConnectedError):
                    pass
                except VenueError as error:
                    if error.code not in AGAIN_CODES:
                        raise
                await asyncio.sleep(retry_delay_ms(attempt, jitter=jitter) / 1_000)
                while not (self.is_connected or self._is_closed):
                    await events.__anext__()
        raise AssertionError("counting has no end")

    def subscribe(
        self, *channels: str, loss: Loss | None = None, capacity: int = NOTES_MAX
    ) -> Stream[Note]:
        """Follow channels: `async for note in client.subscribe("trades.BTC-PERPETUAL.raw"):`.

        Args:
            channels: Any channels of the venue, at least one.
            loss: What happens when more than `capacity` notes wait. Default: states (ticker,
                quote, portfolio) keep the latest of each channel; anything else fails rather
                than lose.
            capacity: Notes that wait to be read, at most.
        """
        assert channels
        return self._readers.add_notes(channels, loss=loss, capacity=capacity)

    def book(
        self, instrument_name: str, *, interval: str = "100ms", levels: int | None = None
    ) -> BookStream:
        """Follow a book: `async for view in client.book("BTC-PERPETUAL"):`.

        The book is checked link by link; after a gap a fresh snapshot is asked for. A view whose
        `is_stale` is set must not be traded on.

        Args:
            instrument_name: Whose book.
            interval: "100ms", or "raw" with a key.
            levels: How deep the views are; None for all.
        """
        return self._readers.add_book(instrument_name, interval, levels)

    def events(self) -> Stream[Event]:
        """Follow what happens to the connection, the subscriptions and the books."""
        return self._readers.add_listener()

    # -- the life of the connection ------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and connect again, until `close`; the task `connect` starts."""
        self._perform(self._machine.start())
        try:
            while not self._is_closed:
                await self._wants_open.wait()
                self._wants_open.clear()
                if not self._is_closed:
                    reason = await self._hold_connection()
                    # A connection that was given up may take long to close: by now the machine
                    # may wait for the next one, and its end is no news.
                    if not self._wants_open.is_set():
                        self._perform(self._machine.closed(self._clock(), reason))
        finally:
            self._end()

    async def ready(self, *, patient: bool) -> None:
        """Wait until the client is connected; see `connect` for what it raises."""
        while not self.is_connected:
            self._first = asyncio.get_running_loop().create_future()
            failed = await self._first
            if isinstance(self._machine.failure, VenueError):
                raise self._machine.failure
            if failed is not None and not (patient and failed.retry_ms is not None):
                raise ConnectError(url=self.url, reason=failed.reason)
        self._first = None

    def close(self) -> None:
        """Close the connection and end every stream; calls that wait have an unknown outcome."""
        self._is_closed = True
        self._perform(self._machine.stop())
        self._wants_open.set()

    async def _hold_connection(self) -> str:
        """Make one connection, live with it, and return why it ended."""
        try:
            async with self._opener() as socket:
                self._socket = socket
                self._perform(self._machine.opened(self._clock()))
                await socket.deliver_to(self._on_message)
                return f"closed {socket.close_code} {socket.close_reason}".rstrip()
        except (OSError, WebSocketError) as error:
            return str(error) or type(error).__name__
        finally:
            self._socket = None

    def _on_message(self, payload: bytes, _is_text: bool) -> None:
        self._perform(self._machine.received(self._clock(), payload))

    def tick(self) -> None:
        """Do what is due by the clock; the client's own timer calls it in time."""
        self._stop_timer()
        self._perform(self._machine.tick(self._clock()))

    def _perform(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Send(payload):
                    self._send(payload)
                case Pushed(channel, data, first):
                    self._readers.deliver(channel, data, now_ns=self._clock(), is_first=first)
                case Answered(token, result):
                    assert isinstance(token, asyncio.Future)
                    if not token.done():
                        token.set_result(result)
                case Failed(token, error):
                    assert isinstance(token, asyncio.Future)
                    if not token.done():
                        token.set_exception(error)
                case Happened(event):
                    self._tell(event)
                case Open():
                    self._wants_open.set()
                case Close(code, reason):
                    if self._socket is not None:
                        self._socket.close_nowait(code, reason)
        self._set_timer()

    def _tell(self, event: Event) -> None:
        is_answer = isinstance(event, Connected | Disconnected)
        if is_answer and self._first is not None and not self._first.done():
            self._first.set_result(event if isinstance(event, Disconnected) else None)
        self._readers.tell(event)

    def _send(self, payload: bytes) -> None:
        if self._socket is None:
            return
        # That a connection has ended is reported where it is read, with its reason.
        with suppress(ConnectionClosedError):
            self._socket.send_nowait(payload, text=True)

    def _set_timer(self) -> None:
        due_ns = self._machine.deadline_ns()
        if due_ns is None:
            self._stop_timer()
        elif self._timer is None or due_ns < self._timer_ns:
            # A timer that is set too early finds nothing to do and is set again: cheaper than
            # moving it with every message.
            self._stop_timer()
            delay_s = max(0, due_ns - self._clock()) / 1e9
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.tick)
            self._timer_ns = due_ns

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._stop_timer()
        if self._first is not None and not self._first.done():
            self._first.set_result(Disconnected("the client is closed", None))
        self._readers.end(self._machine.failure)
