"""An exchange to stand on in tests: open accounts, listed instruments, one call per command.

Every call checks, after its command, what must hold after every command: books are not crossed,
positions sum to zero and money is conserved to the last unit.
"""

from collections.abc import Iterable
from typing import Self, TypedDict, Unpack

from strikewire.exchange import (
    BookView,
    CancelOrder,
    CancelOrders,
    Command,
    CreateCombo,
    Deposit,
    EditOrder,
    Event,
    Exchange,
    Fill,
    LevelChanged,
    Linked,
    Liquidate,
    ListInstrument,
    Mark,
    OpenAccount,
    OrderEvent,
    OrderType,
    OrderView,
    PlaceOrder,
    PositionView,
    Rejected,
    SetMarks,
    SettleInstrument,
    Summary,
    TimeInForce,
    Trigger,
    Withdraw,
)
from strikewire.model import (
    CURRENCIES,
    AccountId,
    InstrumentId,
    Kind,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    instrument,
)

ALICE = AccountId(1)
BOB = AccountId(2)
CAROL = AccountId(3)
ACCOUNTS = {ALICE: "alice", BOB: "bob", CAROL: "carol"}

PLENTY = Units(10**15)
"""What each account starts with in every currency, unless a test says otherwise: 10 million BTC."""

START_NS = 1_767_225_600_000_000_000
"""1 January 2026."""


class PlaceOptions(TypedDict, total=False):
    """What else may be said about a new order."""

    name: str
    """Of the instrument; the first one listed if left out."""

    time_in_force: TimeInForce
    post_only: bool
    reject_post_only: bool
    reduce_only: bool
    label: str
    display: int
    """Lots that are shown at a time."""

    hidden: bool
    order_type: OrderType
    """Limit with a price and market without one, if left out."""

    trigger: Trigger
    valid_until_ns: int
    linked: Linked
    mmp: bool


class EditOptions(TypedDict, total=False):
    """What else may be said about an edit."""

    post_only: bool
    reject_post_only: bool
    reduce_only: bool
    display_amount: Lots | None
    trigger_price: PriceE8
    trigger_offset: PriceE8
    valid_until_ns: int


class TradingFloor:
    """An exchange with Alice, Bob and Carol, and the instruments that a test names.

    The instrument that was listed first is the one that calls without a name mean.
    """

    def __init__(self, *names: str, cash: dict[str, int] | None = None) -> None:
        self.exchange = Exchange()
        self.seq = 0
        self.now_ns = START_NS
        self.ids: dict[str, InstrumentId] = {}
        for account_id, name in ACCOUNTS.items():
            self.apply(OpenAccount(account_id, name))
            for currency, units in (dict.fromkeys(CURRENCIES, PLENTY) | (cash or {})).items():
                if units:
                    self.apply(Deposit(account_id, currency, Units(units)))
        for name in names:
            self.list(name)

    @classmethod
    def at(cls, ticks: int, name: str = "BTC_USDC-PERPETUAL", **cash: int) -> Self:
        """Return a floor with one instrument, marked at a price in ticks."""
        floor = cls(name, cash=cash)
        floor.mark(ticks)
        return floor

    def apply(self, command: Command) -> tuple[Event, ...]:
        """Carry out a command as the next of the journal, and check what always holds."""
        self.seq += 1
        events = self.exchange.apply(self.seq, self.now_ns, command)
        self.check()
        return events

    def check(self) -> None:
        """Check what holds between any two commands."""
        for currency in CURRENCIES:
            money = self.exchange.money(currency)
            assert money.is_conserved, money
        sizes: dict[InstrumentId, list[int]] = {}
        for account in self.exchange.accounts:
            for view in self.exchange.positions(account.account_id):
                sizes.setdefault(view.instrument_id, []).append(view.size)
        for instrument_id in self.exchange.instruments:
            held = sizes.get(instrument_id, [])
            assert sum(held) == 0
            assert sum(filter(is_long, held)) == self.exchange.open_interest(instrument_id)
            assert not is_crossed(self.exchange.book(instrument_id))

    def list(self, name: str) -> InstrumentId:
        """List the instrument of a name, with the venue's specification."""
        instrument_id = InstrumentId(len(self.ids) + 1)
        self.apply(ListInstrument(instrument(name, instrument_id=instrument_id)))
        self.ids[name] = instrument_id
        return instrument_id

    def combine(self, *legs: tuple[str, int], by: AccountId = ALICE) -> str:
        """Create the combo of some instruments, each with its ratio, and return its name."""
        asked = tuple((self.id(name), ratio) for name, ratio in legs)
        Deed(self.apply(CreateCombo(by, asked))).expect_accepted()
        one = self.exchange.combo(asked)
        assert one is not None
        self.ids[one.name] = InstrumentId(one.instrument_id)
        return one.name

    def id(self, name: str | None = None) -> InstrumentId:
        """Return the id of a listed instrument."""
        return self.ids[name] if name else next(iter(self.ids.values()))

    def mark(
        self,
        ticks: int | None = None,
        name: str | None = None,
        *,
        price: float | None = None,
        underlying: float | None = None,
        funding_rate: int = 0,
        delta_e5: int = 0,
        vega_e5: int = 0,
    ) -> None:
        """Mark an instrument, at a price in ticks or in its quote currency.

        Args:
            ticks: The mark in ticks, or `price` in the quote currency.
            name: Of the instrument.
            price: See `ticks`.
            underlying: In the counter currency; the mark itself if left out. The index follows.
            funding_rate: Of a perpetual, in 1e-12 per eight hours.
            delta_e5: Of an option, in 1e-5.
            vega_e5: Of an option, in 1e-5 of the counter currency.
        """
        one = self.exchange.instruments[self.id(name)]
        quoted = float(ticks * one.tick_size) if ticks is not None else price
        assert quoted is not None
        forward = e8(quoted if underlying is None else underlying)
        mark = Mark(self.id(name), e8(quoted), 500_000, forward, funding_rate, delta_e5, vega_e5)
        self.apply(SetMarks(((one.price_index, forward),), (mark,)))

    def buy(
        self,
        account_id: AccountId,
        lots: int,
        at: int | None = None,
        **more: Unpack[PlaceOptions],
    ) -> "Deed":
        """Place a buy order: a limit order at a price in ticks, a market order without one."""
        return self._place(account_id, Side.BUY, lots, at, more)

    def sell(
        self,
        account_id: AccountId,
        lots: int,
        at: int | None = None,
        **more: Unpack[PlaceOptions],
    ) -> "Deed":
        """Place a sell order: a limit order at a price in ticks, a market order without one."""
        return self._place(account_id, Side.SELL, lots, at, more)

    def edit(
        self, order_id: int, lots: int, at: int | None = None, **more: Unpack[EditOptions]
    ) -> "Deed":
        """Edit an order as its owner."""
        order = self.exchange.order(OrderId(order_id))
        assert order is not None
        price = None if at is None else Ticks(at)
        command = EditOrder(
            account_id=order.account_id,
            order_id=OrderId(order_id),
            amount=Lots(lots),
            price=price,
            **more,
        )
        return Deed(self.apply(command))

    def cancel(self, order_id: int) -> "Deed":
        """Cancel an order as its owner."""
        order = self.exchange.order(OrderId(order_id))
        assert order is not None
        return Deed(self.apply(CancelOrder(order.account_id, OrderId(order_id))))

    def cancel_all(
        self,
        account_id: AccountId,
        name: str | None = None,
        *,
        currency: str | None = None,
        kind: Kind | None = None,
    ) -> "Deed":
        """Cancel an account's orders, in one instrument if it is named."""
        instrument_id = self.id(name) if name else None
        return Deed(self.apply(CancelOrders(account_id, instrument_id, currency, kind)))

    def liquidate(self) -> "Deed":
        """Carry out one round of liquidation."""
        return Deed(self.apply(Liquidate()))

    def settle(self, name: str, delivery_price: float) -> "Deed":
        """Settle an instrument, at a price of its underlying; it must be time."""
        return Deed(self.apply(SettleInstrument(self.id(name), e8(delivery_price))))

    def expire(self, name: str) -> None:
        """Let the time come at which an instrument expires."""
        expiry_ns = self.exchange.instruments[self.id(name)].expiry_ns
        assert expiry_ns is not None
        self.now_ns = expiry_ns

    def leave(self, account_id: AccountId, currency: str, units: int) -> None:
        """Withdraw all of an account's cash in a currency but this much."""
        surplus = self.summary(account_id, currency).balance - units
        Deed(self.apply(Withdraw(account_id, currency, Units(surplus)))).expect_accepted()

    def draw(self, drawing: str, name: str | None = None, *, owner: AccountId = ALICE) -> None:
        """Place the orders that a ladder shows, asks first and from top to bottom, one per amount.

        A cell may hold several amounts, in the order in which they wait: `5 3` is an order of 5
        with one of 3 behind it.
        """
        book = BookView(self.id(name), [], [], 0)
        for price, amounts, side in _cells(drawing):
            orders = book.bids if side is Side.BUY else book.asks
            orders += [(Ticks(price), Lots(int(amount))) for amount in amounts.split()]
        options: PlaceOptions = {"name": name} if name else {}
        for price, lots in book.asks:
            self.sell(owner, lots, price, **options)
        for price, lots in book.bids:
            self.buy(owner, lots, price, **options)

    def book(self, name: str | None = None) -> str:
        """Return a book as a ladder, to be compared with one that `ladder` made of a drawing."""
        return drawn(self.exchange.book(self.id(name)))

    def position(self, account_id: AccountId, name: str | None = None) -> PositionView:
        """Return an account's position."""
        view = self.exchange.position(account_id, self.id(name))
        assert view is not None
        return view

    def summary(self, account_id: AccountId, currency: str) -> Summary:
        """Return what an account has in a currency."""
        view = self.exchange.summary(account_id, currency)
        assert view is not None
        return view

    def order(self, order_id: int) -> OrderView:
        """Return an order, open or closed."""
        view = self.exchange.order(OrderId(order_id))
        assert view is not None
        return view

    def _place(
        self, account_id: AccountId, side: Side, lots: int, at: int | None, more: PlaceOptions
    ) -> "Deed":
        usual = OrderType.MARKET if at is None else OrderType.LIMIT
        command = PlaceOrder(
            account_id=account_id,
            instrument_id=self.id(more.get("name")),
            side=side,
            order_type=more.get("order_type", usual),
            amount=Lots(lots),
            price=None if at is None else Ticks(at),
            time_in_force=more.get("time_in_force", TimeInForce.GTC),
            post_only=more.get("post_only", False),
            reject_post_only=more.get("reject_post_only", False),
            reduce_only=more.get("reduce_only", False),
            label=more.get("label", ""),
            display_amount=_lots(more.get("display")),
            trigger=more.get("trigger"),
            valid_until_ns=more.get("valid_until_ns"),
            linked=more.get("linked"),
            mmp=more.get("mmp", False),
            hidden=more.get("hidden", False),
        )
        return Deed(self.apply(command))


class Deed:
    """What one command did."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self.events = events

    @property
    def order(self) -> OrderView:
        """The last state of the order that the command was about."""
        about = self.orders
        assert about, self.events
        if self.fills:
            taker_id = self.fills[0].taker.order_id
            about = [view for view in about if view.order_id == taker_id]
        return about[-1]

    @property
    def orders(self) -> list[OrderView]:
        """Every order that changed, in the order of the events."""
        return [event.order for event in self.events if isinstance(event, OrderEvent)]

    @property
    def fills(self) -> list[Fill]:
        """Every fill."""
        return [event for event in self.events if isinstance(event, Fill)]

    @property
    def trades(self) -> list[tuple[int, int]]:
        """Price in ticks and lots of every fill."""
        return [(fill.price, fill.amount) for fill in self.fills]

    @property
    def levels(self) -> list[tuple[int, int, int]]:
        """Price, amount and change id of every level that changed."""
        return [
            (event.price, event.amount, event.change_id)
            for event in self.events
            if isinstance(event, LevelChanged)
        ]

    @property
    def is_rejected(self) -> bool:
        """Whether the command was refused."""
        return any(isinstance(event, Rejected) for event in self.events)

    def expect_accepted(self) -> None:
        """Fail if the command was refused."""
        assert not self.is_rejected, self.events

    @property
    def rejected(self) -> Rejected:
        """Why the command was refused."""
        (event,) = self.events
        assert isinstance(event, Rejected), event
        return event


def _lots(count: int | None) -> Lots | None:
    return None if count is None else Lots(count)


def e8(price: float) -> PriceE8:
    """Return a price of the quote currency in 1e-8 of it."""
    return PriceE8(round(price * 1e8))


def ladder(drawing: str) -> str:
    """Return a drawn book in the form in which `TradingFloor.book` returns one."""
    rows: dict[int, dict[Side, int]] = {}
    for price, amounts, side in _cells(drawing):
        rows.setdefault(price, {})[side] = sum(map(int, amounts.split()))
    return _rows(rows)


def drawn(book: BookView) -> str:
    """Return a book as a ladder, highest price on top."""
    rows: dict[int, dict[Side, int]] = {}
    for side, levels in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
        for price, lots in levels:
            rows.setdefault(price, {})[side] = lots
    return _rows(rows)


def is_long(size: int) -> bool:
    """Say whether a position is long."""
    return size > 0


def is_crossed(book: BookView) -> bool:
    """Say whether the best bid is at or above the best ask."""
    return bool(book.bids and book.asks) and book.bids[0][0] >= book.asks[0][0]


def _cells(drawing: str) -> Iterable[tuple[int, str, Side]]:
    """Return price, amounts and side of each filled cell: `bids | price | asks`, top first."""
    for line in filter(None, map(str.strip, drawing.splitlines())):
        bid, price, ask = (cell.strip() for cell in line.split("|"))
        if bid:
            yield int(price), bid, Side.BUY
        if ask:
            yield int(price), ask, Side.SELL


def _rows(rows: dict[int, dict[Side, int]]) -> str:
    return "\n".join(
        f"{row.get(Side.BUY, ''):>6} | {price} | {row.get(Side.SELL, '')}".rstrip()
        for price, row in sorted(rows.items(), reverse=True)
    )
