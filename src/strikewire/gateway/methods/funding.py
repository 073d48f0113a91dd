"""Methods about the funding of perpetuals."""

from strikewire.api import invalid_params
from strikewire.api import market_data as api
from strikewire.exchange import Funding
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.marketdata import funding_chart, funding_hours, funding_over
from strikewire.model import ns_to_ms


def get_funding_rate_value(desk: Desk, call: Call, params: api.GetFundingRateValue) -> Reply:
    """Return what longs paid over a span of time; what is still to come counts as nothing."""
    end_ms = min(params.end_timestamp, ns_to_ms(call.now_ns))
    start_ms = min(params.start_timestamp, end_ms)
    return Reply(funding_over(_funding(desk, params.instrument_name), start_ms, end_ms))


def get_funding_rate_history(desk: Desk, call: Call, params: api.GetFundingRateHistory) -> Reply:
    """Return the whole hours of a span of time."""
    funding = _funding(desk, params.instrument_name)
    return Reply(funding_hours(funding, params.start_timestamp, params.end_timestamp))


def get_funding_chart_data(desk: Desk, call: Call, params: api.GetFundingChartData) -> Reply:
    """Return the points of a chart that ends now."""
    funding = _funding(desk, params.instrument_name)
    return Reply(funding_chart(funding, params.length, ns_to_ms(call.now_ns)))


def _funding(desk: Desk, instrument_name: str) -> Funding:
    """Return the funding of a perpetual.

    Raises:
        ApiError: 13020 without such an instrument, -32602 for one that has no funding.
    """
    funding = desk.market_of(instrument_name).funding
    if funding is None:
        raise invalid_params("instrument_name", "is no perpetual")
    return funding
