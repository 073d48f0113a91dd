"""Which types of orders the words of a filter mean."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from strikewire.exchange import OrderType

_STOP: Final = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)
_TAKE: Final = (OrderType.TAKE_LIMIT, OrderType.TAKE_MARKET)
_TRAILING: Final = (OrderType.TRAILING_STOP,)

_TYPES: Final[Mapping[str, tuple[OrderType, ...]]] = MappingProxyType(
    {
        "all": (),
        "limit": (OrderType.LIMIT,),
        "trigger_all": _STOP + _TAKE + _TRAILING,
        "stop": _STOP,
        "stop_all": _STOP,
        "take": _TAKE,
        "take_all": _TAKE,
        "trailing_all": _TRAILING,
        "trailing_stop": _TRAILING,
        **{one.value: (one,) for one in _STOP + _TAKE},
    }
)


def types_of(word: str | None) -> tuple[OrderType, ...]:
    """Return the types that a filter lets pass; none at all stands for every type.

    Source: Deribit API v2, `type` of `private/get_open_orders` and `private/cancel_all_by_...`.
    """
    return _TYPES[word or "all"]
