"""The engine against its peers: its kernels, its parser, and its servers under load.

A server runs in a process of its own (`websocket_peers/`), on uvloop, and is judged by what it does
in one CPU second of that process; the load is a program in C (`native/load.c`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from websockets.speedups import apply_mask

from benchmarks import websocket_parsing as parsing
from benchmarks.harness import (
    Contest,
    Measure,
    Opponent,
    Rate,
    Ratio,
    Reader,
    Reading,
    interpreted_twin,
)
from benchmarks.websocket_load import idle_bytes, rate, shares_one_cpu
from strikewire.websocket.kernels import mask, utf8
from strikewire.websocket.protocol import Protocol

KEY = bytes.fromhex("37fa213d")
TICKER = b"x" * 250

MESSAGES = "messages a CPU second"
DELIVERIES = "deliveries a CPU second"
PACKAGES = {
    "picows": ("picows", "aiofastnet", "uvloop"),
    "picows.websockets": ("picows", "aiofastnet", "uvloop"),
    "websockets": ("websockets", "uvloop"),
    "websockets.broadcast": ("websockets", "uvloop"),
    "aiohttp": ("aiohttp", "uvloop"),
    "socketify": ("socketify",),
    "uvicorn": ("uvicorn", "httptools", "uvloop"),
    "bare C": (),
    "bare C, coalescing": (),
}

Load = Callable[..., AbstractContextManager[Reader]]
"""Starts a server of a kind and yields what reads how much it does under one load."""

KINDS = {"picows.websockets": "picows_websockets", "websockets.broadcast": "websockets"}


def measures(*, quick: bool) -> list[Measure]:
    seconds = 0.1 if quick else 0.5
    return [
        *kernels(quick=quick),
        *kernels_at_work(seconds=seconds),
        *parser(seconds=seconds),
        *echoes(seconds=seconds),
        *fan_outs(seconds=seconds),
        *doors(seconds=seconds),
        *over_tls(seconds=seconds),
        *memory(connections=5000),
    ]


def kernels(*, quick: bool) -> list[Measure]:
    payload = bytes(range(256)) * (16 if quick else 256)
    words = "κόσμε 😀 ".encode() * (256 if quick else 4096)
    mask_twin = interpreted_twin("strikewire.websocket.kernels.mask")
    utf8_twin = interpreted_twin("strikewire.websocket.kernels.utf8")
    return [
        Ratio(
            measure=f"mask {len(payload) >> 10} KiB",
            ours=lambda: mask.apply(payload, KEY),
            against="interpreted twin",
            theirs=lambda: mask_twin.apply(payload, KEY),
            floor=8.0,
            aim=40.0,
        ),
        Ratio(
            measure=f"mask {len(payload) >> 10} KiB",
            ours=lambda: mask.apply(payload, KEY),
            against="websockets (C)",
            theirs=lambda: apply_mask(payload, KEY),
            floor=0.2,
            aim=1.0,
            packages=("websockets",),
        ),
        Ratio(
            measure=f"validate {len(words) >> 10} KiB of Greek and emoji",
            ours=lambda: utf8.advance(0, words),
            against="interpreted twin",
            theirs=lambda: utf8_twin.advance(0, words),
            floor=30.0,
            aim=100.0,
        ),
        Ratio(
            measure=f"validate {len(words) >> 10} KiB of Greek and emoji",
            ours=lambda: utf8.advance(0, words),
            against="bytes.decode",
            theirs=words.decode,
            floor=0.4,
            aim=2.0,
        ),
    ]


def kernels_at_work(*, seconds: float) -> list[Measure]:
    """Return our server against itself, uncompiled: what the kernels are worth that move bytes."""
    busy = partial(rate, seconds=seconds, connections=64, window=16, bytes=256)

    def compiled(kernels: str, work: str, load: Load, floor: float, aim: float) -> Contest:
        return Contest(
            measure=f"{kernels}: {work}, compiled",
            ours=partial(load, "ours_turn"),
            opponents=(
                Opponent(
                    against="interpreted twin",
                    entrant=partial(load, "ours_turn", interpreted=True),
                    floor=floor,
                    aim=aim,
                ),
            ),
            counted=MESSAGES,
        )

    echo, fan = partial(busy, mode="echo"), partial(busy, mode="fan")
    return [
        compiled("link, engine", "echo 256 B, 64x16", echo, 6, 12),
        compiled("topics", "fan-out to 64, sixteen pending", fan, 1.3, 2),
        compiled("tls", "TLS echo 256 B, 64x16", partial(echo, tls=True), 3, 6),
    ]


def frame(payload: bytes) -> bytes:
    """Return the masked text frame of a client."""
    return Protocol("client", mask_key=lambda: KEY).send_text(payload)


def parser(*, seconds: float) -> list[Measure]:
    feed = frame(TICKER) * 64
    server = Protocol("server")
    timed = partial(parsing.time_a_message, feed=feed, messages=64, seconds=seconds)
    return [
        Contest(
            measure="parse to str, 250 B, 64 a feed",
            ours=partial(timed, parsing.ours),
            opponents=(
                Opponent(
                    against="picows",
                    entrant=partial(timed, parsing.picows),
                    floor=0.6,
                    aim=0.4,
                    packages=("picows",),
                ),
            ),
            counted="ns a message",
            unit="x time",
            better="lower",
        ),
        Rate(
            measure="frame a text of 250 B",
            work=lambda: server.send_text(TICKER),
            operations=1,
            unit="frames/s",
        ),
    ]


def echoes(*, seconds: float) -> list[Measure]:
    echo = partial(rate, mode="echo", seconds=seconds)
    small = partial(echo, bytes=256)
    one, many = partial(small, connections=1), partial(small, connections=64)
    large = partial(echo, bytes=1 << 20, connections=4)

    def against_picows(measure: str, load: Load, floor: float, aim: float) -> Contest:
        return contest(measure, "ours", load, opponent("picows", load, floor, aim))

    def iterated(measure: str, load: Load) -> Contest:
        return contest(
            measure,
            "ours_iterator",
            load,
            opponent("picows.websockets", load, 2.5, 4),
            opponent("websockets", load, 8, 12),
            opponent("aiohttp", load),
        )

    return [
        against_picows("echo 256 B, 1 connection, one at a time", one, 1.10, 1.25),
        against_picows("echo 256 B, 64 connections, one at a time", many, 1.20, 1.35),
        against_picows("echo 256 B, 1x32, callback", partial(one, window=32), 5, 8),
        against_picows("echo 256 B, 64x16, callback", partial(many, window=16), 5, 8),
        iterated("echo 256 B, 1x32, iterator", partial(one, window=32)),
        iterated("echo 256 B, 64x16, iterator", partial(many, window=16)),
        against_picows(
            "echo 8 KiB, 64x4", partial(echo, bytes=8192, connections=64, window=4), 2.0, 2.8
        ),
        against_picows("echo 1 MiB x 4, binary", partial(large, binary=True), 1.0, 1.1),
        against_picows("echo 1 MiB x 4, text", large, 1.0, 1.1),
    ]


def fan_outs(*, seconds: float) -> list[Measure]:
    fan = partial(rate, mode="fan", bytes=250, connections=1000, seconds=seconds)
    ten = partial(fan, window=10)
    # Who joins a stream that is compressed once waits for a keyframe, and gets plain text so far.
    deflated = partial(fan, deflate=True, warm_messages=100)
    ten_deflated = partial(deflated, window=10)
    measure = "fan-out to 1,000 of 250 B"
    return [
        contest(
            f"{measure}, one at a time",
            "ours",
            fan,
            opponent("picows", fan, 1.15, 1.3),
            opponent("bare C", fan, 0.80, 0.9),
            counted=DELIVERIES,
        ),
        contest(
            f"{measure}, ten pending",
            "ours_turn",
            ten,
            opponent("picows", ten, 6, 8),
            opponent("socketify", ten, 1.1, 1.25),
            opponent("bare C, coalescing", ten, 0.70, 0.85),
            counted=DELIVERIES,
        ),
        contest(
            f"{measure}, deflate, one at a time",
            "ours",
            deflated,
            opponent("websockets.broadcast", deflated, 3.5, 4.5),
            counted=DELIVERIES,
        ),
        contest(
            f"{measure}, deflate, ten pending",
            "ours_turn",
            ten_deflated,
            opponent("websockets.broadcast", ten_deflated, 20, 30),
            counted=DELIVERIES,
        ),
    ]


def doors(*, seconds: float) -> list[Measure]:
    opened = partial(rate, mode="open", connections=16, seconds=seconds)
    get = partial(rate, mode="get", connections=64, seconds=seconds)
    return [
        contest(
            "open, upgrade and close",
            "ours",
            opened,
            opponent("websockets", opened, 2, 3),
            counted="handshakes a CPU second",
        ),
        contest(
            "HTTP GET of 250 B, 64 connections",
            "ours",
            get,
            opponent("uvicorn", get, 2, 3),
            opponent("aiohttp", get),
            counted="requests a CPU second",
        ),
    ]


def over_tls(*, seconds: float) -> list[Measure]:
    echo = partial(rate, mode="echo", tls=True, bytes=256, connections=64, seconds=seconds)
    fan = partial(rate, mode="fan", tls=True, bytes=250, connections=200, seconds=seconds)
    return [
        contest(
            measure,
            "ours",
            load,
            opponent("picows", load, 1.0, 1.2),
            opponent("websockets", load, 1.5, 3),
            counted=counted,
        )
        for measure, load, counted in [
            ("TLS echo 256 B, 64 connections, one at a time", echo, MESSAGES),
            ("TLS fan-out to 200 of 250 B, one at a time", fan, DELIVERIES),
        ]
    ]


def memory(*, connections: int) -> list[Measure]:
    return [
        Reading(
            measure=f"memory of an idle connection, deflate {'on' if deflate else 'off'}",
            read=partial(idle_bytes, "ours", deflate=deflate, connections=connections),
            unit="bytes",
            floor=floor,
            aim=aim,
            better="lower",
        )
        for deflate, floor, aim in [(False, 2048, 1536), (True, 3072, 2048)]
    ]


def contest(
    measure: str, ours: str, load: Load, *opponents: Opponent, counted: str = MESSAGES
) -> Contest:
    """Return our server of the kind `ours` against the opponents, under the same load."""
    return Contest(
        measure=measure,
        ours=partial(load, ours),
        opponents=opponents,
        counted=counted,
        caveat="server and load shared one CPU" if shares_one_cpu() else "",
    )


def opponent(
    name: str, load: Load, floor: float | None = None, aim: float | None = None
) -> Opponent:
    """Return a peer under that load; without floor it is compared, and judged by nobody."""
    return Opponent(
        against=name,
        entrant=partial(load, KINDS.get(name, name)),
        floor=floor,
        aim=aim,
        packages=PACKAGES[name],
    )
