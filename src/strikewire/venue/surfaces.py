"""Volatility surfaces of what is quoted in the venue's own books.

Theory of operation. Every few seconds the best bids and asks of all options are read as
volatilities, on the loop, where books do not move meanwhile; the fit runs in a thread, from the
surface of the last time; and what it finds stands until the next. A mark then is the surface's
volatility, held between the option's own bid and ask. The option out of the money speaks for its
strike. An index without a quote with both sides has no surface, and its options are marked as
before.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from strikewire.depth import Level
from strikewire.marketdata import Market, MarketData
from strikewire.model import PRICE_SCALE, Instrument, OptionType, PriceE8, Ticks, ticks_to_price
from strikewire.pricing import (
    ExpiryQuotes,
    FittedExpiry,
    FittedSurface,
    fit_surface,
    implied_volatility,
    years_to_expiry,
)
from strikewire.pricing.black76 import NS_PER_YEAR

Quotes = Mapping[str, Sequence[tuple[int, ExpiryQuotes]]]
"""Of each index: expiries and what is quoted of them."""


class Kept(Struct, frozen=True):
    """A surface and when it was fitted.

    Attributes:
        surface: Of one index.
        fitted_ns: Nanoseconds since the Unix epoch; its expiries' times left count from here.
        expiries: Its smiles by expiry.
    """

    surface: FittedSurface
    fitted_ns: int
    expiries: dict[int, FittedExpiry]


class SurfaceKeeper:
    """The machine above.

    Args:
        market: The books.

    Attributes:
        kept: The last surface of each index.
    """

    def __init__(self, market: MarketData) -> None:
        self.kept: dict[str, Kept] = {}
        self._market = market

    def quotes(self, now_ns: int) -> Quotes:
        """Return the volatilities that are bid and asked now."""
        rows: dict[str, dict[int, list[tuple[float, float, float]]]] = {}
        for market in self._market:
            one, mark = market.instrument, market.mark
            if not one.is_option or not market.is_open or mark is None or mark.underlying <= 0:
                continue
            assert one.expiry_ns is not None
            assert one.strike is not None
            moneyness = math.log(float(one.strike) * PRICE_SCALE / mark.underlying)
            is_out = (moneyness >= 0.0) == (one.option_type is OptionType.CALL)
            if is_out and one.expiry_ns > now_ns:
                bid, ask = _quoted(market, mark.underlying, now_ns)
                of_index = rows.setdefault(one.price_index, {})
                of_index.setdefault(one.expiry_ns, []).append((moneyness, bid, ask))
        return {
            name: [
                (ns, ExpiryQuotes(years_to_expiry(now_ns, ns), *np.array(of_expiry).T.copy()))
                for ns, of_expiry in sorted(of_index.items())
            ]
            for name, of_index in rows.items()
        }

    def fit(self, quotes: Quotes, now_ns: int) -> dict[str, Kept]:
        """Return the surfaces of `quotes`; to be called in a thread, for it changes nothing.

        Args:
            quotes: As `quotes` returned them at `now_ns`.
            now_ns: Nanoseconds since the Unix epoch.
        """
        found = {}
        for name, expiries in quotes.items():
            last = self.kept.get(name)
            try:
                surface = fit_surface(
                    [one for _, one in expiries], start=last.surface if last else None
                )
            except ValueError:
                continue  # nobody quotes both sides of anything
            by_years = {one.years: one for one in surface.expiries}
            smiles = {ns: by_years[one.years] for ns, one in expiries if one.years in by_years}
            found[name] = Kept(surface, now_ns, smiles)
        return found

    def keep(self, fitted: Mapping[str, Kept]) -> None:
        """Let fitted surfaces stand until the next; indices without one lose theirs."""
        self.kept = dict(fitted)

    def volatility(self, one: Instrument, underlying: PriceE8, now_ns: int) -> float | None:
        """Return an option's mark volatility as a fraction per year; None without a surface.

        Args:
            one: The option.
            underlying: Forward of its expiry, in 1e-8.
            now_ns: Nanoseconds since the Unix epoch.
        """
        kept = self.kept.get(one.price_index)
        market = self._market.named(one.name)
        if kept is None or market is None:
            return None
        assert one.expiry_ns is not None
        assert one.strike is not None
        forward, strike = underlying / PRICE_SCALE, float(one.strike)
        expiry = kept.expiries.get(one.expiry_ns)
        if expiry is not None:
            fair = expiry.smile.volatility(forward=forward, strike=strike, years=expiry.years)
        else:
            years = (one.expiry_ns - kept.fitted_ns) / NS_PER_YEAR
            fair = kept.surface.volatility(forward=forward, strike=strike, years=years)
        bid, ask = _quoted(market, underlying, now_ns)
        if 0.0 < ask < bid:
            return fair
        return max(bid, min(fair, ask or math.inf))


def _quoted(market: Market, underlying: PriceE8, now_ns: int) -> tuple[float, float]:
    """Return the volatilities of an option's best bid and ask; 0.0 where there is none."""
    sides = (market.book.bids.best(), market.book.asks.best())
    bid, ask = (_implied(market.instrument, level, underlying, now_ns) for level in sides)
    return bid, ask


def _implied(one: Instrument, level: Level | None, underlying: PriceE8, now_ns: int) -> float:
    if level is None:
        return 0.0
    assert one.expiry_ns is not None
    assert one.strike is not None
    forward = underlying / PRICE_SCALE
    price = ticks_to_price(one, Ticks(level.price))
    volatility = implied_volatility(
        price=price * forward if one.is_inverse else price,
        forward=forward,
        strike=float(one.strike),
        years=years_to_expiry(now_ns, one.expiry_ns),
        is_call=one.option_type is OptionType.CALL,
    )
    return volatility or 0.0
