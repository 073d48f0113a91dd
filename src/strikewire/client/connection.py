"""One client's connection to a venue, as a machine without sockets, clock or chance.

Theory of operation. The shell hands in what happened and performs what comes out:

| state          | what happened        | next           | what comes out                        |
|----------------|----------------------|----------------|---------------------------------------|
| IDLE           | start                | OPENING        | Open                                  |
| OPENING        | opened               | AUTHENTICATING | Send(auth), where keys were given     |
|                |                      | READY          | as below, where not                   |
|                | closed               | WAITING        | Disconnected                          |
| AUTHENTICATING | answer               | READY          | Connected, Send(heartbeat, subscribe) |
|                | error about the keys | STOPPED        | Close, Disconnected without a retry   |
|                | other error, closed  | WAITING        | Close, Disconnected                   |
| READY          | answer, note         | READY          | Answered, Failed, Pushed              |
|                | closed, silence      | WAITING        | Failed(unknown outcome), Disconnected |
| WAITING        | its time has come    | OPENING        | Open                                  |
| any            | stop                 | STOPPED        | Close                                 |

Subscriptions are *wanted*, not sent: the machine compares what is wanted with what the venue has
confirmed and asks for the difference, in batches, so that subscribing twice, dropping and
reconnecting all come to the same. A request has a deadline; when the connection goes first, its
outcome is unknown and the caller is told so. An error of the venue never stops the machine.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from functools import partial
from typing import Final

import msgspec
from msgspec import Raw, Struct

from strikewire.api import ErrorCode
from strikewire.client.backoff import retry_delay_ms
from strikewire.client.errors import (
    ClientClosedError,
    ClientError,
    NotConnectedError,
    RequestTimeoutError,
    RequestTooLargeError,
    TooManyRequestsError,
    UnknownOutcomeError,
    VenueError,
)
from strikewire.client.events import (
    Complained,
    Connected,
    Disconnected,
    Garbled,
    Refused,
)
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
from strikewire.client.requests import REQUESTS_WAITING_MAX, Requests, Then
from strikewire.client.subscriptions import Ask, Subscriptions
from strikewire.client.wire import (
    REQUEST_BYTES_MAX,
    Answer,
    ErrorAnswer,
    Heartbeat,
    Notification,
    UnreadableError,
    decode_message,
)

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

RENEW_INTERVAL_NS: Final = NS_PER_S
"""A channel is subscribed again at most this often, however often its reader asks."""

STABLE_NS: Final = 10 * NS_PER_S
"""A connection that lasted this long was good: the next wait begins with the shortest again."""

# One channel of many made the request fail; asking for fewer at a time finds it.
DIVISIBLE_CODES: Final = frozenset(
    {
        ErrorCode.RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED,
        ErrorCode.INVALID_PARAMS,
        ErrorCode.INVALID_REQUEST,
    }
)

# The keys are wrong or not allowed here: asking again with the same ones cannot help.
FATAL_AUTH_CODES: Final = frozenset(
    {
        ErrorCode.INVALID_CREDENTIALS,
        ErrorCode.UNAUTHORIZED,
        ErrorCode.FORBIDDEN,
        ErrorCode.ACCOUNT_BLOCKED,
        ErrorCode.INVALID_PARAMS,
    }
)

# The venue stopped while it wrote the request to its journal: an answer, and yet no outcome.
IN_DOUBT_CODES: Final = frozenset({ErrorCode.OTHER_ERROR})


class State(Enum):
    """Where a connection stands; see the table above."""

    IDLE = auto()
    OPENING = auto()
    AUTHENTICATING = auto()
    READY = auto()
    WAITING = auto()
    STOPPED = auto()


class _Session(Struct, frozen=True):
    """What public/auth answers, as far as we use it."""

    refresh_token: str
    expires_in: int


class ClientConnection:
    """The machine of the table above.

    Args:
        credentials: The key to authenticate with; None stays public.
        options: Timeouts and intervals.
        sign: Makes the parameters of public/auth from the key and the time in milliseconds; the
            shell owns the chance it needs.
        jitter: Returns a whole number from 0 to its argument.

    Attributes:
        state: Where the connection stands.
        failure: Why it stopped for good, None while it has not.
        late_answers: Answers that came after their request was given up.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | None,
        options: Options,
        sign: Callable[[Credentials, int], dict[str, object]],
        jitter: Callable[[int], int],
    ) -> None:
        self.state = State.IDLE
        self.failure: ClientError | None = None
        self.late_answers = 0
        self._credentials = credentials
        self._options = options
        self._sign = sign
        self._jitter = jitter
        self._reason = "not started"
        self._connections = 0
        self._attempt = 0
        self._requests = Requests(options.request_timeout_ms * NS_PER_MS)
        self._renewed: dict[str, int] = {}  # when a channel was renewed last
        self._renewals: dict[str, int] = {}  # when a channel is to be renewed next
        self._subscriptions = Subscriptions()
        self._retry_ns = 0
        self._ready_ns = 0
        self._heard_ns = 0
        self._refresh_ns: int | None = None
        self._refresh_token = ""

    @property
    def is_ready(self) -> bool:
        """Whether a request would be sent now."""
        return self.state is State.READY

    # -- what happened -------------------------------------------------------------------------

    def start(self) -> list[Output]:
        """Begin to connect."""
        assert self.state is State.IDLE
        self.state = State.OPENING
        return [Open()]

    def opened(self, now_ns: int) -> list[Output]:
        """Take note that a connection stands."""
        if self.state is not State.OPENING:
            return [Close(1000, "not wanted any more")]
        self._heard_ns = now_ns
        if self._credentials is None:
            return self._ready(now_ns)
        self.state = State.AUTHENTICATING
        params = self._sign(self._credentials, now_ns // NS_PER_MS)
        return self._ask(now_ns, "public/auth", params, self._authenticated)

    def closed(self, now_ns: int, reason: str) -> list[Output]:
        """Take note that the connection is gone, or that none came about."""
        if self.state in (State.STOPPED, State.WAITING):
            return []
        return self._down(now_ns, reason)

    def received(self, now_ns: int, payload: bytes | str) -> list[Output]:
        """Take one message of the venue; never raises on what it holds."""
        if self.state not in (State.AUTHENTICATING, State.READY):
            return []  # we closed; what was on its way is not wanted any more
        self._heard_ns = now_ns
        try:
            message = decode_message(payload)
        except UnreadableError as error:
            return [Happened(Garbled(str(error)))]
        match message:
            case Notification(channel, data):
                return self._push(channel, data)
            case Answer(request_id, _):
                return self._answer(now_ns, request_id, message)
            case ErrorAnswer(None, code, text, reason, _):
                return [Happened(Complained(code, reason or text))]
            case ErrorAnswer(request_id, _, _, _, _):
                assert request_id is not None
                return self._answer(now_ns, request_id, message)
            case Heartbeat(True):
                return self._ask(now_ns, "public/test", {}, _nothing)
            case _:
                return []

    def tick(self, now_ns: int) -> list[Output]:
        """Do what is due; call it when `deadline_ns` has come."""
        if self.state is State.WAITING and now_ns >= self._retry_ns:
            self.state = State.OPENING
            return [Open()]
        silence_ns = self._silence_ns()
        if silence_ns is not None and now_ns >= self._heard_ns + silence_ns:
            reason = f"nothing heard for {silence_ns // NS_PER_S} s"
            return [Close(1002, reason), *self._down(now_ns, reason)]
        outputs = self._expire(now_ns)
        if self._refresh_ns is not None and now_ns >= self._refresh_ns:
            self._refresh_ns = None
            outputs += self._refresh(now_ns)
        for channel in [key for key, due_ns in self._renewals.items() if due_ns <= now_ns]:
            del self._renewals[channel]
            outputs += self.renew(now_ns, channel)
        return outputs

    def deadline_ns(self) -> int | None:
        """Return when `tick` has something to do; None when nothing is waited for."""
        if self.state is State.WAITING:
            return self._retry_ns
        if self.state in (State.IDLE, State.STOPPED):
            return None
        silence_ns = self._silence_ns()
        candidates = [*self._renewals.values()]
        if silence_ns is not None:
            candidates.append(self._heard_ns + silence_ns)
        if self._refresh_ns is not None:
            candidates.append(self._refresh_ns)
        request_ns = self._requests.deadline_ns()
        if request_ns is not None:
            candidates.append(request_ns)
        return min(candidates, default=None)

    def call(self, now_ns: int, token: object, method: str, params: object) -> list[Output]:
        """Ask the venue; `token` comes back in `Answered` or `Failed`."""
        if self.state is State.STOPPED:
            return [Failed(token, self.failure or ClientClosedError())]
        if self.state is not State.READY:
            return [Failed(token, NotConnectedError(self._reason))]
        if self._requests.is_full:
            return [Failed(token, TooManyRequestsError(REQUESTS_WAITING_MAX))]
        payload = self._requests.encode(method, params)
        if len(payload) > REQUEST_BYTES_MAX:
            error = RequestTooLargeError(size=len(payload), size_max=REQUEST_BYTES_MAX)
            return [Failed(token, error)]
        self._requests.wait(now_ns, method, token=token)
        return [Send(payload)]

    def want(self, now_ns: int, channels: Iterable[str]) -> list[Output]:
        """Keep these channels subscribed from now on, also over reconnects."""
        self._subscriptions.want(channels)
        return self._reconcile(now_ns)

    def drop(self, now_ns: int, channels: Sequence[str]) -> list[Output]:
        """Keep these channels subscribed no longer."""
        for channel in channels:
            self._renewed.pop(channel, None)
            self._renewals.pop(channel, None)
        self._subscriptions.drop(channels)
        return self._reconcile(now_ns)

    def renew(self, now_ns: int, channel: str) -> list[Output]:
        """Subscribe a channel again, so that the venue sends its first note (a snapshot) anew."""
        if self.state is not State.READY:
            return []  # the next connection begins with a first note anyway
        due_ns = self._renewed.get(channel, now_ns - RENEW_INTERVAL_NS) + RENEW_INTERVAL_NS
        if now_ns < due_ns:
            # A venue whose snapshots are broken must not be asked for them in a circle.
            self._renewals[channel] = due_ns
            return []
        self._renewed[channel] = now_ns
        outputs = self._ask_all(now_ns, self._subscriptions.renewing([channel]))
        return outputs + self._reconcile(now_ns)

    def stop(self) -> list[Output]:
        """End for good; calls that wait for an answer fail with an unknown outcome."""
        if self.state is State.STOPPED:
            return []
        was_open = self.state not in (State.IDLE, State.WAITING)
        outputs: list[Output] = [Close(1000, "")] if was_open else []
        self.state = State.STOPPED
        self._reason = "the client is closed"
        return outputs + self._fail_pending(self._reason)

    # -- going up and down ---------------------------------------------------------------------

    def _authenticated(self, now_ns: int, answer: Answer | ErrorAnswer) -> list[Output]:
        if isinstance(answer, Answer):
            self._keep_session(now_ns, answer.result)
            return self._ready(now_ns)
        error = _venue_error("public/auth", answer)
        if answer.code not in FATAL_AUTH_CODES:
            return [Close(1000, "not authenticated"), *self._down(now_ns, str(error))]
        self.failure = error
        outputs = self.stop()
        return [*outputs, Happened(Disconnected(str(error), None))]

    def _ready(self, now_ns: int) -> list[Output]:
        self.state = State.READY
        self._ready_ns = now_ns
        self._connections += 1
        outputs: list[Output] = []
        if self._options.heartbeat_s:
            params = {"interval": self._options.heartbeat_s}
            outputs += self._ask(now_ns, "public/set_heartbeat", params, _nothing)
        outputs += self._reconcile(now_ns)
        return [*outputs, Happened(Connected(self._connections))]

    def _down(self, now_ns: int, reason: str) -> list[Output]:
        if self.state is State.READY and now_ns - self._ready_ns >= STABLE_NS:
            self._attempt = 0
        self.state = State.WAITING
        self._reason = reason
        delay_ms = retry_delay_ms(
            self._attempt, jitter=self._jitter, delay_ms_max=self._options.retry_ms_max
        )
        self._attempt += 1
        self._retry_ns = now_ns + delay_ms * NS_PER_MS
        self._refresh_ns = None
        self._renewed.clear()
        self._renewals.clear()
        self._subscriptions.reset()
        return [*self._fail_pending(reason), Happened(Disconnected(reason, delay_ms))]

    def _fail_pending(self, reason: str) -> list[Output]:
        return [
            Failed(pending.token, UnknownOutcomeError(method=pending.method, reason=reason))
            for pending in self._requests.drain()
            if pending.then is None
        ]

    def _keep_session(self, now_ns: int, result: Raw) -> None:
        try:
            session = msgspec.json.decode(result, type=_Session)
        except msgspec.DecodeError:
            return  # a venue without refresh tokens: the connection lasts as long as it lasts
        # Early enough for a retry by reconnecting before the token ends.
        self._refresh_ns = now_ns + session.expires_in * NS_PER_S * 4 // 5
        self._refresh_token = session.refresh_token

    def _refresh(self, now_ns: int) -> list[Output]:
        params = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        return self._ask(now_ns, "public/auth", params, self._refreshed)

    def _refreshed(self, now_ns: int, answer: Answer | ErrorAnswer) -> list[Output]:
        if isinstance(answer, Answer):
            self._keep_session(now_ns, answer.result)
            return []
        reason = f"the session could not be refreshed: {answer.message}"
        return [Close(1000, "session ended"), *self._down(now_ns, reason)]

    def _silence_ns(self) -> int | None:
        if self.state is not State.READY or not self._options.heartbeat_s:
            return None
        return 2 * self._options.heartbeat_s * NS_PER_S

    # -- requests ------------------------------------------------------------------------------

    def _ask(
        self,
        now_ns: int,
        method: str,
        params: object,
        then: Then,
    ) -> list[Output]:
        payload = self._requests.encode(method, params)
        self._requests.wait(now_ns, method, then=then)
        return [Send(payload)]

    def _answer(self, now_ns: int, request_id: int, answer: Answer | ErrorAnswer) -> list[Output]:
        pending = self._requests.take(request_id)
        if pending is None:
            self.late_answers += 1
            return []
        if pending.then is not None:
            return pending.then(now_ns, answer)
        if isinstance(answer, Answer):
            return [Answered(pending.token, answer.result)]
        if answer.code in IN_DOUBT_CODES:
            reason = answer.reason or answer.message
            return [
                Failed(pending.token, UnknownOutcomeError(method=pending.method, reason=reason))
            ]
        return [Failed(pending.token, _venue_error(pending.method, answer))]

    def _expire(self, now_ns: int) -> list[Output]:
        expired = self._requests.expire(now_ns)
        timeout_ms = self._options.request_timeout_ms
        outputs: list[Output] = [
            Failed(one.token, RequestTimeoutError(method=one.method, timeout_ms=timeout_ms))
            for one in expired
            if one.then is None
        ]
        own = next((one for one in expired if one.then is not None), None)
        if own is not None:
            # Without an answer to our own request we do not know what we are subscribed to.
            reason = f"no answer to {own.method}"
            outputs += [Close(1002, reason), *self._down(now_ns, reason)]
        return outputs

    # -- subscriptions -------------------------------------------------------------------------

    def _reconcile(self, now_ns: int) -> list[Output]:
        if self.state is not State.READY:
            return []
        return self._ask_all(now_ns, self._subscriptions.asks())

    def _ask_all(self, now_ns: int, asks: Iterable[Ask]) -> list[Output]:
        # private/subscribe takes public channels too, and is the one that may ask for raw ones.
        scope = "public" if self._credentials is None else "private"
        outputs: list[Output] = []
        for ask in asks:
            then = self._subscribed if ask.verb == "subscribe" else self._unsubscribed
            params = {"channels": ask.channels}
            outputs += self._ask(now_ns, f"{scope}/{ask.verb}", params, partial(then, ask))
        return outputs

    def _subscribed(self, ask: Ask, now_ns: int, answer: Answer | ErrorAnswer) -> list[Output]:
        if len(ask.channels) > 1 and _is_divisible(answer):
            return self._ask_all(now_ns, self._subscriptions.halves(ask))
        confirmed, reason = _confirmed(answer)
        refused = self._subscriptions.confirm(ask, confirmed)
        outputs: list[Output] = [Happened(Refused(channel, reason)) for channel in refused]
        # While the answer was on its way some may have been dropped again.
        return outputs + self._reconcile(now_ns)

    def _unsubscribed(self, ask: Ask, _now_ns: int, _answer: Answer | ErrorAnswer) -> list[Output]:
        self._subscriptions.unmute(ask)
        return []

    def _push(self, channel: str, data: Raw) -> list[Output]:
        first = self._subscriptions.note(channel)
        return [] if first is None else [Pushed(channel, data, first)]


def _confirmed(answer: Answer | ErrorAnswer) -> tuple[frozenset[str], str]:
    if isinstance(answer, ErrorAnswer):
        return frozenset(), f"{answer.code} {answer.message}"
    try:
        channels = msgspec.json.decode(answer.result, type=frozenset[str])
    except msgspec.DecodeError as error:
        return frozenset(), f"the answer cannot be read: {error}"
    return channels, "the venue left it out of its answer"


def _is_divisible(answer: Answer | ErrorAnswer) -> bool:
    return isinstance(answer, ErrorAnswer) and answer.code in DIVISIBLE_CODES


def _venue_error(method: str, answer: ErrorAnswer) -> VenueError:
    return VenueError(
        method=method,
        code=answer.code,
        message=answer.message,
        reason=answer.reason,
        param=answer.param,
    )


def _nothing(_now_ns: int, _answer: Answer | ErrorAnswer) -> list[Output]:
    return []
