import msgspec

from strikewire.exchange import Limits, OpenAccount, SetLimits, Withdraw, decode
from strikewire.exchange.commands import NO_LIMITS
from strikewire.model import AccountId, InstrumentId, Units


def test_an_account_that_was_journalled_before_there_were_subaccounts_is_a_main_account() -> None:
    command = decode(msgspec.msgpack.encode(["open_account", 1, "alice"]))

    assert command == OpenAccount(AccountId(1), "alice", AccountId(0))


def test_a_withdrawal_that_names_no_address_has_an_empty_one() -> None:
    command = decode(msgspec.msgpack.encode(["withdraw", 1, "BTC", 5]))

    assert command == Withdraw(AccountId(1), "BTC", Units(5), "", None)


def test_who_has_no_limits_is_held_by_those_of_the_venue() -> None:
    command = decode(msgspec.msgpack.encode(["limits", [], None, 2]))

    assert command == SetLimits(NO_LIMITS, None, InstrumentId(2))
    assert Limits(open_orders_max=None, position_lots_max=None) == NO_LIMITS
