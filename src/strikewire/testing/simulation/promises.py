"""What clients were told of their orders, and whether it is still so.

An acknowledgement is a promise: the order exists, and what happened to it has happened. An error
is one as well: nothing was done. Only "unknown" promises nothing. They are checked after
every start of the venue and at the end.
"""

from collections import Counter
from typing import Final

from strikewire.api.trading import Order
from strikewire.exchange import Exchange, OrderView
from strikewire.model import AccountId, OrderId, lots_to_amount, ns_to_ms, parse_order_id
from strikewire.testing.simulation.truth import WAITING
from strikewire.testing.simulation.violations import Violation, check

RULE_KEPT: Final = "no acknowledged order is lost"
RULE_ONCE: Final = "no order is executed twice"
RULE_NOTHING: Final = "what was refused has done nothing"


class Promises:
    """Everything clients were told of orders."""

    def __init__(self) -> None:
        self._told: dict[OrderId, tuple[AccountId, Order]] = {}
        self._refused: set[str] = set()

    @property
    def count(self) -> int:
        """How many orders were told of."""
        return len(self._told)

    def keep(self, account_id: AccountId, order: Order) -> None:
        """Take note of what an account was told of an order of its own."""
        order_id = parse_order_id(order.order_id)
        owner, before = self._told.get(order_id, (account_id, order))
        check(owner == account_id, "nobody is told of another's order", order.order_id)
        is_later = order.last_update_timestamp >= before.last_update_timestamp
        if is_later and order.filled_amount >= before.filled_amount:
            self._told[order_id] = (account_id, order)

    def refused(self, label: str) -> None:
        """Take note that an order was refused."""
        self._refused.add(label)

    def check(self, exchange: Exchange) -> None:
        """Compare them with what the venue has."""
        for order_id, (account_id, order) in self._told.items():
            view = exchange.order(order_id)
            if view is None:
                check(False, RULE_KEPT, f"{order.order_id} ({order.label}) is not there")
            else:
                _compare(exchange, account_id, order, view)
        labels = Counter(_labels(exchange))
        doubled = [label for label, count in labels.items() if count > 1]
        check(not doubled, RULE_ONCE, doubled)
        done = sorted(self._refused & labels.keys())
        check(not done, RULE_NOTHING, done)


def _labels(exchange: Exchange) -> list[str]:
    return [
        view.label
        for account in exchange.accounts
        for views in (
            exchange.open_orders(account.account_id),
            exchange.conditional_orders(account.account_id),
            exchange.closed_orders(account.account_id),
        )
        for view in views
        if view.label and not _comes_of_another(view)
    ]


def _comes_of_another(view: OrderView) -> bool:
    """Say whether an order came with another one, or in its place: its label is no request's."""
    is_secondary = view.link is not None and view.link.primary_id is not None
    return is_secondary or view.trigger_order_id is not None


def _compare(exchange: Exchange, account_id: AccountId, order: Order, view: OrderView) -> None:
    """Check that an order is what it was told to be, or has gone on from there."""
    instrument = exchange.instruments[view.instrument_id]
    same = (view.account_id, view.label, instrument.name)
    told = (account_id, order.label, order.instrument_name)
    if same != told:
        raise Violation(RULE_KEPT, f"{order.order_id} is {same}, told {told}")
    filled = lots_to_amount(instrument, view.filled)
    updated_ms = ns_to_ms(view.updated_ns)
    is_later = filled >= order.filled_amount and updated_ms >= order.last_update_timestamp
    is_same = (view.state.value, filled) == (order.order_state, order.filled_amount)
    if not is_same and not (is_later and order.order_state in WAITING):
        raise Violation(
            RULE_KEPT,
            f"{order.order_id} is {view.state.value}, {filled} filled, "
            f"told {order.order_state}, {order.filled_amount} filled",
        )
