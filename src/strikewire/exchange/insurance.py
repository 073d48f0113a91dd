"""The insurance fund: it takes over whoever has nothing left, and works off what it took.

Theory of operation. The fund is an account of the venue. An account whose equity is used up hands
it all positions at their marks, and with them the debt that is left: together that is the
bankruptcy price. The fund reduces what it holds step by step, near the mark. When its own equity is
used up, those who gained in the session pay what it lacks, each in proportion: the socialised loss.
"""

from collections import deque
from collections.abc import Mapping

from strikewire.exchange.clearing import PPM
from strikewire.exchange.commands import Verdict
from strikewire.exchange.events import Bankruptcy, BankruptcyView, LossSocialised
from strikewire.exchange.execution import Turn
from strikewire.exchange.ledgers import Holding, Ledger
from strikewire.exchange.pools import Pool
from strikewire.exchange.reducing import close, find, step, within
from strikewire.exchange.state import BANKRUPTCIES_MAX, Account
from strikewire.exchange.transactions import About, TransactionType
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    PriceE8,
    Side,
    Ticks,
    Units,
    divide_down,
    divide_half_even,
    divide_up,
)

PATIENCE_FUTURES_PPM = 20_000
"""The fund closes futures no further than 2 % from the mark..."""

PATIENCE_OPTIONS_PPM = 250_000
"""... and options no further than a quarter of it."""


def take_over(turn: Turn, pool: Pool) -> None:
    """Let the insurance fund have all that an account holds in a pool, and owes."""
    taken: dict[str, list[tuple[InstrumentId, int, Units]]] = {}
    for holding in pool.holdings:
        row = (holding.market.instrument_id, holding.size, Units(holding.exit_value(holding.size)))
        taken.setdefault(holding.market.contract.currency, []).append(row)
        _hand_over(turn, pool.account, holding)
    turn.revalue()
    for currency, ledger in sorted(pool.ledgers.items()):
        deficit = -ledger.equity
        turn.transfer(turn.state.fund, pool.account, currency, deficit, TransactionType.LIQUIDATION)
        if ledger.verdict is not None:
            ledger.verdict = Verdict(pool.account.changes, Units(0), Units(0))
        rows = tuple(taken.get(currency, ()))
        turn.events.append(Bankruptcy(pool.account.account_id, currency, Units(deficit), rows))


def work_off(turn: Turn) -> None:
    """Let the fund close a step of everything it holds, as far as the book offers near the mark."""
    fund = turn.state.fund
    for currency in sorted(fund.ledgers):
        holdings = turn.state.ledger(fund, currency).holdings
        for instrument_id in sorted(holdings):
            holding = holdings[instrument_id]
            limit = _patience(holding) if holding.size else None
            if limit is None:
                continue
            offer = find(turn, fund, holding, lots=step(holding), limit=limit)
            if offer is not None:
                close(turn, fund, offer)


def socialise(turn: Turn, currency: str, deficit: int) -> None:
    """Let those who gained pay what the fund lacks in a currency, and note who paid for what.

    Args:
        turn: Of the round.
        currency: In which.
        deficit: What the fund paid in this round for accounts that went bankrupt; not negative.
    """
    state = turn.state
    lacking = max(-state.ledger(state.fund, currency).equity, 0)
    profits = {} if lacking == 0 else _profits(turn, currency)
    total = sum(profits.values())
    paid = min(lacking, total)
    if paid:
        shares = shared(paid, profits)
        for account_id, share in shares.items():
            account = state.accounts[account_id]
            # Out of the session's profit: it becomes cash when the session is settled.
            account.ledger(currency).session_rpl -= share
            turn.balance_changed(account, currency)
        turn.pay(state.fund, currency, paid, TransactionType.SOCIALIZED)
        turn.events.append(
            LossSocialised(
                currency,
                Units(lacking),
                Units(total),
                tuple((account_id, Units(share)) for account_id, share in shares.items()),
            )
        )
    if deficit or paid:
        kept = state.bankruptcies.setdefault(currency, deque(maxlen=BANKRUPTCIES_MAX))
        kept.append(
            BankruptcyView(
                currency=currency,
                time_ns=turn.time_ns,
                deficit=Units(deficit),
                funded=Units(max(deficit - lacking, 0)),
                socialised=Units(paid),
                profits=Units(total),
            )
        )


def shared(amount: int, weights: Mapping[AccountId, int]) -> dict[AccountId, int]:
    """Split an amount in proportion, to the last unit.

    Each share is rounded down; the units that are left over go to the largest fractions, of equals
    to the lower id.

    Args:
        amount: Not negative, at most the sum of the weights.
        weights: Positive.

    Returns:
        Shares by account, in the order of their ids; together the amount, none above its weight.
    """
    total = sum(weights.values())
    assert 0 <= amount <= total
    shares = {key: divide_down(amount * weights[key], total) for key in sorted(weights)}
    fractions = {key: amount * weights[key] % total for key in shares}
    over = amount - sum(shares.values())
    for key in sorted(shares, key=lambda key: (-fractions[key], key))[:over]:
        shares[key] += 1
    return shares


def _hand_over(turn: Turn, account: Account, holding: Holding) -> None:
    """Move a position to the fund at its mark, to the unit of what it is worth there."""
    market = holding.market
    assert market.mark is not None
    side = Side.SELL if holding.size > 0 else Side.BUY
    lots, value = abs(holding.size), abs(holding.exit_value(holding.size))
    price = Ticks(max(divide_half_even(market.mark.price, market.contract.tick_e8), 1))
    fund = turn.state.fund
    cash, _ = turn.move(account, market, side, lots=lots, price=price, value=value)
    turn.move(fund, market, side.opposite, lots=lots, price=price, value=value)
    if cash:
        about = About(instrument_id=market.instrument_id, lots=Lots(lots), price=market.mark.price)
        reason = TransactionType.LIQUIDATION
        turn.transfer(fund, account, market.contract.currency, cash, reason, about=about)


def _patience(holding: Holding) -> Ticks | None:
    market = holding.market
    assert market.mark is not None
    ppm = PATIENCE_OPTIONS_PPM if market.contract.is_option else PATIENCE_FUTURES_PPM
    if holding.size > 0:
        price = divide_up(market.mark.price * (PPM - ppm), PPM)
    else:
        price = divide_down(market.mark.price * (PPM + ppm), PPM)
    return within(holding, PriceE8(price))


def _profits(turn: Turn, currency: str) -> dict[AccountId, int]:
    """Return what accounts gained in the session and still have, by id."""
    found = {}
    for account_id in sorted(turn.state.accounts):
        account = turn.state.accounts[account_id]
        if account is turn.state.fund or currency not in account.ledgers:
            continue
        gained = _gained(turn.state.ledger(account, currency))
        if gained > 0:
            found[account_id] = gained
    return found


def _gained(ledger: Ledger) -> int:
    return min(ledger.session_profit, ledger.equity)
