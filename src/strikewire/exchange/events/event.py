"""Any event; and the one that tells others again."""

from typing import TypeAlias

import msgspec

from strikewire.exchange.events.accounts import (
    AccountOpened,
    BalanceChanged,
    CashTransferred,
    CashWithdrawn,
    FeesChanged,
    LimitsChanged,
    PositionChanged,
    SelfTradingChanged,
)
from strikewire.exchange.events.fills import Fill
from strikewire.exchange.events.instruments import (
    ComboClosed,
    InstrumentListed,
    InstrumentSettled,
    InstrumentStateChanged,
    MarksChanged,
    MarksRefused,
    PlatformLockChanged,
    SessionSettled,
)
from strikewire.exchange.events.liquidation import (
    Bankruptcy,
    LiquidationFee,
    LockChanged,
    LossCompensated,
    LossSocialised,
)
from strikewire.exchange.events.orders import LevelChanged, OrderEvent
from strikewire.exchange.events.quotes import MmpChanged, MmpReset, MmpTriggered, QuoteRejected
from strikewire.exchange.events.rejects import Rejected
from strikewire.model import AccountId


class Repeated(msgspec.Struct, frozen=True, array_like=True, tag="repeated"):
    """A command came again under its key: nothing was done, and this is what the first one did.

    The events have been told when they happened; here they are for the answer alone.
    """

    account_id: AccountId
    key: str
    events: tuple["Event", ...]
    """Those that concern the owner."""


Event: TypeAlias = (
    Rejected
    | AccountOpened
    | SelfTradingChanged
    | OrderEvent
    | Fill
    | QuoteRejected
    | MmpTriggered
    | MmpChanged
    | MmpReset
    | LevelChanged
    | PositionChanged
    | BalanceChanged
    | InstrumentListed
    | InstrumentSettled
    | ComboClosed
    | CashTransferred
    | CashWithdrawn
    | FeesChanged
    | InstrumentStateChanged
    | PlatformLockChanged
    | LimitsChanged
    | SessionSettled
    | MarksChanged
    | MarksRefused
    | LockChanged
    | LiquidationFee
    | Bankruptcy
    | LossSocialised
    | LossCompensated
    | Repeated
)
