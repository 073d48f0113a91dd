"""The coverage-guided fuzzer: what it feeds to whom. Run as `python -m fuzz.target`; see README.md.

    python -m fuzz.target WHAT [LIBFUZZER OPTIONS] [CORPUS FOLDERS]

WHAT is one of

- `streams`: streams drawn by the generators, to every reader of WebSockets.
- `bytes`: bytes as they come, to the same readers; the first says who listens.
- `heads`: HTTP requests, drawn or as they come, and extension headers.
- `answers`: what a server answers to an upgrade, drawn or as it comes.
- `http2`: frames of HTTP/2, to a server and to a client.
- `all`: each of them, by the first byte.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Final

import atheris

with atheris.instrument_imports(include=["strikewire.websocket"], enable_loader_override=False):
    from fuzz import answers, differential, heads, multiplexed
    from strikewire.testing.requests import draw_extensions, draw_requests
    from strikewire.testing.streams import TIGHT, WIDE, Stream, draw_stream
    from strikewire.websocket.extensions import Agreement, Compression
    from strikewire.websocket.protocol import Role

_BYTE_BY_BYTE_MAX: Final = 400


class Provided:
    """Choices that are read from the fuzzer's bytes."""

    def __init__(self, data: bytes) -> None:
        self._provider = atheris.FuzzedDataProvider(data)

    def number(self, low: int, high: int) -> int:
        """Choose a number; both ends may be it."""
        return int(self._provider.ConsumeIntInRange(low, high))

    def octets(self, most: int) -> bytes:
        """Choose up to `most` bytes."""
        return bytes(self._provider.ConsumeBytes(self.number(0, most)))

    def rest(self) -> bytes:
        """Return every byte that is left."""
        return bytes(self._provider.ConsumeBytes(self._provider.remaining_bytes()))


class Disagreement(Exception):
    """Two readers disagree."""


def fuzz_streams(choices: Provided) -> None:
    """Feed a drawn stream to every reader."""
    shape = differential.SHAPES[choices.number(0, len(differential.SHAPES) - 1)]
    cuts = [choices.number(0, 1 << 14) for _ in range(choices.number(0, 5))]
    _feed(draw_stream(choices), shape, cuts)


def fuzz_bytes(choices: Provided) -> None:
    """Feed bytes as they are to every reader."""
    shape = differential.SHAPES[choices.number(0, len(differential.SHAPES) - 1)]
    role: Role = "server" if choices.number(0, 1) else "client"
    limits = TIGHT if choices.number(0, 1) else WIDE
    agreement = None
    if choices.number(0, 1):
        agreement = Agreement(
            server_window_bits=choices.number(8, 15),
            client_window_bits=choices.number(8, 15),
            server_keeps_context=bool(choices.number(0, 1)),
            client_keeps_context=bool(choices.number(0, 1)),
            compression=Compression(message_bytes_min=0),
        )
    cuts = [choices.number(0, 1 << 10) for _ in range(choices.number(0, 5))]
    stream = Stream(
        role=role,
        agreement=agreement,
        limits=limits,
        data=choices.rest(),
        is_sense=False,
        is_own_deflate=False,
    )
    _feed(stream, shape, cuts)


def _feed(stream: Stream, shape: differential.Shape, cuts: list[int]) -> None:
    whole = [stream.data]
    cut = differential.pieces_of(stream.data, cuts)
    if len(stream.data) <= _BYTE_BY_BYTE_MAX and len(cuts) == 1:
        cut = [stream.data[i : i + 1] for i in range(len(stream.data))]
    ours = differential.heard_by_protocol(stream, whole, shape.takes)
    alone = differential.heard_by_protocol(stream, whole)
    if stream.is_sense and alone.is_refused and alone.code != 1009:
        raise Disagreement(f"sense was refused: {stream!r} {alone!r}")
    for pieces in (whole, cut):
        for one in (shape, shape._replace(is_compiled=not shape.is_compiled)):
            heard = _RUNNER.run(differential.heard_by_connection(stream, pieces, one))
            _judge(stream, differential.disagreement(stream, ours, heard), one)
        cut_alone = differential.heard_by_protocol(stream, pieces)
        _judge(stream, differential.disagreement(stream, alone, cut_alone), "protocol")
        for peer in differential.PEERS:
            theirs = peer.hear(stream, pieces)
            _judge(stream, differential.disagreement_with(peer, stream, alone, theirs), peer.name)


def _judge(stream: Stream, disagreement: str, reader: object) -> None:
    if disagreement:
        raise Disagreement(f"{reader}: {disagreement}\n{stream!r}")


def fuzz_heads(choices: Provided) -> None:
    """Feed requests and extension headers to their readers."""
    cuts = [choices.number(0, 1 << 10) for _ in range(choices.number(0, 4))]
    streams_bodies = bool(choices.number(0, 1))
    kind = choices.number(0, 2)
    if kind == 2:
        values = draw_extensions(choices)
        found = heads.extension_disagreement(values)
        if found:
            raise Disagreement(f"{values!r}: {found}")
        bits = choices.number(8, 15)
        heads.agree(values, Compression(server_window_bits_max=bits, client_window_bits_max=bits))
        return
    data = draw_requests(choices) if kind else choices.rest()
    whole = heads.read_requests([data], streams_bodies=streams_bodies)
    heads.judge_handshakes(whole)
    for pieces in (
        differential.pieces_of(data, cuts),
        [data[i : i + 1] for i in range(len(data))],
    ):
        read = heads.read_requests(pieces, streams_bodies=streams_bodies)
        found = heads.disagreement(whole, read)
        if found:
            raise Disagreement(f"{data!r}: {found}")


def fuzz_answers(choices: Provided) -> None:
    """Feed answers to an upgrade to the client."""
    cuts = [choices.number(0, 1 << 10) for _ in range(choices.number(0, 4))]
    data = answers.draw_answer(choices) if choices.number(0, 3) else choices.rest()
    whole = answers.read_answer([data])
    for pieces in (
        differential.pieces_of(data, cuts),
        [data[i : i + 1] for i in range(len(data))],
    ):
        cut = answers.read_answer(pieces)
        if whole != cut:
            raise Disagreement(f"{data!r}: {whole!r} against {cut!r}")


def fuzz_http2(choices: Provided) -> None:
    """Feed frames of HTTP/2 to both its ends."""
    cuts = [choices.number(0, 1 << 10) for _ in range(choices.number(0, 4))]
    serves = choices.number(0, 1)
    data = multiplexed.draw_frames(choices) if choices.number(0, 7) else choices.rest()
    read = multiplexed.serve if serves else multiplexed.ask
    read([data])
    read(differential.pieces_of(data, cuts))


def fuzz_all(choices: Provided) -> None:
    """Feed one of the others."""
    kinds = (fuzz_streams, fuzz_streams, fuzz_bytes, fuzz_heads, fuzz_answers, fuzz_http2)
    kinds[choices.number(0, len(kinds) - 1)](choices)


TARGETS: Final[dict[str, Callable[[Provided], None]]] = {
    "streams": fuzz_streams,
    "bytes": fuzz_bytes,
    "heads": fuzz_heads,
    "answers": fuzz_answers,
    "http2": fuzz_http2,
    "all": fuzz_all,
}

_RUNNER: Final = asyncio.Runner()


def instrument(module: ModuleType) -> None:
    """Count the branches of a module that was loaded past the import system."""
    for holder in (module, *vars(module).values()):
        if not (isinstance(holder, type) or holder is module):
            continue
        if getattr(holder, "__module__", module.__name__) != module.__name__:
            continue
        for name, member in list(vars(holder).items()):
            if isinstance(member, FunctionType) and member.__module__ == module.__name__:
                setattr(holder, name, atheris.instrument_func(member))


def main(argv: list[str]) -> None:
    """Fuzz until told otherwise."""
    if len(argv) < 2 or argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz.target {{{','.join(TARGETS)}}} [LIBFUZZER OPTIONS]")
    target = TARGETS[argv[1]]
    logging.disable(logging.CRITICAL)  # what websockets says of every bad stream
    for module in differential.INTERPRETED.values():
        instrument(module)

    def one_input(data: bytes) -> Any:  # noqa: ANN401 - libFuzzer ignores what it is
        target(Provided(data))

    atheris.Setup([argv[0], *argv[2:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
