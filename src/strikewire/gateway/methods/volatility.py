"""Methods about volatilities: what was, and what options expect."""

from collections.abc import Iterator

from strikewire.api import volatility as api
from strikewire.api.fields import COUNT_MAX
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.owned import checked_currency
from strikewire.marketdata import DAY_S, Market, historical_points


def get_historical_volatility(
    desk: Desk, _call: Call, params: api.GetHistoricalVolatility
) -> Reply:
    """Return how much the index of a currency's perpetual has moved; nothing without one."""
    currency = checked_currency(params.currency)
    for market in _settled_in(desk, currency):
        if market.funding is not None:
            return Reply(historical_points(market.funding))
    return Reply([])


def get_volatility_index_data(desk: Desk, _call: Call, params: api.GetVolatilityIndexData) -> Reply:
    """Return candles of the index of a currency's options; none where nothing was seen."""
    currency = checked_currency(params.currency)
    names = {one.instrument.price_index for one in _settled_in(desk, currency)}
    seconds = DAY_S if params.resolution == "1D" else int(params.resolution)
    found = [
        candle
        for name in sorted(names)
        for candle in desk.volatilities.between(
            name, seconds, params.start_timestamp, params.end_timestamp
        )
    ]
    older, shown = found[:-COUNT_MAX], found[-COUNT_MAX:]
    return Reply(
        api.VolatilityIndexData(
            data=[(one.start_ms, one.open, one.high, one.low, one.close) for one in shown],
            continuation=older[-1].start_ms if older else None,
        )
    )


def _settled_in(desk: Desk, currency: str) -> Iterator[Market]:
    """Walk what a currency's index is the price of: not its spot, nor another coin's contracts."""
    return (
        market
        for market in desk.market
        if market.instrument.settlement_currency == currency and not market.instrument.is_spot
    )
