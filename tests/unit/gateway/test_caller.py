from strikewire.api import ChannelName, parse_channel
from strikewire.gateway.auth import Grant
from strikewire.gateway.caller import Caller, Subscription
from strikewire.gateway.scopes import Scope
from strikewire.model import AccountId


def channel(name: str) -> ChannelName:
    found = parse_channel(name)
    assert found is not None
    return found


def listening() -> Caller:
    caller = Caller(1, "10.0.0.1", "ws")
    for name, account_id in (
        ("quote.BTC-PERPETUAL", None),
        ("user.portfolio.btc", AccountId(1)),
        ("user.orders.any.any.raw", AccountId(2)),
    ):
        caller.subscriptions[name] = Subscription(channel(name), account_id)
    return caller


def test_subscriptions_are_dropped_by_name_and_unknown_names_are_passed_over() -> None:
    caller = listening()

    dropped = caller.drop(["quote.BTC-PERPETUAL", "quote.ETH-PERPETUAL", "quote.BTC-PERPETUAL"])

    assert [one.channel.name for one in dropped] == ["quote.BTC-PERPETUAL"]
    assert list(caller.subscriptions) == ["user.portfolio.btc", "user.orders.any.any.raw"]


def test_who_is_not_authenticated_has_no_key() -> None:
    caller = listening()
    assert caller.client_id == ""

    caller.grant = Grant(client_id="alice", account_id=AccountId(1), scope=Scope.parse(""))

    assert caller.client_id == "alice"
