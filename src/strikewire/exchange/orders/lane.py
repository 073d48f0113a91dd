"""The quick way of the common commands, where there is a compiler.

Orders that come in, change and go are nearly all that a venue does, and nearly all of them are
plain: no ties, no icebergs, no portfolio margin, nothing to refuse. The compiled lane carries
those out in one piece, on the same state and with the same events, and hands back untouched what
is not plain. This twin hands everything back: without a compiler there is one way, which is also
the specification of the other.
"""

from strikewire.exchange.orders.plain_lane import PlainLane


class Lane(PlainLane):
    """Carries out what needs no second thought."""
