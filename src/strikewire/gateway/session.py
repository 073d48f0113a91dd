"""One connection's conversation: requests in their order, answers in the same order.

Theory of operation. Requests wait in a queue and are begun strictly one after the other. A
request that changes orders becomes commands for the sequencer and is *in flight* until their
events come back; the next such request may be begun meanwhile, so a client can send many orders
without waiting. Every other request is begun only when nothing is in flight: what it reads, or
changes about the connection, is what all requests before it left behind.

| head of the queue   | nothing in flight | something in flight                                  |
|---------------------|-------------------|------------------------------------------------------|
| cannot be admitted  | error answer      | error answer, after those in flight                  |
| changes orders      | in flight         | in flight; if it cannot be planned yet (it edits an  |
|                     |                   | order that is not there), it waits                   |
| any other           | answered          | waits                                                |

The session knows no socket, no clock and no task: `step` takes what happened and returns what to
do. One session serves one WebSocket connection, or a single REST request. After a connection is
lost its session stays until nothing is in flight, to cancel what was still being placed.
"""

from collections import deque
from collections.abc import Sequence

from msgspec import Raw, Struct, field

from strikewire.api import ApiError, ErrorCode
from strikewire.api.jsonrpc import (
    decode_params,
    decode_query,
    decode_request,
    encode_error,
    encode_heartbeat,
    encode_result,
)
from strikewire.exchange import Event
from strikewire.gateway.admission import OutOfCreditsError, admit
from strikewire.gateway.caller import Caller
from strikewire.gateway.desk import Call, Desk, Plan
from strikewire.gateway.dispatch import HANDLERS, PLANNERS
from strikewire.gateway.heartbeat import Beat
from strikewire.gateway.once import first_events, once, unmarked
from strikewire.gateway.placed import PlacedOrders
from strikewire.gateway.steps import (
    Applied,
    Called,
    Close,
    Disconnected,
    Input,
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
from strikewire.model import NS_PER_US

CLOSE_POLICY = 1008
CLOSE_HEARTBEAT = 4000


class _Arrival(Struct):
    """A request that waits to be begun; `call` is set once it has been admitted."""

    received_ns: int
    request: Called
    call: Call | None = None


class Flight(Struct, eq=False):
    """A request that was begun and is not answered yet; it is the token of its commands."""

    session: "Session"
    arrival: _Arrival
    plan: Plan | None = None
    events: list[Sequence[Event]] = field(default_factory=list)
    error: ApiError | None = None
    answer: Sequence[Output] | None = None  # set once it can be answered


class Session:
    """The machine of the table above.

    Attributes:
        caller: Who is at the other end.
        is_lost: Whether the connection is gone.
    """

    def __init__(self, desk: Desk, caller: Caller) -> None:
        self.caller = caller
        self.is_lost = False
        self._desk = desk
        self._waiting: deque[_Arrival] = deque()
        self._flights: deque[Flight] = deque()
        self._is_deaf = False  # takes no more requests
        self._is_closing = False  # sends no more either
        self._is_paused = False
        self._placed = PlacedOrders(desk.exchange)

    @property
    def is_idle(self) -> bool:
        """Tell whether no request waits and none is in flight."""
        return not self._waiting and not self._flights

    def step(self, now_ns: int, happened: Input) -> list[Output]:
        """Take in what happened and return what to do, in that order.

        Args:
            now_ns: Nanoseconds since the Unix epoch; never less than at the step before.
            happened: One input.
        """
        match happened:
            case Received(payload):
                return self._receive(now_ns, payload)
            case Called():
                return self._call(now_ns, happened)
            case Applied(token, events):
                return self._applied(now_ns, token, events)
            case Refused(token, error):
                return self._refused(now_ns, token, error)
            case Tick():
                return self._tick(now_ns)
            case Revoked(client_ids):
                return self._revoked(client_ids)
            case Disconnected():
                return self._disconnected()

    def _receive(self, now_ns: int, payload: bytes) -> list[Output]:
        try:
            request = decode_request(payload, bytes_max=self._desk.limits.request_bytes_max)
        except ApiError as error:
            return self._call(now_ns, Called(id=error.id, error=error))
        self.caller.heartbeat.heard(is_test=request.method == "public/test")
        called = Called(method=request.method, id=request.id, params=request.params)
        return self._call(now_ns, called)

    def _call(self, now_ns: int, request: Called) -> list[Output]:
        if self._is_deaf:
            return []
        self._desk.counters.requests += 1
        self._waiting.append(_Arrival(now_ns, request))
        return self._advance(now_ns)

    def _applied(self, now_ns: int, token: object, events: Sequence[Event]) -> list[Output]:
        flight = self._flight(token)
        outputs = self._note_placed(flight, events)
        flight.events.append(events)
        self._land(flight)
        return outputs + self._advance(now_ns)

    def _refused(self, now_ns: int, token: object, error: ApiError) -> list[Output]:
        flight = self._flight(token)
        flight.events.append(())
        flight.error = error
        self._land(flight)
        return self._advance(now_ns)

    def _tick(self, now_ns: int) -> list[Output]:
        match self.caller.heartbeat.tick(now_ns):
            case Beat.HEARTBEAT:
                return [Send(encode_heartbeat("heartbeat"))]
            case Beat.TEST_REQUEST:
                return [Send(encode_heartbeat("test_request"))]
            case Beat.CLOSE:
                return self._hang_up(CLOSE_HEARTBEAT, "heartbeat close")
            case None:
                return []

    def _revoked(self, client_ids: frozenset[str]) -> list[Output]:
        if self.caller.client_id not in client_ids:
            return []
        return self._hang_up(CLOSE_POLICY, "the key was revoked")

    def _hang_up(self, code: int, reason: str) -> list[Output]:
        self._is_deaf = self._is_closing = True
        self._waiting.clear()
        return [Close(code, reason)]

    def _disconnected(self) -> list[Output]:
        assert not self.is_lost
        self.is_lost = self._is_deaf = self._is_closing = True
        self._waiting.clear()
        self._desk.leave_session(self.caller)
        if self.caller.grant is not None and self.caller.grant.connection_id is not None:
            self._desk.authenticator.revoke(self.caller.grant)
        outputs: list[Output] = [Leave(self.caller.drop(list(self.caller.subscriptions)))]
        if self._cancels_when_lost:
            outputs += self._cancel_placed()
        return outputs

    # The queue

    def _advance(self, now_ns: int) -> list[Output]:
        """Begin and answer whatever can be begun and answered now."""
        outputs: list[Output] = []
        self._answer(outputs)
        while self._waiting and self._begin(now_ns, outputs):
            self._waiting.popleft()
            self._answer(outputs)
            if self._is_deaf:
                self._waiting.clear()
        outputs += self._pace()
        return outputs

    def _begin(self, now_ns: int, outputs: list[Output]) -> bool:
        """Begin the request at the head of the queue; False if it has to wait."""
        arrival = self._waiting[0]
        request = arrival.request
        try:
            if request.error is not None:
                raise request.error
            if arrival.call is None:
                arrival.call = admit(self._desk, self.caller, now_ns, request)
        except ApiError as error:
            self._fly(arrival, error=error)
            return True
        except OutOfCreditsError:
            self._fly_away(arrival)
            return True
        if request.method in PLANNERS:
            return self._begin_planned(arrival, arrival.call, outputs)
        if self._flights:
            return False
        self._handle(arrival, arrival.call)
        return True

    def _begin_planned(self, arrival: _Arrival, call: Call, outputs: list[Output]) -> bool:
        try:
            params = self._params(arrival, call)
            plan = once(call, params, PLANNERS[call.method.name](self._desk, call, params))
        except ApiError as error:
            if self._flights:
                return False  # Perhaps it can be planned after what is in flight.
            self._fly(arrival, error=error)
            return True
        flight = self._fly(arrival, plan=plan)
        outputs += [Submit(flight, command) for command in plan.commands]
        return True

    def _handle(self, arrival: _Arrival, call: Call) -> None:
        try:
            params = self._params(arrival, call)
            reply = HANDLERS[call.method.name](self._desk, call, params)
        except ApiError as error:
            self._fly(arrival, error=error)
            return
        flight = self._fly(arrival)
        answer: list[Output] = [] if reply.is_silent else [self._result(arrival, reply.result)]
        flight.answer = [*answer, *reply.then]

    def _params(self, arrival: _Arrival, call: Call) -> Struct:
        params = arrival.request.params
        if isinstance(params, Raw):
            return decode_params(call.method, params)
        return decode_query(call.method, params)

    # What is in flight

    def _fly(
        self,
        arrival: _Arrival,
        *,
        plan: Plan | None = None,
        error: ApiError | None = None,
    ) -> Flight:
        flight = Flight(self, arrival, plan=plan, error=error)
        self._flights.append(flight)
        if error is not None or plan is not None:
            self._land(flight)
        return flight

    def _fly_away(self, arrival: _Arrival) -> None:
        """Answer a request for which there are no credits left; a connection ends with it."""
        self._desk.counters.rate_limited += 1
        flight = self._fly(arrival, error=ApiError(ErrorCode.TOO_MANY_REQUESTS))
        assert flight.answer is not None
        flight.answer = [*flight.answer, Close(CLOSE_POLICY, "too many requests")]
        self._is_deaf = True

    def _flight(self, token: object) -> Flight:
        assert isinstance(token, Flight)
        assert token.session is self
        assert token.answer is None
        return token

    def _land(self, flight: Flight) -> None:
        """Work out the answer, if everything it depends on has come back."""
        plan = flight.plan
        if plan is not None and len(flight.events) < len(plan.commands):
            return
        try:
            if flight.error is not None:
                raise flight.error
            assert plan is not None
            flight.answer = [self._result(flight.arrival, plan.answer(flight.events))]
        except ApiError as error:
            flight.answer = [self._error(flight.arrival, error)]

    def _answer(self, outputs: list[Output]) -> None:
        """Answer those at the front; the others wait for them."""
        while self._flights and self._flights[0].answer is not None:
            for output in self._flights.popleft().answer or ():
                if not self._is_closing:
                    outputs.append(output)
                if isinstance(output, Close):
                    self._is_deaf = self._is_closing = True

    def _result(self, arrival: _Arrival, result: object) -> Send:
        payload = encode_result(
            arrival.request.id,
            result,
            us_in=arrival.received_ns // NS_PER_US,
            us_out=self._desk.clock() // NS_PER_US,
            testnet=self._desk.testnet,
        )
        return Send(payload)

    def _error(self, arrival: _Arrival, error: ApiError) -> Send:
        self._desk.counters.errors += 1
        error.id = arrival.request.id
        payload = encode_error(
            error,
            us_in=arrival.received_ns // NS_PER_US,
            us_out=self._desk.clock() // NS_PER_US,
            testnet=self._desk.testnet,
        )
        return Send(payload, is_error=True)

    def _pace(self) -> list[Output]:
        """Stop or resume reading, so that the number of unanswered requests stays bounded."""
        unanswered = len(self._waiting) + len(self._flights)
        most = self._desk.limits.requests_waiting_max
        if not self._is_paused and unanswered >= most:
            self._is_paused = True
            return [PauseReading()]
        if self._is_paused and unanswered <= most // 2:
            self._is_paused = False
            return [ResumeReading()]
        return []

    # Cancel on disconnect

    @property
    def _cancels_when_lost(self) -> bool:
        return self.caller.cancel_on_disconnect and not self.caller.said_goodbye

    def _note_placed(self, flight: Flight, events: Sequence[Event]) -> list[Output]:
        """Remember an order this connection placed; cancel it if it came too late."""
        assert flight.plan is not None
        command = unmarked(flight.plan.commands[len(flight.events)])
        is_waiting = self._placed.note(command, first_events(events))
        if is_waiting and self.is_lost and self._cancels_when_lost:
            return self._cancel_placed()
        return []

    def _cancel_placed(self) -> list[Output]:
        return [Submit(None, command) for command in self._placed.cancel_all()]
