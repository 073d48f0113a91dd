"""The socialised loss: what the insurance fund lacks is paid by those who gained in the session.

Theory of operation. The fund's currencies stand alone, so it may be empty in one and rich in
another: whoever answered with dollars for a loss in coins leaves it just so. What it lacks in one
currency is taken from those who gained in it, each in proportion; what it has in others goes to
them for it, at the indices, as far as it reaches. Only the rest is a loss of theirs.

What one lost another gained, but for the fees: where all gains do not suffice the venue gives fees
back. What was gained and has left meanwhile (what an option brings is cash at once) nobody can be
asked for: so much the fund stays in debt, until trades bring fees or others gain. As long as nobody
could pay, no round is due for it.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from strikewire.exchange.commands import MarginModel
from strikewire.exchange.events import BankruptcyView, LossCompensated, LossSocialised
from strikewire.exchange.orders.paying import pay, transfer_cash
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.ledgers import Ledger
from strikewire.exchange.state.pools import pool_of
from strikewire.exchange.state.state import BANKRUPTCIES_MAX, State
from strikewire.exchange.state.transactions import TransactionType
from strikewire.model import AccountId, Units, divide_down


def socialise(turn: Turn, currency: str, deficit: int) -> None:
    """Let those who gained pay what the fund lacks in a currency, and note who paid for what.

    Args:
        turn: Of the round.
        currency: In which.
        deficit: What the fund paid in this round for accounts that went bankrupt; not negative.
    """
    state = turn.state
    lacking = max(-state.ledger(state.fund, currency).equity, 0)
    profits = dict(_profits(state, currency)) if lacking else {}
    total = sum(profits.values())
    paid = min(lacking, total)
    compensated = 0
    if paid:
        shares = shared(paid, profits)
        _collect(turn, currency, shares)
        turn.events.append(LossSocialised(currency, Units(lacking), Units(total), _rows(shares)))
        compensated = _compensate(turn, currency, shares)
    given = _give_fees(turn, currency, lacking - paid)
    if deficit or paid:
        kept = state.bankruptcies.setdefault(currency, deque(maxlen=BANKRUPTCIES_MAX))
        kept.append(
            BankruptcyView(
                currency=currency,
                time_ns=turn.time_ns,
                deficit=Units(deficit),
                funded=Units(min(deficit, max(deficit - lacking, 0) + compensated + given)),
                socialised=Units(paid - compensated),
                profits=Units(total),
            )
        )


def is_payable(state: State, currency: str) -> bool:
    """Say whether anybody could pay some of what the fund owes in a currency, if it does."""
    treasury = state.treasuries.get(currency)
    has_fees = treasury is not None and treasury.fees > 0
    return has_fees or next(_profits(state, currency), None) is not None


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


def _collect(turn: Turn, currency: str, shares: Mapping[AccountId, int]) -> None:
    """Take shares out of the profits of the session, into the fund."""
    state = turn.state
    for account_id, share in shares.items():
        account = state.accounts[account_id]
        # It becomes cash when the session is settled.
        account.ledger(currency).session_rpl -= share
        turn.touched.add_balance(account, currency)
    pay(turn, state.fund, currency, sum(shares.values()), TransactionType.SOCIALIZED)


def _give_fees(turn: Turn, currency: str, missing: int) -> int:
    """Let the venue pay what is still missing out of fees it has taken; return how much it paid."""
    given = min(missing, max(turn.state.treasury(currency).fees, 0))
    if given:
        pay(turn, turn.state.fund, currency, given, TransactionType.LIQUIDATION, fee=-given)
    return given


def _compensate(turn: Turn, currency: str, shares: Mapping[AccountId, int]) -> int:
    """Pay for shares in what the fund has of other currencies, as far as that reaches.

    Returns:
        What of the shares was paid for, in their currency, rounded down.
    """
    state = turn.state
    fund = pool_of(state, state.fund, currency, MarginModel.CROSS)
    claims = {key: fund.worth(currency, share) for key, share in shares.items()}
    claimed = sum(claims.values())
    for other, ledger in sorted(fund.ledgers.items()):
        wanted = {key: fund.units(other, claim) for key, claim in claims.items()}
        offered = min(ledger.balance, ledger.equity, sum(wanted.values()))
        if other == currency or offered <= 0:
            continue
        parts = shared(offered, {key: units for key, units in wanted.items() if units})
        for account_id, part in parts.items():
            claims[account_id] -= fund.worth(other, part)
            account, reason = state.accounts[account_id], TransactionType.SOCIALIZED
            transfer_cash(turn, state.fund, account, other, part, reason=reason)
        turn.events.append(LossCompensated(currency, other, _rows(parts)))
    return fund.units(currency, claimed - sum(claims.values()))


def _profits(state: State, currency: str) -> Iterator[tuple[AccountId, int]]:
    """Walk what accounts gained in the session and still have, by id."""
    for account_id in sorted(state.accounts):
        account = state.accounts[account_id]
        if account is state.fund or currency not in account.ledgers:
            continue
        gained = _gained(state.ledger(account, currency))
        if gained > 0:
            yield account_id, gained


def _gained(ledger: Ledger) -> int:
    return min(ledger.session_profit, ledger.equity)


def _rows(shares: Mapping[AccountId, int]) -> tuple[tuple[AccountId, Units], ...]:
    return tuple((account_id, Units(share)) for account_id, share in shares.items())
