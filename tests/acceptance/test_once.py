"""The venue is killed after orders were committed and before all were answered; none trades twice.

The client sends orders under keys in one go, kills the process with SIGKILL when the first answer
is there, and takes every other answer for lost. After the restart it sends all of them again, and
once more, and has exactly one order for each.
The client is raw JSON-RPC over the `websockets` library.
"""

import json
import signal
from pathlib import Path
from typing import Any

from .test_kill import INSTRUMENT, call, mark_price, request, serving, session

ROUNDS = 2
ORDERS = 60


def orders(number: int, mark: float) -> dict[str, dict[str, Any]]:
    """Return orders that wait far below the mark, by their keys."""
    price = round(mark * 0.9)
    return {
        f"round-{number}-{one}": {
            "instrument_name": INSTRUMENT,
            "amount": 10,
            "price": price,
            "label": f"round-{number}-{one}",
            "idempotency_key": f"round-{number}-{one}",
        }
        for one in range(ORDERS)
    }


async def open_orders(address: str) -> dict[str, str]:
    """Return the ids of alice's open orders by label; a label may stand there once."""
    async with session(address, "alice") as socket:
        where = {"instrument_name": INSTRUMENT}
        listed = await call(socket, "private/get_open_orders_by_instrument", where)
    found = {order["label"]: order["order_id"] for order in listed}
    assert len(found) == len(listed), "an order is there twice"
    return found


async def test_an_order_that_is_sent_again_after_a_crash_is_placed_once(tmp_path: Path) -> None:
    log = tmp_path / "venue.log"
    unanswered = 0

    for number in range(ROUNDS):
        with serving(tmp_path, log) as (process, address):
            asked = orders(number, await mark_price(address))
            async with session(address, "alice") as socket:
                for key, params in asked.items():
                    await socket.send(request(key, "private/buy", params))
                first = json.loads(await socket.recv())
                # The second answer comes of the next commit, and most orders are in that.
                await socket.recv()
                process.send_signal(signal.SIGKILL)
        with serving(tmp_path, log) as (_, address):
            before = await open_orders(address)
            assert first["id"] in before
            unanswered += len(before.keys() & asked.keys()) - 2
            placed = await answers(address, asked)
            assert await answers(address, asked) == placed
            after = await open_orders(address)
            async with session(address, "alice") as socket:
                await call(socket, "private/cancel_all", {"idempotency_key": f"{number}"})

        assert placed[first["id"]] == first["result"]
        assert {key: answer["order"]["order_id"] for key, answer in placed.items()} == after
        assert before.items() <= after.items()

    assert unanswered > 0, "no order was ever committed without its answer"


async def answers(address: str, asked: dict[str, dict[str, Any]]) -> dict[str, Any]:
    async with session(address, "alice") as socket:
        return {key: await call(socket, "private/buy", one) for key, one in asked.items()}
