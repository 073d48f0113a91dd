"""An echo server in several processes on one port: `python examples/workers.py`.

Each process has an event loop of its own, and the kernel spreads the connections over them. Kill a
worker, and another takes its place; SIGTERM or Ctrl-C closes every WebSocket with 1001.
"""

import asyncio
import os
import socket
import sys

from strikewire.websocket import Connection, HttpRequest, HttpResponse, serve, serve_workers


async def echo(connection: Connection) -> None:
    """Send every message back."""
    async for message in connection:
        await connection.send(message)


def who(request: HttpRequest) -> HttpResponse:
    """Tell which process answers."""
    return HttpResponse(200, (("content-type", "text/plain"),), f"{os.getpid()}\n".encode())


async def main(sock: socket.socket) -> None:
    """Be one worker, until cancelled."""
    async with serve(echo, http=who, sock=sock):
        await asyncio.Event().wait()


def tell(port: int) -> None:
    """Say where the workers listen."""
    print(f"ws://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    port, count = [*arguments, 8765, 2][:2] if len(arguments) != 1 else [arguments[0], 2]
    serve_workers(main, port=port, count=count, on_ready=tell)
