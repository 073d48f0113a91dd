# cython: annotation_typing=False, overflowcheck=True
"""What an account holds, and the running sums that margin is read from.

A `Holding` (one account in one instrument) remembers what it last added to the sums of its
`Ledger` (one account in one currency), so an order changes a few numbers and not four hundred.
New marks make the ledgers that hold those instruments stale; a stale ledger is valued again when
somebody next asks. What is remembered this way is never part of the state: it can be worked out
from it, and is, when a snapshot is restored.
"""

from strikewire.exchange.commands import Verdict
from strikewire.exchange.state.clearing import Position
from strikewire.exchange.state.funding import funding_payment
from strikewire.exchange.state.holdings import Holdings
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.order_table import OrderList
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.records import Payments
from strikewire.exchange.state.transactions import TRANSACTIONS_MAX, Transaction
from strikewire.model import NS_PER_MS, OrderId, Side, Ticks


class Holding:
    """One account in one instrument: its position, its open orders, and their margin."""

    __slots__ = (
        "buy_lots",
        "buy_reserve",
        "funding",
        "funding_ms",
        "funding_paid",
        "initial_margin",
        "maintenance_margin",
        "market",
        "option_profit",
        "option_value",
        "position",
        "position_margin",
        "profit",
        "queue",
        "reduce_only",
        "sell_lots",
        "valued_at",
    )

    def __init__(self, market: Market, position: Position | None = None) -> None:
        self.market = market
        self.position = position or Position()
        self.queue = OrderList()
        """Its open orders, in the order in which they came."""

        self.reduce_only: dict[OrderId, Order] | None = None
        """Those of them that only reduce, by id; None as long as there was none."""

        self.buy_lots = 0
        self.sell_lots = 0
        self.buy_reserve = 0
        """Premium of all open buy orders of an option, or of all open orders of a combo of options
        that would pay one; each rounded up."""

        self.funding_paid = 0
        """What `Funding.paid_at` was when the position last paid; 0 when flat."""

        self.funding_ms = 0
        """When that was, milliseconds since the Unix epoch; 0 when flat."""

        # What this holding last added to the sums of its ledger, at which mark of its market.
        self.valued_at = -1
        self.initial_margin = 0
        self.maintenance_margin = 0
        self.position_margin = 0
        self.profit = 0
        self.funding = 0
        self.option_value = 0
        self.option_profit = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no position, no profit of one, and no open order."""
        return self.position.is_blank and not self.queue

    @property
    def orders(self) -> dict[OrderId, Order]:
        """Its open orders by id; made anew each time it is asked for."""
        return {order.order_id: order for order in self.queue}

    @property
    def currency(self) -> str:
        """Settlement currency of the instrument."""
        return self.market.contract.currency

    @property
    def size(self) -> int:
        """Lots held; positive long, negative short."""
        return self.position.size

    @property
    def side(self) -> Side:
        """The side on which the position was opened; a flat one has bought nothing."""
        return Side.SELL if self.size < 0 else Side.BUY

    def open_lots(self, side: Side) -> int:
        """Return the lots of all open orders on a side."""
        return self.buy_lots if side is Side.BUY else self.sell_lots

    def reducible(self, side: Side) -> int:
        """Return the lots by which trading on a side can reduce the position."""
        return max(-side * self.size, 0)

    def track(self, order: Order) -> None:
        """Count an order that waits in the book."""
        self.queue.add(order)
        if order.reduce_only:
            self.flag(order)
        self._count(order, order.remaining, 1)

    def untrack(self, order: Order) -> None:
        """Stop counting an order, with what it still waits for."""
        self.queue.remove(order)
        if self.reduce_only:
            self.reduce_only.pop(order.order_id, None)
        self._count(order, order.remaining, -1)

    def shrink(self, order: Order, lots: int) -> None:
        """Count an order's lots as no longer waiting; call it before the order itself changes."""
        self._count(order, order.remaining, -1)
        self._count(order, order.remaining - lots, 1)

    def expect(self, side: Side, lots: int) -> None:
        """Count lots that an order in a combo would trade here; negative to count no longer."""
        if side is Side.SELL:
            self.sell_lots += lots
        else:
            self.buy_lots += lots

    def flag(self, order: Order) -> None:
        """Note that a counted order only reduces from now on."""
        if self.reduce_only is None:
            self.reduce_only = {}
        self.reduce_only[order.order_id] = order

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
        if self.market.legs:
            # Each leg counts what the orders could make of its own position.
            return buy_reserve
        if valuation is None or self.market.contract.is_spot:
            return 0
        if self.market.contract.is_option:
            return valuation.margin(max(sell_lots - size, 0))[0] + buy_reserve
        return valuation.margin(max(abs(size + buy_lots), abs(size - sell_lots)))[0]

    def exit_value(self, size: int) -> int:
        """Return what closing `size` lots at the mark would move."""
        mark = self.market.mark
        return 0 if mark is None else self.market.contract.exit_value(size, mark.price)

    def revalue(self) -> None:
        """Work out anew what this holding adds to its ledger."""
        valuation = self.market.valuation
        self.valued_at = self.market.marked
        if self.market.legs:
            self.initial_margin = self.buy_reserve
            return
        if valuation is None or self.market.contract.is_spot:
            return
        size = self.position.size
        worth = self.exit_value(size)
        if self.market.contract.is_option:
            self.position_margin, self.maintenance_margin = valuation.margin(max(-size, 0))
            self.option_value = worth
            self.option_profit = worth + self.position.entry_value
        else:
            self.position_margin, self.maintenance_margin = valuation.margin(abs(size))
            self.profit = worth + self.position.entry_value
            self.funding = -self.accrued_funding()
        self.initial_margin = self.position_margin + self.buy_reserve
        if self.buy_lots or self.sell_lots:
            self.initial_margin = self.required(
                size, self.buy_lots, self.sell_lots, self.buy_reserve
            )

    def accrued_funding(self) -> int:
        """Return what is owed for funding and not realised, as of the last mark; with its sign.

        A position that has been settled since the last mark owes nothing until the next.
        """
        funding, position = self.market.funding, self.position
        if funding is None or not position.size or self.funding_ms >= funding.time_ms:
            return 0
        return funding_payment(position.size, funding.paid - self.funding_paid)

    def realize_funding(self, time_ns: int) -> int:
        """Make funding up to now part of the session's profit, and return what is paid for it."""
        funding, position = self.market.funding, self.position
        assert funding is not None
        paid = funding.paid_at(time_ns)
        owed = funding_payment(position.size, paid - self.funding_paid)
        position.funding -= owed
        position.realized -= owed
        self.funding_paid, self.funding_ms = paid, time_ns // NS_PER_MS
        return owed

    def forget_funding(self) -> None:
        """Start anew with the next position: a flat one owes nothing, and remembers nothing."""
        if self.position.size == 0:
            self.funding_paid = self.funding_ms = 0

    def _count(self, order: Order, lots: int, sign: int) -> None:
        if self.market.legs:
            self.expect(order.side, sign * lots)
            self.buy_reserve += sign * premium(self.market, order.side, lots, order.price)
            return
        if order.side is Side.SELL:
            self.sell_lots += sign * lots
            return
        self.buy_lots += sign * lots
        if self.market.contract.is_option:
            assert order.price is not None
            self.buy_reserve += sign * self.market.contract.value_up(lots, order.price)


def premium(market: Market, side: Side, lots: int, price: Ticks | None) -> int:
    """Return what an order in a combo would pay in cash, rounded up: nothing if it is paid.

    The cash of the legs' fills sums to the combo's own value but for the rounding of each leg, so
    a unit for each leg comes on top.
    """
    if price is None or not lots or not market.legs[0].market.contract.is_option:
        return 0
    paid = market.contract.value_up(lots, Ticks(max(side * price, 0)))
    return paid + len(market.legs)


class Ledger:
    """One account in one currency: its cash, and the sums over what it holds."""

    __slots__ = (
        "balance",
        "fees_paid",
        "funding",
        "holdings",
        "initial_margin",
        "maintenance_margin",
        "option_profit",
        "option_value",
        "options_session_rpl",
        "position_margin",
        "profit",
        "session_funding",
        "session_rpl",
        "spot_reserve",
        "transactions",
        "valued_at",
        "verdict",
    )

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        """What portfolio margin needs, as it was last told; None with standard margin."""

        self.balance = 0
        self.session_rpl = 0
        self.session_funding = 0
        """What of `session_rpl` is funding; negative where it was paid."""

        self.options_session_rpl = 0
        self.fees_paid = 0
        self.spot_reserve = 0
        """Set aside for open spot orders, in this currency."""

        self.transactions = Payments(TRANSACTIONS_MAX)
        """What changed the balance, newest last."""

        self.holdings: Holdings[Holding] = Holdings()
        self.valued_at = 0
        """The count of `State.marks_set` at which the sums below were right."""

        self.initial_margin = 0
        self.maintenance_margin = 0
        self.position_margin = 0
        self.profit = 0
        self.funding = 0
        self.option_value = 0
        self.option_profit = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept here, as in a ledger that was only looked at."""
        return not (
            self.verdict is not None
            or self.balance
            or self.session_rpl
            or self.session_funding
            or self.options_session_rpl
            or self.fees_paid
            or self.spot_reserve
            or self.transactions
            or any(not holding.is_empty for holding in self.holdings.values())
        )

    @property
    def margin_balance(self) -> int:
        """Cash and the profit of futures, funding included."""
        return self.balance + self.session_rpl + self.profit + self.funding

    @property
    def equity(self) -> int:
        """Margin balance and what the options are worth."""
        return self.margin_balance + self.option_value

    @property
    def session_profit(self) -> int:
        """What the session brought, realised and not, of futures and options."""
        futures = self.session_rpl + self.profit + self.funding
        return futures + self.options_session_rpl + self.option_profit

    @property
    def funds(self) -> int:
        """What stands behind the positions.

        With portfolio margin options count at their worth: the scenarios reprice them with the
        rest, so what they can lose is in the requirement.
        """
        return self.margin_balance if self.verdict is None else self.equity

    @property
    def initial_required(self) -> int:
        """Initial margin by the account's own model, without the spot reserve."""
        return self.initial_margin if self.verdict is None else self.verdict.initial

    @property
    def maintenance_required(self) -> int:
        """Maintenance margin by the account's own model."""
        return self.maintenance_margin if self.verdict is None else self.verdict.maintenance

    @property
    def available_funds(self) -> int:
        """What new positions may tie up; negative when under water."""
        return self.funds - self.initial_required - self.spot_reserve

    def log(self, transaction: Transaction) -> None:
        """Keep what has just changed the balance; the oldest beyond the limit is forgotten."""
        assert transaction.balance == self.balance
        self.transactions.append(transaction)

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
            is_active = holding.buy_lots or holding.sell_lots or holding.position.size
            is_stale = holding.valued_at != holding.market.marked or holding.market.legs
            if is_active and is_stale:
                self.revalue(holding)
        self.valued_at = marks_set

    def drop(self, holding: Holding) -> None:
        """Forget a holding and its part of the sums."""
        self._add(holding, -1)
        del self.holdings[holding.market.instrument_id]

    def _add(self, holding: Holding, sign: int) -> None:
        self.initial_margin += sign * holding.initial_margin
        self.maintenance_margin += sign * holding.maintenance_margin
        self.position_margin += sign * holding.position_margin
        self.profit += sign * holding.profit
        self.funding += sign * holding.funding
        self.option_value += sign * holding.option_value
        self.option_profit += sign * holding.option_profit
