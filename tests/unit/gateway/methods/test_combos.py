from typing import Any

import pytest

from strikewire.exchange import InstrumentState, SetInstrumentState, SettleInstrument
from strikewire.model import InstrumentId, PriceE8
from strikewire.testing.exchange import BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL, DATED = "BTC-PERPETUAL", "BTC-25DEC26"
LOWER, UPPER = "BTC-25DEC26-60000-C", "BTC-25DEC26-70000-C"
SPREAD = "BTC-FS-25DEC26_PERP"


def leg(name: str, direction: str, amount: float = 10) -> dict[str, Any]:
    return {"instrument_name": name, "direction": direction, "amount": amount}


SPREAD_LEGS = [leg(PERPETUAL, "sell"), leg(DATED, "buy")]
CALLS = [leg(LOWER, "buy", 1), leg(UPPER, "sell", 1)]


def venue() -> tuple[GatewayFloor, Wire, Wire]:
    floor = GatewayFloor(PERPETUAL, DATED, LOWER, UPPER)
    floor.mark(PERPETUAL, 60_000.0)
    floor.mark(DATED, 60_500.0, index=60_000.0)
    floor.mark(LOWER, 0.05, index=60_000.0, iv=50)
    floor.mark(UPPER, 0.02, index=60_000.0, iv=50)
    return floor, floor.login(), floor.login(KEYS[BOB])


def test_a_combo_is_created_and_found_again_the_other_way_round() -> None:
    floor, alice, bob = venue()

    created = alice.call("private/create_combo", trades=SPREAD_LEGS)
    again = bob.call(
        "private/create_combo", trades=[leg(PERPETUAL, "buy", 3), leg(DATED, "sell", 3)]
    )

    assert created == again
    assert created == {
        "id": SPREAD,
        "instrument_id": 1_000_000_001,
        "state": "active",
        "state_timestamp": floor.now_ns // 10**6,
        "creation_timestamp": floor.now_ns // 10**6,
        "legs": [
            {"instrument_name": DATED, "amount": 1},
            {"instrument_name": PERPETUAL, "amount": -1},
        ],
    }


@pytest.mark.parametrize(
    ("trades", "code"),
    [
        ([leg(PERPETUAL, "buy"), leg("BTC-1JAN27", "sell")], 13020),
        ([leg(PERPETUAL, "buy"), leg(PERPETUAL, "sell")], 11029),
        ([leg(PERPETUAL, "buy"), leg(LOWER, "sell", 10)], 11029),
        ([leg(LOWER, "buy", 0.001), leg(UPPER, "sell", 1)], 11029),
        ([leg(LOWER, "buy", -1), leg(UPPER, "sell", 1)], 10021),
        ([leg(LOWER, "buy")], -32602),
    ],
)
def test_what_makes_no_combo_is_refused(trades: list[dict[str, Any]], code: int) -> None:
    _, alice, _ = venue()

    assert alice.fail("private/create_combo", trades=trades)["code"] == code


def test_combos_are_listed_by_currency_and_state_and_read_one_by_one() -> None:
    floor, alice, _ = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    calls = alice.call("private/create_combo", trades=CALLS)
    floor.apply(SetInstrumentState(InstrumentId(2), InstrumentState.LOCKED))

    assert alice.call("public/get_combos", currency="BTC") == [calls]
    assert alice.call("public/get_combos", currency="ETH") == []
    ids = [SPREAD, "BTC-CS-25DEC26-60000_70000"]
    assert alice.call("public/get_combo_ids", currency="any") == ids
    assert alice.call("public/get_combo_ids", currency="BTC", state="active") == ids[1:]
    assert alice.call("public/get_combo_ids", currency="BTC", state="inactive") == ids[:1]
    assert alice.call("public/get_combo_details", combo_id=SPREAD)["state"] == "inactive"
    assert alice.fail("public/get_combo_details", combo_id=PERPETUAL)["code"] == 13020


def test_a_combo_is_an_instrument_of_a_kind_of_its_own() -> None:
    _, alice, _ = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)

    for kind in ("future_combo", "combo"):
        (one,) = alice.call("public/get_instruments", currency="BTC", kind=kind)
        assert (one["instrument_name"], one["kind"]) == (SPREAD, "future_combo")
        assert (one["tick_size"], one["min_trade_amount"], one["state"]) == (0.5, 10.0, "open")
    assert alice.call("public/get_instruments", currency="BTC", kind="option_combo") == []
    assert len(alice.call("public/get_instruments", currency="BTC", kind="future")) == 2


def test_it_has_a_book_and_a_ticker_whose_mark_is_that_of_its_legs() -> None:
    floor, alice, bob = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    bob.call("private/buy", instrument_name=SPREAD, amount=100, price=-25)
    bob.call("private/sell", instrument_name=SPREAD, amount=50, price=0)

    shown = alice.call("public/get_order_book", instrument_name=SPREAD)
    (line,) = alice.call("public/get_book_summary_by_instrument", instrument_name=SPREAD)

    assert (shown["bids"], shown["asks"]) == ([[-25.0, 100.0]], [[0.0, 50.0]])
    assert (shown["mark_price"], shown["index_price"]) == (500.0, 60_000.0)
    assert (line["bid_price"], line["ask_price"], line["mid_price"]) == (-25.0, 0.0, -12.5)
    floor.mark(DATED, 59_900.0, index=60_000.0)
    assert alice.call("public/ticker", instrument_name=SPREAD)["mark_price"] == -100.0


def test_a_trade_shows_its_legs_to_everybody_and_to_its_owners() -> None:
    _, alice, bob = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    bob.call("private/buy", instrument_name=SPREAD, amount=100, price=-25)

    placed = alice.call("private/sell", instrument_name=SPREAD, amount=60, price=-30)

    (trade,) = placed["trades"]
    assert (trade["price"], trade["direction"], trade["trade_id"]) == (-25.0, "sell", "BTC-3")
    far, near = trade["legs"]
    assert (far["instrument_name"], far["direction"], far["price"]) == (DATED, "sell", 60_500.0)
    assert (near["direction"], near["price"], near["amount"]) == ("buy", 60_525.0, 60.0)
    assert (far["combo_id"], far["combo_trade_id"]) == (SPREAD, "BTC-3")
    assert placed["order"]["average_price"] == -25.0
    own = alice.call("private/get_user_trades_by_instrument", instrument_name=PERPETUAL)["trades"]
    assert own == [near]
    assert alice.call("private/get_user_trades_by_order", order_id="BTC-2") == [trade]
    (public,) = bob.call("public/get_last_trades_by_instrument", instrument_name=SPREAD)["trades"]
    assert [one["price"] for one in public["legs"]] == [60_500.0, 60_525.0]
    (leg_trade,) = bob.call("public/get_last_trades_by_instrument", instrument_name=DATED)["trades"]
    assert (leg_trade["combo_id"], leg_trade["combo_trade_id"]) == (SPREAD, "BTC-3")


def test_positions_and_the_transaction_log_know_the_legs_alone() -> None:
    _, alice, bob = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    bob.call("private/buy", instrument_name=SPREAD, amount=100, price=-25)
    alice.call("private/sell", instrument_name=SPREAD, amount=60, price=-30)

    held = alice.call("private/get_positions", currency="BTC")
    log = alice.call(
        "private/get_transaction_log",
        currency="BTC",
        start_timestamp=0,
        end_timestamp=2_000_000_000_000,
        query="trade",
    )["logs"]

    assert {one["instrument_name"]: one["size"] for one in held} == {DATED: -60.0, PERPETUAL: 60.0}
    assert [one["instrument_name"] for one in log] == [PERPETUAL, DATED]


def test_combos_have_channels_like_everything_and_one_of_their_own() -> None:
    floor, alice, bob = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    channels = [
        f"book.{SPREAD}.raw",
        f"trades.{SPREAD}.raw",
        "trades.future_combo.BTC.raw",
        "instrument.state.future_combo.BTC",
        f"user.combo_trades.{SPREAD}.raw",
        "user.combo_trades.combo.BTC.raw",
        f"user.trades.{DATED}.raw",
    ]
    bob.call("private/subscribe", channels=channels)
    bob.call("private/buy", instrument_name=SPREAD, amount=100, price=-25)
    alice.call("private/sell", instrument_name=SPREAD, amount=60, price=-25)
    floor.apply(SetInstrumentState(InstrumentId(2), InstrumentState.INACTIVE))

    book = [one["bids"] for one in bob.told(channels[0])]
    assert book == [
        [],
        [["new", -25.0, 100.0]],
        [["change", -25.0, 40.0]],
        [["delete", -25.0, 0.0]],
    ]
    assert bob.told(channels[1]) == bob.told(channels[2])
    assert [one["state"] for one in bob.told(channels[3])] == ["inactive"]
    ((trade,), (same,), ((far,),)) = (bob.told(name) for name in channels[4:])
    assert trade == same
    assert (trade["liquidity"], trade["legs"][0]) == ("M", far)


def test_orders_in_combos_are_listed_and_cancelled_by_kind() -> None:
    _, alice, _ = venue()
    alice.call("private/create_combo", trades=SPREAD_LEGS)
    alice.call("private/create_combo", trades=CALLS)
    alice.call("private/buy", instrument_name=SPREAD, amount=10, price=-25)
    alice.call("private/buy", instrument_name="BTC-CS-25DEC26-60000_70000", amount=1, price=0.01)
    alice.call("private/buy", instrument_name=PERPETUAL, amount=10, price=50_000)

    by_kind = "private/get_open_orders_by_currency"
    assert len(alice.call(by_kind, currency="BTC", kind="future")) == 1
    assert len(alice.call(by_kind, currency="BTC", kind="future_combo")) == 1
    assert alice.call("private/cancel_all_by_currency", currency="BTC", kind="combo") == 2
    assert len(alice.call(by_kind, currency="BTC")) == 1


def test_leg_prices_come_to_the_price_the_way_that_was_asked() -> None:
    _, alice, _ = venue()

    bought = alice.call("private/get_leg_prices", legs=CALLS, price=0.031)
    sold = alice.call(
        "private/get_leg_prices",
        legs=[leg(PERPETUAL, "buy", 20), leg(DATED, "sell", 20)],
        price=-490,
    )

    assert bought == {
        "price": 0.031,
        "amount": 1.0,
        "legs": [
            {"ratio": 1, "instrument_name": LOWER, "direction": "buy", "price": 0.051},
            {"ratio": 1, "instrument_name": UPPER, "direction": "sell", "price": 0.02},
        ],
    }
    assert sold["amount"] == 20.0
    assert [(one["direction"], one["price"]) for one in sold["legs"]] == [
        ("sell", 60_500.0),
        ("buy", 60_010.0),
    ]


@pytest.mark.parametrize(
    ("legs", "price", "code"),
    [
        ([leg(PERPETUAL, "buy"), leg(PERPETUAL, "sell")], 1, -32602),
        (CALLS, 0.00001, 10043),
        ([leg(LOWER, "buy"), leg(UPPER, "buy")], 0.0001, 10023),
    ],
)
def test_leg_prices_that_there_are_not(legs: list[dict[str, Any]], price: float, code: int) -> None:
    _, alice, _ = venue()

    assert alice.fail("private/get_leg_prices", legs=legs, price=price)["code"] == code


def test_leg_prices_need_marks() -> None:
    alice = GatewayFloor(LOWER, UPPER).login()

    assert alice.fail("private/get_leg_prices", legs=CALLS, price=0.01)["code"] == 10040


def test_an_index_tells_what_combos_it_has() -> None:
    _, alice, _ = venue()

    (one,) = alice.call("public/get_index_price_names", extended=True)

    assert one["future_combo_creation_enabled"]
    assert one["option_combo_creation_enabled"]


def test_prices_of_all_else_stay_above_zero() -> None:
    _, alice, _ = venue()

    for price in (0, -5):
        error = alice.fail("private/buy", instrument_name=PERPETUAL, amount=10, price=price)
        assert error["code"] == 10023


def test_legs_may_have_any_ratios_and_still_come_to_the_price() -> None:
    _, alice, _ = venue()
    made = alice.call("private/create_combo", trades=[leg(LOWER, "buy", 2), leg(UPPER, "sell", 3)])

    assert [one["amount"] for one in made["legs"]] == [2, -3]
    prices = alice.call(
        "private/get_leg_prices",
        legs=[
            {"instrument_name": LOWER, "direction": "buy", "amount": 2},
            {"instrument_name": UPPER, "direction": "sell", "amount": 3},
        ],
        price=0.0401,
    )["legs"]
    lower, upper = (one["price"] for one in prices)
    assert round(2 * lower - 3 * upper, 8) == 0.0401


def test_a_combo_that_nobody_used_is_told_to_have_ended_and_then_unknown() -> None:
    floor, alice, bob = venue()
    for trades in (SPREAD_LEGS, CALLS):
        alice.call("private/create_combo", trades=trades)
    alice.call("public/subscribe", channels=["instrument.state.any.any"])
    bob.call("private/buy", instrument_name=SPREAD, amount=10, price=1)
    used, unused = SPREAD, "BTC-CS-25DEC26-60000_70000"
    floor.now_ns = expiry_of(floor)

    for instrument_id in (2, 3, 4):
        floor.apply(SettleInstrument(InstrumentId(instrument_id), PriceE8(60_000 * 10**8)))

    told = alice.told("instrument.state.any.any")
    assert [(one["instrument_name"], one["state"]) for one in told][:2] == [
        (used, "inactive"),
        (DATED, "delivered"),
    ]
    assert unused in [one["instrument_name"] for one in told]
    assert alice.call("public/get_combo_ids", currency="BTC") == [used]
    assert alice.call("public/get_combo_details", combo_id=used)["state"] == "inactive"
    assert alice.fail("public/get_combo_details", combo_id=unused)["code"] == 13020


def test_a_combo_is_told_as_it_was_made_though_the_exchange_has_forgotten_it_by_then() -> None:
    floor, alice, _ = venue()
    request_id = alice.send("private/create_combo", {"trades": SPREAD_LEGS})
    submitted = floor.submitted.popleft()

    # The exchange carries out all commands of a batch before the world hears of the first.
    made = floor._carry_out(submitted.command)
    floor.now_ns = expiry_of(floor)
    ended = floor._carry_out(SettleInstrument(InstrumentId(2), PriceE8(60_000 * 10**8)))
    assert SPREAD not in floor.exchange.instrument_by_name
    floor.act(floor.gateway.publish(floor.now_ns, made))
    floor.act(floor.gateway.applied(floor.now_ns, submitted.token, made))
    floor.act(floor.gateway.publish(floor.now_ns, ended))

    answer = alice.answer(request_id)["result"]
    assert (answer["id"], answer["state"]) == (SPREAD, "active")


def expiry_of(floor: GatewayFloor) -> int:
    expiry_ns = floor.exchange.instruments[InstrumentId(2)].expiry_ns
    assert expiry_ns is not None
    return expiry_ns
