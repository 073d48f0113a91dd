from strikewire.exchange import SettleInstrument, SettleSession
from strikewire.model import InstrumentId, PriceE8
from strikewire.testing.exchange import BOB
from strikewire.testing.gateway import KEYS, GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"
FUTURE = "BTC-25DEC26"


def venue() -> tuple[GatewayFloor, Wire]:
    """Return a floor after two settlements and a delivery; Alice bought 1 000 USD of both."""
    floor = GatewayFloor(PERPETUAL, FUTURE)
    alice, bob = floor.login(), floor.login(KEYS[BOB])
    for name in (PERPETUAL, FUTURE):
        floor.mark(name, 50_000.0)
        bob.call("private/sell", instrument_name=name, amount=1_000, price=50_000)
        alice.call("private/buy", instrument_name=name, amount=1_000, price=50_000)
    floor.mark(PERPETUAL, 62_500.0)
    for _ in range(2):
        floor.now_ns += 1_000_000
        floor.apply(SettleSession("BTC"))
    expiry_ns = floor.of(FUTURE).instrument.expiry_ns
    assert expiry_ns is not None
    floor.now_ns = expiry_ns
    floor.apply(SettleInstrument(InstrumentId(2), PriceE8(62_500 * 10**8)))
    return floor, alice


def test_the_public_sees_what_everybody_gained() -> None:
    _, wire = venue()

    found = wire.call("public/get_last_settlements_by_currency", currency="BTC")

    assert found["continuation"] == "none"
    delivery, *settled = found["settlements"]
    assert [(one["type"], one["instrument_name"]) for one in settled] == [
        ("settlement", FUTURE),
        ("settlement", PERPETUAL),
    ] * 2
    assert (delivery["type"], delivery["instrument_name"]) == ("delivery", FUTURE)
    assert (delivery["session_profit_loss"], delivery["profit_loss"]) == (0.004, 0.0)
    assert (delivery["mark_price"], delivery["position"]) == (62_500.0, 1_000.0)
    assert settled[-1]["session_profit_loss"] == 0.004


def test_settlements_come_in_pages() -> None:
    _, wire = venue()
    method = "public/get_last_settlements_by_currency"

    page = wire.call(method, currency="BTC", count=2)
    seen = page["settlements"]
    while page["continuation"] != "none":
        page = wire.call(method, currency="BTC", count=2, continuation=page["continuation"])
        seen += page["settlements"]

    assert seen == wire.call(method, currency="BTC")["settlements"]
    assert wire.call(method, currency="BTC", continuation="junk")["settlements"] == []


def test_settlements_of_an_instrument_and_of_a_type() -> None:
    _, wire = venue()
    by_instrument = "public/get_last_settlements_by_instrument"

    perpetual = wire.call(by_instrument, instrument_name=PERPETUAL)["settlements"]
    delivered = wire.call(by_instrument, instrument_name=FUTURE, type="delivery")["settlements"]
    broke = wire.call("public/get_last_settlements_by_currency", currency="BTC", type="bankruptcy")

    assert len(perpetual) == 2
    assert [one["type"] for one in delivered] == ["delivery"]
    assert broke["settlements"] == []


def test_a_search_passes_over_what_is_newer() -> None:
    _, wire = venue()
    method = "public/get_last_settlements_by_instrument"
    newest, oldest = wire.call(method, instrument_name=PERPETUAL)["settlements"]

    found = wire.call(
        method, instrument_name=PERPETUAL, search_start_timestamp=newest["timestamp"] - 1
    )

    assert found["settlements"] == [oldest]


def test_an_account_sees_its_own() -> None:
    _, alice = venue()

    own = alice.call("private/get_settlement_history_by_currency", currency="BTC")["settlements"]
    future = alice.call(
        "private/get_settlement_history_by_instrument", instrument_name=FUTURE, type="delivery"
    )["settlements"]

    assert [one["type"] for one in own] == ["delivery"] + ["settlement"] * 4
    assert (own[-1]["session_profit_loss"], own[-1]["position"]) == (0.004, 1_000.0)
    (delivered,) = future
    assert (delivered["session_profit_loss"], delivered["position"]) == (0.004, 1_000.0)
    assert (delivered["mark_price"], delivered["index_price"]) == (62_500.0, 62_500.0)
