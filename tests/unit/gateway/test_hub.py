from typing import Any

import pytest

from strikewire.api import parse_channel
from strikewire.exchange import Liquidate, PlaceOrder, SetMarks, Withdraw
from strikewire.gateway.caller import Subscription
from strikewire.gateway.hub import Joined, Left
from strikewire.model import AccountId, InstrumentId, Lots, PriceE8, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-100000-C"


def busy() -> GatewayFloor:
    floor = GatewayFloor(PERPETUAL, CALL)
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark(CALL, 0.1, index=100_000.0, underlying=101_000.0, iv=50.0)
    return floor


def place(
    floor: GatewayFloor,
    side: Side,
    price: int,
    lots: int,
    *,
    account: AccountId = BOB,
    instrument: int = 1,
) -> None:
    floor.apply(
        PlaceOrder(
            account_id=account,
            instrument_id=InstrumentId(instrument),
            side=side,
            amount=Lots(lots),
            price=Ticks(price),
        )
    )


def listen(floor: GatewayFloor, *channels: str, account: AccountId = ALICE) -> Wire:
    wire = floor.login(KEYS[account])
    assert wire.call("private/subscribe", channels=list(channels)) == list(channels)
    return wire


def links(messages: list[Any]) -> list[tuple[int | None, int]]:
    return [(message.get("prev_change_id"), message["change_id"]) for message in messages]


# First notifications


@pytest.mark.parametrize(
    ("channel", "count"),
    [
        (f"book.{PERPETUAL}.raw", 1),
        (f"book.{PERPETUAL}.100ms", 1),
        (f"book.{PERPETUAL}.agg2", 1),
        (f"book.{PERPETUAL}.none.10.100ms", 1),
        (f"ticker.{PERPETUAL}.100ms", 1),
        (f"ticker.{CALL}.raw", 1),
        (f"quote.{PERPETUAL}", 1),
        ("deribit_price_index.btc_usd", 1),
        ("markprice.options.btc_usd", 1),
        ("deribit_volatility_index.btc_usd", 1),
        ("estimated_expiration_price.btc_usd", 1),
        (f"perpetual.{PERPETUAL}.100ms", 1),
        ("user.portfolio.BTC", 1),
        ("user.portfolio.any", 3),
        ("user.lock", 0),
        (f"trades.{PERPETUAL}.raw", 0),
        ("trades.future.BTC.100ms", 0),
        ("user.orders.any.any.raw", 0),
        (f"user.trades.{PERPETUAL}.100ms", 0),
        ("user.changes.any.any.raw", 0),
        ("instrument.state.any.any", 0),
        ("platform_state", 0),
    ],
)
def test_the_first_notification_follows_the_answer_at_once_also_for_empty_books(
    channel: str, count: int
) -> None:
    wire = listen(busy(), channel)

    assert len(wire.told(channel)) == count
    assert wire.inbox[1]["result"] == [channel]


def test_who_subscribes_again_gets_the_first_notification_again() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.100ms"
    wire = listen(floor, channel)

    wire.call("private/subscribe", channels=[channel])

    assert [message["type"] for message in wire.told(channel)] == ["snapshot", "snapshot"]


# Chains


def test_a_raw_book_is_told_after_every_command_in_an_unbroken_chain() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.raw"
    wire = listen(floor, channel)

    place(floor, Side.BUY, 199_990, 3)
    place(floor, Side.BUY, 199_990, 4)
    place(floor, Side.SELL, 199_990, 7, account=ALICE)

    assert links(wire.told(channel)) == [(None, 0), (0, 1), (1, 2), (2, 3)]
    assert [message["bids"] for message in wire.told(channel)] == [
        [],
        [["new", 99_995.0, 30.0]],
        [["change", 99_995.0, 70.0]],
        [["delete", 99_995.0, 0.0]],
    ]


def test_what_happens_within_100_ms_is_one_message() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.100ms"
    wire = listen(floor, channel)
    place(floor, Side.BUY, 199_990, 3)
    place(floor, Side.BUY, 199_990, 4)
    place(floor, Side.BUY, 199_980, 1)

    floor.tick()
    floor.tick()

    assert links(wire.told(channel)) == [(None, 0), (0, 3)]
    assert wire.told(channel)[1]["bids"] == [["new", 99_995.0, 70.0], ["new", 99_990.0, 10.0]]


def test_the_slowest_interval_is_told_once_a_second() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.agg2"
    wire = listen(floor, channel)

    for number in range(20):
        place(floor, Side.BUY, 199_000 - number, 1)
        floor.tick()

    assert links(wire.told(channel)) == [(None, 0), (0, 10), (10, 20)]


def test_who_joins_late_gets_a_snapshot_that_the_next_message_continues() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.100ms"
    early = listen(floor, channel)
    place(floor, Side.BUY, 199_990, 3)
    floor.tick()
    place(floor, Side.BUY, 199_980, 4)

    late = listen(floor, channel, account=BOB)
    place(floor, Side.BUY, 199_970, 5)
    floor.tick()

    assert links(early.told(channel)) == [(None, 0), (0, 1), (1, 3)]
    assert links(late.told(channel)) == [(None, 1), (1, 3)]
    assert late.told(channel)[0]["bids"] == [["new", 99_995.0, 30.0]]
    assert late.told(channel)[1] == early.told(channel)[2]


def test_each_interval_has_a_chain_of_its_own() -> None:
    floor = busy()
    raw, fast = f"book.{PERPETUAL}.raw", f"book.{PERPETUAL}.100ms"
    wire = listen(floor, raw, fast)

    place(floor, Side.BUY, 199_990, 3)
    place(floor, Side.BUY, 199_980, 3)
    floor.tick()

    assert links(wire.told(raw)) == [(None, 0), (0, 1), (1, 2)]
    assert links(wire.told(fast)) == [(None, 0), (0, 2)]


def test_a_channel_that_nobody_reads_begins_anew_with_its_next_reader() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.100ms"
    first = listen(floor, channel)
    first.call("private/unsubscribe_all")
    assert floor.gateway.hub.channels == 0
    place(floor, Side.BUY, 199_990, 3)

    second = listen(floor, channel)

    assert links(second.told(channel)) == [(None, 1)]
    assert len(first.told(channel)) == 1


# One message for many


def test_a_message_is_made_once_for_all_its_readers() -> None:
    floor = busy()
    channel = f"quote.{PERPETUAL}"
    wires = [listen(floor, channel) for _ in range(5)]
    before = floor.desk.counters.notifications

    place(floor, Side.BUY, 199_990, 3)

    assert floor.desk.counters.notifications == before + 1
    assert [len(wire.told(channel)) for wire in wires] == [2] * 5


def test_who_left_gets_nothing_more() -> None:
    floor = busy()
    channel = f"quote.{PERPETUAL}"
    staying, leaving, hanging_up = (listen(floor, channel) for _ in range(3))
    assert leaving.call("private/unsubscribe", channels=[channel, "nothing"]) == [channel]
    hanging_up.close()

    place(floor, Side.BUY, 199_990, 3)

    assert [len(wire.told(channel)) for wire in (staying, leaving)] == [2, 1]


# What is told when


def test_quotes_and_raw_tickers_follow_the_best_price_and_nothing_deeper() -> None:
    floor = busy()
    quote, ticker = f"quote.{PERPETUAL}", f"ticker.{PERPETUAL}.raw"
    wire = listen(floor, quote, ticker)

    place(floor, Side.BUY, 199_990, 3)
    place(floor, Side.BUY, 199_000, 3)

    assert [one["best_bid_price"] for one in wire.told(quote)] == [0.0, 99_995.0]
    assert [one["best_bid_price"] for one in wire.told(ticker)] == [0.0, 99_995.0]


def test_a_ticker_of_100_ms_is_the_last_of_them() -> None:
    floor = busy()
    channel = f"ticker.{PERPETUAL}.100ms"
    wire = listen(floor, channel)

    floor.mark(PERPETUAL, 100_001.0)
    floor.mark(PERPETUAL, 100_002.0)
    floor.tick(3)

    assert [one["mark_price"] for one in wire.told(channel)] == [100_000.0, 100_002.0]


def test_grouped_books_are_complete_views() -> None:
    floor = busy()
    channel = f"book.{PERPETUAL}.10.1.100ms"
    wire = listen(floor, channel)

    place(floor, Side.BUY, 199_990, 3)
    place(floor, Side.BUY, 199_981, 4)
    floor.tick()

    told = wire.told(channel)[-1]
    assert told["bids"] == [[99_990.0, 70.0]]
    assert "type" not in told
    assert "prev_change_id" not in told


def test_trades_are_told_by_instrument_and_by_kind() -> None:
    floor = busy()
    narrow, wide, other = f"trades.{PERPETUAL}.raw", "trades.any.BTC.100ms", "trades.option.BTC.raw"
    wire = listen(floor, narrow, wide, other)
    place(floor, Side.BUY, 199_990, 3)

    place(floor, Side.SELL, 199_990, 1, account=ALICE)
    place(floor, Side.SELL, 199_990, 2, account=ALICE)
    floor.tick()

    assert [[one["amount"] for one in told] for told in wire.told(narrow)] == [[10.0], [20.0]]
    assert [[one["amount"] for one in told] for told in wire.told(wide)] == [[10.0, 20.0]]
    assert wire.told(other) == []


def test_an_index_is_told_with_its_time() -> None:
    floor = busy()
    channel = "deribit_price_index.btc_usd"
    wire = listen(floor, channel)
    floor.now_ns += 3_000_000

    floor.apply(SetMarks((("btc_usd", PriceE8(5 * 10**8)),), ()))

    assert wire.told(channel)[-1] == {
        "index_name": "btc_usd",
        "price": 5.0,
        "timestamp": 1_767_225_600_003,
    }


def test_option_marks_are_told_as_fractions_and_only_of_options() -> None:
    floor = busy()
    channel = "markprice.options.btc_usd"
    wire = listen(floor, channel)

    floor.mark(PERPETUAL, 100_001.0)
    floor.mark(CALL, 0.11, index=100_000.0, iv=64.82)

    assert [
        [(one["instrument_name"], one["mark_price"], one["iv"]) for one in told]
        for told in wire.told(channel)
    ] == [[(CALL, 0.1, 0.5)], [(CALL, 0.11, 0.6482)]]


def test_a_volatility_index_is_told_every_second_in_which_marks_came() -> None:
    floor = busy()
    channel = "deribit_volatility_index.btc_usd"
    wire = listen(floor, channel)

    floor.mark(CALL, 0.11, index=100_000.0, iv=51.0)
    floor.mark(CALL, 0.12, index=100_000.0, iv=52.0)
    floor.tick(20)

    assert [told["volatility"] for told in wire.told(channel)] == [50.0, 52.0]


def test_an_estimated_delivery_price_follows_the_index() -> None:
    floor = busy()
    channel = "estimated_expiration_price.btc_usd"
    wire = listen(floor, channel)

    floor.apply(SetMarks((("btc_usd", PriceE8(99_000 * 10**8)),), ()))

    told = wire.told(channel)[-1]
    assert (told["price"], told["is_estimated"]) == (99_000.0, False)
    assert "left_ticks" not in told


def test_a_perpetual_is_told_when_its_mark_changes() -> None:
    floor = busy()
    channel = f"perpetual.{PERPETUAL}.raw"
    wire = listen(floor, channel)

    floor.mark(CALL, 0.11, index=100_000.0, iv=51.0)
    floor.mark(PERPETUAL, 100_125.0, index=100_000.0, funding_rate=1_000_000_000)

    assert [told["interest"] for told in wire.told(channel)] == [0.0, 0.001]


# Private channels


def test_orders_are_one_object_a_message_on_raw_and_a_list_elsewhere() -> None:
    floor = busy()
    raw, slow = "user.orders.any.any.raw", f"user.orders.{PERPETUAL}.100ms"
    wire = listen(floor, raw, slow)

    place(floor, Side.BUY, 199_990, 3, account=ALICE)
    place(floor, Side.SELL, 199_990, 3, account=BOB)
    floor.tick()

    assert [one["order_state"] for one in wire.told(raw)] == ["open", "filled"]
    assert [[one["order_state"] for one in told] for told in wire.told(slow)] == [
        ["open", "filled"]
    ]


def test_fills_are_lists_on_every_interval() -> None:
    floor = busy()
    raw, slow = "user.trades.any.any.raw", "user.trades.future.BTC.100ms"
    wire = listen(floor, raw, slow)
    place(floor, Side.BUY, 199_990, 3, account=ALICE)

    place(floor, Side.SELL, 199_990, 1)
    place(floor, Side.SELL, 199_990, 2)
    floor.tick()

    assert [[one["amount"] for one in told] for told in wire.told(raw)] == [[10.0], [20.0]]
    assert [[one["amount"] for one in told] for told in wire.told(slow)] == [[10.0, 20.0]]
    assert wire.told(raw)[0][0]["liquidity"] == "M"


def test_private_channels_are_narrowed_by_kind_and_currency() -> None:
    floor = busy()
    wire = listen(floor, "user.orders.option.any.raw", "user.orders.any.USDC.raw")

    place(floor, Side.BUY, 199_990, 3, account=ALICE)
    place(floor, Side.BUY, 900, 3, account=ALICE, instrument=2)

    assert [one["instrument_name"] for one in wire.told("user.orders.option.any.raw")] == [CALL]
    assert wire.told("user.orders.any.USDC.raw") == []


def test_nobody_hears_of_another_account() -> None:
    floor = busy()
    channels = (
        "user.orders.any.any.raw",
        "user.trades.any.any.raw",
        "user.changes.any.any.raw",
        "user.portfolio.btc",
    )
    alice, bob = listen(floor, *channels), listen(floor, *channels, account=BOB)
    place(floor, Side.BUY, 199_990, 3, account=ALICE)
    place(floor, Side.SELL, 199_990, 3, account=BOB)

    floor.tick(20)

    assert {one["order_id"] for one in alice.told(channels[0])} == {"BTC-1"}
    assert {one["order_id"] for one in bob.told(channels[0])} == {"BTC-2"}
    assert [one["direction"] for (one,) in alice.told(channels[1])] == ["buy"]
    assert [one["direction"] for (one,) in bob.told(channels[1])] == ["sell"]
    assert [len(wire.told("user.portfolio.btc")) for wire in (alice, bob)] == [2, 2]


def test_changes_hold_orders_fills_and_the_newest_position() -> None:
    floor = busy()
    raw, slow = "user.changes.any.any.raw", f"user.changes.{PERPETUAL}.100ms"
    wire = listen(floor, raw, slow)
    place(floor, Side.BUY, 199_990, 3, account=ALICE)

    place(floor, Side.SELL, 199_990, 1)
    place(floor, Side.SELL, 199_990, 2)
    floor.tick()

    assert [
        (len(told["orders"]), len(told["trades"]), [one["size"] for one in told["positions"]])
        for told in wire.told(raw)
    ] == [(1, 0, []), (1, 1, [10.0]), (1, 1, [30.0])]
    (told,) = wire.told(slow)
    assert (len(told["orders"]), len(told["trades"])) == (3, 2)
    assert [one["size"] for one in told["positions"]] == [30.0]


def test_a_portfolio_is_told_when_it_is_another_under_the_name_it_was_asked_by() -> None:
    floor = busy()
    upper, lower = "user.portfolio.BTC", "user.portfolio.btc"
    wire = listen(floor, upper, lower)

    floor.tick(20)
    quiet = len(wire.told(upper))
    place(floor, Side.BUY, 199_990, 3, account=ALICE)
    floor.tick(20)

    assert (quiet, len(wire.told(upper)), len(wire.told(lower))) == (1, 2, 2)
    assert wire.told(upper)[-1]["currency"] == "BTC"
    assert wire.told(upper)[-1]["initial_margin"] > 0


def test_a_lock_is_told_when_it_changes_and_at_once_to_who_comes_later() -> None:
    floor = busy()
    summary = floor.exchange.summary(ALICE, "BTC")
    assert summary is not None
    # A coin and a half long on a twentieth of a coin.
    floor.apply(Withdraw(ALICE, "BTC", Units(summary.balance - 5_000_000)))
    place(floor, Side.SELL, 200_000, 15_000)
    place(floor, Side.BUY, 200_000, 15_000, account=ALICE)
    early = listen(floor, "user.lock")

    floor.mark(PERPETUAL, 97_500.0)
    floor.apply(Liquidate())
    late, other = listen(floor, "user.lock"), listen(floor, "user.lock", account=BOB)
    locks = early.call("private/get_user_locks")
    floor.mark(PERPETUAL, 100_000.0)
    floor.apply(Liquidate())

    locked, unlocked = ({"currency": "ALL", "locked": one} for one in (True, False))
    assert early.told("user.lock") == [locked, unlocked]
    assert late.told("user.lock") == [locked, unlocked]
    assert other.told("user.lock") == []
    assert [one["locked"] for one in locks] == [True, True, True]
    assert [one["locked"] for one in early.call("private/get_user_locks")] == [False, False, False]


def test_marks_alone_move_portfolios_once_a_second_at_most() -> None:
    floor = busy()
    place(floor, Side.BUY, 199_990, 3, account=ALICE)
    place(floor, Side.SELL, 199_990, 3, account=BOB)
    wire = listen(floor, "user.portfolio.BTC")

    for number in range(20):
        floor.mark(PERPETUAL, 101_000.0 + number)
        floor.tick()

    assert len(wire.told("user.portfolio.BTC")) == 3


# The machine


def test_a_private_channel_without_an_account_is_our_own_fault() -> None:
    floor = busy()
    channel = parse_channel("user.portfolio.btc")
    assert channel is not None

    with pytest.raises(AssertionError):
        floor.gateway.hub.step(floor.now_ns, Joined(1, [Subscription(channel, None)]))


def test_leaving_what_was_never_joined_is_our_own_fault() -> None:
    floor = busy()
    channel = parse_channel(f"quote.{PERPETUAL}")
    assert channel is not None

    with pytest.raises(KeyError):
        floor.gateway.hub.step(floor.now_ns, Left(1, [Subscription(channel)]))
