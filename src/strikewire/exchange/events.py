"""Events: everything that a command did, complete enough that no reader has to ask back.

Order of the events of one command: each fill (of a combo behind those of its legs) with the maker's
order after it, then the order the command was about, that a protection acted and what it cancelled,
orders that changed in consequence, then each order that its prices brought in:
that it was triggered, its fills, and how it ended or waits. Positions, balances, and the levels of
the book come last. A rejected command has exactly one event, `Rejected`.
"""

from enum import IntEnum, StrEnum
from typing import TypeAlias

import msgspec

from strikewire.exchange.commands import (
    FeeKind,
    FeeRates,
    InstrumentState,
    Limits,
    Mark,
    OrderType,
    SelfTrading,
    TimeInForce,
    Trigger,
)
from strikewire.exchange.links import Link
from strikewire.exchange.mmp import MmpConfig, MmpTag
from strikewire.model import (
    AccountId,
    BlockTradeId,
    Instrument,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    TradeId,
    Units,
)


class Reject(IntEnum):
    """Why a command was refused. The numbers are the codes that clients know.

    Source: Deribit API v2, RPC error codes.
    """

    ORDER_OVERLAP = 10003
    """The order would trade with one of the same owner, who wants it refused then."""

    ORDER_NOT_FOUND = 10004
    PRICE_TOO_LOW = 10005
    PRICE_TOO_HIGH = 10007
    NOT_ENOUGH_FUNDS = 10009
    BOOK_CLOSED = 10012
    """The instrument has been settled, or is not active."""

    TOO_MANY_ORDERS = 10013
    POSITION_TOO_LARGE = 10018
    LOCKED = 10019
    """The account is being liquidated, or is the insurance fund; or the venue has locked the
    instrument, its index or everything."""

    INVALID_INSTRUMENT = 10020
    INVALID_AMOUNT = 10021
    INVALID_PRICE = 10023
    INVALID_MAX_SHOW = 10024
    """Of an iceberg too little is shown, or more than there is."""

    NOT_OWNER = 10029
    TRIGGER_PRICE_TOO_HIGH = 10034
    TRIGGER_PRICE_TOO_LOW = 10035
    """It is no price, or too far out to be one."""

    RETRY = 10040
    """The instrument has no mark yet, without which margin cannot be counted."""

    SETTLEMENT_IN_PROGRESS = 10041
    """The instrument has expired and waits for its delivery price."""

    WRONG_TICK = 10043
    TRIGGER_WRONG_TICK = 10044
    INVALID_ARGUMENTS = 11029
    OTHER_REJECT = 11030
    """`reason` says more: "reduce_only", "account_exists", "max_instruments"..."""

    NO_MORE_TRIGGERS = 11035
    INVALID_TRIGGER_PRICE = 11036
    """The price has been reached already: the order would not wait."""

    NOT_OPEN_ORDER = 11044
    UNSUPPORTED_COMBINATION = 11047
    """Post-only, and yet to be filled at once."""

    POST_ONLY_REJECT = 11054
    """It would take, or no price is left inside the best opposite one."""

    UNAUTHORIZED = 13009
    """No such account."""

    TIMED_OUT = 13888
    """It came at the moment until which it was valid, or later."""


class OrderState(StrEnum):
    """Where an order is in its life, in Deribit's words."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """It waited outside of the book and was refused when its turn came: see `reject_reason`. A
    command that is rejected leaves no order behind."""

    UNTRIGGERED = "untriggered"
    """It waits outside of the book."""

    TRIGGERED = "triggered"
    """Its turn came, and another order took its place: see `triggered_order_id`."""


class OrderView(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """An order as its owner sees it, at one moment."""

    order_id: OrderId
    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Ticks | None
    """None for a market order."""

    amount: Lots
    """In total, what is filled included."""

    filled: Lots
    filled_value: int
    """Sum over its fills of ticks times lots; `filled_value / filled` is the average in ticks."""

    fee: Units
    """Fees paid so far, in the settlement currency."""

    state: OrderState
    post_only: bool
    reject_post_only: bool
    reduce_only: bool
    label: str
    created_ns: int
    updated_ns: int
    cancel_reason: str = ""
    """A `CancelReason`, empty unless cancelled."""

    replaced: bool = False
    """Whether it was ever edited."""

    is_liquidation: bool = False
    """Whether the venue placed it, to close a position whose margin had run out."""
    trigger: Trigger | None = None
    """What it waits for, or waited for. Of a trailing stop its price is where it stands now."""

    trigger_reference: PriceE8 | None = None
    """Of a trailing stop: the price it was placed at."""

    trigger_order_id: OrderId | None = None
    """The order whose turn came, and in whose place this one is."""

    triggered_order_id: OrderId | None = None
    """The order that took its place."""

    reject_reason: str = ""
    """Why it was refused when its turn came, as in `Rejected.reason`; empty unless rejected."""

    original_type: OrderType | None = None
    """What it was placed as, where it became another type as it came in."""

    display_amount: Lots = Lots(0)
    """Of an iceberg: what of it is shown now; 0 of every other order, which is shown whole."""

    refresh_amount: Lots = Lots(0)
    """Of an iceberg: what is shown anew when all that was shown has traded."""
    link: Link | None = None
    """What ties it to other orders."""

    is_dormant: bool = False
    """Whether it waits for another order, and not yet for a price."""

    mmp: MmpTag | None = None
    """Of an order under market-maker protection."""

    hidden: bool = False
    """Whether the public never sees any of it while it waits."""

    @property
    def remaining(self) -> Lots:
        """What is not filled yet, wanted or not."""
        return Lots(self.amount - self.filled)


class FillSide(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """What a fill means to one of its two owners."""

    account_id: AccountId
    order_id: OrderId
    side: Side
    fee: Units
    """Paid by this side, at least 0 unless the instrument pays its makers."""

    fee_currency: str
    profit_loss: Units
    """Realised on the part that closed a position, in the settlement currency; without the fee."""

    order_type: OrderType
    label: str
    order_state: OrderState
    """Of the order, after this fill."""

    post_only: bool
    reduce_only: bool
    is_liquidation: bool = False
    mmp: MmpTag | None = None
    """Of the order."""


class Fill(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True, tag="fill"):
    """Two orders met. The public part is a trade; each side is its owner's alone."""

    trade_id: TradeId
    trade_seq: int
    """Counts the trades of the instrument, from 1."""

    instrument_id: InstrumentId
    price: Ticks
    """The maker's price."""

    amount: Lots
    taker_side: Side
    tick_direction: int
    """0 plus, 1 zero-plus, 2 minus, 3 zero-minus tick, against the trade before; the first is 1.

    Source: Deribit API v2, `tick_direction`.
    """

    time_ns: int
    mark: PriceE8
    """Mark, index and volatility when it happened; 0 where unknown."""

    index: PriceE8
    iv_e4: int
    maker: FillSide
    taker: FillSide
    block_trade_id: BlockTradeId = BlockTradeId(0)
    """The block trade that this was a leg of; 0: it happened in the book."""

    block_trade_legs: int = 0
    """How many legs that had."""
    combo_id: InstrumentId | None = None
    """Of a leg: the combo that was traded."""

    combo_trade_id: TradeId | None = None
    """Of a leg: the trade of the combo."""

    legs: tuple["Fill", ...] = ()
    """Of a combo: its legs, in the combo's order, each of which is an event of its own as well.

    Fees and profits of its two sides are the sums of theirs."""


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


class Settlement(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a daily settlement or a delivery came to in one instrument, over all accounts."""

    instrument_id: InstrumentId
    is_delivery: bool
    time_ns: int
    price: PriceE8
    """Mark that it was settled at, or delivery price of the underlying."""

    index: PriceE8
    open_interest: Lots
    """Held long when it happened."""

    gains: Units
    """What those were paid together who gained in the session."""

    net: Units
    """What all were paid, losses taken off: nothing but what was rounded."""

    funding: Units
    """What those received together who were paid funding in the session."""


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


class AccountView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An account, without its money."""

    account_id: AccountId
    name: str
    opened_ns: int
    currencies: tuple[str, ...]
    """Currencies it has ever held, in alphabetical order."""

    owner: AccountId = AccountId(0)
    """The main account of which it is a subaccount; 0 for a main account."""


class Rejected(msgspec.Struct, frozen=True, array_like=True, tag="rejected"):
    """The command was refused and changed nothing."""

    code: Reject
    reason: str
    """One or two words in lower case, or the two values that disagree."""

    param: str = ""
    """The field of the command that is at fault, or empty."""


class AccountOpened(msgspec.Struct, frozen=True, array_like=True, tag="account"):
    """An account may trade."""

    account: AccountView


class SelfTradingChanged(msgspec.Struct, frozen=True, array_like=True, tag="self_trading"):
    """An account's orders meet those of its owner another way from now on."""

    account_id: AccountId
    mode: SelfTrading
    extended_to_subaccounts: bool


class OrderEvent(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="order"):
    """An order changed; this is all of it, afterwards."""

    order: OrderView


class QuoteRejected(msgspec.Struct, frozen=True, array_like=True, tag="quote_rejected"):
    """One side of a quote of a mass quote was refused; what waited of it before still does."""

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    code: Reject
    reason: str
    param: str


class MmpTriggered(msgspec.Struct, frozen=True, array_like=True, tag="mmp_triggered"):
    """A protection has acted: what was under it is cancelled next, and nothing comes in."""

    account_id: AccountId
    index: str
    group: str
    frozen_until_ns: int
    """Until when; 0 until it is reset."""


class MmpChanged(msgspec.Struct, frozen=True, array_like=True, tag="mmp"):
    """A protection is another one from now on; what it cancelled came before."""

    account_id: AccountId
    index: str
    group: str
    config: MmpConfig | None
    """None: there is none any more."""


class MmpReset(msgspec.Struct, frozen=True, array_like=True, tag="mmp_reset"):
    """Protected orders may come in again, and what they trade is counted from zero."""

    account_id: AccountId
    index: str
    group: str


class LevelChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="level"):
    """A level of a book changed; at most one of these per level and command."""

    instrument_id: InstrumentId
    side: Side
    price: Ticks
    amount: Lots
    """The whole level, afterwards; 0 when it is gone."""

    change_id: int
    """One more than the book's last; shared by all levels that one command changed in it."""


class PositionChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="position"):
    """A position changed; once per command and position, as it is afterwards."""

    position: PositionView


class BalanceChanged(msgspec.Struct, gc=False, frozen=True, array_like=True, tag="balance"):
    """Cash, realised profit or positions in a currency changed: ask `summary` for the figures."""

    account_id: AccountId
    currency: str


class InstrumentListed(msgspec.Struct, frozen=True, array_like=True, tag="listed"):
    """A book is there."""

    instrument: Instrument
    state: InstrumentState = InstrumentState.OPEN
    """In which it begins."""


class InstrumentStateChanged(msgspec.Struct, frozen=True, array_like=True, tag="instrument_state"):
    """An instrument's trading was stopped, or goes on; what was cancelled for it came before.

    A settlement is not told by this event but by `InstrumentSettled`.
    """

    instrument_id: InstrumentId
    state: InstrumentState


class PlatformLockChanged(msgspec.Struct, frozen=True, array_like=True, tag="platform_lock"):
    """Instruments were locked together, or unlocked."""

    is_locked: bool
    index: str
    """Name of their price index; empty for the whole venue."""


class LimitsChanged(msgspec.Struct, frozen=True, array_like=True, tag="limits"):
    """An account, or everybody in an instrument, may go this far from now on."""

    limits: Limits
    account_id: AccountId | None
    instrument_id: InstrumentId | None


class ComboClosed(msgspec.Struct, frozen=True, array_like=True, tag="combo_closed"):
    """A combo is closed for good, because a leg of it was settled; it settles nothing itself."""

    instrument_id: InstrumentId

    is_forgotten: bool = False
    """Nobody had an order in it, and nothing of it can be looked up any more."""


class InstrumentSettled(msgspec.Struct, frozen=True, array_like=True, tag="settled"):
    """A book is closed for good; orders, positions and balances of it came before this event."""

    instrument_id: InstrumentId
    delivery_price: PriceE8


class LockChanged(msgspec.Struct, frozen=True, array_like=True, tag="lock"):
    """An account's liquidation began, or is over: while it lasts the owner places no orders."""

    account_id: AccountId
    is_locked: bool


class Bankruptcy(msgspec.Struct, frozen=True, array_like=True, tag="bankruptcy"):
    """An account had nothing left: the insurance fund took over its positions and its debt."""

    account_id: AccountId
    currency: str
    deficit: Units
    """What the account owed in it. With cross collateral it may have had something left in this
    currency, which then went to the fund: a negative deficit."""

    positions: tuple[tuple[InstrumentId, int, Units], ...]
    """Instrument, signed lots and worth at the mark of what was taken over."""


class LiquidationFee(msgspec.Struct, frozen=True, array_like=True, tag="liquidation_fee"):
    """A liquidated account paid into the insurance fund, beside the fee of the trade."""

    account_id: AccountId
    instrument_id: InstrumentId
    currency: str
    fee: Units
    """At most what was left to it."""


class LossSocialised(msgspec.Struct, frozen=True, array_like=True, tag="socialised"):
    """The insurance fund was empty: who gained in the session paid the rest, each in proportion."""

    currency: str
    loss: Units
    """What the fund lacked; positive."""

    profits: Units
    """Sum of the profits by which it was shared."""

    shares: tuple[tuple[AccountId, Units], ...]
    """What each account paid, by id; together the loss, or all profits where they are less."""


class FeesChanged(msgspec.Struct, frozen=True, array_like=True, tag="fees"):
    """An account pays other fees from now on."""

    account_id: AccountId
    kind: FeeKind
    currency: str
    rates: FeeRates | None
    """None: those of each instrument."""


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


class SessionSettled(msgspec.Struct, frozen=True, array_like=True, tag="session_settled"):
    """A session has ended; positions and balances of it came before this event."""

    currency: str
    settlements: tuple[Settlement, ...]
    """Of every future that has a mark, by instrument."""


class LossCompensated(msgspec.Struct, frozen=True, array_like=True, tag="compensated"):
    """The insurance fund paid for a socialised loss in another currency that it had."""

    currency: str
    """Of the loss."""

    paid_in: str
    shares: tuple[tuple[AccountId, Units], ...]
    """What each account got, by id, in units of `paid_in`."""


class MarksChanged(msgspec.Struct, frozen=True, array_like=True, tag="marked"):
    """Indices and marks that are now in force, as far as the command named them."""

    indices: tuple[tuple[str, PriceE8], ...]
    marks: tuple[Mark, ...]


class MarksRefused(msgspec.Struct, frozen=True, array_like=True, tag="marks_refused"):
    """Indices and marks that a command named and that are not in force; the others of it are."""

    indices: tuple[tuple[str, str], ...]
    """Name, and what is wrong."""

    marks: tuple[tuple[InstrumentId, str], ...]
    """Instrument, and what is wrong, in the order of the command."""


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
