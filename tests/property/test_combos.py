"""What holds of combos after every command, whatever came before it."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewire.exchange import (
    CancelOrder,
    CancelOrders,
    Command,
    CreateCombo,
    EditOrder,
    Exchange,
    Fill,
    InstrumentState,
    Liquidate,
    Mark,
    OrderType,
    PlaceOrder,
    Rejected,
    SelfTrading,
    SetInstrumentState,
    SetMarks,
    SetSelfTrading,
    SettleInstrument,
    SettleSession,
    TimeInForce,
    decode,
    encode,
)
from strikewire.exchange.reference import Reference
from strikewire.model import InstrumentId, Kind, Lots, OrderId, PriceE8, Side, Ticks, ticks_to_e8
from strikewire.testing.exchange import ACCOUNTS, TradingFloor

# Legs with their marks, then combos of them with what those come to; all in ticks of their own.
LEGS = {
    "BTC-PERPETUAL": 120_000,
    "BTC-25DEC26": 24_000,
    "BTC-25DEC26-60000-C": 500,
    "BTC-25DEC26-60000-P": 40,
    "BTC-25DEC26-70000-C": 200,
}
PERP, DEC, LOWER, PUT, UPPER = LEGS
COMBOS = (
    ([(DEC, 1), (PERP, -1)], 0),
    ([(LOWER, 1), (UPPER, -1)], 300),
    ([(LOWER, 1), (UPPER, -2)], 100),
    ([(LOWER, 1), (PUT, 1)], 540),
    ([(LOWER, -1), (PUT, 1)], -460),
    ([(LOWER, 1), (PUT, -3), (UPPER, -1)], 180),
    ([(LOWER, 2), (UPPER, -3)], 400),
)
INDEX = PriceE8(60_000 * 10**8)
CASH = {"BTC": 3 * 10**8, "ETH": 0, "USDC": 0}

thrifty = settings(max_examples=settings().max_examples // 8)


def opened() -> TradingFloor:
    floor = TradingFloor(*LEGS, cash=CASH)
    for name, ticks in LEGS.items():
        floor.mark(ticks, name, underlying=60_000)
    for legs, _ in COMBOS:
        floor.combine(*legs)
    return floor


FRESH = opened()
OPENED = FRESH.exchange.snapshot()
CENTRES = dict(zip(FRESH.ids, [*LEGS.values(), *(centre for _, centre in COMBOS)], strict=True))
ALL_IDS = list(FRESH.ids.values())


def started(kind: type[Exchange] = Exchange) -> TradingFloor:
    floor = TradingFloor.__new__(TradingFloor)
    floor.exchange = kind.restore(OPENED)
    floor.seq, floor.now_ns, floor.ids = FRESH.seq, FRESH.now_ns, dict(FRESH.ids)
    return floor


account_ids = st.sampled_from(list(ACCOUNTS))
order_ids = st.integers(1, 15).map(OrderId)
amounts = st.one_of(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30_000)).map(Lots)
rarely = st.sampled_from([False] * 7 + [True])


@st.composite
def places(draw: st.DrawFn, names: tuple[str, ...]) -> PlaceOrder:
    name = draw(st.sampled_from(names))
    is_market = draw(rarely)
    # On the grid of an option above 0.005 too; a combo has no coarser steps.
    step = 5 if name in LEGS else 1
    price = Ticks(CENTRES[name] + step * draw(st.integers(-2, 2)))
    far = Ticks(draw(st.integers(-6_000, 6_000)))
    return PlaceOrder(
        account_id=draw(account_ids),
        instrument_id=FRESH.ids[name],
        side=draw(st.sampled_from(list(Side))),
        order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
        amount=draw(amounts),
        price=None if is_market else draw(st.sampled_from([price, price, price, far])),
        time_in_force=draw(st.sampled_from([TimeInForce.GTC] * 6 + list(TimeInForce))),
        post_only=draw(rarely),
        reduce_only=draw(rarely),
    )


@st.composite
def edits(draw: st.DrawFn, names: tuple[str, ...]) -> EditOrder:
    price = Ticks(CENTRES[draw(st.sampled_from(names))] + draw(st.integers(-2, 2)))
    return EditOrder(
        account_id=draw(account_ids),
        order_id=draw(order_ids),
        amount=draw(amounts),
        price=draw(st.sampled_from([None, price])),
    )


@st.composite
def marks(draw: st.DrawFn) -> SetMarks:
    name = draw(st.sampled_from(list(LEGS)))
    one = FRESH.exchange.instruments[FRESH.ids[name]]
    underlying = PriceE8(INDEX * draw(st.integers(70, 150)) // 100)
    price = PriceE8(ticks_to_e8(one, Ticks(LEGS[name])) * draw(st.integers(1, 200)) // 100)
    mark = Mark(FRESH.ids[name], price, 500_000 if one.is_option else 0, underlying)
    return SetMarks((("btc_usd", underlying),), (mark,))


@cache
def commands(names: tuple[str, ...]) -> st.SearchStrategy[Command]:
    rare = st.one_of(
        marks(),
        st.builds(CancelOrder, account_ids, order_ids),
        st.builds(
            CancelOrders,
            account_ids,
            st.none(),
            st.none(),
            st.sampled_from([None, Kind.FUTURE_COMBO, Kind.OPTION_COMBO]),
        ),
        st.builds(
            CreateCombo,
            account_ids,
            st.lists(
                st.tuples(st.sampled_from([*ALL_IDS, InstrumentId(99)]), st.integers(-3, 3)),
                max_size=5,
            ).map(tuple),
        ),
        st.builds(
            SetInstrumentState,
            st.sampled_from(ALL_IDS),
            st.sampled_from([InstrumentState.OPEN] * 6 + list(InstrumentState)),
        ),
        st.builds(SetSelfTrading, account_ids, st.sampled_from(SelfTrading), st.booleans()),
        st.just(SettleSession("BTC")),
        st.just(Liquidate()),
    )
    return st.sampled_from([*[places(names)] * 8, edits(names), edits(names), rare]).flatmap(
        lambda kind: kind
    )


@st.composite
def flows(draw: st.DrawFn) -> list[Command]:
    """Return commands about one combo, another one perhaps, and their legs."""
    chosen = draw(st.lists(st.sampled_from(range(len(COMBOS))), min_size=1, max_size=2))
    names = [name for number in chosen for name, _ in COMBOS[number][0]]
    names += 3 * [list(CENTRES)[len(LEGS) + number] for number in chosen]
    return draw(st.lists(commands(tuple(sorted(names))), min_size=20, max_size=60))


@thrifty
@given(flows())
def test_money_is_conserved_positions_sum_to_zero_and_legs_come_to_the_price(
    flow: list[Command],
) -> None:
    floor = started()

    for command in flow:
        for event in floor.apply(decode(encode(command))):  # checks the first two
            if isinstance(event, Fill) and event.legs:
                one = floor.exchange.instruments[event.instrument_id]
                paid = sum(
                    leg.ratio
                    * ticks_to_e8(floor.exchange.instruments[fill.instrument_id], fill.price)
                    for leg, fill in zip(one.legs, event.legs, strict=True)
                )
                assert paid == ticks_to_e8(one, event.price)
                assert event.maker.fee == sum(fill.maker.fee for fill in event.legs)
                assert event.taker.profit_loss == sum(f.taker.profit_loss for f in event.legs)
    for account_id in ACCOUNTS:
        for view in floor.exchange.positions(account_id):
            assert not floor.exchange.instruments[view.instrument_id].is_combo


@thrifty
@given(flows())
def test_no_order_in_a_combo_takes_its_owner_under_water(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        if not isinstance(command, PlaceOrder):
            floor.apply(command)
            continue
        before = floor.summary(command.account_id, "BTC").available_funds
        events = floor.apply(command)
        is_combo = floor.exchange.instruments[command.instrument_id].is_combo
        if is_combo and not isinstance(events[0], Rejected):
            after = floor.summary(command.account_id, "BTC").available_funds
            held = floor.exchange.positions(command.account_id)
            is_clear = all(view.open_orders_margin >= 0 for view in held)
            # Less than a unit for each leg of each fill is lost by rounding.
            fills = sum(isinstance(event, Fill) for event in events)
            reduces = before < 0 or not is_clear
            assert reduces or after >= min(before, 0) - 2 * fills - 4 or _only_reduced(events)


def _only_reduced(events: tuple[object, ...]) -> bool:
    """Say whether what traded realised something: then a position was made smaller."""
    return any(isinstance(event, Fill) and event.taker.profit_loss for event in events)


@thrifty
@given(flows(), st.integers(1, 2 * INDEX).map(PriceE8))
def test_combos_are_the_same_after_a_restart_and_without_the_lane(
    flow: list[Command], delivery_price: PriceE8
) -> None:
    floor, other = started(), started(Reference)
    half = len(flow) // 2

    for number, command in enumerate(flow):
        if number == half:
            other.exchange = Reference.restore(floor.exchange.snapshot())
        assert floor.apply(command) == other.apply(command)
    floor.expire(DEC)
    other.expire(DEC)
    for name in (DEC, LOWER, PUT, UPPER):
        end = SettleInstrument(FRESH.ids[name], delivery_price)
        assert floor.apply(end) == other.apply(end)
    assert floor.exchange.state_hash() == other.exchange.state_hash()
    for instrument_id in floor.exchange.instruments:
        if not floor.exchange.is_open(instrument_id):
            book = floor.exchange.book(instrument_id)
            assert book.bids == []
            assert book.asks == []
