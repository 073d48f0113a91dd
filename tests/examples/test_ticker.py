"""Readers of the example's ticker see prices, compressed once for all of them."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path
from types import ModuleType

from strikewire.websocket import Connection, connect, serve

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ticker.py"


def ticker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ticker", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_every_reader_sees_every_price() -> None:
    module = ticker()
    topic = module.feed()

    both_are_here = asyncio.Event()

    def welcome(reader: Connection) -> None:
        topic.subscribe(reader)
        if len(topic) == 2:
            both_are_here.set()
        reader.on_message(lambda payload, is_text: None)

    async with serve(welcome) as server:
        uri = f"ws://127.0.0.1:{server.port}"
        async with connect(uri) as one, connect(uri) as other, asyncio.TaskGroup() as tasks:
            await both_are_here.wait()
            quoting = tasks.create_task(module.quote(topic, 0.001))
            prices = [
                [json.loads(await reader.receive()) for _ in range(60)] for reader in (one, other)
            ]
            quoting.cancel()

        assert prices[0] == prices[1]
        assert {price["symbol"] for price in prices[0]} == set(module.SYMBOLS)
        inflated = one.statistics.inflated
        assert inflated is not None
        assert inflated.ratio < 0.6
