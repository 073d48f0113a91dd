"""Methods about an account's money and positions."""

from typing import Literal

from msgspec import UNSET, UnsetType, structs

from strikewire.api import account as api
from strikewire.api.trading import Order
from strikewire.exchange import AccountView, PositionView, SelfTrading
from strikewire.exchange.state.clearing import PPM
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.estimates import liquidation_price
from strikewire.gateway.holdings import portfolio, position
from strikewire.gateway.owned import asked_account, checked_currency, family, no_account
from strikewire.gateway.render import order
from strikewire.marketdata import Market
from strikewire.model import CURRENCIES, AccountId, InstrumentId, ns_to_ms


def get_account_summary(desk: Desk, call: Call, params: api.GetAccountSummary) -> Reply:
    """Return the account's money in one currency."""
    account = asked_account(desk, call, params.subaccount_id)
    currency = checked_currency(params.currency)
    summary = _summary(desk, call, account.account_id, currency)
    if not params.extended:
        return Reply(summary)
    return Reply(
        structs.replace(
            summary,
            id=account.account_id,
            username=account.name,
            email="",
            type=_type(account),
            system_name=account.name,
            security_keys_enabled=False,
            mmp_enabled=bool(desk.exchange.protections(account.account_id)),
            login_enabled=False,
            interuser_transfers_enabled=False,
            fees=_fees(desk, account, currency),
            creation_timestamp=ns_to_ms(account.opened_ns),
            self_trading_reject_mode=_self_trading(desk, account)[0],
            self_trading_extended_to_subaccounts=_self_trading(desk, account)[1],
        )
    )


def get_account_summaries(desk: Desk, call: Call, params: api.GetAccountSummaries) -> Reply:
    """Return who the account is, and its money in every currency."""
    account = asked_account(desk, call, params.subaccount_id)
    return Reply(
        api.AccountSummaries(
            id=account.account_id,
            username=account.name,
            email="",
            type=_type(account),
            system_name=account.name,
            creation_timestamp=ns_to_ms(account.opened_ns),
            mmp_enabled=bool(desk.exchange.protections(account.account_id)),
            self_trading_reject_mode=_self_trading(desk, account)[0],
            self_trading_extended_to_subaccounts=_self_trading(desk, account)[1],
            summaries=[_summary(desk, call, account.account_id, name) for name in CURRENCIES],
        )
    )


def get_subaccounts(desk: Desk, call: Call, params: api.GetSubaccounts) -> Reply:
    """List the account that asks and its subaccounts."""
    return Reply(
        [
            api.Subaccount(
                id=account.account_id,
                username=account.name,
                email="",
                type=_type(account),
                system_name=account.name,
                margin_model=str(desk.exchange.margin_model(account.account_id)),
                portfolio=_money(desk, call, account) if params.with_portfolio else UNSET,
            )
            for account in family(desk, call)
        ]
    )


def get_user_locks(desk: Desk, call: Call, _params: api.GetUserLocks) -> Reply:
    """Tell whether the account is being liquidated."""
    account = asked_account(desk, call, None)
    is_locked = desk.exchange.is_locked(account.account_id)
    message = "the account is being liquidated" if is_locked else UNSET
    return Reply(
        [api.UserLock(currency=name, locked=is_locked, message=message) for name in CURRENCIES]
    )


def get_subaccounts_details(desk: Desk, call: Call, params: api.GetSubaccountsDetails) -> Reply:
    """List what the account that asks and its subaccounts hold."""
    accounts = family(desk, call)
    return Reply(
        [
            api.SubaccountDetails(
                uid=account.account_id,
                positions=_positions(desk, account, params.currency, None),
                open_orders=(
                    _open_orders(desk, account, params.currency)
                    if params.with_open_orders
                    else UNSET
                ),
            )
            for account in accounts
        ]
    )


def get_position(desk: Desk, call: Call, params: api.GetPosition) -> Reply:
    """Return the account's position in an instrument, flat ones included."""
    market = desk.market_of(params.instrument_name)
    instrument_id = InstrumentId(market.instrument.instrument_id)
    view = desk.exchange.position(call.account_id, instrument_id)
    if view is None:
        raise no_account()
    return Reply(_position(desk, market, view))


def get_positions(desk: Desk, call: Call, params: api.GetPositions) -> Reply:
    """List the account's open positions."""
    account = asked_account(desk, call, params.subaccount_id)
    return Reply(_positions(desk, account, params.currency, params.kind))


def _fees(desk: Desk, account: AccountView, currency: str) -> list[api.AccountFee] | UnsetType:
    """Return the account's fee tiers in a currency; nothing where it has none."""
    tiers = desk.exchange.fees(account.account_id, currency)
    return [
        api.AccountFee(
            currency=currency,
            instrument_type=kind.value,
            maker_fee=rates.maker_ppm / PPM,
            taker_fee=rates.taker_ppm / PPM,
        )
        for kind, rates in tiers.items()
    ] or UNSET


def _positions(
    desk: Desk, account: AccountView, currency: str | None, kind: str | None
) -> list[api.Position]:
    held = [
        (desk.market[view.instrument_id], view)
        for view in desk.exchange.positions(account.account_id)
    ]
    return [
        _position(desk, market, view)
        for market, view in held
        if is_of(market.instrument, currency, kind)
    ]


def _open_orders(desk: Desk, account: AccountView, currency: str) -> list[Order]:
    waiting = [
        (desk.market[view.instrument_id].instrument, view)
        for view in desk.exchange.open_orders(account.account_id)
    ]
    return [order(one, view) for one, view in waiting if is_of(one, currency, None)]


def _position(desk: Desk, market: Market, view: PositionView) -> api.Position:
    summary = desk.exchange.summary(view.account_id, view.currency)
    assert summary is not None
    model = desk.exchange.margin_model(view.account_id)
    return position(market, view, liquidation_price(market.instrument, view, summary, model))


def _type(account: AccountView) -> Literal["main", "subaccount"]:
    return "subaccount" if account.owner else "main"


def _self_trading(desk: Desk, account: AccountView) -> tuple[str | UnsetType, bool | UnsetType]:
    """Return what the account chose, or nothing where it never did."""
    mode, is_extended = desk.exchange.self_trading(account.account_id) or (
        SelfTrading.ALLOWED,
        False,
    )
    if mode is SelfTrading.ALLOWED:
        return UNSET, UNSET
    return mode.value, is_extended


def _summary(desk: Desk, call: Call, account_id: AccountId, currency: str) -> api.AccountSummary:
    summary = desk.judge.summary(call.now_ns, account_id, currency)
    assert summary is not None
    positions = desk.exchange.positions(account_id)
    model = desk.exchange.margin_model(account_id)
    shown = portfolio(desk.market, summary, positions, model)
    return api.AccountSummary(**structs.asdict(shown))


def _money(desk: Desk, call: Call, account: AccountView) -> dict[str, api.SubaccountPortfolio]:
    return {
        name.lower(): _subaccount_portfolio(_summary(desk, call, account.account_id, name))
        for name in CURRENCIES
    }


def _subaccount_portfolio(summary: api.AccountSummary) -> api.SubaccountPortfolio:
    return api.SubaccountPortfolio(
        currency=summary.currency.lower(),
        balance=summary.balance,
        equity=summary.equity,
        margin_balance=summary.margin_balance,
        available_funds=summary.available_funds,
        available_withdrawal_funds=summary.available_withdrawal_funds,
        initial_margin=summary.initial_margin,
        maintenance_margin=summary.maintenance_margin,
        spot_reserve=summary.spot_reserve,
    )
