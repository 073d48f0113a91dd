"""From the decimals of a request to the ticks and lots of a command, or to a coded error."""

from decimal import Decimal

from strikewire.api import ApiError, ErrorCode
from strikewire.api.trading import Buy, Sell
from strikewire.exchange import Trigger, TriggerPriceType
from strikewire.model import (
    PRICE_SCALE,
    AmountError,
    Instrument,
    Lots,
    OrderId,
    PriceE8,
    PriceRangeError,
    Ticks,
    TickSizeError,
    amount_to_lots,
    ms_to_ns,
    parse_order_id,
    price_to_ticks,
)

TIME_MS_MAX = 2**43
"""Milliseconds since the Unix epoch in the year 2248."""


def ticks_of(instrument: Instrument, price: Decimal) -> Ticks:
    """Return a price in ticks.

    Raises:
        ApiError: 10043 off the tick; 10023 outside of the range of prices.
    """
    try:
        return price_to_ticks(instrument, price)
    except TickSizeError as error:
        raise ApiError(ErrorCode.PRICE_WRONG_TICK, param="price", reason=str(error)) from None
    except PriceRangeError as error:
        raise ApiError(ErrorCode.INVALID_PRICE, param="price", reason=str(error)) from None


def block_ticks_of(instrument: Instrument, price: Decimal) -> Ticks:
    """Return the price of a block trade in ticks: on the base tick, at every price.

    Raises:
        ApiError: 10043, it lies between two.
    """
    numerator, denominator = price.as_integer_ratio()
    ticks, remainder = divmod(
        numerator * instrument.tick_denominator, denominator * instrument.tick_numerator
    )
    if remainder:
        reason = f"{price} is no multiple of {instrument.tick_size}"
        raise ApiError(ErrorCode.PRICE_WRONG_TICK, param="price", reason=reason)
    return Ticks(ticks)


def trigger_of(
    price_type: str | None, price: Decimal | None, offset: Decimal | None
) -> Trigger | None:
    """Return what an order waits for; None if it waits for nothing.

    Raises:
        ApiError: 10044, a price or an offset is finer than 1e-8.
    """
    if price_type is None:
        return None
    return Trigger(
        price_type=TriggerPriceType(price_type),
        price=level_of(price, "trigger_price"),
        offset=level_of(offset, "trigger_offset"),
    )


def level_of(price: Decimal | None, param: str) -> PriceE8 | None:
    """Return a trigger price or offset in 1e-8; None if there is none.

    Raises:
        ApiError: 10044, it is finer than that.
    """
    if price is None:
        return None
    numerator, denominator = price.as_integer_ratio()
    level, remainder = divmod(numerator * PRICE_SCALE, denominator)
    if remainder:
        raise ApiError(ErrorCode.TRIGGER_PRICE_WRONG_TICK, param=param, reason="finer than 1e-8")
    return PriceE8(level)


def deadline_ns(valid_until_ms: int | None) -> int | None:
    """Return until when a request is valid; what no clock will reach is no deadline."""
    if valid_until_ms is None or valid_until_ms >= TIME_MS_MAX:
        return None
    return ms_to_ns(valid_until_ms)


def lots_of(instrument: Instrument, amount: Decimal) -> Lots:
    """Return an amount in lots.

    Raises:
        ApiError: 10021, below the minimum, off the step or too large.
    """
    try:
        return amount_to_lots(instrument, amount)
    except AmountError as error:
        raise ApiError(ErrorCode.INVALID_AMOUNT, param="amount", reason=str(error)) from None


def shown_lots_of(instrument: Instrument, amount: Decimal | None) -> Lots | None:
    """Return how many lots of an iceberg are shown; None of an order that is shown whole.

    Raises:
        ApiError: 10024, below the minimum, off the step or too large.
    """
    if amount is None:
        return None
    try:
        return amount_to_lots(instrument, amount)
    except AmountError as error:
        raise ApiError(
            ErrorCode.INVALID_MAX_SHOW, param="display_amount", reason=str(error)
        ) from None


def shown_amount(params: Buy | Sell, amount: Decimal) -> Decimal | None:
    """Return what an iceberg shows, by whichever name; None of an order that is shown whole or not.

    Source: Deribit's API before June 2025, `max_show`: the most that is shown, 0 of a hidden order.
    """
    if params.max_show is None:
        return params.display_amount
    return params.max_show if 0 < params.max_show < amount else None


def order_id_of(text: str) -> OrderId:
    """Return the number of an order.

    Raises:
        ApiError: 10004: what is not the id of an order names none.
    """
    try:
        return parse_order_id(text)
    except ValueError as error:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, param="order_id", reason=str(error)) from None
