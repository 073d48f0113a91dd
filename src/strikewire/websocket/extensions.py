"""Agree on permessage-deflate: offers, answers, and what both sides are bound to then.

Source: RFC 6455 section 9.1 for the header, RFC 7692 section 7.1 for the parameters.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from strikewire.websocket.deflate import Deflater, Inflater
from strikewire.websocket.errors import HandshakeError

NAME: Final = "permessage-deflate"

Parameter = tuple[str, str | None]
Extension = tuple[str, tuple[Parameter, ...]]

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER: Final = re.compile(rf'({_TOKEN})(?:[ \t]*=[ \t]*(?:({_TOKEN})|"({_TOKEN})"))?')
_BITS: Final = re.compile(r"8|9|1[0-5]")


class Compression(msgspec.Struct, frozen=True, kw_only=True):
    """How one side would like messages to be compressed.

    Windows of 4 KiB cost a third of the memory of the full 32 KiB, and a few percent in size.
    Inflated data is bounded by the connection's limits in any case. A ratio bounds what it costs a
    peer to keep us inflating, but cannot be had by default: what is all alike, such as the same
    snapshot again and again, may rightly become a thousand times its size.

    Attributes:
        server_window_bits_max: 8 to 15; how far back, in powers of two, the server may refer.
        client_window_bits_max: 8 to 15; how far back the client may refer.
        server_keeps_context: Whether a message of the server may refer to the ones before it.
        client_keeps_context: Whether a message of the client may refer to the ones before it.
        level: zlib's, 1 (fast) to 9 (small); 0 for what measured best on small messages, 1 where
            the context is kept and 2 where it is not.
        memory: zlib's memLevel, 1 to 9.
        message_bytes_min: Shorter messages are sent as they are.
        ratio_max: Bytes that a received byte may become, over all messages of a connection; 0 for
            any number. Then: close 1009.
        ratio_bytes_min: Bytes beyond that ratio which a connection may run up.
    """

    server_window_bits_max: int = 12
    client_window_bits_max: int = 12
    server_keeps_context: bool = True
    client_keeps_context: bool = True
    level: int = 0
    memory: int = 5
    message_bytes_min: int = 32
    ratio_max: int = 0
    ratio_bytes_min: int = 1 << 20

    def __post_init__(self) -> None:
        if not (8 <= self.server_window_bits_max <= 15 and 8 <= self.client_window_bits_max <= 15):
            raise ValueError("window bits are 8 to 15")
        if not (0 <= self.level <= 9 and 1 <= self.memory <= 9):
            raise ValueError("level is 0 to 9, memory is 1 to 9")
        if min(self.message_bytes_min, self.ratio_max, self.ratio_bytes_min) < 0:
            raise ValueError("a size or a ratio is not negative")


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides are bound to.

    Attributes:
        server_window_bits: How far back, in powers of two, the server may refer.
        client_window_bits: How far back the client may refer.
        server_keeps_context: Whether a message of the server may refer to the ones before it.
        client_keeps_context: Whether a message of the client may refer to the ones before it.
        compression: How this side compresses within that.
    """

    server_window_bits: int
    client_window_bits: int
    server_keeps_context: bool
    client_keeps_context: bool
    compression: Compression

    def deflater(self, role: Literal["client", "server"]) -> Deflater:
        """Return what compresses the messages that `role` sends."""
        server = role == "server"
        keeps_context = self.server_keeps_context if server else self.client_keeps_context
        return Deflater(
            window_bits=self.server_window_bits if server else self.client_window_bits,
            keeps_context=keeps_context,
            # zlib-ng's level 1 does not make codes of its own for a message, which costs a quarter
            # of the size where there is nothing to refer to.
            level=self.compression.level or (1 if keeps_context else 2),
            memory=self.compression.memory,
        )

    def inflater(self, role: Literal["client", "server"]) -> Inflater:
        """Return what restores the messages that `role` receives."""
        server = role == "server"
        return Inflater(
            window_bits=self.client_window_bits if server else self.server_window_bits,
            keeps_context=self.client_keeps_context if server else self.server_keeps_context,
            ratio_max=self.compression.ratio_max,
            ratio_bytes_min=self.compression.ratio_bytes_min,
        )


def parse_extensions(values: Iterable[str]) -> list[Extension] | None:
    """Read the values of every Sec-WebSocket-Extensions header, in order.

    Returns:
        Names and parameters as sent, or None where the grammar of 9.1 is broken.
    """
    extensions: list[Extension] = []
    for element in _elements(",".join(values)):
        name, *parameters = (_parse_parameter(part) for part in element.split(";"))
        if name is None or name[1] is not None or None in parameters:
            return None
        extensions.append((name[0], tuple(part for part in parameters if part is not None)))
    return extensions


def _elements(header: str) -> list[str]:
    # RFC 9110 5.6.1: a recipient ignores empty list elements. The values of permessage-deflate
    # hold no commas or semicolons, and 9.1 forbids them even in quotes.
    return [element for element in header.split(",") if element.strip(" \t")]


def _parse_parameter(text: str) -> Parameter | None:
    match = _PARAMETER.fullmatch(text.strip(" \t"))
    return None if match is None else (match[1], match[2] or match[3])


def _format(parameters: Sequence[Parameter]) -> str:
    words = [NAME, *(key if value is None else f"{key}={value}" for key, value in parameters)]
    return "; ".join(words)


def offer(compression: Compression) -> str:
    """Return the extension offer of a client."""
    parameters: list[Parameter] = []
    if not compression.server_keeps_context:
        parameters.append(("server_no_context_takeover", None))
    if not compression.client_keeps_context:
        parameters.append(("client_no_context_takeover", None))
    if compression.server_window_bits_max < 15:
        parameters.append(("server_max_window_bits", str(compression.server_window_bits_max)))
    # Always said: without it the server may not ask us for less than 2**15.
    bits = compression.client_window_bits_max
    parameters.append(("client_max_window_bits", None if bits == 15 else str(bits)))
    return _format(parameters)


def answer(
    extensions: Iterable[Extension], compression: Compression
) -> tuple[Agreement, str] | None:
    """Take the first offer of a client that we can keep.

    Returns:
        What is agreed on and the header that says so; None where no offer will do. Offers of
        other extensions and offers that break 7.1 are passed over, as it asks.
    """
    for name, parameters in extensions:
        if name == NAME:
            asked = _checked(parameters, bits_optional=("client_max_window_bits",))
            if asked is not None:
                return _answer_one(asked, compression)
    return None


def _answer_one(asked: dict[str, str | None], compression: Compression) -> tuple[Agreement, str]:
    server_bits = min(
        int(asked.get("server_max_window_bits") or 15), compression.server_window_bits_max
    )
    # 7.1.2.2: where the client did not offer it, the server must not ask for it.
    client_bits = 15
    if "client_max_window_bits" in asked:
        client_bits = min(
            int(asked["client_max_window_bits"] or 15), compression.client_window_bits_max
        )
    agreement = Agreement(
        server_window_bits=server_bits,
        client_window_bits=client_bits,
        server_keeps_context=compression.server_keeps_context
        and "server_no_context_takeover" not in asked,
        client_keeps_context=compression.client_keeps_context
        and "client_no_context_takeover" not in asked,
        compression=compression,
    )
    parameters: list[Parameter] = []
    if not agreement.server_keeps_context:
        parameters.append(("server_no_context_takeover", None))
    if not agreement.client_keeps_context:
        parameters.append(("client_no_context_takeover", None))
    if server_bits < 15 or "server_max_window_bits" in asked:
        parameters.append(("server_max_window_bits", str(server_bits)))
    if client_bits < 15:
        parameters.append(("client_max_window_bits", str(client_bits)))
    return agreement, _format(parameters)


def conclude(extensions: Sequence[Extension], compression: Compression | None) -> Agreement | None:
    """Read the answer of a server to `offer(compression)`.

    Returns:
        What is agreed on; None if the server wants no compression.

    Raises:
        HandshakeError: The server answered something that was not offered.
    """
    if not extensions:
        return None
    name, parameters = extensions[0]
    # RFC 6455 9.1: a client must fail the connection on an extension it did not ask for.
    if compression is None or name != NAME or len(extensions) > 1:
        raise HandshakeError(f"server chose extensions that were not offered: {extensions!r}")
    said = _checked(parameters, bits_optional=())
    if said is None:
        raise HandshakeError(f"server answered {NAME} with {parameters!r}")

    server_bits = int(said.get("server_max_window_bits") or 15)
    client_bits = int(said.get("client_max_window_bits") or compression.client_window_bits_max)
    # 7.1.1.1 and 7.1.2.1: the server accepts these by saying them in turn.
    if server_bits > compression.server_window_bits_max:
        raise HandshakeError(
            f"server wants a window of 2**{server_bits},"
            f" at most 2**{compression.server_window_bits_max} was offered"
        )
    # 7.1.2.2: "with the same or smaller value".
    if client_bits > compression.client_window_bits_max:
        raise HandshakeError(
            f"server allows us a window of 2**{client_bits},"
            f" at most 2**{compression.client_window_bits_max} was offered"
        )
    if not compression.server_keeps_context and "server_no_context_takeover" not in said:
        raise HandshakeError("server keeps its context, which was not offered")
    return Agreement(
        server_window_bits=server_bits,
        client_window_bits=client_bits,
        server_keeps_context="server_no_context_takeover" not in said,
        client_keeps_context=compression.client_keeps_context
        and "client_no_context_takeover" not in said,
        compression=compression,
    )


def _checked(
    parameters: Sequence[Parameter], *, bits_optional: Sequence[str]
) -> dict[str, str | None] | None:
    """Return the parameters by name, or None if one is unknown, repeated or ill-valued."""
    found = dict(parameters)
    if len(found) < len(parameters):
        return None
    for key, value in found.items():
        match key:
            case "server_no_context_takeover" | "client_no_context_takeover":
                good = value is None
            case "server_max_window_bits" | "client_max_window_bits":
                good = key in bits_optional if value is None else _is_bits(value)
            case _:
                good = False
        if not good:
            return None
    return found


def _is_bits(value: str) -> bool:
    # 7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
    return _BITS.fullmatch(value) is not None
