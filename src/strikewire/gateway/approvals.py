"""Block trades that somebody asked for in an account's name, and that its owner has to approve.

Theory of operation. A key with the feature `block_trade_approval` is one for a broker: what it
signs or executes waits for the word of the account, which comes with any other key of it.

| state      | approve    | reject     | the trade is carried out |
|------------|------------|------------|--------------------------|
| `initial`  | `approved` | `rejected` | (refused, `retry`)       |
| `approved` | the same   | `rejected` | `executed`               |
| `rejected` | -          | the same   | (refused)                |
| `executed` | -          | -          | (once only)              |

Each change is news for the account, and for the other side if that has been asked as well. Requests
end with the process, as the signatures do; both are good for minutes only.

Source: Deribit API v2, `private/approve_block_trade`; "Block trade approval feature" of API keys.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import UNSET, Struct

from strikewire.api import ApiError, ErrorCode
from strikewire.api.block_trades import (
    AgreedLeg,
    BlockTradeRequest,
    BlockTradeState,
    RequestState,
    Role,
)
from strikewire.exchange import Exchange
from strikewire.gateway.blocks import Proposal, Terms
from strikewire.marketdata import MarketData
from strikewire.model import AccountId, lots_to_amount, ns_to_ms, ticks_to_price

APPROVAL_FEATURE: Final = "block_trade_approval"
"""Of an API key, as Deribit calls it: its block trades wait for the account's own word."""

REQUESTS_KEPT_MAX: Final = 100
"""Requests of an account that can be looked up; when one more is made, its oldest is forgotten."""


class _Key(NamedTuple):
    account_id: AccountId
    timestamp_ms: int
    nonce: str
    role: Role


class Request(Struct, kw_only=True, eq=False):
    """What was asked for in an account's name.

    Attributes:
        proposal: Who is asked, in which role, and the terms.
        app_name: Name of the key that asked.
        state: Where it stands.
        since_ns: Since when, nanoseconds since the Unix epoch.
    """

    proposal: Proposal
    app_name: str
    since_ns: int
    state: RequestState = "initial"


class Approvals:
    """Every request that can be looked up."""

    def __init__(self) -> None:
        self._requests: dict[_Key, Request] = {}
        self._news: list[Request] = []

    def ask(self, now_ns: int, proposal: Proposal, app_name: str) -> Request:
        """Return the request for what a broker's key agrees to: a new one, or as it stands."""
        key = _key(proposal)
        found = self._requests.get(key)
        if found is not None and found.proposal == proposal:
            return found
        self._requests.pop(key, None)
        kept = [one for one in self._requests if one.account_id == proposal.account_id]
        if len(kept) >= REQUESTS_KEPT_MAX:
            del self._requests[kept[0]]
        request = Request(proposal=proposal, app_name=app_name, since_ns=now_ns)
        self._requests[key] = request
        self._tell(request)
        return request

    def is_waiting(self, proposal: Proposal) -> bool:
        """Say whether what somebody signed lacks the word of its account."""
        found = self._requests.get(_key(proposal))
        return found is not None and found.proposal == proposal and found.state == "initial"

    def is_refused(self, proposal: Proposal) -> bool:
        """Say whether an account has rejected what was asked for in its name."""
        found = self._requests.get(_key(proposal))
        return found is not None and found.proposal == proposal and found.state == "rejected"

    def decide(
        self,
        now_ns: int,
        account_id: AccountId,
        *,
        timestamp_ms: int,
        nonce: str,
        role: Role,
        state: RequestState,
    ) -> Proposal:
        """Approve or reject a request, and return what it was about.

        Raises:
            ApiError: 13020, there is no such request; 11043, it was rejected or executed before.
        """
        found = self._requests.get(_Key(account_id, timestamp_ms, nonce, role))
        if found is None:
            raise ApiError(ErrorCode.NOT_FOUND, param="nonce", reason="no such block trade request")
        if found.state != state:
            if found.state not in ("initial", "approved"):
                raise ApiError(ErrorCode.BAD_ARGUMENT, param="nonce", reason=f"is {found.state}")
            self._move(found, now_ns, state)
        return found.proposal

    def executed(self, now_ns: int, *proposals: Proposal) -> None:
        """Note that a trade was carried out which may have been asked for."""
        for proposal in proposals:
            found = self._requests.get(_key(proposal))
            if found is not None and found.proposal == proposal:
                self._move(found, now_ns, "executed")

    def of(self, account_id: AccountId) -> Iterator[Request]:
        """Walk the requests of an account, newest first."""
        for key in reversed(self._requests):
            if key.account_id == account_id:
                yield self._requests[key]

    def other_side(self, request: Request) -> Request | None:
        """Return the request for the same terms in the other role; None where nobody was asked."""
        for one in self._requests.values():
            mine, theirs = request.proposal, one.proposal
            if theirs.terms == mine.terms and theirs.role != mine.role:
                return one
        return None

    def take_news(self) -> list[Request]:
        """Return the requests that are new or have changed since this was last asked."""
        news, self._news = self._news, []
        return news

    def _move(self, request: Request, now_ns: int, state: RequestState) -> None:
        request.state, request.since_ns = state, now_ns
        self._tell(request)

    def _tell(self, request: Request) -> None:
        other = self.other_side(request)
        self._news += [request] if other is None else [request, other]


def rendered(
    data: MarketData, exchange: Exchange, request: Request, other: Request | None
) -> BlockTradeRequest:
    """Return a request as its account sees it."""
    account_id, role, terms = request.proposal
    view = exchange.account(account_id)
    assert view is not None
    return BlockTradeRequest(
        nonce=terms.nonce,
        timestamp=terms.timestamp_ms,
        trades=_agreed(data, terms),
        app_name=request.app_name,
        username=view.name,
        role=role,
        user_id=account_id,
        state=_state(request),
        counterparty_state=UNSET if other is None else _state(other),
    )


def _state(request: Request) -> BlockTradeState:
    return BlockTradeState(value=request.state, timestamp=ns_to_ms(request.since_ns))


def _agreed(data: MarketData, terms: Terms) -> list[AgreedLeg]:
    legs = [(data[leg.instrument_id].instrument, leg) for leg in terms.legs]
    return [
        AgreedLeg(
            instrument_name=instrument.name,
            direction="buy" if leg.side > 0 else "sell",
            price=ticks_to_price(instrument, leg.price),
            amount=lots_to_amount(instrument, leg.amount),
        )
        for instrument, leg in legs
    ]


def _key(proposal: Proposal) -> _Key:
    terms = proposal.terms
    return _Key(proposal.account_id, terms.timestamp_ms, terms.nonce, proposal.role)
