"""Aggregated books kept equal to a stream: snapshot, change, gap, resync.

Flows: market data out (`marketdata` keeps what the public may see), external feed in (`feeds`
follow another venue), and the SDK (`client` follows us); all three keep their levels here.
"""

from strikewire.depth.book import (
    Delta,
    DepthBook,
    DepthSide,
    GapError,
    Level,
    NegativeAmountError,
)
from strikewire.depth.sync import (
    DepthSnapshot,
    DepthSync,
    DepthUpdate,
    SyncLoss,
    SyncOutcome,
)

__all__ = [
    "Delta",
    "DepthBook",
    "DepthSide",
    "DepthSnapshot",
    "DepthSync",
    "DepthUpdate",
    "GapError",
    "Level",
    "NegativeAmountError",
    "SyncLoss",
    "SyncOutcome",
]
