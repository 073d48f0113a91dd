import json

import pytest

from strikewire.client.errors import ClientError
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.client import Ask, Client
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.network import WAYS, Link, Network
from strikewire.testing.simulation.trader import Onlooker
from strikewire.testing.simulation.truth import Truth
from strikewire.testing.simulation.violations import Violation

S = 1_000_000_000
NAME = "BTC-PERPETUAL"


class Venue:
    """A venue that writes down what it is asked and says what it is told to."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.asked: list[tuple[int, str]] = []

    def accept(self, link: Link) -> bool:
        self.links.append(link)
        return True

    def received(self, link: Link, payload: bytes) -> None:
        request = json.loads(payload)
        self.asked.append((request["id"], request["method"]))

    def ended(self, link: Link, reason: str) -> None:
        pass

    def say(self, **fields: object) -> None:
        self.links[-1].send_down(json.dumps({"jsonrpc": "2.0", **fields}).encode())

    def note(self, change_id: int, previous: int | None, bids: list[object]) -> None:
        data = {
            "type": "snapshot" if previous is None else "change",
            "timestamp": 1,
            "instrument_name": NAME,
            "change_id": change_id,
            "prev_change_id": previous,
            "bids": bids,
            "asks": [],
        }
        self.say(method="subscription", params={"channel": f"book.{NAME}.100ms", "data": data})


class Failing(Onlooker):
    """A user who writes down what failed."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def failed(self, ask: Ask, error: ClientError) -> None:
        self.errors.append(type(error).__name__)


class Scene:
    """A client without keys, and a venue that says what the test wants."""

    def __init__(self) -> None:
        self.agenda = Agenda(0, Dice("1"))
        self.network = Network(self.agenda, Dice("2"), Faults())
        self.venue, self.truth, self.user = Venue(), Truth(), Failing()
        self.network.listener = self.venue
        self.client = Client(
            "c1",
            None,
            None,
            agenda=self.agenda,
            dice=Dice("3"),
            network=self.network,
            truth=self.truth,
            user=self.user,
        )
        self.client.follow(NAME, "100ms")
        self.client.start()
        self.wait(0.1)
        self.venue.say(id=1, result="ok")
        self.venue.say(id=2, result=[f"book.{NAME}.100ms"])
        self.wait(0.1)

    def wait(self, seconds: float) -> None:
        self.agenda.run(self.agenda.now_ns + int(seconds * S))


def test_it_connects_subscribes_and_keeps_a_book_that_is_the_venues() -> None:
    scene = Scene()
    scene.truth.books[NAME, 7] = (((100.0, 2.0),), ())
    scene.venue.note(7, None, [["new", 100.0, 2.0]])
    scene.wait(0.1)

    assert [method for _, method in scene.venue.asked] == [
        "public/set_heartbeat",
        "public/subscribe",
    ]
    assert not scene.client.books[f"book.{NAME}.100ms"].book.is_stale


def test_a_book_that_is_not_the_venues_is_found() -> None:
    scene = Scene()
    scene.truth.books[NAME, 7] = (((100.0, 3.0),), ())
    scene.venue.note(7, None, [["new", 100.0, 2.0]])

    with pytest.raises(Violation, match="a client's book is the venue's at the same change"):
        scene.wait(0.1)


def test_a_broken_chain_is_found() -> None:
    scene = Scene()
    scene.truth.books[NAME, 7] = ((), ())
    scene.venue.note(7, None, [])
    scene.venue.note(9, 8, [])

    with pytest.raises(Violation, match="chains of books do not break"):
        scene.wait(0.1)


def test_answers_out_of_order_are_found() -> None:
    scene = Scene()
    scene.client.call("public/get_time", {})
    scene.client.call("public/get_time", {})
    scene.wait(0.1)
    first, second = (number for number, method in scene.venue.asked if "time" in method)
    scene.venue.say(id=second, result=1)
    scene.venue.say(id=first, result=1)

    with pytest.raises(Violation, match="answers come in the order of their requests"):
        scene.wait(0.1)


def test_after_a_cut_it_comes_back_by_itself_and_says_what_is_unknown() -> None:
    scene = Scene()
    scene.client.call("public/get_time", {})
    scene.wait(0.1)

    scene.venue.links[0].cut()
    scene.wait(2)

    assert scene.user.errors == ["UnknownOutcomeError"]
    assert scene.client.waiting == {}
    assert scene.client.links == 2
    assert scene.client.machine.is_ready


def test_a_silent_connection_is_left_and_made_anew() -> None:
    scene = Scene()
    scene.venue.links[0].darken(WAYS)
    scene.venue.links[0].up.is_dark = scene.venue.links[0].down.is_dark = True

    scene.wait(23)  # two heartbeats of silence, and the way back

    assert scene.client.links == 2
