"""Commands of margin: how it is counted, what is needed, and who is liquidated for want of it."""

from enum import StrEnum

import msgspec

from strikewire.model import AccountId, Units


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What an account would need in a currency, worked out before its command got its number.

    Scenarios are priced in floats, so they are no business of the exchange; their result is, in
    whole settlement units, and a replay needs nothing else.
    """

    basis: int
    """The account's count of changes that it was worked out from; of another one it is stale."""

    initial: Units
    """Initial margin with all positions and open orders, this command carried out; not negative."""

    maintenance: Units
    """Maintenance margin of the positions; not negative."""


class MarginModel(StrEnum):
    """How an account's margin is counted, in Deribit's words."""

    STANDARD = "segregated_sm"
    """Each instrument on its own, by the exchange itself."""

    PORTFOLIO = "segregated_pm"
    """All of a currency together, over scenarios, from outside: as verdicts in commands."""

    CROSS = "cross_sm"
    """Each instrument on its own, and all currencies answer for it together, in dollars."""


class ChangeMarginModel(msgspec.Struct, frozen=True, array_like=True, tag="margin_model"):
    """Count an account's margin another way. Rejected where it could not afford that."""

    account_id: AccountId
    model: MarginModel
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    """To portfolio margin: by currency, for each in which the account has positions or orders."""


class SetVerdicts(msgspec.Struct, frozen=True, array_like=True, tag="verdicts"):
    """Tell what accounts with portfolio margin need now that marks have moved.

    Those that are stale, or of accounts with another model, are ignored: they were overtaken.
    """

    verdicts: tuple[tuple[AccountId, str, Verdict], ...]
    """Account, currency, and what it needs."""


class Liquidate(msgspec.Struct, frozen=True, array_like=True, tag="liquidate"):
    """Carry out one round of liquidation: on every account below its maintenance margin.

    There may be none, and nothing to do; the command is never rejected.
    """

    verdicts: tuple[tuple[AccountId, str, Verdict], ...] = ()
    """What accounts with portfolio margin need now, taken over first, as by `SetVerdicts`."""

    account_ids: tuple[AccountId, ...] | None = None
    """The accounts to look at; None for all. Those that do not exist are passed over."""
