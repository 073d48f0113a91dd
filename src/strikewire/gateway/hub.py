"""Channels and who listens to them: each message is made once, however many get it.

Theory of operation. A topic (`topics`, `user_topics`) is what a channel says; the hub knows which
topics an event touches, who listens, and when a message may go:

- on `raw` channels, and on those without an interval, after every command;
- on `100ms` and `agg2` channels at the next tick of `TICK_NS`, or of every `TICKS_PER_AGG2`th;
  what happened in between is one message.

A private topic is found by the account it belongs to, never by its name alone, so two accounts
that listen to `user.orders.any.any.raw` listen to two topics. The hub knows no socket and no clock:
`step` takes an event and returns deliveries.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum, auto
from typing import TypeAlias

from msgspec import Struct, field

from strikewire.api import ChannelName
from strikewire.api import channels as names
from strikewire.api.block_trades import BlockTradeRequest
from strikewire.api.jsonrpc import encode_notification
from strikewire.exchange import Event, Exchange
from strikewire.gateway.caller import Subscription
from strikewire.gateway.grouping import group_ticks
from strikewire.gateway.topics import (
    BookTopic,
    ExpirationPriceTopic,
    GroupedBookTopic,
    InstrumentStateTopic,
    OptionMarksTopic,
    PerpetualTopic,
    PlatformStateTopic,
    PriceIndexTopic,
    QuoteTopic,
    TickerTopic,
    Topic,
    TradesTopic,
    VolatilityIndexTopic,
)
from strikewire.gateway.user_topics import (
    ConfirmationsTopic,
    Interest,
    LockTopic,
    MmpTriggerTopic,
    OrdersTopic,
    PortfolioTopic,
    UserChangesTopic,
    UserComboTradesTopic,
    UserTopic,
    UserTradesTopic,
    accounts_of,
    currencies_of,
    portfolios,
)
from strikewire.marketdata import Changes, Market, MarketData
from strikewire.model import NS_PER_MS, AccountId, Instrument, InstrumentId

TICK_NS = 100 * NS_PER_MS
TICKS_PER_AGG2 = 10


class Delivery(Struct, frozen=True):
    """One notification and everybody who gets it."""

    subscribers: Sequence[int]
    payload: bytes


class Joined(Struct, frozen=True):
    """A connection listens to further channels."""

    subscriber: int
    subscriptions: Sequence[Subscription]


class Left(Struct, frozen=True):
    """A connection listens to some channels no more."""

    subscriber: int
    subscriptions: Sequence[Subscription]


class Happened(Struct, frozen=True):
    """A command was carried out; market data has taken its events in already."""

    events: Sequence[Event]
    changes: Changes


class TickPassed(Struct, frozen=True):
    """Another `TICK_NS` have passed."""


class Requested(Struct, frozen=True):
    """A block trade waits for an account's word, or has got it."""

    account_id: AccountId
    request: BlockTradeRequest
    instrument: Instrument
    """Of its first leg."""


HubInput: TypeAlias = Joined | Left | Happened | Requested | TickPassed


class Pace(IntEnum):
    """When a channel may send; numbers, which Python hashes faster than other members."""

    AT_ONCE = auto()
    EVERY_TICK = auto()
    EVERY_AGG2 = auto()


_PACES = {"raw": Pace.AT_ONCE, "100ms": Pace.EVERY_TICK, "agg2": Pace.EVERY_AGG2}

Shelf: TypeAlias = tuple[str, int | str]
"""Where a line is found: what happens, and to whom or what it happens."""

WIDE_TRADES: Shelf = ("wide trades", 0)
OPTION_MARKS: Shelf = ("option marks", 0)
PORTFOLIOS: Shelf = ("portfolios", 0)
VOLATILITIES: Shelf = ("volatilities", 0)
STATES: Shelf = ("states", 0)
LOCKS: Shelf = ("locks", 0)


class _Line(Struct, eq=False):
    """One open channel. The account is None for a public one."""

    account_id: AccountId | None
    name: str
    topic: Topic
    pace: Pace
    shelves: Sequence[Shelf]
    readers: dict[int, None] = field(default_factory=dict)


class Hub:
    """The machine described above.

    Args:
        exchange: Read for portfolios alone.
        data: The market data that the events of `Happened` have moved.
    """

    def __init__(self, exchange: Exchange, data: MarketData) -> None:
        self._exchange = exchange
        self._data = data
        self._lines: dict[tuple[AccountId | None, str], _Line] = {}
        self._shelves: dict[Shelf, list[_Line]] = {}
        self._due: dict[Pace, dict[_Line, None]] = {pace: {} for pace in Pace}
        self._ticks = 0

    @property
    def channels(self) -> int:
        """How many channels are open, private ones counted for each account."""
        return len(self._lines)

    def step(self, now_ns: int, happened: HubInput) -> list[Delivery]:
        """Take in what happened and return what to deliver, in that order.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            happened: One input.
        """
        match happened:
            case TickPassed():
                return self._tick()
            case Joined(subscriber, subscriptions):
                return self._join(subscriber, subscriptions)
            case Left(subscriber, subscriptions):
                self._leave(subscriber, subscriptions)
                return []
            case Happened(events, changes):
                self._tell_accounts(events)
                self._tell_public(changes)
                return self._deliver(Pace.AT_ONCE)
            case Requested(account_id, request, instrument):
                for line in self._on("requests", account_id):
                    assert isinstance(line.topic, ConfirmationsTopic)
                    line.topic.tell(request, instrument)
                    self._touch(line)
                return self._deliver(Pace.AT_ONCE)

    # Who listens

    def _join(self, subscriber: int, subscriptions: Iterable[Subscription]) -> list[Delivery]:
        deliveries = []
        for one in subscriptions:
            line = self._lines.get((one.account_id, one.channel.name)) or self._open(one)
            line.readers[subscriber] = None
            deliveries += [
                Delivery((subscriber,), encode_notification(line.name, data))
                for data in line.topic.first()
            ]
        return deliveries

    def _leave(self, subscriber: int, subscriptions: Iterable[Subscription]) -> None:
        for one in subscriptions:
            line = self._lines[one.account_id, one.channel.name]
            del line.readers[subscriber]
            if not line.readers:
                self._close(line)

    def _open(self, subscription: Subscription) -> _Line:
        channel, account_id = subscription.channel, subscription.account_id
        assert (account_id is not None) == channel.private
        if account_id is None:
            topic, shelves = self._public_topic(channel)
        else:
            topic, shelves = self._user_topic(channel, account_id)
        pace = _PACES[getattr(channel, "interval", "raw")]
        if isinstance(topic, PortfolioTopic):
            pace = Pace.EVERY_TICK
        line = _Line(account_id, channel.name, topic, pace, shelves)
        self._lines[account_id, channel.name] = line
        for shelf in shelves:
            self._shelves.setdefault(shelf, []).append(line)
        return line

    def _close(self, line: _Line) -> None:
        del self._lines[line.account_id, line.name]
        for shelf in line.shelves:
            self._shelves[shelf].remove(line)
            if not self._shelves[shelf]:
                del self._shelves[shelf]
        for due in self._due.values():
            due.pop(line, None)
        line.topic.close()

    def _public_topic(self, channel: ChannelName) -> tuple[Topic, Sequence[Shelf]]:
        match channel:
            case names.BookChannel():
                market = self._market(channel.instrument_name)
                return BookTopic(market), [_shelf("book", market)]
            case names.GroupedBookChannel():
                market = self._market(channel.instrument_name)
                group = group_ticks(market.instrument, channel.group)
                assert group is not None
                return GroupedBookTopic(market, group, channel.depth), [_shelf("book", market)]
            case names.TickerChannel():
                market = self._market(channel.instrument_name)
                return TickerTopic(self._data, market), [_shelf("ticker", market)]
            case names.QuoteChannel():
                market = self._market(channel.instrument_name)
                return QuoteTopic(market), [_shelf("quote", market)]
            case names.TradesChannel():
                return TradesTopic(), [_shelf("trades", self._market(channel.instrument_name))]
            case names.KindTradesChannel():
                return TradesTopic(channel.kind, channel.currency), [WIDE_TRADES]
            case names.PriceIndexChannel():
                topic = PriceIndexTopic(self._data, channel.index_name)
                return topic, [("index", channel.index_name)]
            case names.OptionMarksChannel():
                return OptionMarksTopic(self._data, channel.index_name), [OPTION_MARKS]
            case names.VolatilityIndexChannel():
                return VolatilityIndexTopic(self._data, channel.index_name), [VOLATILITIES]
            case names.ExpirationPriceChannel():
                estimate = ExpirationPriceTopic(self._data, channel.index_name)
                return estimate, [("index", channel.index_name)]
            case names.PerpetualChannel():
                market = self._market(channel.instrument_name)
                return PerpetualTopic(self._data, market), [_shelf("mark", market)]
            case names.InstrumentStateChannel():
                return InstrumentStateTopic(channel.kind, channel.currency), [STATES]
            case _:
                assert isinstance(channel, names.PlatformStateChannel)
                return PlatformStateTopic(self._data), [LOCKS]

    def _user_topic(
        self, channel: ChannelName, account_id: AccountId
    ) -> tuple[UserTopic, Sequence[Shelf]]:
        shelves: list[Shelf] = [("account", account_id)]
        match channel:
            case names.UserOrdersChannel() | names.KindUserOrdersChannel():
                is_raw = channel.interval == "raw"
                return OrdersTopic(self._data, _interest(channel), is_raw=is_raw), shelves
            case names.UserTradesChannel() | names.KindUserTradesChannel():
                return UserTradesTopic(self._data, account_id, _interest(channel)), shelves
            case names.UserComboTradesChannel() | names.KindUserComboTradesChannel():
                return UserComboTradesTopic(self._data, account_id, _interest(channel)), shelves
            case names.UserChangesChannel() | names.KindUserChangesChannel():
                return UserChangesTopic(self._data, account_id, _interest(channel)), shelves
            case names.MmpTriggerChannel():
                return MmpTriggerTopic(channel.index_name), shelves
            case names.ConfirmationsChannel() | names.CurrencyConfirmationsChannel():
                currency = getattr(channel, "currency", "any")
                return ConfirmationsTopic(currency), [("requests", account_id)]
            case names.LockChannel():
                return LockTopic(lambda: self._exchange.is_locked(account_id)), shelves
            case _:
                assert isinstance(channel, names.PortfolioChannel)
                currencies = currencies_of(channel.currency)
                topic = PortfolioTopic(
                    lambda: portfolios(self._exchange, self._data, account_id, currencies)
                )
                return topic, [*shelves, PORTFOLIOS]

    def _market(self, name: str) -> Market:
        market = self._data.named(name)
        assert market is not None
        return market

    # What happens

    def _tell_accounts(self, events: Iterable[Event]) -> None:
        for event in events:
            for account_id in accounts_of(event):
                for line in self._on("account", account_id):
                    line.topic.hear(event)  # type: ignore[attr-defined]  # a UserTopic by its shelf
                    self._touch(line)

    def _tell_public(self, changes: Changes) -> None:
        for instrument_id, trades in changes.trades.items():
            instrument = self._data[instrument_id].instrument
            narrow = self._on("trades", instrument_id)
            for line in (*narrow, *self._on(*WIDE_TRADES)):
                assert isinstance(line.topic, TradesTopic)
                if line.topic.is_about(instrument):
                    line.topic.print(trades)
                    self._touch(line)
        for what, instruments in (
            ("book", changes.books),
            ("quote", changes.quotes),
            ("ticker", changes.tickers),
            ("mark", changes.marks),
        ):
            for instrument_id in instruments:
                for line in self._on(what, instrument_id):
                    self._touch(line)
        for name in changes.indices:
            for line in self._on("index", name):
                self._touch(line)
        for instrument_id in changes.states:
            for line in self._on(*STATES):
                assert isinstance(line.topic, InstrumentStateTopic)
                line.topic.tell(self._data[instrument_id], self._data.now_ns)
                self._touch(line)
        if changes.locks:
            for line in self._on(*LOCKS):
                self._touch(line)
        if changes.marks:
            self._tell_marks(changes.marks)

    def _tell_marks(self, marked: Iterable[InstrumentId]) -> None:
        for line in self._on(*OPTION_MARKS):
            assert isinstance(line.topic, OptionMarksTopic)
            for market in map(self._data.__getitem__, marked):
                if line.topic.is_about(market.instrument):
                    line.topic.mark(market)
                    self._touch(line)
        # New marks alone move portfolios at the slowest pace: there are too many of them.
        # So do volatility indices, which are made of all marks.
        for line in (*self._on(*PORTFOLIOS), *self._on(*VOLATILITIES)):
            self._due[Pace.EVERY_AGG2][line] = None

    def _on(self, what: str, whom: int | str) -> Sequence[_Line]:
        return self._shelves.get((what, whom), ())

    def _touch(self, line: _Line) -> None:
        self._due[line.pace][line] = None

    # What is delivered

    def _tick(self) -> list[Delivery]:
        self._ticks += 1
        deliveries = self._deliver(Pace.EVERY_TICK)
        if self._ticks % TICKS_PER_AGG2 == 0:
            deliveries += self._deliver(Pace.EVERY_AGG2)
        return deliveries

    def _deliver(self, pace: Pace) -> list[Delivery]:
        due = self._due[pace]
        if not due:
            return []
        self._due[pace] = {}
        return [
            Delivery(tuple(line.readers), encode_notification(line.name, data))
            for line in due
            for data in line.topic.take()
        ]


def _shelf(what: str, market: Market) -> Shelf:
    return what, market.instrument.instrument_id


def _interest(channel: ChannelName) -> Interest:
    return Interest(
        instrument_name=getattr(channel, "instrument_name", ""),
        kind=getattr(channel, "kind", "any"),
        currency=getattr(channel, "currency", "any"),
    )
