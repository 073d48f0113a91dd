"""Which model counts an account's margin, and what portfolio margin needs, as it is told."""

from collections.abc import Iterable

from strikewire.exchange.commands import ChangeMarginModel, MarginModel, SetVerdicts, Verdict
from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.orders.admission import refuse_verdict
from strikewire.exchange.orders.checks import find_account, refuse_locked
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.pools import available, by_verdict, pool_of, without_verdicts
from strikewire.exchange.state.state import Account, State
from strikewire.model import CURRENCIES, AccountId, Units


def change_margin_model(turn: Turn, command: ChangeMarginModel) -> Rejected | None:
    """Count an account's margin another way, if it could afford that."""
    account = find_account(turn.state, command.account_id)
    if isinstance(account, Rejected):
        return account
    refused = refuse_locked(account)
    if refused is not None:
        return refused
    verdicts = dict(command.verdicts)
    is_portfolio = command.model is MarginModel.PORTFOLIO
    if verdicts and not is_portfolio:
        return Rejected(Reject.INVALID_ARGUMENTS, "verdicts_for_standard_margin", "verdicts")
    for currency, verdict in verdicts.items():
        if currency not in CURRENCIES:
            return Rejected(Reject.INVALID_ARGUMENTS, "unknown_currency", "verdicts")
        refused = refuse_verdict(account, verdict)
        if refused is not None:
            return refused
    missing = [name for name in _in_use(account) if is_portfolio and name not in verdicts]
    if missing:
        return Rejected(Reject.INVALID_ARGUMENTS, f"no_verdict_for_{missing[0]}", "verdicts")
    # Not those ledgers that were only looked at: what is told must not depend on that.
    kept = {currency for currency, ledger in account.ledgers.items() if not ledger.is_empty}
    currencies = sorted(kept | verdicts.keys())
    refused = (
        _refuse_cross(turn.state, account, currencies)
        if command.model is MarginModel.CROSS
        else _refuse_segregated(turn.state, account, {n: verdicts.get(n) for n in currencies})
    )
    if refused is not None:
        return refused

    account.margin_model = command.model
    for currency in currencies:
        account.ledger(currency).verdict = verdicts.get(currency)
        turn.touched.add_balance(account, currency)
    return None


def set_verdicts(turn: Turn, command: SetVerdicts) -> Rejected | None:
    """Take over what accounts need now; what was overtaken is passed over."""
    take_verdicts(turn, command.verdicts)
    return None


def take_verdicts(turn: Turn, verdicts: Iterable[tuple[AccountId, str, Verdict]]) -> None:
    """Take over what accounts need now; what was overtaken is passed over."""
    for account_id, currency, verdict in verdicts:
        account = turn.state.accounts.get(account_id)
        if account is None or account.margin_model is not MarginModel.PORTFOLIO:
            continue
        if refuse_verdict(account, verdict) is None and currency in CURRENCIES:
            account.ledger(currency).verdict = verdict
            turn.touched.add_balance(account, currency)


def refuse_payment(
    state: State, account: Account, currency: str, amount: Units, verdict: Verdict | None
) -> Rejected | None:
    """Refuse a payment out of an account that something else needs.

    With portfolio margin what was told last may have been of other marks, or of fewer positions: a
    payment out is judged at its own time, as an order is.
    """
    pool = pool_of(state, account, currency)
    if account.margin_model is MarginModel.PORTFOLIO:
        refused = refuse_verdict(account, verdict)
        if refused is not None:
            return refused
        with by_verdict(pool.ledgers.values(), verdict):
            free = pool.withdrawable(currency)
    else:
        free = pool.withdrawable(currency)
    if amount > free:
        return Rejected(Reject.NOT_ENOUGH_FUNDS, f"{amount} of {free} units", "amount")
    return None


def _in_use(account: Account) -> list[str]:
    """Return the currencies in which an account has positions or orders with margin."""
    return [
        currency
        for currency, ledger in sorted(account.ledgers.items())
        if any(
            (holding.size or holding.queue) and not holding.market.instrument.is_spot
            for holding in ledger.holdings.values()
        )
    ]


def _refuse_cross(state: State, account: Account, currencies: list[str]) -> Rejected | None:
    """Refuse what would be under water with all currencies together, or deeper than apart."""
    if account.margin_model is MarginModel.CROSS:
        return None
    together = pool_of(state, account, "USDC", MarginModel.CROSS)
    alone: dict[str, Verdict | None] = {n: None for n in currencies if n not in together.ledgers}
    apart = sum(together.worth(name, available(state, account, name)) for name in together.ledgers)
    with without_verdicts(together.ledgers.values()):
        after = together.available
    if after < min(0, apart):
        return Rejected(Reject.NOT_ENOUGH_FUNDS, "not_enough_funds")
    return _refuse_segregated(state, account, alone)


def _refuse_segregated(
    state: State, account: Account, verdicts: dict[str, Verdict | None]
) -> Rejected | None:
    """Refuse where a currency alone would be under water, or deeper than it is.

    One that others stand in for must be able to stand alone first.
    """
    for currency, verdict in verdicts.items():
        ledger = state.ledger(account, currency)
        before, held = ledger.available_funds, ledger.verdict
        ledger.verdict = verdict
        after = ledger.available_funds
        ledger.verdict = held
        if after < (0 if account.margin_model is MarginModel.CROSS else min(0, before)):
            return Rejected(Reject.NOT_ENOUGH_FUNDS, f"not_enough_funds_in_{currency}")
    return None
