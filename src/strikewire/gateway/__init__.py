"""Sessions: authenticate, limit, dispatch, subscribe; orders in, answers and market data out."""

from strikewire.gateway.auth import Authenticator, Grant
from strikewire.gateway.desk import Counters
from strikewire.gateway.gateway import Gateway
from strikewire.gateway.hub import Delivery, Hub
from strikewire.gateway.keys import (
    DEFAULT_SCOPE,
    ApiKey,
    DuplicateKeyError,
    KeyFileError,
    KeyStore,
    TooManyKeysError,
)
from strikewire.gateway.limits import RATE_POLICIES, RATES_DERIBIT, RATES_OFF, Limits, Rate
from strikewire.gateway.scopes import Scope
from strikewire.gateway.service import GatewayService
from strikewire.gateway.session import Session

__all__ = [
    "DEFAULT_SCOPE",
    "RATES_DERIBIT",
    "RATES_OFF",
    "RATE_POLICIES",
    "ApiKey",
    "Authenticator",
    "Counters",
    "Delivery",
    "DuplicateKeyError",
    "Gateway",
    "GatewayService",
    "Grant",
    "Hub",
    "KeyFileError",
    "KeyStore",
    "Limits",
    "Rate",
    "Scope",
    "Session",
    "TooManyKeysError",
]
