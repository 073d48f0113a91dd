"""How a market maker quotes, as a machine: marks and order states in, places and edits out.

Theory of operation. For every instrument there are a few *slots*, one for each side and level. A
slot wants a price and an amount that follow the mark:

| slot    | what happened                                | next    | what comes out          |
|---------|----------------------------------------------|---------|-------------------------|
| EMPTY   | a mark, and the slot wants a price           | WAITING | Place                   |
| RESTING | the mark has moved further than is tolerated | WAITING | Edit                    |
| RESTING | less than half of the amount is left         | WAITING | Edit                    |
| WAITING | the answer: the order is open                | RESTING |                         |
| WAITING | the answer: the order is closed, or refused  | EMPTY   |                         |
| RESTING | the order is filled or cancelled             | EMPTY   |                         |

A slot has one request on its way at most, and rests for a while after each: so a wild market
costs the maker a bounded number of requests, and the venue a bounded share of the processor.
"""

import math
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Final, Literal

from msgspec import Struct

from strikewire.api.reference import Instrument
from strikewire.api.trading import Order

REQUESTS_AT_START_MAX: Final = 64
"""Requests of one maker that may be on their way while it quotes everything for the first time:
many, so that the disk is waited for rarely. Further slots wait for their turn."""

REQUESTS_AT_ONCE_MAX: Final = 8
"""The same afterwards: few, so that none waits long behind the maker's own."""

Direction = Literal["buy", "sell"]


class Style(Struct, frozen=True):
    """How one kind of instrument is quoted.

    Attributes:
        levels: Orders on each side.
        half_spread: Distance of the best level from the mark, as a fraction of the mark.
        half_spread_ticks: The least distance, in ticks.
        amount_lots: Amount of the best level, in minimum amounts; further levels carry more.
        rest_ns: How long a slot is left alone after a request.
    """

    levels: int
    half_spread: float
    half_spread_ticks: int
    amount_lots: int
    rest_ns: int


MS: Final = 1_000_000
PERPETUAL: Final = Style(8, 0.000_05, 2, 500, 250 * MS)
FUTURE: Final = Style(4, 0.000_15, 2, 300, 500 * MS)
SPOT: Final = Style(4, 0.000_10, 2, 200, 500 * MS)
OPTION: Final = Style(2, 0.02, 2, 10, 1_000 * MS)


class Place(Struct, frozen=True):
    """Put a new post-only limit order; report `answered` or `failed` with the slot."""

    slot: "Slot"
    price: float
    amount: float


class Edit(Struct, frozen=True):
    """Move an order; report `answered` or `failed` with the slot."""

    slot: "Slot"
    order_id: str
    price: float
    amount: float


Action = Place | Edit


class Phase(Enum):
    """Where a slot stands; see the table above."""

    EMPTY = auto()
    WAITING = auto()
    RESTING = auto()


class Slot:
    """One order's place: an instrument, a side, a level."""

    __slots__ = (
        "direction",
        "filled",
        "instrument_name",
        "level",
        "order_id",
        "phase",
        "price",
        "rests_until_ns",
        "size",
        "total",
    )

    def __init__(self, instrument_name: str, direction: Direction, level: int, size: float) -> None:
        self.instrument_name = instrument_name
        self.direction = direction
        self.level = level
        self.size = size
        self.phase = Phase.EMPTY
        self.order_id = ""
        self.price = 0.0
        self.total = 0.0
        self.filled = 0.0
        self.rests_until_ns = 0


class _Book:
    """The slots of one instrument, and what is needed to price them."""

    __slots__ = ("instrument", "mark", "slots", "style")

    def __init__(self, instrument: Instrument, style: Style, slots: list[Slot]) -> None:
        self.instrument = instrument
        self.style = style
        self.slots = slots
        self.mark = 0.0


class Quoter:
    """The machine above, for all instruments of one maker.

    Args:
        chance: Returns a number from 0 to 1; it makes amounts differ.
        style_of: Says how an instrument is quoted.

    Attributes:
        quotes: Orders placed and edits made, so far.
    """

    def __init__(
        self, chance: Callable[[], float], style_of: Callable[[Instrument], Style]
    ) -> None:
        self.quotes = 0
        self._chance = chance
        self._style_of = style_of
        self._books: dict[str, _Book] = {}
        self._by_order: dict[str, Slot] = {}
        self._on_way = 0
        self._on_way_max = REQUESTS_AT_START_MAX
        self._cut_off: dict[str, None] = {}  # instruments whose turn ended at the limit, in order

    @property
    def names(self) -> frozenset[str]:
        """The instruments that are quoted."""
        return frozenset(self._books)

    @property
    def is_complete(self) -> bool:
        """Whether every instrument has a mark and every slot that wants an order has one."""
        return bool(self._books) and all(
            slot.phase is Phase.RESTING or (book.mark and _wanted_price(book, slot) is None)
            for book in self._books.values()
            for slot in book.slots
        )

    def cover(self, instruments: Iterable[Instrument]) -> None:
        """Quote exactly these instruments from now on; orders of others are forgotten."""
        wanted = {one.instrument_name: one for one in instruments}
        for name in self._books.keys() - wanted.keys():
            slots = self._books.pop(name).slots
            for slot in slots:
                self._by_order.pop(slot.order_id, None)
                self._on_way -= slot.phase is Phase.WAITING
            _retire(slots)
        for name, instrument in wanted.items():
            if name not in self._books:
                style = self._style_of(instrument)
                self._books[name] = _Book(instrument, style, self._slots(instrument, style))

    def settle(self) -> None:
        """Take note that everything has been quoted once: from now on there is no hurry."""
        self._on_way_max = REQUESTS_AT_ONCE_MAX

    def reset(self) -> None:
        """Forget every order: the connection they were placed on is gone, and they with it."""
        self._by_order.clear()
        self._cut_off.clear()
        self._on_way = 0
        for book in self._books.values():
            _retire(book.slots)
            book.slots = self._slots(book.instrument, book.style)

    def marked(self, now_ns: int, instrument_name: str, mark: float) -> list[Action]:
        """Take a new mark price and return what it makes necessary."""
        book = self._books.get(instrument_name)
        if book is None or mark <= 0:
            return []
        book.mark = mark
        return self._act(now_ns, book)

    def answered(self, now_ns: int, slot: Slot, order: Order) -> list[Action]:
        """Take the venue's answer to a place or an edit, and return what there is room for now.

        An answer for a slot that was forgotten meanwhile is ignored.
        """
        if slot.phase is not Phase.WAITING:
            return []
        self._on_way -= 1
        self.quotes += 1
        self._by_order.pop(slot.order_id, None)
        slot.rests_until_ns = now_ns + self._rest_ns(slot)
        slot.phase = Phase.EMPTY
        if order.order_state == "open":
            slot.phase = Phase.RESTING
            slot.order_id = order.order_id
            self._by_order[order.order_id] = slot
            _take_over(slot, order)
        return self._resume(now_ns)

    def failed(self, now_ns: int, slot: Slot, *, is_order_gone: bool) -> list[Action]:
        """Take the venue's refusal of a place or an edit, and return what there is room for now.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            slot: Whose request it was.
            is_order_gone: The order is no longer open; otherwise it rests as before.
        """
        if slot.phase is not Phase.WAITING:
            return []
        self._on_way -= 1
        slot.rests_until_ns = now_ns + self._rest_ns(slot)
        slot.phase = Phase.RESTING if slot.order_id and not is_order_gone else Phase.EMPTY
        if slot.phase is Phase.EMPTY:
            self._by_order.pop(slot.order_id, None)
            slot.order_id = ""
        return self._resume(now_ns)

    def order_changed(self, order: Order) -> None:
        """Take news of an order: it was filled, partly or wholly, or cancelled."""
        slot = self._by_order.get(order.order_id)
        if slot is None:
            return
        if order.order_state == "open":
            if slot.phase is Phase.RESTING:
                _take_over(slot, order)
            return
        del self._by_order[order.order_id]
        slot.order_id = ""
        if slot.phase is Phase.RESTING:
            slot.phase = Phase.EMPTY

    def _slots(self, instrument: Instrument, style: Style) -> list[Slot]:
        lot = instrument.min_trade_amount
        return [
            Slot(
                instrument.instrument_name,
                direction,
                level,
                # Half as much to half as much again, and more with every level.
                lot * max(1, round(style.amount_lots * (1 + level) * (0.5 + self._chance()))),
            )
            for level in range(style.levels)
            for direction in ("buy", "sell")
        ]

    def _act(self, now_ns: int, book: _Book) -> list[Action]:
        actions: list[Action] = []
        for slot in book.slots:
            if slot.phase is Phase.WAITING or now_ns < slot.rests_until_ns:
                continue
            action = _action(book, slot)
            if action is not None and self._on_way >= self._on_way_max:
                self._cut_off[book.instrument.instrument_name] = None
                break
            if action is not None:
                slot.phase = Phase.WAITING
                self._on_way += 1
                actions.append(action)
        return actions

    def _resume(self, now_ns: int) -> list[Action]:
        """Go on with the instruments whose turn ended at the limit."""
        actions: list[Action] = []
        while self._cut_off and self._on_way < self._on_way_max:
            name = next(iter(self._cut_off))
            del self._cut_off[name]
            if name in self._books:
                actions += self._act(now_ns, self._books[name])
        return actions

    def _rest_ns(self, slot: Slot) -> int:
        book = self._books.get(slot.instrument_name)
        return book.style.rest_ns if book is not None else 0


def style_of(instrument: Instrument) -> Style:
    """Return how an instrument is quoted."""
    if instrument.kind == "option":
        return OPTION
    if instrument.kind == "spot":
        return SPOT
    return PERPETUAL if instrument.settlement_period == "perpetual" else FUTURE


def tick_at(instrument: Instrument, price: float) -> float:
    """Return the tick that holds at a price."""
    tick = instrument.tick_size
    for step in instrument.tick_size_steps:
        if price > step.above_price:
            tick = step.tick_size
    return tick


def on_tick(instrument: Instrument, price: float, direction: Direction) -> float:
    """Round a price to the instrument's tick, away from the other side of the book."""
    tick = tick_at(instrument, price)
    # A price that is on the tick already must not move for the sake of a float's last digit.
    steps = price / tick
    whole = math.floor(steps + 1e-9) if direction == "buy" else math.ceil(steps - 1e-9)
    return round(whole * tick, 8)


def _retire(slots: Iterable[Slot]) -> None:
    for slot in slots:
        slot.phase = Phase.EMPTY  # whatever answer is still on its way is not waited for


def _take_over(slot: Slot, order: Order) -> None:
    assert not isinstance(order.price, str)
    slot.price = order.price
    slot.total = order.amount
    slot.filled = order.filled_amount


def _action(book: _Book, slot: Slot) -> Action | None:
    price = _wanted_price(book, slot)
    if price is None:
        return None  # an order that rests keeps its last price: the option is nearly worthless
    if slot.phase is Phase.EMPTY:
        return Place(slot, price, round(slot.size, 8))
    has_moved = abs(price - slot.price) > _tolerance(book, slot)
    is_used_up = slot.total - slot.filled < slot.size / 2
    if not has_moved and not is_used_up:
        return None
    return Edit(slot, slot.order_id, price, round(slot.filled + slot.size, 8))


def _wanted_price(book: _Book, slot: Slot) -> float | None:
    sign = -1 if slot.direction == "buy" else 1
    price = on_tick(book.instrument, book.mark + sign * _distance(book, slot), slot.direction)
    return price if price >= tick_at(book.instrument, price) else None


def _distance(book: _Book, slot: Slot) -> float:
    tick = tick_at(book.instrument, book.mark)
    least = book.style.half_spread_ticks * tick
    return max(least, book.style.half_spread * book.mark) * (1 + slot.level)


def _tolerance(book: _Book, slot: Slot) -> float:
    """Half the distance may pass before an order is moved; a deeper one has more patience."""
    return _distance(book, slot) / 2
