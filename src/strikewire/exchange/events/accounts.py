"""Events of accounts: what they may do, what they have, and where it went."""

import msgspec

from strikewire.exchange.commands import FeeKind, FeeRates, Limits, SelfTrading
from strikewire.model import AccountId, InstrumentId, Lots, PriceE8, Units


class AccountView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An account, without its money."""

    account_id: AccountId
    name: str
    opened_ns: int
    currencies: tuple[str, ...]
    """Currencies it has ever held, in alphabetical order."""

    owner: AccountId = AccountId(0)
    """The main account of which it is a subaccount; 0 for a main account."""


class AccountOpened(msgspec.Struct, frozen=True, array_like=True, tag="account"):
    """An account may trade."""

    account: AccountView


class SelfTradingChanged(msgspec.Struct, frozen=True, array_like=True, tag="self_trading"):
    """An account's orders meet those of its owner another way from now on."""

    account_id: AccountId
    mode: SelfTrading
    extended_to_subaccounts: bool


class FeesChanged(msgspec.Struct, frozen=True, array_like=True, tag="fees"):
    """An account pays other fees from now on."""

    account_id: AccountId
    kind: FeeKind
    currency: str
    rates: FeeRates | None
    """None: those of each instrument."""


class LimitsChanged(msgspec.Struct, frozen=True, array_like=True, tag="limits"):
    """An account, or everybody in an instrument, may go this far from now on."""

    limits: Limits
    account_id: AccountId | None
    instrument_id: InstrumentId | None


class PositionView(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """A position as its owner sees it, valued at the last mark."""

    account_id: AccountId
    instrument_id: InstrumentId
    currency: str
    """Settlement currency, in which all its cash is counted."""

    size: Lots
    """Positive long, negative short, 0 flat."""

    average_price: PriceE8
    """Entry price of what is open (harmonic for inverse futures), for showing; 0 when flat."""

    value: Units
    """Worth of `size` at the mark, at least 0; of an option, what it could be sold for."""

    realized: Units
    """Profit realised in this session, funding included; without fees."""

    floating: Units
    """Profit not yet realised, at the mark, since it was entered or last settled."""

    initial_margin: Units
    maintenance_margin: Units
    open_orders_margin: Units
    mark: PriceE8
    index: PriceE8
    funding: Units
    """What of `realized` is funding, up to the last mark; negative where it was paid."""

    settlement_price: PriceE8
    """Mark at the last daily settlement of the instrument; 0 before the first."""


class PositionChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="position"):
    """A position changed; once per command and position, as it is afterwards."""

    position: PositionView


class BalanceChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="balance"):
    """Cash, realised profit or positions in a currency changed: ask `summary` for the figures."""

    account_id: AccountId
    currency: str


class CashTransferred(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="transferred"
):
    """Cash went from one account to another of the same owner."""

    transfer_id: int
    """Number of the payer's transaction; the payee's is one more."""

    source: AccountId
    destination: AccountId
    currency: str
    amount: Units
    nonce: str


class CashWithdrawn(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="withdrawn"):
    """Cash has left the venue."""

    withdrawal_id: int
    """Number of the transaction."""

    account_id: AccountId
    currency: str
