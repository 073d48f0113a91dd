"""Guests of the example's room hear each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from strikewire.websocket import connect, serve

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "chat.py"


def chat() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chat", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_everyone_hears_everyone() -> None:
    async with serve(chat().Room().welcome) as server:
        uri = f"ws://127.0.0.1:{server.port}"
        async with connect(uri) as first:
            assert str(await first.receive()).endswith(" came")
            async with connect(uri) as second:
                assert await first.receive() == await second.receive()
                await second.send("hello")

                assert str(await first.receive()).endswith(": hello")
                assert str(await second.receive()).endswith(": hello")
            assert str(await first.receive()).endswith(" left")
