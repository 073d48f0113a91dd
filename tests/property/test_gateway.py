"""What no client can bring about, whatever it sends, and whatever the order of things."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from strikewire.api import METHODS
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
CHANNELS = [
    f"book.{PERPETUAL}.raw",
    f"book.{PERPETUAL}.100ms",
    f"book.{PERPETUAL}.agg2",
    "user.orders.any.any.raw",
    "user.orders.any.any.100ms",
    "user.trades.any.any.raw",
    "user.portfolio.btc",
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["instrument_name", "amount", "price", "order_id", "channels", "currency", "type", "count"]
)
PARAMS = st.dictionaries(
    WORDS | st.text(max_size=8),
    JSON | st.sampled_from([PERPETUAL, "BTC", "BTC-1", 10, 99_000, CHANNELS]),
    max_size=5,
)


def perpetual() -> GatewayFloor:
    floor = GatewayFloor(PERPETUAL)
    floor.mark(PERPETUAL, 100_000.0)
    return floor


@given(payload=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_bring_a_session_down(payload: bytes) -> None:
    floor = perpetual()
    wire = floor.login()

    wire.send_text(payload)
    floor.commit()

    assert len(wire.inbox) == 2
    assert "error" in wire.inbox[1]
    assert wire.call("public/test")


@settings(max_examples=300)
@given(
    method=st.sampled_from(sorted(METHODS.keys() - {"private/logout"})),
    params=PARAMS,
    is_known=st.booleans(),
)
def test_every_request_gets_exactly_one_answer(
    method: str, params: dict[str, Any], is_known: bool
) -> None:
    floor = perpetual()
    wire = floor.login() if is_known else floor.connect()

    answer = wire.ask(method, **params)

    assert ("result" in answer) is not ("error" in answer)
    assert floor.submitted == type(floor.submitted)()


ACTIONS = st.one_of(
    st.tuples(st.just("buy"), st.integers(0, 1), st.integers(99_990, 100_010)),
    st.tuples(st.just("sell"), st.integers(0, 1), st.integers(99_990, 100_010)),
    st.tuples(st.just("edit"), st.integers(0, 1), st.integers(1, 12)),
    st.tuples(st.just("cancel"), st.integers(0, 1), st.integers(1, 12)),
    st.tuples(st.just("subscribe"), st.integers(0, 1), st.integers(0, len(CHANNELS) - 1)),
    st.tuples(st.just("unsubscribe"), st.integers(0, 1), st.integers(0, len(CHANNELS) - 1)),
    st.tuples(st.just("commit"), st.just(0), st.just(0)),
    st.tuples(st.just("tick"), st.just(0), st.just(0)),
)


def act(floor: GatewayFloor, wires: list[Wire], action: tuple[str, int, int]) -> None:
    what, who, number = action
    wire = wires[who]
    match what:
        case "buy" | "sell":
            params = {"instrument_name": PERPETUAL, "amount": 10, "price": number}
            wire.send(f"private/{what}", params)
        case "edit":
            wire.send("private/edit", {"order_id": f"BTC-{number}", "amount": 20, "price": 99_999})
        case "cancel":
            wire.send("private/cancel", {"order_id": f"BTC-{number}"})
        case "subscribe" | "unsubscribe":
            wire.send(f"private/{what}", {"channels": [CHANNELS[number]]})
        case "commit":
            floor.commit()
        case "tick":
            floor.tick()


@given(actions=st.lists(ACTIONS, max_size=40))
def test_answers_keep_their_order_chains_hold_and_nobody_hears_of_another(
    actions: list[tuple[str, int, int]],
) -> None:
    floor = perpetual()
    wires = [floor.login(KEYS[ALICE]), floor.login(KEYS[BOB])]

    for action in actions:
        act(floor, wires, action)
    floor.commit()
    floor.tick(20)

    for wire, account_id in zip(wires, (ALICE, BOB), strict=True):
        ids = [message["id"] for message in wire.inbox if "id" in message]
        assert ids == sorted(ids)
        assert len(ids) == 1 + sum(
            what not in ("commit", "tick") and wires[who] is wire for what, who, _ in actions
        )
        own = {
            f"BTC-{view.order_id}"
            for view in floor.exchange.open_orders(account_id)
            + floor.exchange.closed_orders(account_id)
        }
        assert {one["order_id"] for one in wire.told("user.orders.any.any.raw")} <= own
        trades = wire.told("user.trades.any.any.raw")
        assert {one["order_id"] for told in trades for one in told} <= own
        for channel in CHANNELS[:3]:
            check_chain(floor, wire, channel)


def check_chain(floor: GatewayFloor, wire: Wire, channel: str) -> None:
    """Keep the book of a channel as the strictest client does, and compare it at the end."""
    levels: dict[tuple[str, float], float] = {}
    change_id = None
    for message in wire.told(channel):
        if message["type"] == "snapshot":
            levels.clear()
            assert "prev_change_id" not in message
        else:
            assert message["prev_change_id"] == change_id
        change_id = message["change_id"]
        for side in ("bids", "asks"):
            for action, price, amount in message[side]:
                assert ((side, price) in levels) is (action != "new")
                if action == "delete":
                    del levels[side, price]
                else:
                    levels[side, price] = amount
    if channel in wire_channels(floor, wire):
        book = floor.connect().call("public/get_order_book", instrument_name=PERPETUAL)
        assert levels == {
            (side, price): amount for side in ("bids", "asks") for price, amount in book[side]
        }


def wire_channels(floor: GatewayFloor, wire: Wire) -> set[str]:
    return set(floor.gateway._sessions[wire.connection_id].caller.subscriptions)
