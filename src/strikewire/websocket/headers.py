"""HTTP header fields: looked up, split into their lists, and kept free of line breaks."""

import re
from collections.abc import Iterable
from typing import Final

from strikewire.websocket.errors import LocalProtocolError

Headers = tuple[tuple[str, str], ...]
"""Names in lower case and values, in the order they travel; a name may repeat."""

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[^\x00\r\n]*")


def values(headers: Headers, name: str) -> list[str]:
    """Return every value of `name` (lower case), in order."""
    return [value for key, value in headers if key == name]


def tokens(headers: Headers, name: str) -> list[str]:
    """Return the members of a comma-separated list header, in lower case, empty ones left out.

    Several lines of one name are one list (RFC 9110 section 5.3), so `Connection: keep-alive,
    Upgrade` holds the token "upgrade" as surely as a line of its own would.
    """
    members = ",".join(values(headers, name)).split(",")
    return [member.strip(" \t").lower() for member in members if member.strip(" \t")]


def parse_head(head: bytes) -> Headers:
    """Take apart the header lines of a message head.

    Args:
        head: With its first line and the blank one at its end; its grammar was judged before.
    """
    lines = []
    for line in head.decode("latin-1").split("\r\n")[1:-2]:
        name, _, value = line.partition(":")
        lines.append((name.lower(), value.strip(" \t")))
    return tuple(lines)


def encode_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return header lines as they travel, each with its line end.

    Raises:
        LocalProtocolError: A name is no token, or a value holds a line break or NUL.
    """
    lines = []
    for name, value in headers:
        if _NAME.fullmatch(name) is None:
            raise LocalProtocolError(f"{name!r} is not a header name")
        if _VALUE.fullmatch(value) is None:
            raise LocalProtocolError(f"value of header {name!r} holds a line break")
        lines.append(f"{name}: {value}\r\n")
    try:
        return "".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"a header value is not latin-1: {error.object!r}") from None
