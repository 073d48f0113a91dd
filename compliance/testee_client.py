"""The client under test: asks the suite for its cases, and echoes what each of them sends."""

from __future__ import annotations

import asyncio
import sys

from strikewire.websocket import Connection, HandshakeError, Limits, connect

AGENT = "strikewire"
# The suite's largest messages are 16 MiB.
LIMITS = Limits(message_bytes_max=64 << 20, frame_bytes_max=64 << 20, queued_bytes_max=128 << 20)


async def echo(connection: Connection) -> None:
    """Send every message back as it came."""
    await connection.deliver_to(
        lambda payload, is_text: connection.send_nowait(payload, text=is_text)
    )


async def count_cases(uri: str, seconds_max: float) -> int:
    """Return how many cases there are, once the suite listens."""
    async with asyncio.timeout(seconds_max):
        while True:
            try:
                async with connect(f"{uri}/getCaseCount") as connection:
                    return int(await connection.receive())
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)


async def main(uri: str, seconds_max: float) -> None:
    """Run every case, then have the report written."""
    for case in range(1, 1 + await count_cases(uri, seconds_max)):
        try:
            async with connect(f"{uri}/runCase?case={case}&agent={AGENT}", limits=LIMITS) as peer:
                await echo(peer)
        except HandshakeError as error:
            print(f"case {case}: {error}", file=sys.stderr)
    async with connect(f"{uri}/updateReports?agent={AGENT}") as connection:
        await connection.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
