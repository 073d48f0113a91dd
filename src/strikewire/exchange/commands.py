"""Commands: everything that may change the exchange, and the bytes the journal keeps of it.

A command carries no time and no number of its own; the sequencer gives it both. What it asks for
may be impossible: the exchange then answers `Rejected` and nothing has changed.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from strikewire.exchange.mmp import MmpConfig
from strikewire.model import (
    AccountId,
    Instrument,
    InstrumentId,
    Kind,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
)


class OrderType(StrEnum):
    """How an order names its price, in Deribit's words."""

    LIMIT = "limit"

    MARKET = "market"
    """Takes what is there inside the price band; what is left over is cancelled."""

    MARKET_LIMIT = "market_limit"
    """Takes what is there at the best price; what is left over waits as a limit order there."""

    STOP_LIMIT = "stop_limit"
    STOP_MARKET = "stop_market"
    """Come in once the price has gone against them that far: buyers up, sellers down."""

    TAKE_LIMIT = "take_limit"
    TAKE_MARKET = "take_market"
    """Come in once the price has gone their way that far: buyers down, sellers up."""

    TRAILING_STOP = "trailing_stop"
    """A stop that follows the price at a distance, and comes in as a market order."""

    @property
    def is_triggered(self) -> bool:
        """Whether such an order waits for a price before it comes in."""
        return self in _ENTERS_AS

    @property
    def enters_as(self) -> "OrderType":
        """What an order of this type is when it comes in."""
        return _ENTERS_AS.get(self, self)


_ENTERS_AS = {
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.STOP_MARKET: OrderType.MARKET,
    OrderType.TAKE_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_MARKET: OrderType.MARKET,
    OrderType.TRAILING_STOP: OrderType.MARKET,
}


class TriggerPriceType(StrEnum):
    """Which price an order waits for, in Deribit's words."""

    LAST = "last_price"
    """Of the instrument's last trade."""

    MARK = "mark_price"
    INDEX = "index_price"


class Trigger(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What an order waits for before it comes in."""

    price_type: TriggerPriceType
    price: PriceE8 | None = None
    """Where it comes in; of a trailing stop the exchange works it out and moves it."""

    offset: PriceE8 | None = None
    """Exactly of a trailing stop: how far the price must turn back from its best."""


class TimeInForce(StrEnum):
    """How long an order may wait, in Deribit's words."""

    GTC = "good_til_cancelled"

    GTD = "good_til_day"
    """Until the trading day ends, at 08:00 UTC."""

    IOC = "immediate_or_cancel"
    """Fill what can be filled at once, cancel the rest."""

    FOK = "fill_or_kill"
    """Fill all of it at once or nothing."""

    @property
    def can_wait(self) -> bool:
        """Whether what is left over waits in the book."""
        return self in (TimeInForce.GTC, TimeInForce.GTD)


class CancelReason(StrEnum):
    """Why an order ended before it was filled, as clients see it in `cancel_reason`."""

    USER_REQUEST = "user_request"
    CANCEL_ON_DISCONNECT = "cancel_on_disconnect"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    GOOD_TIL_DAY = "good_til_day"
    """Its day is over."""

    NO_LIQUIDITY = "no_liquidity"
    """A market order found nothing more inside the price band."""

    REDUCE_ONLY = "reduce_only"
    """The position that the order was to reduce is gone."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    """A resting spot order could no longer be paid for when its turn came."""

    OCO_OTHER_CLOSED = "oco_other_closed"
    """The other order of its pair has traded or ended."""

    OTO_PRIMARY_CLOSED = "oto_primary_closed"
    """The order that was to trigger it has ended."""

    SETTLEMENT = "settlement"
    """The instrument expired."""

    AUTOLIQUIDATION = "autoliquidation"
    """The account is being liquidated."""

    INSTRUMENT_INACTIVE = "instrument_inactive"
    """The venue took the instrument out of trading."""

    SELF_TRADE_PREVENTION = "self_trade_prevention"
    """An order of the same owner would have traded with it."""

    MMP_TRIGGER = "mmp_trigger"
    """The protection that it was under has acted."""

    MMP_CONFIG_CURTAILMENT = "mmp_config_curtailment"
    """Its protection was taken away, or lets less wait from now on."""

    EDIT_POST_ONLY_REJECT = "edit_post_only_reject"
    """It was edited to a price where it would take, and must not be moved from there."""


class SelfTrading(StrEnum):
    """What happens where an order would trade with one of the same owner, in Deribit's words."""

    ALLOWED = "allowed"
    """They trade like those of strangers. Ours, for whoever never chose: Deribit has no such."""

    REJECT_TAKER = "reject_taker"
    """The order that comes in is refused."""

    CANCEL_MAKER = "cancel_maker"
    """The order that waits is cancelled, and the one that comes in goes on."""


class InstrumentState(StrEnum):
    """What may be done in an instrument's book, in Deribit's words.

    Source: Deribit API v2, `instrument.state.{kind}.{currency}`: states of a book.
    """

    OPEN = "open"
    LOCKED = "locked"
    """The venue stopped it: orders can be cancelled, but neither placed nor edited."""

    HALTED = "halted"
    """As locked, and it cannot be settled either, because something is wrong with it."""

    INACTIVE = "inactive"
    """Not traded, yet or any more: all its orders are cancelled when it becomes so."""

    DELIVERED = "delivered"
    """Settled, for good."""


class MarginModel(StrEnum):
    """How an account's margin is counted, in Deribit's words."""

    STANDARD = "segregated_sm"
    """Each instrument on its own, by the exchange itself."""

    PORTFOLIO = "segregated_pm"
    """All of a currency together, over scenarios, from outside: as verdicts in commands."""

    CROSS = "cross_sm"
    """Each instrument on its own, and all currencies answer for it together, in dollars."""


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


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The prices one instrument is valued at."""

    instrument_id: InstrumentId

    price: PriceE8
    """Mark price in 1e-8 of the quote currency; may be 0 for an option only."""

    iv_e4: int
    """Annualised volatility in 1e-4 of one percent (500 000 is 50 %); 0 if not an option."""

    underlying: PriceE8
    """Forward of its expiry, in 1e-8 of the counter currency; the index where there is none."""

    funding_rate: int = 0
    """Of a perpetual, in 1e-12 of the value per eight hours, from longs to shorts; elsewhere 0."""

    delta_e5: int = 0
    """Of an option, in 1e-5: what the ticker shows. A future has one of 1, and says 0 here."""

    vega_e5: int = 0
    """Of an option, in 1e-5 of the counter currency for a volatility point; elsewhere 0."""


class LinkedOrderType(StrEnum):
    """What the orders of one command do to each other, in Deribit's words."""

    ONE_TRIGGERS_OTHER = "one_triggers_other"
    """The trades of the first let the others come in."""

    ONE_CANCELS_OTHER = "one_cancels_other"
    """Two orders; when one trades or ends, the other is cancelled."""

    ONE_TRIGGERS_ONE_CANCELS_OTHER = "one_triggers_one_cancels_other"
    """The trades of the first let two others come in, of which one cancels the other."""


class TriggerFillCondition(StrEnum):
    """Which trades of an order move those that are linked to it, in Deribit's words."""

    FIRST_HIT = "first_hit"
    """The first one, whatever its amount."""

    COMPLETE_FILL = "complete_fill"
    """The one that fills it."""

    INCREMENTAL = "incremental"
    """Each, in proportion."""


class OpenAccount(msgspec.Struct, frozen=True, array_like=True, tag="open_account"):
    """Let an account trade. Rejected if the id is taken."""

    account_id: AccountId
    """Positive; chosen by the venue."""

    name: str
    owner: AccountId = AccountId(0)
    """The main account of which this is a subaccount; 0 for a main account."""


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


class CreateSubaccount(msgspec.Struct, frozen=True, array_like=True, tag="subaccount"):
    """Open an account that belongs to a main account; the exchange chooses its id and name."""

    account_id: AccountId
    """The main account."""


class SetFees(msgspec.Struct, frozen=True, array_like=True, tag="fees"):
    """Put an account into a fee tier, for everything of a kind that settles in a currency."""

    account_id: AccountId
    kind: FeeKind
    currency: str
    """Settlement currency; of spot the one that prices are in."""

    rates: FeeRates | None = None
    """Each at most `FEE_PPM_MAX` to either side; None: those of each instrument again."""


class ListInstrument(msgspec.Struct, frozen=True, array_like=True, tag="list"):
    """Open a book for an instrument. Rejected if its id or its name is taken."""

    instrument: Instrument
    state: InstrumentState = InstrumentState.OPEN
    """In which it begins; not delivered."""


class CreateCombo(msgspec.Struct, frozen=True, array_like=True, tag="combo"):
    """Open a book for a combination of instruments, or find the one that there is.

    The same legs the other way round are the same combo, which is then to be sold. The exchange
    chooses its id. Rejected where the legs make no combo, or one of them does not trade.

    Source: Deribit API v2, `private/create_combo`.
    """

    account_id: AccountId
    """Who asks."""

    legs: tuple[tuple[InstrumentId, int], ...]
    """Instrument and ratio: positive bought, negative sold; a common factor is taken out."""


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="place"):
    """Trade against the book, then perhaps wait in it; or wait for a price first."""

    account_id: AccountId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType = OrderType.LIMIT
    amount: Lots
    price: Ticks | None = None
    """Base ticks; None exactly for a market order, now or once it comes in."""

    time_in_force: TimeInForce = TimeInForce.GTC
    """A market order never waits, whatever this says."""

    post_only: bool = False
    """Never take: an order that would cross is moved one tick inside the best opposite price."""

    reject_post_only: bool = False
    """With `post_only`: reject instead of moving."""

    reduce_only: bool = False
    """Never let the position grow or turn."""

    label: str = ""
    """The owner's own word for it; at most `LABEL_LENGTH_MAX` characters."""

    verdict: Verdict | None = None
    """For accounts with portfolio margin, which are refused without one."""

    trigger: Trigger | None = None
    """Exactly for those types of orders that wait for a price."""

    valid_until_ns: int | None = None
    """The command is refused at this moment and later; what became an order stays one."""

    display_amount: Lots | None = None
    """Of an iceberg: what of it is shown at a time; None shows all of it.

    Source: Deribit API v2, `private/buy`: `display_amount`.
    """

    linked: "Linked | None" = None
    """Orders that come with it and are tied to it."""

    mmp: bool = False
    """Under the market-maker protection of its index; for limit orders alone."""

    hidden: bool = False
    """Never shown, and at its price behind all that is; not of an iceberg.

    Source: Deribit's API before June 2025, `max_show`: 0 for an invisible order.
    """


class Linked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Orders that come with another one."""

    type: LinkedOrderType
    others: tuple[PlaceOrder, ...]
    """Of the same account and in the same instrument, and without others of their own."""

    fill_condition: TriggerFillCondition = TriggerFillCondition.FIRST_HIT


class BlockLeg(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One instrument of a block trade."""

    instrument_id: InstrumentId
    side: Side
    """Of the maker."""

    amount: Lots
    price: Ticks
    """Base ticks; the coarser ticks of high prices do not bind it."""


class ExecuteBlockTrade(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="block_trade"
):
    """Carry out a trade that two accounts have agreed on outside of the books: all legs or none.

    That both agreed was made sure before the command got its number. The same two accounts, time
    and nonce are carried out once.

    Source: Deribit API v2, `private/execute_block_trade`.
    """

    maker_id: AccountId
    taker_id: AccountId
    legs: tuple[BlockLeg, ...]
    agreed_ms: int
    """When they agreed, milliseconds since the Unix epoch; it holds for `BLOCK_VALID_MS`."""

    nonce: str
    """Their own word for it; at most `BLOCK_NONCE_LENGTH_MAX` characters."""

    maker_verdict: Verdict | None = None
    """As of `PlaceOrder`, with the whole trade carried out."""

    taker_verdict: Verdict | None = None


class EditOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="edit"):
    """Change an open order.

    The same price with the same or a lower amount keeps its place in the queue; anything else
    (and no longer only reducing, and another amount on display) takes the order out and brings it
    in again, as a taker where it crosses.

    Source: Deribit API v2, `private/edit`; notes on queue priority.
    """

    account_id: AccountId
    order_id: OrderId
    amount: Lots
    """The new total, what is filled already included. At or below that, it ends the order."""

    price: Ticks | None = None
    """None leaves the price as it is."""

    post_only: bool | None = None
    """None leaves it as it is."""

    reject_post_only: bool = False
    reduce_only: bool | None = None
    """None leaves it as it is."""

    verdict: Verdict | None = None
    """As of `PlaceOrder`; an edit that asks for no more than before needs none."""

    trigger_price: PriceE8 | None = None
    trigger_offset: PriceE8 | None = None
    """Of an order that waits for a price; None leaves them as they are."""

    valid_until_ns: int | None = None
    """As of `PlaceOrder`."""

    display_amount: Lots | None = None
    """None leaves it as it is; another amount than before takes the order to the back."""


class CancelOrder(msgspec.Struct, frozen=True, array_like=True, tag="cancel"):
    """Take back an order that waits, in its book or for a price."""

    account_id: AccountId
    order_id: OrderId
    reason: str = CancelReason.USER_REQUEST


class CancelOrders(msgspec.Struct, frozen=True, array_like=True, tag="cancel_all"):
    """Take back all of an account's orders that wait, in books or for a price.

    Each filter that is set narrows.
    """

    account_id: AccountId
    instrument_id: InstrumentId | None = None
    currency: str | None = None
    """Settlement currency of the instruments."""

    kind: Kind | None = None
    reason: str = CancelReason.USER_REQUEST
    order_types: tuple[OrderType, ...] = ()
    """Only these; empty for all."""

    label: str | None = None
    """Only those that carry it."""


class QuoteSide(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One side of a quote; None leaves what the quote before said."""

    price: Ticks | None = None
    amount: Lots | None = None
    """What is to wait from now on, whatever was filled before; 0 takes the quote back."""

    post_only: bool = False
    reject_post_only: bool = False
    """As of `PlaceOrder`."""


class Quote(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is quoted in one instrument; a side that is None stays as it is."""

    instrument_id: InstrumentId
    quote_set_id: str = ""
    """The owner's own word for quotes that he takes back together."""

    bid: QuoteSide | None = None
    ask: QuoteSide | None = None


class MassQuote(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="mass_quote"):
    """Quote in many instruments: limit orders that wait, at most one a side, instrument and group.

    A quote that is there already is changed as by `EditOrder`, and keeps its place by that rule.
    Each side is judged for itself: one that is refused stays as it was, and the others go on.

    Source: Deribit API v2, `private/mass_quote`; "Mass quotes specifications".
    """

    account_id: AccountId
    mmp_group: str
    """Whose protection they are under, together with the instrument's index."""

    quotes: tuple[Quote, ...]
    """At most `QUOTES_MAX`."""

    quote_id: str = ""
    valid_until_ns: int | None = None
    """As of `PlaceOrder`."""

    verdicts: tuple[tuple[str, Verdict], ...] = ()
    """For accounts with portfolio margin, by currency: what they need with all of it in place."""


class CancelQuotes(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="cancel_quotes"):
    """Take back quotes of an account. Each filter that is set narrows."""

    account_id: AccountId
    quote_set_id: str | None = None
    instrument_id: InstrumentId | None = None
    kind: Kind | None = None
    currency: str | None = None
    """Settlement currency of the instruments."""

    index: str | None = None
    deltas_e5: tuple[int, int] | None = None
    """The lowest and the highest delta of the instruments, in 1e-5; a future has 100 000."""

    is_freezing: bool = False
    """Whether no mass quote is taken for `QUOTES_FROZEN_NS` from now on."""


class SetMmp(msgspec.Struct, frozen=True, array_like=True, tag="mmp"):
    """Put an account's orders in an index, or one group of quotes in it, under protection.

    Source: Deribit API v2, `private/set_mmp_config`.
    """

    account_id: AccountId
    index: str
    group: str = ""
    """Of quotes; empty for the orders that are none."""

    config: MmpConfig | None = None
    """None takes the protection away, and cancels what is under it."""


class ResetMmp(msgspec.Struct, frozen=True, array_like=True, tag="reset_mmp"):
    """Let orders come in again after a protection has acted, and count from zero."""

    account_id: AccountId
    index: str
    group: str = ""


class SetMarks(msgspec.Struct, frozen=True, array_like=True, tag="marks"):
    """Tell the exchange what the world is worth. Names and marks that it lacks stay as they are.

    Each is judged for itself: a senseless one stays as it was and is told in `MarksRefused`, the
    others are taken over. Marks of instruments that are not open are ignored: they may have expired
    on the way here.
    """

    indices: tuple[tuple[str, PriceE8], ...] = ()
    """Index name ("btc_usd") and positive price in 1e-8 of its counter currency."""

    marks: tuple[Mark, ...] = ()


class ChangeMarginModel(msgspec.Struct, frozen=True, array_like=True, tag="margin_model"):
    """Count an account's margin another way. Rejected where it could not afford that."""

    account_id: AccountId
    model: MarginModel
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    """To portfolio margin: by currency, for each in which the account has positions or orders."""


class SetSelfTrading(msgspec.Struct, frozen=True, array_like=True, tag="self_trading"):
    """Choose what happens where an account's orders would trade with its owner's.

    Source: Deribit API v2, `private/set_self_trading_config`.
    """

    account_id: AccountId
    mode: SelfTrading
    extended_to_subaccounts: bool = False
    """Whether all accounts of the same owner that say so count as one."""


class SetInstrumentState(msgspec.Struct, frozen=True, array_like=True, tag="instrument_state"):
    """Stop an instrument's trading, or let it go on. One that was settled stays so."""

    instrument_id: InstrumentId
    state: InstrumentState
    """Not delivered: that is what `SettleInstrument` is for."""


class SetPlatformLock(msgspec.Struct, frozen=True, array_like=True, tag="platform_lock"):
    """Lock or unlock all instruments of an index, or of every index.

    The two are kept apart: unlocking everything leaves locked what was locked by its index.
    """

    is_locked: bool
    index: str = ""
    """Name of a price index; empty for the whole venue."""


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


class SettleInstrument(msgspec.Struct, frozen=True, array_like=True, tag="settle"):
    """End an expired instrument: cancel its orders, pay its positions in cash, close its book."""

    instrument_id: InstrumentId
    delivery_price: PriceE8
    """Positive, in 1e-8 of the counter currency."""


class SettleSession(msgspec.Struct, frozen=True, array_like=True, tag="settle_session"):
    """End the session of a currency: the profit of its futures becomes cash. Daily at 08:00 UTC."""

    currency: str


class NoteState(msgspec.Struct, frozen=True, array_like=True, tag="state"):
    """Write down which state the commands before this one lead to, and seal the archives there.

    It changes nothing that anybody can look up.

    The sequencer puts one into the journal now and then; who carries the commands out again
    compares, and so notices the first place where two machines would part ways.
    """

    version: int
    """`SNAPSHOT_VERSION` of the exchange whose state was hashed; another's hashes differ."""

    state_hash: bytes


class Once(msgspec.Struct, frozen=True, array_like=True, tag="once"):
    """Carry out a command, unless it was carried out under the same key before.

    Then it is answered with `Repeated`; or rejected, if the key stood for something else.
    """

    account_id: AccountId
    """Whose key it is; each account has its own."""

    key: str
    """The owner's own word for the request; at most `KEY_LENGTH_MAX` characters."""

    digest: bytes
    """Of what was asked for: the same request has the same, another request another."""

    command: "Command"
    """Not itself of this kind."""


Command: TypeAlias = (
    OpenAccount
    | Deposit
    | Withdraw
    | Transfer
    | CreateSubaccount
    | SetFees
    | ListInstrument
    | CreateCombo
    | PlaceOrder
    | ExecuteBlockTrade
    | EditOrder
    | CancelOrder
    | CancelOrders
    | MassQuote
    | CancelQuotes
    | SetMmp
    | ResetMmp
    | SetMarks
    | SettleInstrument
    | SettleSession
    | ChangeMarginModel
    | SetSelfTrading
    | SetInstrumentState
    | SetPlatformLock
    | SetLimits
    | SetVerdicts
    | Liquidate
    | NoteState
    | Once
)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)


def encode(command: Command) -> bytes:
    """Return the bytes that the journal keeps of a command."""
    return _ENCODER.encode(command)


def decode(entry: bytes) -> Command:
    """Return the command that `encode` made these bytes of.

    Raises:
        msgspec.DecodeError: The bytes are no command of this version.
    """
    return _DECODER.decode(entry)
