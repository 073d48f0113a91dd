"""The exchange with one way for every command: the specification that the quick one is held to.

`Exchange` carries the common commands out in a compiled lane. The reference goes the plain way with
all of them: slower by far, easy to read, and the same to the last event and the last unit.
"""

from strikewire.exchange.dispatch import packed_common
from strikewire.exchange.engine import Exchange
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.state.state import State


class Reference(Exchange):
    """An `Exchange` that nothing has made quick."""

    @staticmethod
    def _lane_of(state: State) -> PlainLane:
        return PlainLane(state, packed_common)
