import msgspec

from strikewire.api.trading import Buy
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.wishes import GRIDS, trigger_price, wish


def test_a_grid_has_prices_on_the_tick() -> None:
    assert GRIDS["BTC_USDC-PERPETUAL"].price(-3) == 49_998.5
    assert GRIDS["BTC-25DEC26-50000-C"].price(3) == 0.0115


def test_every_wish_is_a_request_and_all_kinds_are_wished_for() -> None:
    dice = Dice("1")
    wishes = [
        msgspec.convert(wish(dice, name, "mine", is_buy=dice.chance(0.5)), Buy)
        for _ in range(300)
        for name in GRIDS
    ]

    assert {one.type for one in wishes} == {
        "limit",
        "market",
        "market_limit",
        "stop_limit",
        "stop_market",
        "take_limit",
        "take_market",
        "trailing_stop",
    }
    assert {one.linked_order_type for one in wishes if one.linked_order_type} == {
        "one_triggers_other",
        "one_cancels_other",
        "one_triggers_one_cancels_other",
    }
    assert any(one.display_amount for one in wishes)
    assert any(one.reduce_only for one in wishes)


def test_a_trigger_is_on_the_side_that_was_asked_for() -> None:
    dice = Dice("1")

    assert all(trigger_price(dice, is_above=True) > 50_000 for _ in range(20))
    assert all(trigger_price(dice, is_above=False) < 50_000 for _ in range(20))
