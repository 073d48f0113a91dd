"""May this order come in? The plan of its trades, its limits, and whether its owner can pay.

Funds are judged on what will be, not on what was asked: the plan says exactly which fills there
will be, so their fees, their profit or loss against the mark, the margin of the position they
leave and the margin of what then waits in the book are all known before anything moves.
"""

import msgspec

from strikewire.exchange.commands import MarginModel, SelfTrading, Verdict
from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.orders.combo_admission import (
    Asked,
    affords_combo,
    affords_combo_verdict,
    reached,
)
from strikewire.exchange.orders.combo_admission import outcome as outcome_of_combo
from strikewire.exchange.orders.matching import Plan, Room, plan
from strikewire.exchange.orders.selftrade import chosen, own_orders
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.pools import available, by_verdict, cost_of_loss
from strikewire.exchange.state.state import Account, State
from strikewire.model import AccountId, PriceE8, Side, Ticks

OPEN_ORDERS_MAX = 10_000
"""Orders an account may have waiting in all books, unless a limit is set for it; one more is
rejected."""

OPEN_ORDERS_INSTRUMENT_MAX = 1_000
"""Orders an account may have waiting in one book, unless a limit is set for the instrument; one
more is rejected."""

POSITION_LOTS_MAX = 1_000_000_000
"""Lots a position may reach if all orders of one side fill; an order beyond is rejected."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """An order that wants to come in, new or edited."""

    side: Side
    limit: Ticks | None
    """The worst price it takes; None takes any."""

    lots: int
    """Wanted, without what an edited order has filled already."""

    waits: bool
    """Whether what is left over rests in the book."""

    all_or_nothing: bool
    reduce_only: bool
    freed: Order | None = None
    """The order in the book whose place this takes."""

    verdict: Verdict | None = None
    """What the account would need with it, where that is told from outside; for an order on spot in
    the currency that it pays in."""

    is_own_doing: bool = False
    """The exchange itself brings it in, so that nobody could judge it outside: its margin is
    counted the standard way, against the funds that the last verdict leaves."""


class Admission(msgspec.Struct, frozen=True):
    """An order may come in."""

    plan: Plan
    killed: bool
    """All or nothing, and not all could be had: it ends without a trade."""


def admit(state: State, account: Account, market: Market, intent: Intent) -> Admission | Rejected:
    """Decide over an order whose form is right. Nothing changes."""
    found = plan(
        market.book,
        intent.side,
        intent.limit,
        intent.lots,
        room(state, account, market, intent.side),
        own=own_orders(state, account),
    )
    if found.own and chosen(state, account)[0] is SelfTrading.REJECT_TAKER:
        return Rejected(Reject.ORDER_OVERLAP, "self_trade", "price")
    if intent.all_or_nothing and found.lots < intent.lots:
        return Admission(Plan((), (), 0), killed=True)
    waiting = intent.lots - found.lots if intent.waits else 0
    holding = account.find_holding(market) or Holding(market)
    asked = Asked(intent.side, intent.limit, waiting, intent.freed)
    refused = _refuse_beyond_limits(account, holding, intent, waiting)
    for leg in market.legs:
        if reached(account, leg, asked, intent.lots) > position_limit(account, leg.market):
            refused = refused or Rejected(Reject.POSITION_TOO_LARGE, "position_too_large", "amount")
    if refused is not None:
        return refused
    is_judged = account.margin_model is MarginModel.PORTFOLIO and not intent.is_own_doing
    if is_judged:
        refused = refuse_verdict(account, intent.verdict)
        if refused is not None:
            return refused
    if market.legs and is_judged:
        assert intent.verdict is not None
        done = outcome_of_combo(account, market, intent.side, found)
        affordable = affords_combo_verdict(state, account, market, intent.verdict, done)
    elif market.legs:
        affordable = affords_combo(state, account, market, asked, found, lots=intent.lots)
    elif market.contract.is_spot:
        affordable = _affords_spot(state, account, market, intent, found, waiting=waiting)
    elif is_judged:
        assert intent.verdict is not None
        lost = _lost(account, holding, intent.side, found)
        affordable = affords_verdict(state, account, market.contract.currency, intent.verdict, lost)
    else:
        affordable = _affords(state, account, holding, intent, found, waiting=waiting)
    if not affordable:
        return Rejected(Reject.NOT_ENOUGH_FUNDS, "not_enough_funds", "amount")
    return Admission(found, killed=False)


def _refuse_beyond_limits(
    account: Account, holding: Holding, intent: Intent, waiting: int
) -> Rejected | None:
    if waiting and intent.freed is None:
        in_all, in_book = account.limits.open_orders_max, holding.market.limits.open_orders_max
        if account.open_orders >= (OPEN_ORDERS_MAX if in_all is None else in_all):
            return Rejected(Reject.TOO_MANY_ORDERS, "max_open_orders_per_account")
        if len(holding.queue) >= (OPEN_ORDERS_INSTRUMENT_MAX if in_book is None else in_book):
            return Rejected(Reject.TOO_MANY_ORDERS, "max_open_orders_per_instrument")
    freed = intent.freed.remaining if intent.freed else 0
    reached = intent.side * holding.size + holding.open_lots(intent.side) - freed + intent.lots
    if reached > position_limit(account, holding.market):
        return Rejected(Reject.POSITION_TOO_LARGE, "position_too_large", "amount")
    return None


def position_limit(account: Account, market: Market) -> int:
    """Return how many lots an account may hold of an instrument: the lowest limit that is set."""
    chosen = (account.limits.position_lots_max, market.limits.position_lots_max)
    return min((one for one in chosen if one is not None), default=POSITION_LOTS_MAX)


def _affords(
    state: State, account: Account, holding: Holding, intent: Intent, found: Plan, *, waiting: int
) -> bool:
    """Say whether margin allows an order in a future or an option."""
    side, market = intent.side, holding.market
    freed = intent.freed.remaining if intent.freed else 0
    opposing = holding.open_lots(side) - freed + intent.lots
    if intent.reduce_only or opposing <= holding.reducible(side):
        # What can only make the position smaller is always allowed.
        return True
    currency = market.contract.currency
    state.ledger(account, currency)
    size, moved, fees, own = outcome(account, market, intent.side, found)
    lots = {
        side: holding.open_lots(side) - freed + waiting,
        side.opposite: holding.open_lots(side.opposite) - own,
    }
    reserve = holding.buy_reserve
    for order in found.own:
        if order.account_id == account.account_id:
            lots[side.opposite] -= order.remaining
            if market.contract.is_option and side is Side.SELL:
                reserve -= _premium(market, order.remaining, order.price)
    if market.contract.is_option and side is Side.BUY:
        reserve += _premium(market, waiting, intent.limit)
        if intent.freed is not None:
            reserve -= _premium(market, freed, intent.freed.price)
    after = holding.required(holding.size + size, lots[Side.BUY], lots[Side.SELL], reserve)
    lost = fees - moved
    if market.instrument.is_future:
        lost -= holding.exit_value(holding.size + size) - holding.exit_value(holding.size)
    cost = after - holding.initial_margin + cost_of_loss(state, account, currency, lost)
    # Who is under water may still do what does not make it worse.
    return cost <= 0 or cost <= available(state, account, currency)


def refuse_verdict(account: Account, verdict: Verdict | None) -> Rejected | None:
    """Refuse what was not judged at all, or was judged before the account last changed."""
    if verdict is None:
        return Rejected(Reject.RETRY, "no_margin_verdict")
    if verdict.basis != account.changes:
        reason = f"margin_verdict_of_{verdict.basis}_at_{account.changes}"
        return Rejected(Reject.RETRY, reason)
    if min(verdict.initial, verdict.maintenance) < 0:
        return Rejected(Reject.INVALID_ARGUMENTS, "negative_margin_verdict")
    return None


def hold_to(account: Account, currency: str, verdict: Verdict | None) -> None:
    """Let what something was judged by be what the account needs from now on."""
    if account.margin_model is MarginModel.PORTFOLIO and verdict is not None:
        account.ledger(currency).verdict = verdict


def affords_verdict(
    state: State, account: Account, currency: str, verdict: Verdict, lost: int
) -> bool:
    """Say whether an account can hold what its verdict says that it would need.

    There is no exception for what makes a position smaller: it may have been the hedge of another.

    Args:
        state: With the marks.
        account: With portfolio margin.
        currency: Of the verdict.
        verdict: Sound, and of now.
        lost: What the order would lose at once, against the mark and in fees.
    """
    ledger = state.ledger(account, currency)
    cost = verdict.initial - ledger.initial_required + lost
    # Who is under water may still do what does not make it worse.
    return cost <= 0 or cost <= ledger.available_funds


def _lost(account: Account, holding: Holding, side: Side, found: Plan) -> int:
    """Return what a plan would lose its taker at once, against the mark and in fees."""
    size, moved, fees, _ = outcome(account, holding.market, side, found)
    return fees - moved - holding.exit_value(holding.size + size) + holding.exit_value(holding.size)


def outcome(account: Account, market: Market, side: Side, found: Plan) -> tuple[int, int, int, int]:
    """Return what a plan would bring its taker.

    Returns:
        Change of the position in lots; cash moved by the fills, with the sign of an entry
        value; fees; lots of the account's own orders among those matched, which leave the
        position as it is.
    """
    contract, rates = market.contract, account.rates(market)
    underlying = market.mark.underlying if market.mark else PriceE8(0)
    size, moved, fees, own = 0, 0, 0, 0
    for match in found.matches:
        assert match.maker.price is not None
        value = contract.value(match.lots, match.maker.price)
        fees += contract.fee(match.lots, value, rates.taker_ppm, underlying)
        if match.maker.account_id == account.account_id:
            fees += contract.fee(match.lots, value, rates.maker_ppm, underlying)
            own += match.lots
        else:
            size += side * match.lots
            moved += contract.entry(side, value)
    return size, moved, fees, own


def _affords_spot(
    state: State, account: Account, market: Market, intent: Intent, found: Plan, *, waiting: int
) -> bool:
    """Say whether an order on spot can be paid out of what lies free in the balance."""
    contract, rates = market.contract, account.rates(market)
    cost = 0
    for match in found.matches:
        assert match.maker.price is not None
        cost += contract.spot_cost(intent.side, match.lots, match.maker.price, rates)[1]
    if waiting:
        assert intent.limit is not None
        cost += contract.spot_cost(intent.side, waiting, intent.limit, rates)[1]
    if intent.freed is not None:
        assert intent.freed.price is not None
        freed = intent.freed
        cost -= contract.spot_cost(intent.side, freed.remaining, intent.freed.price, rates)[1]
    currency = paid_in(market, intent.side)
    ledger = state.ledger(account, currency)
    is_judged = account.margin_model is MarginModel.PORTFOLIO and not intent.is_own_doing
    with by_verdict([ledger] if is_judged else [], intent.verdict):
        free = min(available(state, account, currency), ledger.balance - ledger.spot_reserve)
    return cost <= 0 or cost <= free


def paid_in(market: Market, side: Side) -> str:
    """Return the currency that an order takes margin from, or on spot cash."""
    is_sale = market.contract.is_spot and side is Side.SELL
    return market.instrument.base_currency if is_sale else market.contract.currency


def _premium(market: Market, lots: int, price: Ticks | None) -> int:
    return 0 if price is None else market.contract.value_up(lots, price)


def room(state: State, account: Account, market: Market, side: Side) -> Room | None:
    """Return what limits the waiting orders on the way of an incoming one, if anything does."""
    if market.contract.is_spot:
        return _spot_room(state, market)
    if market.book.reduce_only:
        return _reducing_room(state, account, market, side)
    return None


def _reducing_room(state: State, taker: Account, market: Market, side: Side) -> Room:
    """Follow positions through the fills: an order that only reduces stops where one is flat."""
    moved: dict[AccountId, int] = {}

    def room(maker: Order, lots: int) -> int:
        if maker.reduce_only:
            holding = state.accounts[maker.account_id].holding(market)
            size = holding.size + moved.get(maker.account_id, 0)
            lots = min(lots, max(-maker.side * size, 0))
        moved[maker.account_id] = moved.get(maker.account_id, 0) + maker.side * lots
        moved[taker.account_id] = moved.get(taker.account_id, 0) + side * lots
        return lots

    return room


def _spot_room(state: State, market: Market) -> Room:
    """Follow balances through the fills: no trade takes one below zero.

    What an order needs was set aside when it came in, but a loss elsewhere may have eaten it.
    """
    spent: dict[tuple[AccountId, str], int] = {}

    def room(maker: Order, lots: int) -> int:
        assert maker.price is not None
        account = state.accounts[maker.account_id]
        rates = account.rates(market)
        currency, cost = market.contract.spot_cost(maker.side, lots, maker.price, rates)
        payer = (maker.account_id, currency)
        balance = account.ledger(currency).balance
        if cost > balance - spent.get(payer, 0):
            return 0
        spent[payer] = spent.get(payer, 0) + cost
        return lots

    return room
