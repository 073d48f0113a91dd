"""Fills and their payments as they are kept to be looked up.

A venue keeps thousands of fills for each account, and most of them nobody ever looks at. So the
compiled lane keeps them as records of a few words, which these functions tell in full when somebody
asks; what comes about the common way, and everything where there is no compiler, is kept as it is.
"""

from collections.abc import Mapping

from strikewire.exchange.events import Fill
from strikewire.exchange.state.archives import Ring
from strikewire.exchange.state.transactions import Transaction
from strikewire.model import InstrumentId


class Fills(Ring):
    """Fills, as they are kept."""


class Payments(Ring):
    """Transactions, as they are kept."""


def fill_of(markets: Mapping[InstrumentId, object], kept: Fill) -> Fill:
    """Return a fill, however it is kept."""
    del markets
    return kept


def transaction_of(markets: Mapping[InstrumentId, object], kept: Transaction) -> Transaction:
    """Return a transaction, however it is kept."""
    del markets
    return kept
