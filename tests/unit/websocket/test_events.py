import pytest

from strikewire.websocket.events import Close, Text


def test_a_text_is_kept_as_it_came_and_decoded_when_asked() -> None:
    message = Text("κόσμε".encode())

    assert message.payload == b"\xce\xba\xcf\x8c\xcf\x83\xce\xbc\xce\xb5"
    assert message.text == "κόσμε"


def test_events_are_values() -> None:
    assert Close(1000, "bye") == Close(1000, "bye")


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Text(b"a").payload = b"b"  # type: ignore[misc] # that is the point
