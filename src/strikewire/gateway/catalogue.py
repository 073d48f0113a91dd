"""Instruments and currencies in the shapes of the public API."""

from msgspec import UNSET

from strikewire.api.reference import Currency, TickSizeStep
from strikewire.api.reference import Instrument as ApiInstrument
from strikewire.exchange import InstrumentState
from strikewire.exchange.liquidation.reducing import liquidation_rate_ppm
from strikewire.exchange.orders.blocks import block_fee_ppm
from strikewire.gateway.holdings import max_leverage
from strikewire.marketdata import Market
from strikewire.model import (
    CURRENCIES,
    NO_EXPIRY_MS,
    Instrument,
    block_min_lots,
    lots_to_amount,
    ns_to_ms,
    ticks_to_price,
)

PPM = 1_000_000


def instrument(market: Market) -> ApiInstrument:
    """Return everything a client must know to trade an instrument."""
    listed = market.instrument
    is_future = listed.is_future
    least = block_min_lots(listed)
    return ApiInstrument(
        instrument_name=listed.name,
        instrument_id=listed.instrument_id,
        kind=listed.kind.value,
        instrument_type=listed.instrument_type.value,
        base_currency=listed.base_currency,
        quote_currency=listed.quote_currency,
        counter_currency=listed.counter_currency,
        settlement_currency=UNSET if listed.is_spot else listed.settlement_currency,
        price_index=listed.price_index,
        settlement_period=listed.settlement_period.value if listed.settlement_period else UNSET,
        future_type=listed.instrument_type.value if is_future else UNSET,
        strike=UNSET if listed.strike is None else float(listed.strike),
        option_type=listed.option_type.value if listed.option_type else UNSET,
        creation_timestamp=ns_to_ms(listed.creation_ns),
        expiration_timestamp=(
            NO_EXPIRY_MS if listed.expiry_ns is None else ns_to_ms(listed.expiry_ns)
        ),
        tick_size=float(listed.tick_size),
        tick_size_steps=_tick_steps(listed),
        min_trade_amount=float(listed.lot_size),
        contract_size=float(listed.contract_size),
        maker_commission=listed.maker_fee_ppm / PPM,
        taker_commission=listed.taker_fee_ppm / PPM,
        max_leverage=max_leverage(listed) if is_future else UNSET,
        block_trade_commission=UNSET if least is None else block_fee_ppm(listed) / PPM,
        block_trade_tick_size=UNSET if least is None else float(listed.tick_size),
        block_trade_min_trade_amount=UNSET if least is None else lots_to_amount(listed, least),
        max_liquidation_commission=liquidation_rate_ppm(listed) / PPM if is_future else UNSET,
        is_active=market.state is InstrumentState.OPEN,
        state=market.state.value,
    )


def currencies() -> list[Currency]:
    """Return the currencies accounts can hold."""
    return [
        Currency(
            currency=currency.name,
            currency_long=currency.long_name,
            coin_type=currency.coin_type,
            decimals=currency.decimals,
            min_confirmations=currency.min_confirmations,
            in_cross_collateral_pool=True,
        )
        for currency in CURRENCIES.values()
    ]


def is_of(listed: Instrument, currency: str | None, kind: str | None) -> bool:
    """Tell whether an instrument belongs to a currency and a kind; None and `any` are all.

    The currency of an instrument is the one it settles in: BTC-PERPETUAL is of BTC,
    BTC_USDC-PERPETUAL of USDC.
    """
    if kind not in (None, "any") and listed.kind.value != kind:
        return False
    return currency in (None, "any") or listed.settlement_currency == currency.upper()


def _tick_steps(listed: Instrument) -> list[TickSizeStep]:
    return [
        TickSizeStep(
            above_price=ticks_to_price(listed, step.above_price),
            tick_size=ticks_to_price(listed, step.tick),
        )
        for step in listed.tick_steps
    ]
