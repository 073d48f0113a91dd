"""Closing parts of positions against the book, for who can no longer keep them.

Theory of operation. A round closes at most a step of each position, `1 / STEP_DIVISOR` of it. What
the book offers for that step is planned first; from the plan follows exactly what it would free and
what it would cost. The cheapest goes first, and of it no more lots than restore the margin; then
the next is asked, until nothing is lacking or every position had its turn.

No order goes beyond the price at which closing the whole position would leave its owner with
nothing: the bankruptcy price. What the book does not offer up to there waits for the next round.
"""

from fractions import Fraction

import msgspec

from strikewire.exchange.commands import OrderType, TimeInForce
from strikewire.exchange.events import LiquidationFee, OrderState
from strikewire.exchange.orders.admission import outcome, room
from strikewire.exchange.orders.checks import refuse_closed
from strikewire.exchange.orders.execution import execute
from strikewire.exchange.orders.matching import Plan, plan
from strikewire.exchange.orders.paying import transfer_cash
from strikewire.exchange.orders.ties import answer_ties
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.pools import Pool
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import (
    Instrument,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    divide_down,
    divide_up,
    round_to_tick,
)

STEP_DIVISOR = 10
"""A round closes at most a tenth of a position, rounded up to a whole lot."""

FEES_PPM = {"BTC": 7_500, "ETH": 9_000}
"""Fee on what a liquidation trades in futures, of its value, by base currency: 0.75 and 0.9 %.

Source: Deribit, fees.
"""

FEES_OTHER_PPM = 9_000
"""Of every other coin: 0.9 %."""

FEE_OPTIONS_PPM = 1_900
"""Of options, 0.19 % of the underlying; like every fee of theirs at most 12.5 % of the premium."""


class Offer(msgspec.Struct, frozen=True):
    """What the book would take of a position, now."""

    holding: Holding
    side: Side
    """Of the order that closes it."""

    limit: Ticks
    found: Plan


def reduce(turn: Turn, pool: Pool) -> None:
    """Close what restores a pool's margin, cheapest first, at most a step of each position."""
    if pool.is_by_verdict:
        _reduce_alike(turn, pool)
        return
    found = [(holding, offered(turn, pool, holding, step(holding))) for holding in pool.holdings]
    ranked = [(_merit(pool, offer), holding) for holding, offer in found if offer is not None]
    # A stable sort: of equals the lower instrument id goes first.
    for _, holding in sorted(ranked, key=_worst_merit_last):
        if not pool.is_under_water:
            return
        offer = _least(turn, pool, holding)
        if offer is not None:
            close(turn, pool.account, offer)
            _charge(turn, pool, offer)


def step(holding: Holding) -> int:
    """Return the lots of a position that a round may close."""
    return divide_up(abs(holding.size), STEP_DIVISOR)


def offered(turn: Turn, pool: Pool, holding: Holding, lots: int) -> Offer | None:
    """Return what the book offers for some lots of a position up to its bankruptcy price."""
    limit = bankruptcy_limit(pool, holding)
    return None if limit is None else find(turn, pool.account, holding, lots=lots, limit=limit)


def find(
    turn: Turn, account: Account, holding: Holding, *, lots: int, limit: Ticks
) -> Offer | None:
    """Return what the book offers for some lots of a position; None if nothing."""
    market, side = holding.market, _closing(holding)
    if refuse_closed(market, turn.time_ns) is not None:
        return None
    found = plan(market.book, side, limit, lots, room(turn.state, account, market, side))
    return Offer(holding, side, limit, found) if found.lots else None


def bankruptcy_limit(pool: Pool, holding: Holding) -> Ticks | None:
    """Return how far an order that closes a position may go; None if to no price at all.

    Closing all of it there would leave its owner, after the trading fee, with nothing.
    """
    market = holding.market
    contract, valuation = market.contract, market.valuation
    assert valuation is not None
    worth = holding.exit_value(holding.size)
    fee = contract.fee(
        abs(holding.size),
        abs(worth),
        pool.account.rates(market).taker_ppm,
        valuation.mark.underlying,
    )
    left = pool.units(contract.currency, pool.equity) - fee
    price = contract.price_of(holding.size, worth - max(left, 0))
    return within(holding, price)


def within(holding: Holding, price: PriceE8 | None) -> Ticks | None:
    """Return a closing order's limit: a price on the grid that is no worse, inside the band.

    Args:
        holding: What is closed.
        price: The worst; None for any. It may lie below zero.
    """
    market = holding.market
    contract, band = market.contract, market.band
    assert band is not None
    if holding.size > 0:
        if price is None:
            return band.lowest
        ticks = max(divide_up(price, contract.tick_e8), 1)
        return max(round_to_tick(market.instrument, Ticks(ticks), Side.SELL), band.lowest)
    if price is None:
        return band.highest
    ticks = divide_down(price, contract.tick_e8)
    if ticks < 1:
        return None
    return min(round_to_tick(market.instrument, Ticks(ticks), Side.BUY), band.highest)


def close(turn: Turn, account: Account, offer: Offer) -> None:
    """Take what the book offers, by an order of the venue in the owner's name."""
    market = offer.holding.market
    order = Order(
        order_id=OrderId(turn.state.next_order_id),
        account_id=account.account_id,
        instrument_id=market.instrument_id,
        side=offer.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price=offer.limit,
        amount=Lots(offer.found.lots),
        reduce_only=True,
        created_ns=turn.time_ns,
        updated_ns=turn.time_ns,
        is_liquidation=True,
    )
    turn.state.next_order_id += 1
    execute(turn, market, order, offer.found)
    turn.end(order, OrderState.FILLED)
    answer_ties(turn)


def liquidation_rate_ppm(instrument: Instrument) -> int:
    """Return what a liquidation costs beside the trading fee, in parts per million.

    Of the value of a future, and of the underlying of an option.
    """
    if instrument.is_option:
        return FEE_OPTIONS_PPM
    return FEES_PPM.get(instrument.base_currency, FEES_OTHER_PPM)


def liquidation_fee(offer: Offer) -> int:
    """Return what a liquidation costs beside the trading fee, in settlement units.

    It is rounded up match by match, as every fee.
    """
    market = offer.holding.market
    contract, mark = market.contract, market.mark
    assert mark is not None
    rate = liquidation_rate_ppm(market.instrument)
    fees = 0
    for match in offer.found.matches:
        assert match.maker.price is not None
        value = contract.value(match.lots, match.maker.price)
        fees += contract.fee(match.lots, value, rate, mark.underlying)
    return fees


def _charge(turn: Turn, pool: Pool, offer: Offer) -> None:
    """Let the owner pay for the liquidation into the insurance fund, out of what is left to him."""
    currency = offer.holding.market.contract.currency
    fee = min(liquidation_fee(offer), max(pool.units(currency, pool.equity), 0))
    about = About(instrument_id=offer.holding.market.instrument_id, note="liquidation_fee")
    reason, fund = TransactionType.LIQUIDATION, turn.state.fund
    transfer_cash(turn, pool.account, fund, currency, fee, reason=reason, about=about)
    turn.events.append(
        LiquidationFee(
            pool.account.account_id, offer.holding.market.instrument_id, currency, Units(fee)
        )
    )


def _reduce_alike(turn: Turn, pool: Pool) -> None:
    """Close the same part of every position, so that they go on hedging each other.

    A portfolio of nine tenths has nine tenths of the losses in every scenario, so the part that is
    lacking of the need is the part to be closed. What is needed after it, is told from outside.
    """
    if any(
        ledger.verdict is not None and ledger.verdict.basis != pool.account.changes
        for ledger in pool.ledgers.values()
    ):
        return  # The verdict was overtaken: the next round brings another.
    lacking, needed = pool.lacking, pool.maintenance
    for holding in pool.holdings:
        lots = min(divide_up(abs(holding.size) * lacking, needed), step(holding))
        offer = offered(turn, pool, holding, lots)
        if offer is not None:
            close(turn, pool.account, offer)
            _charge(turn, pool, offer)


def _merit(pool: Pool, offer: Offer) -> Fraction:
    """Return what taking an offer frees for each unit that it costs."""
    relief, cost = _effect(pool, offer)
    return Fraction(relief, max(cost, 1))


def _worst_merit_last(ranked: tuple[Fraction, Holding]) -> Fraction:
    return -ranked[0]


def _least(turn: Turn, pool: Pool, holding: Holding) -> Offer | None:
    """Return the smallest offer that restores a pool's margin, or all that a round may take."""
    most = offered(turn, pool, holding, step(holding))
    if most is None or _effect(pool, most)[0] < pool.lacking:
        return most
    few, enough = 0, most.found.lots
    while enough - few > 1:
        half = (few + enough) // 2
        offer = offered(turn, pool, holding, half)
        assert offer is not None
        if _effect(pool, offer)[0] < pool.lacking:
            few = half
        else:
            enough, most = half, offer
    return most


def _effect(pool: Pool, offer: Offer) -> tuple[int, int]:
    """Return by how much an offer brings funds and need together, and what equity it costs.

    Both in the unit of the pool.
    """
    holding = offer.holding
    market, contract = holding.market, holding.market.contract
    assert market.valuation is not None
    change, moved, fees, _ = outcome(pool.account, market, offer.side, offer.found)
    fees += liquidation_fee(offer)
    after = holding.size + change
    lost = fees - moved - (holding.exit_value(after) - holding.exit_value(holding.size))
    if contract.is_option:
        gained = moved - fees
        needed = market.valuation.margin(max(-after, 0))[1]
    else:
        gained = -lost
        needed = market.valuation.margin(abs(after))[1]
    relief = gained + holding.maintenance_margin - needed
    return pool.worth(contract.currency, relief), pool.worth(contract.currency, lost)


def _closing(holding: Holding) -> Side:
    return Side.SELL if holding.size > 0 else Side.BUY
