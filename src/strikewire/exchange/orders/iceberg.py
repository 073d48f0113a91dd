"""What an order may hide: all of itself, or as an iceberg a part of limited size."""

from strikewire.exchange.commands import OrderType, PlaceOrder
from strikewire.exchange.events import Reject, Rejected
from strikewire.model import Lots

DISPLAY_LOTS_MIN = 100
"""Lots of an iceberg that are shown at least; with less it is rejected.

Source: Deribit API v2, `private/buy`, `display_amount`: 100 times the minimum amount.
"""

HIDDEN_RATIO_MAX = 100
"""The hidden part is less than so many times the shown one; otherwise it is rejected.

Source: Deribit API v2, `private/buy`, `display_amount`.
"""


def refuse_display(display: int, lots: int) -> Rejected | None:
    """Refuse to show so much of so many lots."""
    hidden = lots - display
    if DISPLAY_LOTS_MIN <= display <= lots and hidden < HIDDEN_RATIO_MAX * display:
        return None
    return Rejected(Reject.INVALID_MAX_SHOW, f"{display} of {lots} lots", "display_amount")


def still_shown(command: PlaceOrder) -> Lots | None:
    """Return what an order shows when it comes in late: all, if it has become as small as that."""
    shown = command.display_amount
    return None if shown is None or command.amount <= shown else shown


def refuse_hiding(command: PlaceOrder) -> Rejected | None:
    """Refuse a new order for what it hides."""
    if command.display_amount is None and not command.hidden:
        return None
    param = "hidden" if command.hidden else "display_amount"
    is_limit = command.order_type.enters_as is OrderType.LIMIT
    if not (is_limit and command.time_in_force.can_wait):
        reason = "nothing_to_hide_of_what_never_waits"
        return Rejected(Reject.UNSUPPORTED_COMBINATION, reason, param)
    if command.display_amount is None:
        return None
    if command.hidden:
        return Rejected(Reject.UNSUPPORTED_COMBINATION, "display_of_hidden_order", param)
    return refuse_display(command.display_amount, command.amount)
