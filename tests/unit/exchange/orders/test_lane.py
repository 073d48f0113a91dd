"""The lane against the reference: the same events and the same state, whatever the command."""

from collections.abc import Callable

import pytest
from msgspec import structs

from strikewire.exchange import (
    CancelOrder,
    CancelOrders,
    CancelQuotes,
    ChangeMarginModel,
    Command,
    CreateSubaccount,
    EditOrder,
    FeeKind,
    FeeRates,
    Limits,
    MarginModel,
    Mark,
    MassQuote,
    MmpConfig,
    OrderType,
    PlaceOrder,
    Quote,
    QuoteSide,
    SelfTrading,
    SetFees,
    SetLimits,
    SetMarks,
    SetMmp,
    SetSelfTrading,
    TimeInForce,
    Transfer,
    Trigger,
    TriggerPriceType,
    Verdict,
)
from strikewire.exchange.dispatch import packed_common
from strikewire.exchange.events import OrderEvent
from strikewire.exchange.orders import lane
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.packed import pack
from strikewire.exchange.reference import Reference
from strikewire.exchange.state.ledgers import Holding
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS, TradingFloor, e8

ONE = InstrumentId(1)
IDENTITIES = {"queue", "position"}
VALUED = {"valued_at"}  # once it was looked at
IS_COMPILED = not lane.__file__.endswith(".py")


def order(account: int, side: Side, amount: int, price: int | None, **more: object) -> PlaceOrder:
    fields = {
        "account_id": account,
        "instrument_id": ONE,
        "side": side,
        "amount": Lots(amount),
        "price": None if price is None else Ticks(price),
    }
    return PlaceOrder(**(fields | more))  # type: ignore[arg-type]


def sell(amount: int, price: int, **more: object) -> PlaceOrder:
    return order(BOB, Side.SELL, amount, price, **more)


def buy(amount: int, price: int | None, **more: object) -> PlaceOrder:
    return order(ALICE, Side.BUY, amount, price, **more)


def edit(order_id: int, amount: int, **more: object) -> EditOrder:
    fields = {"account_id": BOB, "order_id": OrderId(order_id), "amount": Lots(amount)}
    return EditOrder(**(fields | more))  # type: ignore[arg-type]


PROTECTION = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=10**12, quantity_e8=10**10)
PROTECTED: list[Command] = [
    SetMmp(BOB, "btc_usdc", "", PROTECTION),
    SetMmp(BOB, "btc_usdc", "wings", PROTECTION),
]


def side(price: int | None, amount: int | None, **more: bool) -> QuoteSide:
    ticks, lots = None if price is None else Ticks(price), None if amount is None else Lots(amount)
    return QuoteSide(price=ticks, amount=lots, **more)


def quoted(*quotes: tuple[QuoteSide | None, QuoteSide | None], group: str = "wings") -> MassQuote:
    """Return a mass quote of Bob's in one instrument, whose quotes are bids and asks."""
    return MassQuote(
        account_id=BOB,
        mmp_group=group,
        quotes=tuple(Quote(instrument_id=ONE, bid=bid, ask=ask) for bid, ask in quotes),
        quote_id="latest",
    )


QUOTED: list[Command] = [*PROTECTED, quoted((side(98, 3), side(101, 3)))]


def stop(at: int, price_type: TriggerPriceType = TriggerPriceType.LAST) -> PlaceOrder:
    """Return an order of Carol's that comes in when a price has risen to so many ticks."""
    more = {
        "order_type": OrderType.STOP_MARKET,
        "trigger": Trigger(price_type=price_type, price=e8(at / 2)),
    }
    return order(CAROL, Side.BUY, 1, None, **more)


def trailing(offset: int) -> PlaceOrder:
    trigger = Trigger(price_type=TriggerPriceType.LAST, offset=e8(offset / 2))
    return order(CAROL, Side.SELL, 1, None, order_type=OrderType.TRAILING_STOP, trigger=trigger)


ASKS: list[Command] = [sell(3, 100), sell(4, 100, label="second"), sell(5, 102)]
PLAIN: dict[str, list[Command]] = {
    "rests": [*ASKS, buy(2, 99)],
    "takes part of one": [*ASKS, buy(2, 100)],
    "takes levels and rests": [*ASKS, buy(20, 103)],
    "takes and is filled": [*ASKS, buy(9, 103)],
    "ioc": [*ASKS, buy(20, 100, time_in_force=TimeInForce.IOC)],
    "ioc finds nobody": [*ASKS, buy(20, 98, time_in_force=TimeInForce.IOC)],
    "fok": [*ASKS, buy(7, 100, time_in_force=TimeInForce.FOK)],
    "market": [*ASKS, buy(8, None, order_type=OrderType.MARKET)],
    "market finds too little": [*ASKS, buy(80, None, order_type=OrderType.MARKET)],
    "post only": [*ASKS, buy(2, 99, post_only=True)],
    "meets itself": [*ASKS, order(BOB, Side.BUY, 5, 100)],
    "turns a position": [*ASKS, buy(7, 100), buy(1, 99), order(ALICE, Side.SELL, 20, 99)],
    "cancel": [*ASKS, CancelOrder(BOB, OrderId(2))],
    "lower amount": [*ASKS, edit(1, 2)],
    "same again": [*ASKS, edit(1, 3)],
    "higher amount": [*ASKS, edit(1, 9)],
    "other price": [*ASKS, edit(1, 3, price=Ticks(103))],
    "edited into the book": [*ASKS, buy(2, 99), edit(3, 5, price=Ticks(99))],
    "edited after a fill": [*ASKS, buy(2, 100), edit(1, 9, price=Ticks(101))],
}
SPECIAL: dict[str, list[Command]] = {
    "fok that is killed": [*ASKS, buy(8, 100, time_in_force=TimeInForce.FOK)],
    "post only is moved": [*ASKS, buy(2, 100, post_only=True)],
    "post only is refused": [*ASKS, buy(2, 100, post_only=True, reject_post_only=True)],
    "reduces": [*ASKS, buy(5, 100), order(ALICE, Side.SELL, 9, 103, reduce_only=True)],
    "cuts back": [
        *ASKS,
        buy(5, 100),
        order(ALICE, Side.SELL, 5, 103, reduce_only=True),
        order(CAROL, Side.BUY, 9, 99),
        order(ALICE, Side.SELL, 4, 99),
    ],
    "iceberg": [*ASKS, sell(300, 100, display_amount=Lots(100)), buy(150, 100)],
    "good til day": [*ASKS, buy(2, 99, time_in_force=TimeInForce.GTD), sell(2, 99)],
    "too late": [*ASKS, buy(2, 99, valid_until_ns=START_NS)],
    "no account": [order(99, Side.BUY, 5, 100)],
    "no instrument": [order(ALICE, Side.BUY, 5, 100, instrument_id=InstrumentId(99))],
    "no amount": [buy(0, 100)],
    "no price": [buy(5, None)],
    "outside of the band": [buy(5, 4_000)],
    "too much": [buy(10_000_000, 100)],
    "long label": [buy(5, 100, label="x" * 65)],
    "cancel of another's": [*ASKS, CancelOrder(ALICE, OrderId(2))],
    "cancel of nothing": [CancelOrder(ALICE, OrderId(2))],
    "edit below what is filled": [*ASKS, buy(2, 100), edit(1, 2)],
    "edit of nothing": [edit(1, 2)],
    "numbers of more than 64 bits": [
        *ASKS,
        buy(2**63, 100),
        buy(1, 2**63),
        order(2**63, Side.BUY, 1, 100),
        buy(1, 100, instrument_id=InstrumentId(2**63)),
        CancelOrder(BOB, OrderId(2**63)),
        CancelOrder(AccountId(2**63), OrderId(1)),
        edit(2**63, 1),
        edit(1, 2**63),
        edit(1, 1, price=Ticks(2**63)),
    ],
    "edit that would take": [
        *ASKS,
        buy(3, 99),
        edit(4, 3, account_id=ALICE, price=Ticks(100), post_only=True, reject_post_only=True),
    ],
    "hidden": [*ASKS, sell(300, 100, hidden=True), buy(150, 100)],
    "hidden maker alone": [sell(300, 100, hidden=True), buy(150, 100), buy(400, 101)],
    "edit of a quote": [*QUOTED, edit(2, 2)],
    "protected order that takes": [*PROTECTED, buy(3, 100), sell(3, 100, mmp=True)],
    "protected order that does not wait": [
        *PROTECTED,
        sell(3, 100, mmp=True, time_in_force=TimeInForce.IOC),
    ],
    "without protection": [sell(3, 100, mmp=True), quoted((side(98, 3), None))],
    "protection acts": [
        *QUOTED,
        SetMmp(BOB, "btc_usdc", "wings", structs.replace(PROTECTION, quantity_e8=3 * 10**5)),
        buy(2, 101),
        buy(100, 110),
        quoted((side(98, 3), None)),
        sell(2, 100),
    ],
    "protection acts on the second": [
        SetMmp(BOB, "btc_usdc", "", structs.replace(PROTECTION, quantity_e8=5 * 10**5)),
        sell(2, 100, mmp=True),
        sell(4, 101, mmp=True),
        buy(5, 101),
        sell(1, 101, mmp=True),
    ],
    "self trading is refused": [
        SetSelfTrading(ALICE, SelfTrading.REJECT_TAKER),
        order(ALICE, Side.SELL, 3, 100),
        buy(1, 100),
    ],
    "too many orders for its limits": [
        SetLimits(Limits(open_orders_max=1), ALICE),
        buy(1, 99),
        buy(1, 98),
    ],
}
NO_QUOTE = side(None, 0)
JUDGED = ChangeMarginModel(BOB, MarginModel.PORTFOLIO)


def needs(units: int, basis: int) -> Verdict:
    return Verdict(basis, Units(units), Units(units // 2))


QUICK: dict[str, tuple[list[Command], int, int]] = {
    "quotes": (QUOTED, 0, 2),
    "quotes moved up": ([*QUOTED, quoted((side(99, 3), side(102, 3)))], 0, 4),
    "quotes moved down": ([*QUOTED, quoted((side(97, 3), side(99, 3)))], 0, 4),
    "quotes of other amounts": ([*QUOTED, quoted((side(98, 2), side(101, 9)))], 0, 4),
    "quotes as before": ([*QUOTED, quoted((side(98, 3), side(None, 3)))], 0, 4),
    "an amount alone": ([*QUOTED, quoted((side(None, 7), None))], 0, 3),
    "a price alone": ([*QUOTED, quoted((None, side(103, None)))], 0, 3),
    "a quote taken back": ([*QUOTED, quoted((NO_QUOTE, None))], 0, 3),
    "quotes taken back": ([*QUOTED, quoted((NO_QUOTE, NO_QUOTE))], 0, 4),
    "quotes cancelled": ([*QUOTED, CancelQuotes(account_id=BOB, quote_set_id="")], 0, 4),
    "quotes of two groups": (
        [
            *QUOTED,
            SetMmp(BOB, "btc_usdc", "body", PROTECTION),
            quoted((side(97, 3), None), group="body"),
        ],
        0,
        3,
    ),
    "quotes twice in one book": (
        [
            *QUOTED,
            quoted((side(98, 3), side(102, 3)), (side(97, 3), side(101, 3)), (side(96, 2), None)),
        ],
        0,
        7,
    ),
    "post-only quotes": (
        [*PROTECTED, quoted((side(98, 3, post_only=True), side(101, 3, reject_post_only=True)))],
        0,
        2,
    ),
    "a quote beside one that takes": (
        [
            sell(3, 100),
            *PROTECTED,
            quoted((side(99, 3), side(102, 3)), (side(100, 2), side(103, 1))),
        ],
        1,
        3,
    ),
    "a quote beside one that is refused": (
        [*PROTECTED, quoted((side(98, 10**8), side(101, 3)), (side(98, 3), side(102, 3)))],
        0,
        3,
    ),
    "quotes that cross": ([*QUOTED, quoted((side(99, 3), side(99, 3)))], 0, 2),
    "frozen quotes": (
        [
            *QUOTED,
            CancelQuotes(account_id=BOB, is_freezing=True),
            quoted((side(98, 3), side(101, 3))),
        ],
        0,
        4,
    ),
    "meets a quote": ([*QUOTED, buy(2, 101), buy(1, 101)], 2, 2),
    "meets two protected orders": (
        [*QUOTED, sell(2, 100, mmp=True), buy(4, 101), buy(1, 101)],
        3,
        2,
    ),
    "meets many protected orders": (
        [
            *QUOTED,
            *(sell(1, 100 + number % 3, mmp=True) for number in range(20)),
            *(buy(22, 103), buy(2, 103)),
        ],
        22,
        2,
    ),
    "meets what is quoted less": (
        [*QUOTED, buy(2, 101), quoted((side(98, 2), side(101, 2)))],
        1,
        4,
    ),
    "protected": ([*PROTECTED, sell(3, 100, mmp=True), sell(3, 101, mmp=True)], 2, 0),
    "edit of what is protected": (
        [*PROTECTED, sell(3, 100, mmp=True), edit(1, 2), edit(1, 2, price=Ticks(101))],
        3,
        0,
    ),
    "edit of too much that is protected": (
        [*PROTECTED, sell(3, 100, mmp=True), edit(1, 10**8)],
        1,
        0,
    ),
    "cancel of a quote": ([*QUOTED, CancelOrder(BOB, OrderId(2))], 1, 2),
    "all cancelled": ([*ASKS, CancelOrders(BOB)], 3, 3),
    "fees of a taker and a maker": (
        [
            SetFees(ALICE, FeeKind.PERPETUAL, "USDC", FeeRates(-100, 700)),
            SetFees(BOB, FeeKind.PERPETUAL, "USDC", FeeRates(300, 500)),
            *ASKS,
            buy(2, 100),
            order(BOB, Side.BUY, 2, 100),
            buy(2, 99),
            sell(1, 99),
        ],
        7,
        0,
    ),
    "self trading refused, without any": (
        [SetSelfTrading(ALICE, SelfTrading.REJECT_TAKER), *ASKS, buy(1, 99), sell(1, 99)],
        5,
        0,
    ),
    "a subaccount": (
        [
            CreateSubaccount(ALICE),
            Transfer(
                account_id=ALICE,
                source=ALICE,
                destination=AccountId(4),
                currency="USDC",
                amount=Units(10**9),
            ),
            *ASKS,
            order(4, Side.BUY, 1, 100),
        ],
        4,
        0,
    ),
    "judged orders": (
        [
            JUDGED,
            sell(3, 100, verdict=needs(10, 0)),
            edit(1, 9, price=Ticks(101), verdict=needs(20, 1)),
            edit(1, 5),
            buy(2, 101),
            CancelOrder(BOB, OrderId(1)),
            sell(3, 100, verdict=needs(5, 5)),
        ],
        6,
        0,
    ),
    "judged by nobody, of another time, or as too much": (
        [
            JUDGED,
            sell(3, 100),
            sell(3, 100, verdict=needs(10, 1)),
            sell(3, 100, verdict=needs(-10, 0)),
            sell(3, 100, verdict=needs(10**16, 0)),
        ],
        0,
        0,
    ),
    "judged orders that take": (
        [
            buy(3, 100),
            buy(3, 90),
            JUDGED,
            sell(2, 100, verdict=needs(9, 0)),
            sell(6, 90, verdict=needs(8, 1)),
            order(BOB, Side.BUY, 1, 90, verdict=needs(8, 2)),
            order(ALICE, Side.SELL, 3, 95),
            order(BOB, Side.BUY, 2, 95, verdict=needs(7, 3)),
        ],
        7,
        0,
    ),
    "a judged order that costs too much": (
        [
            *(buy(10**6, 26), JUDGED),
            sell(10**6, 26, verdict=needs(10**15 - 10**10, 0), time_in_force=TimeInForce.IOC),
        ],
        1,
        0,
    ),
    "judged quotes": (
        [
            *PROTECTED,
            JUDGED,
            structs.replace(QUOTED[-1], verdicts=(("USDC", needs(10, 0)),)),
            structs.replace(
                quoted((side(99, 3), side(102, 3))), verdicts=(("USDC", needs(11, 1)),)
            ),
            structs.replace(
                quoted((side(98, 3), side(102, 3))), verdicts=(("USDC", needs(11, 1)),)
            ),
        ],
        0,
        5,
    ),
    "a verdict on who is not judged": ([sell(3, 100, verdict=needs(10, 7))], 1, 0),
    "a stop that is not reached": ([*ASKS, stop(103), buy(2, 100), buy(6, 102)], 5, 0),
    "a stop that is reached": ([*ASKS, stop(102), buy(2, 100), buy(6, 102)], 4, 0),
    "a stop on another price": (
        [*ASKS, stop(102, TriggerPriceType.MARK), buy(2, 100), buy(6, 102)],
        5,
        0,
    ),
    "a trailing stop": ([*ASKS, buy(2, 100), trailing(5), buy(2, 100), sell(2, 101)], 5, 0),
}


def both(commands: list[Command]) -> PlainLane:
    """Carry commands out on a floor and on its reference, and compare them one by one."""
    floor = TradingFloor.at(100)
    reference = Reference.restore(floor.exchange.snapshot())
    for seq, command in enumerate(commands, start=1000):
        told = floor.exchange.apply(seq, START_NS + seq, command)
        assert told == reference.apply(seq, START_NS + seq, command)
        assert floor.exchange.state_hash() == reference.state_hash()
    return floor.exchange._lane


@pytest.mark.parametrize("name", PLAIN)
def test_common_commands_go_the_quick_way_to_the_same_end(name: str) -> None:
    before = TradingFloor.at(100).exchange._lane

    carried_out = both(PLAIN[name]).carried_out

    assert carried_out == (before.carried_out + len(PLAIN[name])) * IS_COMPILED


@pytest.mark.parametrize("name", QUICK)
def test_what_is_plain_of_the_rest_goes_the_quick_way_to_the_same_end(name: str) -> None:
    commands, carried_out, parts = QUICK[name]

    after = both(commands)

    assert (after.carried_out, after.parts) == (carried_out * IS_COMPILED, parts * IS_COMPILED)


@pytest.mark.parametrize("name", SPECIAL)
def test_special_commands_come_to_the_same_end(name: str) -> None:
    both(SPECIAL[name])


@pytest.mark.parametrize(
    "prepare",
    [
        lambda floor: floor.apply(
            SetMarks((), (Mark(ONE, e8(100), 0, e8(100), funding_rate=10**9),))
        ),
        lambda floor: floor.apply(SetMarks((), (Mark(ONE, e8(99), 0, e8(99)),))),
    ],
    ids=["funding", "another mark"],
)
def test_marks_in_between_are_followed(prepare: Callable[[TradingFloor], object]) -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 5, at=100)
    floor.buy(ALICE, 3, at=100)
    prepare(floor)
    reference = Reference.restore(floor.exchange.snapshot())

    for seq, command in enumerate([buy(1, 100), buy(3, 100), sell(2, 100)], start=1000):
        time_ns = START_NS + seq * 10**9
        assert floor.exchange.apply(seq, time_ns, command) == reference.apply(seq, time_ns, command)
        for account_id in (ALICE, BOB):
            summary = floor.exchange.summary(account_id, "USDC")
            assert summary == reference.summary(account_id, "USDC")
    assert floor.exchange.state_hash() == reference.state_hash()


def test_an_order_values_all_that_its_owner_holds_at_new_marks() -> None:
    floor = TradingFloor("BTC-PERPETUAL", "BTC-25DEC26-60000-C", "BTC-25DEC26-60000-P")
    marks = {1: e8(60_000), 2: 5_000_000, 3: 4_000_000}
    floor.apply(SetMarks((), tuple(_mark(number, price) for number, price in marks.items())))
    for number, price in ((1, 120_000), (2, 500), (3, 400)):
        named = {"instrument_id": InstrumentId(number)}
        floor.apply(sell(5, price, **named))
        floor.apply(buy(3, price, **named))
    reference = Reference.restore(floor.exchange.snapshot())

    moved = SetMarks((), tuple(_mark(number, price * 2 // 3) for number, price in marks.items()))
    commands: list[Command] = [moved, buy(1, 80_000), sell(1, 90_000)]
    for seq, command in enumerate(commands, start=1000):
        told = floor.exchange.apply(seq, START_NS + seq, command)
        assert told == reference.apply(seq, START_NS + seq, command)
        for account_id in (ALICE, BOB):
            summary = floor.exchange.summary(account_id, "BTC")
            assert summary == reference.summary(account_id, "BTC")


def test_packed_cancels_of_what_has_ended_are_refused_as_ever() -> None:
    floor = TradingFloor.at(100)
    floor.apply(sell(3, 100))
    floor.apply(buy(3, 100))
    floor.apply(sell(3, 101))
    floor.apply(CancelOrder(BOB, OrderId(3)))
    before = floor.exchange.state_hash()
    cancels = [
        CancelOrder(AccountId(account), OrderId(one))
        for account in (ALICE, BOB, 99)
        for one in (1, 2, 3, 4)
    ]
    records = [record for one in cancels if (record := pack(one))]

    state = floor.exchange._state
    common = b"".join(packed_common(state, START_NS, record)[0] for record in records)

    assert floor.exchange.submit(START_NS, b"".join(records)) == common
    assert floor.exchange.replay(START_NS, b"".join(records)) == len(records) == len(cancels)
    assert floor.exchange.state_hash() == before


def test_the_lane_opens_a_holding_as_it_is_opened_elsewhere() -> None:
    floor = TradingFloor.at(100)
    floor.apply(order(CAROL, Side.BUY, 1, 100, time_in_force=TimeInForce.IOC))
    state = floor.exchange._state
    market = state.markets[ONE]

    opened = state.accounts[CAROL].holding(market)

    fresh = Holding(market)
    names = [name for name in dir(fresh) if not name.startswith("_") and name not in IDENTITIES]
    plain = {name for name in names if not callable(getattr(fresh, name))}
    assert len(plain) > 15
    assert {name: getattr(opened, name) for name in plain - VALUED} == {
        name: getattr(fresh, name) for name in plain - VALUED
    }
    assert opened.position.parts == fresh.position.parts
    assert list(opened.queue) == []


def test_what_comes_back_to_the_lane_has_nothing_of_what_it_was() -> None:
    floor = TradingFloor("BTC-25DEC26-60000-C", "BTC-25DEC26-70000-C")
    other = {"instrument_id": InstrumentId(2)}
    floor.apply(SetMarks((), (_mark(1, 5_000_000), _mark(2, 3_000_000))))
    reference = Reference.restore(floor.exchange.snapshot())
    commands: list[Command] = [
        buy(5, 500, label="first", post_only=True),
        CancelOrder(ALICE, OrderId(1)),
        sell(5, 300, **other),
        order(CAROL, Side.BUY, 2, 200, time_in_force=TimeInForce.IOC, **other),
        CancelOrder(BOB, OrderId(2)),
        buy(2, 400, **other),
        sell(2, 400, **other),
        sell(1, 600),
    ]
    for seq, command in enumerate(commands, start=1000):
        told = floor.exchange.apply(seq, START_NS + seq, command)
        assert told == reference.apply(seq, START_NS + seq, command)
        assert floor.exchange.state_hash() == reference.state_hash()
        for account_id in (ALICE, BOB, CAROL):
            summary = floor.exchange.summary(account_id, "BTC")
            assert summary == reference.summary(account_id, "BTC")


def test_who_leaves_a_book_leaves_nothing_there() -> None:
    floor = TradingFloor.at(100)
    ledger = floor.exchange._state.accounts[CAROL].ledger("USDC")
    floor.apply(order(CAROL, Side.BUY, 1, 90))
    held = ledger.holdings[ONE]

    floor.apply(CancelOrder(CAROL, OrderId(1)))
    assert (ONE in ledger.holdings) == (not IS_COMPILED)
    assert held.queue is not None  # somebody still looks at it: it is not opened again
    floor.apply(order(CAROL, Side.BUY, 1, 90))

    assert (ledger.holdings[ONE] is held) == (not IS_COMPILED)
    assert ledger.holdings[ONE].buy_lots == 1


def test_an_order_that_somebody_looks_at_stays_as_it_ended() -> None:
    floor = TradingFloor.at(100)
    floor.apply(sell(3, 100, label="mine"))
    waiting = floor.exchange._state.orders.get(OrderId(1))
    assert waiting is not None
    floor.apply(CancelOrder(BOB, OrderId(1)))
    floor.apply(sell(2, 101))

    assert (waiting.order_id, waiting.amount, waiting.label) == (1, 3, "mine")


def test_a_long_sweep_goes_the_common_way_to_the_same_end() -> None:
    floor = TradingFloor.at(100)
    packed = [pack(sell(1, 100 + number % 3)) for number in range(600)]
    floor.exchange.submit(START_NS, b"".join(record for record in packed if record))
    reference = Reference.restore(floor.exchange.snapshot())
    for seq, command in enumerate([buy(501, 103), buy(50, 103)], start=1000):
        told = floor.exchange.apply(seq, START_NS + seq, command)
        assert told == reference.apply(seq, START_NS + seq, command)
    assert floor.exchange.state_hash() == reference.state_hash()


@pytest.mark.parametrize("kept", [0, 1, 2, 5])
def test_events_stay_as_they_are_while_somebody_has_them(kept: int) -> None:
    floor, again = TradingFloor.at(100), TradingFloor.at(100)
    had, copies = [], []
    for batch in range(12):
        orders = [sell(1, 101 + (batch + place) % 9) for place in range(40 + 300 * (batch % 4))]
        records = b"".join(pack(one) or b"" for one in orders)

        told = floor.exchange.submit(START_NS, records)
        one_by_one = [
            again.exchange.submit(START_NS, records[at : at + 48])
            for at in range(0, len(records), 48)
        ]

        copies.append(b"".join(one_by_one))
        assert told == copies[-1]
        assert hash(told) == hash(copies[-1])
        had.append(told)
        del told, had[: max(len(had) - kept, 0)]
        latest = copies[len(copies) - len(had) :]
        assert had == latest
        assert list(map(hash, had)) == list(map(hash, latest))


def test_a_refusal_lets_the_lane_keep_what_it_knows() -> None:
    floor = TradingFloor.at(100)
    floor.apply(sell(3, 100))
    floor.apply(CancelOrder(BOB, OrderId(99)))
    floor.exchange._state.accounts[BOB].is_locked = True

    # Nobody said that this changed, and a refusal changes nothing.
    assert isinstance(floor.apply(sell(3, 101))[0], OrderEvent) == IS_COMPILED


def _mark(number: int, price: int) -> Mark:
    underlying = PriceE8(price) if number == 1 else e8(60_000)
    return Mark(InstrumentId(number), PriceE8(price), 0, underlying)
