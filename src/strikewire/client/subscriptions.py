"""What one connection is subscribed to, and what it should be: asks for the difference.

A channel is in at most one of these places, and moves along the arrows:

    wanted -> asked -> active            the venue confirmed it
                    -> refused           the venue left it out, or answered with an error
    active -> muted -> (gone | asked)    unsubscribed; notes still on their way are dropped

Because only the difference is asked for, subscribing twice, subscribing while a request is on its
way and reconnecting all lead to the same single subscription.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

CHANNELS_PER_REQUEST: Final = 200
"""Channels in one request; more are asked for in further requests."""


class Ask(Struct, frozen=True):
    """A request to send: subscribe or unsubscribe these channels."""

    verb: Literal["subscribe", "unsubscribe"]
    channels: tuple[str, ...]


class Subscriptions:
    """The places of the drawing above."""

    def __init__(self) -> None:
        self._wanted: dict[str, None] = {}  # a set that keeps its order
        self._asked: set[str] = set()
        self._active: dict[str, bool] = {}  # confirmed -> whether a note has come since
        self._refused: set[str] = set()
        self._muted: dict[str, int] = {}  # unsubscribe requests on their way, by channel

    def want(self, channels: Iterable[str]) -> None:
        """Keep these channels subscribed from now on, also over reconnects."""
        for channel in channels:
            self._wanted[channel] = None
            self._refused.discard(channel)

    def drop(self, channels: Iterable[str]) -> None:
        """Keep these channels subscribed no longer."""
        for channel in channels:
            self._wanted.pop(channel, None)

    def reset(self) -> None:
        """Forget what the venue confirmed: the connection it confirmed it on is gone."""
        self._asked.clear()
        self._active.clear()
        self._refused.clear()
        self._muted.clear()

    def asks(self) -> list[Ask]:
        """Return the requests that close the difference, and count them as sent."""
        surplus = [c for c in self._active if c not in self._wanted]
        asks = self.renewing(surplus)
        missing = [
            channel
            for channel in self._wanted
            if channel not in self._active
            and channel not in self._asked
            and channel not in self._refused
        ]
        self._asked.update(missing)
        return [*asks, *(Ask("subscribe", batch) for batch in _batches(missing))]

    def renewing(self, channels: Sequence[str]) -> list[Ask]:
        """Return the requests that end active subscriptions, and count them as sent.

        A channel that is still wanted is asked for anew by the next `asks`; its subscription then
        begins with a first note again.
        """
        ending = [channel for channel in channels if channel in self._active]
        for channel in ending:
            del self._active[channel]
            self._muted[channel] = self._muted.get(channel, 0) + 1
        return [Ask("unsubscribe", batch) for batch in _batches(ending)]

    def confirm(self, ask: Ask, confirmed: frozenset[str]) -> list[str]:
        """Take the venue's answer to a subscribe request.

        Returns:
            The channels it left out. They are not asked for again on this connection unless
            somebody wants them anew.
        """
        self._asked.difference_update(ask.channels)
        refused = [channel for channel in ask.channels if channel not in confirmed]
        self._refused.update(refused)
        for channel in ask.channels:
            if channel in confirmed:
                self._active.setdefault(channel, False)
        return refused

    def halves(self, ask: Ask) -> list[Ask]:
        """Split a request that failed as a whole, to find the channels that made it fail."""
        middle = (len(ask.channels) + 1) // 2
        return [Ask(ask.verb, ask.channels[:middle]), Ask(ask.verb, ask.channels[middle:])]

    def unmute(self, ask: Ask) -> None:
        """Take the venue's answer to an unsubscribe request: no old note can follow it."""
        for channel in ask.channels:
            left = self._muted.pop(channel, 1) - 1
            if left:
                self._muted[channel] = left

    def note(self, channel: str) -> bool | None:
        """Judge a note that arrived.

        Returns:
            True for the first note of a subscription, False for a later one, None for one that is
            not, or no longer, wanted.
        """
        if channel not in self._wanted or channel in self._muted:
            return None
        # The first note may overtake the confirmation.
        first = not self._active.get(channel, False)
        self._active[channel] = True
        return first


def _batches(channels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(channels), CHANNELS_PER_REQUEST):
        yield tuple(channels[start : start + CHANNELS_PER_REQUEST])
