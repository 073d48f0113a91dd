"""The log of an account's cash: one line for everything that ever moved a balance.

Cash moves through `orders.paying.pay` and nowhere else, and every payment leaves a `Transaction`.
So the amounts of an account's transactions in a currency add up to its balance, from zero, to the
last unit; and where the oldest are forgotten, each line still says what the balance was after it.

Source: Deribit API v2, `private/get_transaction_log`.
"""

from enum import StrEnum

import msgspec

from strikewire.model import AccountId, InstrumentId, Lots, OrderId, PriceE8, Side, TradeId, Units

TRANSACTIONS_MAX = 20_000
"""Transactions of an account in one currency that can be looked up; the oldest are forgotten."""


class TransactionType(StrEnum):
    """Why cash moved, in Deribit's words where it has one."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    """Between two accounts of one owner."""

    TRADE = "trade"
    """A fill: the premium of an option or the price on spot, and the fee of every contract."""

    SETTLEMENT = "settlement"
    """The daily one: the session's profit of a future, funding included, becomes cash."""

    DELIVERY = "delivery"
    """An instrument expired: payoff of an option or profit of a future, less the fee."""

    LIQUIDATION = "liquidation"
    """Taken over by the insurance fund, or a fee for being liquidated."""

    SOCIALIZED = "socialized"
    """A share of a loss that nobody else could pay."""


class About(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """What a payment was for; what does not apply is left at its default."""

    instrument_id: InstrumentId = InstrumentId(0)
    """0: of no instrument."""

    side: Side | None = None
    lots: Lots = Lots(0)
    price: PriceE8 = PriceE8(0)
    """Of the trade, the settlement or the delivery."""

    position: int = 0
    """Signed lots held afterwards."""

    profit: Units = Units(0)
    """Realised by it: into the session for a future's trade, else part of the amount."""

    funding: Units = Units(0)
    """Part of the amount of a settlement; negative where it was paid."""

    trade_id: TradeId = TradeId(0)
    order_id: OrderId = OrderId(0)
    is_maker: bool = False
    other_account: AccountId = AccountId(0)
    """The other end of a transfer."""

    note: str = ""
    index: PriceE8 = PriceE8(0)
    """Of the underlying, when it was settled or delivered."""


NOTHING = About()


class Transaction(msgspec.Struct, gc=False, frozen=True, kw_only=True, array_like=True):
    """One change of the cash of one account in one currency."""

    transaction_id: int
    """Ascending over the whole venue, from 1."""

    account_seq: int
    """Counts the transactions of the account, from 1, in all currencies together."""

    time_ns: int
    account_id: AccountId
    currency: str
    type: TransactionType
    amount: Units
    """What the balance changed by, the fee taken off already; 0 for a future's free trade."""

    fee: Units
    """What of it went to the venue; negative where the venue paid a rebate."""

    balance: Units
    """Afterwards."""

    about: About
