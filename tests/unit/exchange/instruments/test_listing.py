from decimal import Decimal
from typing import Any

import msgspec
import pytest

from strikewire.exchange import (
    Exchange,
    InstrumentListed,
    InstrumentSettled,
    ListInstrument,
    Mark,
    MarksChanged,
    MarksRefused,
    PositionChanged,
    Reject,
    Rejected,
    SetMarks,
    SettleInstrument,
)
from strikewire.exchange.instruments import listing
from strikewire.model import InstrumentId, Kind, PriceE8, Ticks, TickStep, instrument
from strikewire.testing.exchange import ALICE, BOB, CAROL, START_NS, TradingFloor, e8

CALL = "BTC-25DEC26-60000-C"
LINEAR_PUT = "BTC_USDC-25DEC26-60000-P"
FUTURE = "BTC-25DEC26"
GOOD = instrument(CALL, instrument_id=9)


def rejection(floor: TradingFloor, command: ListInstrument | SetMarks) -> tuple[Reject, str]:
    (event,) = floor.apply(command)
    assert isinstance(event, Rejected)
    return event.code, event.reason


# --- Listing


def test_a_listed_instrument_has_an_empty_open_book() -> None:
    floor = TradingFloor()

    events = floor.apply(ListInstrument(GOOD))

    assert events == (InstrumentListed(GOOD),)
    assert floor.exchange.is_open(InstrumentId(9))
    assert floor.exchange.instrument_by_name == {CALL: 9}
    book = floor.exchange.book(InstrumentId(9))
    assert (book.bids, book.asks, book.change_id) == ([], [], 0)


def test_ids_and_names_are_listed_once() -> None:
    floor = TradingFloor()
    floor.apply(ListInstrument(GOOD))

    for again in (
        instrument(CALL, instrument_id=10),
        instrument("BTC-PERPETUAL", instrument_id=9),
        GOOD,
    ):
        assert rejection(floor, ListInstrument(again)) == (
            Reject.OTHER_REJECT,
            "instrument_exists",
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"instrument_id": 0},
        {"instrument_id": 2**63},
        {"expiry_ns": START_NS},
        {"tick_size": Decimal(0)},
        {"tick_size": Decimal("1e-9")},
        {"tick_size": Decimal("NaN")},
        {"tick_size": Decimal("1e12")},
        {"lot_size": Decimal(-1)},
        {"strike": None},
        {"strike": Decimal("0.000000001")},
        {"option_type": None},
        {"expiry_ns": None},
        {"tick_steps": (TickStep(Ticks(50), Ticks(0)),)},
        {"taker_fee_ppm": 1_000_001},
        {"settlement_currency": "DOGE"},
        {"kind": Kind.SPOT, "base_currency": "DOGE"},
    ],
    ids=str,
)
def test_an_instrument_that_cannot_be_counted_in_integers_is_refused(
    changes: dict[str, Any],
) -> None:
    floor = TradingFloor()

    code, _ = rejection(floor, ListInstrument(msgspec.structs.replace(GOOD, **changes)))

    assert code is Reject.INVALID_ARGUMENTS


def test_there_is_room_for_so_many_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "INSTRUMENTS_MAX", 1)
    floor = TradingFloor("BTC-PERPETUAL")

    assert rejection(floor, ListInstrument(GOOD)) == (Reject.OTHER_REJECT, "max_instruments")


def test_combos_take_no_room_of_other_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "INSTRUMENTS_MAX", 3)
    floor = TradingFloor("BTC-PERPETUAL", "BTC-25DEC26")
    floor.combine(("BTC-25DEC26", 1), ("BTC-PERPETUAL", -1))

    floor.list("ETH-PERPETUAL")

    assert floor.exchange.is_open(floor.id("ETH-PERPETUAL"))


# --- Marks


def test_marks_and_indices_are_taken_over_as_named() -> None:
    floor = TradingFloor(CALL, "BTC-PERPETUAL")
    floor.apply(SetMarks((("btc_usd", e8(60_000)), ("eth_usd", e8(2_500)))))
    mark = Mark(floor.id(CALL), e8(0.05), 500_000, e8(61_000))

    events = floor.apply(SetMarks((("btc_usd", e8(60_100)),), (mark,)))

    assert events == (MarksChanged((("btc_usd", e8(60_100)),), (mark,)),)
    assert floor.exchange.indices == {"btc_usd": e8(60_100), "eth_usd": e8(2_500)}
    assert floor.exchange.marks == {floor.id(CALL): mark}
    assert floor.exchange.mark(floor.id("BTC-PERPETUAL")) is None


def test_marks_of_instruments_that_are_not_open_are_ignored() -> None:
    floor = TradingFloor(CALL, "BTC-PERPETUAL")
    floor.expire(CALL)
    floor.settle(CALL, 60_000)
    marks = tuple(Mark(InstrumentId(n), e8(60_000), 0, e8(60_000)) for n in (1, 2, 99))

    (event,) = floor.apply(SetMarks((), marks))

    assert event == MarksChanged((), (marks[1],))


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        # Only an option may be worthless.
        (Mark(InstrumentId(1), PriceE8(0), 0, PriceE8(1)), "price is 0"),
        (Mark(InstrumentId(2), PriceE8(-1), 0, PriceE8(1)), "price is -1"),
        (Mark(InstrumentId(2), PriceE8(10**17 + 1), 0, PriceE8(1)), f"price is {10**17 + 1}"),
        (Mark(InstrumentId(2), PriceE8(1), -1, PriceE8(1)), "iv is -1"),
        (Mark(InstrumentId(2), PriceE8(1), 10**9 + 1, PriceE8(1)), f"iv is {10**9 + 1}"),
        (Mark(InstrumentId(2), PriceE8(1), 0, PriceE8(0)), "underlying is 0"),
        (Mark(InstrumentId(2), PriceE8(1), 0, PriceE8(1), 1), "funding rate is 1"),
        (Mark(InstrumentId(1), PriceE8(1), 0, PriceE8(1), 0, 1), "delta is 1"),
        (Mark(InstrumentId(2), PriceE8(1), 0, PriceE8(1), 0, -100_001), "delta is 100001"),
        (Mark(InstrumentId(2), PriceE8(1), 0, PriceE8(1), 0, 0, -1), "vega is -1"),
    ],
)
def test_one_senseless_mark_stays_behind_and_all_others_are_in_force(
    mark: Mark, reason: str
) -> None:
    floor = TradingFloor("BTC-PERPETUAL", CALL, "ETH-PERPETUAL")
    sound = [Mark(InstrumentId(n), e8(60_000), 0, e8(60_000)) for n in (1, 3)]
    sound = [one for one in sound if one.instrument_id != mark.instrument_id]
    indices = (("btc_usd", e8(60_000)),)

    events = floor.apply(SetMarks(indices, (mark, *sound)))

    assert events == (
        MarksChanged(indices, tuple(sound)),
        MarksRefused((), ((mark.instrument_id, reason),)),
    )
    assert floor.exchange.marks == {one.instrument_id: one for one in sound}
    assert floor.exchange.indices == {"btc_usd": e8(60_000)}


@pytest.mark.parametrize("price", [0, -1, 10**17 + 1])
def test_what_is_priced_by_a_senseless_index_stands_still_with_it(price: int) -> None:
    floor = TradingFloor("BTC-PERPETUAL", "ETH-PERPETUAL")
    floor.mark(name="BTC-PERPETUAL", price=60_000)
    before = floor.exchange.marks
    marks = tuple(Mark(InstrumentId(n), e8(61_000), 0, e8(61_000)) for n in (1, 2))

    events = floor.apply(SetMarks((("btc_usd", PriceE8(price)), ("eth_usd", e8(2_500))), marks))

    assert events == (
        MarksChanged((("eth_usd", e8(2_500)),), (marks[1],)),
        MarksRefused((("btc_usd", f"index is {price}"),), ((InstrumentId(1), "index_refused"),)),
    )
    assert floor.exchange.marks == before | {InstrumentId(2): marks[1]}
    assert floor.exchange.indices == {"btc_usd": e8(60_000), "eth_usd": e8(2_500)}


def test_of_four_thousand_marks_one_bad_one_makes_no_other_stale() -> None:
    strikes = [f"BTC-25DEC26-{strike}-C" for strike in range(1_000, 4_000_001, 1_000)]
    floor = TradingFloor(*strikes)
    marks = [Mark(floor.id(name), e8(0.05), 500_000, e8(60_000)) for name in strikes]
    marks[1_234] = Mark(floor.id(strikes[1_234]), PriceE8(-1), 500_000, e8(60_000))

    _, refused = floor.apply(SetMarks((), tuple(marks)))

    assert refused == MarksRefused((), ((InstrumentId(1_235), "price is -1"),))
    assert len(floor.exchange.marks) == 3_999


def test_an_option_may_be_worth_nothing() -> None:
    floor = TradingFloor(CALL)

    floor.mark(name=CALL, price=0.0, underlying=60_000)

    mark = floor.exchange.mark(floor.id(CALL))
    assert mark is not None
    assert mark.price == 0


# --- Settlement


def test_a_settled_call_pays_its_holders_in_coin_from_its_writers() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 10_00000000})
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.buy(ALICE, 10, at=500)
    floor.sell(BOB, 10, at=500)
    floor.expire(CALL)

    deed = floor.settle(CALL, 80_000)

    # 1 BTC of options pay 20 000 / 80 000 each, and 0.015 % of the coin for the delivery;
    # 0.05 BTC and a fee of 0.0003 were paid before.
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert alice.balance == 10_00000000 - 5_030_000 + 25_000_000 - 15_000
    assert bob.balance == 10_00000000 + 4_970_000 - 25_000_000 - 15_000
    assert (alice.options_session_rpl, alice.options_value) == (20_000_000, 0)
    assert (bob.initial_margin, bob.maintenance_margin) == (0, 0)
    positions = [event.position for event in deed.events if isinstance(event, PositionChanged)]
    assert [(view.account_id, view.size, view.realized) for view in positions] == [
        (ALICE, 0, 20_000_000),
        (BOB, 0, -20_000_000),
    ]
    assert deed.events[-1] == InstrumentSettled(floor.id(CALL), e8(80_000))


def test_a_settled_put_out_of_the_money_pays_nothing() -> None:
    floor = TradingFloor(LINEAR_PUT, cash={"USDC": 1_000_000_000000})
    floor.mark(name=LINEAR_PUT, price=2_000, underlying=60_000)
    floor.buy(ALICE, 100, at=400)
    floor.sell(BOB, 100, at=400)
    floor.expire(LINEAR_PUT)

    floor.settle(LINEAR_PUT, 60_000)

    # The premium of 2 000 USDC and the fee of 18 USDC are gone.
    assert floor.summary(ALICE, "USDC").balance == 1_000_000_000000 - 2_018_000000
    assert floor.summary(BOB, "USDC").balance == 1_000_000_000000 + 1_982_000000


def test_a_settled_future_pays_its_profit_into_the_balance() -> None:
    floor = TradingFloor.at(20_000, FUTURE, BTC=10_00000000)
    floor.buy(ALICE, 100, at=20_000)
    floor.sell(BOB, 100, at=20_000)
    floor.expire(FUTURE)

    floor.settle(FUTURE, 62_500)

    # 1 000 USD: 0.02 BTC at 50 000, 0.016 BTC at 62 500. Bob paid a fee of 0.00001 BTC, and both
    # pay 0.025 % of 0.016 BTC for the delivery.
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (alice.balance, bob.balance) == (10_00399600, 9_99598600)
    assert (alice.session_rpl, alice.session_upl) == (0, 0)
    assert floor.exchange.open_interest(floor.id(FUTURE)) == 0


def test_fractions_of_a_unit_stay_with_the_venue() -> None:
    floor = TradingFloor(CALL)
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.buy(ALICE, 1, at=500)
    floor.buy(CAROL, 1, at=500)
    floor.sell(BOB, 2, at=500)
    floor.expire(CALL)

    # 10 000 / 70 000 of 0.1 BTC: 1 428 571.43 units to each, 2 857 142.86 from Bob.
    floor.settle(CALL, 70_000)

    assert floor.exchange.money("BTC").rounding == 2_857_143 - 2 * 1_428_571


def test_orders_are_cancelled_when_their_instrument_is_settled() -> None:
    floor = TradingFloor.at(20_000, FUTURE)
    floor.buy(ALICE, 5, at=19_999)
    floor.sell(BOB, 5, at=20_001)
    floor.expire(FUTURE)

    deed = floor.settle(FUTURE, 50_000)

    assert [(view.order_id, view.cancel_reason) for view in deed.orders] == [
        (1, "settlement"),
        (2, "settlement"),
    ]
    assert deed.levels == [(19_999, 0, 3), (20_001, 0, 3)]
    assert floor.summary(ALICE, "BTC").initial_margin == 0


def test_a_settled_instrument_takes_no_more_orders() -> None:
    floor = TradingFloor.at(20_000, FUTURE)
    floor.expire(FUTURE)
    assert floor.buy(ALICE, 1, at=20_000).rejected.code is Reject.SETTLEMENT_IN_PROGRESS

    floor.settle(FUTURE, 50_000)

    assert not floor.exchange.is_open(floor.id(FUTURE))
    assert floor.buy(ALICE, 1, at=20_000).rejected.code is Reject.BOOK_CLOSED


def test_its_trades_can_still_be_looked_up() -> None:
    floor = TradingFloor.at(20_000, FUTURE)
    floor.buy(ALICE, 5, at=20_000)
    floor.sell(BOB, 5, at=20_000)
    floor.expire(FUTURE)

    floor.settle(FUTURE, 50_000)

    assert len(floor.exchange.trades(floor.id(FUTURE))) == 1
    assert len(floor.exchange.fills(ALICE, floor.id(FUTURE))) == 1
    assert floor.exchange.positions(ALICE) == []


def test_what_cannot_be_settled_is_refused() -> None:
    floor = TradingFloor(FUTURE, "BTC-PERPETUAL")
    floor.ids["nowhere"] = InstrumentId(99)

    assert floor.settle("nowhere", 1).rejected.code is Reject.INVALID_INSTRUMENT
    assert floor.settle(FUTURE, 50_000).rejected.reason == "not_expired"
    floor.expire(FUTURE)
    assert floor.settle("BTC-PERPETUAL", 50_000).rejected.reason == "not_expired"
    assert floor.settle(FUTURE, 0).rejected.param == "delivery_price"
    floor.settle(FUTURE, 50_000).expect_accepted()
    assert floor.settle(FUTURE, 50_000).rejected.code is Reject.BOOK_CLOSED


def test_a_holding_that_was_only_looked_at_leaves_no_trace_at_the_settlement() -> None:
    floor = TradingFloor.at(20_000, FUTURE)
    looked = floor.exchange._state.accounts[CAROL].holding
    looked(floor.exchange._state.markets[floor.id(FUTURE)])
    floor.expire(FUTURE)
    forgetful = Exchange.restore(floor.exchange.snapshot())
    settled = SettleInstrument(floor.id(FUTURE), e8(50_000))

    floor.apply(settled)
    forgetful.apply(floor.seq, floor.now_ns, settled)

    assert floor.exchange.state_hash() == forgetful.state_hash()
