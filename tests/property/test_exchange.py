"""What holds after every command, whatever came before it."""

from datetime import date
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from strikewire.exchange import (
    BlockLeg,
    BookView,
    CancelOrder,
    CancelOrders,
    CancelQuotes,
    ChangeMarginModel,
    Command,
    CreateSubaccount,
    Deposit,
    EditOrder,
    Event,
    Exchange,
    ExecuteBlockTrade,
    FeeKind,
    FeeRates,
    Fill,
    FillSide,
    InstrumentState,
    LevelChanged,
    Linked,
    LinkedOrderType,
    Liquidate,
    MarginModel,
    Mark,
    MassQuote,
    MmpConfig,
    OrderEvent,
    OrderState,
    OrderType,
    OrderView,
    PlaceOrder,
    Quote,
    QuoteSide,
    Rejected,
    ResetMmp,
    SelfTrading,
    SelfTradingChanged,
    SetFees,
    SetInstrumentState,
    SetMarks,
    SetMmp,
    SetPlatformLock,
    SetSelfTrading,
    SettleInstrument,
    SettleSession,
    TimeInForce,
    Transfer,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
    Verdict,
    Withdraw,
    decode,
    encode,
)
from strikewire.exchange.liquidation.watch import Watch
from strikewire.model import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MS,
    AccountId,
    InstrumentId,
    Kind,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    next_tick_down,
    next_tick_up,
    ticks_to_e8,
    utc_ns,
)
from strikewire.testing.exchange import ACCOUNTS, ALICE, START_NS, TradingFloor

# Each with the tick around which its orders are placed: close enough together to trade.
CENTRES = {
    "BTC-PERPETUAL": 120_000,
    "BTC_USDC-PERPETUAL": 120_000,
    "BTC-25DEC26": 24_000,
    "BTC-25DEC26-60000-C": 500,
    "BTC-25DEC26-60000-P": 40,
    "BTC_USDC-25DEC26-60000-P": 400,
    "BTC_USDC": 120_000,
}
IDS = {name: InstrumentId(number) for number, name in enumerate(CENTRES, start=1)}
INDEX = PriceE8(60_000 * 10**8)
SUBACCOUNT = AccountId(4)  # of Alice
CASH = {"BTC": 3 * 10**8, "ETH": 0, "USDC": 200_000 * 10**6}
CURRENCIES = ("BTC", "USDC")

# A flow is dozens of commands: a quarter as many of them say as much.
thrifty = settings(max_examples=settings().max_examples // 8)

account_ids = st.sampled_from(list(ACCOUNTS))
currencies = st.sampled_from(CURRENCIES)
amounts = st.one_of(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30_000)).map(Lots)
displays = st.sampled_from([None, Lots(100), Lots(150)])
sizes = st.one_of(
    st.tuples(amounts, st.none()),
    st.tuples(amounts, st.none()),
    st.tuples(st.integers(90, 1_000).map(Lots), displays),
)
"""An amount, and what of it is shown."""

rates_ppm = st.integers(-20_000, 20_000)
fee_rates = st.builds(FeeRates, rates_ppm, rates_ppm)
transfers = st.builds(
    Transfer,
    account_id=account_ids,
    source=st.sampled_from([*ACCOUNTS, SUBACCOUNT]),
    destination=st.sampled_from([*ACCOUNTS, SUBACCOUNT]),
    currency=currencies,
    amount=st.integers(-1, 10**9).map(Units),
)
mostly_open = st.sampled_from([InstrumentState.OPEN] * 8 + list(InstrumentState))
order_ids = st.integers(1, 15).map(OrderId)
rarely = st.sampled_from([False] * 7 + [True])
MOSTLY_GTC = [TimeInForce.GTC] * 8 + [TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD]
MOSTLY_LIMIT = [OrderType.LIMIT] * 8 + [OrderType.MARKET]
TRIGGERED = [one for one in OrderType if one.is_triggered]


def priced(name: str, steps: int) -> Ticks:
    """Return the price some steps of the grid away from the centre."""
    one = FRESH.exchange.instruments[IDS[name]]
    ticks = Ticks(CENTRES[name])
    for _ in range(abs(steps)):
        ticks = next_tick_up(one, ticks) if steps > 0 else next_tick_down(one, ticks)
    return ticks


@st.composite
def places(draw: st.DrawFn, names: tuple[str, ...]) -> PlaceOrder:
    name = draw(st.sampled_from(names))
    order_type = draw(st.sampled_from(MOSTLY_LIMIT))
    price = priced(name, draw(st.integers(-2, 2)))
    amount, display = draw(sizes)
    return PlaceOrder(
        account_id=draw(account_ids),
        instrument_id=IDS[name],
        side=draw(st.sampled_from(list(Side))),
        order_type=order_type,
        amount=amount,
        price=price if order_type is OrderType.LIMIT else None,
        time_in_force=draw(st.sampled_from(MOSTLY_GTC)),
        post_only=draw(rarely),
        reject_post_only=draw(rarely),
        reduce_only=draw(rarely) and name != "BTC_USDC",
        display_amount=display,
        mmp=draw(rarely),
        hidden=display is None and draw(rarely),
    )


@st.composite
def conditionals(draw: st.DrawFn, names: tuple[str, ...]) -> PlaceOrder:
    """Return orders that wait for a price around the centre, or follow it."""
    plain = draw(places(names))
    name = list(CENTRES)[plain.instrument_id - 1]
    order_type = draw(st.sampled_from(TRIGGERED))
    is_trailing = order_type is OrderType.TRAILING_STOP
    one = FRESH.exchange.instruments[plain.instrument_id]
    level = ticks_to_e8(one, priced(name, draw(st.integers(1, 3) | st.integers(-3, 3))))
    offset = level - ticks_to_e8(one, Ticks(CENTRES[name]))
    trigger = Trigger(
        price_type=draw(st.sampled_from(list(TriggerPriceType))),
        price=None if is_trailing else level,
        offset=PriceE8(abs(offset)) if is_trailing else None,
    )
    is_limit = order_type.enters_as is OrderType.LIMIT
    price = priced(name, draw(st.integers(-2, 2))) if is_limit else None
    return structs.replace(plain, order_type=order_type, price=price, trigger=trigger)


@st.composite
def linkeds(draw: st.DrawFn, names: tuple[str, ...]) -> PlaceOrder:
    """Return orders that others come with, of which some wait for a price."""
    one = (draw(st.sampled_from(names)),)
    either = st.one_of(places(one), conditionals(one))
    first, others = draw(either), [draw(either), draw(either)]
    kind = draw(st.sampled_from(list(LinkedOrderType)))
    if kind is LinkedOrderType.ONE_CANCELS_OTHER or draw(rarely):
        others.pop()
    linked = Linked(
        type=kind,
        others=tuple(structs.replace(other, account_id=first.account_id) for other in others),
        fill_condition=draw(st.sampled_from(list(TriggerFillCondition))),
    )
    return structs.replace(first, linked=linked)


@st.composite
def edits(draw: st.DrawFn, names: tuple[str, ...]) -> EditOrder:
    # With more than one instrument the price may be another's: off the grid, out of the band.
    price = priced(draw(st.sampled_from(names)), draw(st.integers(-2, 2)))
    amount, display = draw(sizes)
    return EditOrder(
        account_id=draw(account_ids),
        order_id=draw(order_ids),
        amount=amount,
        price=draw(st.sampled_from([None, price])),
        post_only=draw(st.sampled_from([None, None, False, True])),
        reject_post_only=draw(rarely),
        reduce_only=draw(st.sampled_from([None, None, None, False, True])),
        trigger_price=draw(st.sampled_from([None, None, INDEX])),
        display_amount=display,
    )


@st.composite
def block_trades(draw: st.DrawFn, names: tuple[str, ...]) -> ExecuteBlockTrade:
    """Return agreements on some legs around the centre, of which a few have been carried out."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    legs = [
        BlockLeg(
            instrument_id=IDS[name],
            side=draw(st.sampled_from(list(Side))),
            amount=Lots(draw(st.sampled_from([1, 250, 2_000, 20_000]))),
            price=Ticks(CENTRES[name] + draw(st.integers(-30, 30))),
        )
        for name in chosen
    ]
    return ExecuteBlockTrade(
        maker_id=draw(account_ids),
        taker_id=draw(account_ids),
        legs=tuple(legs),
        agreed_ms=START_NS // NS_PER_MS,
        nonce=draw(st.sampled_from("abcdefgh")),
    )


@st.composite
def marks(draw: st.DrawFn, names: tuple[str, ...]) -> SetMarks:
    name = draw(st.sampled_from(names))
    one = FRESH.exchange.instruments[IDS[name]]
    underlying = PriceE8(INDEX * draw(st.integers(70, 150)) // 100)
    price = PriceE8(ticks_to_e8(one, Ticks(CENTRES[name])) * draw(st.integers(70, 150)) // 100)
    rate = draw(st.integers(-(10**10), 10**10)) if one.is_perpetual else 0
    delta = draw(st.integers(-100_000, 100_000)) if one.is_option else 0
    vega = draw(st.integers(0, 10**7)) if one.is_option else 0
    mark = Mark(IDS[name], price, 500_000, underlying, rate, delta, vega)
    return SetMarks(((one.price_index, underlying),), (mark,))


INDICES = ("btc_usd", "btc_usdc")
groups = st.sampled_from(["", "", "wings", "body"])
limits_e8 = st.one_of(st.just(0), st.integers(0, 10**9), st.integers(-1, 10**13))
mmp_configs = st.builds(
    MmpConfig,
    interval_s=st.integers(0, 10),
    frozen_s=st.integers(0, 2),
    max_quote_quantity_e8=st.sampled_from([10**8, 10**11, 10**12]),
    quantity_e8=limits_e8,
    delta_e8=limits_e8,
    vega_e8=limits_e8,
)
protections = st.builds(
    SetMmp, account_ids, st.sampled_from(INDICES), groups, st.none() | mmp_configs
)


@st.composite
def quote_sides(draw: st.DrawFn, name: str, steps: tuple[int, int]) -> QuoteSide | None:
    if draw(rarely):
        return None
    return QuoteSide(
        price=None if draw(rarely) else priced(name, draw(st.integers(*steps))),
        amount=Lots(0) if draw(rarely) else draw(st.none() | amounts),
        post_only=draw(rarely),
        reject_post_only=draw(rarely),
    )


@st.composite
def mass_quotes(draw: st.DrawFn, names: tuple[str, ...]) -> MassQuote:
    quoted = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    return MassQuote(
        account_id=draw(account_ids),
        mmp_group=draw(st.sampled_from(["wings", "wings", "body"])),
        quotes=tuple(
            Quote(
                instrument_id=IDS[name],
                quote_set_id=draw(st.sampled_from(["", "near"])),
                bid=draw(quote_sides(name, (-2, 1))),
                ask=draw(quote_sides(name, (-1, 2))),
            )
            for name in quoted
        ),
        quote_id=draw(st.sampled_from(["", "7"])),
    )


cancels_of_quotes = st.builds(
    CancelQuotes,
    account_id=account_ids,
    quote_set_id=st.sampled_from([None, None, "near"]),
    kind=st.sampled_from([None, *Kind]),
    index=st.sampled_from([None, *INDICES]),
    deltas_e5=st.sampled_from([None, None, (0, 50_000), (-100_000, 100_000)]),
    is_freezing=rarely,
)


@st.composite
def flows(draw: st.DrawFn) -> list[Command]:
    """Return commands about a few instruments: so few that orders meet."""
    names = {draw(st.sampled_from(list(CENTRES))), draw(st.sampled_from(list(CENTRES)))}
    return draw(st.lists(commands(tuple(sorted(names))), min_size=20, max_size=60))


@cache
def commands(names: tuple[str, ...]) -> st.SearchStrategy[Command]:
    """Return what may be asked of the exchange; orders are placed most of the time."""
    instrument_ids = st.sampled_from([None, *(IDS[name] for name in names)])
    rare = st.one_of(
        marks(names),
        st.builds(CancelOrder, account_ids, order_ids),
        st.builds(
            CancelOrders,
            account_ids,
            instrument_ids,
            st.sampled_from([None, *CURRENCIES]),
            st.sampled_from([None, *Kind]),
        ),
        st.builds(Withdraw, account_ids, currencies, st.integers(-5, 10**11).map(Units)),
        st.builds(Deposit, account_ids, currencies, st.integers(1, 10**9).map(Units)),
        st.builds(SettleSession, currencies),
        st.builds(
            SetFees, account_ids, st.sampled_from(list(FeeKind)), currencies, st.none() | fee_rates
        ),
        transfers,
        block_trades(names),
        st.just(Liquidate()),
        st.builds(
            ChangeMarginModel,
            account_ids,
            st.sampled_from([MarginModel.STANDARD, MarginModel.CROSS]),
        ),
        st.builds(SetInstrumentState, st.sampled_from(list(IDS.values())), mostly_open),
        st.builds(
            SetPlatformLock,
            st.sampled_from([False] * 3 + [True]),
            st.sampled_from(["", "btc_usd", "btc_usdc"]),
        ),
        st.builds(SetSelfTrading, account_ids, st.sampled_from(SelfTrading), st.booleans()),
        protections,
        st.builds(ResetMmp, account_ids, st.sampled_from(INDICES), groups),
        cancels_of_quotes,
    )
    place = places(names)
    # Not `one_of`, which takes equal strategies for one.
    often: list[st.SearchStrategy[Command]] = [place] * 6
    often += [conditionals(names), linkeds(names), edits(names), mass_quotes(names)] * 2
    return st.sampled_from([*often, rare]).flatmap(lambda kind: kind)


settlements = st.builds(
    SettleInstrument,
    st.sampled_from([IDS[name] for name in CENTRES if "25DEC26" in name]),
    st.integers(INDEX // 20, 2 * INDEX).map(PriceE8),
)


def opened() -> TradingFloor:
    """Return a floor where everything is listed and marked around its centre."""
    floor = TradingFloor(*CENTRES, cash=CASH)
    floor.apply(CreateSubaccount(ALICE))
    config = MmpConfig(
        interval_s=5, frozen_s=0, max_quote_quantity_e8=10**12, quantity_e8=3 * 10**9
    )
    for account_id in ACCOUNTS:
        for index in INDICES:
            floor.apply(SetMmp(account_id, index, "", config))
            floor.apply(SetMmp(account_id, index, "wings", config))
    for name, instrument_id in IDS.items():
        one = floor.exchange.instruments[instrument_id]
        price = ticks_to_e8(one, Ticks(CENTRES[name]))
        floor.apply(
            SetMarks(((one.price_index, INDEX),), (Mark(instrument_id, price, 500_000, INDEX),))
        )
    return floor


FRESH = opened()
OPENED = FRESH.exchange.snapshot()
EXPIRY_NS = FRESH.exchange.instruments[IDS["BTC-25DEC26"]].expiry_ns
assert EXPIRY_NS is not None


def started() -> TradingFloor:
    """Return the floor as it opened, without opening it again."""
    floor = TradingFloor.__new__(TradingFloor)
    floor.exchange = Exchange.restore(OPENED)
    floor.seq, floor.now_ns, floor.ids = FRESH.seq, FRESH.now_ns, dict(FRESH.ids)
    return floor


@thrifty
@given(flows())
def test_money_is_conserved_positions_sum_to_zero_and_books_never_cross(
    flow: list[Command],
) -> None:
    floor = started()

    for command in flow:
        floor.apply(command)  # checks all three


@thrifty
@given(flows(), st.lists(settlements, max_size=8))
def test_money_is_conserved_when_instruments_expire(
    flow: list[Command], ends: list[SettleInstrument]
) -> None:
    floor = started()
    for command in flow:
        floor.apply(command)
    assert EXPIRY_NS is not None
    floor.now_ns = EXPIRY_NS

    for end in ends:
        is_halted = floor.exchange.instrument_state(end.instrument_id) is InstrumentState.HALTED
        floor.apply(end)
        if is_halted:
            continue  # until it is opened again it is not settled either
        assert not floor.exchange.is_open(end.instrument_id)
        assert floor.exchange.book(end.instrument_id).bids == []

    for currency in CURRENCIES:
        # Less than one unit is left over for each position that was paid.
        rounding = floor.exchange.money(currency).rounding
        assert 0 <= rounding < len(ACCOUNTS) * max(len(ends), 1)


@thrifty
@given(flows(), st.lists(settlements, max_size=8))
def test_the_transactions_of_an_account_add_up_to_its_balance(
    flow: list[Command], ends: list[SettleInstrument]
) -> None:
    floor = started()
    for command in flow:
        floor.apply(command)
    assert EXPIRY_NS is not None
    floor.now_ns = EXPIRY_NS
    for end in ends:
        floor.apply(end)

    for account_id in (*ACCOUNTS, SUBACCOUNT):
        sequence = []
        for currency in (*CURRENCIES, "ETH"):
            balance = 0
            for one in floor.exchange.transactions(account_id, currency):
                balance += one.amount
                assert one.balance == balance
                sequence.append(one.account_seq)
            assert balance == floor.summary(account_id, currency).balance
        assert sorted(sequence) == list(range(1, len(sequence) + 1))
    for currency in CURRENCIES:
        logged = (floor.exchange.transactions(key, currency) for key in (*ACCOUNTS, SUBACCOUNT))
        fees = sum(one.fee for log in logged for one in log)
        assert fees == floor.exchange.money(currency).fees


@thrifty
@given(flows(), st.lists(st.integers(0, 10**14), min_size=60, max_size=60))
def test_funding_and_settlements_conserve_money_and_are_the_same_after_a_restart(
    flow: list[Command], elapsed_ns: list[int]
) -> None:
    floor = started()
    for command, elapsed in zip(flow, elapsed_ns, strict=False):
        floor.now_ns += elapsed
        floor.apply(command)  # checks that money is conserved
        if isinstance(command, SettleSession):
            money = floor.exchange.money(command.currency)
            assert money.session_rpl == money.funding == 0
    restored = Exchange.restore(floor.exchange.snapshot())
    for account_id in ACCOUNTS:
        for currency in CURRENCIES:
            as_running = floor.exchange.summary(account_id, currency)
            assert as_running == restored.summary(account_id, currency)

    floor.now_ns += 1
    before = {currency: floor.exchange.money(currency) for currency in CURRENCIES}
    for number, currency in enumerate(CURRENCIES, start=1):
        events = floor.apply(SettleSession(currency))
        assert events == restored.apply(number, floor.now_ns, SettleSession(currency))
        money = floor.exchange.money(currency)
        # Everybody paid, so what is left over is less than a unit for each payment.
        assert before[currency].rounding <= money.rounding
        for account_id in ACCOUNTS:
            assert floor.summary(account_id, currency).session_upl == 0
    assert restored.state_hash() == floor.exchange.state_hash()
    for account_id in ACCOUNTS:
        for currency in CURRENCIES:
            logged = floor.exchange.transactions(account_id, currency)
            assert sum(one.amount for one in logged) == floor.summary(account_id, currency).balance


@thrifty
@given(flows())
def test_a_rejected_command_changes_nothing(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        before = floor.exchange.state_hash()
        events = floor.apply(command)
        if any(isinstance(event, Rejected) for event in events):
            assert len(events) == 1
            assert floor.exchange.state_hash() == before


@thrifty
@given(flows())
def test_an_account_that_chose_so_never_trades_with_itself(flow: list[Command]) -> None:
    floor = started()
    apart: set[AccountId] = set()
    for command in flow:
        for event in floor.apply(command):
            if isinstance(event, SelfTradingChanged):
                if event.mode is SelfTrading.ALLOWED:
                    apart.discard(event.account_id)
                else:
                    apart.add(event.account_id)
            if isinstance(event, Fill) and event.maker.account_id == event.taker.account_id:
                assert event.taker.account_id not in apart


@thrifty
@given(flows())
def test_orders_are_consistent_with_their_fills(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        floor.apply(command)

    for view in every_order(floor.exchange):
        fills = floor.exchange.order_fills(view.order_id)
        own = [side for fill in fills for side in (fill.maker, fill.taker) if is_of(side, view)]
        assert view.filled == sum(fill.amount for fill in fills)
        assert view.filled_value == sum(fill.amount * fill.price for fill in fills)
        assert view.fee == sum(side.fee for side in own)
        assert 0 <= view.filled <= view.amount
        assert all(view.price is None or is_no_worse(fill, view) for fill in fills)
        assert (view.state == "open") == (view in floor.exchange.open_orders(view.account_id))
        waiting = floor.exchange.conditional_orders(view.account_id)
        assert (view.state == "untriggered") == (view in waiting)
        if view.state == "open":
            assert view.remaining > 0
        if view.state == "filled":
            assert view.remaining == 0
        assert (view.state == "cancelled") == (view.cancel_reason != "")


@thrifty
@given(flows())
def test_an_order_that_only_reduces_never_waits_for_more_than_the_position(
    flow: list[Command],
) -> None:
    floor = started()

    for command in flow:
        floor.apply(command)
        for view in every_order(floor.exchange):
            if view.state == "open" and view.reduce_only:
                position = floor.exchange.position(view.account_id, view.instrument_id)
                assert position is not None
                assert view.remaining <= -view.side * position.size


@thrifty
@given(flows())
def test_a_fill_of_a_reducing_order_never_lets_the_position_grow_or_turn(
    flow: list[Command],
) -> None:
    floor = started()
    sizes: dict[tuple[AccountId, InstrumentId], int] = {}

    for command in flow:
        for fill in fills_of(floor.apply(command)):
            # The two sides of a fill are one moment; an account on both keeps its position.
            is_alone = fill.maker.account_id != fill.taker.account_id
            for side in (fill.maker, fill.taker):
                key = (side.account_id, fill.instrument_id)
                before = sizes.get(key, 0)
                sizes[key] = before + side.side * fill.amount
                if side.reduce_only and is_alone:
                    assert abs(sizes[key]) < abs(before)
                    assert sizes[key] * before >= 0


@thrifty
@given(flows())
def test_a_spot_trade_never_takes_a_balance_below_zero(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        for fill in fills_of(floor.apply(command)):
            if fill.instrument_id == IDS["BTC_USDC"]:
                for side in (fill.maker, fill.taker):
                    assert floor.summary(side.account_id, "BTC").balance >= 0
                    assert floor.summary(side.account_id, "USDC").balance >= 0


@thrifty
@given(flows())
def test_the_levels_announced_draw_the_same_book(flow: list[Command]) -> None:
    floor = started()
    books = {instrument_id: (0, {}, {}) for instrument_id in IDS.values()}  # type: ignore[var-annotated] # two equal shapes

    for command in flow:
        changed: dict[InstrumentId, set[tuple[Side, Ticks]]] = {}
        for event in floor.apply(command):
            if not isinstance(event, LevelChanged):
                continue
            seen = changed.setdefault(event.instrument_id, set())
            change_id, bids, asks = books[event.instrument_id]
            assert event.change_id == change_id + (not seen)
            assert (event.side, event.price) not in seen
            seen.add((event.side, event.price))
            levels = bids if event.side is Side.BUY else asks
            assert levels.get(event.price, 0) != event.amount
            levels[event.price] = event.amount
            if event.amount == 0:
                del levels[event.price]
            books[event.instrument_id] = (event.change_id, bids, asks)

    for instrument_id, (change_id, bids, asks) in books.items():
        assert floor.exchange.book(instrument_id) == BookView(
            instrument_id, sorted(bids.items(), reverse=True), sorted(asks.items()), change_id
        )


@thrifty
@given(flows())
def test_a_book_shows_what_its_orders_show_and_nothing_that_is_hidden(flow: list[Command]) -> None:
    floor = started()
    for command in flow:
        floor.apply(command)

    shown: dict[tuple[InstrumentId, Side, Ticks], int] = {}
    for view in every_order(floor.exchange):
        if view.state is OrderState.OPEN and view.price is not None:
            key = (view.instrument_id, view.side, view.price)
            visible = view.display_amount if view.refresh_amount else view.remaining
            if view.hidden:
                continue
            assert 0 < visible <= view.remaining
            assert not view.refresh_amount or visible <= view.refresh_amount
            shown[key] = shown.get(key, 0) + visible
    books = [floor.exchange.book(instrument_id) for instrument_id in IDS.values()]
    assert shown == {
        (book.instrument_id, side, price): lots
        for book in books
        for side, levels in ((Side.BUY, book.bids), (Side.SELL, book.asks))
        for price, lots in levels
    }


@thrifty
@given(flows())
def test_running_margin_sums_equal_those_worked_out_anew(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        floor.apply(command)

    anew = Exchange.restore(floor.exchange.snapshot())
    for account_id in ACCOUNTS:
        for currency in CURRENCIES:
            assert floor.exchange.summary(account_id, currency) == anew.summary(
                account_id, currency
            )


@thrifty
@given(flows())
def test_an_order_that_was_let_in_never_takes_available_funds_below_zero(
    flow: list[Command],
) -> None:
    floor = started()

    for command in flow:
        if not isinstance(command, PlaceOrder) or command.reduce_only:
            floor.apply(command)
            continue
        account_id = command.account_id
        position = floor.position(account_id, list(CENTRES)[command.instrument_id - 1])
        before = {currency: available(floor, account_id, currency) for currency in CURRENCIES}
        events = floor.apply(command)
        if isinstance(events[0], Rejected) or position.size * command.side < 0:
            continue
        if any(view.trigger or view.link for view in orders_of(events)):
            # Others of its owner came in behind it, perhaps to reduce, which is always allowed.
            continue
        for currency in CURRENCIES:
            after = available(floor, account_id, currency)
            # A unit of slack for each position valued: the parts are rounded one by one.
            assert after >= min(before[currency], 0) - len(IDS)


@thrifty
@given(flows(), st.integers(0, 60))
def test_a_restored_exchange_goes_on_as_if_nothing_had_happened(
    flow: list[Command], cut: int
) -> None:
    through, resumed = started(), started()

    for number, command in enumerate(flow):
        if number == cut:
            resumed.exchange = Exchange.restore(resumed.exchange.snapshot())
        assert resumed.apply(command) == through.apply(command)

    assert resumed.exchange.state_hash() == through.exchange.state_hash()


@thrifty
@given(flows())
def test_the_same_journal_gives_the_same_state(flow: list[Command]) -> None:
    first, second = started(), started()
    entries = [encode(command) for command in flow]

    for command, entry in zip(flow, entries, strict=True):
        first.apply(command)
        second.apply(decode(entry))

    assert first.exchange.snapshot() == second.exchange.snapshot()


@thrifty
@given(flows())
def test_reading_leaves_no_trace(flow: list[Command]) -> None:
    floor = started()
    for command in flow:
        floor.apply(command)
    before = floor.exchange.snapshot()

    for account_id in (*ACCOUNTS, AccountId(99)):
        for currency in (*CURRENCIES, "ETH", "XYZ"):
            floor.exchange.summary(account_id, currency)
        floor.exchange.positions(account_id)
        floor.exchange.open_orders(account_id)
        for instrument_id in (*IDS.values(), InstrumentId(99)):
            floor.exchange.position(account_id, instrument_id)
            floor.exchange.fills(account_id, instrument_id)

    assert floor.exchange.snapshot() == before


@thrifty
@given(flows(), st.lists(st.integers(0, 4 * 10**9), min_size=60, max_size=60))
def test_portfolio_margin_replays_from_its_verdicts_and_never_admits_beyond_the_funds(
    flow: list[Command], needs: list[int]
) -> None:
    first = started()
    said: list[Command] = []
    for account_id in ACCOUNTS:
        basis = first.exchange.changes(account_id)
        verdicts = tuple((name, Verdict(basis, Units(0), Units(0))) for name in CURRENCIES)
        said.append(ChangeMarginModel(account_id, MarginModel.PORTFOLIO, verdicts))
        first.apply(said[-1])

    for command, need in zip(flow, needs, strict=False):
        told = command
        if isinstance(command, PlaceOrder | EditOrder):
            basis = first.exchange.changes(command.account_id)
            told = structs.replace(command, verdict=Verdict(basis, Units(need), Units(need // 2)))
        before = {
            (key, name): available(first, key, name) for key in ACCOUNTS for name in CURRENCIES
        }
        said.append(told)
        events = first.apply(told)
        if isinstance(told, PlaceOrder) and not isinstance(events[0], Rejected):
            for name in CURRENCIES:
                after = available(first, told.account_id, name)
                assert after >= min(before[told.account_id, name], 0) - len(IDS)

    second = started()
    for command in said:
        second.apply(command)
    assert second.exchange.state_hash() == first.exchange.state_hash()
    restored = Exchange.restore(first.exchange.snapshot())
    assert restored.state_hash() == first.exchange.state_hash()


@thrifty
@given(flows(), st.lists(st.integers(40, 180), min_size=20, max_size=20))
def test_whoever_comes_below_water_is_found(flow: list[Command], moves: list[int]) -> None:
    floor = started()
    for account_id in ACCOUNTS:
        floor.leave(account_id, "BTC", 10**7)
        floor.leave(account_id, "USDC", 500 * 10**6)

    for number, command in enumerate(flow):
        floor.apply(command)
        if number % 4 == 0:
            revalue(floor, moves[number // 4 % len(moves)])
        found = floor.exchange.in_liquidation
        # A new watch knows nobody whom it could pass over.
        assert found == Watch(floor.exchange._state).due()


@thrifty
@given(flows(), st.lists(st.integers(40, 180), min_size=1, max_size=4))
def test_rounds_of_liquidation_leave_nobody_owing(flow: list[Command], moves: list[int]) -> None:
    floor = started()
    floor.apply(SetMarks((("btc_usd", INDEX),)))
    for account_id in ACCOUNTS:
        floor.leave(account_id, "BTC", 10**7)
        floor.leave(account_id, "USDC", 500 * 10**6)
    for command in flow:
        floor.apply(command)

    for move in moves:
        revalue(floor, move)
        # A round may fill an order far from the mark, and so bring its owner into the next.
        while floor.apply(Liquidate()):
            pass

        exchange = floor.exchange
        for account_id in ACCOUNTS:
            for currency in CURRENCIES:
                found = floor.summary(account_id, currency)
                left = found.equity if found.total is None else found.total.equity
                # A unit of slack for each position: its parts are rounded one by one.
                assert left >= -len(IDS)
                is_covered = found.margin_balance >= found.maintenance_margin
                assert is_covered or exchange.is_locked(account_id)
            assert exchange.is_locked(account_id) == (account_id in exchange.in_liquidation)
        restored = Exchange.restore(exchange.snapshot())
        assert restored.state_hash() == exchange.state_hash()
        assert restored.in_liquidation == exchange.in_liquidation


@thrifty
@given(
    flows(),
    st.integers(40, 180),
    st.lists(
        st.tuples(account_ids, currencies, st.integers(-1, 3), st.integers(0, 10**10)),
        max_size=12,
    ),
)
def test_rounds_with_any_verdicts_lose_no_unit(
    flow: list[Command], move: int, told: list[tuple[AccountId, str, int, int]]
) -> None:
    floor = started()
    for account_id in ACCOUNTS:
        floor.leave(account_id, "BTC", 10**7)
        floor.leave(account_id, "USDC", 500 * 10**6)
    for account_id in ACCOUNTS:
        basis = floor.exchange.changes(account_id)
        nothing = tuple((name, Verdict(basis, Units(0), Units(0))) for name in CURRENCIES)
        floor.apply(ChangeMarginModel(account_id, MarginModel.PORTFOLIO, nothing))
    for command in flow:
        if isinstance(command, PlaceOrder):
            basis = floor.exchange.changes(command.account_id)
            floor.apply(structs.replace(command, verdict=Verdict(basis, Units(0), Units(0))))

    revalue(floor, move)
    for account_id, currency, late, need in told:
        basis = floor.exchange.changes(account_id) - late
        verdict = Verdict(basis, Units(need), Units(need))
        floor.apply(Liquidate(((account_id, currency, verdict),)))
    while floor.apply(Liquidate()):
        pass

    for account_id in ACCOUNTS:
        if floor.exchange.margin_model(account_id) is MarginModel.PORTFOLIO:
            for currency in CURRENCIES:
                found = floor.summary(account_id, currency)
                assert found.equity >= found.maintenance_margin or floor.exchange.is_locked(
                    account_id
                )
    restored = Exchange.restore(floor.exchange.snapshot())
    assert restored.state_hash() == floor.exchange.state_hash()


def revalue(floor: TradingFloor, percent: int) -> None:
    """Mark everything at a part of where it started."""
    index = PriceE8(INDEX * percent // 100)
    for name, instrument_id in IDS.items():
        one = floor.exchange.instruments[instrument_id]
        price = PriceE8(ticks_to_e8(one, Ticks(CENTRES[name])) * percent // 100)
        floor.apply(SetMarks(((one.price_index, index),), (Mark(instrument_id, price, 1, index),)))


@thrifty
@given(flows(), st.lists(st.integers(0, 12 * NS_PER_HOUR), min_size=60, max_size=60))
def test_nobody_trades_with_an_order_whose_day_is_over(
    flow: list[Command], pauses: list[int]
) -> None:
    through, resumed = started(), started()

    for number, (command, pause) in enumerate(zip(flow, pauses, strict=False)):
        through.now_ns += pause
        resumed.now_ns = through.now_ns
        told = command
        if isinstance(command, PlaceOrder) and command.time_in_force is TimeInForce.GTC:
            told = structs.replace(command, time_in_force=TimeInForce.GTD, post_only=False)
        over = [view for view in waiting_orders(through.exchange) if is_over(view, through.now_ns)]
        if number % 8 == 0:
            resumed.exchange = Exchange.restore(resumed.exchange.snapshot())
        events = through.apply(told)
        assert resumed.apply(told) == events
        ended = {view.order_id: view.cancel_reason for view in orders_of(events)}
        assert all(ended[view.order_id] == "good_til_day" for view in over)
        makers = {fill.maker.order_id for fill in fills_of(events)}
        assert makers.isdisjoint(view.order_id for view in over)
        assert not any(is_over(view, through.now_ns) for view in waiting_orders(through.exchange))
        assert sum(isinstance(event, Rejected) for event in events[1:]) == 0

    assert resumed.exchange.state_hash() == through.exchange.state_hash()


@thrifty
@given(flows())
def test_an_order_that_waits_for_a_price_comes_in_once_and_as_soon_as_it_is_reached(
    flow: list[Command],
) -> None:
    floor = started()
    ended: set[OrderId] = set()

    for command in flow:
        for view in orders_of(floor.apply(command)):
            assert view.order_id not in ended
            if view.state not in {"open", "untriggered"}:
                ended.add(view.order_id)
        for account_id in ACCOUNTS:
            for view in floor.exchange.conditional_orders(account_id):
                assert not is_reached(floor.exchange, view)

    for view in every_order(floor.exchange):
        if view.state == "triggered":
            assert view.triggered_order_id is not None
            became = floor.exchange.order(view.triggered_order_id)
            assert became is not None
            # What was left of a dormant order may have been added to the part before it.
            is_part = view.link is not None and view.link.part_id == became.order_id
            assert is_part or became.trigger_order_id == view.order_id
        assert (view.state == "rejected") == (view.reject_reason != "")
        assert (view.state in {"untriggered", "triggered", "rejected"}) <= (view.filled == 0)


@thrifty
@given(flows())
def test_links_leave_no_orphan(flow: list[Command]) -> None:
    floor = started()

    for command in flow:
        floor.apply(command)
        alive = {view.order_id: view for view in waiting_orders(floor.exchange)}
        for view in alive.values():
            link = view.link
            assert link is not None or not view.is_dormant
            if link is None:
                continue
            if view.is_dormant:
                # What triggers it is there, and knows it, or a part of it.
                assert link.primary_id is not None
                primary = alive[link.primary_id]
                assert primary.link is not None
                assert view.order_id in primary.link.secondary_ids
            if link.partner_id is not None:
                partner = alive[link.partner_id]
                assert partner.link is not None
                assert partner.link.partner_id == view.order_id
                assert partner.link.pair_id == link.pair_id


def available(floor: TradingFloor, account_id: AccountId, currency: str) -> int:
    return floor.summary(account_id, currency).available_funds


def every_order(exchange: Exchange) -> list[OrderView]:
    views = [exchange.order(OrderId(number)) for number in range(1, 241)]
    return [view for view in views if view is not None]


def orders_of(events: tuple[Event, ...]) -> list[OrderView]:
    return [happened.order for happened in events if isinstance(happened, OrderEvent)]


def waiting_orders(exchange: Exchange) -> list[OrderView]:
    return [
        view
        for account_id in ACCOUNTS
        for view in (*exchange.open_orders(account_id), *exchange.conditional_orders(account_id))
    ]


def is_over(view: OrderView, now_ns: int) -> bool:
    """Say whether 08:00 UTC has come since an order for the day was placed."""
    first_end_ns = utc_ns(date(2026, 1, 1), hour=8)
    days = (view.created_ns - first_end_ns) // NS_PER_DAY + 1
    is_for_the_day = view.time_in_force is TimeInForce.GTD
    return is_for_the_day and now_ns >= first_end_ns + days * NS_PER_DAY


def is_reached(exchange: Exchange, view: OrderView) -> bool:
    """Say whether the price that an order waits for has come, by what may be read from outside."""
    if view.is_dormant:
        return False
    assert view.trigger is not None
    assert view.trigger.price is not None
    one = exchange.instruments[view.instrument_id]
    # A block trade is agreed outside of the book, and moves no price there.
    trades = [one for one in exchange.trades(view.instrument_id) if not one.block_trade_id]
    mark = exchange.mark(view.instrument_id)
    price = {
        TriggerPriceType.LAST: ticks_to_e8(one, trades[-1].price) if trades else None,
        TriggerPriceType.MARK: mark.price if mark else None,
        TriggerPriceType.INDEX: exchange.indices.get(one.price_index),
    }[view.trigger.price_type]
    if price is None:
        return False
    is_take = view.order_type in {OrderType.TAKE_LIMIT, OrderType.TAKE_MARKET}
    sign = -view.side if is_take else view.side
    return price * sign >= view.trigger.price * sign


def fills_of(events: tuple[Event, ...]) -> list[Fill]:
    return [happened for happened in events if isinstance(happened, Fill)]


def is_of(side: FillSide, view: OrderView) -> bool:
    return side.order_id == view.order_id


def is_no_worse(fill: Fill, view: OrderView) -> bool:
    """Say whether a fill's price is within the order's price; edits may have moved that since."""
    assert view.price is not None
    return view.replaced or fill.price * view.side <= view.price * view.side


@thrifty
@given(flows(), st.lists(st.integers(0, 3 * 10**9), min_size=60, max_size=60))
def test_nothing_waits_that_its_protection_would_not_let_in(
    flow: list[Command], steps: list[int]
) -> None:
    floor = started()

    for command, step in zip(flow, steps, strict=False):
        floor.now_ns += step
        floor.apply(command)

        for account_id in ACCOUNTS:
            found = {(one.index, one.group): one for one in floor.exchange.protections(account_id)}
            waiting: dict[tuple[str, str, InstrumentId, Side], list[OrderView]] = {}
            for view in floor.exchange.open_orders(account_id):
                if view.mmp is not None:
                    index = floor.exchange.instruments[view.instrument_id].price_index
                    key = (index, view.mmp.group, view.instrument_id, view.side)
                    waiting.setdefault(key, []).append(view)
            for (index, group, instrument_id, _), views in waiting.items():
                one = found[index, group]
                until_ns = one.frozen_until_ns
                assert not one.is_triggered or 0 < until_ns <= floor.now_ns
                assert sum(view.mmp.is_quote for view in views if view.mmp) <= 1
                coins = sum(coins_of(floor, instrument_id, view) for view in views)
                assert coins <= one.config.max_quote_quantity_e8


def coins_of(floor: TradingFloor, instrument_id: InstrumentId, view: OrderView) -> int:
    """Return what of an order waits, in 1e-8 coins; of an inverse future rounded up."""
    one = floor.exchange.instruments[instrument_id]
    assert view.price is not None
    amount = view.remaining * int(one.lot_size * 10**8)
    if not (one.is_future and one.is_inverse):
        return amount
    return -(-amount * 10**8 // ticks_to_e8(one, view.price))
