"""A rejected command as the error its client sees."""

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import Reject, Rejected
from strikewire.marketdata import Market
from strikewire.model import ticks_to_decimal

# Fields of commands that clients know by another name.
_PARAMS = {"instrument_id": "instrument_name", "account_id": ""}


def rejection(rejected: Rejected, market: Market | None) -> ApiError:
    """Return the error answer for a rejected command.

    Args:
        rejected: What the exchange said.
        market: Of the instrument that the command was about; it puts ticks into prices.
    """
    return ApiError(
        ErrorCode(rejected.code),
        param=_PARAMS.get(rejected.param, rejected.param),
        reason=_band_reason(rejected, market) or rejected.reason,
    )


def _band_reason(rejected: Rejected, market: Market | None) -> str:
    band = market.band if market else None
    if market is None or band is None:
        return ""
    if rejected.code is Reject.PRICE_TOO_HIGH:
        return f"above the highest price {ticks_to_decimal(market.instrument, band.highest)}"
    if rejected.code is Reject.PRICE_TOO_LOW:
        return f"below the lowest price {ticks_to_decimal(market.instrument, band.lowest)}"
    return ""
