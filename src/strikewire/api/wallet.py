"""Messages about cash: deposits, withdrawals, transfers, and the log of every change of it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.errors import ApiError, ErrorCode
from strikewire.api.fields import (
    Count,
    CurrencyName,
    Milliseconds,
    Offset,
    OrderNumber,
    RequestTime,
    check_positive,
)
from strikewire.api.market_data import check_span
from strikewire.api.repeatable import Repeatable

COUNT_DEFAULT = 10
LOG_COUNT_MAX = 250
LOG_COUNT_DEFAULT = 100
QUERY_LENGTH_MAX = 64
NONCE_LENGTH_MAX = 64
ADDRESS_LENGTH_MAX = 128
PRIORITY_LENGTH_MAX = 16


AccountNumber = Annotated[int, Meta(ge=1, le=2**53, description="Id of an account.")]


class GetDeposits(Struct, frozen=True, kw_only=True):
    """List the deposits of a currency, newest first."""

    currency: CurrencyName
    count: Count = COUNT_DEFAULT
    offset: Offset = 0


class Deposit(Struct, frozen=True, kw_only=True):
    """Cash that came from outside; the venue holds no chain, so the address is empty."""

    currency: str
    amount: float
    address: str
    state: Literal["completed"]
    transaction_id: str | None
    received_timestamp: Milliseconds
    updated_timestamp: Milliseconds


class Deposits(Struct, frozen=True, kw_only=True):
    """A page of deposits; `count` is how many there are in all."""

    count: int
    data: list[Deposit]


class GetWithdrawals(Struct, frozen=True, kw_only=True):
    """List the withdrawals of a currency, newest first."""

    currency: CurrencyName
    count: Count = COUNT_DEFAULT
    offset: Offset = 0


class Withdrawal(Struct, frozen=True, kw_only=True):
    """Cash that left the venue; nothing is charged for it."""

    id: int
    currency: str
    amount: float
    address: str
    state: Literal["completed"]
    transaction_id: str | None
    created_timestamp: Milliseconds
    confirmed_timestamp: Milliseconds
    updated_timestamp: Milliseconds
    fee: float = 0.0
    priority: float = 0.0


class Withdrawals(Struct, frozen=True, kw_only=True):
    """A page of withdrawals; `count` is how many there are in all."""

    count: int
    data: list[Withdrawal]


class Withdraw(Repeatable, frozen=True, kw_only=True):
    """Take cash out of the account; it has left at once, and the address is only written down.

    `priority` makes no difference here. Instead of a `nonce`, which is refused, a request that
    may be sent again has an `idempotency_key`.
    """

    currency: CurrencyName
    address: Annotated[str, Meta(min_length=1, max_length=ADDRESS_LENGTH_MAX)]
    amount: OrderNumber
    priority: Annotated[str, Meta(max_length=PRIORITY_LENGTH_MAX)] | None = None
    nonce: str | None = None

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")
        if self.nonce is not None:
            reason = "is not offered by this venue"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, param="nonce", reason=reason)


class GetTransfers(Struct, frozen=True, kw_only=True):
    """List the transfers of a currency, newest first."""

    currency: CurrencyName
    count: Count = COUNT_DEFAULT
    offset: Offset = 0


class Transfer(Struct, frozen=True, kw_only=True):
    """Cash that went from one account of the owner to another."""

    id: int
    type: Literal["subaccount"]
    currency: str
    amount: float
    direction: Literal["payment", "income"]
    other_side: str
    state: Literal["confirmed"]
    created_timestamp: Milliseconds
    updated_timestamp: Milliseconds
    nonce: str | UnsetType = UNSET
    source: int | UnsetType = UNSET


class Transfers(Struct, frozen=True, kw_only=True):
    """A page of transfers; `count` is how many there are in all."""

    count: int
    data: list[Transfer]


class SubmitTransferBetweenSubaccounts(Repeatable, frozen=True, kw_only=True):
    """Move cash from the account, or from `source`, to another account of the same owner.

    A `nonce` that a transfer of the payer has carried already is refused, so that a request can
    be sent again without paying twice.
    """

    currency: CurrencyName
    amount: OrderNumber
    destination: AccountNumber
    source: AccountNumber | None = None
    nonce: Annotated[str, Meta(max_length=NONCE_LENGTH_MAX)] | None = None

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")


class SubmitTransferToSubaccount(Repeatable, frozen=True, kw_only=True):
    """Move cash from the account to another account of the same owner."""

    currency: CurrencyName
    amount: OrderNumber
    destination: AccountNumber

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")


class GetTransactionLog(Struct, frozen=True, kw_only=True):
    """Read what changed the account's cash in a currency, newest first.

    `query` narrows to a type (`trade`, `deposit`, `withdrawal`, `transfer`, `settlement`,
    `delivery`, `liquidation`, `socialized`), to `maker`, `taker`, `buy`, `sell`, `open`,
    `close`, to `future`, `option` or `spot`, or to an instrument.
    """

    currency: CurrencyName
    start_timestamp: RequestTime
    end_timestamp: RequestTime
    query: Annotated[str, Meta(max_length=QUERY_LENGTH_MAX)] | None = None
    count: Annotated[int, Meta(ge=1, le=LOG_COUNT_MAX)] = LOG_COUNT_DEFAULT
    subaccount_id: int | None = None
    continuation: Annotated[int, Meta(ge=0, le=2**53)] | None = None

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class LogEntry(Struct, frozen=True, kw_only=True):
    """One change of cash: `balance` = the balance before + `change`.

    `change` has `commission` taken off already. `cashflow` is an option's premium or a future's
    profit, which waits in the session (`profit_as_cashflow`) until it is settled.
    """

    id: int
    user_seq: int
    user_id: int
    username: str
    timestamp: Milliseconds
    currency: str
    type: str
    change: float
    balance: float
    cashflow: float
    commission: float
    info: dict[str, str | int] | None = None
    instrument_name: str | None = None
    side: str | None = None
    amount: float | UnsetType = UNSET
    contracts: float | UnsetType = UNSET
    price: float | None = None
    price_currency: str | UnsetType = UNSET
    position: float | None = None
    index_price: float | UnsetType = UNSET
    mark_price: float | UnsetType = UNSET
    settlement_price: float | UnsetType = UNSET
    interest_pl: float | None = None
    trade_id: str | None = None
    order_id: str | None = None
    user_role: Literal["maker", "taker"] | UnsetType = UNSET
    fee_role: Literal["maker", "taker"] | UnsetType = UNSET
    profit_as_cashflow: bool = False


class TransactionLog(Struct, frozen=True, kw_only=True):
    """A page of the log; `continuation` asks for the next, null on the last."""

    continuation: int | None
    logs: list[LogEntry]
