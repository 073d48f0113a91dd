"""The small types that many messages share, each with its limit and its unit."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from msgspec import Meta

from strikewire.api.errors import ApiError, ErrorCode, invalid_params

LABEL_LENGTH_MAX: Final = 64
INSTRUMENT_NAME_LENGTH_MAX: Final = 64
COUNT_MAX: Final = 1_000
BOOK_DEPTH_MAX: Final = 10_000
NUMBER_LIMIT: Final = Decimal(10) ** 15
DECIMALS_MAX: Final = 40

InstrumentName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=INSTRUMENT_NAME_LENGTH_MAX,
        description="Instrument name, such as BTC-PERPETUAL or BTC-25DEC26-100000-C.",
    ),
]
CurrencyName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9]{2,10}$",
        description="Currency, such as BTC, ETH or USDC; any stands for all.",
    ),
]
IndexName = Annotated[
    str, Meta(min_length=1, max_length=32, description="Price index, such as btc_usd.")
]
OrderIdText = Annotated[
    str, Meta(min_length=1, max_length=64, description="Order id, such as BTC-12.")
]
Label = Annotated[
    str, Meta(max_length=LABEL_LENGTH_MAX, description="The client's own mark on an order.")
]
Count = Annotated[int, Meta(ge=1, le=COUNT_MAX, description="How many items at most.")]
Offset = Annotated[int, Meta(ge=0, le=1_000_000, description="How many items to skip.")]
Continuation = Annotated[
    str, Meta(min_length=1, max_length=64, description="Where the page before ended.")
]
Sequence = Annotated[
    int, Meta(ge=0, le=2**53, description="Sequence number of a trade within its instrument.")
]
RequestTime = Annotated[int, Meta(ge=0, le=2**53, description="Milliseconds since the Unix epoch.")]
Milliseconds = Annotated[int, Meta(description="Milliseconds since the Unix epoch.")]
OrderNumber = Annotated[
    Decimal, Meta(description="A number, or the same digits as a string; exact, never rounded.")
]

Direction = Literal["buy", "sell"]
Kind = Literal["future", "option", "spot", "future_combo", "option_combo"]
KindFilter = Literal["future", "option", "spot", "future_combo", "option_combo", "combo", "any"]
Sorting = Literal["asc", "desc", "default"]
InstrumentState = Literal[
    "open", "settlement", "delivered", "inactive", "locked", "halted", "archivized"
]
Interval = Literal["raw", "100ms", "agg2"]
Ok = Literal["ok"]


_NOT_POSITIVE: Final = {
    "display_amount": ErrorCode.INVALID_MAX_SHOW,
    "price": ErrorCode.INVALID_PRICE,
    "trigger_price": ErrorCode.TRIGGER_PRICE_TOO_LOW,
    "trigger_offset": ErrorCode.TRIGGER_PRICE_TOO_LOW,
}


def check_number(value: Decimal | None, param: str) -> None:
    """Refuse a number that no exact arithmetic should have to meet; one below zero may pass.

    Args:
        value: What the client sent; None, a parameter left out, passes.
        param: Its name, for the answer.

    Raises:
        ApiError: -32602 for NaN, infinities and numbers of 1e15 and more or with more than 40
            decimals.
    """
    if value is None:
        return
    if not value.is_finite():
        raise invalid_params(param, "must be a finite number")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    # Checked by exponent, so that 1e999999999 costs nothing.
    if value >= NUMBER_LIMIT or value <= -NUMBER_LIMIT or exponent < -DECIMALS_MAX:
        raise invalid_params(param, "is too large or has too many decimals")


def check_positive(value: Decimal | None, param: str) -> None:
    """Refuse a price or an amount that no exact arithmetic should have to meet.

    Args:
        value: What the client sent; None, a parameter left out, passes.
        param: Its name, for the answer.

    Raises:
        ApiError: As `check_number`; 10021, 10023, 10024 or 10035 for an amount, a price, a display
            amount or a trigger price that is not above zero.
    """
    check_number(value, param)
    if value is not None and value <= 0:
        code = _NOT_POSITIVE.get(param, ErrorCode.INVALID_AMOUNT)
        raise ApiError(code, param=param, reason="must be above zero")
