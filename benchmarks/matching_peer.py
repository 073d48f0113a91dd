"""matching-engine from PyPI: a Python engine that matches by price and time, and knows no money.

It needs Python 3.12, so it is not among the pinned requirements; where somebody has installed it,
its rows are measured.
"""

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from benchmarks.harness import Fresh, UnavailableError
from benchmarks.order_flow import LIVE, OURS
from strikewire.exchange import CancelOrder, Command, Exchange, PlaceOrder, TimeInForce
from strikewire.exchange.packed import CANCEL, RECORD_BYTES
from strikewire.model import OrderId

PEER = "matching_engine"
PACKAGES = ("matching-engine",) if importlib.util.find_spec(PEER) else ()
IOC = 2


def matched(packed: bytes, commands: int) -> Fresh:
    """Return the peer's work on packed commands.

    Args:
        packed: The orders that wait before, then the commands; none has a label.
        commands: So many of them are measured.
    """
    return Fresh(lambda: _filled(packed[: (LIVE + commands) * RECORD_BYTES]), _process)


def matched_alone(base: bytes, commands: list[Command]) -> Fresh:
    """Return the peer's work on commands; it numbers them itself and knows no flow.

    Args:
        base: A snapshot of the exchange, whose waiting orders it is given before.
        commands: That go on from there.
    """

    def build() -> tuple[Any, list[object]]:
        domain, engine = _peer()
        exchange = Exchange.restore(base)
        waiting = [
            order
            for account in exchange.accounts
            for order in exchange.open_orders(account.account_id)
        ]
        before = [
            PlaceOrder(
                account_id=order.account_id,
                instrument_id=order.instrument_id,
                side=order.side,
                amount=order.remaining,
                price=order.price,
            )
            for order in sorted(waiting, key=lambda order: order.order_id)
        ]
        numbers = [order.order_id for order in sorted(waiting, key=lambda order: order.order_id)]
        sequenced = _translated(domain, [*before, *commands], numbers)
        for command in sequenced[: len(before)]:
            engine.process(command)
        return engine, sequenced[len(before) :]

    return Fresh(build, _process)


def _peer() -> tuple[ModuleType, Any]:
    if not importlib.util.find_spec(PEER):
        raise UnavailableError("needs Python 3.12 and `pip install matching-engine`")
    engine = importlib.import_module(f"{PEER}.engine").MatchingEngine()
    return importlib.import_module(f"{PEER}.domain"), engine


def _process(built: tuple[Any, list[object]]) -> None:
    engine, commands = built
    for command in commands:
        engine.process(command)


def _filled(packed: bytes) -> tuple[Any, list[object]]:
    domain, engine = _peer()
    number, sequenced = 0, list[object]()
    for seq, record in enumerate(OURS.iter_unpack(packed), start=1):
        op, sign, _, force, _, _, account, other, price, lots, _ = record
        if op == CANCEL:
            word = domain.CancelOrder(other, account)
        else:
            number += 1
            word = domain.NewOrder(
                order_id=number,
                account=account,
                side=domain.Side("buy" if sign > 0 else "sell"),
                price=price,
                qty=lots,
                tif=domain.TimeInForce("ioc" if force == IOC else "gtc"),
                stp=domain.SelfTradePrevention.NONE,
            )
        sequenced.append(domain.SequencedCommand(seq, seq, word))
    _process((engine, sequenced[:LIVE]))
    return engine, sequenced[LIVE:]


def _translated(
    domain: ModuleType, commands: list[Command], numbers: list[OrderId]
) -> list[object]:
    """Return commands in the peer's words; orders keep the numbers that they have here."""
    words: list[object] = []
    next_number = max(numbers, default=0) + 1
    given = iter(numbers)
    for seq, command in enumerate(commands, start=1):
        if isinstance(command, CancelOrder):
            word = domain.CancelOrder(command.order_id, command.account_id)
        else:
            assert isinstance(command, PlaceOrder)
            number = next(given, None)
            if number is None:
                number, next_number = OrderId(next_number), next_number + 1
            word = domain.NewOrder(
                order_id=number,
                account=command.account_id,
                side=domain.Side(command.side.direction),
                price=command.price,
                qty=command.amount,
                tif=domain.TimeInForce(
                    "ioc" if command.time_in_force is TimeInForce.IOC else "gtc"
                ),
                stp=domain.SelfTradePrevention.NONE,
            )
        words.append(domain.SequencedCommand(seq, seq, word))
    return words
