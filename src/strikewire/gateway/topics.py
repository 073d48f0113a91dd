"""What is behind each public channel: its first message, and the messages that follow.

A topic exists once for all its readers. It never asks who they are, so what it makes is made once.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import UNSET

from strikewire.api.market_data import OptionMarkPrice, PerpetualInterest, PublicTrade
from strikewire.api.reference import (
    EstimatedExpirationPrice,
    InstrumentStateChange,
    PlatformState,
    PriceIndex,
    VolatilityIndex,
)
from strikewire.gateway.catalogue import is_of
from strikewire.marketdata import (
    IV_E4_PER_ONE,
    Market,
    MarketData,
    book_update,
    current_funding,
    grouped_book,
    implied_outlook,
    in_percent,
    quote,
    ticker,
)
from strikewire.model import Instrument, ns_to_ms, price_e8_to_float


class Topic(Protocol):
    """One channel, however many listen to it."""

    def first(self) -> Sequence[object]:
        """Return the messages for somebody who joins now; it changes nothing for the others."""

    def take(self) -> Sequence[object]:
        """Return the messages that are due, each of which everybody gets exactly once."""

    def close(self) -> None:
        """Let go of what it holds: nobody listens any more."""


class BookTopic:
    """`book.{instrument}.{interval}`: a snapshot, then an unbroken chain of changes."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._stream = market.open_stream()

    def first(self) -> Sequence[object]:
        """Return the snapshot that the next change continues."""
        return [book_update(self._market, self._stream.snapshot())]

    def take(self) -> Sequence[object]:
        """Return the change since the last message, if there is any."""
        edit = self._stream.take()
        return [] if edit is None else [book_update(self._market, edit)]

    def close(self) -> None:
        """End the chain."""
        self._market.close_stream(self._stream)


class GroupedBookTopic:
    """`book.{instrument}.{group}.{depth}.{interval}`: a complete view each time."""

    def __init__(self, market: Market, group: int, depth: int) -> None:
        self._market = market
        self._group = group
        self._depth = depth

    def first(self) -> Sequence[object]:
        """Return the view as it is."""
        return [grouped_book(self._market, self._group, self._depth)]

    def take(self) -> Sequence[object]:
        """Return the view as it is."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class TickerTopic:
    """`ticker.{instrument}.{interval}`."""

    def __init__(self, data: MarketData, market: Market) -> None:
        self._data = data
        self._market = market

    def first(self) -> Sequence[object]:
        """Return the ticker as it is."""
        return [ticker(self._data, self._market)]

    def take(self) -> Sequence[object]:
        """Return the ticker as it is."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class QuoteTopic:
    """`quote.{instrument}`."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def first(self) -> Sequence[object]:
        """Return the best bid and ask as they are."""
        return [quote(self._market)]

    def take(self) -> Sequence[object]:
        """Return the best bid and ask as they are."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class TradesTopic:
    """`trades.{instrument}.{interval}` and `trades.{kind}.{currency}.{interval}`."""

    def __init__(self, kind: str = "any", currency: str = "any") -> None:
        self._kind = kind
        self._currency = currency
        self._trades: list[PublicTrade] = []

    def is_about(self, instrument: Instrument) -> bool:
        """Tell whether an instrument's trades belong here."""
        return is_of(instrument, self._currency, self._kind)

    def print(self, trades: Sequence[PublicTrade]) -> None:
        """Add trades, oldest first."""
        self._trades.extend(trades)

    def first(self) -> Sequence[object]:
        """Return nothing: trades are told when they happen."""
        return []

    def take(self) -> Sequence[object]:
        """Return one list of the trades since the last."""
        trades, self._trades = self._trades, []
        return [trades] if trades else []

    def close(self) -> None:
        """Hold nothing."""


class PriceIndexTopic:
    """`deribit_price_index.{index}`."""

    def __init__(self, data: MarketData, name: str) -> None:
        self._data = data
        self._name = name

    def first(self) -> Sequence[object]:
        """Return the price as it is."""
        price = price_e8_to_float(self._data.indices[self._name])
        timestamp = ns_to_ms(self._data.index_ns(self._name))
        return [PriceIndex(index_name=self._name, price=price, timestamp=timestamp)]

    def take(self) -> Sequence[object]:
        """Return the price as it is."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class OptionMarksTopic:
    """`markprice.options.{index}`: all marks at first, then those that changed."""

    def __init__(self, data: MarketData, index_name: str) -> None:
        self._data = data
        self._index_name = index_name
        self._marked: dict[int, Market] = {}

    def is_about(self, instrument: Instrument) -> bool:
        """Tell whether an instrument's mark belongs here."""
        return instrument.is_option and instrument.price_index == self._index_name

    def mark(self, market: Market) -> None:
        """Note that a market has a new mark."""
        self._marked[market.instrument.instrument_id] = market

    def first(self) -> Sequence[object]:
        """Return the marks of all open options of the index."""
        markets = [market for market in self._data if self.is_about(market.instrument)]
        return [[_option_mark(market) for market in markets if market.is_open and market.mark]]

    def take(self) -> Sequence[object]:
        """Return the marks that changed since the last message."""
        marked, self._marked = self._marked, {}
        return [[_option_mark(market) for market in marked.values()]] if marked else []

    def close(self) -> None:
        """Hold nothing."""


class VolatilityIndexTopic:
    """`deribit_volatility_index.{index}`."""

    def __init__(self, data: MarketData, index_name: str) -> None:
        self._data = data
        self._index_name = index_name

    def first(self) -> Sequence[object]:
        """Return the volatility as the marks now have it; nothing before the first mark."""
        volatility = implied_outlook(self._data, self._index_name)
        if volatility is None:
            return []
        return [
            VolatilityIndex(
                index_name=self._index_name,
                volatility=in_percent(volatility),
                timestamp=ns_to_ms(self._data.now_ns),
            )
        ]

    def take(self) -> Sequence[object]:
        """Return the volatility as the marks now have it."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class ExpirationPriceTopic:
    """`estimated_expiration_price.{index}`."""

    def __init__(self, data: MarketData, index_name: str) -> None:
        self._data = data
        self._index_name = index_name

    def first(self) -> Sequence[object]:
        """Return the estimate as it is; nothing where nothing expires."""
        found = self._data.expiration(self._index_name)
        if found is None:
            return []
        return [
            EstimatedExpirationPrice(
                seconds=found.seconds,
                price=price_e8_to_float(found.price),
                is_estimated=found.is_estimated,
                left_ticks=found.left_samples if found.is_estimated else UNSET,
                total_ticks=found.total_samples if found.is_estimated else UNSET,
                timestamp=ns_to_ms(self._data.now_ns),
            )
        ]

    def take(self) -> Sequence[object]:
        """Return the estimate as it is."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class PerpetualTopic:
    """`perpetual.{instrument}.{interval}`."""

    def __init__(self, data: MarketData, market: Market) -> None:
        assert market.funding is not None
        self._data = data
        self._market = market

    def first(self) -> Sequence[object]:
        """Return the rate as it is."""
        assert self._market.funding is not None
        return [
            PerpetualInterest(
                interest=current_funding(self._market.funding),
                index_price=price_e8_to_float(self._data.index(self._market.instrument)),
                timestamp=ns_to_ms(self._market.updated_ns),
            )
        ]

    def take(self) -> Sequence[object]:
        """Return the rate as it is."""
        return self.first()

    def close(self) -> None:
        """Hold nothing."""


class InstrumentStateTopic:
    """`instrument.state.{kind}.{currency}`: what is new, stopped, going on or settled."""

    def __init__(self, kind: str, currency: str) -> None:
        self._kind = kind
        self._currency = currency
        self._states: list[InstrumentStateChange] = []

    def tell(self, market: Market, time_ns: int) -> None:
        """Note the new state of an instrument, if the channel is about it."""
        if is_of(market.instrument, self._currency, self._kind):
            self._states.append(
                InstrumentStateChange(
                    timestamp=ns_to_ms(time_ns),
                    state=market.state.value,
                    instrument_name=market.instrument.name,
                )
            )

    def first(self) -> Sequence[object]:
        """Return nothing: states are told when they change."""
        return []

    def take(self) -> Sequence[object]:
        """Return one message for each new state since the last."""
        states, self._states = self._states, []
        return states

    def close(self) -> None:
        """Hold nothing."""


class PlatformStateTopic:
    """`platform_state`: what is locked, at once and when it changes; silent while all is well."""

    def __init__(self, data: MarketData) -> None:
        self._data = data
        self._told = set(data.locked_indices)

    def first(self) -> Sequence[object]:
        """Return one message for each index that is locked."""
        return [PlatformState(price_index=name, locked=True) for name in sorted(self._told)]

    def take(self) -> Sequence[object]:
        """Return one message for each index that has been locked or unlocked since the last."""
        before, self._told = self._told, set(self._data.locked_indices)
        return [
            PlatformState(price_index=name, locked=name in self._told)
            for name in sorted(before ^ self._told)
        ]

    def close(self) -> None:
        """Hold nothing."""


def _option_mark(market: Market) -> OptionMarkPrice:
    assert market.mark is not None
    return OptionMarkPrice(
        instrument_name=market.instrument.name,
        mark_price=price_e8_to_float(market.mark.price),
        iv=market.mark.iv_e4 / IV_E4_PER_ONE,
        timestamp=ns_to_ms(market.updated_ns),
    )
