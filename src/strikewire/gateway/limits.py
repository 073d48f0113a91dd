"""Every limit of the gateway, with its unit and what happens when it is reached."""

from collections.abc import Mapping

from msgspec import Struct

NS_PER_S = 1_000_000_000


class Limits(Struct, frozen=True, kw_only=True):
    """What one gateway carries, and what one connection may ask of it.

    Attributes:
        connections_max: Open connections; the next one is closed with 1013 (try again later).
        connections_per_ip_max: Open connections of one address; the next is closed with 1013.
        sessions_per_key_max: Connections authenticated with one key; the next `public/auth` is
            answered with 11042 (permission denied), the connection stays.
        request_bytes_max: Length of a request; a longer one is answered with -32600 (request
            entity too large) without an id, the connection stays.
        requests_waiting_max: Requests of a connection that wait for an answer; at this number
            the gateway stops reading that connection until half of them are answered.
        subscriptions_max: Channels of one connection; further ones are left out of the answer.
        send_queue_bytes_max: Bytes that wait for a slow reader; beyond it the connection is
            closed with 1008 (policy violation).
        rest_waiting_max: REST requests in progress; the next is answered with 10047 (queue full).
    """

    connections_max: int = 10_000
    connections_per_ip_max: int = 1_000
    sessions_per_key_max: int = 16
    request_bytes_max: int = 32 * 1024
    requests_waiting_max: int = 256
    subscriptions_max: int = 500
    send_queue_bytes_max: int = 4 * 1024 * 1024
    rest_waiting_max: int = 1_000


class Rate(Struct, frozen=True):
    """How often one class of requests may be made: a pool of credits that refills.

    Attributes:
        cost: Credits that one request takes.
        pool: Credits that can be saved up; `pool // cost` requests may come at once.
        refill: Credits that come back each second.
    """

    cost: int
    pool: int
    refill: int


RATES_OFF: Mapping[str, Rate] = {}

# The figures of the venue that we speak like, for accounts of its lowest volume tier.
RATES_DERIBIT: Mapping[str, Rate] = {
    "non_matching": Rate(cost=500, pool=50_000, refill=10_000),
    "matching": Rate(cost=2_000, pool=40_000, refill=10_000),
    "subscribe": Rate(cost=3_000, pool=30_000, refill=10_000),
    "get_instruments": Rate(cost=10_000, pool=500_000, refill=10_000),
    "auth": Rate(cost=500, pool=50_000, refill=10_000),
}

RATE_POLICIES: Mapping[str, Mapping[str, Rate]] = {"off": RATES_OFF, "deribit": RATES_DERIBIT}

BUCKETS_MAX = 100_000


class Bucket:
    """Credits of one owner for one class of requests; whole numbers, so no credit is lost."""

    __slots__ = ("_nanocredits", "_rate", "_time_ns")

    def __init__(self, now_ns: int, rate: Rate) -> None:
        self._rate = rate
        self._nanocredits = rate.pool * NS_PER_S
        self._time_ns = now_ns

    def take(self, now_ns: int) -> bool:
        """Pay for one request; False leaves the credits as they were."""
        self._refill(now_ns)
        price = self._rate.cost * NS_PER_S
        if price > self._nanocredits:
            return False
        self._nanocredits -= price
        return True

    def is_full(self, now_ns: int) -> bool:
        """Tell whether nothing is missing, so that a new bucket would be the same."""
        self._refill(now_ns)
        return self._nanocredits == self._rate.pool * NS_PER_S

    def _refill(self, now_ns: int) -> None:
        elapsed_ns = max(0, now_ns - self._time_ns)  # A clock that steps back gives nothing.
        self._time_ns = max(self._time_ns, now_ns)
        full = self._rate.pool * NS_PER_S
        self._nanocredits = min(full, self._nanocredits + elapsed_ns * self._rate.refill)


class RateLimiter:
    """The buckets of all owners: accounts, and addresses of those who are not known yet.

    At `BUCKETS_MAX` buckets the full ones are forgotten, which changes nothing for anybody; if
    none is full, newcomers are refused until one is.
    """

    def __init__(self, rates: Mapping[str, Rate]) -> None:
        self._rates = rates
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, now_ns: int, owner: str, kind: str) -> bool:
        """Pay for one request.

        Args:
            now_ns: Time, nanoseconds since the Unix epoch.
            owner: Who pays, such as `account 7` or `address 127.0.0.1`.
            kind: Class of the request; a class without a rate is free.

        Returns:
            False when the owner has too few credits left.
        """
        rate = self._rates.get(kind)
        if rate is None:
            return True
        key = (owner, kind)
        bucket = self._buckets.get(key)
        if bucket is None:
            if not self._has_room(now_ns):
                return False
            bucket = self._buckets[key] = Bucket(now_ns, rate)
        return bucket.take(now_ns)

    def _has_room(self, now_ns: int) -> bool:
        if len(self._buckets) < BUCKETS_MAX:
            return True
        full = [key for key, bucket in self._buckets.items() if bucket.is_full(now_ns)]
        for key in full:
            del self._buckets[key]
        return len(self._buckets) < BUCKETS_MAX
