from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults, Point
from strikewire.testing.simulation.network import CONNECT_NS_MAX, GIVE_UP_NS, WAYS, Link, Network

S = 1_000_000_000


class Someone:
    """A client, or a venue, that writes down what it hears."""

    def __init__(self, name: str = "c1", *, accepts: bool = True) -> None:
        self.name = name
        self.accepts = accepts
        self.link: Link | None = None
        self.heard: list[str] = []

    def opened(self, link: Link) -> None:
        self.link = link
        self.heard.append("opened")

    def refused(self, reason: str) -> None:
        self.heard.append(reason)

    def received(self, link: Link, payload: bytes) -> None:
        self.heard.append(payload.decode())

    def ended(self, link: Link, reason: str) -> None:
        self.heard.append(f"ended: {reason}")

    def accept(self, link: Link) -> bool:
        return self.accepts


class Line:
    """One client connected to one venue."""

    def __init__(self, seed: str = "1", faults: Faults | None = None) -> None:
        self.agenda = Agenda(0, Dice(seed))
        self.network = Network(self.agenda, Dice(seed), faults or Faults())
        self.client, self.venue = Someone(), Someone()
        self.network.listener = self.venue
        self.network.dial(self.client)
        self.wait()

    @property
    def link(self) -> Link:
        assert self.client.link is not None
        return self.client.link

    def wait(self, seconds: float = 1) -> None:
        self.agenda.run(self.agenda.now_ns + int(seconds * S))


def test_messages_arrive_in_order_each_once_both_ways() -> None:
    line = Line()
    for number in range(20):
        line.link.send_up(b"%d" % number)
    line.link.send_down(b"hello")

    line.wait()

    assert line.venue.heard == [str(number) for number in range(20)]
    assert line.client.heard == ["opened", "hello"]


def test_a_close_comes_behind_what_was_sent_and_is_confirmed() -> None:
    line = Line()
    line.link.send_down(b"bye")
    line.link.hang_up(line.venue)

    line.wait(5)

    assert line.client.heard == ["opened", "bye", "ended: closed"]
    assert line.venue.heard == ["ended: closed"]
    assert line.network.links == {}


def test_a_cut_loses_the_end_of_what_was_on_its_way_and_both_ends_hear_of_it() -> None:
    lost = set()
    for seed in range(20):
        line = Line(str(seed))
        for number in range(3):
            line.link.send_up(b"%d" % number)
        line.link.cut()
        line.wait(5)

        *arrived, last = line.venue.heard
        assert arrived == ["0", "1", "2"][: len(arrived)]
        assert last == "ended: connection reset"
        assert line.client.heard == ["opened", "ended: connection reset"]
        lost.add(len(line.venue.heard))
    assert len(lost) > 1


def test_a_half_open_connection_tells_nobody_but_who_sends_and_that_late() -> None:
    line = Line()
    line.link.up.is_dark = line.link.down.is_dark = True
    line.link.darken(WAYS)
    line.wait(60)
    assert line.client.heard == ["opened"]

    line.link.send_up(b"anybody?")
    line.wait(GIVE_UP_NS / S + 1)

    assert line.client.heard == ["opened", "ended: connection timed out"]
    assert line.venue.heard == []


def test_a_partition_delays_and_lets_nobody_connect() -> None:
    line = Line()
    line.network.part("c1")
    line.link.send_up(b"late")
    line.network.dial(line.client)
    line.wait(CONNECT_NS_MAX / S + 1)
    assert line.venue.heard == []

    line.network.join("c1")
    line.wait()

    assert line.venue.heard == ["late"]
    assert line.client.heard == ["opened", "connect timed out"]


def test_a_partition_of_one_way_delays_only_that_way() -> None:
    line = Line()
    line.network.part("c1", ("up",))
    line.link.send_up(b"late")
    line.link.send_down(b"in time")
    line.wait()
    assert line.venue.heard == []
    assert line.client.heard == ["opened", "in time"]

    line.network.join("c1")
    line.wait()

    assert line.venue.heard == ["late"]


def test_without_a_process_a_connection_is_refused_and_without_a_machine_it_times_out() -> None:
    line = Line()
    line.network.listener = None
    line.network.dial(line.client)
    line.wait()
    line.network.is_host_up = lambda: False
    line.network.dial(line.client)
    line.wait(5)
    line.network.listener, line.network.is_host_up = Someone(accepts=False), lambda: True
    line.network.dial(line.client)
    line.wait()

    assert line.client.heard[1:] == ["connection refused", "connect timed out", "closed 1013"]


def test_a_machine_that_came_back_resets_what_it_does_not_know() -> None:
    line = Line()
    line.link.abandon()

    line.link.send_up(b"still there?")
    line.wait(5)

    assert line.client.heard == ["opened", "ended: connection reset"]


def test_a_connection_may_be_lost_right_after_it_was_made() -> None:
    line = Line(faults=Faults(points={Point.AT_RECONNECT: 1.0}))
    line.wait(5)

    assert line.client.heard[-1] in ("connection reset", "ended: connection reset")


def test_equal_runs_have_equal_traces() -> None:
    traces = []
    for text in (b"a", b"a", b"b"):
        line = Line()
        line.link.send_up(text)
        line.wait()
        traces.append(line.network.trace)

    assert traces[0] == traces[1] != traces[2]
