from strikewire.exchange.reference import Reference
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_it_goes_one_way_and_comes_to_the_same_state() -> None:
    quick = TradingFloor.at(100)
    plain = TradingFloor.at(100)
    plain.exchange = Reference.restore(plain.exchange.snapshot())

    for floor in (quick, plain):
        floor.sell(BOB, 3, at=101)
        floor.buy(ALICE, 5, at=101)

    assert plain.exchange.state_hash() == quick.exchange.state_hash()
    assert plain.exchange._lane.carried_out == 0
