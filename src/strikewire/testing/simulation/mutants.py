"""Bugs on purpose: each is planted into the product's own classes, and must be found by some seed.

A checker that never failed proves nothing. Each mutant is one small fault of the kind that has
happened to real venues; `planted` puts it in and takes it out again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from msgspec import Raw, Struct, msgpack
from msgspec.structs import replace

from strikewire.client import connection as client_connection
from strikewire.client.connection import ClientConnection
from strikewire.client.outputs import Failed, Output
from strikewire.client.readers import Readers
from strikewire.client.subscriptions import Subscriptions
from strikewire.exchange import (
    CancelOrder,
    Command,
    Event,
    Exchange,
    Fill,
    OrderEvent,
    Repeated,
)
from strikewire.exchange import engine as exchange_engine
from strikewire.exchange.orders import blocks as exchange_blocks
from strikewire.exchange.orders import clearing as exchange_clearing
from strikewire.exchange.orders import combo_trades as exchange_combos
from strikewire.exchange.orders import quoting as exchange_quoting
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state import snapshot as exchange_snapshot
from strikewire.exchange.state.answers import Answers
from strikewire.exchange.state.protection import Protection
from strikewire.gateway import hub as gateway_hub
from strikewire.gateway.gateway import Gateway
from strikewire.gateway.hub import Delivery, Hub
from strikewire.gateway.session import Session
from strikewire.gateway.user_topics import UserTradesTopic, accounts_of
from strikewire.marketdata.streams import BookEdit, BookStream
from strikewire.model import AccountId
from strikewire.sequencer import Applied, Batch, Packed, Phase, Sequencer, recovery
from strikewire.testing.simulation import disk as simulated_disk
from strikewire.testing.simulation.faults import Point
from strikewire.testing.simulation.process import Process

# A patch fits wherever it is put, whatever the types there are.
# ruff: noqa: ANN401 - for the whole file, for that reason


class Patch(Struct, frozen=True):
    """What a planted bug puts in the place of what.

    Attributes:
        target: The class or module.
        name: The attribute of it.
        make: Returns the bad one, given the good one.
    """

    target: object
    name: str
    make: Callable[[Any], object]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the product have a bug inside a block.

    Args:
        name: One of `MUTANTS`.
    """
    with ExitStack() as stack:
        for one in MUTANTS[name]:
            good = getattr(one.target, one.name)
            stack.enter_context(patch.object(one.target, one.name, one.make(good)))
        yield


def _always(value: object) -> Callable[[Any], object]:
    """Put a function that always returns the same."""
    return lambda _good: lambda *_args, **_kwargs: value


def _acknowledge_before_sync(good: Any) -> object:
    """Carry out and tell a batch as soon as it was written."""

    def write(self: Process, batch: Batch) -> None:
        good(self, batch)
        if self.is_alive and self.sequencer.phase is Phase.APPENDING:
            self.sequencer.committed(batch)
            while (applied := self.sequencer.apply_next()) is not None:
                assert isinstance(applied, Applied)
                self._release(applied)
                if not self.is_alive:
                    return

    return write


def _sync_what_was_told(good: Any) -> object:
    """Belongs to acknowledging early: the sync comes when all is told."""

    def sync(self: Process, batch: Batch) -> None:
        if self.sequencer.phase is Phase.APPENDING:
            good(self, batch)
        elif self.is_alive and not self._machine.strikes(Point.BEFORE_SYNC):
            self.journal.sync()
            self._is_busy = False
            self._wake()

    return sync


def _apply_before_append(good: Any) -> object:
    """Carry out a batch when it is taken, and tell it when it is durable."""

    def take_batch(self: Sequencer, now_ns: int) -> Batch | None:
        batch: Batch | None = good(self, now_ns)
        if batch is not None:
            self._early = [  # type: ignore[attr-defined]  # a bug needs room
                self.exchange.apply(seq, batch.time_ns, command)
                for seq, command in enumerate(batch.commands, batch.first_seq)
                if not isinstance(command, Packed)
            ]
        return batch

    return take_batch


def _tell_what_was_applied(good: Any) -> object:
    """Belongs to applying early: the exchange is not asked again."""

    def apply_next(self: Sequencer) -> object:
        exchange, early = self.exchange, getattr(self, "_early", [])

        class Done:
            def apply(self, *_args: object) -> object:
                return early.pop(0)

        self.exchange = Done()  # type: ignore[assignment]  # as far as it is needed
        try:
            return good(self)
        finally:
            self.exchange = exchange

    return apply_next


def _go_on_after_failed_sync(_good: Any) -> object:
    """Take a failed write or sync for a successful one."""

    def fail(self: Process, batch: Batch, _error: Exception) -> None:
        self.sequencer.committed(batch)
        self._carry_out()

    return fail


def _reorder_batch(good: Any) -> object:
    """Carry out a batch in another order than the journal has it."""

    def take_batch(self: Sequencer, now_ns: int) -> Batch | None:
        batch: Batch | None = good(self, now_ns)
        if batch is None:
            return None
        commands, tokens = batch.commands[::-1], batch.tokens[::-1]
        self._under_way = replace(batch, commands=commands, tokens=tokens)
        return self._under_way

    return take_batch


def _skip_tail(good: Any) -> object:
    """Recover without the last record."""

    def entries(journal: Any, from_seq: int, *rest: Any, **more: Any) -> Iterator[object]:
        records = [record.first_seq for record in journal.read(from_seq)]
        last = records[-1] if len(records) > 1 and from_seq > 1 else None
        found = good(journal, from_seq, *rest, **more)
        return (one for one in found if last is None or one[0] < last)

    return entries


def _forget_order(good: Any) -> object:
    """Leave one order out of a snapshot."""

    def dump_market(market: Any, **more: Any) -> object:
        kept = good(market, **more)
        orders = msgpack.decode(kept.orders)
        return replace(kept, orders=Raw(msgpack.encode(orders[:-1])))

    return dump_market


def _forget_fee(good: Any) -> object:
    """Charge a fee and give it back."""

    def clear(turn: Turn, market: Any, order: Any, *rest: Any, **more: Any) -> object:
        side = good(turn, market, order, *rest, **more)
        turn.state.accounts[order.account_id].ledger(side.fee_currency).balance += side.fee
        return side

    return clear


def _move_leg(good: Any) -> object:
    """Let the first leg of a combo cost a tick more than its share."""

    def leg_prices(*args: Any) -> list[int]:
        first, *others = good(*args)
        return [first + 1, *others]

    return leg_prices


def _skip_change(good: Any) -> object:
    """Leave a change out of a book's chain, now and then."""

    def take(self: BookStream) -> BookEdit | None:
        edit: BookEdit | None = good(self)
        return None if edit is not None and edit.change_id % 16 == 0 else edit

    return take


def _keep_levels(good: Any) -> object:
    """Never tell that a level is gone."""

    def edits(self: BookStream, *args: Any) -> list[Any]:
        return [edit for edit in good(self, *args) if edit.action != "delete"]

    return edits


def _deliver_twice(good: Any) -> object:
    """Send each change of a book twice."""

    def deliver(self: Hub, pace: Any) -> list[Delivery]:
        deliveries: list[Delivery] = good(self, pace)
        doubled = [one for one in deliveries if b'"prev_change_id"' in one.payload]
        return deliveries + doubled

    return deliver


def _hear_fills_twice(good: Any) -> object:
    """Note a fill twice where its owner was the taker."""

    def hear(self: UserTradesTopic, event: Event) -> None:
        good(self, event)
        if isinstance(event, Fill) and event.taker.account_id == self._account_id:
            good(self, event)

    return hear


def _tell_neighbour(_good: Any) -> object:
    """Tell an account of the next one's orders, too."""

    def accounts(event: Event) -> Sequence[AccountId]:
        found = accounts_of(event)
        if isinstance(event, OrderEvent) and event.order.order_id % 8 == 0:
            return (*found, AccountId(event.order.account_id + 1))
        return found

    return accounts


def _answer_any(_good: Any) -> object:
    """Answer what can be answered, the latest first, whatever is in front of it."""

    def answer(self: Session, outputs: list[Any]) -> None:
        for flight in [one for one in reversed(self._flights) if one.answer is not None]:
            self._flights.remove(flight)
            outputs += flight.answer or ()

    return answer


def _fly_past(_good: Any) -> object:
    """Begin a question while orders are in flight."""

    def begin(self: Session, now_ns: int, outputs: list[Any]) -> bool:
        flights, self._flights = self._flights, type(self._flights)()
        try:
            return bool(_good(self, now_ns, outputs))
        finally:
            self._flights.extendleft(reversed(flights))

    return begin


def _keep_for_later(good: Any) -> object:
    """Remember requests whose outcome is not known."""

    def fail_pending(self: ClientConnection, reason: str) -> list[Output]:
        failed: list[Output] = good(self, reason)
        kept = [one.token for one in failed if isinstance(one, Failed)]
        self._again = kept  # type: ignore[attr-defined]  # a bug needs room
        return failed

    return fail_pending


def _send_again(good: Any) -> object:
    """Belongs to keeping them: send them once more on the next connection."""

    def ready(self: ClientConnection, now_ns: int) -> list[Output]:
        outputs: list[Output] = good(self, now_ns)
        for ask in getattr(self, "_again", ()):
            outputs += self._ask(now_ns, ask.method, ask.params, lambda *_: [])
        return outputs

    return ready


def _forget_keys(_good: Any) -> object:
    """Leave the answers to marked requests out of snapshots."""
    return property(lambda _answers: [])


def _tell_again(good: Any) -> object:
    """Tell everybody what a request did that came again."""

    def publish(self: Gateway, time_ns: int, events: Sequence[Event]) -> object:
        again = [one for event in events if isinstance(event, Repeated) for one in event.events]
        return good(self, time_ns, [*events, *again])

    return publish


def _cancel_elsewhere(good: Any) -> object:
    """Say of every fourth order that it is cancelled, and leave it where it is."""

    def apply(self: Exchange, seq: int, time_ns: int, command: Command) -> object:
        if isinstance(command, CancelOrder) and command.order_id % 4 == 0:
            return good(Exchange.restore(self.snapshot()), seq, time_ns, command)
        return good(self, seq, time_ns, command)

    return apply


def _take_time_back(good: Any) -> object:
    """Give a batch the time of the clock, whatever the venue's time was."""

    def take_batch(self: Sequencer, now_ns: int) -> Batch | None:
        self.last_time_ns = 0
        return good(self, now_ns)  # type: ignore[no-any-return]  # the good one is typed Any

    return take_batch


MUTANTS: Final[dict[str, tuple[Patch, ...]]] = {
    "acknowledged before the sync": (
        Patch(Process, "_write", _acknowledge_before_sync),
        Patch(Process, "_sync", _sync_what_was_told),
    ),
    "applied before the journal has it": (
        Patch(Sequencer, "take_batch", _apply_before_append),
        Patch(Sequencer, "apply_next", _tell_what_was_applied),
    ),
    "failed sync ignored": (Patch(Process, "_fail", _go_on_after_failed_sync),),
    "batch reordered": (Patch(Sequencer, "take_batch", _reorder_batch),),
    "time taken back": (Patch(Sequencer, "take_batch", _take_time_back),),
    "torn record accepted": (Patch(simulated_disk, "seal_record", _always(0)),),
    "recovery skips the tail": (Patch(recovery, "_entries", _skip_tail),),
    "snapshot forgets an order": (Patch(exchange_snapshot, "_dump_market", _forget_order),),
    "leg at another price": (Patch(exchange_combos, "leg_prices", _move_leg),),
    "fee not booked": (Patch(exchange_clearing, "_clear", _forget_fee),),
    "change skipped": (Patch(BookStream, "take", _skip_change),),
    "level not removed": (Patch(BookStream, "_edits", _keep_levels),),
    "change sent twice": (Patch(Hub, "_deliver", _deliver_twice),),
    "fill told twice": (Patch(UserTradesTopic, "hear", _hear_fills_twice),),
    "order told to another": (Patch(gateway_hub, "accounts_of", _tell_neighbour),),
    "answers out of order": (Patch(Session, "_answer", _answer_any),),
    "question overtakes an order": (Patch(Session, "_begin", _fly_past),),
    "cancel on disconnect lost": (Patch(Session, "_cancel_placed", _always([])),),
    "resubscribe forgotten": (Patch(Subscriptions, "reset", _always(None)),),
    "stale book trusted": (Patch(Readers, "_distrust", _always(None)),),
    "no deduplication": (Patch(exchange_engine, "recall", _always(None)),),
    "keys forgotten by a snapshot": (Patch(Answers, "kept", _forget_keys),),
    "repeated request told again": (Patch(Gateway, "publish", _tell_again),),
    "cancel lost": (Patch(Exchange, "apply", _cancel_elsewhere),),
    "protection ignored": (Patch(Protection, "is_frozen", _always(value=False)),),
    "second quote on a side": (Patch(exchange_quoting, "standing_quotes", _always((None, None))),),
    "block trade carried out again": (Patch(exchange_blocks, "_remember", _always(None)),),
    "request sent again": (
        Patch(ClientConnection, "_fail_pending", _keep_for_later),
        Patch(ClientConnection, "_ready", _send_again),
    ),
    "doubt taken for refusal": (
        Patch(client_connection, "IN_DOUBT_CODES", lambda _good: frozenset()),
    ),
}
"""Every planted bug by its name."""
