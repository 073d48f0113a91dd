"""All connections of the venue as one machine: sessions, hub and market data put together.

Everything that a simulator or a shell has to do is in the actions that come back; the order in
which they come is the order in which they must be carried out.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import Command, Event
from strikewire.gateway.approvals import rendered
from strikewire.gateway.caller import Caller
from strikewire.gateway.desk import Desk
from strikewire.gateway.hub import (
    TICKS_PER_AGG2,
    Delivery,
    Happened,
    Hub,
    Joined,
    Left,
    Requested,
    TickPassed,
)
from strikewire.gateway.session import Flight, Session
from strikewire.gateway.steps import (
    Applied,
    Called,
    Close,
    Disconnected,
    Input,
    Join,
    Leave,
    Output,
    PauseReading,
    Received,
    Refused,
    ResumeReading,
    Revoked,
    Send,
    Submit,
    Tick,
)
from strikewire.marketdata import implied_outlooks, in_percent
from strikewire.model import ns_to_ms

CLOSE_TRY_AGAIN_LATER = 1013
TICK = TickPassed()


class SendTo(Struct, frozen=True):
    """Send one message to one connection, or answer one REST request with it."""

    connection_id: int
    payload: bytes
    is_error: bool = False


class CloseConnection(Struct, frozen=True):
    """Close a connection; for a REST request, which has been answered, it means nothing."""

    connection_id: int
    code: int
    reason: str


class SetReading(Struct, frozen=True):
    """Take nothing more from a connection, or take from it again."""

    connection_id: int
    is_on: bool


class SubmitCommand(Struct, frozen=True):
    """Hand a command to the sequencer; its outcome comes back with the token."""

    token: object
    command: Command


Action: TypeAlias = SendTo | Delivery | CloseConnection | SetReading | SubmitCommand


class Gateway:
    """Every session, and the hub they share.

    Args:
        desk: What the sessions work with.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.hub = Hub(desk.exchange, desk.market)
        self._sessions: dict[int, Session] = {}
        self._addresses: Counter[str] = Counter()
        self._owed: deque[Command] = deque()
        self._rest_waiting = 0
        self._last_id = 0
        self._ticks = 0
        self._percents: dict[str, float] = {}
        self._has_news = True

    # Connections

    def open(self, address: str) -> int:
        """Begin a WebSocket connection and return its id.

        Raises:
            ConnectionRefusedError: A limit on connections is reached; the text says which.
        """
        limits, counters = self.desk.limits, self.desk.counters
        if counters.connections >= limits.connections_max:
            counters.connections_refused += 1
            raise ConnectionRefusedError(f"{limits.connections_max} connections are open")
        if self._addresses[address] >= limits.connections_per_ip_max:
            counters.connections_refused += 1
            raise ConnectionRefusedError(
                f"{limits.connections_per_ip_max} connections are open from {address}"
            )
        counters.connections += 1
        counters.connections_opened += 1
        self._addresses[address] += 1
        return self._begin(Caller(self._next_id(), address, "ws"))

    def receive(self, now_ns: int, connection_id: int, payload: bytes) -> list[Action]:
        """Take in a message of a connection."""
        return self._step(now_ns, self._sessions[connection_id], Received(payload))

    def close(self, now_ns: int, connection_id: int) -> list[Action]:
        """End a connection, whoever closed it."""
        session = self._sessions[connection_id]
        self.desk.counters.connections -= 1
        address = session.caller.address
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]
        return self._step(now_ns, session, Disconnected())

    def call(self, now_ns: int, address: str, request: Called) -> tuple[int, list[Action]]:
        """Take in a REST request and return its id; a `SendTo` with that id is the answer."""
        if self._rest_waiting >= self.desk.limits.rest_waiting_max:
            request = Called(id=request.id, error=ApiError(ErrorCode.MATCHING_ENGINE_QUEUE_FULL))
        connection_id = self._begin(Caller(self._next_id(), address, "rest"))
        self._rest_waiting += 1
        return connection_id, self._step(now_ns, self._sessions[connection_id], request)

    def revoke(self, now_ns: int, client_ids: frozenset[str]) -> list[Action]:
        """Let nobody act with these keys any more: their tokens end, their connections close."""
        self.desk.authenticator.forget(client_ids)
        actions: list[Action] = []
        for session in list(self._sessions.values()):
            actions += self._step(now_ns, session, Revoked(client_ids))
        return actions

    # The sequencer

    def publish(self, time_ns: int, events: Iterable[Event]) -> list[Action]:
        """Tell the world what a command did, whoever asked for it.

        Args:
            time_ns: The command's time.
            events: All of its events; every command must pass here, in order.
        """
        events = tuple(events)
        self._has_news = True
        changes = self.desk.market.apply(time_ns, events)
        self.desk.judge.hear(events)
        return self._count(self.hub.step(time_ns, Happened(events, changes)))

    def applied(self, now_ns: int, token: object, events: Iterable[Event]) -> list[Action]:
        """Take back the outcome of a submitted command, after it was published."""
        if token is None:
            return []  # A cancel on disconnect: there is nobody left to tell.
        assert isinstance(token, Flight)
        return self._step(now_ns, token.session, Applied(token, tuple(events)))

    def refused(self, now_ns: int, submitted: SubmitCommand, error: ApiError) -> list[Action]:
        """Take back a command that the sequencer did not take."""
        self.desk.counters.commands_refused += 1
        if submitted.token is None:
            self._owed.append(submitted.command)  # It is owed; the next tick tries again.
            return []
        assert isinstance(submitted.token, Flight)
        return self._step(now_ns, submitted.token.session, Refused(submitted.token, error))

    # Time

    def tick(self, now_ns: int) -> list[Action]:
        """Send what is due; to be called every `hub.TICK_NS`."""
        actions = self._count(self.hub.step(now_ns, TICK))
        for session in self._due(now_ns):
            actions += self._step(now_ns, session, Tick())
        while self._owed:
            actions.append(SubmitCommand(None, self._owed.popleft()))
        self._ticks += 1
        is_second = self._ticks % TICKS_PER_AGG2 == 0
        if is_second:
            self.desk.volatilities.note_all(ns_to_ms(now_ns), self._outlooks())
        verdicts = self.desk.judge.verdicts(now_ns, of_all=is_second)
        if verdicts is not None:
            actions.append(SubmitCommand(None, verdicts))
        return actions

    def _due(self, now_ns: int) -> list[Session]:
        """Return the sessions whose heartbeat is due."""
        return [
            session
            for session in self._sessions.values()
            if (due_ns := session.caller.heartbeat.due_ns) is not None and due_ns <= now_ns
        ]

    def _outlooks(self) -> dict[str, float]:
        """Return every volatility index in percent; as before, if no command has come since."""
        if self._has_news:
            self._has_news = False
            found = implied_outlooks(self.desk.market)
            self._percents = {name: in_percent(one) for name, one in found.items()}
        return self._percents

    def _begin(self, caller: Caller) -> int:
        self._sessions[caller.connection_id] = Session(self.desk, caller)
        return caller.connection_id

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _step(self, now_ns: int, session: Session, happened: Input) -> list[Action]:
        actions: list[Action] = []
        for output in session.step(now_ns, happened):
            self._act(now_ns, session.caller.connection_id, output, actions)
        actions += self._tell_requests(now_ns)
        self._forget_if_done(session)
        return actions

    def _tell_requests(self, now_ns: int) -> list[Action]:
        """Tell accounts which block trades wait for their word, and what became of them."""
        desk, actions = self.desk, []
        for one in desk.approvals.take_news():
            message = rendered(desk.market, desk.exchange, one, desk.approvals.other_side(one))
            account_id, _, terms = one.proposal
            first = desk.market[terms.legs[0].instrument_id].instrument
            actions += self._count(self.hub.step(now_ns, Requested(account_id, message, first)))
        return actions

    def _act(self, now_ns: int, connection_id: int, output: Output, actions: list[Action]) -> None:
        match output:
            case Send(payload, is_error):
                actions.append(SendTo(connection_id, payload, is_error))
            case Submit(token, command):
                self.desk.counters.commands += 1
                actions.append(SubmitCommand(token, self.desk.judge.judged(now_ns, command)))
            case Join(subscriptions):
                joined = Joined(connection_id, subscriptions)
                actions += self._count(self.hub.step(now_ns, joined))
            case Leave(subscriptions):
                self.hub.step(now_ns, Left(connection_id, subscriptions))
            case Close(code, reason):
                actions.append(CloseConnection(connection_id, code, reason))
            case PauseReading():
                actions.append(SetReading(connection_id, is_on=False))
            case ResumeReading():
                actions.append(SetReading(connection_id, is_on=True))

    def _forget_if_done(self, session: Session) -> None:
        caller = session.caller
        is_done = session.is_idle and (session.is_lost or caller.transport == "rest")
        if is_done and self._sessions.pop(caller.connection_id, None) is not None:
            self._rest_waiting -= caller.transport == "rest"

    def _count(self, deliveries: list[Delivery]) -> list[Action]:
        if not deliveries:
            return []
        counters = self.desk.counters
        counters.notifications += len(deliveries)
        counters.notifications_sent += sum(len(one.subscribers) for one in deliveries)
        return list(deliveries)
