"""Positions and portfolios as their owner sees them, with the greeks of the whole."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import UNSET, structs

from strikewire.api.account import Portfolio, Position
from strikewire.exchange import CrossTotal, MarginModel, PositionView, Summary
from strikewire.exchange.state.margin import FUTURE_RATES, FUTURE_RATES_OTHER, PPM
from strikewire.exchange.state.pools import DOLLAR
from strikewire.marketdata import Market, MarketData, interest_value, option_greeks
from strikewire.model import (
    Instrument,
    Units,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    units_to_coins,
)

DELTA_DECIMALS = 8


class Exposure(NamedTuple):
    """How the worth of a position moves, in coins and dollars; sums of its contracts.

    Attributes:
        delta: Coins of the underlying, Black-76 for an option.
        net_delta: The same, less the premium where that is paid in the coin itself.
        gamma: Coins per dollar of the underlying.
        vega: Dollars per volatility point.
        theta: Dollars per day.
    """

    delta: float = 0.0
    net_delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0


def position(
    market: Market, view: PositionView, liquidation_price: float | None = None
) -> Position:
    """Return a position, flat ones included.

    Args:
        market: Of its instrument.
        view: As the exchange has it.
        liquidation_price: Where its owner is estimated to be liquidated; None if that is not told.
    """
    instrument = market.instrument
    coins = instrument.settlement_currency
    exposure = exposure_of(market, view)
    floating = units_to_coins(coins, view.floating)
    realized = units_to_coins(coins, view.realized)
    is_option, funding = instrument.is_option, market.funding
    return Position(
        instrument_name=instrument.name,
        kind=instrument.kind.value,
        direction="zero" if view.size == 0 else "buy" if view.size > 0 else "sell",
        size=lots_to_amount(instrument, view.size),
        size_currency=UNSET if is_option else exposure.delta,
        average_price=price_e8_to_float(view.average_price),
        mark_price=price_e8_to_float(view.mark),
        index_price=price_e8_to_float(view.index),
        settlement_price=price_e8_to_float(view.settlement_price),
        floating_profit_loss=floating,
        realized_profit_loss=realized,
        realized_funding=units_to_coins(coins, view.funding) if funding else UNSET,
        interest_value=interest_value(funding, ns_to_ms(market.updated_ns)) if funding else UNSET,
        total_profit_loss=units_to_coins(coins, Units(view.floating + view.realized)),
        initial_margin=units_to_coins(coins, view.initial_margin),
        maintenance_margin=units_to_coins(coins, view.maintenance_margin),
        open_orders_margin=units_to_coins(coins, view.open_orders_margin),
        leverage=max_leverage(instrument) if instrument.is_future else UNSET,
        estimated_liquidation_price=UNSET if liquidation_price is None else liquidation_price,
        delta=round(exposure.delta, DELTA_DECIMALS),
        gamma=exposure.gamma if is_option else UNSET,
        vega=exposure.vega if is_option else UNSET,
        theta=exposure.theta if is_option else UNSET,
    )


def portfolio(
    data: MarketData,
    summary: Summary,
    positions: Iterable[PositionView],
    model: MarginModel | None = MarginModel.STANDARD,
) -> Portfolio:
    """Return what an account has in one currency.

    Args:
        data: Marks for the greeks.
        summary: The exchange's figures.
        positions: All positions of the account; those of other currencies are passed over.
        model: How its margin is counted.
    """
    held = [(data[view.instrument_id], view) for view in positions]
    held = [(m, v) for m, v in held if m.instrument.settlement_currency == summary.currency]
    exposures = [(market, exposure_of(market, view)) for market, view in held]
    options = [exposure for market, exposure in exposures if market.instrument.is_option]
    delta_total = _total(one.net_delta for _, one in exposures)
    futures_pl = Units(summary.futures_session_rpl + summary.futures_session_upl)
    options_pl = Units(summary.options_session_rpl + summary.options_session_upl)

    def coins(units: int) -> float:
        return units_to_coins(summary.currency, Units(units))

    return Portfolio(
        currency=summary.currency,
        balance=coins(summary.balance),
        equity=coins(summary.equity),
        margin_balance=coins(summary.margin_balance),
        available_funds=coins(summary.available_funds),
        available_withdrawal_funds=coins(summary.available_withdrawal_funds),
        initial_margin=coins(summary.initial_margin),
        maintenance_margin=coins(summary.maintenance_margin),
        projected_initial_margin=coins(summary.projected_initial_margin),
        projected_maintenance_margin=coins(summary.maintenance_margin),
        total_pl=coins(futures_pl + options_pl),
        session_rpl=coins(summary.session_rpl),
        session_upl=coins(summary.session_upl),
        session_funding=coins(summary.session_funding),
        futures_pl=coins(futures_pl),
        futures_session_rpl=coins(summary.futures_session_rpl),
        futures_session_upl=coins(summary.futures_session_upl),
        options_pl=coins(options_pl),
        options_session_rpl=coins(summary.options_session_rpl),
        options_session_upl=coins(summary.options_session_upl),
        options_value=coins(summary.options_value),
        options_delta=_total(one.delta for one in options),
        options_gamma=_total(one.gamma for one in options),
        options_theta=_total(one.theta for one in options),
        options_vega=_total(one.vega for one in options),
        options_gamma_map=_by_index(exposures, "gamma"),
        options_theta_map=_by_index(exposures, "theta"),
        options_vega_map=_by_index(exposures, "vega"),
        delta_total=delta_total,
        delta_total_map=_by_index(exposures, "net_delta", options_only=False),
        projected_delta_total=delta_total,
        spot_reserve=coins(summary.spot_reserve),
        margin_model=str(model or MarginModel.STANDARD),
        portfolio_margining_enabled=model is MarginModel.PORTFOLIO,
        cross_collateral_enabled=model is MarginModel.CROSS,
        **_totals(summary.total),
    )


def exposure_of(market: Market, view: PositionView) -> Exposure:
    """Return how a position moves at the mark; nothing before there is one.

    Source: Deribit, "net transaction delta": the delta of a coin's option less its mark price.
    """
    instrument, mark = market.instrument, market.mark
    if mark is None or not view.size or instrument.is_spot:
        return Exposure()
    size = lots_to_amount(instrument, view.size)
    price = price_e8_to_float(mark.price)
    if not instrument.is_option:
        coins = size / price if instrument.is_inverse else size
        return Exposure(delta=coins, net_delta=coins)
    greeks = option_greeks(market, market.updated_ns)
    premium = price if instrument.is_inverse else 0.0
    return Exposure(
        delta=size * greeks.delta,
        net_delta=size * (greeks.delta - premium),
        gamma=size * greeks.gamma,
        vega=size * greeks.vega,
        theta=size * greeks.theta,
    )


def max_leverage(instrument: Instrument) -> int:
    """Return the highest leverage a future's initial margin allows."""
    rates = FUTURE_RATES.get(instrument.base_currency, FUTURE_RATES_OTHER)
    return PPM // rates.initial_ppm


def _totals(total: CrossTotal | None) -> dict[str, float]:
    """Return what all currencies have together, in dollars; nothing without cross collateral."""
    if total is None:
        return {}
    return {f"total_{name}_usd": micros / DOLLAR for name, micros in structs.asdict(total).items()}


def _total(greeks: Iterable[float]) -> float:
    return round(sum(greeks, 0.0), DELTA_DECIMALS)


def _by_index(
    exposures: Iterable[tuple[Market, Exposure]], greek: str, *, options_only: bool = True
) -> dict[str, float]:
    sums: dict[str, float] = {}
    for market, exposure in exposures:
        if options_only and not market.instrument.is_option:
            continue
        index = market.instrument.price_index
        sums[index] = sums.get(index, 0.0) + float(getattr(exposure, greek))
    return {index: round(total, DELTA_DECIMALS) for index, total in sums.items() if total}
