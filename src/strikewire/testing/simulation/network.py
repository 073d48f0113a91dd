"""Connections as TCP gives them: a stream each way, in order, nothing twice, until it breaks.

TCP hides what happens to packets: one that is lost, doubled or overtaken costs time and nothing
else, so here it *is* time. What a program does see, and what is simulated:

| fault     | what the two ends see                                                             |
|-----------|-----------------------------------------------------------------------------------|
| delay     | messages come later, never out of order                                           |
| cut       | a reset: what was on its way is lost from some message on, each way for itself    |
| half-open | nothing arrives any more, one way or both; only who sends something hears, late   |
| partition | everything waits, one way or both, and arrives when it ends unless a program gave |
|           | up before; nobody connects meanwhile                                              |
| doubling  | of connections: the venue may still hold an old one when its client is back       |

A message is a whole WebSocket message: the layer below drops those that arrive in part.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Final, Literal, Protocol

from strikewire.model import NS_PER_S
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults, Point

GIVE_UP_NS: Final = 15 * NS_PER_S
"""Sent data that is not confirmed for so long breaks the connection for its sender."""

CONNECT_NS_MAX: Final = 3 * NS_PER_S
"""An attempt to connect that nobody answers is given up after so long."""

CLOSE_NS_MAX: Final = 2 * NS_PER_S
"""A close that the other end does not confirm is done after so long."""


Way = Literal["up", "down"]
"""To the venue, or from it."""

WAYS: Final[tuple[Way, ...]] = ("up", "down")
ONE_WAY_OR_BOTH: Final[tuple[tuple[Way, ...], ...]] = (("up",), ("down",), WAYS)


class Pipe:
    """One direction of a connection."""

    def __init__(
        self,
        agenda: Agenda,
        delay: Callable[[], int],
        deliver: Callable[[bytes], None],
        finish: Callable[[str], None],
    ) -> None:
        self.is_dark = False
        """Whether everything that goes in is lost."""

        self._agenda = agenda
        self._delay = delay
        self._deliver = deliver
        self._finish = finish
        self._flight: deque[tuple[int, bytes | None, str]] = deque()
        self._is_planned = False
        self._holds: set[str] = set()

    def send(self, payload: bytes) -> None:
        """Put a message on its way."""
        self._push(payload, "")

    def end(self, reason: str) -> None:
        """Let nothing come behind what is on its way."""
        self._push(None, reason)

    def hold(self, why: str) -> None:
        """Let nothing arrive until it is released."""
        self._holds.add(why)

    def release(self, why: str) -> None:
        """Let arrive what was held for this reason."""
        self._holds.discard(why)
        self._plan()

    def lose(self, dice: Dice) -> None:
        """Lose what is on its way from some message on."""
        for _ in range(dice.up_to(len(self._flight))):
            self._flight.pop()

    def _push(self, payload: bytes | None, reason: str) -> None:
        if self.is_dark:
            return
        arrival_ns = self._agenda.now_ns + self._delay()
        if self._flight:
            arrival_ns = max(arrival_ns, self._flight[-1][0])
        self._flight.append((arrival_ns, payload, reason))
        self._plan()

    def _plan(self) -> None:
        if self._flight and not self._is_planned and not self._holds:
            self._is_planned = True
            self._agenda.at(self._flight[0][0], self._arrive)

    def _arrive(self) -> None:
        self._is_planned = False
        while self._flight and not self._holds and self._flight[0][0] <= self._agenda.now_ns:
            _, payload, reason = self._flight.popleft()
            if self.is_dark:
                continue
            if payload is None:
                self._finish(reason)
            else:
                self._deliver(payload)
        self._plan()


class End(Protocol):
    """A program at one end of connections."""

    def received(self, link: "Link", payload: bytes) -> None:
        """Take a message."""

    def ended(self, link: "Link", reason: str) -> None:
        """Take note that a connection is gone; told once."""


class Link:
    """One connection between a client and the venue.

    Attributes:
        client: Who is at that end; None once it knows that the connection is gone.
        venue: The same for the other end.
        number: Counts the connections of the simulation.
    """

    def __init__(self, network: "Network", number: int, venue: End) -> None:
        self.client: End | None = None
        self.venue: End | None = venue
        self.number = number
        self._network = network
        self._is_broken = False
        self._is_over = False
        agenda = network.agenda
        self.up = Pipe(agenda, network.delay_ns, self._reach_venue, self._end_venue)
        self.down = Pipe(agenda, network.delay_ns, self._reach_client, self._end_client)

    def open(self, client: "Dialling") -> None:
        """Tell the client that the connection stands, or that it has ended already."""
        if self._is_over:
            client.refused("connection reset")
        else:
            self.client = client
            client.opened(self)

    def send_up(self, payload: bytes) -> None:
        """Send from the client to the venue."""
        self.up.send(payload)
        self._worry(self._end_client)

    def send_down(self, payload: bytes) -> None:
        """Send from the venue to the client."""
        self.down.send(payload)
        self._worry(self._end_venue)

    def hang_up(self, by: End) -> None:
        """Close in good order: what was sent arrives, and the other end confirms."""
        pipe, end = (
            (self.up, self._end_client) if by is self.client else (self.down, self._end_venue)
        )
        pipe.end("closed")
        self._network.agenda.after(CLOSE_NS_MAX, partial(end, "the close was not confirmed"))

    def cut(self) -> None:
        """Break it, and let both ends know."""
        for pipe in (self.up, self.down):
            pipe.lose(self._network.dice)
            pipe.end("connection reset")

    def pipes(self, ways: Sequence[Way]) -> list[Pipe]:
        """Return its directions of these names."""
        return [self.up if way == "up" else self.down for way in ways]

    def darken(self, ways: Sequence[Way]) -> None:
        """Let one direction, or both, lose everything from now on, and tell nobody."""
        self._is_broken = True
        for pipe in self.pipes(ways):
            pipe.is_dark = True

    def abandon(self) -> None:
        """Take note that the venue's process is gone, and that nobody speaks for it."""
        self.venue = None
        self._is_broken = True

    def _worry(self, end: Callable[[str], None]) -> None:
        """Give up what is never confirmed."""
        if self._is_broken:
            self._network.agenda.after(GIVE_UP_NS, partial(end, "connection timed out"))

    def _reach_venue(self, payload: bytes) -> None:
        self._network.note(self.number, payload)
        if self.venue is not None:
            self.venue.received(self, payload)
        elif self._network.is_host_up():
            self.cut()  # A machine that does not know the connection says so.

    def _reach_client(self, payload: bytes) -> None:
        self._network.note(-self.number, payload)
        if self.client is not None:
            self.client.received(self, payload)

    def _end_venue(self, reason: str) -> None:
        venue, self.venue = self.venue, None
        if venue is not None:
            venue.ended(self, reason)
            self.down.end("closed")

    def _end_client(self, reason: str) -> None:
        self._is_over = True
        self._network.forget(self)
        client, self.client = self.client, None
        if client is not None:
            client.ended(self, reason)
            self.up.end("closed")


class Dialling(End, Protocol):
    """A client that waits for its connection."""

    name: str

    def opened(self, link: Link) -> None:
        """Take the connection."""

    def refused(self, reason: str) -> None:
        """Take note that there is none."""


class Listening(End, Protocol):
    """A venue's process that takes connections."""

    def accept(self, link: Link) -> bool:
        """Say whether a connection may stay."""


class Network:
    """Everything between the clients and the venue.

    Attributes:
        links: Open connections by number, as far as their clients know.
        faults: What goes wrong now.
    """

    def __init__(self, agenda: Agenda, dice: Dice, faults: Faults) -> None:
        self.agenda = agenda
        self.dice = dice
        self.faults = faults
        self.links: dict[int, Link] = {}
        self.listener: Listening | None = None
        self.is_host_up: Callable[[], bool] = lambda: True
        self.connections = 0
        self._apart: set[str] = set()
        self._owners: dict[int, str] = {}
        self._trace = blake2b(digest_size=16)

    @property
    def trace(self) -> str:
        """A hash of every message that arrived, when and where: equal for equal runs."""
        return self._trace.hexdigest()

    def note(self, number: int, payload: bytes) -> None:
        """Add a message that arrives to the trace."""
        self._trace.update(b"%d %d %b" % (self.agenda.now_ns, number, payload))

    def delay_ns(self) -> int:
        """Return how long a message takes."""
        late = NS_PER_S if self.dice.chance(self.faults.stall) else 0
        return late + self.dice.between(1_000, self.faults.delay_ns_max)

    def dial(self, client: Dialling) -> None:
        """Connect a client to the venue; it hears of it."""
        self.agenda.after(self.delay_ns(), partial(self._arrive, client))

    def part(self, name: str, ways: Sequence[Way] = WAYS) -> None:
        """Let nothing pass between a client and the venue, on one way or both."""
        self._apart.add(name)
        for link in self._of(name):
            for pipe in link.pipes(ways):
                pipe.hold("partition")

    def join(self, name: str) -> None:
        """End that."""
        self._apart.discard(name)
        for link in self._of(name):
            for pipe in link.pipes(WAYS):
                pipe.release("partition")

    def forget(self, link: Link) -> None:
        """Drop a connection that its client has done with."""
        self.links.pop(link.number, None)
        self._owners.pop(link.number, None)

    def _of(self, name: str) -> list[Link]:
        return [link for number, link in self.links.items() if self._owners[number] == name]

    def _arrive(self, client: Dialling) -> None:
        if client.name in self._apart or not self.is_host_up():
            wait_ns = CONNECT_NS_MAX
            self.agenda.after(wait_ns, partial(client.refused, "connect timed out"))
            return
        if self.listener is None:
            self.agenda.after(self.delay_ns(), partial(client.refused, "connection refused"))
            return
        self.connections += 1
        link = Link(self, self.connections, self.listener)
        self.links[link.number] = link
        self._owners[link.number] = client.name
        if not self.listener.accept(link):
            self.forget(link)
            self.agenda.after(self.delay_ns(), partial(client.refused, "closed 1013"))
            return
        self.agenda.after(self.delay_ns(), partial(link.open, client))
        if self.dice.chance(self.faults.points.get(Point.AT_RECONNECT, 0)):
            self.agenda.after(self.dice.up_to(10 * self.faults.delay_ns_max), link.cut)
