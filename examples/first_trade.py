"""The first trade: `strikewire demo --json > demo.json` in one shell, this in another."""

import asyncio
import json
from pathlib import Path

from strikewire.client import connect

demo = json.loads(Path("demo.json").read_text(encoding="utf-8"))


async def main() -> None:
    """Buy 100 dollars of the perpetual from the demo's market makers."""
    async with connect(demo["ws"], **demo["accounts"][0]) as client:
        bought = await client.buy(instrument_name="BTC-PERPETUAL", amount=100, type="market")
        for trade in bought.trades:
            print(f"bought {trade.amount:g} at {trade.price:g}, fee {trade.fee:.8f} BTC")
        position = await client.get_position(instrument_name="BTC-PERPETUAL")
        print(f"position {position.size:g} USD, delta {position.delta:.8f} BTC")


asyncio.run(main())
