import pytest

from strikewire.exchange import (
    Command,
    MassQuote,
    MmpConfig,
    PlaceOrder,
    Quote,
    QuoteSide,
    ResetMmp,
    SetMmp,
)
from strikewire.exchange.state.protection import Protection
from strikewire.model import Lots, Side, Ticks
from strikewire.sequencer import Applied
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from strikewire.testing.simulation.guard import Guard
from strikewire.testing.simulation.quotes import group_of, quote_set_of
from strikewire.testing.simulation.violations import Violation

GROUP = group_of(ALICE)
CONFIG = MmpConfig(interval_s=10, frozen_s=0, max_quote_quantity_e8=10**9, quantity_e8=200_000)


class Watched:
    """A floor on which Alice quotes, and a guard who sees it."""

    def __init__(self) -> None:
        self.guard = Guard()
        self.floor = TradingFloor.at(100_000)
        self.index = self.floor.exchange.instruments[self.floor.id()].price_index
        self.do(SetMmp(ALICE, self.index, GROUP, CONFIG))

    def do(self, command: Command) -> None:
        floor = self.floor
        events = floor.apply(command)
        applied = Applied(None, floor.seq, floor.now_ns, command, events)
        self.guard.applied(applied, floor.exchange)

    def quote(self, ticks: int = 100_001, quote_set_id: str = quote_set_of(ALICE, 1)) -> None:
        side = QuoteSide(price=Ticks(ticks), amount=Lots(5))
        one = Quote(instrument_id=self.floor.id(), quote_set_id=quote_set_id, ask=side)
        self.do(MassQuote(account_id=ALICE, mmp_group=GROUP, quotes=(one,)))

    def hit(self, ticks: int = 100_001) -> None:
        self.do(
            PlaceOrder(
                account_id=BOB,
                instrument_id=self.floor.id(),
                side=Side.BUY,
                amount=Lots(5),
                price=Ticks(ticks),
            )
        )


def test_quotes_come_go_and_trade_as_long_as_no_protection_has_acted() -> None:
    watched = Watched()

    watched.quote()
    watched.quote(100_002)
    watched.hit(100_002)
    watched.do(ResetMmp(ALICE, watched.index, GROUP))
    watched.quote()


def test_a_quote_past_a_protection_that_has_acted_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Watched()
    watched.quote()
    watched.hit()
    monkeypatch.setattr(Protection, "is_frozen", lambda *_: False)

    with pytest.raises(Violation, match="nothing passes a protection that has acted"):
        watched.quote()


def test_what_a_start_brought_back_is_frozen_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    watched.quote()
    watched.hit()
    watched.guard = Guard()
    watched.guard.recovered(watched.floor.exchange)
    monkeypatch.setattr(Protection, "is_frozen", lambda *_: False)

    with pytest.raises(Violation, match="nothing passes a protection that has acted"):
        watched.quote()


def test_a_second_quote_on_a_side_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    watched.quote()
    watched.guard.recovered(watched.floor.exchange)
    name = "strikewire.exchange.orders.quoting.standing_quotes"
    monkeypatch.setattr(name, lambda *_: (None, None))

    with pytest.raises(Violation, match="at most one quote of a group"):
        watched.quote()


def test_a_quote_in_a_set_of_another_is_found() -> None:
    with pytest.raises(Violation, match="sets of their owner"):
        Watched().quote(quote_set_id=quote_set_of(BOB, 1))
