"""Tickers and summaries: what an instrument is worth now, in the shapes of the public API.

The greeks of an option are Black-76 of the very numbers the ticker shows (`mark_iv`,
`underlying_price` and `timestamp`), so a client that computes them anew gets the same.
"""

from typing import Literal, TypedDict

from msgspec import UNSET, UnsetType

from strikewire.api.market_data import BookSummary, Greeks, OrderBook, Ticker, Ticker24h
from strikewire.depth import Level
from strikewire.marketdata.books import best, levels
from strikewire.marketdata.funding import current_funding, funding_8h, interest_value
from strikewire.marketdata.market import Market
from strikewire.marketdata.marketdata import MarketData
from strikewire.marketdata.statistics import DayStatistics
from strikewire.marketdata.tape import IV_E4_PER_PERCENT
from strikewire.model import (
    NS_PER_MS,
    PRICE_SCALE,
    Instrument,
    OptionType,
    Ticks,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    ticks_to_price,
)
from strikewire.pricing import greeks as black76_greeks
from strikewire.pricing import implied_volatility, share_left, years_to_expiry

GREEKS_DECIMALS = 5
"""Decimals of published greeks, as in Deribit's recorded tickers."""

IV_DECIMALS = 2
"""Decimals of published volatilities of bid and ask, in percent."""


class _Option(TypedDict):
    """The fields only an option's ticker has."""

    underlying_price: float
    underlying_index: str
    interest_rate: float
    mark_iv: float
    bid_iv: float
    ask_iv: float
    greeks: Greeks


class _Fields(TypedDict):
    """The fields of every ticker but an option's own."""

    instrument_name: str
    timestamp: int
    state: Literal["open", "locked", "halted", "inactive", "delivered"]
    stats: Ticker24h
    open_interest: float
    best_bid_price: float
    best_bid_amount: float
    best_ask_price: float
    best_ask_amount: float
    index_price: float
    mark_price: float
    min_price: float
    max_price: float
    last_price: float | None
    estimated_delivery_price: float
    delivery_price: float | UnsetType
    settlement_price: float | UnsetType
    current_funding: float | UnsetType
    funding_8h: float | UnsetType
    interest_value: float | UnsetType


def ticker(data: MarketData, market: Market) -> Ticker:
    """Return the ticker of an instrument as it is after the last change."""
    return Ticker(**_fields(data, market), **_option_fields(data, market))


def order_book(data: MarketData, market: Market, depth: int) -> OrderBook:
    """Return a ticker together with at most `depth` levels per side, best first."""
    fields = _fields(data, market)
    fields["timestamp"] = ns_to_ms(max(market.updated_ns, market.book_ns))
    return OrderBook(
        **fields,
        **_option_fields(data, market),
        bids=levels(market.instrument, market.book.bids.top(depth)),
        asks=levels(market.instrument, market.book.asks.top(depth)),
        change_id=market.book.change_id,
    )


def book_summary(data: MarketData, market: Market, now_ns: int) -> BookSummary:
    """Return one line about an instrument; prices that do not exist are null here."""
    instrument = market.instrument
    bid, bid_amount = best(instrument, market.book.bids.best())
    ask, ask_amount = best(instrument, market.book.asks.best())
    day = market.day.read(now_ns)
    funding = market.funding
    return BookSummary(
        instrument_name=instrument.name,
        base_currency=instrument.base_currency,
        quote_currency=instrument.quote_currency,
        creation_timestamp=ns_to_ms(now_ns),
        high=_price_or_none(instrument, day.high),
        low=_price_or_none(instrument, day.low),
        last=market.tape.last.price if market.tape.last else None,
        price_change=day.change_percent,
        bid_price=bid if bid_amount else None,
        ask_price=ask if ask_amount else None,
        mid_price=(bid + ask) / 2 if bid_amount and ask_amount else None,
        mark_price=_mark_price(market),
        volume=day.base_e8 / PRICE_SCALE,
        volume_usd=day.usd_e8 / PRICE_SCALE,
        volume_notional=UNSET if instrument.is_option else day.quote_e8 / PRICE_SCALE,
        open_interest=lots_to_amount(instrument, market.open_interest),
        estimated_delivery_price=price_e8_to_float(data.delivery(instrument)),
        current_funding=current_funding(funding) if funding else UNSET,
        funding_8h=funding_8h(funding, ns_to_ms(now_ns)) if funding else UNSET,
        mark_iv=_mark_iv(market) if instrument.is_option else UNSET,
        interest_rate=0.0 if instrument.is_option else UNSET,
        underlying_index=underlying_index(data, market) if instrument.is_option else UNSET,
        underlying_price=_underlying_price(market) if instrument.is_option else UNSET,
    )


def underlying_index(data: MarketData, market: Market) -> str:
    """Return the name of an option's forward: the future of its expiry, or a synthetic one."""
    future = market.future_name
    return future if data.named(future) is not None else f"SYN.{future}"


def option_greeks(market: Market, time_ns: int) -> Greeks:
    """Return the greeks of one option at its mark, unrounded; zeros before its first mark.

    In the last half hour its delta decays: what has been averaged does not move any more.
    """
    mark, instrument = market.mark, market.instrument
    assert instrument.expiry_ns is not None
    if mark is None or mark.underlying <= 0:
        return Greeks(delta=0.0, gamma=0.0, vega=0.0, theta=0.0, rho=0.0)
    found = black76_greeks(
        forward=_underlying_price(market),
        strike=_strike(instrument),
        years=years_to_expiry(time_ns, instrument.expiry_ns),
        sigma=_mark_iv(market) / 100,
        is_call=instrument.option_type is OptionType.CALL,
    )
    share = share_left(instrument.expiry_ns, time_ns)
    return Greeks(
        delta=found.delta * share,
        gamma=found.gamma * share * share,
        vega=found.vega,
        theta=found.theta,
        rho=found.rho,
    )


def _fields(data: MarketData, market: Market) -> _Fields:
    instrument, time_ns = market.instrument, market.updated_ns
    bid_price, bid_amount = best(instrument, market.book.bids.best())
    ask_price, ask_amount = best(instrument, market.book.asks.best())
    index = price_e8_to_float(data.index(instrument))
    band = market.band
    funding, settled = market.funding, market.settlement_price
    delivery = market.delivery_price
    return _Fields(
        instrument_name=instrument.name,
        timestamp=ns_to_ms(time_ns),
        state=market.state.value,
        stats=_stats(instrument, market.day.read(time_ns)),
        open_interest=lots_to_amount(instrument, market.open_interest),
        best_bid_price=bid_price,
        best_bid_amount=bid_amount,
        best_ask_price=ask_price,
        best_ask_amount=ask_amount,
        index_price=index,
        mark_price=_mark_price(market),
        min_price=ticks_to_price(instrument, band.lowest) if band else 0.0,
        max_price=ticks_to_price(instrument, band.highest) if band else 0.0,
        last_price=market.tape.last.price if market.tape.last else None,
        estimated_delivery_price=price_e8_to_float(data.delivery(instrument)),
        delivery_price=UNSET if delivery is None else price_e8_to_float(delivery),
        settlement_price=price_e8_to_float(settled) if settled else UNSET,
        current_funding=current_funding(funding) if funding else UNSET,
        funding_8h=funding_8h(funding, ns_to_ms(time_ns)) if funding else UNSET,
        interest_value=interest_value(funding, ns_to_ms(time_ns)) if funding else UNSET,
    )


def _option_fields(data: MarketData, market: Market) -> _Option:
    instrument = market.instrument
    if not instrument.is_option:
        return {}  # type: ignore[typeddict-item]  # a future's ticker has none of these fields
    time_ns = ns_to_ms(market.updated_ns) * NS_PER_MS
    exact = option_greeks(market, time_ns)
    return _Option(
        underlying_price=_underlying_price(market),
        underlying_index=underlying_index(data, market),
        interest_rate=0.0,
        mark_iv=_mark_iv(market),
        bid_iv=_quoted_iv(market, market.book.bids.best(), time_ns),
        ask_iv=_quoted_iv(market, market.book.asks.best(), time_ns),
        greeks=Greeks(
            delta=round(exact.delta, GREEKS_DECIMALS),
            gamma=round(exact.gamma, GREEKS_DECIMALS),
            vega=round(exact.vega, GREEKS_DECIMALS),
            theta=round(exact.theta, GREEKS_DECIMALS),
            rho=round(exact.rho, GREEKS_DECIMALS),
        ),
    )


def _quoted_iv(market: Market, level: Level | None, time_ns: int) -> float:
    """Return the volatility, in percent, that a best price stands for; 0.0 where there is none."""
    instrument, underlying = market.instrument, _underlying_price(market)
    assert instrument.expiry_ns is not None
    if level is None or underlying <= 0.0:
        return 0.0
    price = ticks_to_price(instrument, Ticks(level.price))
    volatility = implied_volatility(
        price=price * underlying if instrument.is_inverse else price,
        forward=underlying,
        strike=_strike(instrument),
        years=years_to_expiry(time_ns, instrument.expiry_ns),
        is_call=instrument.option_type is OptionType.CALL,
    )
    return 0.0 if volatility is None else round(volatility * 100, IV_DECIMALS)


def _stats(instrument: Instrument, day: DayStatistics) -> Ticker24h:
    return Ticker24h(
        volume=day.base_e8 / PRICE_SCALE,
        low=_price_or_none(instrument, day.low),
        high=_price_or_none(instrument, day.high),
        price_change=day.change_percent,
        volume_usd=day.usd_e8 / PRICE_SCALE,
        volume_notional=UNSET if instrument.is_option else day.quote_e8 / PRICE_SCALE,
    )


def _strike(instrument: Instrument) -> float:
    assert instrument.strike is not None
    return float(instrument.strike)


def _price_or_none(instrument: Instrument, ticks: Ticks | None) -> float | None:
    return None if ticks is None else ticks_to_price(instrument, ticks)


def _mark_price(market: Market) -> float:
    mark = market.mark_price
    return 0.0 if mark is None else price_e8_to_float(mark)


def _mark_iv(market: Market) -> float:
    return market.mark.iv_e4 / IV_E4_PER_PERCENT if market.mark else 0.0


def _underlying_price(market: Market) -> float:
    return price_e8_to_float(market.mark.underlying) if market.mark else 0.0
