import pytest

from strikewire.exchange import (
    Exchange,
    Mark,
    MarksChanged,
    MarksRefused,
    Reject,
    SetMarks,
    SettleInstrument,
    SettleSession,
)
from strikewire.exchange.instruments.bounds import WORTH_MAX, is_deliverable, is_markable
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.margin import MARGIN_MAX
from strikewire.model import PriceE8, instrument
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor, e8

INVERSE, LINEAR = "BTC-PERPETUAL", "BTC_USDC-PERPETUAL"
CALL, LINEAR_PUT = "BTC-25DEC26-60000-C", "BTC_USDC-25DEC26-60000-P"


def contract(name: str) -> Contract:
    return Contract(instrument(name, instrument_id=1))


@pytest.mark.parametrize(
    ("name", "last_price_e8", "first_price_e8"),
    [
        # 1e9 lots of 10 USD: 1e18 units at a dollar, so 2**61 of them at 0.4337.
        (INVERSE, 43_368_087, 43_368_086),
        # 1e9 lots of 0.001 BTC: 1e12 units for each dollar of the price.
        (LINEAR, 230_584_300_921_369, 230_584_300_921_370),
        # 1e9 lots of 0.1 BTC: 1e16 units for each coin of the premium.
        (CALL, 23_058_430_092, 23_058_430_093),
    ],
)
def test_a_mark_at_which_the_largest_position_is_worth_too_much_is_refused(
    name: str, last_price_e8: int, first_price_e8: int
) -> None:
    assert is_markable(contract(name), PriceE8(last_price_e8))
    assert not is_markable(contract(name), PriceE8(first_price_e8))


def test_spot_and_worthless_options_have_any_mark() -> None:
    assert is_markable(contract("BTC_USDC"), PriceE8(10**17))
    assert is_markable(contract(CALL), PriceE8(0))


def test_a_delivery_is_bounded_for_both_sides() -> None:
    # A call pays at most a coin, whatever the price; a put in coins more and more as it falls.
    assert is_deliverable(contract(CALL), PriceE8(10**17))
    put = contract("BTC-25DEC26-60000-P")
    assert is_deliverable(put, e8(300.0))
    assert not is_deliverable(put, e8(200.0))
    assert is_deliverable(contract(LINEAR_PUT), PriceE8(1))
    assert not is_deliverable(contract(INVERSE), PriceE8(1))


@pytest.mark.parametrize(
    ("name", "price", "absurd"),
    [(INVERSE, 60_000.0, 1e-8), (LINEAR, 60_000.0, 10_000_000.0), (CALL, 0.05, 1_000.0)],
)
def test_nothing_changes_when_an_absurd_mark_comes(name: str, price: float, absurd: float) -> None:
    floor = TradingFloor(name)
    floor.mark(price=price, underlying=60_000)
    before = floor.exchange.state_hash()
    mark = Mark(floor.id(), e8(absurd), 0, e8(60_000))

    events = floor.apply(SetMarks((), (mark,)))

    reason = f"price is {e8(absurd)}"
    assert events == (MarksChanged((), ()), MarksRefused((), ((floor.id(), reason),)))
    assert floor.exchange.state_hash() == before


def test_an_absurd_delivery_price_is_refused_too() -> None:
    floor = TradingFloor("BTC-25DEC26")
    floor.mark(price=60_000)
    floor.expire("BTC-25DEC26")

    rejected = Deed(floor.apply(SettleInstrument(floor.id(), PriceE8(1)))).rejected

    assert (rejected.code, rejected.reason) == (Reject.INVALID_ARGUMENTS, "delivery price is 1")


@pytest.mark.parametrize("price", [0.44, 1.0, 10_000_000.0])
def test_a_position_of_a_billion_dollars_is_written_down_at_any_mark(price: float) -> None:
    floor = TradingFloor(INVERSE)
    floor.mark(price=60_000)
    for _ in range(10):
        floor.sell(BOB, 10_000_000, 120_000)
        floor.buy(ALICE, 10_000_000, 120_000)

    floor.mark(price=price)
    floor.buy(ALICE, 10_000_000, max(round(2 * price), 1))
    floor.apply(SettleSession("BTC"))
    floor.liquidate()

    restored = Exchange.restore(floor.exchange.snapshot())
    assert restored.state_hash() == floor.exchange.state_hash()
    view = floor.exchange.position(BOB, floor.id())
    assert view is not None
    assert view.maintenance_margin <= MARGIN_MAX


def test_positions_that_together_are_worth_too_much_are_not_marked_so() -> None:
    strikes = [f"BTC_USDC-25DEC26-{strike}-C" for strike in (50_000, 60_000, 70_000)]
    floor = TradingFloor(*strikes, INVERSE)
    for name in strikes:
        floor.mark(1, name, underlying=100)
        for _ in range(50):
            floor.sell(BOB, 10_000_000, 1, name=name)
            floor.buy(ALICE, 10_000_000, 1, name=name)
    # Half of the largest position in each: at 200 000 USD worth 1e18 units, together 3e18 and more.
    held = [floor.position(ALICE, name).size for name in strikes]
    marks = tuple(
        Mark(floor.id(name), e8(price), 0, e8(100))
        for name, price in zip(strikes, (200_000, 210_000, 200_000), strict=True)
    )

    other = Mark(floor.id(INVERSE), e8(60_000), 0, e8(60_000))
    events = floor.apply(SetMarks((), (*marks, other)))

    # Two of them fit: what makes most of it is left out, and a position elsewhere is no part of it.
    assert held == [500_000_000] * 3
    assert events == (
        MarksChanged((), (marks[0], marks[2], other)),
        MarksRefused((), ((floor.id(strikes[1]), "positions_too_large_in_USDC"),)),
    )
    assert WORTH_MAX == 2_305_843_009_213_693_952
