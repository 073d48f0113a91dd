"""Block trades: agreed between two accounts outside of the books, and cleared here.

Theory of operation. Two accounts have agreed on some legs, each an instrument, an amount and a
price. The maker's side of each leg is written down, the taker's is the other one. Nothing of it
touches a book: the legs become trades at their own prices, all or none, and both accounts must be
able to carry all that they hold then.

Somebody else has made sure that both agreed (see `gateway.blocks`). What the exchange makes sure
of is that an agreement is carried out once: it remembers maker, taker, time and nonce for as long
as the agreement is valid, counted from the time that the two wrote into it.

Source: Deribit, block trades: minimum sizes, tick sizes, API flow.
"""

from collections.abc import Sequence

from strikewire.exchange.commands import (
    BlockLeg,
    ExecuteBlockTrade,
    MarginModel,
    OrderType,
    TimeInForce,
    Verdict,
)
from strikewire.exchange.events import OrderState, Reject, Rejected
from strikewire.exchange.orders.admission import position_limit, refuse_verdict
from strikewire.exchange.orders.checks import (
    find_account,
    find_market,
    refuse_amount,
    refuse_closed,
    refuse_locked,
    refuse_outside,
)
from strikewire.exchange.orders.clearing import Block, trade
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.orders import Order
from strikewire.exchange.state.pools import available, cost_of_loss
from strikewire.exchange.state.state import Account, Agreement, State
from strikewire.model import (
    NS_PER_MS,
    PRICE_TICKS_MAX,
    AccountId,
    BlockTradeId,
    Instrument,
    Lots,
    PriceE8,
    Side,
    Ticks,
    Units,
    block_min_lots,
    divide_up,
)

BLOCK_VALID_MS = 300_000
"""How long an agreement holds: five minutes, either way of the time written into it."""

BLOCK_LEGS_MAX = 20
"""Legs of a block trade; one more and it is rejected."""

BLOCK_NONCE_LENGTH_MAX = 64
"""Characters of the word that tells one agreement from another; a longer one is rejected."""

AGREEMENTS_MAX = 100_000
"""Agreements carried out that are remembered while they are valid; one more is rejected."""


def execute_block_trade(turn: Turn, command: ExecuteBlockTrade) -> Rejected | None:
    """Carry out what two accounts have agreed on, or refuse it."""
    refused = _refuse_agreement(turn, command)
    if refused is not None:
        return refused
    state = turn.state
    maker, taker = state.accounts[command.maker_id], state.accounts[command.taker_id]
    refused = (
        refuse_legs(state, turn.time_ns, command.legs)
        or refuse_party(state, maker, command.legs, is_maker=True, verdict=command.maker_verdict)
        or refuse_party(state, taker, command.legs, is_maker=False, verdict=command.taker_verdict)
    )
    if refused is not None:
        return refused

    _remember(turn, _agreement(command))
    block = Block(BlockTradeId(state.next_block_trade_id), len(command.legs))
    state.next_block_trade_id += 1
    for leg in command.legs:
        _trade_leg(turn, maker, taker, leg, block)
    for account, verdict in ((maker, command.maker_verdict), (taker, command.taker_verdict)):
        if account.margin_model is MarginModel.PORTFOLIO:
            market = state.markets[command.legs[0].instrument_id]
            account.ledger(market.contract.currency).verdict = verdict
    return None


def refuse_proposal(
    state: State,
    time_ns: int,
    account_id: AccountId,
    legs: Sequence[BlockLeg],
    *,
    is_maker: bool,
    verdict: Verdict | None,
) -> Rejected | None:
    """Refuse what one account alone could not agree to now; nothing changes.

    Args:
        state: As it is.
        time_ns: Now.
        account_id: Who asks.
        legs: With the maker's sides.
        is_maker: Whether the account is the maker.
        verdict: As of `ExecuteBlockTrade`.
    """
    account = find_account(state, account_id)
    if isinstance(account, Rejected):
        return account
    return (
        refuse_locked(account)
        or refuse_legs(state, time_ns, legs)
        or refuse_party(state, account, legs, is_maker=is_maker, verdict=verdict)
    )


def refuse_legs(state: State, time_ns: int, legs: Sequence[BlockLeg]) -> Rejected | None:
    """Refuse legs that are no block trade, whoever would make it."""
    if not 0 < len(legs) <= BLOCK_LEGS_MAX:
        reason = f"{len(legs)} against {BLOCK_LEGS_MAX} legs"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "trades")
    if len({leg.instrument_id for leg in legs}) < len(legs):
        return Rejected(Reject.INVALID_ARGUMENTS, "instrument_twice", "trades")
    currencies, is_large = set(), False
    for leg in legs:
        market = find_market(state, leg.instrument_id)
        if isinstance(market, Rejected):
            return market
        refused = _refuse_leg(market, leg, time_ns)
        if refused is not None:
            return refused
        currencies.add(market.contract.currency)
        least = block_min_lots(market.instrument)
        is_large = is_large or (least is not None and leg.amount >= least)
    if len(currencies) > 1:
        return Rejected(Reject.INVALID_ARGUMENTS, "legs_of_two_currencies", "trades")
    if not is_large:
        return Rejected(Reject.INVALID_AMOUNT, "below_block_minimum", "amount")
    return None


def refuse_party(
    state: State,
    account: Account,
    legs: Sequence[BlockLeg],
    *,
    is_maker: bool,
    verdict: Verdict | None,
) -> Rejected | None:
    """Refuse what one side of a block trade may not hold, or cannot carry."""
    sides = [leg.side if is_maker else leg.side.opposite for leg in legs]
    markets = [state.markets[leg.instrument_id] for leg in legs]
    for leg, side, market in zip(legs, sides, markets, strict=True):
        holding = account.find_holding(market) or Holding(market)
        reached = side * holding.size + holding.open_lots(side) + leg.amount
        if reached > position_limit(account, market):
            return Rejected(Reject.POSITION_TOO_LARGE, "position_too_large", "amount")
    is_judged = account.margin_model is MarginModel.PORTFOLIO
    refused = refuse_verdict(account, verdict) if is_judged else None
    if refused is not None:
        return refused
    if not _affords(state, account, legs, sides, verdict if is_judged else None):
        return Rejected(Reject.NOT_ENOUGH_FUNDS, "not_enough_funds", "amount")
    return None


def block_fee_ppm(instrument: Instrument, taker_ppm: int | None = None) -> int:
    """Return what each side pays for a leg, in parts per million; a rebate is negative.

    For options what a taker pays, for futures half of that, rounded up.

    Args:
        instrument: Of the leg.
        taker_ppm: The account's own rate; None for that of the instrument.

    Source: Deribit API v2, `block_trade_commission` of instruments.
    """
    rate_ppm = instrument.taker_fee_ppm if taker_ppm is None else taker_ppm
    return rate_ppm if instrument.is_option else divide_up(rate_ppm, 2)


def _refuse_agreement(turn: Turn, command: ExecuteBlockTrade) -> Rejected | None:
    """Refuse for what can be said about the two who agreed, and when they did."""
    state, now_ms = turn.state, turn.time_ns // NS_PER_MS
    if now_ms - command.agreed_ms >= BLOCK_VALID_MS:
        reason = f"{now_ms} against {command.agreed_ms + BLOCK_VALID_MS}"
        return Rejected(Reject.TIMED_OUT, reason, "timestamp")
    if command.agreed_ms - now_ms >= BLOCK_VALID_MS:
        return Rejected(Reject.INVALID_ARGUMENTS, "agreed_in_the_future", "timestamp")
    if len(command.nonce) > BLOCK_NONCE_LENGTH_MAX:
        reason = f"{len(command.nonce)} against {BLOCK_NONCE_LENGTH_MAX} characters"
        return Rejected(Reject.INVALID_ARGUMENTS, reason, "nonce")
    maker, taker = find_account(state, command.maker_id), find_account(state, command.taker_id)
    if isinstance(maker, Rejected) or isinstance(taker, Rejected):
        return maker if isinstance(maker, Rejected) else taker  # type: ignore[return-value]  # one is
    if maker is taker:
        return Rejected(Reject.INVALID_ARGUMENTS, "same_account")
    if _agreement(command) in state.agreements:
        return Rejected(Reject.OTHER_REJECT, "block_trade_executed", "nonce")
    if len(state.agreements) >= AGREEMENTS_MAX and not _stale(turn):
        return Rejected(Reject.OTHER_REJECT, "max_block_trades")
    return refuse_locked(maker) or refuse_locked(taker)


def _refuse_leg(market: Market, leg: BlockLeg, time_ns: int) -> Rejected | None:
    """Refuse one leg for what can be seen on it and its instrument."""
    refused = refuse_closed(market, time_ns)
    if refused is not None:
        return refused
    if block_min_lots(market.instrument) is None:
        return Rejected(Reject.INVALID_ARGUMENTS, "no_block_trades", "instrument_id")
    refused = refuse_amount(leg.amount)
    if refused is not None:
        return refused
    # The block's tick is the base tick, at every price: no coarser step is asked for.
    if not 0 < leg.price <= PRICE_TICKS_MAX:
        limit = 1 if leg.price <= 0 else PRICE_TICKS_MAX
        return Rejected(Reject.INVALID_PRICE, f"{leg.price} against {limit} ticks", "price")
    if market.mark is None:
        return Rejected(Reject.RETRY, "no_mark_price", "instrument_id")
    # Nobody sees the other offers, so both sides are held to both ends of the band.
    return refuse_outside(market.band, Side.BUY, leg.price) or refuse_outside(
        market.band, Side.SELL, leg.price
    )


def _affords(
    state: State,
    account: Account,
    legs: Sequence[BlockLeg],
    sides: Sequence[Side],
    verdict: Verdict | None,
) -> bool:
    """Say whether an account can carry what it holds with all legs of a block trade.

    Args:
        state: As it is.
        account: Whose margin.
        legs: All in one currency.
        sides: Of the account, for each leg.
        verdict: With portfolio margin: what it would need.
    """
    currency = state.markets[legs[0].instrument_id].contract.currency
    ledger = state.ledger(account, currency)
    required = lost = 0
    for leg, side in zip(legs, sides, strict=True):
        market = state.markets[leg.instrument_id]
        holding, contract = account.find_holding(market) or Holding(market), market.contract
        size = holding.size + side * leg.amount
        lost += _fee(account, market, leg) - contract.entry(
            side, contract.value(leg.amount, leg.price)
        )
        if verdict is not None or market.instrument.is_future:
            lost -= holding.exit_value(size) - holding.exit_value(holding.size)
        buying, selling = holding.buy_lots, holding.sell_lots
        required += holding.required(size, buying, selling, holding.buy_reserve)
        required -= holding.initial_margin
    if verdict is not None:
        required = verdict.initial - ledger.initial_required
    cost = required + cost_of_loss(state, account, currency, lost)
    # Who is under water may still do what does not make it worse.
    return cost <= 0 or cost <= available(state, account, currency)


def _fee(account: Account, market: Market, leg: BlockLeg) -> Units:
    """Return what an account pays for a leg."""
    contract = market.contract
    underlying = market.mark.underlying if market.mark else PriceE8(0)
    rate_ppm = block_fee_ppm(market.instrument, account.rates(market).taker_ppm)
    return contract.fee(leg.amount, contract.value(leg.amount, leg.price), rate_ppm, underlying)


def _trade_leg(turn: Turn, maker: Account, taker: Account, leg: BlockLeg, block: Block) -> None:
    """Let two orders trade all they want with each other, outside of the book.

    The public sees the trade; the last price, and who waits for it, do not.
    """
    market = turn.state.markets[leg.instrument_id]
    price, lots = Ticks(leg.price), Lots(leg.amount)
    orders = [
        Order(
            order_id=turn.state.take_order_id(),
            account_id=account.account_id,
            instrument_id=leg.instrument_id,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.FOK,
            price=price,
            amount=lots,
            created_ns=turn.time_ns,
            updated_ns=turn.time_ns,
        )
        for account, side in ((maker, leg.side), (taker, leg.side.opposite))
    ]
    for order in orders:
        order.filled, order.filled_value = lots, lots * price
    market.trade_seq += 1
    trade(
        turn,
        market,
        (orders[0], orders[1]),
        price=price,
        lots=lots,
        value=market.contract.value(lots, price),
        fees=(_fee(maker, market, leg), _fee(taker, market, leg)),
        block=block,
    )
    for order in orders:
        turn.end(order, OrderState.FILLED)


def _agreement(command: ExecuteBlockTrade) -> Agreement:
    return Agreement(command.agreed_ms, command.nonce, command.maker_id, command.taker_id)


def _stale(turn: Turn) -> list[Agreement]:
    """Return the agreements that could not be carried out any more, and need no memory."""
    oldest_ms = turn.time_ns // NS_PER_MS - BLOCK_VALID_MS
    return [one for one in turn.state.agreements if one.agreed_ms <= oldest_ms]


def _remember(turn: Turn, agreement: Agreement) -> None:
    for one in _stale(turn):
        del turn.state.agreements[one]
    turn.state.agreements[agreement] = None
