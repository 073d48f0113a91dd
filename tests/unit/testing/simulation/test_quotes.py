import msgspec

from strikewire.api.quoting import CancelQuotes, MassQuote, ResetMmp, SetMmpConfig
from strikewire.testing.simulation.combos import SPREAD
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.quotes import INDICES, mass_quote, protection, second_thought
from strikewire.testing.simulation.wishes import GRIDS

METHODS = {
    "private/reset_mmp": ResetMmp,
    "private/set_mmp_config": SetMmpConfig,
    "private/cancel_quotes": CancelQuotes,
}


def test_there_is_an_index_for_every_instrument_but_the_combo() -> None:
    assert INDICES.keys() == GRIDS.keys() - {SPREAD}


def test_every_mass_quote_is_a_request_for_one_side_at_least_now_and_then_for_none() -> None:
    dice = Dice("1")
    quotes = [
        one
        for _ in range(200)
        for one in msgspec.convert(mass_quote(dice, list(INDICES), 1, "id"), MassQuote).quotes
    ]

    assert {one.instrument_name for one in quotes} == set(INDICES)
    assert {one.quote_set_id for one in quotes} == {"set 1 1", "set 1 2", "set 1 3"}
    assert any(one.bid is None for one in quotes)
    assert any(one.ask is not None and one.ask.amount == 0 for one in quotes)


def test_every_second_thought_is_a_request_and_all_kinds_come() -> None:
    dice = Dice("1")
    thoughts = [second_thought(dice, list(INDICES), 1) for _ in range(100)]
    for method, params in thoughts:
        msgspec.convert(params, METHODS[method])

    assert {method for method, _ in thoughts} == set(METHODS)
    msgspec.convert(protection(dice, "btc_usd", 1), SetMmpConfig)
