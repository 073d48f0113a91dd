"""Carrying out what was decided: fills, orders that come to rest or end, and their events.

A `Turn` is the work of one command. It collects what happened in the order in which readers need
it, and at its end settles what follows from it: orders that may only reduce are cut back to the
position that is left, margin sums are brought up to date, and levels are announced.
"""

from collections import deque
from typing import NamedTuple

from msgspec import Struct, structs

from strikewire.exchange.commands import CancelReason, TriggerPriceType
from strikewire.exchange.events import (
    BalanceChanged,
    Event,
    Fill,
    FillSide,
    MmpTriggered,
    OrderEvent,
    OrderState,
    PositionChanged,
)
from strikewire.exchange.orders.combo_trades import LegTrade, combo_fees, leg_trades
from strikewire.exchange.orders.matching import Match, Plan
from strikewire.exchange.orders.protecting import exposure, is_under, protection_of
from strikewire.exchange.state.conditional import ConditionalOrder
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.state import Account, State
from strikewire.exchange.state.transactions import NOTHING, About, Transaction, TransactionType
from strikewire.exchange.state.views import position_view
from strikewire.model import (
    AccountId,
    BlockTradeId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
    format_block_trade_id,
    ticks_to_e8,
)


class Moved(NamedTuple):
    """What a change of a position brings its owner, in settlement units.

    Attributes:
        cash: To be paid into the balance: an option's premium, 0 for a future.
        profit: Realised by it.
        funding: Realised with it, of a perpetual.
    """

    cash: int
    profit: int
    funding: int


class Block(NamedTuple):
    """The block trade of which a trade is a leg.

    Attributes:
        block_trade_id: Of it.
        legs: How many it has.
    """

    block_trade_id: BlockTradeId
    legs: int


class Combo(NamedTuple):
    """The trade in a combo of which a trade is a leg.

    Attributes:
        instrument_id: Of the combo.
        trade_id: In it.
        side: Of the taker in this leg.
    """

    instrument_id: InstrumentId
    trade_id: TradeId
    side: Side


class Fact(Struct, frozen=True):
    """Something that happened to an order that is tied to others: a trade, its price, its end."""

    order: Order | ConditionalOrder
    lots: int = 0
    """Traded; 0 if its price came."""

    before: int = 0
    """What it still wanted before that."""

    is_over: bool = False
    """Whether it has ended, and not traded."""


def fill_side(order: Order, side: Side, *, fee: Units, profit: int, currency: str) -> FillSide:
    """Return what a fill means to the owner of one of its two orders.

    Args:
        order: As the fill left it.
        side: On which it traded.
        fee: Paid.
        profit: Realised.
        currency: Of both.
    """
    return FillSide(
        account_id=order.account_id,
        order_id=order.order_id,
        side=side,
        fee=fee,
        fee_currency=currency,
        profit_loss=Units(profit),
        order_type=order.order_type,
        label=order.label,
        order_state=OrderState.OPEN if order.remaining else OrderState.FILLED,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        is_liquidation=order.is_liquidation,
        mmp=order.mmp,
    )


class Turn:
    """One command's work on the state, and the events of it."""

    __slots__ = (
        "_balances",
        "_holdings",
        "_markets",
        "_traded",
        "_triggered",
        "_uncut",
        "_unvalued",
        "events",
        "facts",
        "last",
        "moves",
        "state",
        "time_ns",
        "waking",
    )

    def __init__(self, state: State, time_ns: int) -> None:
        self.state = state
        self.time_ns = time_ns
        self.events: list[Event] = []
        self.last: Event | None = None
        """An event that comes after all others."""

        self.facts: deque[Fact] = deque()
        """What happened to orders that are tied to others, until those have answered to it."""

        self.waking: dict[OrderId, ConditionalOrder] = {}
        """Dormant orders that others have let go, in that order, until they come in."""

        self.moves: deque[tuple[Market, TriggerPriceType, PriceE8]] = deque()
        """Prices that somebody waits for, in the order in which they came up, until they have
        been looked at."""

        self._holdings: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._triggered: deque[tuple[Account, Protection]] = deque()
        self._traded: set[tuple[AccountId, InstrumentId]] = set()
        self._uncut: set[tuple[AccountId, InstrumentId]] = set()
        self._unvalued: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._balances: dict[tuple[AccountId, str], None] = {}
        self._markets: dict[InstrumentId, Market] = {}

    def execute(self, market: Market, taker: Order, plan: Plan) -> None:
        """Carry out a plan: cancel what must not trade, fill what was matched."""
        for order in plan.own:
            self.cancel(market, order, CancelReason.SELF_TRADE_PREVENTION)
        for match in plan.matches:
            self._fill(market, taker, match)
        for order in plan.unpaid:
            self.cancel(market, order, CancelReason.INSUFFICIENT_FUNDS)

    def trade_block(
        self,
        market: Market,
        maker: Order,
        taker: Order,
        *,
        fees: tuple[Units, Units],
        block: Block,
    ) -> None:
        """Let two orders trade all they want with each other, outside of the book.

        The public sees the trade; the last price, and who waits for it, do not.

        Args:
            market: Of the leg.
            maker: Has a price.
            taker: Wants as much on the other side.
            fees: Of maker and taker.
            block: Of which this is a leg.
        """
        price, lots = maker.price, maker.amount
        assert price is not None
        assert taker.amount == lots
        for order in (maker, taker):
            order.filled, order.filled_value = lots, lots * price
        market.trade_seq += 1
        value = market.contract.value(lots, price)
        orders = (maker, taker)
        self._trade(market, orders, price=price, lots=lots, value=value, fees=fees, block=block)
        for order in orders:
            self.end(order, OrderState.FILLED)

    def rest(self, market: Market, order: Order) -> None:
        """Let an order wait in the book."""
        account = self.state.accounts[order.account_id]
        self.state.orders.put(order)
        self.state.begin_day(order)
        account.track(market, order)
        market.book.add(order)
        self.touch(account, market)
        self._announce(order)

    def lift(self, market: Market, order: Order) -> None:
        """Take an order out of the book, to end it or to bring it in again."""
        account = self.state.accounts[order.account_id]
        market.book.remove(order)
        account.untrack(market, order)
        self.state.day_orders.pop(order.order_id, None)
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
        # An order with ties loses them as the others answer; it is looked up as it was.
        self.state.archive_order(self.state.accounts[order.account_id], order)
        self.events.append(OrderEvent(order.view()))
        if order.link is not None:
            self.facts.append(Fact(order, is_over=True))

    def pay(
        self,
        account: Account,
        currency: str,
        amount: int,
        reason: TransactionType,
        *,
        fee: int = 0,
        about: About = NOTHING,
    ) -> None:
        """Move an account's cash, and write it into its transaction log. All cash moves here.

        Where it comes from or goes to is the caller's to say, with a payment of another account
        or in the venue's own books; only the fee is booked here.

        Args:
            account: Whose cash.
            currency: Of it.
            amount: Settlement units; positive into the balance. It includes the fee.
            reason: Why.
            fee: What of it the venue keeps; negative: what the venue gives on top.
            about: What it was for.
        """
        ledger = account.ledger(currency)
        ledger.balance += amount
        if fee:
            ledger.fees_paid += fee
            self.state.treasury(currency).fees += fee
        account.transactions += 1
        ledger.log(
            Transaction(
                transaction_id=self.state.next_transaction_id,
                account_seq=account.transactions,
                time_ns=self.time_ns,
                account_id=account.account_id,
                currency=currency,
                type=reason,
                amount=Units(amount),
                fee=Units(fee),
                balance=Units(ledger.balance),
                about=about,
            )
        )
        self.state.next_transaction_id += 1
        self.balance_changed(account, currency)

    def transfer(
        self,
        payer: Account,
        payee: Account,
        currency: str,
        amount: int,
        reason: TransactionType,
        *,
        about: About = NOTHING,
    ) -> None:
        """Move cash from one account to another.

        Args:
            payer: Whose balance sinks.
            payee: Whose balance rises by the same.
            currency: Of the cash.
            amount: Settlement units; negative: the other way round.
            reason: Why.
            about: What it was for, but for the account at the other end.
        """
        to, back = payee.account_id, payer.account_id
        self.pay(payer, currency, -amount, reason, about=structs.replace(about, other_account=to))
        self.pay(payee, currency, amount, reason, about=structs.replace(about, other_account=back))

    def move(
        self, account: Account, market: Market, side: Side, *, lots: int, price: Ticks, value: int
    ) -> Moved:
        """Change a position by a trade; its profit, and funding up to now, go into the session.

        Args:
            account: Whose.
            market: Of a future or an option.
            side: On which the account trades.
            lots: Positive.
            price: Of the trade; it moves the average price.
            value: Of the trade, the same integer that its other side gets.

        Returns:
            What it brings; the cash has still to be paid into the balance.
        """
        contract = market.contract
        funding = self.accrue(account, market)
        holding, ledger = account.holding(market), account.ledger(contract.currency)
        position = holding.position
        market.open_interest -= max(position.size, 0)
        profit = position.trade(contract, side, lots, price, value)
        holding.forget_funding()
        market.open_interest += max(position.size, 0)
        self.traded(account, market)
        if contract.is_option:
            ledger.options_session_rpl += profit
            return Moved(-side * value, profit, 0)
        ledger.session_rpl += profit
        self.balance_changed(account, contract.currency)
        return Moved(0, profit, funding)

    def accrue(self, account: Account, market: Market) -> int:
        """Realise the funding of a position up to now, and return what it brought."""
        if market.funding is None:
            return 0
        currency = market.contract.currency
        owed = account.holding(market).realize_funding(self.time_ns)
        ledger = account.ledger(currency)
        ledger.session_rpl -= owed
        ledger.session_funding -= owed
        self.state.treasury(currency).funding += owed
        return -owed

    def wait(self, order: ConditionalOrder) -> None:
        """Let an order wait outside of the book."""
        self.state.keep(order)
        self.events.append(OrderEvent(order.view()))

    def wake(self, order: ConditionalOrder) -> None:
        """Let a dormant order come in when all ties have been worked off."""
        self.waking[order.order_id] = order

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
        self.state.release(order)
        order.updated_ns = self.time_ns
        view = order.view(
            state,
            cancel_reason=cancel_reason,
            reject_reason=reject_reason,
            triggered_order_id=triggered_order_id,
        )
        self.state.archive_order(self.state.accounts[order.account_id], view)
        self.events.append(OrderEvent(view))
        if order.link is not None and state is not OrderState.TRIGGERED:
            self.facts.append(Fact(order, is_over=True))

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
        for leg in market.legs:
            self.touch(account, leg.market)
        key = (account.account_id, instrument_id)
        if key not in self._holdings:
            self._holdings[key] = (account, account.holding(market))
            self._markets[instrument_id] = market
        self._unvalued[key] = self._holdings[key]

    def has_touched(self, account: Account, market: Market) -> bool:
        """Say whether the command has changed an account's orders or position in an instrument."""
        return (account.account_id, market.instrument_id) in self._holdings

    def settle(self) -> None:
        """Let follow what follows from trades so far, so that another order may come in.

        Protections act, orders that may only reduce are cut back, and margin sums are brought up
        to date.
        """
        self.protect()
        uncut, self._uncut = sorted(self._uncut), set()
        for key in uncut:
            self._cut_back(self._holdings[key][1])
        self.revalue()

    def protect(self) -> None:
        """Let the protections act that trades have triggered: cancel all that is under them."""
        while self._triggered:
            account, one = self._triggered.popleft()
            about = (account.account_id, one.index, one.group)
            self.events.append(MmpTriggered(*about, one.frozen_until_ns))
            self.unprotect(account, one, CancelReason.MMP_TRIGGER)

    def unprotect(self, account: Account, protection: Protection, reason: CancelReason) -> None:
        """Cancel every order of an account that is under a protection, oldest first."""
        for order in account.orders.values():
            market = self.state.markets[order.instrument_id]
            if is_under(protection, market, order):
                self.cancel(market, order, reason)

    def revalue(self) -> None:
        """Work margin out anew for all that was touched: for who must look at it within a turn."""
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
        account = self.state.accounts[maker.account_id]
        account.shrink(market, maker, lots)
        self.touch(account, market)
        market.book.fill(maker, lots)
        taker.filled = Lots(taker.filled + lots)
        taker.filled_value += lots * maker.price
        both, price = (maker, taker), maker.price
        market.print_trade(price)
        if market.legs:
            self._trade_combo(market, maker, taker, lots)
        else:
            value = market.contract.value(lots, price)
            fees = self._fees(market, both, lots, value)
            self._trade(market, both, price=price, lots=lots, value=value, fees=fees)
        self.moved(market, TriggerPriceType.LAST, ticks_to_e8(market.instrument, price))
        for order in (maker, taker):
            if order.link is not None:
                self.facts.append(Fact(order, lots, order.remaining + lots))
            if order.mmp is not None:
                self._count(market, order, lots, maker.price)
        if maker.remaining:
            self._announce(maker)
        else:
            self._retire(market, maker)

    def _trade(
        self,
        market: Market,
        orders: tuple[Order, Order],
        *,
        price: Ticks,
        lots: int,
        value: Units,
        fees: tuple[Units, Units],
        block: Block | None = None,
        combo: Combo | None = None,
    ) -> Fill:
        """Move money and positions between two orders that trade, and tell of it.

        Args:
            market: Has counted the trade already.
            orders: Maker and taker.
            price: In ticks.
            lots: Positive.
            value: Of the trade.
            fees: Of maker and taker.
            block: The block trade of which this is a leg.
            combo: The trade in a combo of which this is a leg.
        """
        maker, taker = orders
        side = combo.side if combo else taker.side
        mark, rest = market.mark, (price, lots, value)
        fill = Fill(
            trade_id=TradeId(self.state.next_trade_id),
            trade_seq=market.trade_seq,
            instrument_id=market.instrument_id,
            price=price,
            amount=Lots(lots),
            taker_side=side,
            tick_direction=market.tick_direction,
            time_ns=self.time_ns,
            mark=mark.price if mark else PriceE8(0),
            index=self.state.indices.get(market.instrument.price_index, PriceE8(0)),
            iv_e4=mark.iv_e4 if mark else 0,
            maker=self._clear(market, maker, side.opposite, rest, fee=fees[0], block=block),
            taker=self._clear(market, taker, side, rest, fee=fees[1], block=block, is_maker=False),
            block_trade_id=block.block_trade_id if block else BlockTradeId(0),
            block_trade_legs=block.legs if block else 0,
            combo_id=combo.instrument_id if combo else None,
            combo_trade_id=combo.trade_id if combo else None,
        )
        self._print(market, fill)
        return fill

    def _trade_combo(self, market: Market, maker: Order, taker: Order, lots: int) -> None:
        """Carry out a trade of two orders in a combo: each leg, and then what it was in all."""
        price = maker.price
        assert price is not None
        accounts = self.state.accounts
        trades = leg_trades(market, taker.side, price=price, lots=lots)
        maker_fees = combo_fees(accounts[maker.account_id], trades, is_maker=True)
        taker_fees = combo_fees(accounts[taker.account_id], trades, is_maker=False)
        trade_id = TradeId(self.state.next_trade_id + len(trades))
        legs = tuple(
            self._trade_leg(
                one, (maker, taker), fees, Combo(market.instrument_id, trade_id, one.side)
            )
            for one, fees in zip(trades, zip(maker_fees, taker_fees, strict=True), strict=True)
        )
        sides = [
            fill_side(
                order,
                order.side,
                fee=Units(sum(one.fee for one in parts)),
                profit=sum(one.profit_loss for one in parts),
                currency=market.contract.currency,
            )
            for order, parts in (
                (maker, [leg.maker for leg in legs]),
                (taker, [leg.taker for leg in legs]),
            )
        ]
        fill = Fill(
            trade_id=trade_id,
            trade_seq=market.trade_seq,
            instrument_id=market.instrument_id,
            price=price,
            amount=Lots(lots),
            taker_side=taker.side,
            tick_direction=market.tick_direction,
            time_ns=self.time_ns,
            mark=market.mark_price or PriceE8(0),
            index=legs[0].index,
            iv_e4=0,
            maker=sides[0],
            taker=sides[1],
            legs=legs,
        )
        self._print(market, fill)

    def _trade_leg(
        self, one: LegTrade, orders: tuple[Order, Order], fees: tuple[Units, Units], combo: Combo
    ) -> Fill:
        """Carry out a trade in a combo in one of its legs: a trade like any other there."""
        market = one.leg.market
        market.print_trade(one.price)
        fill = self._trade(
            market,
            orders,
            price=one.price,
            lots=one.lots,
            value=one.value,
            fees=fees,
            combo=combo,
        )
        self.moved(market, TriggerPriceType.LAST, ticks_to_e8(market.instrument, one.price))
        return fill

    def _print(self, market: Market, fill: Fill) -> None:
        """Keep a fill for its owners and for the public, and announce it."""
        assert fill.trade_id == self.state.next_trade_id
        self.state.next_trade_id += 1
        self.state.archive_fill(fill)
        market.trades.append(fill)
        self.events.append(fill)

    def _count(self, market: Market, order: Order, lots: int, price: Ticks) -> None:
        """Count a trade of a protected order."""
        account = self.state.accounts[order.account_id]
        assert order.mmp is not None
        protection = protection_of(account, market, order.mmp.group)
        assert protection is not None
        meant = exposure(market, order.side, lots, price)
        if protection.count(
            self.time_ns,
            quantity_e8=meant.quantity_e8,
            delta_e8=meant.delta_e8,
            vega_e8=meant.vega_e8,
        ):
            self._triggered.append((account, protection))

    def _fees(
        self, market: Market, orders: tuple[Order, Order], lots: int, value: Units
    ) -> tuple[Units, Units]:
        """Return what maker and taker pay for a trade in the book."""
        underlying = market.mark.underlying if market.mark else PriceE8(0)
        maker, taker = (self.state.accounts[one.account_id].rates(market) for one in orders)
        return (
            market.contract.fee(lots, value, maker.maker_ppm, underlying),
            market.contract.fee(lots, value, taker.taker_ppm, underlying),
        )

    def _clear(
        self,
        market: Market,
        order: Order,
        side: Side,
        trade: tuple[Ticks, int, Units],
        *,
        fee: Units,
        block: Block | None,
        is_maker: bool = True,
    ) -> FillSide:
        """Move the money and the position of one side of a trade: its price, lots and value."""
        account = self.state.accounts[order.account_id]
        contract = market.contract
        price, lots, value = trade
        order.fee = Units(order.fee + fee)
        moved = Moved(-side * value, 0, 0)
        if not contract.is_spot:
            moved = self.move(account, market, side, lots=lots, price=price, value=value)
        about = About(
            instrument_id=market.instrument_id,
            side=side,
            lots=Lots(lots),
            price=ticks_to_e8(market.instrument, price),
            position=0 if contract.is_spot else account.holding(market).size,
            profit=Units(moved.profit),
            funding=Units(moved.funding),
            trade_id=TradeId(self.state.next_trade_id),
            order_id=order.order_id,
            is_maker=is_maker,
            note=format_block_trade_id(block.block_trade_id) if block else "",
        )
        reason = TransactionType.TRADE
        if contract.is_spot:
            coins = side * contract.base_units(lots)
            self.pay(account, market.instrument.base_currency, coins, reason, about=about)
        self.pay(account, contract.currency, moved.cash - fee, reason, fee=fee, about=about)
        return fill_side(order, side, fee=fee, profit=moved.profit, currency=contract.currency)

    def _retire(self, market: Market, maker: Order) -> None:
        """End an order that was filled while it waited; the book has let go of it already."""
        self.state.accounts[maker.account_id].untrack(market, maker)
        self.state.day_orders.pop(maker.order_id, None)
        self.end(maker, OrderState.FILLED)

    def _forget_settled(self) -> None:
        """Drop the holdings of an instrument that has just been settled."""
        for account, holding in self._holdings.values():
            if not holding.market.is_open:
                account.ledger(holding.market.contract.currency).drop(holding)

    def _cut_back(self, holding: Holding) -> None:
        """Cut the orders that may only reduce a position back to what is left of it."""
        for _, order in sorted((holding.reduce_only or {}).items()):
            left = holding.reducible(order.side)
            if left == 0:
                self.cancel(holding.market, order, CancelReason.REDUCE_ONLY)
            elif left < order.remaining:
                self.change(holding.market, order, Lots(order.filled + left), reduce_only=True)

    def _announce(self, order: Order) -> None:
        order.updated_ns = self.time_ns
        self.events.append(OrderEvent(order.view()))
