"""What an HTTP server may hear: requests, and what pretends to be some.

Drawn from `Choices`, as streams are.
"""

from typing import Final

from strikewire.testing.streams import Choices, change_bytes

_METHODS: Final = (b"GET", b"POST", b"HEAD", b"CONNECT", b"OPTIONS", b"get", b"PRI", b"G ET")
_TARGETS: Final = (b"/", b"/a?b=c&d", b"*", b"http://h/x", b"/%00", b"/\xc3\xa9", b"", b"/ /")
_VERSIONS: Final = (b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"http/1.1")
_ENDS: Final = (b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n\t", b"\r\n ")
_LINES: Final = (
    b"Connection: close",
    b"Connection: keep-alive, Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    b"Content-Length: 3",
    b"content-length:\t5 ",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"X: y",
    b"X: \xff",
    b"X:",
)
_ODD_LINES: Final = (
    b"Host: h",
    b"host:h",
    b"Host : h",
    b"Host:",
    b"Upgrade: h2c",
    b"Content-Length: 3, 3",
    b"Content-Length: +3",
    b"Content-Length: 0",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding : chunked",
    b"X: \x00",
    b" folded",
    b": nameless",
    b"no colon",
)
_BODIES: Final = (
    b"",
    b"",
    b"abc",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"3\nabc\n0\n\n",
    b"ffffffffffffffffff\r\n",
    b"\x81\x80\x00\x00\x00\x00",
)


def draw_requests(choices: Choices) -> bytes:
    """Return what a client sends, often several requests in a row."""
    data = b"".join(_draw_request(choices) for _ in range(choices.number(0, 4)))
    return change_bytes(choices, data) if choices.number(0, 3) == 3 else data


def _draw_request(choices: Choices) -> bytes:
    def one_of(words: tuple[bytes, ...], usual: int = 1) -> bytes:
        # The first words are the usual ones.
        most = len(words) if choices.number(0, 11) == 11 else usual
        return words[choices.number(0, most - 1)]

    first = b" ".join((one_of(_METHODS, 3), one_of(_TARGETS, 3), one_of(_VERSIONS)))
    lines = [first, b"Host: h"] if choices.number(0, 11) < 11 else [first]
    lines += [one_of(_LINES + _ODD_LINES, len(_LINES)) for _ in range(choices.number(0, 4))]
    head = b"".join(line + one_of(_ENDS) for line in lines) + one_of(_ENDS)
    return head + _BODIES[choices.number(0, len(_BODIES) - 1)]


_NAMES: Final = ("permessage-deflate", "permessage-deflate", "x-webkit-deflate-frame", "", '"x"')
_PARAMETERS: Final = (
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
    "unknown",
    "",
)
_VALUES: Final = ("", "=8", "=15", "=7", "=16", "=010", '="10"', '="1\\0"', '=""', "=", " = 9")


def draw_extensions(choices: Choices) -> list[str]:
    """Return the values of Sec-WebSocket-Extensions headers, right or wrong."""
    values = []
    for _ in range(choices.number(0, 3)):
        offers = []
        for _ in range(choices.number(0, 3)):
            offer = _NAMES[choices.number(0, len(_NAMES) - 1)]
            for _ in range(choices.number(0, 4)):
                offer += ("; ", ";", " ;\t", ";;")[choices.number(0, 3)]
                offer += _PARAMETERS[choices.number(0, len(_PARAMETERS) - 1)]
                offer += _VALUES[choices.number(0, len(_VALUES) - 1)]
            offers.append(offer)
        values.append((", ", ",", " , ,")[choices.number(0, 2)].join(offers))
    if values and choices.number(0, 3) == 3:
        changed = change_bytes(choices, values[0].encode("latin-1", "replace"))
        values[0] = changed.decode("latin-1")
    return values
