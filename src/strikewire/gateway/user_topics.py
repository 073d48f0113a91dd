"""What is behind each private channel. A topic belongs to one account, and hears of no other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import Struct, field

from strikewire.api.account import AccountLock, Portfolio, Position, UserChanges
from strikewire.api.block_trades import BlockTradeRequest
from strikewire.api.quoting import MmpStatus
from strikewire.api.trading import Order, UserTrade
from strikewire.exchange import (
    BalanceChanged,
    Event,
    Exchange,
    Fill,
    LockChanged,
    MmpTriggered,
    OrderEvent,
    PositionChanged,
)
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.holdings import portfolio, position
from strikewire.gateway.methods.quoting import status
from strikewire.gateway.render import order, user_trades
from strikewire.gateway.topics import Topic
from strikewire.marketdata import MarketData
from strikewire.model import CURRENCIES, AccountId, Instrument, InstrumentId


class UserTopic(Topic, Protocol):
    """A private channel of one account."""

    def hear(self, event: Event) -> None:
        """Take in an event that concerns the account."""


class Interest(Struct, frozen=True, kw_only=True):
    """Which instruments a private channel is about.

    Attributes:
        instrument_name: The only one; empty for all that the other two allow.
        kind: Of the instrument, or `any`.
        currency: What the instrument settles in, or `any`.
    """

    instrument_name: str = ""
    kind: str = "any"
    currency: str = "any"

    def covers(self, instrument: Instrument) -> bool:
        """Tell whether the channel is about an instrument."""
        if self.instrument_name:
            return instrument.name == self.instrument_name
        return is_of(instrument, self.currency, self.kind)


class OrdersTopic:
    """`user.orders...`: every state of every order, in order, none left out.

    Args:
        data: Knows the instruments.
        interest: Which instruments count.
        is_raw: One order a message; otherwise a list of all since the last message.
    """

    def __init__(self, data: MarketData, interest: Interest, *, is_raw: bool) -> None:
        self._data = data
        self._interest = interest
        self._is_raw = is_raw
        self._orders: list[Order] = []

    def hear(self, event: Event) -> None:
        """Note the new state of an order."""
        if isinstance(event, OrderEvent):
            instrument = self._data[event.order.instrument_id].instrument
            if self._interest.covers(instrument):
                self._orders.append(order(instrument, event.order))

    def first(self) -> Sequence[object]:
        """Return nothing: orders are told when they change."""
        return []

    def take(self) -> Sequence[object]:
        """Return the states since the last message."""
        orders, self._orders = self._orders, []
        if self._is_raw or not orders:
            return orders
        return [orders]

    def close(self) -> None:
        """Hold nothing."""


class UserTradesTopic:
    """`user.trades...`: the account's fills, always a list."""

    def __init__(self, data: MarketData, account_id: AccountId, interest: Interest) -> None:
        self._data = data
        self._account_id = account_id
        self._interest = interest
        self._trades: list[UserTrade] = []

    def hear(self, event: Event) -> None:
        """Note a fill."""
        if isinstance(event, Fill):
            instrument = self._data[event.instrument_id].instrument
            if self._interest.covers(instrument):
                self._trades += user_trades(self._data, event, self._account_id)

    def first(self) -> Sequence[object]:
        """Return nothing: fills are told when they happen."""
        return []

    def take(self) -> Sequence[object]:
        """Return one list of the fills since the last."""
        trades, self._trades = self._trades, []
        return [trades] if trades else []

    def close(self) -> None:
        """Hold nothing."""


class UserComboTradesTopic:
    """`user.combo_trades...`: the account's fills in combos, with their legs, one by one."""

    def __init__(self, data: MarketData, account_id: AccountId, interest: Interest) -> None:
        self._data = data
        self._account_id = account_id
        self._interest = interest
        self._trades: list[UserTrade] = []

    def hear(self, event: Event) -> None:
        """Note a fill in a combo; those of its legs are in it."""
        if isinstance(event, Fill) and event.legs:
            instrument = self._data[event.instrument_id].instrument
            if self._interest.covers(instrument):
                self._trades += user_trades(self._data, event, self._account_id)

    def first(self) -> Sequence[object]:
        """Return nothing: fills are told when they happen."""
        return []

    def take(self) -> Sequence[object]:
        """Return the fills since the last message."""
        trades, self._trades = self._trades, []
        return trades

    def close(self) -> None:
        """Hold nothing."""


class _Change(Struct):
    orders: list[Order] = field(default_factory=list)
    trades: list[UserTrade] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)


class UserChangesTopic:
    """`user.changes...`: orders, fills and positions together, one message an instrument."""

    def __init__(self, data: MarketData, account_id: AccountId, interest: Interest) -> None:
        self._data = data
        self._account_id = account_id
        self._interest = interest
        self._changes: dict[InstrumentId, _Change] = {}

    def hear(self, event: Event) -> None:
        """Note what happened to the account in an instrument."""
        match event:
            case OrderEvent(view):
                change = self._change(view.instrument_id)
                if change is not None:
                    change.orders.append(order(self._data[view.instrument_id].instrument, view))
            case Fill():
                change = self._change(event.instrument_id)
                if change is not None:
                    change.trades += user_trades(self._data, event, self._account_id)
            case PositionChanged(held):
                change = self._change(held.instrument_id)
                if change is not None:
                    # Only the newest is of use: a position is a state, no event.
                    change.positions = [position(self._data[held.instrument_id], held)]
            case _:
                pass

    def first(self) -> Sequence[object]:
        """Return nothing: changes are told when they happen."""
        return []

    def take(self) -> Sequence[object]:
        """Return what happened since the last message, instrument by instrument."""
        changes, self._changes = self._changes, {}
        return [
            UserChanges(
                instrument_name=self._data[instrument_id].instrument.name,
                orders=change.orders,
                trades=change.trades,
                positions=change.positions,
            )
            for instrument_id, change in changes.items()
        ]

    def close(self) -> None:
        """Hold nothing."""

    def _change(self, instrument_id: InstrumentId) -> _Change | None:
        if not self._interest.covers(self._data[instrument_id].instrument):
            return None
        return self._changes.setdefault(instrument_id, _Change())


class PortfolioTopic:
    """`user.portfolio.{currency}`: the account's money, at once and whenever it is another.

    Args:
        read: Returns the portfolios as they are: one, or one for each currency.
    """

    def __init__(self, read: Callable[[], Sequence[Portfolio]]) -> None:
        self._read = read
        self._told: dict[str, Portfolio] = {}

    def hear(self, event: Event) -> None:
        """Note nothing: what counts is how it is when a message is due."""

    def first(self) -> Sequence[object]:
        """Return the portfolios as they are."""
        found = self._read()
        for one in found:
            self._told.setdefault(one.currency, one)
        return found

    def take(self) -> Sequence[object]:
        """Return the portfolios that are not as they were told last."""
        changed = [one for one in self._read() if self._told.get(one.currency) != one]
        self._told |= {one.currency: one for one in changed}
        return changed

    def close(self) -> None:
        """Hold nothing."""


class ConfirmationsTopic:
    """`block_trade_confirmations` and `block_trade_confirmations.{currency}`."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._requests: list[BlockTradeRequest] = []

    def tell(self, request: BlockTradeRequest, instrument: Instrument) -> None:
        """Note a request that is new or has changed, if the channel is about its first leg."""
        if is_of(instrument, self._currency, None):
            self._requests.append(request)

    def hear(self, event: Event) -> None:
        """Pass by: no event tells of requests."""

    def first(self) -> Sequence[object]:
        """Return nothing: requests are told when they change."""
        return []

    def take(self) -> Sequence[object]:
        """Return the requests since the last message, one by one."""
        requests, self._requests = self._requests, []
        return requests

    def close(self) -> None:
        """Hold nothing."""


class LockTopic:
    """`user.lock`: whether the account is being liquidated.

    Args:
        is_locked: Tells whether it is now.
    """

    def __init__(self, is_locked: Callable[[], bool]) -> None:
        self._is_locked = is_locked
        self._locks: list[AccountLock] = []

    def hear(self, event: Event) -> None:
        """Note that the lock has changed."""
        if isinstance(event, LockChanged):
            self._locks.append(AccountLock(currency="ALL", locked=event.is_locked))

    def first(self) -> Sequence[object]:
        """Return the lock if there is one."""
        return [AccountLock(currency="ALL", locked=True)] if self._is_locked() else []

    def take(self) -> Sequence[object]:
        """Return the changes since the last message, one by one."""
        locks, self._locks = self._locks, []
        return locks

    def close(self) -> None:
        """Hold nothing."""


class MmpTriggerTopic:
    """`user.mmp_trigger.{index_name}`: each time a protection of an index acts."""

    def __init__(self, index_name: str) -> None:
        self._index_name = index_name
        self._told: list[MmpStatus] = []

    def hear(self, event: Event) -> None:
        """Note that a protection has acted."""
        if isinstance(event, MmpTriggered) and event.index == self._index_name:
            self._told.append(status(event.index, event.group, event.frozen_until_ns))

    def first(self) -> Sequence[object]:
        """Return nothing: what is frozen already tells `private/get_mmp_status`."""
        return []

    def take(self) -> Sequence[object]:
        """Return what happened since the last message, one by one."""
        told, self._told = self._told, []
        return told

    def close(self) -> None:
        """Hold nothing."""


def portfolios(
    exchange: Exchange, data: MarketData, account_id: AccountId, currencies: Iterable[str]
) -> list[Portfolio]:
    """Return an account's portfolio in each currency; nothing before the account is opened."""
    positions = exchange.positions(account_id)
    summaries = [exchange.summary(account_id, currency) for currency in currencies]
    model = exchange.margin_model(account_id)
    return [portfolio(data, one, positions, model) for one in summaries if one is not None]


def currencies_of(wanted: str) -> tuple[str, ...]:
    """Return the currencies a portfolio channel is about; `any` is all."""
    return tuple(CURRENCIES) if wanted == "any" else (wanted,)


def accounts_of(event: Event) -> tuple[AccountId, ...]:
    """Return the accounts an event concerns; none when it is public."""
    match event:
        case Fill(maker=maker, taker=taker):
            if maker.account_id == taker.account_id:
                return (maker.account_id,)
            return (maker.account_id, taker.account_id)
        case OrderEvent(view):
            return (view.account_id,)
        case PositionChanged(held):
            return (held.account_id,)
        case (
            BalanceChanged(account_id=account_id)
            | LockChanged(account_id=account_id)
            | MmpTriggered(account_id=account_id)
        ):
            return (account_id,)
        case _:
            return ()
