"""One simulated world: a venue, its machine, its network and its clients, from seed to verdict.

First the faults of the seed, and everything that must never happen is checked as it goes. Then they
end, and within a bounded time everything must be as if nothing had been: all connected, every book
the venue's, every order known. A system that only refuses to lie passes the first phase; it is
the second that asks whether it still works.
"""

from functools import partial
from typing import Final

from msgspec import Struct

from strikewire.client.outputs import Credentials
from strikewire.exchange import Exchange
from strikewire.gateway import ApiKey, KeyStore
from strikewire.model import NS_PER_S, AccountId
from strikewire.sequencer import Applied, RecoveryReport
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.audit import (
    audit,
    audit_recovery,
    audit_replay,
    audit_snapshots,
)
from strikewire.testing.simulation.client import Client
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.disk import DiskJournal
from strikewire.testing.simulation.faults import Faults, swarm
from strikewire.testing.simulation.guard import Guard
from strikewire.testing.simulation.hall import Hall
from strikewire.testing.simulation.host import Host
from strikewire.testing.simulation.nemesis import Nemesis
from strikewire.testing.simulation.network import Link, Network
from strikewire.testing.simulation.operator import INSTRUMENTS, Operator
from strikewire.testing.simulation.process import Process
from strikewire.testing.simulation.promises import Promises
from strikewire.testing.simulation.trader import CALM_NS_MAX, Onlooker, Trader
from strikewire.testing.simulation.truth import Truth, levels_of, order_fact_of, waiting
from strikewire.testing.simulation.violations import Violation, check

START_NS: Final = 1_767_225_600 * NS_PER_S
"""1 January 2026."""

OPENING_NS: Final = NS_PER_S
"""How long the venue has to list its instruments before anybody comes."""

SAFETY_NS: Final = 45 * NS_PER_S
"""How long faults come."""

HEALED_NS: Final = 45 * NS_PER_S
"""How long trading goes on without them, calmly: longer than a client takes to notice a dead
connection, which is twice its heartbeat of 10 s, and to come back."""

PROOF_NS: Final = 15 * NS_PER_S
"""How long every trader then has to get an order through."""

QUIET_NS: Final = 6 * NS_PER_S
"""How long everything then has to come to rest."""

CANCEL_NS_MAX: Final = 3 * NS_PER_S
"""How long cancel on disconnect may take once the venue knows of the loss."""


class Report(Struct, frozen=True, kw_only=True):
    """What happened in a simulation that passed.

    Attributes:
        seed: It repeats the simulation.
        simulated_ns: Time that passed in it.
        steps: Things that happened.
        commands: In the journal at the end.
        orders: Orders that clients were told of.
        connections: That were made.
        crashes: Of the venue, by cause.
        trace: Hash of every message, when and where it arrived.
    """

    seed: int
    simulated_ns: int
    steps: int
    commands: int
    orders: int
    connections: int
    crashes: dict[str, int]
    trace: str


class SimulationFailure(Exception):
    """A simulation broke a promise, or one of its parts fell over.

    Attributes:
        seed: It repeats the failure.
        rule: The promise, or the kind of the error.
    """

    def __init__(self, seed: int, elapsed_ns: int, faults: Faults, cause: Exception) -> None:
        self.seed = seed
        self.rule = cause.rule if isinstance(cause, Violation) else type(cause).__name__
        detail = cause.detail if isinstance(cause, Violation) else str(cause)
        super().__init__(
            f"seed {seed}, after {elapsed_ns / NS_PER_S:.6f} s: {self.rule}: {detail}\n"
            f"with {faults}\n"
            f"repeat it: python -m strikewire.testing.simulation {seed}"
        )


def simulate(seed: int, faults: Faults | None = None) -> Report:
    """Run one simulation.

    Args:
        seed: Decides everything.
        faults: Instead of those that the seed chooses.

    Raises:
        SimulationFailure: A promise was broken, or a machine of the product raised.
    """
    return _World(seed, faults).run()


class _World:
    """Everything in one simulation; also the watch over its venue."""

    def __init__(self, seed: int, faults: Faults | None) -> None:
        self._seed = seed
        dice = Dice(str(seed))
        self._dice = dice
        self._faults = faults or swarm(dice.child("faults"))
        self._agenda = Agenda(START_NS, dice.child("agenda"))
        self._truth = Truth()
        self._promises = Promises()
        self._guard = Guard()
        self._hall = Hall()
        self._network = Network(self._agenda, dice.child("network"), self._faults)
        self._instruments = list(INSTRUMENTS[: dice.between(1, len(INSTRUMENTS))])
        self._accounts = [AccountId(number) for number in range(1, dice.between(2, 3) + 1)]
        keys = {
            one: ApiKey(client_id=f"key{one}", client_secret=f"secret{one}", account_id=one)
            for one in self._accounts
        }
        self._operator = Operator(
            self._agenda, dice.child("operator"), self._accounts, self._instruments
        )
        self._host = Host(
            self._agenda,
            dice.child("host"),
            self._faults,
            self._network,
            keys=KeyStore(keys.values()),
            watch=self,
            served=self._operator.serve,
        )
        self._traders: list[Trader] = []
        self._clients: list[Client] = []
        # Now and then an account has two clients, which see each other's orders.
        owners = [*self._accounts, *self._accounts[: dice.up_to(1)]]
        for number, account_id in enumerate(owners, 1):
            self._add_trader(f"c{number}", keys[account_id])
        if dice.chance(0.7):
            self._add_onlooker("onlooker")
        names = [client.name for client in self._clients]
        self._replays_all = dice.chance(0.25)
        self._nemesis = Nemesis(
            self._agenda, dice.child("nemesis"), self._network, self._host, names
        )

    def run(self) -> Report:
        """Run both phases."""
        try:
            self._run()
        except Exception as error:
            elapsed_ns = self._agenda.now_ns - START_NS
            raise SimulationFailure(self._seed, elapsed_ns, self._faults, error) from error
        return Report(
            seed=self._seed,
            simulated_ns=self._agenda.now_ns - START_NS,
            steps=self._agenda.steps,
            commands=self._process.sequencer.last_seq,
            orders=self._promises.count,
            connections=self._network.connections,
            crashes=self._host.crashes,
            trace=self._network.trace,
        )

    def _run(self) -> None:
        self._set_faults(self._faults.healed())
        self._host.boot()
        self._pass(OPENING_NS)
        self._set_faults(self._faults)
        self._nemesis.begin(self._faults)
        for client in self._clients:
            client.start()
        for trader in self._traders:
            trader.begin()
        self._pass(SAFETY_NS)

        self._set_faults(self._faults.healed())
        self._nemesis.stop()
        for trader in self._traders:
            trader.think_ns_max = CALM_NS_MAX
        self._pass(HEALED_NS)
        before = [trader.acknowledged for trader in self._traders]
        for trader in self._traders:
            trader.prove()
        self._pass(PROOF_NS)
        self._operator.is_trading = False
        for trader, acknowledged in zip(self._traders, before, strict=True):
            check(trader.acknowledged > acknowledged, "a healed venue takes orders")
        self._pass(QUIET_NS)
        for trader in self._traders:
            trader.ask_for_orders()
        self._pass(QUIET_NS)
        self._judge()

    def _set_faults(self, faults: Faults) -> None:
        self._network.faults = self._host.faults = faults

    def _pass(self, span_ns: int) -> None:
        self._agenda.run(self._agenda.now_ns + span_ns)
        if self._host.process is not None:
            audit(self._host.process.exchange)

    # The watch

    def used(self, journal: DiskJournal, report: RecoveryReport) -> None:
        """Check that no sound snapshot was left out."""
        audit_snapshots(journal, report)

    def recovered(self, exchange: Exchange) -> None:
        """Check that nothing that was let out has been lost."""
        self._truth.recovered(exchange)
        self._promises.check(exchange)
        self._guard.recovered(exchange)
        audit(exchange)

    def applied(self, applied: Applied, exchange: Exchange) -> None:
        """Take it in."""
        self._truth.applied(applied, exchange)
        self._guard.applied(applied, exchange)

    def ticked(self) -> None:
        """Take note."""
        self._truth.ticked()

    def lost(self, link: Link) -> None:
        """Look a little later whether the orders that were to be cancelled are."""
        process = self._host.process
        for trader in self._traders:
            labels = trader.guarded.pop(link.number, None)
            if labels and process is not None:
                look = partial(self._check_cancelled, process, labels, trader)
                self._agenda.after(CANCEL_NS_MAX, look)

    def _check_cancelled(self, process: Process, labels: set[str], trader: Trader) -> None:
        if not process.is_alive or process.is_locked:
            return
        account_id = trader.client.account_id
        assert account_id is not None
        orders = process.exchange.open_orders(account_id)
        left = {one.mmp.quote_id if one.mmp else one.label for one in orders} - trader.resent
        check(
            labels.isdisjoint(left),
            "losing a connection cancels what was placed on it, where that was agreed",
            f"{sorted(labels.intersection(left))} of account {account_id}",
        )

    # The verdict

    @property
    def _process(self) -> Process:
        process = self._host.process
        assert process is not None
        return process

    def _judge(self) -> None:
        """Check that everything is as if nothing had been."""
        exchange = self._process.exchange
        for client in self._clients:
            self._judge_client(exchange, client)
        for trader in self._traders:
            self._judge_orders(exchange, trader)
        self._promises.check(exchange)
        kept = DiskJournal(self._host.disk)
        again = audit_replay if self._replays_all else audit_recovery
        audit_snapshots(kept, again(exchange, kept))

    def _judge_client(self, exchange: Exchange, client: Client) -> None:
        check(client.machine.is_ready, "after healing all clients are connected", client.name)
        check(not client.waiting, "every request ends", f"{client.name}: {client.waiting}")
        late = client.wiretap.incomplete()
        check(not late, "subscriptions tell everything", f"{client.name}: {late}")
        for channel, stream in client.books.items():
            name, view = stream.book.instrument_name, stream.book.view()
            instrument_id = exchange.instrument_by_name[name]
            levels = levels_of(exchange.instruments[instrument_id], exchange.book(instrument_id))
            check(not view.is_stale, "after healing no book is stale", f"{client.name} {channel}")
            if (view.bids, view.asks) != levels:
                raise Violation(
                    "after healing every book is the venue's",
                    f"{client.name} {channel}: {view} against {levels}",
                )

    def _judge_orders(self, exchange: Exchange, trader: Trader) -> None:
        account_id = trader.client.account_id
        assert account_id is not None
        expected = [
            order_fact_of(exchange.instruments[view.instrument_id], view)
            for view in waiting(exchange, account_id)
        ]
        known = trader.known_orders()
        if known != expected:
            raise Violation(
                "after healing a client knows its orders",
                f"{trader.client.name}: {known} against {expected}",
            )

    # Who is there

    def _add_trader(self, name: str, key: ApiKey) -> None:
        dice = self._dice.child(name)
        trader = Trader(
            name,
            key.account_id,
            agenda=self._agenda,
            dice=dice.child("trader"),
            promises=self._promises,
            truth=self._truth,
            hall=self._hall,
            instruments=self._instruments,
        )
        credentials = Credentials(key.client_id, key.client_secret)
        trader.client = Client(
            name,
            credentials,
            key.account_id,
            agenda=self._agenda,
            dice=dice,
            network=self._network,
            truth=self._truth,
            user=trader,
        )
        interval = dice.pick(("raw", "raw", "100ms"))
        trader.client.follow(dice.pick(self._instruments), interval)
        private = [f"user.{kind}.any.any.{interval}" for kind in ("orders", "trades")]
        trader.client.subscribe(private)
        self._traders.append(trader)
        self._clients.append(trader.client)

    def _add_onlooker(self, name: str) -> None:
        client = Client(
            name,
            None,
            None,
            agenda=self._agenda,
            dice=self._dice.child(name),
            network=self._network,
            truth=self._truth,
            user=Onlooker(),
        )
        for instrument_name in self._instruments:
            client.follow(instrument_name, "100ms")
        client.subscribe([f"trades.{one}.100ms" for one in self._instruments])
        self._clients.append(client)
