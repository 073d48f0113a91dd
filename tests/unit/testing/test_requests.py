from strikewire.testing.requests import draw_extensions, draw_requests


class Script:
    """Choices that were made before; when they run out, the first there is."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)

    def number(self, low: int, high: int) -> int:
        return min(max(low, self._numbers.pop(0) if self._numbers else low), high)

    def octets(self, most: int) -> bytes:
        return b"octets"[:most]


def test_the_first_of_all_choices_is_silence() -> None:
    assert draw_requests(Script()) == b""
    assert draw_extensions(Script()) == []


def test_a_request_has_a_host_and_what_else_was_drawn() -> None:
    # One request: GET, of the usual methods; "/", of the usual targets; HTTP/1.1; with a Host; one
    # more line, of the usual ones; a usual end after each line and after the head; the third body.
    script = Script(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2)

    assert draw_requests(script) == b"GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\nabc"


def test_an_offer_has_parameters() -> None:
    # One value with one offer of the first name with one parameter: the third, with the second
    # value.
    script = Script(1, 1, 0, 1, 0, 2, 1)

    assert draw_extensions(script) == ["permessage-deflate; server_max_window_bits=8"]
