"""Messages about mass quotes and market-maker protection."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.errors import ApiError, ErrorCode, invalid_params
from strikewire.api.fields import (
    CurrencyName,
    IndexName,
    InstrumentName,
    KindFilter,
    Label,
    Milliseconds,
    OrderNumber,
    RequestTime,
    check_positive,
)
from strikewire.api.repeatable import Repeatable
from strikewire.api.trading import Order, UserTrade

MmpGroup = Annotated[
    str, Meta(max_length=64, description="Name of a group of quotes that are protected together.")
]
Seconds = Annotated[int, Meta(ge=0, le=3_600, description="Seconds.")]
Delta = Annotated[float, Meta(ge=-1, le=1, description="As in the ticker; a future has 1.")]
CancelType = Literal[
    "delta", "quote_set_id", "instrument", "instrument_kind", "currency", "currency_pair", "all"
]


class QuoteSide(Struct, frozen=True, kw_only=True):
    """One side of a quote; what is left out stays as it was. An amount of 0 takes it back."""

    price: OrderNumber | None = None
    amount: OrderNumber | None = None
    post_only: bool | None = None
    reject_post_only: bool | None = None

    def __post_init__(self) -> None:
        check_positive(self.price, "price")
        if not _is_zero(self.amount):
            check_positive(self.amount, "amount")


class Quote(Struct, frozen=True, kw_only=True):
    """What is quoted in one instrument."""

    instrument_name: InstrumentName
    quote_set_id: Label | None = None
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None


class MassQuote(Repeatable, frozen=True, kw_only=True):
    """Quote in many instruments at once, each side under the protection of `mmp_group`.

    Where a quote of the group waits already on that side of the book, it is changed and keeps
    its place if the price stays and the amount does not grow. `amount` is what is to wait
    from now on. One side that is refused is told in `errors`; the others are not undone. The
    connection must have cancel-on-disconnect, and `private/set_mmp_config` must have been
    called for the group. The answer comes when all has been carried out, whatever
    `wait_for_response` says.
    """

    quotes: list[Quote]
    quote_id: Label
    mmp_group: MmpGroup
    detailed: bool | None = None
    wait_for_response: bool | None = None
    valid_until: RequestTime | None = None


class QuoteFault(Struct, frozen=True, kw_only=True):
    """Why a side of a quote was refused: code and word of an error answer, and its reason."""

    code: int
    message: str


class QuoteError(Struct, frozen=True, kw_only=True):
    """One side of a quote that was refused."""

    instrument_name: str
    side: Literal["bid", "ask"]
    error: QuoteFault


class MassQuoteResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a mass quote came to; orders, trades and errors with `detailed=true`.

    `orders` are the quotes afterwards, `trades` those that they took at once.
    """

    errors_count: int | UnsetType = UNSET
    pending_requests_count: int | UnsetType = UNSET
    orders: list[Order] | UnsetType = UNSET
    trades: list[UserTrade] | UnsetType = UNSET
    errors: list[QuoteError] | UnsetType = UNSET


class CancelQuotes(Repeatable, frozen=True, kw_only=True):
    """Take back quotes; the answer is how many there were, or the orders with `detailed=true`.

    Each `cancel_type` but `all` comes with the parameter that it names; `currency_pair` is a
    price index, and a kind may be narrowed by `currency`. With `freeze_quotes=true` no mass
    quote is taken for a second.
    """

    cancel_type: CancelType
    detailed: bool | None = None
    freeze_quotes: bool | None = None
    min_delta: Delta | None = None
    max_delta: Delta | None = None
    quote_set_id: Label | None = None
    instrument_name: InstrumentName | None = None
    kind: KindFilter | None = None
    currency: CurrencyName | None = None
    currency_pair: IndexName | None = None

    def __post_init__(self) -> None:
        for param in _NEEDED[self.cancel_type]:
            if getattr(self, param) is None:
                raise invalid_params(param, f"is required for cancel_type {self.cancel_type}")


_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "delta": ("min_delta", "max_delta"),
    "quote_set_id": ("quote_set_id",),
    "instrument": ("instrument_name",),
    "instrument_kind": ("kind",),
    "currency": ("currency",),
    "currency_pair": ("currency_pair",),
    "all": (),
}


class SetMmpConfig(Repeatable, frozen=True, kw_only=True):
    """Protect the orders with `mmp` in an index, or the quotes of one group in it.

    When what is traded within `interval` reaches a limit, all that is protected is cancelled,
    and nothing comes in for `frozen_time`, or until `private/reset_mmp` if that is 0. An
    interval of 0 takes the protection away. Quantities and deltas are in coins, vegas in the
    counter currency for a volatility point. At least one limit must be set.
    `max_quote_quantity` is what may wait on one side of one book.
    """

    index_name: IndexName
    interval: Seconds
    frozen_time: Seconds
    mmp_group: MmpGroup | None = None
    max_quote_quantity: OrderNumber | None = None
    quantity_limit: OrderNumber | None = None
    delta_limit: OrderNumber | None = None
    vega_limit: OrderNumber | None = None
    block_rfq: bool | None = None
    trade_count_limit: int | None = None

    def __post_init__(self) -> None:
        refuse_block_rfq(self.block_rfq)
        if self.trade_count_limit is not None:
            raise ApiError(
                ErrorCode.NOT_IMPLEMENTED,
                param="trade_count_limit",
                reason="is not offered by this venue",
            )
        if self.interval and self.max_quote_quantity is None:
            raise invalid_params("max_quote_quantity", "is required")
        for param in LIMITS:
            if not _is_zero(getattr(self, param)):
                check_positive(getattr(self, param), param)


LIMITS: Final = ("max_quote_quantity", "quantity_limit", "delta_limit", "vega_limit")


class GetMmpConfig(Struct, frozen=True, kw_only=True):
    """List the account's protections, of one index or group if it is named."""

    index_name: IndexName | None = None
    mmp_group: MmpGroup | None = None
    block_rfq: bool | None = None

    def __post_init__(self) -> None:
        refuse_block_rfq(self.block_rfq)


class ResetMmp(Repeatable, frozen=True, kw_only=True):
    """Let orders come in again after a protection has acted, and count from zero."""

    index_name: IndexName
    mmp_group: MmpGroup | None = None
    block_rfq: bool | None = None

    def __post_init__(self) -> None:
        refuse_block_rfq(self.block_rfq)


class GetMmpStatus(Struct, frozen=True, kw_only=True):
    """List the protections that have acted and let nothing in now."""

    index_name: IndexName | None = None
    mmp_group: MmpGroup | None = None
    block_rfq: bool | None = None

    def __post_init__(self) -> None:
        refuse_block_rfq(self.block_rfq)


class MmpConfig(Struct, frozen=True, kw_only=True):
    """A protection; limits that are not set are left out."""

    index_name: str
    interval: int
    frozen_time: int
    mmp_group: str | UnsetType = UNSET
    max_quote_quantity: float | UnsetType = UNSET
    quantity_limit: float | UnsetType = UNSET
    delta_limit: float | UnsetType = UNSET
    vega_limit: float | UnsetType = UNSET


class MmpStatus(Struct, frozen=True, kw_only=True):
    """A protection that has acted; `frozen_until` is 0 where it waits for a reset.

    `mmp_group` is empty for the orders that are no quotes.
    """

    index_name: str
    frozen_until: Milliseconds
    mmp_group: str


def refuse_block_rfq(block_rfq: bool | None) -> None:
    """Refuse what is about requests for block trades.

    Raises:
        ApiError: 10033.
    """
    if block_rfq:
        raise ApiError(
            ErrorCode.NOT_IMPLEMENTED, param="block_rfq", reason="is not offered by this venue"
        )


def _is_zero(value: Decimal | None) -> bool:
    return value is not None and value.is_finite() and value == 0
