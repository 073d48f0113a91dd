"""Events of liquidations: who is under one, and who paid for what was missing."""

import msgspec

from strikewire.model import AccountId, InstrumentId, Units


class LockChanged(msgspec.Struct, frozen=True, array_like=True, tag="lock"):
    """An account's liquidation began, or is over: while it lasts the owner places no orders."""

    account_id: AccountId
    is_locked: bool


class LiquidationFee(msgspec.Struct, frozen=True, array_like=True, tag="liquidation_fee"):
    """A liquidated account paid into the insurance fund, beside the fee of the trade."""

    account_id: AccountId
    instrument_id: InstrumentId
    currency: str
    fee: Units
    """At most what was left to it."""


class Bankruptcy(msgspec.Struct, frozen=True, array_like=True, tag="bankruptcy"):
    """An account had nothing left: the insurance fund took over its positions and its debt."""

    account_id: AccountId
    currency: str
    deficit: Units
    """What the account owed in it. With cross collateral it may have had something left in this
    currency, which then went to the fund: a negative deficit."""

    positions: tuple[tuple[InstrumentId, int, Units], ...]
    """Instrument, signed lots and worth at the mark of what was taken over."""


class BankruptcyView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one round of liquidation found missing in a currency, and who paid it."""

    currency: str
    time_ns: int
    deficit: Units
    """What the accounts that went bankrupt owed beyond all that they had."""

    funded: Units
    """The part of it that the insurance fund paid; with fees the venue gave back to it for that."""

    socialised: Units
    """What those paid who had gained in the session."""

    profits: Units
    """Sum of their profits, by which it was shared."""


class LossSocialised(msgspec.Struct, frozen=True, array_like=True, tag="socialised"):
    """The insurance fund was empty: who gained in the session paid the rest, each in proportion."""

    currency: str
    loss: Units
    """What the fund lacked; positive."""

    profits: Units
    """Sum of the profits by which it was shared."""

    shares: tuple[tuple[AccountId, Units], ...]
    """What each account paid, by id; together the loss, or all profits where they are less."""


class LossCompensated(msgspec.Struct, frozen=True, array_like=True, tag="compensated"):
    """The insurance fund paid for a socialised loss in another currency that it had."""

    currency: str
    """Of the loss."""

    paid_in: str
    shares: tuple[tuple[AccountId, Units], ...]
    """What each account got, by id, in units of `paid_in`."""
