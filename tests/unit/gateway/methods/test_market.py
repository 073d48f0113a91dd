import pytest

from strikewire.exchange import PlaceOrder
from strikewire.model import InstrumentId, Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.gateway import GatewayFloor, Wire

PERPETUAL = "BTC-PERPETUAL"


def venue() -> tuple[GatewayFloor, Wire]:
    """Five trades of the perpetual, a millisecond apart, then one of the linear one."""
    floor = GatewayFloor(PERPETUAL, "BTC_USDC-PERPETUAL", "BTC-25DEC26")
    floor.mark(PERPETUAL, 100_000.0)
    floor.mark("BTC_USDC-PERPETUAL", 100_000.0)
    floor.mark("BTC-25DEC26", 100_000.0)
    for instrument in (1, 1, 1, 1, 1, 2):
        floor.now_ns += 1_000_000
        for account, side in ((ALICE, Side.BUY), (BOB, Side.SELL)):
            floor.apply(
                PlaceOrder(
                    account_id=account,
                    instrument_id=InstrumentId(instrument),
                    side=side,
                    amount=Lots(1),
                    price=Ticks(200_000),
                )
            )
    return floor, floor.connect()


def seqs(page: dict[str, list[dict[str, int]]]) -> list[int]:
    return [trade["trade_seq"] for trade in page["trades"]]


def test_a_ticker_and_a_book_of_one_instrument() -> None:
    _, wire = venue()

    ticker = wire.call("public/ticker", instrument_name=PERPETUAL)
    book = wire.call("public/get_order_book", instrument_name=PERPETUAL, depth=5)

    assert ticker["last_price"] == 100_000.0
    assert (book["bids"], book["asks"]) == ([], [])
    assert {name: book[name] for name in ticker if name != "timestamp"} == {
        name: ticker[name] for name in ticker if name != "timestamp"
    }


@pytest.mark.parametrize(
    "method",
    [
        "public/ticker",
        "public/get_order_book",
        "public/get_book_summary_by_instrument",
        "public/get_last_trades_by_instrument",
    ],
)
def test_an_unknown_instrument_is_not_found(method: str) -> None:
    _, wire = venue()

    assert wire.fail(method, instrument_name="BTC-1JAN20")["code"] == 13020


def test_summaries_of_a_currency_and_of_one_instrument() -> None:
    floor, wire = venue()
    floor.of("BTC-25DEC26").settle(floor.now_ns, None)

    of_btc = wire.call("public/get_book_summary_by_currency", currency="BTC")
    of_usdc = wire.call("public/get_book_summary_by_currency", currency="usdc", kind="future")
    (one,) = wire.call("public/get_book_summary_by_instrument", instrument_name=PERPETUAL)

    assert [line["instrument_name"] for line in of_btc] == [PERPETUAL]
    assert [line["instrument_name"] for line in of_usdc] == ["BTC_USDC-PERPETUAL"]
    assert one == of_btc[0]
    assert one["volume_usd"] == 50.0


def test_the_last_trades_of_an_instrument() -> None:
    _, wire = venue()
    method = "public/get_last_trades_by_instrument"

    page = wire.call(method, instrument_name=PERPETUAL, count=2)

    assert (seqs(page), page["has_more"]) == ([5, 4], True)
    assert seqs(wire.call(method, instrument_name=PERPETUAL, start_seq=2, end_seq=3)) == [3, 2]
    assert seqs(wire.call(method, instrument_name=PERPETUAL, sorting="asc")) == [1, 2, 3, 4, 5]


def test_the_trades_of_a_span_of_time() -> None:
    _, wire = venue()
    new_year = 1_767_225_600_000

    page = wire.call(
        "public/get_last_trades_by_instrument_and_time",
        instrument_name=PERPETUAL,
        start_timestamp=new_year + 2,
        end_timestamp=new_year + 4,
        sorting="asc",
    )

    assert (seqs(page), page["has_more"]) == ([2, 3, 4], False)


def test_the_trades_of_a_currency_are_in_the_order_in_which_they_happened() -> None:
    _, wire = venue()
    method = "public/get_last_trades_by_currency"

    assert [one["trade_id"] for one in wire.call(method, currency="any")["trades"]] == [
        "USDC-6",
        "BTC-5",
        "BTC-4",
        "BTC-3",
        "BTC-2",
        "BTC-1",
    ]
    assert seqs(wire.call(method, currency="BTC", start_id="BTC-4")) == [5, 4]
