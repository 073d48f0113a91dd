# cython: annotation_typing=False, overflowcheck=True
"""All that the exchange remembers: markets, accounts, orders and the venue's own money."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from strikewire.exchange.commands import (
    NO_LIMITS,
    FeeKind,
    FeeRates,
    Limits,
    MarginModel,
    SelfTrading,
    TimeInForce,
    TriggerPriceType,
)
from strikewire.exchange.events import BankruptcyView, Fill, OrderView, Settlement
from strikewire.exchange.state.answers import Answers
from strikewire.exchange.state.combos import Combos
from strikewire.exchange.state.conditional import ConditionalOrder, Watch
from strikewire.exchange.state.days import day_end_ns
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.markets import Leg, Market
from strikewire.exchange.state.order_table import ClosedOrders, OrderTable
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.records import Fills
from strikewire.model import AccountId, InstrumentId, OrderId, PriceE8, leg_weights

CLOSED_ORDERS_MAX = 20_000
"""Closed orders an account can still look up; the oldest are forgotten first."""

FILLS_MAX = 20_000
"""Fills an account can still look up; the oldest are forgotten first."""


BANKRUPTCIES_MAX = 1_000
"""Rounds with bankruptcies that can be looked up in each currency; the oldest are forgotten."""

INSURANCE_FUND = AccountId(0)
"""The venue's own account: fees of liquidations come in, debts of bankrupt accounts go out."""


SETTLEMENTS_MAX = 2_000
"""Settlements and deliveries of a currency that can be looked up; the oldest are forgotten."""


class Agreement(NamedTuple):
    """What tells one block trade from another, before it has an id."""

    agreed_ms: int
    nonce: str
    maker_id: AccountId
    taker_id: AccountId


class Account:
    """Who trades: ledgers by currency, open orders, and what can be looked up afterwards."""

    __slots__ = (
        "account_id",
        "changes",
        "closed",
        "conditional",
        "fees",
        "fills",
        "is_locked",
        "ledgers",
        "limits",
        "margin_model",
        "name",
        "open_orders",
        "opened_ns",
        "owner",
        "protections",
        "quotes_frozen_until_ns",
        "self_trading",
        "self_trading_extended",
        "transactions",
    )

    def __init__(self, account_id: AccountId, name: str, opened_ns: int) -> None:
        self.account_id = account_id
        self.name = name
        self.opened_ns = opened_ns
        self.owner = AccountId(0)
        """The main account of which this is a subaccount; 0 for a main account."""

        self.self_trading = SelfTrading.ALLOWED
        self.self_trading_extended = False
        self.limits: Limits = NO_LIMITS
        self.margin_model = MarginModel.STANDARD
        self.is_locked = False
        """Whether it is being liquidated, and only the venue trades for it."""

        self.changes = 0
        """Counts commands that changed a position or an open order, so that a verdict can tell
        whether it was overtaken."""

        self.transactions = 0
        """Counts the transactions in all currencies; each ledger keeps its own."""

        self.fees: dict[tuple[FeeKind, str], FeeRates] = {}
        """Rates other than those of the instruments, by kind and settlement currency."""

        self.ledgers: dict[str, Ledger] = {}
        self.open_orders = 0
        """How many orders it has waiting in all books."""

        self.conditional: dict[OrderId, ConditionalOrder] = {}
        self.protections: dict[tuple[str, str], Protection] = {}
        """Market-maker protections, by index and group."""

        self.quotes_frozen_until_ns = 0
        """Before this no mass quote is taken, because the owner wanted it so."""

        self.closed = ClosedOrders(CLOSED_ORDERS_MAX)
        """Its closed orders, in the order in which they ended."""

        self.fills = Fills(FILLS_MAX)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was ever kept here."""
        is_used = self.changes or self.fees
        return not is_used and all(ledger.is_empty for ledger in self.ledgers.values())

    @property
    def orders(self) -> dict[OrderId, Order]:
        """Its orders that wait in books, by id, oldest first; made anew each time."""
        waiting = [
            order
            for ledger in self.ledgers.values()
            for holding in ledger.holdings.values()
            for order in holding.queue
        ]
        return {order.order_id: order for order in sorted(waiting, key=_order_id)}

    def ledger(self, currency: str) -> Ledger:
        """Return the ledger of a currency, which is opened when it is first needed."""
        ledger = self.ledgers.get(currency)
        if ledger is None:
            ledger = self.ledgers[currency] = Ledger()
        return ledger

    def holding(self, market: Market) -> Holding:
        """Return what the account has of an instrument, opened when it is first needed."""
        instrument_id = market.instrument_id
        ledger = self.ledger(market.contract.currency)
        holding = ledger.holdings.get(instrument_id)
        if holding is None:
            holding = ledger.holdings[instrument_id] = Holding(market)
        return holding

    def rates(self, market: Market) -> FeeRates:
        """Return the fees that the account pays in a market."""
        contract = market.contract
        return self.fees.get((contract.fee_kind, contract.currency), contract.fee_rates)

    def change_fees(
        self,
        key: tuple[FeeKind, str],
        rates: FeeRates | None,
        markets: Mapping[InstrumentId, Market],
    ) -> None:
        """Let other fees be in force, also in what is set aside for open orders on spot.

        Args:
            key: Kind and settlement currency.
            rates: None: those of the instruments.
            markets: All of them.
        """
        waiting = [(markets[order.instrument_id], order) for order in self.orders.values()]
        for market, order in waiting:
            self._reserve(market, order, order.remaining, -1)
        if rates is None:
            self.fees.pop(key, None)
        else:
            self.fees[key] = rates
        for market, order in waiting:
            self._reserve(market, order, order.remaining, 1)

    def track(self, market: Market, order: Order) -> None:
        """Count an order that waits in the book, and set aside what it may cost."""
        self.open_orders += 1
        self.holding(market).track(order)
        self._expect(market, order, order.remaining)
        self._reserve(market, order, order.remaining, 1)

    def untrack(self, market: Market, order: Order) -> None:
        """Stop counting an order, with what it still waits for."""
        self.open_orders -= 1
        self.holding(market).untrack(order)
        self._expect(market, order, -order.remaining)
        self._reserve(market, order, order.remaining, -1)

    def shrink(self, market: Market, order: Order, lots: int) -> None:
        """Count an order's lots as no longer waiting; call it before the order itself changes."""
        self.holding(market).shrink(order, lots)
        self._expect(market, order, -lots)
        self._reserve(market, order, order.remaining, -1)
        self._reserve(market, order, order.remaining - lots, 1)

    def _expect(self, market: Market, order: Order, lots: int) -> None:
        """Count what an order in a combo would trade in each of its legs."""
        for leg in market.legs:
            self.holding(leg.market).expect(leg.side(order.side), leg.lots(lots))

    def _reserve(self, market: Market, order: Order, lots: int, sign: int) -> None:
        if market.contract.is_spot:
            assert order.price is not None
            currency, units = market.contract.spot_cost(
                order.side, lots, order.price, self.rates(market)
            )
            self.ledger(currency).spot_reserve += sign * units

    def find_holding(self, market: Market) -> Holding | None:
        """Return what the account has of an instrument, or None."""
        ledger = self.ledgers.get(market.contract.currency)
        return ledger.holdings.get(market.instrument_id) if ledger else None


class Treasury:
    """The venue's own view of one currency: what came in, went out, and stayed with it."""

    __slots__ = ("deposits", "fees", "funding", "rounding", "withdrawals")

    def __init__(
        self,
        deposits: int = 0,
        withdrawals: int = 0,
        fees: int = 0,
        rounding: int = 0,
        funding: int = 0,
    ) -> None:
        self.deposits = deposits
        self.withdrawals = withdrawals
        self.fees = fees
        self.rounding = rounding
        self.funding = funding
        """Paid by positions that were settled, and not yet to those on the other side; negative
        where the receivers came first. What is left when all were settled goes to `rounding`."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept here."""
        return not (self.deposits or self.withdrawals or self.fees or self.rounding or self.funding)


class State:
    """Everything there is. Only commands change it, and each of them completely or not at all."""

    __slots__ = (
        "accounts",
        "agreements",
        "answers",
        "bankruptcies",
        "combos",
        "conditional",
        "day_end_ns",
        "day_orders",
        "index_watchers",
        "indices",
        "locks",
        "market_by_name",
        "markets",
        "marks_set",
        "next_block_trade_id",
        "next_order_id",
        "next_trade_id",
        "next_transaction_id",
        "orders",
        "reached",
        "seal",
        "sessions",
        "settlements",
        "treasuries",
    )

    def __init__(self) -> None:
        self.markets: dict[InstrumentId, Market] = {}
        self.market_by_name: dict[str, Market] = {}
        self.combos = Combos()

        self.locks: set[str] = set()
        """Indices whose instruments are locked; the empty name locks all of them."""

        self.accounts: dict[AccountId, Account] = {
            INSURANCE_FUND: Account(INSURANCE_FUND, "insurance_fund", 0)
        }
        self.fund.is_locked = True
        self.bankruptcies: dict[str, deque[BankruptcyView]] = {}
        self.treasuries: dict[str, Treasury] = {}
        self.sessions: dict[str, int] = {}
        """When the session of a currency began, nanoseconds since the Unix epoch."""

        self.settlements: dict[str, deque[Settlement]] = {}
        """By currency, newest last."""

        self.indices: dict[str, PriceE8] = {}
        self.marks_set = 0
        """Counts changes of marks, so that a ledger can tell whether it is stale."""

        self.answers: dict[AccountId, Answers] = {}
        """Of commands that their owners marked, by account."""

        self.orders = OrderTable()
        """Every order that waits in a book or has ended and can still be looked up."""

        self.conditional: dict[OrderId, ConditionalOrder] = {}
        """Every order that waits outside of the books."""

        self.day_orders: dict[OrderId, None] = {}
        """Orders that wait, in books or outside of them, and end with their day."""

        self.day_end_ns: int | None = None
        """No day of theirs ends before this."""

        self.index_watchers: dict[str, dict[InstrumentId, Market]] = {}
        """By index: the markets in which somebody waits for its price."""

        self.agreements: dict[Agreement, None] = {}
        """Block trades that were carried out and that could still be asked for again."""

        self.next_block_trade_id = 1
        self.next_order_id = 1
        self.next_trade_id = 1
        self.next_transaction_id = 1
        self.seal = b""
        """Of everything that archives were given until they were sealed last; see `sealing`."""

        self.reached: tuple[int, bytes] | None = None
        """How much had come since, and the seal of it, when somebody last asked."""

    @property
    def fund(self) -> Account:
        """The insurance fund."""
        return self.accounts[INSURANCE_FUND]

    def treasury(self, currency: str) -> Treasury:
        """Return the venue's books of a currency."""
        treasury = self.treasuries.get(currency)
        if treasury is None:
            treasury = self.treasuries[currency] = Treasury()
        return treasury

    def ledger(self, account: Account, currency: str) -> Ledger:
        """Return a ledger whose sums are valued at the last marks."""
        ledger = account.ledger(currency)
        ledger.refresh(self.marks_set)
        return ledger

    def add_market(self, market: Market) -> None:
        """Open a market under its instrument's id and name, neither of which is taken.

        The markets of a combo's legs are there already.
        """
        legs = market.instrument.legs
        markets = [self.markets[InstrumentId(leg.instrument_id)] for leg in legs]
        weights = leg_weights(market.instrument, [one.instrument for one in markets])
        market.legs = tuple(
            Leg(one, leg.ratio, weight)
            for one, leg, weight in zip(markets, legs, weights, strict=True)
        )
        for one in market.legs if market.is_open else ():
            one.market.combos.append(market)
        if legs:
            self.combos.by_legs[legs] = market
        market.is_locked = self._locks(market)
        self.markets[market.instrument_id] = market
        self.market_by_name[market.instrument.name] = market

    def close_combo(self, market: Market) -> bool:
        """Close a combo, all its orders having ended; say whether it is kept to be looked up.

        One without any is not. Nobody holds it, and the lane knows no combo.
        """
        market.is_open = False
        for one in market.legs:
            one.market.combos.remove(market)
        if self.combos.end(market):
            return True
        assert not market.trade_seq
        del self.markets[market.instrument_id]
        del self.market_by_name[market.instrument.name]
        return False

    def begin_day(self, order: Order | ConditionalOrder) -> None:
        """Note an order that begins to wait, if it ends with its day."""
        if order.time_in_force is not TimeInForce.GTD:
            return
        end_ns = day_end_ns(order.created_ns)
        self.day_orders[order.order_id] = None
        self.day_end_ns = end_ns if self.day_end_ns is None else min(self.day_end_ns, end_ns)

    def take_order_id(self) -> OrderId:
        """Return an id that no order has had, and never return it again."""
        self.next_order_id += 1
        return OrderId(self.next_order_id - 1)

    def live(self, order_id: OrderId | None) -> Order | ConditionalOrder | None:
        """Return an order that waits, in its book or outside of it; None if it does not."""
        if order_id is None:
            return None
        return self.orders.get(order_id) or self.conditional.get(order_id)

    def keep(self, order: ConditionalOrder) -> None:
        """Let an order wait outside of the book; for its price, unless it is dormant."""
        self.begin_day(order)
        self.conditional[order.order_id] = order
        self.accounts[order.account_id].conditional[order.order_id] = order
        if order.trigger is None or order.is_dormant:
            return
        market = self.markets[order.instrument_id]
        price_type = order.trigger.price_type
        market.watches.setdefault(price_type, Watch()).add(order)
        if price_type is TriggerPriceType.INDEX:
            watchers = self.index_watchers.setdefault(market.instrument.price_index, {})
            watchers[market.instrument_id] = market

    def release(self, order: ConditionalOrder) -> None:
        """Let an order wait no longer, and forget kinds of prices nobody waits for."""
        self.day_orders.pop(order.order_id, None)
        del self.conditional[order.order_id]
        del self.accounts[order.account_id].conditional[order.order_id]
        if order.trigger is None or order.is_dormant:
            return
        market = self.markets[order.instrument_id]
        price_type = order.trigger.price_type
        market.watches[price_type].remove(order)
        if not market.watches[price_type].orders:
            del market.watches[price_type]
            if price_type is TriggerPriceType.INDEX:
                del self.index_watchers[market.instrument.price_index][market.instrument_id]

    def lock_markets(self) -> None:
        """Let every market know whether it is locked, after `locks` have changed."""
        for market in self.markets.values():
            market.is_locked = self._locks(market)

    def _locks(self, market: Market) -> bool:
        return "" in self.locks or market.instrument.price_index in self.locks

    def archive_order(self, account: Account, ended: Order | OrderView) -> None:
        """Keep a closed order to be looked up, and forget the account's oldest beyond the limit."""
        self.combos.unused.pop(ended.instrument_id, None)
        self.orders.archive(account.closed, ended)

    def archive_settlements(self, currency: str, news: Iterable[Settlement]) -> None:
        """Keep what a settlement came to, and forget the oldest of the currency."""
        kept = self.settlements.setdefault(currency, deque(maxlen=SETTLEMENTS_MAX))
        kept.extend(news)

    def archive_fill(self, fill: Fill) -> None:
        """Keep a fill for its owners, and forget each owner's oldest beyond the limit."""
        self.accounts[fill.maker.account_id].fills.append(fill)
        if fill.taker.account_id != fill.maker.account_id:
            self.accounts[fill.taker.account_id].fills.append(fill)


def _order_id(order: Order) -> OrderId:
    return order.order_id
