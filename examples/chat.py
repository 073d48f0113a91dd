"""A chat room: everyone hears everyone, over WebSocket.

Run it, and open several clients: `python examples/chat.py`, then `python -m websockets URI`.
A message is framed once, however many hear it; who reads too slowly is closed with 1008.
"""

import asyncio
import signal

from strikewire.websocket import Connection, prepare, serve


class Room:
    """Who is here."""

    def __init__(self) -> None:
        self.guests: set[Connection] = set()

    async def welcome(self, guest: Connection) -> None:
        """Let a guest in until it leaves."""
        self.guests.add(guest)
        self.say(f"{guest.peer} came")
        try:
            await guest.deliver_to(
                lambda payload, is_text: self.say(
                    f"{guest.peer}: {payload.decode(errors='replace')}"
                )
            )
        finally:
            self.guests.discard(guest)
            self.say(f"{guest.peer} left")

    def say(self, words: str) -> None:
        """Let everyone hear it."""
        message = prepare(words)
        for guest in self.guests:
            if guest.is_open:
                guest.send_prepared(message)


async def main(port: int = 8765) -> None:
    """Keep the room open until Ctrl-C."""
    closing = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, closing.set)
    async with serve(Room().welcome, port=port) as server:
        print(f"ws://127.0.0.1:{server.port}")
        await closing.wait()


if __name__ == "__main__":
    asyncio.run(main())
