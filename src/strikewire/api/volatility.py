"""Messages about how much prices have moved, and how much options expect them to."""

from typing import Literal

from msgspec import Struct

from strikewire.api.fields import CurrencyName, Milliseconds, RequestTime
from strikewire.api.market_data import check_span

Resolution = Literal["1", "60", "3600", "43200", "1D"]


class GetHistoricalVolatility(Struct, frozen=True, kw_only=True):
    """Read how much a currency's index has moved: points of time and percent a year.

    Points are an hour apart, oldest first; each is of the fifteen days before it, or of as much
    as the venue has seen.
    """

    currency: CurrencyName


class GetVolatilityIndexData(Struct, frozen=True, kw_only=True):
    """Read the volatility index of a currency as candles, oldest first.

    `resolution` is in seconds, or `1D` for a day. At most 1 000 candles are given, the latest
    ones; `continuation` is then the `end_timestamp` of the next request.
    """

    currency: CurrencyName
    start_timestamp: RequestTime
    end_timestamp: RequestTime
    resolution: Resolution

    def __post_init__(self) -> None:
        check_span(self.start_timestamp, self.end_timestamp)


class VolatilityIndexData(Struct, frozen=True, kw_only=True):
    """Candles of a volatility index, in percent a year: time, open, high, low, close.

    `continuation` is null where there are no older ones within what was asked for.
    """

    data: list[tuple[Milliseconds, float, float, float, float]]
    continuation: Milliseconds | None
