"""Every message the venue speaks, defined once: methods, channels, errors, encodings, signatures.

Orders come in through it (bytes to request structs), answers and market data leave through it.
"""

from strikewire.api import account, market_data, reference, session, trading
from strikewire.api.channels import CHANNELS, Channel, ChannelName, parse_channel
from strikewire.api.errors import ApiError, ErrorCode, ErrorObject, RequestId, invalid_params
from strikewire.api.registry import METHODS, Method

__all__ = [
    "CHANNELS",
    "METHODS",
    "ApiError",
    "Channel",
    "ChannelName",
    "ErrorCode",
    "ErrorObject",
    "Method",
    "RequestId",
    "account",
    "invalid_params",
    "market_data",
    "parse_channel",
    "reference",
    "session",
    "trading",
]
