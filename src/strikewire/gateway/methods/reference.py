"""Methods about what can be traded."""

from strikewire.api import invalid_params
from strikewire.api import reference as api
from strikewire.gateway.catalogue import currencies, instrument, is_of
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.model import Kind, price_e8_to_float


def get_currencies(desk: Desk, call: Call, params: api.GetCurrencies) -> Reply:
    """List the currencies."""
    return Reply(currencies())


def get_instruments(desk: Desk, call: Call, params: api.GetInstruments) -> Reply:
    """List what trades, or with `expired` what has ended."""
    wanted_open = not params.expired
    return Reply(
        [
            instrument(market)
            for market in desk.market
            if market.is_open is wanted_open
            and is_of(market.instrument, params.currency, params.kind)
        ]
    )


def get_instrument(desk: Desk, call: Call, params: api.GetInstrument) -> Reply:
    """Return one instrument, also after its end."""
    return Reply(instrument(desk.market_of(params.instrument_name)))


def get_index_price(desk: Desk, call: Call, params: api.GetIndexPrice) -> Reply:
    """Return the price of an index."""
    price = desk.market.indices.get(params.index_name)
    if price is None:
        raise invalid_params("index_name", "no such index")
    estimate = desk.market.expiration(params.index_name)
    delivery = price if estimate is None else estimate.price
    return Reply(
        api.IndexPrice(
            index_price=price_e8_to_float(price),
            estimated_delivery_price=price_e8_to_float(delivery),
        )
    )


def get_index_price_names(desk: Desk, call: Call, params: api.GetIndexPriceNames) -> Reply:
    """List the indices."""
    names = sorted(desk.market.indices)
    if params.extended:
        return Reply([_index_name(desk, name) for name in names])
    return Reply(names)


def _index_name(desk: Desk, name: str) -> api.IndexPriceName:
    kinds = [
        market.instrument.kind
        for market in desk.market
        if market.is_open and market.instrument.price_index == name
    ]
    # A combo has two legs.
    return api.IndexPriceName(
        name=name,
        future_combo_creation_enabled=kinds.count(Kind.FUTURE) > 1,
        option_combo_creation_enabled=kinds.count(Kind.OPTION) > 1,
    )
