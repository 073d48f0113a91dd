"""Commands of accounts and their money: opened, paid in and out, charged and limited."""

from enum import StrEnum

import msgspec

from strikewire.exchange.commands.margin import Verdict
from strikewire.model import AccountId, InstrumentId, Units


class OpenAccount(msgspec.Struct, frozen=True, array_like=True, tag="open_account"):
    """Let an account trade. Rejected if the id is taken."""

    account_id: AccountId
    """Positive; chosen by the venue."""

    name: str
    owner: AccountId = AccountId(0)
    """The main account of which this is a subaccount; 0 for a main account."""


class CreateSubaccount(msgspec.Struct, frozen=True, array_like=True, tag="subaccount"):
    """Open an account that belongs to a main account; the exchange chooses its id and name."""

    account_id: AccountId
    """The main account."""


class Deposit(msgspec.Struct, frozen=True, array_like=True, tag="deposit"):
    """Add cash from outside to a balance."""

    account_id: AccountId
    currency: str
    amount: Units
    """Positive."""


class Withdraw(msgspec.Struct, frozen=True, array_like=True, tag="withdraw"):
    """Take cash out of a balance. Rejected if margin or the balance itself does not allow it."""

    account_id: AccountId
    currency: str
    amount: Units
    """Positive."""

    address: str = ""
    """Where it goes, for the record alone; at most `ADDRESS_LENGTH_MAX` characters."""

    verdict: Verdict | None = None
    """With portfolio margin: what the account needs in the currency, whatever leaves."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="transfer"):
    """Move cash between two accounts of one owner: a main account and its subaccounts.

    Rejected unless the main account or the payer asks, and where the payer could not withdraw it.
    """

    account_id: AccountId
    """Who asks."""

    source: AccountId
    destination: AccountId
    currency: str
    amount: Units
    """Positive."""

    nonce: str = ""
    """The asker's own word, at most `NONCE_LENGTH_MAX` characters: one that a transfer of the
    payer has carried already is rejected, as long as that is in a transaction log."""

    verdict: Verdict | None = None
    """Where the payer has portfolio margin: what it needs in the currency, whatever leaves."""


class FeeKind(StrEnum):
    """What a fee tier tells apart, in Deribit's words."""

    FUTURE = "future"
    """Dated futures."""

    PERPETUAL = "perpetual"
    OPTION = "option"
    SPOT = "spot"


class FeeRates(msgspec.Struct, frozen=True, array_like=True):
    """What an account pays for its fills, in parts per million."""

    maker_ppm: int
    """Negative: the venue pays the maker."""

    taker_ppm: int


class SetFees(msgspec.Struct, frozen=True, array_like=True, tag="fees"):
    """Put an account into a fee tier, for everything of a kind that settles in a currency."""

    account_id: AccountId
    kind: FeeKind
    currency: str
    """Settlement currency; of spot the one that prices are in."""

    rates: FeeRates | None = None
    """Each at most `FEE_PPM_MAX` to either side; None: those of each instrument again."""


class SelfTrading(StrEnum):
    """What happens where an order would trade with one of the same owner, in Deribit's words."""

    ALLOWED = "allowed"
    """They trade like those of strangers. Ours, for whoever never chose: Deribit has no such."""

    REJECT_TAKER = "reject_taker"
    """The order that comes in is refused."""

    CANCEL_MAKER = "cancel_maker"
    """The order that waits is cancelled, and the one that comes in goes on."""


class SetSelfTrading(msgspec.Struct, frozen=True, array_like=True, tag="self_trading"):
    """Choose what happens where an account's orders would trade with its owner's.

    Source: Deribit API v2, `private/set_self_trading_config`.
    """

    account_id: AccountId
    mode: SelfTrading
    extended_to_subaccounts: bool = False
    """Whether all accounts of the same owner that say so count as one."""


class Limits(msgspec.Struct, frozen=True, array_like=True):
    """How far an account, or everybody in an instrument, may go. None is the venue's default."""

    open_orders_max: int | None = None
    """Of an account: in all books. Of an instrument: of each account in its book."""

    position_lots_max: int | None = None
    """Of an account: in each instrument. Of an instrument: of each account. The lower one holds."""


NO_LIMITS = Limits()
"""All at the venue's defaults: what everybody begins with, and most never leave."""


class SetLimits(msgspec.Struct, frozen=True, array_like=True, tag="limits"):
    """Set the limits of an account or of an instrument, of which exactly one is named.

    Orders and positions beyond a new limit stay; nothing more comes in until they are below it.
    """

    limits: Limits
    account_id: AccountId | None = None
    instrument_id: InstrumentId | None = None
