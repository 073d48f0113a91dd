"""Whether a subscription tells everything once, in order, and nothing that is not its own.

A subscription begins somewhere between the moment its request was sent and the moment the answer
arrived; from there on it must go through the facts of its owner without a step missed or repeated,
until its connection ends. The checker reads the connection like a wiretap: it knows the API's text
and nothing of the machines at its ends.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from strikewire.api.market_data import PublicTrade
from strikewire.api.trading import Order, UserTrade
from strikewire.testing.simulation.truth import Fact, Feed, OrderFact, PrintFact, TradeFact, Truth
from strikewire.testing.simulation.violations import check

RULE_ONCE: Final = "each subscription tells each event of its owner exactly once"


class _Params(Struct):
    channels: list[str] = []


class _Request(Struct):
    id: int
    method: str
    params: _Params


class _Answer(Struct):
    id: Annotated[int, Meta(ge=0)] = 0
    result: Raw = Raw()


_decode_request: Final = msgspec.json.Decoder(_Request).decode
_decode_answer: Final = msgspec.json.Decoder(_Answer).decode
_decode_order: Final = msgspec.json.Decoder(Order | list[Order]).decode
_decode_trades: Final = msgspec.json.Decoder(list[UserTrade]).decode
_decode_prints: Final = msgspec.json.Decoder(list[PublicTrade]).decode


class Reading:
    """One subscription to one feed.

    Args:
        feed: What it has to tell.
        since: The earliest fact it may begin with.
    """

    def __init__(self, feed: Feed, since: int) -> None:
        self._feed = feed
        self._since = since
        self._starts: list[int] | None = None
        self._heard: list[Fact] = []

    def confirm(self) -> None:
        """Take note that the subscription has begun by now."""
        starts = range(self._since, len(self._feed.facts) + 1)
        self._starts = [start for start in starts if self._fits(start)]
        check(bool(self._starts), RULE_ONCE, f"heard {self._heard}")

    def hear(self, channel: str, facts: Sequence[Fact]) -> None:
        """Take what it told."""
        self._heard += facts
        if self._starts is None:
            return
        self._starts = [start for start in self._starts if self._fits(start, len(facts))]
        if not self._starts:
            told = self._feed.facts[-len(self._heard) - 3 :]
            check(False, RULE_ONCE, f"{channel}: heard {self._heard[-5:]}, let out {told}")

    @property
    def is_complete(self) -> bool:
        """Whether everything that was let out has been told."""
        end = len(self._feed.facts) - len(self._heard)
        return self._starts is None or end in self._starts

    def _fits(self, start: int, last: int | None = None) -> bool:
        """Say whether the last facts heard are those that follow from a start."""
        count = len(self._heard)
        first = 0 if last is None else count - last
        return self._feed.facts[start + first : start + count] == self._heard[first:]


class Wiretap:
    """Reads one client's connections.

    Args:
        truth: What was let out.
        account_id: Whose client it is; None for one without keys.
    """

    def __init__(self, truth: Truth, account_id: int | None) -> None:
        self._truth = truth
        self._account_id = account_id
        self._asked: dict[int, list[str]] = {}
        self._readings: dict[str, Reading] = {}

    def connected(self) -> None:
        """Take note that a new connection begins, with nothing subscribed."""
        self._asked.clear()
        self._readings.clear()

    def sent(self, payload: bytes) -> None:
        """Read a message of the client."""
        if b"subscribe" not in payload:
            return
        request = _decode_request(payload)
        for channel in request.params.channels:
            feed = self._feed(channel)
            if feed is None:
                continue
            self._readings.pop(channel, None)
            if request.method.endswith("/subscribe"):
                since = len(feed.facts) if channel.endswith(".raw") else feed.at_tick
                self._readings[channel] = Reading(feed, since)
                self._asked.setdefault(request.id, []).append(channel)

    def received(self, payload: bytes) -> None:
        """Read a message of the venue."""
        if not self._asked:
            return
        channels = self._asked.pop(_decode_answer(payload).id, ())
        for channel in channels:
            if channel in self._readings:
                self._readings[channel].confirm()

    def told(self, channel: str, data: Raw) -> None:
        """Read a notification that the client kept."""
        reading = self._readings.get(channel)
        if reading is not None:
            reading.hear(channel, _facts(channel, data))

    def incomplete(self) -> list[str]:
        """Return the channels that have not told everything yet."""
        return [name for name, one in self._readings.items() if not one.is_complete]

    def _feed(self, channel: str) -> Feed | None:
        kind, *rest = channel.split(".")
        if kind == "user" and rest[0] in ("orders", "trades"):
            assert self._account_id is not None
            return self._truth.feed(rest[0], self._account_id)
        return self._truth.feed("prints", rest[0]) if kind == "trades" else None


def _facts(channel: str, data: Raw) -> list[Fact]:
    if channel.startswith("user.orders."):
        orders = _decode_order(data)
        return [order_fact(one) for one in (orders if isinstance(orders, list) else [orders])]
    if channel.startswith("user.trades."):
        return [
            TradeFact(one.trade_id, one.order_id, one.price, one.amount, one.liquidity)
            for one in _decode_trades(data)
        ]
    return [
        PrintFact(one.trade_id, one.trade_seq, one.price, one.amount)
        for one in _decode_prints(data)
    ]


def order_fact(order: Order) -> OrderFact:
    """Return what the API says of an order."""
    return OrderFact(
        order.order_id,
        order.order_state,
        order.price,
        order.amount,
        order.filled_amount,
        order.last_update_timestamp,
    )
