"""From the decimals of a request to the ticks and lots of a command, or to a coded error."""

from decimal import Decimal

from strikewire.api import ApiError, ErrorCode
from strikewire.model import (
    AmountError,
    Instrument,
    Lots,
    OrderId,
    PriceRangeError,
    Ticks,
    TickSizeError,
    amount_to_lots,
    parse_order_id,
    price_to_ticks,
)


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


def lots_of(instrument: Instrument, amount: Decimal) -> Lots:
    """Return an amount in lots.

    Raises:
        ApiError: 10021, below the minimum, off the step or too large.
    """
    try:
        return amount_to_lots(instrument, amount)
    except AmountError as error:
        raise ApiError(ErrorCode.INVALID_AMOUNT, param="amount", reason=str(error)) from None


def order_id_of(text: str) -> OrderId:
    """Return the number of an order.

    Raises:
        ApiError: 10004: what is not the id of an order names none.
    """
    try:
        return parse_order_id(text)
    except ValueError as error:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, param="order_id", reason=str(error)) from None
