import pytest

from strikewire.websocket.errors import LocalProtocolError
from strikewire.websocket.headers import encode_headers, parse_head, tokens, values

HEADERS = (("connection", "keep-alive, Upgrade"), ("host", "a"), ("connection", ",foo ,"))


def test_a_header_may_repeat() -> None:
    assert values(HEADERS, "connection") == ["keep-alive, Upgrade", ",foo ,"]


def test_a_missing_header_has_no_values() -> None:
    assert values(HEADERS, "origin") == []


def test_repeated_lines_are_one_list_in_lower_case_without_empty_members() -> None:
    assert tokens(HEADERS, "connection") == ["keep-alive", "upgrade", "foo"]


def test_lines_are_written_as_they_travel() -> None:
    assert encode_headers([("Host", "a"), ("X-Name", "é")]) == b"Host: a\r\nX-Name: \xe9\r\n"


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "é"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="is not a header name"):
        encode_headers([(name, "x")])


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00"])
def test_a_value_cannot_break_out_of_its_line(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="holds a line break"):
        encode_headers([("x", value)])


def test_a_value_is_latin_1() -> None:
    with pytest.raises(LocalProtocolError, match="not latin-1"):
        encode_headers([("x", "€")])


def test_a_head_is_taken_apart() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Name:\t\xe9:b \r\nX-Name:\r\n\r\n"

    assert parse_head(head) == (("host", "a"), ("x-name", "é:b"), ("x-name", ""))


def test_a_head_may_hold_no_headers() -> None:
    assert parse_head(b"GET / HTTP/1.0\r\n\r\n") == ()
