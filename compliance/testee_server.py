"""The server under test: echoes every message inside the callback that read it."""

from __future__ import annotations

import asyncio
import signal

from strikewire.websocket import Connection, Limits, serve

# The suite's largest messages are 16 MiB.
LIMITS = Limits(message_bytes_max=64 << 20, frame_bytes_max=64 << 20, queued_bytes_max=128 << 20)


async def echo(connection: Connection) -> None:
    """Send every message back as it came."""
    await connection.deliver_to(
        lambda payload, is_text: connection.send_nowait(payload, text=is_text)
    )


async def main() -> None:
    """Serve until SIGTERM; print the port first."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(echo, limits=LIMITS) as server:
        print(server.port, flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
