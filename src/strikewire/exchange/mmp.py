"""Market-maker protection, as commands, orders and events speak of it.

Amounts of coins, deltas and vegas are in 1e-8: of a coin, and of the index's counter currency for a
volatility point.
"""

import msgspec

MMP_INTERVAL_S_MAX = 3_600
"""Seconds of an interval or a freeze; more are rejected."""

MMP_LIMIT_E8_MAX = 10**17
"""The highest limit of a protection, in 1e-8: a billion."""


class MmpConfig(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """When the protection of an index, or of one group of quotes in it, acts. A limit of 0 is none.

    Source: Deribit API v2, `private/set_mmp_config`.
    """

    interval_s: int
    """What is traded is counted for so long, each trade from its own time on; positive."""

    frozen_s: int
    """So long no protected orders come in afterwards; 0 until it is reset."""

    max_quote_quantity_e8: int
    """Coins that may wait on one side of one book, in all protected orders of it together."""

    quantity_e8: int = 0
    """Coins traded, bought and sold ones added."""

    delta_e8: int = 0
    """Coins of delta traded, sold ones taken off; to either side."""

    vega_e8: int = 0
    """Vega traded, sold one taken off; to either side."""


class MmpTag(msgspec.Struct, frozen=True, array_like=True):
    """What an order under protection remembers of it."""

    group: str = ""
    """Of quotes; an order that is none is under the protection of its index alone."""

    quote_id: str = ""
    """The mass quote that it came with last."""

    quote_set_id: str = ""
    is_quote: bool = False


class MmpStatus(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A protection at one moment."""

    index: str
    group: str
    config: MmpConfig
    is_triggered: bool
    """Whether it has acted, and nobody has traded or reset it since."""

    frozen_until_ns: int
    """Until when nothing comes in; 0 until a reset. It says nothing unless triggered."""

    quantity_e8: int
    delta_e8: int
    vega_e8: int
    """Traded within the interval that ended with the last trade."""
