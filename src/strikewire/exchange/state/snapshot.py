"""The whole state as bytes, and back: equal states give equal bytes, whatever their history.

Everything is written in an order that the state itself determines (ids ascending, orders as they
would trade), nothing that could be worked out from the rest is written, and what was only looked
at leaves no trace.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from strikewire.exchange.commands import (
    NO_LIMITS,
    FeeKind,
    FeeRates,
    InstrumentState,
    Limits,
    MarginModel,
    Mark,
    SelfTrading,
    Verdict,
)
from strikewire.exchange.events import BankruptcyView, Fill, OrderView, Settlement
from strikewire.exchange.mmp import MmpConfig
from strikewire.exchange.state import writing
from strikewire.exchange.state.answers import Answer, Answers
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.clearing import Position
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.funding import Funding, FundingPoint
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.records import Fills, kept_fill, kept_payment
from strikewire.exchange.state.state import BANKRUPTCIES_MAX, Account, Agreement, State, Treasury
from strikewire.exchange.state.transactions import Transaction
from strikewire.exchange.state.windows import Part
from strikewire.model import (
    COMBO_ID_FIRST,
    AccountId,
    Instrument,
    InstrumentId,
    PriceE8,
    Ticks,
    TradeId,
)

SNAPSHOT_VERSION = 8
"""Of the layout below and of what is hashed. A snapshot of another version is refused."""


class SnapshotVersionError(Exception):
    """A snapshot was written by another version of the exchange.

    Attributes:
        found: Its version.
        expected: The version this exchange reads.
    """

    def __init__(self, *, found: int, expected: int) -> None:
        self.found = found
        self.expected = expected
        super().__init__(f"snapshot has version {found}, expected {expected}")


_ORDERS = msgspec.msgpack.Decoder(list[OrderView])
_TRADE_IDS = msgspec.msgpack.Decoder(list[TradeId])
_EACH = msgspec.msgpack.Decoder(list[msgspec.Raw])
_FILL = msgspec.msgpack.Decoder(Fill)
_PAYMENTS = msgspec.msgpack.Decoder(list[Transaction])
_NONE = msgspec.Raw(msgspec.msgpack.encode([]))


class _Funding(msgspec.Struct, frozen=True, array_like=True):
    rate: int
    value: str
    """In decimals, as are the sums: they may have more than 64 bits."""

    index: PriceE8
    accrued: str
    paid: str
    time_ms: int
    minutes: list[tuple[int, str, PriceE8]]
    hours: list[tuple[int, str, PriceE8]]


class _Market(msgspec.Struct, frozen=True, array_like=True):
    instrument: Instrument
    is_open: bool
    mark: Mark | None
    change_id: int
    trade_seq: int
    last_price: Ticks | None
    tick_direction: int
    orders: msgspec.Raw
    """As `_ORDERS`: buyers, then sellers; each as they would trade."""

    trades: msgspec.Raw
    """As `_TRADE_IDS`."""

    settlement_price: PriceE8 = PriceE8(0)
    funding: _Funding | None = None
    set_state: InstrumentState = InstrumentState.OPEN
    limits: Limits = Limits()
    trades_unsealed: int = 0
    """How much of what the archive holds has come since the last seal, as in those below."""


class _Ledger(msgspec.Struct, frozen=True, array_like=True):
    currency: str
    balance: int
    session_rpl: int
    options_session_rpl: int
    fees_paid: int
    positions: list[tuple[InstrumentId, tuple[int, int, int, int, int]]]
    verdict: Verdict | None = None
    transactions: msgspec.Raw = _NONE
    """As `_PAYMENTS`."""

    session_funding: int = 0
    funding: list[tuple[InstrumentId, str, int]] = []
    """Of positions in perpetuals: what had been paid when they last paid, and when that was."""

    transactions_unsealed: int = 0


class _Protection(msgspec.Struct, frozen=True, array_like=True):
    index: str
    group: str
    config: MmpConfig
    window: list[tuple[int, int, str, str, str]]
    """Its parts; sums are in decimals, because they may have more than 64 bits."""

    is_triggered: bool
    frozen_until_ns: int


class _Account(msgspec.Struct, frozen=True, array_like=True):
    account_id: AccountId
    name: str
    opened_ns: int
    ledgers: list[_Ledger]
    closed: msgspec.Raw
    """As `_ORDERS`."""

    fills: msgspec.Raw
    """As `_TRADE_IDS`."""

    margin_model: MarginModel = MarginModel.STANDARD
    changes: int = 0
    is_locked: bool = False
    transactions: int = 0
    conditional: list[ConditionalOrder] = []
    """Orders that wait outside of the books, by id."""
    owner: AccountId = AccountId(0)
    self_trading: SelfTrading = SelfTrading.ALLOWED
    self_trading_extended: bool = False
    limits: Limits = Limits()
    fees: list[tuple[FeeKind, str, FeeRates]] = []
    protections: list[_Protection] = []
    """By index and group."""

    quotes_frozen_until_ns: int = 0
    closed_unsealed: int = 0
    fills_unsealed: int = 0


class _Snapshot(msgspec.Struct, frozen=True, array_like=True):
    next_order_id: int
    next_trade_id: int
    indices: list[tuple[str, PriceE8]]
    treasuries: list[tuple[str, int, int, int, int, int]]
    markets: list[_Market]
    accounts: list[_Account]
    fills: msgspec.Raw
    """As a list of `_FILL`: every one that somebody can still look up, once."""

    bankruptcies: list[BankruptcyView]
    """Of all currencies, in their order; oldest first."""

    next_transaction_id: int = 1
    settlements: list[tuple[str, list[Settlement]]] = []
    sessions: list[tuple[str, int]] = []
    locks: list[str] = []
    answers: list[tuple[AccountId, list[Answer]]] = []
    """To marked commands, by account; of each the oldest first."""
    next_block_trade_id: int = 1
    agreements: list[Agreement] = []
    seal: bytes = b""
    """Of the archives."""

    next_combo_id: InstrumentId = COMBO_ID_FIRST
    combo_makers: list[tuple[InstrumentId, AccountId, bool]] = []
    """Of open combos, by id: who made it, and whether it is unused."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw])
_CONTENT_DECODER = msgspec.msgpack.Decoder(_Snapshot)


def dump(state: State) -> bytes:
    """Return a state as bytes; equal for equal states."""
    return _ENCODER.encode((SNAPSHOT_VERSION, _content(state, is_whole=True)))


def head(state: State) -> bytes:
    """Return what of a state is neither an account, nor an order in a book, nor archived."""
    return _ENCODER.encode((SNAPSHOT_VERSION, _content(state, is_whole=False)))


def _content(state: State, *, is_whole: bool) -> _Snapshot:
    """Return what is written of a state, or only its head."""
    accounts = [state.accounts[key] for key in sorted(state.accounts)] if is_whole else []
    markets = [state.markets[key] for key in sorted(state.markets)]
    kept: list[Fills] = []
    if is_whole:
        kept = [*(account.fills for account in accounts), *(market.trades for market in markets)]
    return _Snapshot(
        next_order_id=state.next_order_id,
        next_trade_id=state.next_trade_id,
        indices=sorted(state.indices.items()),
        treasuries=[
            (
                currency,
                treasury.deposits,
                treasury.withdrawals,
                treasury.fees,
                treasury.rounding,
                treasury.funding,
            )
            for currency, treasury in sorted(state.treasuries.items())
            if not treasury.is_empty
        ],
        markets=[_dump_market(market, is_whole=is_whole) for market in markets],
        accounts=[_dump_account(state, account) for account in accounts],
        fills=writing.fills(state.markets, kept),
        bankruptcies=[
            view for currency in sorted(state.bankruptcies) for view in state.bankruptcies[currency]
        ],
        next_transaction_id=state.next_transaction_id,
        locks=sorted(state.locks),
        answers=[(key, state.answers[key].kept) for key in sorted(state.answers)],
        next_block_trade_id=state.next_block_trade_id,
        agreements=sorted(state.agreements),
        seal=state.seal if is_whole else b"",
        next_combo_id=state.combos.next_id,
        combo_makers=[
            (key, maker, key in state.combos.unused)
            for key, maker in sorted(state.combos.makers.items())
        ],
        sessions=sorted(state.sessions.items()),
        settlements=[
            (name, list(kept)) for name, kept in sorted(state.settlements.items()) if kept
        ],
    )


def load(blob: bytes) -> State:
    """Return the state that `dump` wrote.

    Raises:
        SnapshotVersionError: Another version wrote it.
        msgspec.DecodeError: The bytes are no snapshot.
    """
    version, raw = _DECODER.decode(blob)
    if version != SNAPSHOT_VERSION:
        raise SnapshotVersionError(found=version, expected=SNAPSHOT_VERSION)
    content = _CONTENT_DECODER.decode(raw)
    state = State()
    state.locks = set(content.locks)
    state.answers = {account_id: Answers(kept) for account_id, kept in content.answers}
    state.next_order_id = content.next_order_id
    state.next_trade_id = content.next_trade_id
    state.next_transaction_id = content.next_transaction_id
    state.next_block_trade_id = content.next_block_trade_id
    state.agreements = dict.fromkeys(content.agreements)
    state.seal = content.seal
    state.indices = dict(content.indices)
    state.treasuries = {currency: Treasury(*kept) for currency, *kept in content.treasuries}
    markets = [_load_market(kept) for kept in content.markets]
    for market in markets:
        state.add_market(market)
    fills = _load_fills(state, content.fills)
    for market, kept in zip(markets, content.markets, strict=True):
        _load_trades(market, kept, fills)
    for saved in content.accounts:
        _load_account(state, saved, fills)
        for order in saved.conditional:
            state.keep(order)
    for kept in content.markets:
        _load_orders(state, _ORDERS.decode(kept.orders))
    state.combos.next_id = content.next_combo_id
    state.combos.makers = {key: maker for key, maker, _ in content.combo_makers}
    state.combos.unused = {key: None for key, _, unused in content.combo_makers if unused}
    state.sessions = dict(content.sessions)
    for currency, settlements in content.settlements:
        state.archive_settlements(currency, settlements)
    for view in content.bankruptcies:
        kept_views = state.bankruptcies.setdefault(view.currency, deque(maxlen=BANKRUPTCIES_MAX))
        kept_views.append(view)
    # No ledger has been valued yet.
    state.marks_set = 1
    return state


def _unsealed(archive: Ring) -> int:
    return min(archive.unsealed, len(archive))


def _dump_market(market: Market, *, is_whole: bool) -> _Market:
    book = market.book
    return _Market(
        instrument=market.instrument,
        is_open=market.is_open,
        mark=market.mark,
        change_id=book.change_id,
        trade_seq=market.trade_seq,
        last_price=market.last_price,
        tick_direction=market.tick_direction,
        orders=writing.orders(book) if is_whole else _NONE,
        trades=writing.trade_ids(market.trades) if is_whole else _NONE,
        trades_unsealed=_unsealed(market.trades) if is_whole else 0,
        set_state=market.set_state,
        limits=market.limits,
        settlement_price=market.settlement_price,
        funding=None if market.funding is None else _dump_funding(market.funding),
    )


def _dump_account(state: State, account: Account) -> _Account:
    return _Account(
        account_id=account.account_id,
        name=account.name,
        opened_ns=account.opened_ns,
        ledgers=[
            _dump_ledger(state, currency, ledger)
            for currency, ledger in sorted(account.ledgers.items())
            if not ledger.is_empty
        ],
        closed=writing.closed(account.closed),
        fills=writing.trade_ids(account.fills),
        closed_unsealed=_unsealed(account.closed),
        fills_unsealed=_unsealed(account.fills),
        margin_model=account.margin_model,
        changes=account.changes,
        is_locked=account.is_locked,
        transactions=account.transactions,
        fees=[(*key, rates) for key, rates in sorted(account.fees.items())],
        conditional=[account.conditional[order_id] for order_id in sorted(account.conditional)],
        owner=account.owner,
        self_trading=account.self_trading,
        self_trading_extended=account.self_trading_extended,
        limits=account.limits,
        protections=[
            dump_protection(account.protections[key]) for key in sorted(account.protections)
        ],
        quotes_frozen_until_ns=account.quotes_frozen_until_ns,
    )


def dump_protection(one: Protection) -> _Protection:
    """Return what is written of a protection."""
    return _Protection(
        index=one.index,
        group=one.group,
        config=one.config,
        window=[
            (first_ns, last_ns, str(quantity), str(delta), str(vega))
            for first_ns, last_ns, quantity, delta, vega in one.window.parts
        ],
        is_triggered=one.is_triggered,
        frozen_until_ns=one.frozen_until_ns,
    )


def _load_protection(kept: _Protection) -> Protection:
    one = Protection(kept.index, kept.group, kept.config)
    for first_ns, last_ns, quantity, delta, vega in kept.window:
        one.window.put(Part(first_ns, last_ns, int(quantity), int(delta), int(vega)))
    one.is_triggered, one.frozen_until_ns = kept.is_triggered, kept.frozen_until_ns
    return one


def _dump_ledger(state: State, currency: str, ledger: Ledger) -> _Ledger:
    held = sorted(ledger.holdings.items())
    return _Ledger(
        currency=currency,
        balance=ledger.balance,
        session_rpl=ledger.session_rpl,
        options_session_rpl=ledger.options_session_rpl,
        fees_paid=ledger.fees_paid,
        positions=[
            (instrument_id, holding.position.parts)
            for instrument_id, holding in held
            if not holding.position.is_blank
        ],
        verdict=ledger.verdict,
        transactions=writing.payments(state.markets, ledger.transactions),
        transactions_unsealed=_unsealed(ledger.transactions),
        session_funding=ledger.session_funding,
        funding=[
            (instrument_id, str(holding.funding_paid), holding.funding_ms)
            for instrument_id, holding in held
            if holding.funding_ms
        ],
    )


def _load_fills(state: State, fills: msgspec.Raw) -> dict[TradeId, Any]:
    """Return fills as they are to be kept, by their numbers."""
    loaded = {}
    for raw in _EACH.decode(fills):
        fill = _FILL.decode(raw)
        loaded[fill.trade_id] = kept_fill(state.markets, fill)
    return loaded


def _load_trades(market: Market, kept: _Market, fills: dict[TradeId, Any]) -> None:
    market.trades.extend(fills[trade_id] for trade_id in _TRADE_IDS.decode(kept.trades))
    market.trades.unsealed = kept.trades_unsealed


def _load_payments(state: State, kept: _Ledger, fills: dict[TradeId, Any]) -> Iterator[Any]:
    """Yield payments as they are to be kept, oldest first."""
    for payment in _PAYMENTS.decode(kept.transactions):
        yield kept_payment(state.markets, fills.get(payment.about.trade_id), payment)


def _load_market(kept: _Market) -> Market:
    market = Market(kept.instrument)
    market.is_open = kept.is_open
    market.set_state = kept.set_state
    market.limits = _limits(kept.limits)
    market.mark = kept.mark
    market.book.change_id = kept.change_id
    market.trade_seq = kept.trade_seq
    market.last_price = kept.last_price
    market.tick_direction = kept.tick_direction
    market.settlement_price = kept.settlement_price
    if kept.funding is not None:
        market.funding = _load_funding(kept.funding)
    return market


def _dump_funding(funding: Funding) -> _Funding:
    return _Funding(
        rate=funding.rate,
        value=str(funding.value),
        index=funding.index,
        accrued=str(funding.accrued),
        paid=str(funding.paid),
        time_ms=funding.time_ms,
        minutes=[(one.time_ms, str(one.accrued), one.index) for one in funding.minutes],
        hours=[(one.time_ms, str(one.accrued), one.index) for one in funding.hours],
    )


def _load_funding(kept: _Funding) -> Funding:
    funding = Funding()
    funding.rate, funding.value, funding.index = kept.rate, int(kept.value), kept.index
    funding.accrued, funding.paid = int(kept.accrued), int(kept.paid)
    funding.time_ms = kept.time_ms
    for points, saved in ((funding.minutes, kept.minutes), (funding.hours, kept.hours)):
        points.extend(FundingPoint(ms, int(accrued), index) for ms, accrued, index in saved)
    return funding


def _load_account(state: State, saved: _Account, fills: dict[TradeId, Any]) -> None:
    account = Account(saved.account_id, saved.name, saved.opened_ns)
    account.owner = saved.owner
    account.self_trading = saved.self_trading
    account.self_trading_extended = saved.self_trading_extended
    account.limits = _limits(saved.limits)
    account.margin_model, account.changes = saved.margin_model, saved.changes
    account.is_locked = saved.is_locked
    account.transactions = saved.transactions
    account.fees = {(kind, currency): rates for kind, currency, rates in saved.fees}
    account.protections = {
        (one.index, one.group): _load_protection(one) for one in saved.protections
    }
    account.quotes_frozen_until_ns = saved.quotes_frozen_until_ns
    state.accounts[account.account_id] = account
    for kept in saved.ledgers:
        ledger = account.ledger(kept.currency)
        ledger.balance = kept.balance
        ledger.session_rpl = kept.session_rpl
        ledger.options_session_rpl = kept.options_session_rpl
        ledger.fees_paid = kept.fees_paid
        ledger.verdict = kept.verdict
        ledger.transactions.extend(_load_payments(state, kept, fills))
        ledger.transactions.unsealed = kept.transactions_unsealed
        ledger.session_funding = kept.session_funding
        for instrument_id, parts in kept.positions:
            market, position = state.markets[instrument_id], Position(*parts)
            market.open_interest += max(position.size, 0)
            ledger.holdings[instrument_id] = Holding(market, position)
        for instrument_id, paid, time_ms in kept.funding:
            holding = ledger.holdings[instrument_id]
            holding.funding_paid, holding.funding_ms = int(paid), time_ms
    for view in _ORDERS.decode(saved.closed):
        state.archive_order(account, view)
    account.fills.extend(fills[trade_id] for trade_id in _TRADE_IDS.decode(saved.fills))
    account.closed.unsealed = saved.closed_unsealed
    account.fills.unsealed = saved.fills_unsealed


def _limits(kept: Limits) -> Limits:
    return NO_LIMITS if kept == NO_LIMITS else kept


def _load_orders(state: State, orders: list[OrderView]) -> None:
    for view in orders:
        order = Order.restored(view)
        market = state.markets[order.instrument_id]
        state.orders.put(order)
        state.begin_day(order)
        state.accounts[order.account_id].track(market, order)
        market.book.load(order)
