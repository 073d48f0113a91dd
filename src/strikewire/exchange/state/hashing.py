# cython: annotation_typing=False
"""The hash of a state: equal for equal states, on every machine, compiled or not.

It is that of everything alive, in an order that the state itself determines, and of the seal that
its archives would get now (`sealing`). What was only looked at leaves no trace.
"""

from hashlib import blake2b

import msgspec

from strikewire.exchange.commands import NO_LIMITS, MarginModel, SelfTrading
from strikewire.exchange.state.folding import Fold
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.sealing import digest
from strikewire.exchange.state.snapshot import dump_protection, head
from strikewire.exchange.state.state import Account, State

STATE_HASH_BYTES = 32

_encode = msgspec.msgpack.Encoder().encode


def state_hash(state: State) -> bytes:
    """Return the BLAKE2b hash of a state, `STATE_HASH_BYTES` long."""
    fold = Fold(blake2b(digest_size=STATE_HASH_BYTES), state.markets)
    fold.raw(head(state))
    fold.raw(digest(state))
    fold.number(len(state.markets))
    for instrument_id in sorted(state.markets):
        _say_market(fold, state.markets[instrument_id])
    fold.number(len(state.accounts))
    for account_id in sorted(state.accounts):
        _say_account(fold, state.accounts[account_id])
    return fold.digest()


def _say_market(fold: Fold, market: Market) -> None:
    fold.number(len(market.trades))
    fold.live(market.book.bids)
    fold.live(market.book.asks)


def _say_account(fold: Fold, account: Account) -> None:
    fold.number(account.account_id)
    fold.number(account.owner)
    fold.number(account.opened_ns)
    fold.number(account.changes)
    fold.number(account.transactions)
    fold.number(account.quotes_frozen_until_ns)
    fold.number(account.is_locked)
    fold.number(len(account.closed))
    fold.number(len(account.fills))
    fold.text(account.name)
    fold.raw(b"" if _is_plain(account) else _encode(_rare(account)))
    ledgers = [currency for currency, one in account.ledgers.items() if not one.is_empty]
    fold.number(len(ledgers))
    for currency in sorted(ledgers):
        fold.text(currency)
        _say_ledger(fold, account.ledgers[currency])


def _is_plain(account: Account) -> bool:
    """Say whether all that `_rare` tells is as it is in a new account."""
    return (
        account.margin_model is MarginModel.STANDARD
        and account.self_trading is SelfTrading.ALLOWED
        and not account.self_trading_extended
        and account.limits == NO_LIMITS
        and not account.fees
        and not account.conditional
        and not account.protections
    )


def _rare(account: Account) -> object:
    return (
        account.margin_model,
        account.self_trading,
        account.self_trading_extended,
        account.limits,
        [(*key, rates) for key, rates in sorted(account.fees.items())],
        [account.conditional[order_id] for order_id in sorted(account.conditional)],
        [dump_protection(account.protections[key]) for key in sorted(account.protections)],
    )


def _say_ledger(fold: Fold, ledger: Ledger) -> None:
    fold.number(ledger.balance)
    fold.number(ledger.session_rpl)
    fold.number(ledger.options_session_rpl)
    fold.number(ledger.session_funding)
    fold.number(ledger.fees_paid)
    fold.number(len(ledger.transactions))
    fold.raw(b"" if ledger.verdict is None else _encode(ledger.verdict))
    for instrument_id in sorted(ledger.holdings):
        _say_holding(fold, instrument_id, ledger.holdings[instrument_id])
    fold.number(0)


def _say_holding(fold: Fold, instrument_id: int, holding: Holding) -> None:
    """Say what a holding is and has paid, unless it was only looked at."""
    position = holding.position
    if not holding.funding_ms and position.is_blank:
        return
    fold.number(instrument_id)
    fold.number(position.size)
    fold.number(position.entry_value)
    fold.number(position.average_price)
    fold.number(position.realized)
    fold.number(position.funding)
    fold.number(holding.funding_ms)
    if holding.funding_ms:
        # It may have more than 64 bits.
        fold.text(str(holding.funding_paid))
