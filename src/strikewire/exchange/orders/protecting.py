"""What stands under market-maker protection: what it trades, and whether more may come in.

Which of the public codes stands for these refusals is nowhere written: they are `other_reject`, and
the reason says more.
"""

import functools

from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.windows import Exposure
from strikewire.model import PRICE_SCALE, Side, Ticks, divide_half_even, divide_up

DELTA_ONE_E5 = 100_000
"""The delta of a future, in 1e-5; that of an option is never beyond it."""


def exposure(market: Market, side: Side, lots: int, price: Ticks) -> Exposure:
    """Return what a trade means to one side of it, at the greeks of the last mark.

    Deltas and vegas are rounded half to even. A trade in a combo is one in each leg, at its mark.
    """
    if market.legs:
        parts = [
            exposure(leg.market, leg.side(side), leg.lots(lots), leg.starting_price)
            for leg in market.legs
        ]
        return functools.reduce(Exposure.plus, parts)
    coins = coins_e8(market, lots, price)
    if not market.contract.is_option:
        return Exposure(coins, side * coins, 0)
    mark = market.mark
    delta, vega = (0, 0) if mark is None else (mark.delta_e5, mark.vega_e5)
    return Exposure(
        coins,
        side * divide_half_even(coins * delta, DELTA_ONE_E5),
        side * divide_half_even(coins * vega, DELTA_ONE_E5),
    )


def coins_e8(market: Market, lots: int, price: Ticks) -> int:
    """Return an amount in 1e-8 coins; of an inverse future at a price, rounded up.

    Of a combo those of all its legs together, at their marks.
    """
    if market.legs:
        return sum(coins_e8(leg.market, leg.lots(lots), leg.starting_price) for leg in market.legs)
    contract = market.contract
    amount = lots * contract.lot_e8
    if not contract.is_inverse_future:
        return amount
    return divide_up(amount * PRICE_SCALE, price * contract.tick_e8)


def delta_e5(market: Market) -> int:
    """Return an instrument's delta at its last mark, in 1e-5; 0 of an option that has none."""
    if not market.contract.is_option:
        return DELTA_ONE_E5
    return 0 if market.mark is None else market.mark.delta_e5


def protection_of(account: Account, market: Market, group: str) -> Protection | None:
    """Return the protection that an account's orders in a market are under, if there is one."""
    return account.protections.get((market.instrument.price_index, group))


def refuse_unprotected(
    account: Account,
    market: Market,
    tag: MmpTag,
    *,
    time_ns: int,
    side: Side,
    lots: int,
    price: Ticks,
    freed: Order | None = None,
) -> Rejected | None:
    """Refuse a protected order, new or changed, that its protection does not let in.

    Args:
        account: The owner.
        market: Where it comes in.
        tag: What it is to be under.
        time_ns: Of the command.
        side: Of it.
        lots: That are to wait.
        price: Of it.
        freed: The order in the book whose place it takes.
    """
    if market.contract.is_spot:
        return Rejected(Reject.UNSUPPORTED_COMBINATION, "mmp_on_spot", "mmp")
    protection = protection_of(account, market, tag.group)
    if protection is None:
        return Rejected(Reject.OTHER_REJECT, "mmp_not_configured", "mmp")
    if protection.is_frozen(time_ns):
        return Rejected(Reject.OTHER_REJECT, "mmp_frozen", "mmp")
    if tag.is_quote and time_ns < account.quotes_frozen_until_ns:
        return Rejected(Reject.OTHER_REJECT, "quotes_frozen", "mmp")
    wanted = coins_e8(market, lots, price)
    if not tag.is_quote:
        # A quote is alone in its group on its side of a book: it takes the place of the one before.
        wanted += sum(
            coins_e8(market, order.remaining, _price(order))
            for order in protected(account, market, tag.group)
            if order.side is side and order is not freed
        )
    if wanted > protection.config.max_quote_quantity_e8:
        return Rejected(Reject.OTHER_REJECT, "max_quote_quantity", "amount")
    return None


def is_under(protection: Protection, market: Market, order: Order) -> bool:
    """Say whether an order of the protection's account in a market is under it."""
    is_in_group = order.mmp is not None and order.mmp.group == protection.group
    return is_in_group and market.instrument.price_index == protection.index


def protected(account: Account, market: Market, group: str) -> list[Order]:
    """Return an account's orders in a book that are under one protection, oldest first."""
    holding = account.find_holding(market)
    if holding is None:
        return []
    return [order for order in holding.queue if order.mmp is not None and order.mmp.group == group]


def standing_quotes(
    account: Account, market: Market, group: str
) -> tuple[Order | None, Order | None]:
    """Return the quotes of a group that wait in a book, bid and ask; at most one each."""
    bid = ask = None
    for order in protected(account, market, group):
        if order.mmp is not None and order.mmp.is_quote:
            if order.side is Side.BUY:
                bid = order
            else:
                ask = order
    return bid, ask


def _price(order: Order) -> Ticks:
    assert order.price is not None
    return order.price
