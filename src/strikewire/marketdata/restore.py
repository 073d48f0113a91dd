"""Market data of a venue that was started again: what the exchange still knows of the past."""

from strikewire.exchange import Exchange
from strikewire.marketdata.market import Market
from strikewire.marketdata.marketdata import MarketData
from strikewire.model import InstrumentId


def restore(exchange: Exchange, now_ns: int) -> MarketData:
    """Return the market data of an exchange as it stands.

    Books and their change ids, last trades, marks and open interest go on where they were. The
    figures of 24 hours are those of the trades the exchange kept; the averages for delivery
    prices start anew.

    Args:
        exchange: Nothing may be applied to it between this and the first `MarketData.apply`.
        now_ns: Nanoseconds since the Unix epoch.
    """
    data = MarketData()
    data.value(now_ns, exchange.indices.items())
    data.locks = set(exchange.locks)
    for instrument in exchange.instruments.values():
        data.begin(instrument, now_ns)  # All first: a trade of a leg may be one of a combo.
    for instrument_id, instrument in exchange.instruments.items():
        market = data[instrument_id]
        book = exchange.book(instrument_id)
        market.book.replace(book.change_id, book.bids, book.asks)
        for fill in exchange.trades(instrument_id):
            market.trade(fill)
        mark = exchange.mark(instrument_id)
        if mark is not None:
            market.value(now_ns, mark, data.index(instrument))
        market.funding = exchange.funding(instrument_id)
        market.settlement_price = exchange.settlement_price(instrument_id)
        market.updated_ns = now_ns
        state = exchange.instrument_state(instrument_id)
        assert state is not None
        market.state = state
        if instrument.is_combo:
            market.state_ns = instrument.creation_ns
        if not exchange.is_open(instrument_id):
            _end(data, market, now_ns)
    for account in exchange.accounts:
        for position in exchange.positions(account.account_id):
            market = data[InstrumentId(position.instrument_id)]
            if not market.instrument.is_spot:
                market.hold(position.account_id, position.size)
    return data


def _end(data: MarketData, market: Market, now_ns: int) -> None:
    """Close a market that had been closed before."""
    expiry_ns = market.instrument.expiry_ns
    if market.instrument.is_combo:
        market.close(now_ns)
    else:
        data.settle(now_ns, market, None)
    if expiry_ns is not None:
        market.state_ns = min(expiry_ns, now_ns)
