"""The gateway at work: sockets and the sequencer around the machine of `gateway.gateway`.

Everything happens on one event loop. A message is taken in inside of the callback that read it,
and what it causes is sent before that callback returns.
"""

import asyncio
import ssl as tls
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from strikewire import __version__
from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import Liquidate
from strikewire.gateway.auth import Authenticator
from strikewire.gateway.blocks import Proposals
from strikewire.gateway.desk import Desk
from strikewire.gateway.gateway import (
    CLOSE_TRY_AGAIN_LATER,
    Action,
    CloseConnection,
    Gateway,
    SendTo,
    SetReading,
    SubmitCommand,
)
from strikewire.gateway.hub import TICK_NS, Delivery
from strikewire.gateway.judge import Judge
from strikewire.gateway.keys import KeyStore
from strikewire.gateway.limits import RATES_OFF, Limits, Rate, RateLimiter
from strikewire.gateway.rest import WEBSOCKET_PATH, parse, respond
from strikewire.marketdata import Candles, MarketData
from strikewire.model import NS_PER_S, AccountId
from strikewire.sequencer import (
    Applied,
    QueueFull,
    SequencerService,
    SequencerStopped,
)
from strikewire.websocket import (
    Connection,
    HttpRequest,
    HttpResponse,
    Server,
    prepare,
    serve,
)
from strikewire.websocket import Limits as WebSocketLimits

TICK_S: Final = TICK_NS / NS_PER_S


class GatewayService:
    """The doors of a venue: WebSocket and REST, on as many ports as it listens on.

    Make it before the sequencer runs: it must see every command from the first.

    Args:
        sequencer: Takes the commands; its exchange is read.
        market: Market data of that exchange as it stands; moved by this service alone.
        keys: Who may trade; keys added later count at once.
        clock: Nanoseconds since the Unix epoch.
        entropy: Returns that many unpredictable bytes: `secrets.token_bytes`.
        limits: Of the gateway.
        rates: How often requests may be made: `RATES_OFF`, `RATES_DERIBIT`, or others.
        testnet: Whether answers say that this is a test network.
        volatilities: Candles of the volatility indices to go on with; None: there are none yet.
        index_problems: Why an index stands still, by its name: read whenever somebody asks.
    """

    def __init__(
        self,
        sequencer: SequencerService,
        market: MarketData,
        keys: KeyStore,
        *,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
        limits: Limits | None = None,
        rates: Mapping[str, Rate] = RATES_OFF,
        testnet: bool = True,
        volatilities: Candles | None = None,
        index_problems: Mapping[str, str] | None = None,
    ) -> None:
        self._sequencer = sequencer
        self._clock = clock
        self._is_locked = False
        self._connections: dict[int, Connection] = {}
        self._answers: dict[int, asyncio.Future[HttpResponse]] = {}
        self.gateway = Gateway(
            Desk(
                judge=Judge(sequencer.exchange),
                exchange=sequencer.exchange,
                market=market,
                authenticator=Authenticator(keys, entropy),
                proposals=Proposals(entropy),
                limiter=RateLimiter(rates),
                limits=limits or Limits(),
                clock=clock,
                version=__version__,
                testnet=testnet,
                is_locked=lambda: self._is_locked,
                volatilities=Candles() if volatilities is None else volatilities,
                index_problems={} if index_problems is None else index_problems,
            )
        )
        sequencer.subscribe(self._publish)

    async def run(self) -> None:
        """Send what is due, ten times a second, until cancelled."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s = max(due_s + TICK_S, loop.time())
            await asyncio.sleep(due_s - loop.time())
            self._act(self.gateway.tick(self._clock()))

    @asynccontextmanager
    async def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        ssl: tls.SSLContext | None = None,
        origins: Sequence[str] | None = None,
        compression: bool = True,
    ) -> AsyncIterator[Server]:
        """Take connections until the block ends; then close those that are open with 1001.

        Args:
            host: Name or address to bind.
            port: 0 picks a free one; `server.port` tells which.
            ssl: Makes the port speak `wss` and `https`.
            origins: Web pages that may open a WebSocket; None lets all of them. No page can act
                for an account without its secret: nothing here is authorised by a cookie.
            compression: Accept permessage-deflate where a client offers it.

        Raises:
            AddressInUseError: The port is taken.
        """
        limits = self.gateway.desk.limits
        async with serve(
            self._serve,
            host,
            port,
            ssl=ssl,
            http=self._answer,
            admit=_admit,
            origins=origins,
            compression=compression,
            limits=WebSocketLimits(
                queued_bytes_max=limits.send_queue_bytes_max,
                connections_max=limits.connections_max,
            ),
        ) as server:
            yield server

    def revoke(self, client_ids: Iterable[str]) -> None:
        """Let nobody act with these keys any more: their tokens end, their connections close."""
        self._act(self.gateway.revoke(self._clock(), frozenset(client_ids)))

    def liquidation_round(self, account_ids: Sequence[AccountId]) -> Liquidate | None:
        """Return the round of liquidation that is due, with what it must be told; None if none.

        Args:
            account_ids: Those that are below maintenance margin, or locked.
        """
        return self.gateway.desk.judge.round(self._clock(), account_ids)

    # Connections

    async def _serve(self, connection: Connection) -> None:
        try:
            connection_id = self.gateway.open(_address(connection.peer))
        except ConnectionRefusedError as refused:
            await connection.close(CLOSE_TRY_AGAIN_LATER, str(refused))
            return
        self._connections[connection_id] = connection
        try:
            await connection.deliver_to(partial(self._receive, connection_id))
        finally:
            del self._connections[connection_id]
            self._act(self.gateway.close(self._clock(), connection_id))

    def _receive(self, connection_id: int, payload: bytes, _is_text: bool) -> None:
        self._act(self.gateway.receive(self._clock(), connection_id, payload))

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        now_ns = self._clock()
        call = parse(self.gateway.desk, now_ns, request)
        if isinstance(call, HttpResponse):
            return call
        call_id, actions = self.gateway.call(now_ns, _address(request.peer), call)
        answer: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self._answers[call_id] = answer
        try:
            self._act(actions)
            return await answer
        finally:
            del self._answers[call_id]

    # The sequencer

    def _publish(self, applied: Applied) -> None:
        self._act(self.gateway.publish(applied.time_ns, applied.events))

    def _applied(self, token: object, applied: Applied) -> None:
        self._act(self.gateway.applied(self._clock(), token, applied.events))

    def _submit(self, submitted: SubmitCommand) -> None:
        try:
            self._sequencer.submit(
                submitted.command,
                partial(self._applied, submitted.token),
                partial(self._stopped, submitted),
            )
        except QueueFull as error:
            self._refuse(submitted, ErrorCode.MATCHING_ENGINE_QUEUE_FULL, str(error))
        except SequencerStopped as stopped:
            self._stopped(submitted, stopped)

    def _stopped(self, submitted: SubmitCommand, stopped: SequencerStopped) -> None:
        self._is_locked = True
        if submitted.token is None:
            return  # A cancel on disconnect: nothing is cancelled any more.
        if stopped.in_doubt:
            reason = "outcome unknown: the venue stopped while it wrote this to its journal"
            self._refuse(submitted, ErrorCode.OTHER_ERROR, reason)
        else:
            self._refuse(submitted, ErrorCode.SYSTEM_MAINTENANCE, "nothing was done")

    def _refuse(self, submitted: SubmitCommand, code: ErrorCode, reason: str) -> None:
        error = ApiError(code, reason=reason)
        self._act(self.gateway.refused(self._clock(), submitted, error))

    # Actions

    def _act(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendTo(connection_id, payload, is_error):
                    self._send(connection_id, payload, is_error=is_error)
                case Delivery(subscribers, payload):
                    self._deliver(subscribers, payload)
                case SubmitCommand():
                    self._submit(action)
                case CloseConnection(connection_id, code, reason):
                    if connection := self._connections.get(connection_id):
                        connection.close_nowait(code, reason)
                case SetReading(connection_id, is_on):
                    self._set_reading(connection_id, is_on=is_on)

    def _send(self, connection_id: int, payload: bytes, *, is_error: bool) -> None:
        connection = self._connections.get(connection_id)
        if connection is not None:
            if connection.is_open:
                connection.send_nowait(payload, text=True)
            return
        answer = self._answers.get(connection_id)
        if answer is not None and not answer.done():
            answer.set_result(respond(payload, is_error=is_error))

    def _deliver(self, subscribers: Iterable[int], payload: bytes) -> None:
        message = prepare(payload, text=True)
        for subscriber in subscribers:
            connection = self._connections.get(subscriber)
            if connection is not None and connection.is_open:
                connection.send_prepared(message)

    def _set_reading(self, connection_id: int, *, is_on: bool) -> None:
        connection = self._connections.get(connection_id)
        if connection is None:
            return
        if is_on:
            connection.resume_reading()
        else:
            connection.pause_reading()


def _admit(request: HttpRequest) -> HttpResponse | None:
    if request.path.rstrip("/") == WEBSOCKET_PATH:
        return None
    return HttpResponse(404, (("content-type", "text/plain"),), b"no WebSocket here\n")


def _address(peer: str) -> str:
    """Return the address of an `address:port`."""
    return peer.rpartition(":")[0]
