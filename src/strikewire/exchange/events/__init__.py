"""Events: everything that a command did, complete enough that no reader has to ask back.

Order of the events of one command: each fill (of a combo behind those of its legs) with the maker's
order after it, then the order the command was about, that a protection acted and what it cancelled,
orders that changed in consequence, then each order that its prices brought in:
that it was triggered, its fills, and how it ended or waits. Positions, balances, and the levels of
the book come last. A rejected command has exactly one event, `Rejected`.
"""

from strikewire.exchange.events.accounts import (
    AccountOpened,
    AccountView,
    BalanceChanged,
    CashTransferred,
    CashWithdrawn,
    FeesChanged,
    LimitsChanged,
    PositionChanged,
    PositionView,
    SelfTradingChanged,
)
from strikewire.exchange.events.event import Event, Repeated
from strikewire.exchange.events.fills import Fill, FillSide
from strikewire.exchange.events.instruments import (
    ComboClosed,
    InstrumentListed,
    InstrumentSettled,
    InstrumentStateChanged,
    MarksChanged,
    MarksRefused,
    PlatformLockChanged,
    SessionSettled,
    Settlement,
)
from strikewire.exchange.events.liquidation import (
    Bankruptcy,
    BankruptcyView,
    LiquidationFee,
    LockChanged,
    LossCompensated,
    LossSocialised,
)
from strikewire.exchange.events.orders import LevelChanged, OrderEvent, OrderState, OrderView
from strikewire.exchange.events.quotes import MmpChanged, MmpReset, MmpTriggered, QuoteRejected
from strikewire.exchange.events.rejects import Reject, Rejected

__all__ = [
    "AccountOpened",
    "AccountView",
    "BalanceChanged",
    "Bankruptcy",
    "BankruptcyView",
    "CashTransferred",
    "CashWithdrawn",
    "ComboClosed",
    "Event",
    "FeesChanged",
    "Fill",
    "FillSide",
    "InstrumentListed",
    "InstrumentSettled",
    "InstrumentStateChanged",
    "LevelChanged",
    "LimitsChanged",
    "LiquidationFee",
    "LockChanged",
    "LossCompensated",
    "LossSocialised",
    "MarksChanged",
    "MarksRefused",
    "MmpChanged",
    "MmpReset",
    "MmpTriggered",
    "OrderEvent",
    "OrderState",
    "OrderView",
    "PlatformLockChanged",
    "PositionChanged",
    "PositionView",
    "QuoteRejected",
    "Reject",
    "Rejected",
    "Repeated",
    "SelfTradingChanged",
    "SessionSettled",
    "Settlement",
]
