from strikewire.testing.exchange import ALICE
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.client import Client
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.hall import Hall
from strikewire.testing.simulation.network import Network
from strikewire.testing.simulation.promises import Promises
from strikewire.testing.simulation.trader import Trader
from strikewire.testing.simulation.truth import Truth

S = 1_000_000_000


def test_a_trader_without_connection_asks_nothing_and_one_that_stopped_thinks_no_more() -> None:
    agenda = Agenda(0, Dice("1"))
    trader = Trader(
        "c1",
        ALICE,
        agenda=agenda,
        dice=Dice("2"),
        promises=Promises(),
        truth=Truth(),
        hall=Hall(),
        instruments=["BTC-PERPETUAL"],
    )
    trader.client = Client(
        "c1",
        None,
        ALICE,
        agenda=agenda,
        dice=Dice("3"),
        network=Network(agenda, Dice("4"), Faults()),
        truth=Truth(),
        user=trader,
    )
    trader.begin()
    agenda.run(60 * S)
    assert trader.client.waiting == {}
    assert trader.known_orders() is None

    trader.is_trading = False
    agenda.run(120 * S)
    steps = agenda.steps
    agenda.run(180 * S)
    assert agenda.steps == steps
