import msgspec
import pytest

from strikewire.api.combos import CreateCombo
from strikewire.api.trading import Buy
from strikewire.exchange import Fill
from strikewire.model import Lots, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from strikewire.testing.simulation.combos import (
    FUTURE,
    LEGS,
    SPREAD,
    check_legs,
    creation,
    spread_wish,
)
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.violations import Violation


def traded() -> tuple[TradingFloor, Fill]:
    floor = TradingFloor(*LEGS)
    for name in LEGS:
        floor.mark(name=name, price=50_000.0)
    spread = floor.combine((FUTURE, 1), ("BTC-PERPETUAL", -1))
    assert spread == SPREAD
    floor.sell(ALICE, 5, -3, name=spread)
    deed = floor.buy(BOB, 2, -3, name=spread)
    return floor, deed.fills[-1]


def test_the_spread_is_asked_for_both_ways() -> None:
    dice = Dice("1")

    asked = [msgspec.convert(creation(dice), CreateCombo).trades for _ in range(20)]

    assert {tuple(leg.direction for leg in legs) for legs in asked} == {
        ("buy", "sell"),
        ("sell", "buy"),
    }
    assert {tuple(leg.instrument_name for leg in legs) for legs in asked} == {LEGS}


def test_orders_in_the_spread_neither_wait_nor_reduce_and_may_cost_less_than_nothing() -> None:
    dice = Dice("1")

    wishes = [
        msgspec.convert(spread_wish(dice, "mine", is_buy=dice.chance(0.5)), Buy) for _ in range(300)
    ]

    assert {one.type for one in wishes} == {"limit", "market", "market_limit"}
    assert any(one.display_amount for one in wishes)
    assert any(one.hidden for one in wishes)
    assert any(one.price is not None and one.price < 0 for one in wishes)
    assert not any(one.reduce_only for one in wishes)


def test_legs_that_come_to_what_was_traded_pass() -> None:
    floor, fill = traded()

    assert (fill.price, fill.amount) == (-3, 2)
    check_legs(floor.exchange, fill)


@pytest.mark.parametrize("change", [{"price": Ticks(-2)}, {"amount": Lots(3)}])
def test_legs_at_another_price_or_of_another_amount_are_found(change: dict[str, int]) -> None:
    floor, fill = traded()

    with pytest.raises(Violation, match="the legs of a combo come to what was traded"):
        check_legs(floor.exchange, msgspec.structs.replace(fill, **change))
