import msgspec
import pytest

from strikewire.api.block_trades import ExecuteBlockTrade, VerifyBlockTrade
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.simulation.combos import SPREAD
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.hall import AMOUNTS, Hall
from strikewire.testing.simulation.violations import Violation
from strikewire.testing.simulation.wishes import GRIDS


def test_another_account_carries_out_what_one_has_signed() -> None:
    hall, dice = Hall(), Dice("1")
    terms = hall.terms(dice, "BTC-PERPETUAL", 5_000_000)
    assert msgspec.convert(terms, VerifyBlockTrade).timestamp == 5

    hall.signed(ALICE, terms, "s1gned")

    assert hall.take(dice, ALICE) is None
    params = hall.take(dice, BOB)
    assert params is not None
    taken = msgspec.convert(params, ExecuteBlockTrade)
    assert (taken.role, taken.nonce, taken.counterparty_signature) == ("taker", "nonce 1", "s1gned")


def test_an_offer_that_one_account_carries_out_twice_is_found() -> None:
    hall = Hall()
    terms = hall.terms(Dice("1"), "BTC-PERPETUAL", 0)

    hall.executed(BOB, terms, "BLOCK-1")
    hall.executed(BOB, terms, "BLOCK-1")
    hall.executed(ALICE, terms, "BLOCK-2")
    with pytest.raises(Violation, match="a block trade is carried out once"):
        hall.executed(BOB, terms, "BLOCK-3")


def test_every_instrument_but_the_combo_has_an_amount_for_block_trades() -> None:
    assert AMOUNTS.keys() == GRIDS.keys() - {SPREAD}
