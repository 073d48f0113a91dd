"""Carrying out what was decided: fills, orders that come to rest or end, and their events.

A `Turn` is the work of one command. It collects what happened in the order in which readers need
it, and at its end settles what follows from it: orders that may only reduce are cut back to the
position that is left, margin sums are brought up to date, and levels are announced.
"""

from collections import deque

from strikewire.exchange.book import Order
from strikewire.exchange.commands import CancelReason, TriggerPriceType
from strikewire.exchange.conditional import ConditionalOrder
from strikewire.exchange.events import (
    BalanceChanged,
    Event,
    Fill,
    FillSide,
    OrderEvent,
    OrderState,
    PositionChanged,
)
from strikewire.exchange.ledgers import Holding
from strikewire.exchange.markets import Market
from strikewire.exchange.matching import Match, Plan
from strikewire.exchange.state import Account, State
from strikewire.exchange.views import position_view
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    TradeId,
    Units,
    ticks_to_e8,
)


class Turn:
    """One command's work on the state, and the events of it."""

    __slots__ = (
        "_balances",
        "_holdings",
        "_markets",
        "_traded",
        "_uncut",
        "_unvalued",
        "events",
        "last",
        "moves",
        "state",
        "time_ns",
    )

    def __init__(self, state: State, time_ns: int) -> None:
        self.state = state
        self.time_ns = time_ns
        self.events: list[Event] = []
        self.last: Event | None = None
        """An event that comes after all others."""

        self.moves: deque[tuple[Market, TriggerPriceType, PriceE8]] = deque()
        """Prices that somebody waits for, in the order in which they came up, until they have
        been looked at."""

        self._holdings: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._traded: set[tuple[AccountId, InstrumentId]] = set()
        self._uncut: set[tuple[AccountId, InstrumentId]] = set()
        self._unvalued: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._balances: dict[tuple[AccountId, str], None] = {}
        self._markets: dict[InstrumentId, Market] = {}

    def execute(self, market: Market, taker: Order, plan: Plan) -> None:
        """Carry out a plan: cancel what cannot be paid for, fill what was matched."""
        for order in plan.unpaid:
            self.cancel(market, order, CancelReason.INSUFFICIENT_FUNDS)
        for match in plan.matches:
            self._fill(market, taker, match)

    def rest(self, market: Market, order: Order) -> None:
        """Let an order wait in the book."""
        account = self.state.accounts[order.account_id]
        self.state.orders[order.order_id] = order
        account.track(market, order)
        market.book.add(order)
        self.touch(account, market)
        self._announce(order)

    def lift(self, market: Market, order: Order) -> None:
        """Take an order out of the book, to end it or to bring it in again."""
        account = self.state.accounts[order.account_id]
        market.book.remove(order)
        account.untrack(market, order)
        del self.state.orders[order.order_id]
        self.touch(account, market)

    def change(self, market: Market, order: Order, amount: Lots, *, reduce_only: bool) -> None:
        """Change a waiting order in its place, which never asks for more than it asked before.

        Args:
            market: Where it waits.
            order: Is changed.
            amount: As before, or lower.
            reduce_only: As before, or from now on.
        """
        assert reduce_only or not order.reduce_only
        account = self.state.accounts[order.account_id]
        if amount < order.amount:
            account.shrink(market, order, order.amount - amount)
            market.book.resize(order, amount)
        if reduce_only and not order.reduce_only:
            market.book.flag(order)
            account.holding(market).flag(order)
        self.touch(account, market)
        self._announce(order)

    def cancel(self, market: Market, order: Order, reason: str) -> None:
        """Take an order out of the book for good."""
        self.lift(market, order)
        order.cancel_reason = reason
        self.end(order, OrderState.CANCELLED)

    def end(self, order: Order, state: OrderState) -> None:
        """Close an order that waits in no book, and keep it to be looked up."""
        order.state = state
        order.updated_ns = self.time_ns
        view = order.view()
        self.state.archive_order(self.state.accounts[order.account_id], view)
        self.events.append(OrderEvent(view))

    def wait(self, order: ConditionalOrder) -> None:
        """Let an order wait outside of the book."""
        self.state.watch(order)
        self.events.append(OrderEvent(order.view()))

    def change_conditional(self, order: ConditionalOrder) -> None:
        """Announce a change of an order that waits outside of the book, and has been put back."""
        order.updated_ns = self.time_ns
        self.events.append(OrderEvent(order.view()))

    def end_conditional(
        self,
        order: ConditionalOrder,
        state: OrderState,
        *,
        cancel_reason: str = "",
        reject_reason: str = "",
        triggered_order_id: OrderId | None = None,
    ) -> None:
        """Close an order that waits outside of the book, and keep it to be looked up."""
        self.state.unwatch(order)
        order.updated_ns = self.time_ns
        view = order.view(
            state,
            cancel_reason=cancel_reason,
            reject_reason=reject_reason,
            triggered_order_id=triggered_order_id,
        )
        self.state.archive_order(self.state.accounts[order.account_id], view)
        self.events.append(OrderEvent(view))

    def moved(self, market: Market, price_type: TriggerPriceType, price: PriceE8) -> None:
        """Note a price at which orders that wait for it may come in."""
        if price_type in market.watches:
            self.moves.append((market, price_type, price))

    def balance_changed(self, account: Account, currency: str) -> None:
        """Announce, at the end, that an account's cash in a currency has changed."""
        self._balances[account.account_id, currency] = None

    def traded(self, account: Account, market: Market) -> None:
        """Announce, at the end, that a position has changed."""
        self.touch(account, market)
        key = (account.account_id, market.instrument_id)
        self._traded.add(key)
        self._uncut.add(key)

    def touch(self, account: Account, market: Market) -> None:
        """Have an account's margin in an instrument worked out anew at the end."""
        instrument_id = market.instrument_id
        key = (account.account_id, instrument_id)
        if key not in self._holdings:
            self._holdings[key] = (account, account.holding(market))
            self._markets[instrument_id] = market
        self._unvalued[key] = self._holdings[key]

    def settle(self) -> None:
        """Let follow what follows from trades so far, so that another order may come in.

        Orders that may only reduce are cut back, and margin sums are brought up to date.
        """
        uncut, self._uncut = sorted(self._uncut), set()
        for key in uncut:
            self._cut_back(self._holdings[key][1])
        for account, holding in self._unvalued.values():
            account.ledger(holding.market.contract.currency).revalue(holding)
        self._unvalued.clear()

    def finish(self) -> tuple[Event, ...]:
        """Settle what follows from what was done, and return all events in order."""
        self.settle()
        for account_id in {account_id for account_id, _ in self._holdings}:
            self.state.accounts[account_id].changes += 1
        for key in sorted(self._traded):
            account, holding = self._holdings[key]
            self.events.append(PositionChanged(position_view(self.state, account, holding.market)))
        self.events += [BalanceChanged(*key) for key in sorted(self._balances)]
        for instrument_id, market in self._markets.items():
            self.events += market.book.take_changes(instrument_id)
            assert not market.book.is_crossed()
        if self.last is not None:
            self.events.append(self.last)
        self._forget_settled()
        return tuple(self.events)

    def _fill(self, market: Market, taker: Order, match: Match) -> None:
        maker, lots = match.maker, match.lots
        assert maker.price is not None
        contract = market.contract
        value = contract.value(lots, maker.price)
        account = self.state.accounts[maker.account_id]
        account.shrink(market, maker, lots)
        self.touch(account, market)
        market.book.fill(maker, lots)
        taker.filled = Lots(taker.filled + lots)
        taker.filled_value += lots * maker.price
        market.print_trade(maker.price)
        instrument, mark = market.instrument, market.mark
        fill = Fill(
            trade_id=TradeId(self.state.next_trade_id),
            trade_seq=market.trade_seq,
            instrument_id=InstrumentId(instrument.instrument_id),
            price=maker.price,
            amount=Lots(lots),
            taker_side=taker.side,
            tick_direction=market.tick_direction,
            time_ns=self.time_ns,
            mark=mark.price if mark else PriceE8(0),
            index=self.state.indices.get(instrument.price_index, PriceE8(0)),
            iv_e4=mark.iv_e4 if mark else 0,
            maker=self._clear(market, maker, match, value, instrument.maker_fee_ppm),
            taker=self._clear(market, taker, match, value, instrument.taker_fee_ppm),
        )
        self.state.next_trade_id += 1
        self.state.archive_fill(fill)
        market.trades.append(fill)
        self.events.append(fill)
        self.moved(market, TriggerPriceType.LAST, ticks_to_e8(instrument, maker.price))
        if maker.remaining:
            self._announce(maker)
        else:
            self._retire(market, maker)

    def _clear(
        self, market: Market, order: Order, match: Match, value: Units, rate_ppm: int
    ) -> FillSide:
        """Move the money and the position of one side of a fill."""
        account = self.state.accounts[order.account_id]
        contract, lots = market.contract, match.lots
        assert match.maker.price is not None
        ledger = account.ledger(contract.currency)
        profit = 0
        if market.contract.is_spot:
            coins = contract.base_units(lots)
            account.ledger(market.instrument.base_currency).balance += order.side * coins
            ledger.balance -= order.side * value
            self.balance_changed(account, market.instrument.base_currency)
        else:
            position = account.holding(market).position
            market.open_interest -= max(position.size, 0)
            profit = position.trade(contract, order.side, lots, match.maker.price, value)
            market.open_interest += max(position.size, 0)
            if market.contract.is_option:
                ledger.balance -= order.side * value
                ledger.options_session_rpl += profit
            else:
                ledger.session_rpl += profit
            self.traded(account, market)
        underlying = market.mark.underlying if market.mark else PriceE8(0)
        fee = contract.fee(lots, value, rate_ppm, underlying)
        ledger.balance -= fee
        ledger.fees_paid += fee
        self.state.treasury(contract.currency).fees += fee
        order.fee = Units(order.fee + fee)
        self.balance_changed(account, contract.currency)
        return FillSide(
            account_id=order.account_id,
            order_id=order.order_id,
            side=order.side,
            fee=fee,
            fee_currency=contract.currency,
            profit_loss=Units(profit),
            order_type=order.order_type,
            label=order.label,
            order_state=OrderState.OPEN if order.remaining else OrderState.FILLED,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
        )

    def _retire(self, market: Market, maker: Order) -> None:
        """End an order that was filled while it waited; the book has let go of it already."""
        self.state.accounts[maker.account_id].untrack(market, maker)
        del self.state.orders[maker.order_id]
        self.end(maker, OrderState.FILLED)

    def _forget_settled(self) -> None:
        """Drop the holdings of an instrument that has just been settled."""
        for account, holding in self._holdings.values():
            if not holding.market.is_open:
                account.ledger(holding.market.contract.currency).drop(holding)

    def _cut_back(self, holding: Holding) -> None:
        """Cut the orders that may only reduce a position back to what is left of it."""
        for order_id in sorted(holding.reduce_only):
            order = holding.reduce_only[order_id]
            left = holding.reducible(order.side)
            if left == 0:
                self.cancel(holding.market, order, CancelReason.REDUCE_ONLY)
            elif left < order.remaining:
                self.change(holding.market, order, Lots(order.filled + left), reduce_only=True)

    def _announce(self, order: Order) -> None:
        order.updated_ns = self.time_ns
        self.events.append(OrderEvent(order.view()))
