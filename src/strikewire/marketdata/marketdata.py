"""All markets of the venue, moved by the events of one command at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field

from strikewire.api.market_data import PublicTrade
from strikewire.exchange import (
    ComboClosed,
    Event,
    Fill,
    InstrumentListed,
    InstrumentSettled,
    InstrumentStateChanged,
    LevelChanged,
    Mark,
    MarksChanged,
    PlatformLockChanged,
    PositionChanged,
    SessionSettled,
)
from strikewire.marketdata.market import Market
from strikewire.model import Instrument, InstrumentId, PriceE8
from strikewire.pricing import DeliveryAverage, ExpirationEstimate, delivery_average


class Changes(Struct):
    """What one command changed for the public; instruments in the order of their events.

    Attributes:
        books: Instruments whose levels changed.
        quotes: Instruments whose best price or its amount changed.
        tickers: Instruments whose ticker shows something new.
        trades: New trades of each instrument, oldest first.
        marks: Instruments with a new mark.
        indices: Names of the indices with a new price.
        listed: Instruments that began to trade.
        settled: Instruments that will not trade again, combos included.
        states: Instruments that are new, stopped, going on or settled.
        locks: Indices that were locked or unlocked; the empty name is the whole venue.
    """

    books: list[InstrumentId] = field(default_factory=list)
    quotes: list[InstrumentId] = field(default_factory=list)
    tickers: dict[InstrumentId, None] = field(default_factory=dict)
    trades: dict[InstrumentId, list[PublicTrade]] = field(default_factory=dict)
    marks: list[InstrumentId] = field(default_factory=list)
    indices: list[str] = field(default_factory=list)
    listed: list[InstrumentId] = field(default_factory=list)
    settled: list[InstrumentId] = field(default_factory=list)
    states: list[InstrumentId] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)


class MarketData:
    """What the public may see.

    It knows the exchange by its events alone, so what it shows is never ahead of what it has been
    told: a snapshot taken now is continued by the very next change.

    Attributes:
        now_ns: When the last command was carried out, nanoseconds since the Unix epoch.
        locks: Indices that are locked; the empty name is the whole venue.
    """

    def __init__(self) -> None:
        self._markets: dict[InstrumentId, Market] = {}
        self._names: dict[str, Market] = {}
        self._indices: dict[str, PriceE8] = {}
        self._indices_ns: dict[str, int] = {}
        self._averages: dict[str, dict[int, DeliveryAverage]] = {}  # by index and expiry
        self._forgotten: list[InstrumentId] = []  # what was told of last, and is gone with the next
        self.now_ns = 0
        self.locks: set[str] = set()

    @property
    def indices(self) -> Mapping[str, PriceE8]:
        """Price of each index, in 1e-8 of its quote currency."""
        return MappingProxyType(self._indices)

    @property
    def price_indices(self) -> list[str]:
        """The index of every instrument that has not been settled, in alphabetical order."""
        return sorted({one.instrument.price_index for one in self if one.is_open})

    @property
    def locked_indices(self) -> list[str]:
        """Those of them that are locked, by name or with the whole venue."""
        return [name for name in self.price_indices if self.is_locked(name)]

    def is_locked(self, index: str) -> bool:
        """Tell whether the instruments of an index are locked."""
        return "" in self.locks or index in self.locks

    def index(self, instrument: Instrument) -> PriceE8:
        """Return the price of an instrument's index, 0 before the first."""
        return self._indices.get(instrument.price_index, PriceE8(0))

    def index_ns(self, name: str) -> int:
        """Return when the index got its price, nanoseconds since the Unix epoch."""
        return self._indices_ns[name]

    def expiration(self, name: str) -> ExpirationEstimate | None:
        """Return where the next delivery price of an index is heading; None where none is due.

        It is as of the last command. What an expiry was sampled before this process began is
        missing in it.
        """
        due = [ns for ns in self._averages.get(name, ()) if ns > self.now_ns]
        return self._estimate(name, min(due)) if due and name in self._indices else None

    def delivery(self, instrument: Instrument) -> PriceE8:
        """Return what an instrument's delivery price would be if its index stayed where it is."""
        index, expiry_ns = self.index(instrument), instrument.expiry_ns
        averages = self._averages.get(instrument.price_index, {})
        if not index or expiry_ns is None or expiry_ns not in averages:
            return index
        return self._estimate(instrument.price_index, expiry_ns).price

    def __getitem__(self, instrument_id: InstrumentId) -> Market:
        """Return the market of an instrument that was listed, unless it is forgotten."""
        return self._markets[instrument_id]

    def named(self, name: str) -> Market | None:
        """Return the market of the instrument called `name`, settled ones included."""
        return self._names.get(name)

    def __iter__(self) -> Iterator[Market]:
        """Iterate over all markets in the order of their listing."""
        return iter(self._markets.values())

    def __len__(self) -> int:
        return len(self._markets)

    def begin(self, instrument: Instrument, now_ns: int) -> Market:
        """Begin the market of a new instrument."""
        instrument_id = InstrumentId(instrument.instrument_id)
        assert instrument_id not in self._markets
        assert instrument.name not in self._names
        legs = [self._markets[InstrumentId(leg.instrument_id)] for leg in instrument.legs]
        market = Market(instrument, now_ns, legs=legs)
        for leg in legs:
            leg.combos[instrument_id] = market
        self._markets[instrument_id] = self._names[instrument.name] = market
        if instrument.expiry_ns is not None:
            averages = self._averages.setdefault(instrument.price_index, {})
            if instrument.expiry_ns not in averages:
                averages[instrument.expiry_ns] = delivery_average(instrument.expiry_ns, now_ns)
        return market

    def value(self, time_ns: int, indices: Iterable[tuple[str, PriceE8]]) -> None:
        """Put new prices of indices in force."""
        self.now_ns = max(self.now_ns, time_ns)
        for name, price in indices:
            if name in self._indices:
                self._catch_up(name, time_ns)
            self._indices[name] = price
            self._indices_ns[name] = time_ns

    def settle(self, time_ns: int, market: Market, delivery_price: PriceE8 | None) -> None:
        """Close a market for good, with the price it was delivered at where that is known."""
        market.settle(time_ns, delivery_price)
        expiry_ns = market.instrument.expiry_ns
        if expiry_ns is not None:
            self._averages[market.instrument.price_index].pop(expiry_ns, None)

    def lock(self, index: str, *, is_locked: bool) -> None:
        """Lock or unlock the instruments of an index; the empty name is the whole venue."""
        if is_locked:
            self.locks.add(index)
        else:
            self.locks.discard(index)

    def apply(self, time_ns: int, events: Iterable[Event]) -> Changes:
        """Take in everything that one command did.

        Args:
            time_ns: The command's time, nanoseconds since the Unix epoch.
            events: All events of the command, in their order.
        """
        self.now_ns = max(self.now_ns, time_ns)
        self._forget()
        changes = Changes()
        levels: dict[InstrumentId, list[LevelChanged]] = {}
        for event in events:
            match event:
                case LevelChanged():
                    levels.setdefault(event.instrument_id, []).append(event)
                case Fill():
                    self._trade(event, changes)
                case PositionChanged(position):
                    market = self._markets[position.instrument_id]
                    if not market.instrument.is_spot:
                        market.hold(position.account_id, position.size)
                case MarksChanged(indices, marks):
                    self.value(time_ns, indices)
                    changes.indices.extend(name for name, _ in indices)
                    self._mark(time_ns, marks, changes)
                case InstrumentListed(instrument, state):
                    self.begin(instrument, time_ns).state = state
                    instrument_id = InstrumentId(instrument.instrument_id)
                    changes.listed.append(instrument_id)
                    changes.states.append(instrument_id)
                case InstrumentStateChanged(instrument_id, state):
                    self._markets[instrument_id].turn(time_ns, state)
                    changes.tickers[instrument_id] = None
                    changes.states.append(instrument_id)
                case ComboClosed(instrument_id, is_forgotten):
                    if is_forgotten:
                        self._forgotten.append(instrument_id)
                    self._markets[instrument_id].close(time_ns)
                    changes.tickers[instrument_id] = None
                    changes.settled.append(instrument_id)
                    changes.states.append(instrument_id)
                case PlatformLockChanged(is_locked, index):
                    self.lock(index, is_locked=is_locked)
                    changes.locks.append(index)
                case InstrumentSettled(instrument_id, delivery_price):
                    self.settle(time_ns, self._markets[instrument_id], delivery_price)
                    changes.tickers[instrument_id] = None
                    changes.settled.append(instrument_id)
                    changes.states.append(instrument_id)
                case SessionSettled(_, settlements):
                    for one in settlements:
                        self._markets[one.instrument_id].settlement_price = one.price
                        changes.tickers[one.instrument_id] = None
                case _:
                    pass  # What concerns one account alone is not for the public.
        for instrument_id, changed in levels.items():
            self._move_book(time_ns, instrument_id, changed, changes)
        return changes

    def _forget(self) -> None:
        """Drop combos that the exchange has forgotten, now that their end has been told."""
        for instrument_id in self._forgotten:
            market = self._markets.pop(instrument_id)
            del self._names[market.instrument.name]
            for leg in market.legs:
                del leg.combos[instrument_id]
        self._forgotten = []

    def _catch_up(self, name: str, time_ns: int) -> None:
        """Take the samples that have become due while the index stood where it still stands."""
        averages = self._averages.get(name, {})
        for expiry_ns, average in averages.items():
            averages[expiry_ns] = average.catch_up(time_ns - 1, self._indices[name])

    def _estimate(self, name: str, expiry_ns: int) -> ExpirationEstimate:
        index = self._indices[name]
        average = self._averages[name][expiry_ns].catch_up(self.now_ns, index)
        return average.estimate(self.now_ns, index)

    def _trade(self, fill: Fill, changes: Changes) -> None:
        trade = self._markets[fill.instrument_id].trade(fill)
        changes.trades.setdefault(fill.instrument_id, []).append(trade)
        changes.tickers[fill.instrument_id] = None

    def _mark(self, time_ns: int, marks: Sequence[Mark], changes: Changes) -> None:
        for mark in marks:
            market = self._markets[mark.instrument_id]
            market.value(time_ns, mark, self.index(market.instrument))
            changes.marks.append(mark.instrument_id)
            changes.tickers[mark.instrument_id] = None
            for combo_id, combo in market.combos.items():
                if combo.is_open:
                    combo.updated_ns = time_ns
                    changes.tickers[combo_id] = None

    def _move_book(
        self,
        time_ns: int,
        instrument_id: InstrumentId,
        changed: Sequence[LevelChanged],
        changes: Changes,
    ) -> None:
        has_new_top = self._markets[instrument_id].change_levels(time_ns, changed)
        changes.books.append(instrument_id)
        if has_new_top:
            changes.quotes.append(instrument_id)
            changes.tickers[instrument_id] = None
