"""The order flow that matching engines are compared on, as records of the prototype and of ours.

Ten thousand orders wait, then 60 % of the commands are limit orders that wait (an exponential
distance from the middle, some 540 levels a side), 30 % cancels of any order that waits, and 10 %
sweeps, sized so that about ten thousand orders stay. From one seed a million commands make 398,261
trades, in every engine that carries them out in order of price and time.
"""

import bisect
import heapq
import itertools
import random
import struct
from typing import NamedTuple

from strikewire.exchange.packed import CANCEL, NO_PRICE, PLACE

LIVE = 10_000
USERS = 1_000
MID = 100_000
SCALE = 120.0
SEED = 7
GTC, IOC = 0, 1
HIGHEST, LOWEST = 190_000, 30_000
"""A sweep's limit, inside the price band of a mark of 50,000 at ticks of half a dollar."""

_THEIRS = struct.Struct("<QqqIIBBBBI")
OURS = struct.Struct("<BbBBHHqqqqq")
"""A packed command."""


class Flow(NamedTuple):
    """Commands in both forms; the first `LIVE` of them only fill the book."""

    prototype: bytes
    packed: bytes
    trades: int
    commands: int


class _Book:
    """Only enough of a book to know who waits: each side's levels by price, orders by time."""

    def __init__(self) -> None:
        self.levels: tuple[dict[int, dict[int, None]], dict[int, dict[int, None]]] = ({}, {})
        self.heaps: tuple[list[int], list[int]] = ([], [])
        self.orders: dict[int, list[int]] = {}
        self.trades = 0

    def best(self, side: int) -> int | None:
        heap, sign = self.heaps[side], -1 if side == 0 else 1
        while heap and sign * heap[0] not in self.levels[side]:
            heapq.heappop(heap)
        return sign * heap[0] if heap else None

    def add(self, order_id: int, side: int, price: int, lots: int) -> None:
        level = self.levels[side].get(price)
        if level is None:
            level = self.levels[side][price] = {}
            heapq.heappush(self.heaps[side], -price if side == 0 else price)
        level[order_id] = None
        self.orders[order_id] = [side, price, lots]

    def cancel(self, order_id: int) -> None:
        side, price, _ = self.orders.pop(order_id)
        level = self.levels[side][price]
        del level[order_id]
        if not level:
            del self.levels[side][price]

    def sweep(self, side: int, lots: int) -> list[int]:
        """Take from the other side, and return the orders that are gone."""
        gone = []
        while lots:
            price = self.best(1 - side)
            if price is None:
                break
            level = self.levels[1 - side][price]
            for order_id in list(level):
                order = self.orders[order_id]
                traded = min(lots, order[2])
                lots -= traded
                order[2] -= traded
                self.trades += 1
                if order[2] == 0:
                    del level[order_id], self.orders[order_id]
                    gone.append(order_id)
                if not lots:
                    break
            if not level:
                del self.levels[1 - side][price]
        return gone


def order_flow(commands: int) -> Flow:
    """Return a flow of so many commands behind those that fill the book."""
    draw, book = random.Random(SEED), _Book()
    live: list[int] = []
    places: dict[int, int] = {}
    owners: dict[int, int] = {}
    theirs, ours = bytearray(), bytearray()
    order_id, mid = 0, MID

    def forget(one: int) -> None:
        place, last = places.pop(one), live.pop()
        if last != one:
            live[place] = last
            places[last] = place

    def write(side: int, price: int, lots: int, user: int, force: int) -> None:
        theirs.extend(_THEIRS.pack(order_id, price, lots, user, 0, 0, side, force, 0, 0))
        ours.extend(
            OURS.pack(
                PLACE,
                1 if side == 0 else -1,
                0,
                2 if force == IOC else 0,
                0,
                0,
                user + 1,
                1,
                max(min(price, HIGHEST), LOWEST),
                lots,
                0,
            )
        )
        owners[order_id] = user + 1

    def passive() -> None:
        nonlocal order_id
        order_id += 1
        side = draw.getrandbits(1)
        away = 1 + int(draw.expovariate(1 / SCALE))
        other = book.best(1 - side)
        price = mid - away if side == 0 else mid + away
        if other is not None:
            price = min(price, other - 1) if side == 0 else max(price, other + 1)
        lots = draw.randint(1, 100)
        book.add(order_id, side, price, lots)
        places[order_id] = len(live)
        live.append(order_id)
        write(side, price, lots, draw.randrange(USERS), GTC)

    def cancel() -> None:
        one = live[draw.randrange(len(live))]
        forget(one)
        side = book.orders[one][0]
        book.cancel(one)
        theirs.extend(_THEIRS.pack(one, 0, 0, 0, 0, 1, side, 0, 0, 0))
        ours.extend(OURS.pack(CANCEL, 0, 0, 0, 0, 0, owners[one], one, 0, 0, 0))

    def sweep() -> None:
        nonlocal order_id
        order_id += 1
        side = draw.getrandbits(1)
        size = 3.0 * (len(book.orders) / LIVE) ** 2
        lots = 1 + int(draw.expovariate(1 / (50.5 * size)))
        for one in book.sweep(side, lots):
            forget(one)
        write(side, MID * 2 if side == 0 else 1, lots, draw.randrange(USERS), IOC)

    for _ in range(LIVE):
        passive()
    for number in range(commands):
        if number % 500 == 0:
            mid += draw.choice((-2, -1, 0, 1, 2))
        chance = draw.random()
        if chance < 0.6:
            passive()
        elif chance < 0.9 and live:
            cancel()
        else:
            sweep()
    return Flow(bytes(theirs), bytes(ours), book.trades, LIVE + commands)


def sparse_flow(commands: int, *, books: int, live: int) -> bytes:
    """Return our records of a flow in many books, of which some are far busier than others.

    45 % orders that wait, 45 % cancels, 10 % sweeps; books by Zipf's law with exponent 0.8, and
    about `live` orders that wait in all of them. The first `live` records only fill the books.
    """
    draw = random.Random(SEED)
    weights = list(itertools.accumulate(1 / rank**0.8 for rank in range(1, books + 1)))
    waiting: list[tuple[int, int]] = []
    out = bytearray()
    order_id = 0

    def place(user: int, side: int, price: int, lots: int, force: int) -> None:
        nonlocal order_id
        order_id += 1
        book = 1 + bisect.bisect(weights, draw.random() * weights[-1])
        sign = 1 if side == 0 else -1
        record = (PLACE, sign, 0, force, 0, 0, user, min(book, books), price, lots, 0)
        out.extend(OURS.pack(*record))

    def passive() -> None:
        side, user = draw.getrandbits(1), 1 + draw.randrange(USERS)
        away = 5 * (1 + int(draw.expovariate(1 / 20)))
        place(user, side, max(500 - away, 5) if side == 0 else 505 + away, draw.randint(1, 20), 0)
        waiting.append((user, order_id))

    def cancel() -> None:
        at = draw.randrange(len(waiting))
        waiting[at], waiting[-1] = waiting[-1], waiting[at]
        user, one = waiting.pop()
        out.extend(OURS.pack(CANCEL, 0, 0, 0, 0, 0, user, one, 0, 0, 0))

    for _ in range(live):
        passive()
    for _ in range(commands):
        chance = draw.random()
        if chance < 0.45:
            passive()
        elif chance < 0.9:
            cancel()
        else:
            side, user = draw.getrandbits(1), 1 + draw.randrange(USERS)
            place(user, side, 700 if side == 0 else 5, draw.randint(1, 20), 2)
    return bytes(out)


assert NO_PRICE < LOWEST
