"""Configured accounts are opened once, paid in once, and have a key each."""

from decimal import Decimal

import pytest

from strikewire.exchange import (
    INSURANCE_FUND,
    Command,
    Deposit,
    Exchange,
    FeeKind,
    FeeRates,
    OpenAccount,
    Rejected,
)
from strikewire.gateway import ApiKey, KeyStore
from strikewire.model import AccountId
from strikewire.venue.accounts import MAKER_ACCOUNTS, add_keys, check_accounts, opening_commands
from strikewire.venue.config import AccountConfig, FeeConfig
from strikewire.venue.settings import ConfigError

DESK = AccountConfig(name="desk", deposits={"BTC": Decimal("1.5"), "USDC": Decimal(300)})
OTHER = AccountConfig(name="other")


def entropy(count: int) -> bytes:
    return b"\x07" * count


def opened(*accounts: AccountConfig) -> Exchange:
    exchange = Exchange()
    carry_out(exchange, opening_commands(exchange, accounts))
    return exchange


def carry_out(exchange: Exchange, commands: list[Command]) -> None:
    for seq, command in enumerate(commands, start=1):
        events = exchange.apply(seq, 1, command)
        assert not isinstance(events[0], Rejected)


def test_accounts_are_opened_and_paid_in_to_the_unit() -> None:
    assert opening_commands(Exchange(), [DESK, OTHER]) == [
        OpenAccount(AccountId(1), "desk"),
        Deposit(AccountId(1), "BTC", 150_000_000),  # type: ignore[arg-type] # units by hand
        Deposit(AccountId(1), "USDC", 300_000_000),  # type: ignore[arg-type] # units by hand
        OpenAccount(AccountId(2), "other"),
    ]


def test_a_second_start_opens_and_pays_nothing() -> None:
    exchange = opened(DESK, OTHER)

    assert opening_commands(exchange, [DESK, OTHER]) == []


def test_a_start_that_was_cut_off_is_completed() -> None:
    exchange = Exchange()
    carry_out(exchange, opening_commands(exchange, [DESK])[:2])

    (rest,) = opening_commands(exchange, [DESK])

    assert isinstance(rest, Deposit)
    assert rest.currency == "USDC"


def test_the_insurance_fund_is_paid_in_without_being_opened() -> None:
    fund = AccountConfig(name="insurance_fund", deposits={"BTC": Decimal(5)})
    exchange = opened(DESK, fund)

    assert exchange.money("BTC").insurance == 500_000_000
    assert opening_commands(exchange, [DESK, fund]) == []
    (key,) = add_keys(KeyStore(), exchange, [fund], entropy=entropy)
    assert key.account_id == INSURANCE_FUND


def test_a_new_account_in_the_file_gets_the_next_number() -> None:
    exchange = opened(DESK)

    assert opening_commands(exchange, [DESK, OTHER]) == [OpenAccount(AccountId(2), "other")]


@pytest.mark.parametrize(
    ("currency", "coins", "message"),
    [
        ("DOGE", "1", "no currency 'DOGE'; there are BTC, ETH, USDC"),
        ("BTC", "0", "a deposit of 0 BTC is not positive"),
        ("BTC", "-1", "is not positive"),
        ("BTC", "NaN", "is not positive"),
        ("BTC", "0.000000001", "not a whole number of 1e-8 BTC"),
        ("BTC", "1000000001", "a deposit of 1000000001 BTC is too large"),
        ("BTC", "1e30", "is too large"),
    ],
)
def test_a_deposit_that_cannot_be_made_is_refused(currency: str, coins: str, message: str) -> None:
    account = AccountConfig(name="desk", deposits={currency: Decimal(coins)})

    with pytest.raises(ConfigError, match=message):
        opening_commands(Exchange(), [account])
    with pytest.raises(ConfigError, match=message):
        check_accounts([account])


def test_accounts_that_can_be_opened_pass() -> None:
    check_accounts([DESK, OTHER])


def test_the_names_of_the_market_makers_are_taken() -> None:
    with pytest.raises(ConfigError, match="'trader' is one of the venue's market makers"):
        check_accounts([AccountConfig(name="trader")])


def test_a_client_id_belongs_to_one_account() -> None:
    twice = [AccountConfig(name=name, client_id="id", client_secret="s") for name in "ab"]

    with pytest.raises(ConfigError, match="the client_id 'id' is used twice"):
        check_accounts(twice)


def test_every_account_gets_a_key_and_keeps_it() -> None:
    exchange, keys = opened(DESK, OTHER), KeyStore()

    (first,) = add_keys(keys, exchange, [DESK], entropy=entropy)
    (again,) = add_keys(keys, exchange, [DESK], entropy=entropy)

    assert first == again
    assert (first.name, first.account_id, first.is_rate_limited) == ("desk", 1, True)
    assert len(keys) == 1


def test_a_configured_key_is_used_and_changed_with_the_file() -> None:
    exchange, keys = opened(DESK), KeyStore()

    def configured(secret: str) -> AccountConfig:
        return AccountConfig(name="desk", client_id="id", client_secret=secret)

    add_keys(keys, exchange, [configured("old")], entropy=entropy)
    add_keys(keys, exchange, [configured("old")], entropy=entropy)
    add_keys(keys, exchange, [configured("new")], entropy=entropy)

    key = keys.get("id")
    assert key is not None
    assert key.client_secret == "new"
    assert len(keys) == 1


def test_a_client_id_of_another_account_is_refused() -> None:
    keys = KeyStore([ApiKey(client_id="id", client_secret="s", account_id=AccountId(9))])
    account = AccountConfig(name="desk", client_id="id", client_secret="s")

    with pytest.raises(ConfigError, match="is a key of account 9"):
        add_keys(keys, opened(DESK), [account], entropy=entropy)


def test_market_makers_have_names_of_their_own_and_means() -> None:
    names = [account.name for account in MAKER_ACCOUNTS]

    assert names == ["maker-futures", "maker-btc-options", "maker-other-options", "trader"]
    assert all(account.deposits["BTC"] >= 1_000 for account in MAKER_ACCOUNTS)


def test_an_account_is_put_into_its_fee_tiers_once() -> None:
    fee = FeeConfig(kind="option", currency="BTC", maker_ppm=-50, taker_ppm=250)
    config = AccountConfig(name="desk", fees=(fee,))

    exchange = opened(config)

    assert exchange.fees(AccountId(1), "BTC") == {FeeKind.OPTION: FeeRates(-50, 250)}
    assert opening_commands(exchange, [config]) == []


@pytest.mark.parametrize(
    ("currency", "taker_ppm", "message"),
    [("DOGE", 1, "no currency 'DOGE'"), ("BTC", 100_001, "a fee is above 100000 ppm")],
)
def test_a_tier_that_nobody_may_have_is_refused(
    currency: str, taker_ppm: int, message: str
) -> None:
    fee = FeeConfig(kind="option", currency=currency, maker_ppm=0, taker_ppm=taker_ppm)

    with pytest.raises(ConfigError, match=message):
        check_accounts([AccountConfig(name="desk", fees=(fee,))])
