"""All that the exchange remembers: markets, accounts, orders and the venue's own money.

Margin is kept as running sums. A `Holding` (one account in one instrument) remembers what it last
added to the sums of its `Ledger` (one account in one currency), so an order changes three numbers
and not four hundred. New marks make the ledgers that hold those instruments stale; a stale ledger
is valued again when somebody next asks. What is remembered this way is never part of the state:
it can be worked out from it, and is, when a snapshot is restored.
"""

from collections import deque

from strikewire.exchange.book import Book, Order
from strikewire.exchange.clearing import Contract, Position
from strikewire.exchange.commands import Mark
from strikewire.exchange.events import Fill, OrderView
from strikewire.exchange.margin import PriceBand, Valuation
from strikewire.model import (
    AccountId,
    Instrument,
    InstrumentId,
    OrderId,
    PriceE8,
    Side,
    Ticks,
)

CLOSED_ORDERS_MAX = 20_000
"""Closed orders an account can still look up; the oldest are forgotten first."""

FILLS_MAX = 20_000
"""Fills an account can still look up; the oldest are forgotten first."""

TRADES_MAX = 1_000
"""Public trades of an instrument that can still be looked up; the oldest are forgotten first."""


class Market:
    """One instrument while it is listed: its book, its mark, its trades."""

    __slots__ = (
        "_valuation",
        "book",
        "contract",
        "instrument",
        "is_open",
        "last_price",
        "mark",
        "open_interest",
        "tick_direction",
        "trade_seq",
        "trades",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.contract = Contract(instrument)
        self.book = Book()
        self.is_open = True
        self.mark: Mark | None = None
        self.open_interest = 0
        """Lots that are held long, which are as many as are held short."""

        self.trade_seq = 0
        self.last_price: Ticks | None = None
        self.tick_direction = 1
        self.trades: deque[Fill] = deque(maxlen=TRADES_MAX)
        self._valuation: Valuation | None = None

    @property
    def valuation(self) -> Valuation | None:
        """What the mark means for margin; None without a mark, and on spot, which needs none."""
        if self._valuation is None and self.mark is not None:
            self._valuation = Valuation(self.contract, self.mark)
        return self._valuation

    @property
    def band(self) -> PriceBand | None:
        """The prices orders may have; None as long as there is no mark."""
        valuation = self.valuation
        return valuation.band if valuation else None

    def set_mark(self, mark: Mark) -> None:
        """Take over a mark; what it means is worked out when somebody asks."""
        self.mark = mark
        self._valuation = None

    def print_trade(self, price: Ticks) -> None:
        """Count a trade and note which way the price went.

        Source: Deribit API v2, `tick_direction`: 0 plus, 1 zero-plus, 2 minus, 3 zero-minus.
        """
        self.trade_seq += 1
        if self.last_price is not None:
            if price > self.last_price:
                self.tick_direction = 0
            elif price < self.last_price:
                self.tick_direction = 2
            else:
                # The same price again: a plus becomes a zero-plus, a minus a zero-minus.
                self.tick_direction |= 1
        self.last_price = price


class Holding:
    """One account in one instrument: its position, its open orders, and their margin."""

    __slots__ = (
        "buy_lots",
        "buy_reserve",
        "initial_margin",
        "maintenance_margin",
        "market",
        "option_profit",
        "option_value",
        "orders",
        "position",
        "position_margin",
        "profit",
        "reduce_only",
        "sell_lots",
        "valued_at",
    )

    def __init__(self, market: Market, position: Position | None = None) -> None:
        self.market = market
        self.position = position or Position()
        self.orders: dict[OrderId, Order] = {}
        self.reduce_only: dict[OrderId, Order] = {}
        self.buy_lots = 0
        self.sell_lots = 0
        self.buy_reserve = 0
        """Premium of all open buy orders of an option, each rounded up."""

        # What this holding last added to the sums of its ledger.
        self.valued_at: Valuation | None = None
        self.initial_margin = 0
        self.maintenance_margin = 0
        self.position_margin = 0
        self.profit = 0
        self.option_value = 0
        self.option_profit = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no position, no profit of one, and no open order."""
        return self.position == Position() and not self.orders

    @property
    def size(self) -> int:
        """Lots held; positive long, negative short."""
        return self.position.size

    def open_lots(self, side: Side) -> int:
        """Return the lots of all open orders on a side."""
        return self.buy_lots if side is Side.BUY else self.sell_lots

    def reducible(self, side: Side) -> int:
        """Return the lots by which trading on a side can reduce the position."""
        return max(-side * self.size, 0)

    def track(self, order: Order) -> None:
        """Count an order that waits in the book."""
        self.orders[order.order_id] = order
        if order.reduce_only:
            self.reduce_only[order.order_id] = order
        self._count(order, order.remaining, 1)

    def untrack(self, order: Order) -> None:
        """Stop counting an order, with what it still waits for."""
        del self.orders[order.order_id]
        self.reduce_only.pop(order.order_id, None)
        self._count(order, order.remaining, -1)

    def shrink(self, order: Order, lots: int) -> None:
        """Count an order's lots as no longer waiting; call it before the order itself changes."""
        self._count(order, order.remaining, -1)
        self._count(order, order.remaining - lots, 1)

    def flag(self, order: Order) -> None:
        """Note whether a counted order only reduces, after that has changed."""
        if order.reduce_only:
            self.reduce_only[order.order_id] = order
        else:
            del self.reduce_only[order.order_id]

    def required(self, size: int, buy_lots: int, sell_lots: int, buy_reserve: int) -> int:
        """Return the initial margin of a position with open orders, as if they were its own.

        Only the worse side counts: orders of both sides can never all make the position larger.

        Args:
            size: Lots; positive long, negative short.
            buy_lots: Waiting to be bought.
            sell_lots: Waiting to be sold.
            buy_reserve: What the open buy orders of an option would pay.
        """
        valuation = self.market.valuation
        if valuation is None or self.market.instrument.is_spot:
            return 0
        if self.market.instrument.is_option:
            return valuation.margin(max(sell_lots - size, 0))[0] + buy_reserve
        return valuation.margin(max(abs(size + buy_lots), abs(size - sell_lots)))[0]

    def exit_value(self, size: int) -> int:
        """Return what closing `size` lots at the mark would move."""
        mark = self.market.mark
        return 0 if mark is None else self.market.contract.exit_value(size, mark.price)

    def revalue(self) -> None:
        """Work out anew what this holding adds to its ledger."""
        self.valued_at = valuation = self.market.valuation
        if valuation is None or self.market.instrument.is_spot:
            return
        size = self.position.size
        self.initial_margin = self.required(size, self.buy_lots, self.sell_lots, self.buy_reserve)
        worth = self.exit_value(size)
        if self.market.instrument.is_option:
            self.position_margin, self.maintenance_margin = valuation.margin(max(-size, 0))
            self.option_value = worth
            self.option_profit = worth + self.position.entry_value
        else:
            self.position_margin, self.maintenance_margin = valuation.margin(abs(size))
            self.profit = worth + self.position.entry_value

    def _count(self, order: Order, lots: int, sign: int) -> None:
        if order.side is Side.SELL:
            self.sell_lots += sign * lots
            return
        self.buy_lots += sign * lots
        if self.market.instrument.is_option:
            assert order.price is not None
            self.buy_reserve += sign * self.market.contract.value_up(lots, order.price)


class Ledger:
    """One account in one currency: its cash, and the sums over what it holds."""

    __slots__ = (
        "balance",
        "fees_paid",
        "holdings",
        "initial_margin",
        "maintenance_margin",
        "option_profit",
        "option_value",
        "options_session_rpl",
        "position_margin",
        "profit",
        "session_rpl",
        "spot_reserve",
        "valued_at",
    )

    def __init__(self) -> None:
        self.balance = 0
        self.session_rpl = 0
        self.options_session_rpl = 0
        self.fees_paid = 0
        self.spot_reserve = 0
        """Set aside for open spot orders, in this currency."""

        self.holdings: dict[InstrumentId, Holding] = {}
        self.valued_at = 0
        """The count of `State.marks_set` at which the sums below were right."""

        self.initial_margin = 0
        self.maintenance_margin = 0
        self.position_margin = 0
        self.profit = 0
        self.option_value = 0
        self.option_profit = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept here, as in a ledger that was only looked at."""
        return not (
            self.balance
            or self.session_rpl
            or self.options_session_rpl
            or self.fees_paid
            or self.spot_reserve
            or any(not holding.is_empty for holding in self.holdings.values())
        )

    @property
    def margin_balance(self) -> int:
        """Cash and the profit of futures."""
        return self.balance + self.session_rpl + self.profit

    @property
    def available_funds(self) -> int:
        """What new positions may tie up; negative when under water."""
        return self.margin_balance - self.initial_margin - self.spot_reserve

    def revalue(self, holding: Holding) -> None:
        """Bring one holding's part of the sums up to date."""
        self._add(holding, -1)
        holding.revalue()
        self._add(holding, 1)

    def refresh(self, marks_set: int) -> None:
        """Bring the sums up to date after marks have been set."""
        if self.valued_at == marks_set:
            return
        for holding in self.holdings.values():
            # What is flat and has no orders adds nothing, at any mark.
            is_active = holding.orders or holding.position.size
            if is_active and holding.valued_at is not holding.market.valuation:
                self.revalue(holding)
        self.valued_at = marks_set

    def drop(self, holding: Holding) -> None:
        """Forget a holding and its part of the sums."""
        self._add(holding, -1)
        del self.holdings[InstrumentId(holding.market.instrument.instrument_id)]

    def _add(self, holding: Holding, sign: int) -> None:
        self.initial_margin += sign * holding.initial_margin
        self.maintenance_margin += sign * holding.maintenance_margin
        self.position_margin += sign * holding.position_margin
        self.profit += sign * holding.profit
        self.option_value += sign * holding.option_value
        self.option_profit += sign * holding.option_profit


class Account:
    """Who trades: ledgers by currency, open orders, and what can be looked up afterwards."""

    __slots__ = ("account_id", "closed", "fills", "ledgers", "name", "opened_ns", "orders")

    def __init__(self, account_id: AccountId, name: str, opened_ns: int) -> None:
        self.account_id = account_id
        self.name = name
        self.opened_ns = opened_ns
        self.ledgers: dict[str, Ledger] = {}
        self.orders: dict[OrderId, Order] = {}
        self.closed: deque[OrderId] = deque()
        self.fills: deque[Fill] = deque()

    def ledger(self, currency: str) -> Ledger:
        """Return the ledger of a currency, which is opened when it is first needed."""
        ledger = self.ledgers.get(currency)
        if ledger is None:
            ledger = self.ledgers[currency] = Ledger()
        return ledger

    def holding(self, market: Market) -> Holding:
        """Return what the account has of an instrument, opened when it is first needed."""
        instrument_id = InstrumentId(market.instrument.instrument_id)
        ledger = self.ledger(market.contract.currency)
        holding = ledger.holdings.get(instrument_id)
        if holding is None:
            holding = ledger.holdings[instrument_id] = Holding(market)
        return holding

    def track(self, market: Market, order: Order) -> None:
        """Count an order that waits in the book, and set aside what it may cost."""
        self.orders[order.order_id] = order
        self.holding(market).track(order)
        self._reserve(market, order, order.remaining, 1)

    def untrack(self, market: Market, order: Order) -> None:
        """Stop counting an order, with what it still waits for."""
        del self.orders[order.order_id]
        self.holding(market).untrack(order)
        self._reserve(market, order, order.remaining, -1)

    def shrink(self, market: Market, order: Order, lots: int) -> None:
        """Count an order's lots as no longer waiting; call it before the order itself changes."""
        self.holding(market).shrink(order, lots)
        self._reserve(market, order, order.remaining, -1)
        self._reserve(market, order, order.remaining - lots, 1)

    def _reserve(self, market: Market, order: Order, lots: int, sign: int) -> None:
        if market.instrument.is_spot:
            assert order.price is not None
            currency, units = market.contract.spot_cost(order.side, lots, order.price)
            self.ledger(currency).spot_reserve += sign * units

    def find_holding(self, market: Market) -> Holding | None:
        """Return what the account has of an instrument, or None."""
        ledger = self.ledgers.get(market.contract.currency)
        if ledger is None:
            return None
        return ledger.holdings.get(InstrumentId(market.instrument.instrument_id))


class Treasury:
    """The venue's own view of one currency: what came in, went out, and stayed with it."""

    __slots__ = ("deposits", "fees", "rounding", "withdrawals")

    def __init__(
        self, deposits: int = 0, withdrawals: int = 0, fees: int = 0, rounding: int = 0
    ) -> None:
        self.deposits = deposits
        self.withdrawals = withdrawals
        self.fees = fees
        self.rounding = rounding

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept here."""
        return not (self.deposits or self.withdrawals or self.fees or self.rounding)


class State:
    """Everything there is. Only commands change it, and each of them completely or not at all."""

    __slots__ = (
        "accounts",
        "closed",
        "fills_by_order",
        "indices",
        "market_by_name",
        "markets",
        "marks_set",
        "next_order_id",
        "next_trade_id",
        "orders",
        "treasuries",
    )

    def __init__(self) -> None:
        self.markets: dict[InstrumentId, Market] = {}
        self.market_by_name: dict[str, Market] = {}
        self.accounts: dict[AccountId, Account] = {}
        self.treasuries: dict[str, Treasury] = {}
        self.indices: dict[str, PriceE8] = {}
        self.marks_set = 0
        """Counts changes of marks, so that a ledger can tell whether it is stale."""

        self.orders: dict[OrderId, Order] = {}
        """Every open order."""

        self.closed: dict[OrderId, OrderView] = {}
        """Closed orders that can still be looked up."""

        self.fills_by_order: dict[OrderId, deque[Fill]] = {}
        self.next_order_id = 1
        self.next_trade_id = 1

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
        """Open a market under its instrument's id and name, neither of which is taken."""
        self.markets[InstrumentId(market.instrument.instrument_id)] = market
        self.market_by_name[market.instrument.name] = market

    def archive_order(self, account: Account, view: OrderView) -> None:
        """Keep a closed order to be looked up, and forget the account's oldest beyond the limit."""
        self.closed[view.order_id] = view
        account.closed.append(view.order_id)
        if len(account.closed) > CLOSED_ORDERS_MAX:
            del self.closed[account.closed.popleft()]

    def archive_fill(self, fill: Fill) -> None:
        """Keep a fill for its owners, and forget each owner's oldest beyond the limit."""
        for order_id in (fill.maker.order_id, fill.taker.order_id):
            self.fills_by_order.setdefault(order_id, deque()).append(fill)
        for account_id in {fill.maker.account_id, fill.taker.account_id}:
            account = self.accounts[account_id]
            account.fills.append(fill)
            if len(account.fills) > FILLS_MAX:
                self._forget_fill(account_id, account.fills.popleft())

    def _forget_fill(self, account_id: AccountId, fill: Fill) -> None:
        for side in (fill.maker, fill.taker):
            if side.account_id == account_id:
                kept = self.fills_by_order[side.order_id]
                assert kept[0] is fill
                kept.popleft()
                if not kept:
                    del self.fills_by_order[side.order_id]
