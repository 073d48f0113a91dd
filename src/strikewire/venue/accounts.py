"""The accounts a configuration names, their first deposits and their keys."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from strikewire.exchange import (
    INSURANCE_FUND,
    AccountView,
    Command,
    Deposit,
    Exchange,
    FeeKind,
    FeeRates,
    OpenAccount,
    SetFees,
)
from strikewire.exchange.accounts.cash import DEPOSITS_MAX
from strikewire.exchange.accounts.fees import FEE_PPM_MAX
from strikewire.gateway import ApiKey, KeyStore
from strikewire.model import CURRENCIES, AccountId, CurrencyPrecisionError, coins_to_units
from strikewire.venue.config import AccountConfig, FeeConfig
from strikewire.venue.makers import COVERAGES, TRADER_NAME
from strikewire.venue.settings import ConfigError

MAKER_DEPOSITS: Final = {
    "BTC": Decimal(100_000),
    "ETH": Decimal(1_000_000),
    "USDC": Decimal(10_000_000_000),
}
"""Enough that no demo ever sees a market maker run out of money."""

MAKER_ACCOUNTS: Final = tuple(
    AccountConfig(name=name, deposits=MAKER_DEPOSITS)
    for name in (*(coverage.name for coverage in COVERAGES), TRADER_NAME)
)


def check_accounts(accounts: Sequence[AccountConfig]) -> None:
    """Refuse accounts that no venue can open, before there is one.

    Raises:
        ConfigError: A name is one of the market makers', a client id is used twice, a deposit
            is in no currency of the venue, or no possible amount of it, an owner is no main
            account that stands before its subaccount, or a fee is none that an account may have.
    """
    main: set[str] = set()
    reserved = {account.name for account in MAKER_ACCOUNTS}
    client_ids: set[str] = set()
    for config in accounts:
        if config.name in reserved:
            raise ConfigError(f"accounts: {config.name!r} is one of the venue's market makers")
        if config.client_id in client_ids:
            raise ConfigError(f"accounts: the client_id {config.client_id!r} is used twice")
        if config.client_id:
            client_ids.add(config.client_id)
        if config.owner and config.owner not in main:
            raise ConfigError(
                f"accounts: {config.name!r} is owned by {config.owner!r}, "
                "which is no main account named before it"
            )
        if not config.owner:
            main.add(config.name)
        for currency, coins in config.deposits.items():
            _deposit(config.name, AccountId(0), currency, coins)
        for fee in config.fees:
            _check_fee(config.name, fee)


def opening_commands(exchange: Exchange, accounts: Sequence[AccountConfig]) -> list[Command]:
    """Return what opens the accounts that are not there yet, and pays in their first deposits.

    A deposit is made where an account never held the currency, so a start that was cut off half
    way is completed by the next one, and none pays in twice. The account `insurance_fund` is there
    from the beginning.

    Raises:
        ConfigError: A deposit is in no currency of the venue, or no possible amount of it.
    """
    existing = _existing(exchange)
    next_id = max((account.account_id for account in exchange.accounts), default=0) + 1
    commands: list[Command] = []
    ids = {name: account.account_id for name, account in existing.items()}
    for config in accounts:
        account = existing.get(config.name)
        account_id = account.account_id if account is not None else AccountId(next_id)
        held = account.currencies if account is not None else ()
        if account is None:
            next_id += 1
            owner = ids.get(config.owner, AccountId(0))
            commands.append(OpenAccount(account_id, config.name, owner))
        ids[config.name] = account_id
        for currency, coins in config.deposits.items():
            deposit = _deposit(config.name, account_id, currency, coins)
            if currency not in held:
                commands.append(deposit)
        commands += _fee_tiers(exchange, account_id, config)
    return commands


def _fee_tiers(exchange: Exchange, account_id: AccountId, config: AccountConfig) -> list[Command]:
    """Return what puts an account into the fee tiers that it is not in yet."""
    return [
        SetFees(account_id, FeeKind(fee.kind), fee.currency, rates)
        for fee in config.fees
        for rates in (FeeRates(fee.maker_ppm, fee.taker_ppm),)
        if exchange.fees(account_id, fee.currency).get(FeeKind(fee.kind)) != rates
    ]


def _check_fee(name: str, fee: FeeConfig) -> None:
    if fee.currency not in CURRENCIES:
        names = ", ".join(CURRENCIES)
        raise ConfigError(f"accounts: {name!r}: no currency {fee.currency!r}; there are {names}")
    if max(abs(fee.maker_ppm), abs(fee.taker_ppm)) > FEE_PPM_MAX:
        raise ConfigError(f"accounts: {name!r}: a fee is above {FEE_PPM_MAX} ppm")


def add_keys(
    keys: KeyStore,
    exchange: Exchange,
    accounts: Sequence[AccountConfig],
    *,
    entropy: Callable[[int], bytes],
    are_rate_limited: bool = True,
) -> list[ApiKey]:
    """Give every account its key: the configured one, the one it has, or a new one.

    Args:
        keys: Where the keys are kept; changed.
        exchange: Holds the accounts already.
        accounts: As configured.
        entropy: Returns that many unpredictable bytes.
        are_rate_limited: Whether request limits hold for new keys.

    Returns:
        One key an account, in the order of `accounts`.

    Raises:
        ConfigError: A configured client id belongs to another account.
    """
    ids = {name: account.account_id for name, account in _existing(exchange).items()}
    found: list[ApiKey] = []
    for config in accounts:
        account_id = ids[config.name]
        if config.client_id:
            found.append(_configured_key(keys, account_id, config))
            continue
        key = next((key for key in keys if key.account_id == account_id), None)
        if key is None:
            key = keys.create(
                account_id,
                entropy=entropy,
                name=config.name,
                is_rate_limited=are_rate_limited,
            )
        found.append(key)
    return found


def _existing(exchange: Exchange) -> dict[str, AccountView]:
    """Return every account by name, the insurance fund's among them."""
    fund = exchange.account(INSURANCE_FUND)
    assert fund is not None
    return {account.name: account for account in (fund, *exchange.accounts)}


def _configured_key(keys: KeyStore, account_id: AccountId, config: AccountConfig) -> ApiKey:
    existing = keys.get(config.client_id)
    if existing is not None and existing.account_id != account_id:
        raise ConfigError(
            f"accounts: client_id {config.client_id!r} of {config.name!r} "
            f"is a key of account {existing.account_id}"
        )
    if existing is not None and existing.client_secret == config.client_secret:
        return existing
    if existing is not None:
        keys.remove(config.client_id)
    key = ApiKey(
        client_id=config.client_id,
        client_secret=config.client_secret,
        account_id=account_id,
        name=config.name,
    )
    keys.add(key)
    return key


def _deposit(name: str, account_id: AccountId, currency: str, coins: Decimal) -> Deposit:
    if currency not in CURRENCIES:
        names = ", ".join(CURRENCIES)
        raise ConfigError(f"accounts: {name!r}: no currency {currency!r}; there are {names}")
    if not coins.is_finite() or coins <= 0:
        raise ConfigError(f"accounts: {name!r}: a deposit of {coins} {currency} is not positive")
    try:
        units = coins_to_units(currency, coins)
    except CurrencyPrecisionError as error:
        raise ConfigError(f"accounts: {name!r}: {error}") from None
    if units > DEPOSITS_MAX:
        raise ConfigError(f"accounts: {name!r}: a deposit of {coins} {currency} is too large")
    return Deposit(account_id, currency, units)
