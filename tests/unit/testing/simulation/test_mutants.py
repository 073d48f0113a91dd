from strikewire.exchange.orders import clearing
from strikewire.testing.simulation.mutants import MUTANTS, planted


def test_a_mutant_is_there_inside_its_block_and_gone_behind_it() -> None:
    good = clearing._clear

    with planted("fee not booked"):
        assert clearing._clear is not good

    assert clearing._clear is good


def test_every_mutant_can_be_planted() -> None:
    for name in MUTANTS:
        with planted(name):
            pass
