"""The server under test."""

from __future__ import annotations

import asyncio
import signal

from compliance import testee
from strikewire.websocket import serve


async def main(engine: str) -> None:
    """Serve until SIGTERM; print the port first."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(testee.echo, **testee.keywords(serve, engine)) as server:
        print(server.port, flush=True)
        await stop.wait()


if __name__ == "__main__":
    arguments = testee.options(__doc__).parse_args()
    testee.run(main(arguments.engine), arguments.loop)
