"""A whole day of one venue, told by a seed: makers, takers, an expiry, a crash, who it ruins.

The index walks, and falls by a fifth at five in the morning. Makers quote futures and options
around their marks and move their quotes with them, some of them many at once and under protection;
takers cross the spread with too little money, so some of them are liquidated, and leave orders that
wait for a price. At eight in the morning the day's options are delivered.

What comes next depends on the exchange as it is, so a day can be told on after a restart: the rest
is another one then, but as good.
"""

from collections.abc import Iterator
from random import Random  # noqa: TID251 - seeded here and nowhere else
from typing import NamedTuple

from strikewire.exchange import (
    CancelOrder,
    CancelOrders,
    Command,
    Deposit,
    EditOrder,
    Event,
    Exchange,
    Liquidate,
    ListInstrument,
    Mark,
    MassQuote,
    MmpConfig,
    OpenAccount,
    OrderEvent,
    OrderState,
    OrderType,
    PlaceOrder,
    Quote,
    QuoteSide,
    SetMarks,
    SetMmp,
    SettleInstrument,
    TimeInForce,
    Trigger,
    TriggerPriceType,
    Withdraw,
)
from strikewire.model import (
    CURRENCIES,
    AccountId,
    Instrument,
    InstrumentId,
    Lots,
    OptionType,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    instrument,
    round_to_tick,
    ticks_to_e8,
)
from strikewire.pricing.black76 import price, years_to_expiry

START_NS = 1_767_225_600_000_000_000
"""1 January 2026, midnight UTC."""

DAY_NS = 86_400 * 10**9
SECOND_NS = 10**9

EXPIRY_NS = START_NS + 8 * 3600 * SECOND_NS
"""When the day's options are delivered."""

CRASH_NS = START_NS + 5 * 3600 * SECOND_NS
"""When the index falls by a fifth."""

CRASH = 0.8
FIRST_INDEX = 60_000.0
VOLATILITY = 0.6
"""Of the index and of every option, a year."""

MAKERS = 8
QUOTERS = 3
"""How many of the makers send mass quotes besides."""

TAKERS = 40
GROUP = "book"
"""Of the mass quotes."""

PROTECTION = MmpConfig(
    interval_s=60,
    frozen_s=120,
    max_quote_quantity_e8=1_000 * 10**8,
    quantity_e8=3 * 10**8,
)
STRIKES = range(48_000, 74_000, 2_000)
FUTURES = ("BTC-PERPETUAL", "BTC_USDC-PERPETUAL", "BTC-30JAN26", "BTC_USDC")
OPTIONS = ("BTC-1JAN26", "BTC-2JAN26", "BTC-30JAN26", "BTC_USDC-2JAN26")
MAKERS_CASH = {"BTC": 2_000.0, "USDC": 100_000_000.0}
TAKERS_CASH = {"BTC": 0.2, "USDC": 10_000.0}
LIVE_ORDERS = 4_000
"""About how many orders wait in all books."""


class Timed(NamedTuple):
    """A command, and the nanoseconds since the Unix epoch at which it comes."""

    time_ns: int
    command: Command


class TradingDay:
    """One day's commands for an exchange that carries them out as they are asked for.

    Args:
        seed: Of everything that chance decides.
        commands: About how many the day has.
    """

    def __init__(self, seed: int, *, commands: int) -> None:
        self.dice = Random(seed)
        self.step_ns = DAY_NS // commands
        self.marks_ns = max(60 * SECOND_NS, 20 * self.step_ns)
        self.index = FIRST_INDEX
        self.delivery: list[float] = []
        self.live: list[tuple[AccountId, OrderId]] = []
        """Orders that were made to wait; some of them are gone by now."""

        self.newest = OrderId(0)

    def opening(self) -> Iterator[Timed]:
        """Yield what opens the venue: accounts, their money, instruments, the first marks."""
        for number in range(1, MAKERS + TAKERS + 1):
            account_id = AccountId(number)
            is_maker = number <= MAKERS
            yield Timed(
                START_NS, OpenAccount(account_id, f"{'maker' if is_maker else 'taker'} {number}")
            )
            for currency, coins in (MAKERS_CASH if is_maker else TAKERS_CASH).items():
                yield Timed(START_NS, Deposit(account_id, currency, units(currency, coins)))
        for number, name in enumerate(names(), start=1):
            yield Timed(START_NS, ListInstrument(instrument(name, instrument_id=number)))
        for number in range(1, QUOTERS + 1):
            for index in ("btc_usd", "btc_usdc"):
                for group in ("", GROUP):
                    yield Timed(START_NS, SetMmp(AccountId(number), index, group, PROTECTION))

    def commands(self, exchange: Exchange, now_ns: int = START_NS) -> Iterator[Timed]:
        """Yield the rest of the day from `now_ns` on.

        Args:
            exchange: Has carried out all commands so far; read before each new one.
            now_ns: When the day goes on, in nanoseconds since the Unix epoch.
        """
        self._recall(exchange)
        marked_ns = 0
        while now_ns < START_NS + DAY_NS:
            if now_ns >= EXPIRY_NS:
                for one in expired(exchange, now_ns):
                    yield Timed(now_ns, SettleInstrument(one, e8(self._delivery_price())))
            if now_ns - marked_ns >= self.marks_ns:
                self._walk(marked_ns, now_ns)
                marked_ns = now_ns
                yield Timed(now_ns, self._marks(exchange, now_ns))
                if exchange.is_liquidation_due:
                    yield Timed(now_ns, Liquidate())
            yield Timed(now_ns, self._order(exchange))
            now_ns += self.step_ns

    def learn(self, events: tuple[Event, ...]) -> None:
        """Take note of what the last command did."""
        for event in events:
            if isinstance(event, OrderEvent) and event.order.order_id > self.newest:
                self.newest = event.order.order_id
                if event.order.state is OrderState.OPEN:
                    self.live.append((event.order.account_id, event.order.order_id))

    def _recall(self, exchange: Exchange) -> None:
        """Learn what is known already: where the index stands, and which orders wait."""
        index = exchange.indices.get("btc_usd")
        if index is not None:
            self.index = index / 10**8
        self.live = [
            (view.account_id, order.order_id)
            for view in exchange.accounts
            for order in exchange.open_orders(view.account_id)
        ]
        self.newest = max((order_id for _, order_id in self.live), default=self.newest)

    def _walk(self, before_ns: int, now_ns: int) -> None:
        """Move the index over the time since it last moved."""
        if before_ns < CRASH_NS <= now_ns and before_ns:
            self.index *= CRASH
        years = (now_ns - max(before_ns, now_ns - DAY_NS)) / (365 * DAY_NS)
        self.index *= 1 + self.dice.gauss(0, VOLATILITY * years**0.5)
        if EXPIRY_NS - 1800 * SECOND_NS <= now_ns < EXPIRY_NS:
            self.delivery.append(self.index)

    def _delivery_price(self) -> float:
        """Return the average of the index over the last half hour."""
        return sum(self.delivery) / len(self.delivery) if self.delivery else self.index

    def _marks(self, exchange: Exchange, now_ns: int) -> SetMarks:
        underlying = e8(self.index)
        marks = [
            Mark(instrument_id, e8(self._mark(one, now_ns)), _iv_e4(one), underlying)
            for instrument_id, one in exchange.instruments.items()
            if exchange.is_open(instrument_id)
        ]
        return SetMarks((("btc_usd", underlying), ("btc_usdc", underlying)), tuple(marks))

    def _mark(self, one: Instrument, now_ns: int) -> float:
        """Return what an instrument is worth, in its quote currency."""
        if not one.is_option:
            return self.index
        assert one.strike is not None
        assert one.expiry_ns is not None
        worth = price(
            forward=self.index,
            strike=float(one.strike),
            years=max(years_to_expiry(now_ns, one.expiry_ns), 1e-9),
            sigma=VOLATILITY,
            is_call=one.option_type is OptionType.CALL,
        )
        return worth / self.index if one.is_inverse else worth

    # What somebody wants

    def _order(self, exchange: Exchange) -> Command:
        """Return what somebody wants now: most of it is quoting."""
        chance = self.dice.random()
        crowded = len(self.live) / LIVE_ORDERS
        if chance < 0.004:
            return self._cash()
        if chance < 0.005:
            return CancelOrders(self._maker(), self._instrument(exchange))
        if chance < 0.15:
            return self._take(exchange)
        if chance < 0.165:
            return self._mass_quote(exchange)
        if chance < 0.17:
            return self._wait(exchange)
        if self.live and chance < 0.17 + 0.4 * crowded:
            return self._cancel()
        if self.live and chance < 0.65:
            return self._edit(exchange)
        return self._quote(exchange)

    def _quote(self, exchange: Exchange) -> PlaceOrder:
        """Let a maker offer a little above the mark, or bid a little below."""
        instrument_id = self._instrument(exchange)
        side = self._side()
        account_id = self._maker()
        return PlaceOrder(
            account_id=account_id,
            instrument_id=instrument_id,
            side=side,
            amount=Lots(self.dice.randint(1, 40)),
            price=self._price(exchange, instrument_id, side, self.dice.expovariate(200)),
            post_only=self.dice.random() < 0.7,
            reduce_only=self.dice.random() < 0.02,
            label=f"quote {account_id}",
            mmp=account_id <= QUOTERS and self.dice.random() < 0.5,
        )

    def _mass_quote(self, exchange: Exchange) -> MassQuote:
        """Let a maker quote both sides of some books at once."""
        return MassQuote(
            account_id=AccountId(self.dice.randint(1, QUOTERS)),
            mmp_group=GROUP,
            quotes=tuple(self._two_sides(exchange) for _ in range(self.dice.randint(1, 12))),
            quote_id=f"{self.newest}",
        )

    def _two_sides(self, exchange: Exchange) -> Quote:
        instrument_id = self._instrument(exchange)
        bid, ask = (
            QuoteSide(
                price=self._price(exchange, instrument_id, side, self.dice.expovariate(100)),
                amount=Lots(self.dice.randint(0, 40)),
                post_only=self.dice.random() < 0.5,
            )
            for side in (Side.BUY, Side.SELL)
        )
        return Quote(instrument_id=instrument_id, quote_set_id="both", bid=bid, ask=ask)

    def _wait(self, exchange: Exchange) -> PlaceOrder:
        """Let a taker wait for a price beside the mark."""
        instrument_id = self._instrument(exchange)
        one = exchange.instruments[instrument_id]
        side = self._side()
        price_type = self.dice.choice((TriggerPriceType.LAST, TriggerPriceType.MARK))
        is_trailing = self.dice.random() < 0.3
        away = self.dice.expovariate(200)
        if is_trailing:
            offset = round_to_tick(one, Ticks(self.dice.randint(1, 400)), Side.SELL)
            trigger = Trigger(price_type=price_type, offset=ticks_to_e8(one, offset))
        else:
            ticks = self._price(exchange, instrument_id, side.opposite, away)
            trigger = Trigger(price_type=price_type, price=ticks_to_e8(one, ticks))
        return PlaceOrder(
            account_id=self._taker(),
            instrument_id=instrument_id,
            side=side,
            order_type=OrderType.TRAILING_STOP if is_trailing else OrderType.STOP_MARKET,
            amount=Lots(self.dice.randint(1, 40)),
            trigger=trigger,
        )

    def _take(self, exchange: Exchange) -> PlaceOrder:
        """Let a taker cross the spread, mostly with more than is offered at the best price."""
        instrument_id = self._instrument(exchange)
        side = self._side()
        is_market = self.dice.random() < 0.3
        return PlaceOrder(
            account_id=self._taker(),
            instrument_id=instrument_id,
            side=side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            amount=Lots(self.dice.randint(1, 400)),
            price=None
            if is_market
            else self._price(exchange, instrument_id, side, -self.dice.expovariate(100)),
            time_in_force=self.dice.choice((TimeInForce.IOC, TimeInForce.IOC, TimeInForce.FOK)),
            reduce_only=self.dice.random() < 0.2,
        )

    def _cancel(self) -> CancelOrder:
        return CancelOrder(*self._forget(self.dice.randrange(len(self.live))))

    def _edit(self, exchange: Exchange) -> Command:
        """Move an order to where its maker would quote now."""
        place = self.dice.randrange(len(self.live))
        account_id, order_id = self.live[place]
        order = exchange.order(order_id)
        if order is None or order.state is not OrderState.OPEN or order.label == "":
            # It is refused, as it should be; or it is a quote, which is not edited by its number.
            return CancelOrder(*self._forget(place))
        away = self.dice.expovariate(200)
        return EditOrder(
            account_id=account_id,
            order_id=order_id,
            amount=Lots(order.filled + self.dice.randint(1, 40)),
            price=self._price(exchange, order.instrument_id, order.side, away),
            post_only=True,
        )

    def _cash(self) -> Command:
        """Let somebody pay in, or try to take out."""
        currency = self.dice.choice(tuple(TAKERS_CASH))
        account_id = AccountId(self.dice.randint(1, MAKERS + TAKERS))
        amount = units(currency, TAKERS_CASH[currency] * self.dice.random())
        if self.dice.random() < 0.5:
            return Deposit(account_id, currency, amount)
        return Withdraw(account_id, currency, amount)

    def _maker(self) -> AccountId:
        return AccountId(self.dice.randint(1, MAKERS))

    def _taker(self) -> AccountId:
        return AccountId(MAKERS + self.dice.randint(1, TAKERS))

    def _side(self) -> Side:
        return self.dice.choice((Side.BUY, Side.SELL))

    def _instrument(self, exchange: Exchange) -> InstrumentId:
        """Return an open instrument, the futures more often than each option."""
        while True:
            chosen = self.dice.randint(1, len(exchange.instruments))
            if self.dice.random() < 0.4:
                chosen = self.dice.randint(1, len(FUTURES))
            if exchange.is_open(InstrumentId(chosen)):
                return InstrumentId(chosen)

    def _price(
        self, exchange: Exchange, instrument_id: InstrumentId, side: Side, away: float
    ) -> Ticks:
        """Return the tick that lies so far, as a part of the mark, on the passive side of it."""
        one = exchange.instruments[instrument_id]
        mark = exchange.mark(instrument_id)
        tick_e8 = ticks_to_e8(one, Ticks(1))
        middle = mark.price / tick_e8 if mark is not None else 1.0
        spread = 4 if one.is_option else 1
        wanted = round(middle * (1 - side * spread * away))
        return round_to_tick(one, Ticks(max(wanted, 1)), Side.SELL)

    def _forget(self, place: int) -> tuple[AccountId, OrderId]:
        """Return the owner and the number of an order, and think of it no more."""
        chosen = self.live[place]
        self.live[place] = self.live[-1]
        self.live.pop()
        return chosen


def names() -> list[str]:
    """Return the instruments of the day."""
    options = [
        f"{family}-{strike}-{kind}" for family in OPTIONS for strike in STRIKES for kind in "CP"
    ]
    return [*FUTURES, *options]


def expired(exchange: Exchange, now_ns: int) -> list[InstrumentId]:
    """Return the open instruments whose time has come."""
    return [
        instrument_id
        for instrument_id, one in exchange.instruments.items()
        if one.expiry_ns is not None and one.expiry_ns <= now_ns and exchange.is_open(instrument_id)
    ]


def e8(price: float) -> PriceE8:
    """Return a price of the quote currency in 1e-8 of it."""
    return PriceE8(round(price * 10**8))


def units(currency: str, coins: float) -> Units:
    """Return an amount of cash in whole settlement units, at least one."""
    return Units(max(round(coins * 10 ** CURRENCIES[currency].decimals), 1))


def _iv_e4(one: Instrument) -> int:
    return round(VOLATILITY * 10**6) if one.is_option else 0
