"""From external quotes to marks: what the exchange is told the world is worth.

Theory of operation. With every step each index is made from its feed's quote, and perpetuals and
futures are marked from it and from their own books (`forwards`). Options are marked more rarely,
one expiry at a time, each in its own turn: so an expiry is priced from one forward, and the whole
chain never stops everything else at once. What has changed leaves as one `SetMarks` command. An
index whose quote is missing, stale or crossed stands still, and everything priced by it stands
still with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from strikewire.exchange import Mark, SetMarks
from strikewire.model import PRICE_SCALE, Instrument, InstrumentId, OptionType, PriceE8
from strikewire.pricing import (
    DeliveryAverage,
    Premium,
    Smile,
    Surface,
    VenueQuote,
    funding_rate_e12,
    index_price,
    mark_at_volatility,
    next_premium,
    perpetual_mark,
    share_left,
    years_to_expiry,
)
from strikewire.venue.config import PricesConfig
from strikewire.venue.forwards import LEVELS_MAX, DepthOf, Forwards, impact_amount, impact_price

FEED_OF: Final[Mapping[str, str]] = {
    "btc_usd": "btc_usd",
    "btc_usdc": "btc_usd",
    "eth_usd": "eth_usd",
}
"""The feed behind each index. A dollar is a dollar here: no feed tells USD from USDC."""

NS_PER_MS: Final = 1_000_000

FUNDING_CAP_E12: Final = 5_000_000_000
"""A funding rate stays within 0.5 % per eight hours, in 1e-12.

Source: Deribit, "Funding specifications": the cap of BTC and ETH.
"""


class Shape(Struct, frozen=True):
    """What the market of one coin is taken to look like beyond its index.

    Attributes:
        surface: Volatilities by strike and expiry.
        basis: Premium of dated futures over the index, as a fraction per year.
    """

    surface: Surface
    basis: float


SHAPES: Final[Mapping[str, Shape]] = {
    "BTC": Shape(Surface(volatility=0.52, volatility_long=0.58), basis=0.06),
    "ETH": Shape(Surface(volatility=0.66, volatility_long=0.72), basis=0.05),
}

_Series = tuple[str, int]
"""The options of one index and expiry."""

Averages = Mapping[_Series, DeliveryAverage]
NO_AVERAGES: Final[Averages] = MappingProxyType({})

VolatilityOf = Callable[[Instrument, PriceE8, int], float | None]


def _no_surface(_one: Instrument, _underlying: PriceE8, _now_ns: int) -> None:
    """Know no volatility: every option is marked by the shape of its coin's market."""


class Pricer:
    """The machine above.

    Args:
        config: How often options are marked.
        quotes: Returns the present quote of a feed, by the feed's name.
        depth: Returns the best levels of an instrument's book.
        volatility: Returns an option's mark volatility by its forward and the time, None where
            it is not known; then the shape of the coin's market says it.
        implies: Whether quotes of options say something of forwards; not those of makers that quote
            around their marks, and would follow themselves.

    Attributes:
        indices: The indices known since the start of the process.
        problems: Why an index stands still, by index; empty when none does.
    """

    def __init__(
        self,
        config: PricesConfig,
        *,
        quotes: Callable[[str], VenueQuote],
        depth: DepthOf,
        volatility: VolatilityOf = _no_surface,
        implies: bool = True,
    ) -> None:
        self.problems: dict[str, str] = {}
        self._quotes = quotes
        self._depth = depth
        self._implies = implies
        self._forwards = Forwards(depth)
        self._step_forwards: dict[_Series, PriceE8] = {}
        self._futures: dict[_Series, Instrument] = {}
        self._volatility = volatility
        self._option_interval_ns = config.option_interval_ms * NS_PER_MS
        self._due_ns: dict[_Series, int] = {}
        self._premiums: dict[InstrumentId, Premium] = {}
        self.indices: dict[str, PriceE8] = {}
        self._sent: dict[InstrumentId, Mark] = {}
        self._averages: Averages = NO_AVERAGES

    def step(
        self,
        now_ns: int,
        feed_now_ns: int,
        instruments: Iterable[Instrument],
        averages: Averages = NO_AVERAGES,
    ) -> SetMarks | None:
        """Return what has changed, None if nothing has.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            feed_now_ns: The same by the clock that stamps the quotes.
            instruments: Those that are open; expired ones are passed over.
            averages: What has been averaged of delivery prices, by index and expiry.
        """
        self._averages = averages
        instruments = list(instruments)
        indices = self._indices(feed_now_ns, {one.price_index for one in instruments})
        series = {_series(one) for one in instruments if one.is_option}
        due = self._due(now_ns, series)
        self._look(instruments, due)
        marks = list(self._marks(now_ns, indices, instruments, due))
        changed = {
            name: price for name, price in indices.items() if self.indices.get(name) != price
        }
        news = [mark for mark in marks if self._sent.get(mark.instrument_id) != mark]
        if not changed and not news:
            return None
        self.indices |= changed
        self._sent |= {mark.instrument_id: mark for mark in news}
        return SetMarks(tuple(sorted(changed.items())), tuple(news))

    def knows(self, instruments: Iterable[Instrument]) -> bool:
        """Tell whether each of these has been marked; not so when there are none."""
        names = [InstrumentId(one.instrument_id) for one in instruments]
        return bool(names) and all(name in self._sent for name in names)

    def forget(self, instrument_id: InstrumentId) -> None:
        """Drop what is known of an instrument that is settled."""
        self._sent.pop(instrument_id, None)
        self._premiums.pop(instrument_id, None)

    def _indices(self, feed_now_ns: int, names: set[str]) -> dict[str, PriceE8]:
        indices: dict[str, PriceE8] = {}
        for name in sorted(names):
            index = index_price([self._quotes(FEED_OF[name])], feed_now_ns)
            if index.price is None:
                self.problems[name] = index.excluded[0].reason
            else:
                self.problems.pop(name, None)
                indices[name] = index.price
        return indices

    def _look(self, instruments: Iterable[Instrument], due: frozenset["_Series"]) -> None:
        """See which futures there are, and what the options whose turn it is imply."""
        self._step_forwards = {}
        self._futures = {}
        options: dict[_Series, list[Instrument]] = {}
        for one in instruments:
            if one.is_option and self._implies and _series(one) in due:
                options.setdefault(_series(one), []).append(one)
            elif one.is_future and not one.is_perpetual:
                self._futures[_series(one)] = one
        for series, of_series in options.items():
            self._forwards.imply(series, of_series)
        self._forwards.keep({*self._futures, *self._due_ns})

    def _marks(
        self,
        now_ns: int,
        indices: Mapping[str, PriceE8],
        instruments: Iterable[Instrument],
        due: frozenset["_Series"],
    ) -> Iterator[Mark]:
        smiles: dict[tuple[str, float], Smile] = {}
        for instrument in instruments:
            index = indices.get(instrument.price_index)
            expiry_ns = instrument.expiry_ns
            if index is None or (expiry_ns is not None and expiry_ns <= now_ns):
                continue
            if not instrument.is_option:
                yield self._linear_mark(now_ns, index, instrument)
            elif _series(instrument) in due or instrument.instrument_id not in self._sent:
                yield self._option_mark(now_ns, index, instrument, smiles)

    def _due(self, now_ns: int, series: set["_Series"]) -> frozenset["_Series"]:
        """Return the series whose turn it is; new ones are spread over the interval."""
        self._due_ns = {one: due_ns for one, due_ns in self._due_ns.items() if one in series}
        new = sorted(series - self._due_ns.keys())
        for number, one in enumerate(new, start=1):
            self._due_ns[one] = now_ns + self._option_interval_ns * number // len(new)
        due = frozenset(one for one, due_ns in self._due_ns.items() if due_ns <= now_ns)
        for one in due:
            self._due_ns[one] = max(now_ns, self._due_ns[one] + self._option_interval_ns)
        return due

    def _linear_mark(self, now_ns: int, index: PriceE8, instrument: Instrument) -> Mark:
        instrument_id = InstrumentId(instrument.instrument_id)
        if instrument.is_perpetual:
            amount = impact_amount(instrument.base_currency)
            premium = next_premium(
                self._premiums.get(instrument_id),
                now_ns=now_ns,
                index=index,
                mid=impact_price(self._depth(instrument_id, LEVELS_MAX), amount),
            )
            self._premiums[instrument_id] = premium
            price = perpetual_mark(index, premium)
            rate = funding_rate_e12(price, index, cap_e12=FUNDING_CAP_E12)
            return Mark(instrument_id, price, 0, index, rate)
        if instrument.expiry_ns is None:
            return Mark(instrument_id, index, 0, index)
        return Mark(instrument_id, self._forward(now_ns, index, instrument), 0, index)

    def _option_mark(
        self,
        now_ns: int,
        index: PriceE8,
        instrument: Instrument,
        smiles: dict[tuple[str, float], Smile],
    ) -> Mark:
        assert instrument.expiry_ns is not None
        assert instrument.strike is not None
        coin = instrument.base_currency
        underlying = self._forward(now_ns, index, instrument)
        strike = float(instrument.strike)
        years = years_to_expiry(now_ns, instrument.expiry_ns)
        volatility = self._volatility(instrument, underlying, now_ns)
        if volatility is None:
            if (coin, years) not in smiles:
                smiles[coin, years] = SHAPES[coin].surface.smile(years)
            volatility = smiles[coin, years].volatility(
                forward=underlying / PRICE_SCALE, strike=strike, years=years
            )
        mark = mark_at_volatility(
            volatility,
            underlying=underlying,
            strike=strike,
            years=years,
            is_call=instrument.option_type is OptionType.CALL,
            is_inverse=instrument.is_inverse,
            share=share_left(instrument.expiry_ns, now_ns),
        )
        return Mark(
            InstrumentId(instrument.instrument_id),
            mark.price,
            mark.iv_e4,
            mark.underlying,
            delta_e5=mark.delta_e5,
            vega_e5=mark.vega_e5,
        )

    def _forward(self, now_ns: int, index: PriceE8, instrument: Instrument) -> PriceE8:
        """Return the forward of an instrument's expiry, which is also the mark of its future.

        In its last half hour a part of it is what has been averaged.
        """
        series, coin = _series(instrument), instrument.base_currency
        if series not in self._step_forwards:
            self._step_forwards[series] = self._forwards.price(
                series,
                self._futures.get(series),
                now_ns=now_ns,
                index=index,
                coin=coin,
                basis=SHAPES[coin].basis,
                years=years_to_expiry(now_ns, series[1]),
                average=self._averages.get(series),
            )
        return self._step_forwards[series]


def _series(instrument: Instrument) -> _Series:
    assert instrument.expiry_ns is not None
    return (instrument.price_index, instrument.expiry_ns)
