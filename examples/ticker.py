"""A ticker for many: every price framed and compressed once, whoever reads slowly gets the latest.

Run it, `python examples/ticker.py`, and open any number of clients: `python -m websockets URI`.
"""

import asyncio
import itertools
import json
import math
import signal

from strikewire.websocket import Connection, SharedDeflater, SlowReader, Topic, serve

SYMBOLS = ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC-28AUG26-100000-C")


def feed() -> Topic:
    """Return a topic for prices, of which only the latest is worth anything."""
    return Topic(
        flush=0.05,  # prices of 50 ms leave together
        slow_reader=SlowReader(policy="conflate"),
        compression=SharedDeflater(),
    )


async def quote(topic: Topic, interval_s: float = 0.01) -> None:
    """Publish prices for ever: slow waves, one for each symbol."""
    for step in itertools.count():
        for number, symbol in enumerate(SYMBOLS, start=1):
            price = 100_000 + 500 * math.sin(step / (100 * number))
            message = {"symbol": symbol, "mark_price": round(price, 2)}
            topic.publish(json.dumps(message), key=symbol)
        await asyncio.sleep(interval_s)


async def main(port: int = 8766) -> None:
    """Publish until Ctrl-C."""
    topic = feed()

    def welcome(reader: Connection) -> None:
        topic.subscribe(reader)
        reader.on_message(lambda payload, is_text: None)  # readers have nothing to say

    async with serve(welcome, port=port) as server, asyncio.TaskGroup() as tasks:
        print(f"ws://127.0.0.1:{server.port}")
        quoting = tasks.create_task(quote(topic))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, quoting.cancel)


if __name__ == "__main__":
    asyncio.run(main())
