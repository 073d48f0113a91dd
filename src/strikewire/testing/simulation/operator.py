"""Who runs the simulated venue: opens accounts, lists instruments, moves prices and cash.

It submits commands as a venue's own parts do, and begins at every start with what the exchange
does not know yet, because it cannot tell either which of its last commands were durable.
"""

from typing import Final

from strikewire.exchange import (
    Command,
    Deposit,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    SetMarks,
    Withdraw,
)
from strikewire.model import (
    NS_PER_MS,
    NS_PER_S,
    AccountId,
    Instrument,
    InstrumentId,
    Units,
    instrument,
    price_e8,
)
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.process import Process

INSTRUMENTS: Final = ("BTC_USDC-PERPETUAL", "BTC-PERPETUAL", "BTC-25DEC26-50000-C")
SPOT: Final = 50_000
CASH: Final = {"BTC": Units(10**12), "USDC": Units(10**13)}
"""What every account gets at first: enough that margin seldom decides."""

MARKS_EVERY_NS: Final = 5 * NS_PER_S
RETRY_NS: Final = 20 * NS_PER_MS


class Operator:
    """The venue's own commands.

    Args:
        agenda: Time.
        dice: Chance.
        accounts: All that there are to be.
        names: The instruments that there are to be.
    """

    def __init__(
        self, agenda: Agenda, dice: Dice, accounts: list[AccountId], names: list[str]
    ) -> None:
        self.instruments: list[Instrument] = [
            instrument(name, instrument_id=number) for number, name in enumerate(names, 1)
        ]
        self._agenda = agenda
        self._dice = dice
        self._accounts = accounts
        self.is_trading = True
        """Whether it still moves prices and cash."""

        self._process: Process | None = None
        self._waiting: list[Command] = []

    def serve(self, process: Process) -> None:
        """Take over a process that has just started."""
        self._process = process
        self._waiting = self._missing(process.exchange)
        self._work(process)
        self._live(process)

    def _missing(self, exchange: Exchange) -> list[Command]:
        """Return what the exchange has to be told before anybody can trade."""
        commands: list[Command] = []
        for account_id in self._accounts:
            view = exchange.account(account_id)
            if view is None:
                commands.append(OpenAccount(account_id, f"account {account_id}"))
            known = view.currencies if view else ()
            commands += [
                Deposit(account_id, currency, amount)
                for currency, amount in CASH.items()
                if currency not in known
            ]
        for one in self.instruments:
            if one.instrument_id not in exchange.instruments:
                commands.append(ListInstrument(one))
        return [*commands, self._marks()]

    def _marks(self) -> SetMarks:
        """Return marks near the spot price."""
        spot = SPOT + self._dice.between(-20, 20)
        marks = [
            Mark(
                InstrumentId(one.instrument_id),
                price_e8(0.01 if one.is_option else spot),
                500_000 if one.is_option else 0,
                price_e8(spot),
            )
            for one in self.instruments
        ]
        indices = sorted({one.price_index for one in self.instruments})
        return SetMarks(tuple((name, price_e8(spot)) for name in indices), tuple(marks))

    def _work(self, process: Process) -> None:
        """Submit what waits, as fast as it is taken."""
        if process is not self._process or not process.is_alive:
            return
        while self._waiting and process.submit(self._waiting[0]):
            self._waiting.pop(0)
        if self._waiting:
            self._agenda.after(RETRY_NS, lambda: self._work(process))

    def _live(self, process: Process) -> None:
        """Move prices, and now and then some cash."""
        if process is not self._process or not process.is_alive:
            return
        if self.is_trading and not self._waiting:
            self._waiting.append(self._marks())
            if self._dice.chance(0.3):
                self._waiting.append(self._transfer())
            self._work(process)
        self._agenda.after(MARKS_EVERY_NS, lambda: self._live(process))

    def _transfer(self) -> Deposit | Withdraw:
        """Return a little cash, in or out."""
        account_id, currency = self._dice.pick(self._accounts), self._dice.pick(tuple(CASH))
        amount = Units(self._dice.between(1, 9))
        if self._dice.chance(0.5):
            return Deposit(account_id, currency, amount)
        return Withdraw(account_id, currency, amount)
