from strikewire.gateway import KeyStore
from strikewire.testing.exchange import ALICE, BOB
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.faults import Faults
from strikewire.testing.simulation.host import Host
from strikewire.testing.simulation.network import Network
from strikewire.testing.simulation.operator import CASH, INSTRUMENTS, Operator
from strikewire.testing.simulation.promises import Promises
from strikewire.testing.simulation.simulation import START_NS
from strikewire.testing.simulation.truth import Truth

S = 1_000_000_000


class Watcher(Truth):
    """A truth that can be a watch alone."""

    promises = Promises()

    def used(self, journal: object, report: object) -> None:
        """Another test looks at that."""

    def lost(self, link: object) -> None:
        """Nobody connects here."""


def test_every_start_adds_what_is_missing_and_nothing_twice() -> None:
    agenda = Agenda(START_NS, Dice("1"))
    faults = Faults(queued_commands_max=2)
    operator = Operator(agenda, Dice("2"), [ALICE, BOB], list(INSTRUMENTS))
    host = Host(
        agenda,
        Dice("3"),
        faults,
        Network(agenda, Dice("4"), faults),
        keys=KeyStore(),
        watch=Watcher(),
        served=operator.serve,
    )
    host.boot()
    for _ in range(5):
        agenda.run(agenda.now_ns + S // 100)
        host.kill()
        agenda.run(agenda.now_ns + 2 * S)
    agenda.run(agenda.now_ns + 10 * S)

    assert host.process is not None
    exchange = host.process.exchange
    assert [account.account_id for account in exchange.accounts] == [ALICE, BOB]
    assert list(exchange.instrument_by_name) == list(INSTRUMENTS)
    assert len(exchange.marks) == len(INSTRUMENTS)
    for account in (ALICE, BOB):
        for currency, amount in CASH.items():
            summary = exchange.summary(account, currency)
            assert summary is not None
            assert abs(summary.balance - amount) < 1_000
