from itertools import combinations

import pytest

from strikewire.exchange import (
    ComboClosed,
    CreateCombo,
    CreateSubaccount,
    Exchange,
    InstrumentListed,
    InstrumentState,
    InstrumentStateChanged,
    ListInstrument,
    Mark,
    Reject,
    SetInstrumentState,
    SetMarks,
    SetPlatformLock,
    SettleInstrument,
    TimeInForce,
)
from strikewire.exchange.instruments import combos
from strikewire.model import COMBO_ID_FIRST, AccountId, InstrumentId, PriceE8
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

PERP, NOV, DEC = "BTC-PERPETUAL", "BTC-27NOV26", "BTC-25DEC26"
OPEN, LOCKED, HALTED, INACTIVE, DELIVERED = InstrumentState


def futures() -> TradingFloor:
    floor = TradingFloor(PERP, NOV, DEC)
    floor.mark(120_000, PERP)
    floor.mark(24_100, NOV)
    floor.mark(24_200, DEC)
    return floor


def create(floor: TradingFloor, *legs: tuple[int, int], by: AccountId = ALICE) -> Deed:
    asked = tuple((InstrumentId(key), ratio) for key, ratio in legs)
    return Deed(floor.apply(CreateCombo(by, asked)))


def waiting() -> tuple[TradingFloor, str]:
    """Return a floor where Bob's first order waits in a combo, and his second in a leg of it."""
    floor = futures()
    name = floor.combine((DEC, 1), (NOV, -1))
    floor.buy(BOB, 10, at=1, name=name)
    floor.buy(BOB, 10, at=24_000, name=NOV)
    return floor, name


def test_who_asks_for_a_combo_gets_its_book() -> None:
    floor = futures()
    (listed,) = create(floor, (1, -2), (3, 2)).events

    assert isinstance(listed, InstrumentListed)
    assert (listed.instrument.name, listed.state) == ("BTC-FS-25DEC26_PERP", OPEN)
    assert listed.instrument.instrument_id == COMBO_ID_FIRST
    assert listed.instrument.creation_ns == floor.now_ns
    assert floor.exchange.is_open(COMBO_ID_FIRST)
    assert floor.exchange.instrument_by_name["BTC-FS-25DEC26_PERP"] == COMBO_ID_FIRST


def test_the_same_legs_are_the_same_combo_whoever_asks_and_whichever_way_round() -> None:
    floor = futures()
    create(floor, (3, 1), (1, -1))

    assert create(floor, (1, 5), (3, -5), by=BOB).events == ()
    found = floor.exchange.combo([(InstrumentId(1), 1), (InstrumentId(3), -1)])
    assert found is floor.exchange.instruments[COMBO_ID_FIRST]
    assert floor.exchange.combo([(InstrumentId(2), 1), (InstrumentId(3), -1)]) is None
    assert floor.exchange.combo([(InstrumentId(2), 1)]) is None


def test_combos_are_counted_in_the_order_in_which_they_came() -> None:
    floor = futures()

    ids = [
        floor.id(floor.combine(*legs)) for legs in (((DEC, 1), (PERP, -1)), ((DEC, 1), (NOV, -1)))
    ]

    assert ids == [COMBO_ID_FIRST, COMBO_ID_FIRST + 1]


@pytest.mark.parametrize(
    ("legs", "by", "code", "reason"),
    [
        (((1, 1), (3, -1)), 99, Reject.UNAUTHORIZED, "unknown_account"),
        (((1, 1), (99, -1)), ALICE, Reject.INVALID_INSTRUMENT, "unknown_instrument"),
        (((1, 1), (1, -1)), ALICE, Reject.INVALID_ARGUMENTS, "same_leg_twice"),
        (((1, 1),), ALICE, Reject.INVALID_ARGUMENTS, "1_legs"),
        ((), ALICE, Reject.INVALID_ARGUMENTS, "0_legs"),
        (
            ((COMBO_ID_FIRST, 1), (1, -1)),
            ALICE,
            Reject.INVALID_ARGUMENTS,
            "neither_futures_nor_options",
        ),
    ],
)
def test_some_legs_are_refused(
    legs: tuple[tuple[int, int], ...], by: int, code: Reject, reason: str
) -> None:
    floor = futures()
    floor.combine((DEC, 1), (NOV, -1))

    rejected = create(floor, *legs, by=AccountId(by)).rejected

    assert (rejected.code, rejected.reason) == (code, reason)


@pytest.mark.parametrize("state", [LOCKED, HALTED, INACTIVE])
def test_nobody_makes_a_combo_of_what_does_not_trade(state: InstrumentState) -> None:
    floor = futures()
    floor.apply(SetInstrumentState(floor.id(DEC), state))

    assert create(floor, (1, 1), (3, -1)).is_rejected


def test_there_are_so_many_combos_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combos, "COMBOS_MAX", 1)
    floor = futures()
    floor.combine((DEC, 1), (NOV, -1))

    assert create(floor, (1, 1), (3, -1)).rejected.reason == "max_combos"
    assert create(floor, (2, 1), (3, -1)).events == ()
    floor.expire(NOV)
    floor.settle(NOV, 60_000)
    create(floor, (1, 1), (3, -1)).expect_accepted()


def test_the_accounts_of_one_owner_make_so_many_combos_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(combos, "COMBOS_OWNER_MAX", 2)
    floor = futures()
    floor.apply(CreateSubaccount(ALICE))
    sub = floor.exchange.account_ids[-1]
    floor.combine((DEC, 1), (NOV, -1), by=ALICE)
    floor.combine((DEC, 1), (PERP, -1), by=sub)
    before = floor.exchange.state_hash()

    for by in (ALICE, sub):
        rejected = create(floor, (1, 1), (2, -1), by=by).rejected
        assert (rejected.code, rejected.reason) == (Reject.OTHER_REJECT, "max_combos_per_owner")
    assert floor.exchange.state_hash() == before

    assert create(floor, (2, 1), (3, -1)).events == ()  # One that there is costs nothing.
    floor.exchange = Exchange.restore(floor.exchange.snapshot())
    assert create(floor, (1, 1), (2, -1)).is_rejected
    create(floor, (1, 1), (2, -1), by=BOB).expect_accepted()


def test_what_is_closed_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combos, "COMBOS_OWNER_MAX", 1)
    floor, _ = waiting()
    assert create(floor, (1, 1), (3, -1)).is_rejected

    floor.expire(NOV)
    floor.settle(NOV, 60_000)

    create(floor, (1, 1), (3, -1)).expect_accepted()


def test_the_venue_lists_no_combos_and_none_of_their_ids() -> None:
    floor = futures()
    name = floor.combine((DEC, 1), (NOV, -1))
    one = floor.exchange.instruments[floor.id(name)]
    other = TradingFloor(PERP, NOV, DEC)

    assert Deed(other.apply(ListInstrument(one))).rejected.code is Reject.INVALID_ARGUMENTS


def test_a_combo_is_worth_what_its_legs_are_and_marked_by_nobody() -> None:
    floor, name = waiting()

    floor.apply(SetMarks((), (Mark(floor.id(name), PriceE8(5), 0, PriceE8(5)),)))

    assert floor.exchange.mark(floor.id(name)) is None


@pytest.mark.parametrize("state", [LOCKED, HALTED])
def test_a_combo_is_stopped_with_its_leg_and_goes_on_with_it(state: InstrumentState) -> None:
    floor, name = waiting()

    events = floor.apply(SetInstrumentState(floor.id(NOV), state))

    assert events == (
        InstrumentStateChanged(floor.id(name), state),
        InstrumentStateChanged(floor.id(NOV), state),
    )
    assert floor.sell(ALICE, 1, at=2, name=name).rejected.code is Reject.LOCKED
    assert floor.book(name) == "    10 | 1 |"
    floor.apply(SetInstrumentState(floor.id(NOV), OPEN))
    assert floor.exchange.instrument_state(floor.id(name)) is OPEN
    floor.sell(ALICE, 1, at=1, name=name).expect_accepted()


def test_a_leg_that_is_taken_out_of_trading_takes_the_orders_of_its_combos_along() -> None:
    floor, name = waiting()

    floor.apply(SetInstrumentState(floor.id(NOV), INACTIVE))

    assert [floor.order(n).cancel_reason for n in (1, 2)] == ["instrument_inactive"] * 2
    assert floor.exchange.instrument_state(floor.id(name)) is INACTIVE
    floor.apply(SetInstrumentState(floor.id(NOV), OPEN))
    floor.buy(BOB, 10, at=1, name=name).expect_accepted()


def test_two_stopped_legs_must_both_go_on() -> None:
    floor, name = waiting()
    for leg in (NOV, DEC):
        floor.apply(SetInstrumentState(floor.id(leg), LOCKED))

    assert len(floor.apply(SetInstrumentState(floor.id(NOV), OPEN))) == 1
    assert floor.exchange.instrument_state(floor.id(name)) is LOCKED


def test_a_lock_of_the_index_stops_its_combos() -> None:
    floor, name = waiting()

    floor.apply(SetPlatformLock(is_locked=True, index="btc_usd"))

    assert floor.sell(ALICE, 1, at=1, name=name).rejected.reason == "platform_locked"


def test_a_combo_ends_with_the_first_of_its_legs() -> None:
    floor, name = waiting()
    floor.expire(NOV)
    assert floor.sell(ALICE, 1, at=1, name=name).rejected.code is Reject.SETTLEMENT_IN_PROGRESS

    deed = floor.settle(NOV, 60_000)

    assert ComboClosed(floor.id(name), is_forgotten=False) in deed.events
    assert [floor.order(n).cancel_reason for n in (1, 2)] == ["settlement"] * 2
    assert not floor.exchange.is_open(floor.id(name))
    assert floor.exchange.instrument_state(floor.id(name)) is INACTIVE
    assert floor.sell(ALICE, 1, at=1, name=name).rejected.code is Reject.BOOK_CLOSED
    assert create(floor, (2, 1), (3, -1)).rejected.code is Reject.BOOK_CLOSED
    assert floor.exchange.is_open(floor.id(DEC))


def test_a_combo_is_not_settled_itself() -> None:
    floor, name = waiting()
    floor.expire(NOV)

    rejected = Deed(floor.apply(SettleInstrument(floor.id(name), PriceE8(1)))).rejected

    assert rejected.reason == "settled_by_its_legs"


def test_open_and_closed_combos_are_the_same_after_a_restart() -> None:
    floor, name = waiting()
    other = floor.combine((DEC, 1), (PERP, -1))
    floor.expire(NOV)
    floor.settle(NOV, 60_000)

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.state_hash() == floor.exchange.state_hash()
    assert restored.instrument_state(floor.id(name)) is INACTIVE
    command = SetInstrumentState(floor.id(DEC), LOCKED)
    assert restored.apply(99, floor.now_ns, command) == floor.apply(command)
    assert restored.instrument_state(floor.id(other)) is LOCKED


def test_a_combo_that_nobody_used_is_forgotten_with_its_end() -> None:
    floor, used = waiting()
    unused = floor.combine((NOV, 1), (PERP, -1))
    other = floor.combine((DEC, 1), (PERP, -1))
    floor.buy(BOB, 0, at=1, name=unused)  # is refused
    floor.expire(NOV)

    deed = floor.settle(NOV, 60_000)

    closed = [event for event in deed.events if isinstance(event, ComboClosed)]
    assert closed == [
        ComboClosed(floor.id(used), is_forgotten=False),
        ComboClosed(floor.id(unused), is_forgotten=True),
    ]
    assert unused not in floor.exchange.instrument_by_name
    assert floor.id(unused) not in floor.exchange.instruments
    assert floor.exchange.instrument_state(floor.id(unused)) is None
    assert floor.exchange.combo([(floor.id(NOV), 1), (floor.id(PERP), -1)]) is None
    assert floor.sell(ALICE, 1, at=1, name=unused).rejected.reason == "unknown_instrument"
    assert {used, other} <= floor.exchange.instrument_by_name.keys()
    restored = Exchange.restore(floor.exchange.snapshot())
    assert restored.instruments == floor.exchange.instruments
    assert restored.state_hash() == floor.exchange.state_hash()


@pytest.mark.parametrize("what", ["cancelled", "killed", "filled"])
def test_a_combo_in_which_an_order_was_is_kept(what: str) -> None:
    floor = futures()
    name = floor.combine((NOV, 1), (PERP, -1))
    if what == "killed":
        floor.buy(ALICE, 1, at=1, name=name, time_in_force=TimeInForce.IOC)
    else:
        floor.buy(ALICE, 1, at=1, name=name)
        if what == "filled":
            floor.sell(BOB, 1, at=1, name=name).expect_accepted()
        else:
            floor.cancel(1)
    floor.expire(NOV)

    deed = floor.settle(NOV, 60_000)

    assert ComboClosed(floor.id(name), is_forgotten=False) in deed.events
    assert floor.exchange.closed_orders(ALICE)[0].instrument_id == floor.id(name)
    assert floor.exchange.instrument_by_name[name] == floor.id(name)


def test_the_number_of_a_forgotten_combo_is_given_to_no_other() -> None:
    floor = futures()
    floor.combine((NOV, 1), (PERP, -1))
    floor.expire(NOV)
    floor.settle(NOV, 60_000)

    floor.exchange = Exchange.restore(floor.exchange.snapshot())
    name = floor.combine((DEC, 1), (PERP, -1))

    assert floor.id(name) == COMBO_ID_FIRST + 1


def test_thousands_of_unused_combos_leave_no_trace() -> None:
    strikes = [f"BTC-27NOV26-{strike}-C" for strike in range(50_000, 74_000, 1_000)]
    floor = TradingFloor(*strikes)
    for name in strikes:
        floor.mark(name=name, price=0.05, underlying=60_000)
    before = len(floor.exchange.snapshot())
    pairs = list(combinations(strikes, 2))
    for lower, upper in pairs[: combos.COMBOS_OWNER_MAX]:
        floor.combine((lower, 1), (upper, -1))
    assert len(floor.exchange.snapshot()) > 2 * before
    floor.expire(strikes[0])

    for name in strikes:
        floor.settle(name, 60_000)

    assert set(floor.exchange.instruments) == {floor.id(name) for name in strikes}
    assert len(floor.exchange._state.combos) == len(floor.exchange._state.combos.makers) == 0
