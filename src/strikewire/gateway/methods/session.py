"""Methods about the connection itself: who calls, is it alive, what does it listen to."""

from collections.abc import Sequence

from msgspec import UNSET

from strikewire.api import ApiError, ChannelName, ErrorCode, invalid_params, parse_channel
from strikewire.api import session as api
from strikewire.api.channels import (
    ExpirationPriceChannel,
    GroupedBookChannel,
    OptionMarksChannel,
    PerpetualChannel,
    PortfolioChannel,
    PriceIndexChannel,
    VolatilityIndexChannel,
)
from strikewire.gateway.auth import ACCESS_LIFETIME_S, Grant
from strikewire.gateway.caller import Caller, Subscription
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.grouping import group_ticks
from strikewire.gateway.steps import Close, Join, Leave, Output
from strikewire.model import CURRENCIES, NS_PER_S, ns_to_ms

CLOSE_NORMAL = 1000


def auth(desk: Desk, call: Call, params: api.Auth) -> Reply:
    """Authenticate the connection; over REST, only hand out tokens."""
    is_ws = call.caller.transport == "ws"
    grant = desk.authenticator.authenticate(
        call.now_ns, params, call.caller.connection_id if is_ws else None
    )
    result = api.AuthResult(
        access_token=grant.access_token,
        expires_in=ACCESS_LIFETIME_S,
        refresh_token=grant.refresh_token,
        scope=str(grant.scope),
        state=UNSET if params.state is None else params.state,
        sid=grant.scope.session or UNSET,
    )
    return Reply(result, _become(desk, call.caller, grant) if is_ws else ())


def logout(desk: Desk, call: Call, params: api.Logout) -> Reply:
    """Close the connection; the answer is the close itself, and no order is cancelled."""
    caller = call.caller
    caller.said_goodbye = True
    if params.invalidate_token is not False:
        for grant in (call.grant, caller.grant):
            if grant is not None:
                desk.authenticator.revoke(grant)
    left = caller.drop(list(caller.subscriptions))
    return Reply(None, (Leave(left), Close(CLOSE_NORMAL, "logout")), is_silent=True)


def hello(desk: Desk, call: Call, params: api.Hello) -> Reply:
    """Greet the client's software."""
    return Reply(api.Version(version=desk.version))


def test(desk: Desk, call: Call, params: api.Test) -> Reply:
    """Show that the connection works, or fail where that is asked for."""
    if params.expected_result == "exception":
        raise ApiError(ErrorCode.ERROR, reason="as asked for")
    return Reply(api.Version(version=desk.version))


def get_time(desk: Desk, call: Call, params: api.GetTime) -> Reply:
    """Tell the time."""
    return Reply(ns_to_ms(call.now_ns))


def status(desk: Desk, call: Call, params: api.Status) -> Reply:
    """Tell whether orders are taken."""
    locked = desk.market.locked_indices
    if desk.is_locked():
        return Reply(api.StatusResult(locked="true", locked_indices=desk.market.price_indices))
    if not locked:
        return Reply(api.StatusResult(locked="true" if "" in desk.market.locks else "false"))
    is_all = locked == desk.market.price_indices
    return Reply(api.StatusResult(locked="true" if is_all else "partial", locked_indices=locked))


def set_heartbeat(desk: Desk, call: Call, params: api.SetHeartbeat) -> Reply:
    """Begin to ask for signs of life."""
    call.caller.heartbeat.start(call.now_ns, int(params.interval * NS_PER_S))
    return Reply("ok")


def disable_heartbeat(desk: Desk, call: Call, params: api.DisableHeartbeat) -> Reply:
    """Ask for no more signs of life."""
    call.caller.heartbeat.stop()
    return Reply("ok")


def subscribe(desk: Desk, call: Call, params: api.Subscribe) -> Reply:
    """Begin to deliver channels; those that do not exist are left out, never an error."""
    caller = call.caller
    accepted: dict[str, Subscription] = {}
    for name in params.channels:
        channel = parse_channel(name)
        if channel is None or not _exists(desk, channel):
            continue
        subscription = _subscription(call, channel)
        if subscription is None:
            continue
        known = caller.subscriptions.keys() | accepted.keys()
        if name in known or len(known) < desk.limits.subscriptions_max:
            accepted[name] = subscription
    replaced = [
        old
        for name, new in accepted.items()
        if (old := caller.subscriptions.get(name)) is not None and old.account_id != new.account_id
    ]
    caller.subscriptions.update(accepted)
    return Reply(list(accepted), (Leave(replaced), Join(list(accepted.values()))))


def unsubscribe(desk: Desk, call: Call, params: api.Unsubscribe) -> Reply:
    """Stop delivering channels; the answer names those that were delivered until now."""
    left = call.caller.drop(params.channels)
    return Reply([one.channel.name for one in left], (Leave(left),))


def unsubscribe_all(desk: Desk, call: Call, params: api.UnsubscribeAll) -> Reply:
    """Stop delivering everything."""
    left = call.caller.drop(list(call.caller.subscriptions))
    return Reply("ok", (Leave(left),))


def enable_cancel_on_disconnect(
    desk: Desk, call: Call, params: api.EnableCancelOnDisconnect
) -> Reply:
    """Cancel the connection's orders when it is lost, or those of every new connection."""
    if params.scope == "account":
        desk.default_cancel_on_disconnect.add(call.account_id)
    else:
        _needs_connection(call)
        call.caller.cancel_on_disconnect = True
    return Reply("ok")


def disable_cancel_on_disconnect(
    desk: Desk, call: Call, params: api.DisableCancelOnDisconnect
) -> Reply:
    """Keep orders when the connection is lost."""
    if params.scope == "account":
        desk.default_cancel_on_disconnect.discard(call.account_id)
    else:
        _needs_connection(call)
        call.caller.cancel_on_disconnect = False
    return Reply("ok")


def get_cancel_on_disconnect(desk: Desk, call: Call, params: api.GetCancelOnDisconnect) -> Reply:
    """Tell what happens to orders when the connection is lost."""
    if params.scope == "account":
        enabled = call.account_id in desk.default_cancel_on_disconnect
        return Reply(api.CancelOnDisconnect(scope="account", enabled=enabled))
    _needs_connection(call)
    enabled = call.caller.cancel_on_disconnect
    return Reply(api.CancelOnDisconnect(scope="connection", enabled=enabled))


def _become(desk: Desk, caller: Caller, grant: Grant) -> Sequence[Output]:
    """Let the connection act by another grant; what the new one does not allow, ends."""
    before = caller.grant
    if caller.client_id != grant.client_id:
        if desk.sessions[grant.client_id] >= desk.limits.sessions_per_key_max:
            desk.authenticator.revoke(grant)
            most = desk.limits.sessions_per_key_max
            raise ApiError(ErrorCode.PERMISSION_DENIED, reason=f"the key has {most} sessions")
        desk.sessions[grant.client_id] += 1
        desk.leave_session(caller)
    if before is not None and before.connection_id is not None:
        desk.authenticator.revoke(before)
    caller.grant = grant
    if grant.account_id in desk.default_cancel_on_disconnect:
        caller.cancel_on_disconnect = True
    ended = [
        name
        for name, one in caller.subscriptions.items()
        if one.account_id is not None and not _allows(grant, one)
    ]
    return (Leave(caller.drop(ended)),)


def _allows(grant: Grant, subscription: Subscription) -> bool:
    needed = subscription.channel.scope
    is_own = subscription.account_id == grant.account_id
    return is_own and (needed is None or grant.scope.allows(needed))


def _subscription(call: Call, channel: ChannelName) -> Subscription | None:
    """Return what a channel becomes for this caller; None where it may not listen.

    Raises:
        ApiError: 13778, a raw channel without an authenticated connection.
    """
    if channel.scope is not None:
        if call.grant is None or not call.grant.scope.allows(channel.scope):
            return None
        return Subscription(channel, call.grant.account_id)
    if channel.needs_auth and call.caller.grant is None:
        raise ApiError(
            ErrorCode.RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED,
            param="channels",
            reason=channel.name,
        )
    return Subscription(channel)


def _exists(desk: Desk, channel: ChannelName) -> bool:
    """Tell whether the channel's name is about something that there is."""
    if isinstance(channel, PriceIndexChannel | OptionMarksChannel | ExpirationPriceChannel):
        return channel.index_name in desk.market.indices
    if isinstance(channel, VolatilityIndexChannel):
        return any(
            one.instrument.is_option and one.instrument.price_index == channel.index_name
            for one in desk.market
        )
    if isinstance(channel, PortfolioChannel):
        return channel.currency == "any" or channel.currency in CURRENCIES
    name = getattr(channel, "instrument_name", None)
    if name is None:
        return True
    market = desk.market.named(name)
    if market is None or not market.is_open:
        return False
    if isinstance(channel, PerpetualChannel):
        return market.instrument.is_perpetual
    if isinstance(channel, GroupedBookChannel):
        return group_ticks(market.instrument, channel.group) is not None
    return True


def _needs_connection(call: Call) -> None:
    if call.caller.transport != "ws":
        raise invalid_params("scope", "connection needs WebSocket; over REST use account")
