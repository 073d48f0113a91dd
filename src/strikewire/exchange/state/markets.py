# cython: annotation_typing=False, overflowcheck=True
"""One instrument while it is listed: its book, its mark, its trades."""

from typing import NamedTuple

from strikewire.exchange.commands import NO_LIMITS, InstrumentState, Limits, Mark, TriggerPriceType
from strikewire.exchange.state.book import Book
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.combo_prices import combo_band, combo_mark, lowest_price, mark_ticks
from strikewire.exchange.state.conditional import Watch
from strikewire.exchange.state.funding import LOTS, Funding
from strikewire.exchange.state.margin import PriceBand, Valuation
from strikewire.exchange.state.records import Fills
from strikewire.model import Instrument, InstrumentId, PriceE8, Side, Ticks

TRADES_MAX = 1_000
"""Public trades of an instrument that can still be looked up; the oldest are forgotten first."""


_NEVER = Ticks(-(2**63) + 1)
"""The last price of an instrument that has not traded: below that of any combo."""


class Leg(NamedTuple):
    """A market that a combo trades in.

    Attributes:
        market: Of the leg.
        ratio: Lots for each lot of the combo; negative where buying the combo sells the leg.
        weight: Ticks of the combo's price for each tick of the leg's, with the sign of the ratio.
    """

    market: "Market"
    ratio: int
    weight: int

    def side(self, side: Side) -> Side:
        """Return on which side the leg trades when the combo trades on `side`."""
        return side if self.ratio > 0 else side.opposite

    def lots(self, lots: int) -> int:
        """Return the lots of the leg in some lots of the combo."""
        return abs(self.ratio) * lots

    @property
    def starting_price(self) -> Ticks:
        """The price that the leg starts from when the combo trades: its mark, to the tick."""
        mark = self.market.mark
        return mark_ticks(mark.price if mark else PriceE8(0), self.market.contract.tick_e8)


class Market:
    """One instrument while it is listed: its book, its mark, its trades."""

    __slots__ = (
        "_valuation",
        "book",
        "combos",
        "contract",
        "funding",
        "instrument",
        "instrument_id",
        "is_locked",
        "is_open",
        "last_ticks",
        "legs",
        "limits",
        "mark",
        "marked",
        "open_interest",
        "set_state",
        "settlement_price",
        "terms",
        "tick_direction",
        "trade_seq",
        "trades",
        "watches",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.instrument_id = InstrumentId(instrument.instrument_id)
        self.contract = Contract(instrument)
        self.book = Book()
        self.is_open = True
        """Whether it has not been settled."""

        self.set_state = InstrumentState.OPEN
        """As the venue last set it."""

        self.limits: Limits = NO_LIMITS
        self.is_locked = False
        """Whether its index, or the whole venue, is locked."""

        self.mark: Mark | None = None
        self.funding = Funding() if instrument.is_perpetual else None
        self.settlement_price = PriceE8(0)
        """The mark at the last daily settlement; 0 before the first."""

        self.open_interest = 0
        """Lots that are held long, which are as many as are held short."""

        self.trade_seq = 0
        self.last_ticks = _NEVER
        """The price of the last trade in the book."""

        self.tick_direction = 1
        self.trades = Fills(TRADES_MAX)
        self.watches: dict[TriggerPriceType, Watch] = {}
        """Orders that wait for a price, by the kind of price; only kinds that are waited for."""

        self.legs: tuple[Leg, ...] = ()
        """Of a combo: what it trades in. It has no mark of its own, and nobody ever holds it."""

        self.combos: list[Market] = []
        """The combos that trade in it, in the order of their listing."""

        self._valuation: Valuation | None = None
        self.marked = 0
        """How often a mark was set, so that what was made of it can be told from what it is now."""

        self.terms: object = None
        """What the compiled lane has made of the mark; only a memory, and its own."""

    @property
    def state(self) -> InstrumentState:
        """What may be done in its book, as far as the instrument itself goes.

        A combo can do no more than each of its legs; it ends without being delivered.
        """
        if not self.is_open:
            return InstrumentState.INACTIVE if self.legs else InstrumentState.DELIVERED
        if self.set_state is not InstrumentState.OPEN:
            return self.set_state
        stopped = (leg.market.state for leg in self.legs)
        return next((one for one in stopped if one is not InstrumentState.OPEN), self.set_state)

    @property
    def last_price(self) -> Ticks | None:
        """The price of the last trade in the book; None before the first."""
        return None if self.last_ticks == _NEVER else self.last_ticks

    @last_price.setter
    def last_price(self, price: Ticks | None) -> None:
        self.last_ticks = _NEVER if price is None else price

    @property
    def mark_price(self) -> PriceE8 | None:
        """What it is worth: its mark, or of a combo what its legs' marks come to; None without."""
        if self.legs:
            marks = [(leg.market.mark, leg.ratio) for leg in self.legs]
            return combo_mark([(mark.price if mark else None, ratio) for mark, ratio in marks])
        return self.mark.price if self.mark else None

    @property
    def lowest_price(self) -> int:
        """The lowest price an order may have, in ticks; of a combo it may lie below zero."""
        return lowest_price([leg.weight for leg in self.legs]) if self.legs else 1

    @property
    def valuation(self) -> Valuation | None:
        """What the mark means for margin; None without a mark, and on spot, which needs none."""
        if self._valuation is None and self.mark is not None:
            self._valuation = Valuation(self.contract, self.mark)
        return self._valuation

    @property
    def band(self) -> PriceBand | None:
        """The prices orders may have; None as long as there is no mark, also of a single leg."""
        if self.legs:
            bands = [(band, leg.weight) for leg in self.legs if (band := leg.market.band)]
            return combo_band(bands) if len(bands) == len(self.legs) else None
        valuation = self.valuation
        return valuation.band if valuation else None

    def set_mark(self, mark: Mark, time_ns: int, index: PriceE8) -> None:
        """Take over a mark; what it means is worked out when somebody asks.

        Args:
            mark: Another one than before, or of a perpetual, whose funding has gone on.
            time_ns: From when on.
            index: Price of the underlying.
        """
        if self.funding is not None:
            value = abs(self.contract.exit_value(LOTS, mark.price))
            self.funding.change(time_ns, rate=mark.funding_rate, value=value, index=index)
        self.mark = mark
        self.marked += 1
        self._valuation = None

    def print_trade(self, price: Ticks) -> None:
        """Count a trade and note which way the price went.

        Source: Deribit API v2, `tick_direction`: 0 plus, 1 zero-plus, 2 minus, 3 zero-minus.
        """
        if self.last_ticks != _NEVER:
            if price > self.last_ticks:
                self.tick_direction = 0
            elif price < self.last_ticks:
                self.tick_direction = 2
            else:
                # The same price again: a plus becomes a zero-plus, a minus a zero-minus.
                self.tick_direction |= 1
        self.trade_seq += 1
        self.last_ticks = price
