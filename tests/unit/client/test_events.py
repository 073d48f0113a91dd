"""Events are values that can be told apart and written down."""

import msgspec

from strikewire.client.events import Connected, Disconnected, Event, Gap


def test_an_event_survives_json() -> None:
    events: list[Event] = [Connected(2), Disconnected("reset", 125), Gap("A", "lost")]

    again = msgspec.json.decode(msgspec.json.encode(events), type=list[Event])

    assert again == events
