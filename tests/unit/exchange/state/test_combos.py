from strikewire.exchange.state.combos import Combos
from strikewire.exchange.state.markets import Market
from strikewire.model import COMBO_ID_FIRST, Instrument, Part, combo, instrument
from strikewire.testing.exchange import ALICE, BOB

PARTS = [
    Part(instrument("BTC-25DEC26", instrument_id=2), 1),
    Part(instrument("BTC-PERPETUAL", instrument_id=1), -1),
]


def spread(number: int = 0) -> Instrument:
    return combo(PARTS, instrument_id=COMBO_ID_FIRST + number, creation_ns=0)


def opened() -> tuple[Combos, Market]:
    combos, market = Combos(), Market(spread())
    combos.by_legs[market.instrument.legs] = market
    combos.begin(market, ALICE)
    return combos, market


def test_an_open_combo_counts_for_its_maker_until_it_ends() -> None:
    combos, market = opened()
    assert (combos.made_by(ALICE), combos.made_by(BOB)) == (1, 0)

    combos.end(market)

    assert combos.made_by(ALICE) == 0


def test_one_that_ends_unused_is_forgotten_and_its_number_with_it() -> None:
    combos, market = opened()

    assert not combos.end(market)

    assert len(combos) == 0
    assert combos.next_id == COMBO_ID_FIRST + 1


def test_one_that_an_order_ended_in_is_kept() -> None:
    combos, market = opened()
    del combos.unused[market.instrument_id]

    assert combos.end(market)

    assert list(combos.by_legs.values()) == [market]
