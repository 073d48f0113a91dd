"""Fills and their payments as they are kept to be looked up.

A venue keeps thousands of fills for each account, and most of them nobody ever looks at. So the
compiled lane keeps them as records of a few words, which these functions tell in full when somebody
asks; what comes about the common way, and everything where there is no compiler, is kept as it is.
"""

from collections.abc import Mapping
from typing import Any

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


def kept_fill(
    markets: Mapping[InstrumentId, object],
    fill: Fill,
) -> Any:  # noqa: ANN401 - as an archive keeps it
    """Return a fill as an archive is to keep it: in few words where these say all of it.

    Args:
        markets: Those of the state.
        fill: As it was told.
    """
    del markets
    return fill


def kept_payment(
    markets: Mapping[InstrumentId, object],
    fill: Any,  # noqa: ANN401 - as an archive keeps it
    payment: Transaction,
) -> Any:  # noqa: ANN401 - as an archive keeps it
    """Return a payment as an archive is to keep it: with its fill, where that says all of it.

    Args:
        markets: Those of the state.
        fill: What it was for, as it is kept; None if it is not.
        payment: As it was told.
    """
    del markets, fill
    return payment
