"""A trade in a combo is a trade in each of its legs: at which prices, and for which fees.

Nobody holds a combo. Two orders that meet in its book trade all of its legs with each other, at
once or not at all, at prices that come to the price of the combo exactly (`state.combo_prices`).

Each leg costs its own fee, but those of one direction are free: of the legs that a buyer of the
combo buys and those that he sells, the cheaper direction, for both sides of the trade alike. Of
equals it is the sold one. A combo whose legs all go one way has nothing free; a rebate stays.

Source: Deribit, fees: "Combos", the cheapest direction of a combo has reduced fees; by how much is
ours.
"""

from typing import NamedTuple

from strikewire.exchange.state.combo_prices import leg_prices
from strikewire.exchange.state.markets import Leg, Market
from strikewire.exchange.state.state import Account
from strikewire.model import PriceE8, Side, Ticks, Units


class LegTrade(NamedTuple):
    """What a trade in a combo is in one of its legs.

    Attributes:
        leg: Which.
        side: On which the taker of the combo trades here.
        lots: Of the leg.
        price: Ticks of the leg.
        value: Cash that it moves, or its notional; in settlement units.
    """

    leg: Leg
    side: Side
    lots: int
    price: Ticks
    value: Units


def leg_trades(market: Market, side: Side, *, price: Ticks, lots: int) -> list[LegTrade]:
    """Return what a trade in a combo comes to in its legs, in the combo's order.

    Args:
        market: Of the combo; every leg has a mark.
        side: Of the taker.
        price: Of the combo.
        lots: Of the combo.
    """
    legs = market.legs
    prices = leg_prices([leg.weight for leg in legs], price, [leg.starting_price for leg in legs])
    return [
        LegTrade(
            leg=leg,
            side=leg.side(side),
            lots=leg.lots(lots),
            price=at,
            value=leg.market.contract.value(leg.lots(lots), at),
        )
        for leg, at in zip(legs, prices, strict=True)
    ]


def combo_fees(account: Account, trades: list[LegTrade], *, is_maker: bool) -> list[Units]:
    """Return what one side of a trade in a combo pays for each leg.

    Args:
        account: Who pays, by its own rates.
        trades: What the trade is in each leg.
        is_maker: Whether its order waited.
    """
    fees = [_fee(account, trade, is_maker=is_maker) for trade in trades]
    bought = sum(fee for fee, trade in zip(fees, trades, strict=True) if trade.leg.ratio > 0)
    free = -1 if sum(fees) - bought <= bought else 1
    if all(trade.leg.ratio > 0 for trade in trades):
        return fees
    return [
        Units(min(fee, 0)) if trade.leg.ratio * free > 0 else fee
        for fee, trade in zip(fees, trades, strict=True)
    ]


def _fee(account: Account, trade: LegTrade, *, is_maker: bool) -> Units:
    market = trade.leg.market
    rates = account.rates(market)
    rate_ppm = rates.maker_ppm if is_maker else rates.taker_ppm
    underlying = market.mark.underlying if market.mark else PriceE8(0)
    return market.contract.fee(trade.lots, trade.value, rate_ppm, underlying)
