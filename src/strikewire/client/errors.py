"""What can go wrong for a user of the client, by what the user can do about it.

- `ClientError`
    - `ConnectError`: no connection came about; nothing was sent
    - `NotConnectedError`: the connection is down just now; nothing was sent
    - `ClientClosedError`: the client was closed; nothing was sent
    - `RequestTooLargeError`: the request would be refused for its size; nothing was sent
    - `TooManyRequestsError`: too many requests wait for an answer; nothing was sent
    - `VenueError`: the venue answered with an error; nothing happened there
    - `AnswerShapeError`: the venue answered something that is not documented
    - `UnknownOutcomeError`: the request was sent and its outcome never came
        - `RequestTimeoutError`: it did not come in time
    - `SubscriptionRefusedError`: the venue does not offer the channel, or not without a key
    - `SlowReaderError`: a stream with `Loss.FAIL` was not read fast enough
"""


class ClientError(Exception):
    """Anything the client raises on purpose."""


class ConnectError(ClientError):
    """No connection came about.

    Attributes:
        url: Where the client tried to connect.
        reason: What went wrong, in words.
    """

    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f"cannot connect to {url}: {reason}")
        self.url = url
        self.reason = reason


class NotConnectedError(ClientError):
    """The connection is down just now and nothing was sent; it will be retried.

    Attributes:
        reason: Why it is down, in words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"not connected: {reason}")
        self.reason = reason


class ClientClosedError(ClientError):
    """The client was closed; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("the client is closed")


class RequestTooLargeError(ClientError):
    """The request is larger than a venue reads; nothing was sent.

    Attributes:
        size: Bytes of the encoded request.
        size_max: Bytes a venue reads.
    """

    def __init__(self, *, size: int, size_max: int) -> None:
        super().__init__(f"request of {size} bytes, the venue reads {size_max}")
        self.size = size
        self.size_max = size_max


class TooManyRequestsError(ClientError):
    """Too many requests wait for an answer; nothing was sent.

    Attributes:
        waiting_max: Requests that may wait at once.
    """

    def __init__(self, waiting_max: int) -> None:
        super().__init__(f"{waiting_max} requests wait for an answer already")
        self.waiting_max = waiting_max


class VenueError(ClientError):
    """The venue refused a request; it changed nothing there.

    Attributes:
        method: What was asked.
        code: The venue's number for the error.
        message: The venue's name for it.
        reason: What exactly was wrong, where the venue says so.
        param: Which parameter was wrong, where the venue says so.

    Source: Deribit API v2, "RPC Error Codes".
    """

    def __init__(
        self, *, method: str, code: int, message: str, reason: str = "", param: str = ""
    ) -> None:
        detail = ": ".join(part for part in (param, reason) if part)
        super().__init__(f"{method}: {code} {message}" + (f" ({detail})" if detail else ""))
        self.method = method
        self.code = code
        self.message = message
        self.reason = reason
        self.param = param


class AnswerShapeError(ClientError):
    """The venue answered, but not in the shape that is documented.

    Attributes:
        method: What was asked.
    """

    def __init__(self, *, method: str, reason: str) -> None:
        super().__init__(f"{method}: the answer cannot be read: {reason}")
        self.method = method


class UnknownOutcomeError(ClientError):
    """The request was sent and its outcome never came: it may or may not have taken effect.

    Either no answer came, or the venue answered that it does not know itself.

    Attributes:
        method: What was asked.
        reason: Why the outcome is not known, in words.
    """

    def __init__(self, *, method: str, reason: str) -> None:
        super().__init__(f"{method}: unknown outcome: {reason}")
        self.method = method
        self.reason = reason


class RequestTimeoutError(UnknownOutcomeError):
    """The answer did not come in time; an answer that comes later is dropped.

    Attributes:
        timeout_ms: How long the client waited.
    """

    def __init__(self, *, method: str, timeout_ms: int) -> None:
        super().__init__(method=method, reason=f"no answer in {timeout_ms} ms")
        self.timeout_ms = timeout_ms


class SlowReaderError(ClientError):
    """A stream that must not lose anything was not read fast enough.

    Attributes:
        channel: The channel of the stream.
        capacity: Notes it holds.
    """

    def __init__(self, *, channel: str, capacity: int) -> None:
        super().__init__(f"{channel}: more than {capacity} notes wait to be read")
        self.channel = channel
        self.capacity = capacity


class SubscriptionRefusedError(ClientError):
    """The venue does not offer a channel, or not without a key.

    Attributes:
        channel: As asked for.
        reason: What the venue says, in words.
    """

    def __init__(self, *, channel: str, reason: str) -> None:
        super().__init__(f"{channel}: not subscribed: {reason}")
        self.channel = channel
        self.reason = reason
