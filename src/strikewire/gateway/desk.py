"""What a method handler works with, and what it gives back."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from strikewire.api import ApiError, ErrorCode, Method
from strikewire.exchange import Command, Event, Exchange
from strikewire.gateway.approvals import Approvals
from strikewire.gateway.auth import Authenticator, Grant
from strikewire.gateway.blocks import Proposals
from strikewire.gateway.caller import Caller
from strikewire.gateway.judge import Judge
from strikewire.gateway.limits import Limits, RateLimiter
from strikewire.gateway.steps import Output
from strikewire.marketdata import Candles, Market, MarketData
from strikewire.model import AccountId


class Counters(Struct):
    """Numbers that only grow, except those that say now.

    Attributes:
        connections: WebSocket connections open now.
        connections_opened: Ever.
        connections_refused: Over a limit on connections.
        requests: Taken, over WebSocket and REST.
        errors: Requests answered with an error.
        rate_limited: Requests for which there were no credits.
        commands: Handed to the sequencer.
        commands_refused: Not taken by it.
        notifications: Made, each counted once.
        notifications_sent: To readers, each counted for each of them.
    """

    connections: int = 0
    connections_opened: int = 0
    connections_refused: int = 0
    requests: int = 0
    errors: int = 0
    rate_limited: int = 0
    commands: int = 0
    commands_refused: int = 0
    notifications: int = 0
    notifications_sent: int = 0


class Desk(Struct, kw_only=True):
    """The rooms that the gateway reads, and what all its connections share.

    Attributes:
        judge: Writes into commands what accounts with portfolio margin would need.
        exchange: Read only. What it holds is durable: it is changed after the journal has it.
        market: What the public may see.
        authenticator: Checks secrets and tokens.
        proposals: Block trades that accounts have signed.
        approvals: Block trades that their accounts have to approve.
        limiter: Credits for requests.
        limits: The other limits.
        clock: Nanoseconds since the Unix epoch; asked only to stamp when an answer leaves.
        version: Of the software.
        testnet: Whether answers say that this is a test network.
        counters: What the gateway did so far.
        volatilities: Candles of the volatility indices, in percent.
        index_problems: Why an index stands still, for people, by its name; empty when none does.
        sessions: Authenticated connections of each key, by client id.
        is_locked: Tells whether the venue has stopped taking orders.
        default_cancel_on_disconnect: Accounts whose new connections begin with it.
    """

    judge: Judge
    exchange: Exchange
    market: MarketData
    authenticator: Authenticator
    proposals: Proposals
    limiter: RateLimiter
    limits: Limits
    clock: Callable[[], int]
    version: str
    testnet: bool
    is_locked: Callable[[], bool]
    approvals: Approvals = field(default_factory=Approvals)
    counters: Counters = field(default_factory=Counters)
    volatilities: Candles = field(default_factory=Candles)
    index_problems: Mapping[str, str] = field(default_factory=dict)
    sessions: Counter[str] = field(default_factory=Counter)
    default_cancel_on_disconnect: set[AccountId] = field(default_factory=set)

    def market_of(self, instrument_name: str) -> Market:
        """Return the market of an instrument.

        Raises:
            ApiError: 13020, no instrument has this name.
        """
        market = self.market.named(instrument_name)
        if market is None:
            raise ApiError(
                ErrorCode.NOT_FOUND, param="instrument_name", reason="no such instrument"
            )
        return market

    def leave_session(self, caller: Caller) -> None:
        """Count a connection no more as a session of the key it was authenticated with."""
        if caller.client_id:
            self.sessions[caller.client_id] -= 1
            if not self.sessions[caller.client_id]:
                del self.sessions[caller.client_id]


class Call(Struct, frozen=True, kw_only=True):
    """One request on its way through a handler.

    Attributes:
        now_ns: When it is handled, nanoseconds since the Unix epoch.
        caller: The connection it came from.
        grant: On whose behalf: of the connection, or of the token the request carries itself.
        method: Its line in the registry.
    """

    now_ns: int
    caller: Caller
    grant: Grant | None
    method: Method

    @property
    def account_id(self) -> AccountId:
        """The account that asks; the method is private, so there is one."""
        assert self.grant is not None
        return self.grant.account_id


class Reply(Struct, frozen=True):
    """A request that is answered at once.

    Attributes:
        result: What the method's response type says.
        then: What to do after the answer has been sent.
        is_silent: No answer is sent: the method closes the connection instead.
    """

    result: object
    then: Sequence[Output] = ()
    is_silent: bool = False


class Plan(Struct, frozen=True):
    """A request that is answered when its commands have been applied.

    Attributes:
        commands: In the order to submit them; none means that there is nothing to do.
        answer: Makes the result of the events of each command, in the same order.

    `answer` raises `ApiError` for a command that was rejected.
    """

    commands: Sequence[Command]
    answer: Callable[[Sequence[Sequence[Event]]], object]


Handler = Callable[[Desk, Call, Any], Reply]
"""Answers a request; the parameters are of the request type of the method."""

Planner = Callable[[Desk, Call, Any], Plan]
"""Turns a request into commands; the parameters are of the request type of the method."""
