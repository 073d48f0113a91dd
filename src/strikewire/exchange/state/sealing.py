# cython: annotation_typing=False
"""How archives count in the hash of a state, although nobody looks at all that is in them.

What has ended stays to be looked up and never changes, and there is ever more of it. So a state
carries a *seal*: a digest of everything that its archives were given until they were sealed last.
The hash takes the seal that the archives would get now, and the command that writes down a hash,
`NoteState`, seals them anew. The seal, and what has come since, are part of the state and of its
snapshots, and commands alone move them: whoever carries out the same commands has the same seal.

What an archive forgets before it was ever sealed is not in the seal; when that happens is decided
by commands, too.
"""

from hashlib import blake2b

from strikewire.exchange.state.folding import Fold
from strikewire.exchange.state.ledgers import Ledger
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account, State

SEAL_BYTES = 32

# What begins what is new in an archive.
CLOSED = 1
FILLS = 2
PAYMENTS = 3
TRADES = 4


def digest(state: State) -> bytes:
    """Return the seal that the archives of a state would get now."""
    news = _unsealed(state)
    if not news:
        return state.seal
    if state.reached is None or state.reached[0] != news:
        state.reached = (news, _sealed(state))
    return state.reached[1]


def seal(state: State) -> None:
    """Seal the archives of a state."""
    state.seal, state.reached = digest(state), None
    for account in state.accounts.values():
        _unseal_account(account)
    for market in state.markets.values():
        market.trades.unsealed = 0


def _unsealed(state: State) -> int:
    """Count what has come since the last seal: archives are only ever added to."""
    accounts = sum([_account_news(account) for account in state.accounts.values()])
    return accounts + sum([market.trades.unsealed for market in state.markets.values()])


def _account_news(account: Account) -> int:
    news: int = account.closed.unsealed + account.fills.unsealed
    for ledger in account.ledgers.values():
        news += _ledger_news(ledger)
    return news


def _ledger_news(ledger: Ledger) -> int:
    return ledger.transactions.unsealed


def _unseal_account(account: Account) -> None:
    account.closed.unsealed = account.fills.unsealed = 0
    for ledger in account.ledgers.values():
        ledger.transactions.unsealed = 0


def _sealed(state: State) -> bytes:
    """Return the digest of the last seal and of what has come since."""
    fold = Fold(blake2b(digest_size=SEAL_BYTES), state.markets)
    fold.raw(state.seal)
    for account_id in sorted(state.accounts):
        _say_account(fold, state.accounts[account_id])
    for instrument_id in sorted(state.markets):
        _say_market(fold, state.markets[instrument_id])
    return fold.digest()


def _say_account(fold: Fold, account: Account) -> None:
    if account.closed.unsealed:
        fold.number(CLOSED)
        fold.number(account.account_id)
        fold.closed(account.closed)
    if account.fills.unsealed:
        fold.number(FILLS)
        fold.number(account.account_id)
        fold.fills(account.fills)
    for currency in sorted(account.ledgers):
        _say_ledger(fold, account.account_id, currency, account.ledgers[currency])


def _say_ledger(fold: Fold, account_id: int, currency: str, ledger: Ledger) -> None:
    if ledger.transactions.unsealed:
        fold.number(PAYMENTS)
        fold.number(account_id)
        fold.text(currency)
        fold.payments(ledger.transactions)


def _say_market(fold: Fold, market: Market) -> None:
    if market.trades.unsealed:
        fold.number(TRADES)
        fold.number(market.instrument_id)
        fold.trades(market.trades)
