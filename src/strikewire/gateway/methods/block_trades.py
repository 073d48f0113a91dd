"""Methods by which two accounts trade what they agreed on outside of the books."""

from collections.abc import Iterable, Sequence

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.api import block_trades as api
from strikewire.exchange import (
    BLOCK_VALID_MS,
    BlockLeg,
    Event,
    ExecuteBlockTrade,
    Fill,
    Reject,
    Rejected,
)
from strikewire.gateway.approvals import APPROVAL_FEATURE, Request, rendered
from strikewire.gateway.blocks import Proposal, Terms, is_valid
from strikewire.gateway.catalogue import is_of
from strikewire.gateway.desk import Call, Desk, Plan, Reply
from strikewire.gateway.orders import block_ticks_of, lots_of
from strikewire.gateway.rejects import rejection
from strikewire.gateway.render import user_trades
from strikewire.model import (
    ID_MAX,
    AccountId,
    BlockTradeId,
    InstrumentId,
    Side,
    format_block_trade_id,
    ns_to_ms,
    parse_block_trade_id,
)


def verify_block_trade(desk: Desk, call: Call, params: api.VerifyBlockTrade) -> Reply:
    """Sign what the account agrees to, if it could be carried out on its side now."""
    terms = Terms(params.timestamp, params.nonce, _legs(desk, params.trades))
    refused = _refusal(desk, call, terms.legs, params.role)
    if refused is not None:
        raise rejection(refused, None)
    proposal = Proposal(call.account_id, params.role, terms)
    signature = desk.proposals.sign(call.now_ns, proposal)
    if _is_brokers(call):
        desk.approvals.ask(call.now_ns, proposal, _app_name(call))
    return Reply(
        api.BlockTradeSignature(signature=signature, expires_at=terms.timestamp_ms + BLOCK_VALID_MS)
    )


def invalidate_block_trade_signature(
    desk: Desk, call: Call, params: api.InvalidateBlockTradeSignature
) -> Reply:
    """Take back a signature of the account."""
    desk.proposals.take_back(call.account_id, params.signature)
    return Reply("ok")


def approve_block_trade(desk: Desk, call: Call, params: api.ApproveBlockTrade) -> Reply:
    """Agree to what a broker's key asked for."""
    _decide(desk, call, params, "approved")
    return Reply("ok")


def reject_block_trade(desk: Desk, call: Call, params: api.RejectBlockTrade) -> Reply:
    """Refuse what a broker's key asked for, and take its signature back."""
    desk.proposals.void(_decide(desk, call, params, "rejected"))
    return Reply("ok")


def get_pending_block_trades(desk: Desk, call: Call, params: api.GetPendingBlockTrades) -> Reply:
    """List the requests that wait for the account's word and are not too old."""
    del params
    return Reply(
        [
            _request(desk, one)
            for one in desk.approvals.of(call.account_id)
            if one.state == "initial" and is_valid(call.now_ns, one.proposal.terms)
        ]
    )


def get_block_trade_requests(desk: Desk, call: Call, params: api.GetBlockTradeRequests) -> Reply:
    """List the requests that can be looked up."""
    del params
    return Reply([_request(desk, one) for one in desk.approvals.of(call.account_id)])


def simulate_block_trade(desk: Desk, call: Call, params: api.SimulateBlockTrade) -> Reply:
    """Tell whether the account could carry a block trade now."""
    refused = _refusal(desk, call, _legs(desk, params.trades), params.role or "maker")
    if refused is None:
        return Reply(True)
    if refused.code in (Reject.NOT_ENOUGH_FUNDS, Reject.POSITION_TOO_LARGE, Reject.LOCKED):
        return Reply(False)
    raise rejection(refused, None)


def execute_block_trade(desk: Desk, call: Call, params: api.ExecuteBlockTrade) -> Plan:
    """Carry out what the other side has signed."""
    terms = Terms(params.timestamp, params.nonce, _legs(desk, params.trades))
    other = desk.proposals.counterparty(
        call.now_ns, params.role, terms, params.counterparty_signature
    )
    own = Proposal(call.account_id, params.role, terms)
    theirs = Proposal(other, "taker" if params.role == "maker" else "maker", terms)
    if _is_brokers(call):
        desk.approvals.ask(call.now_ns, own, _app_name(call))
    if desk.approvals.is_refused(own):
        raise ApiError(ErrorCode.BAD_ARGUMENT, param="nonce", reason="was rejected")
    if desk.approvals.is_waiting(own) or desk.approvals.is_waiting(theirs):
        raise ApiError(ErrorCode.RETRY, param="nonce", reason="awaits_approval")
    is_maker = params.role == "maker"
    command = ExecuteBlockTrade(
        maker_id=call.account_id if is_maker else other,
        taker_id=other if is_maker else call.account_id,
        legs=terms.legs,
        agreed_ms=terms.timestamp_ms,
        nonce=terms.nonce,
    )

    def answer(events: Sequence[Sequence[Event]]) -> api.BlockTrade:
        if isinstance(events[0][0], Rejected):
            raise rejection(events[0][0], None)
        desk.approvals.executed(call.now_ns, own, theirs)
        return _block_trade(desk, call, [one for one in events[0] if isinstance(one, Fill)])

    return Plan([command], answer)


def get_block_trade(desk: Desk, call: Call, params: api.GetBlockTrade) -> Reply:
    """Return one block trade of the account."""
    wanted = _number(params.id, "id")
    fills = [one for one in desk.exchange.fills(call.account_id) if one.block_trade_id == wanted]
    if not fills:
        raise ApiError(ErrorCode.NOT_FOUND, param="id", reason="no such block trade")
    return Reply(_block_trade(desk, call, fills))


def get_block_trades(desk: Desk, call: Call, params: api.GetBlockTrades) -> Reply:
    """List the account's block trades that can still be looked up, newest first."""
    first = 1 if params.start_id is None else _number(params.start_id, "start_id")
    last = ID_MAX if params.end_id is None else _number(params.end_id, "end_id")
    blocks: dict[BlockTradeId, list[Fill]] = {}
    for fill in desk.exchange.fills(call.account_id):
        instrument = desk.market[fill.instrument_id].instrument
        if first <= fill.block_trade_id <= last and is_of(instrument, params.currency, None):
            blocks.setdefault(fill.block_trade_id, []).append(fill)
    newest = sorted(blocks, reverse=True)[: params.count]
    return Reply([_block_trade(desk, call, blocks[one]) for one in newest])


def _is_brokers(call: Call) -> bool:
    """Say whether the account has to approve what the key asks for."""
    return call.grant is not None and APPROVAL_FEATURE in call.grant.features


def _app_name(call: Call) -> str:
    return "" if call.grant is None else call.grant.app_name


def _decide(
    desk: Desk,
    call: Call,
    params: api.ApproveBlockTrade | api.RejectBlockTrade,
    state: api.RequestState,
) -> Proposal:
    if _is_brokers(call):
        raise ApiError(ErrorCode.FORBIDDEN, reason="needs a key without block_trade_approval")
    return desk.approvals.decide(
        call.now_ns,
        call.account_id,
        timestamp_ms=params.timestamp,
        nonce=params.nonce,
        role=params.role,
        state=state,
    )


def _request(desk: Desk, request: Request) -> api.BlockTradeRequest:
    return rendered(desk.market, desk.exchange, request, desk.approvals.other_side(request))


def _legs(desk: Desk, legs: Iterable[api.BlockTradeLeg]) -> tuple[BlockLeg, ...]:
    found = []
    for leg in legs:
        instrument = desk.market_of(leg.instrument_name).instrument
        found.append(
            BlockLeg(
                instrument_id=InstrumentId(instrument.instrument_id),
                side=Side.BUY if leg.direction == "buy" else Side.SELL,
                amount=lots_of(instrument, leg.amount),
                price=block_ticks_of(instrument, leg.price),
            )
        )
    return tuple(found)


def _refusal(desk: Desk, call: Call, legs: Sequence[BlockLeg], role: api.Role) -> Rejected | None:
    is_maker = role == "maker"
    return desk.exchange.block_refusal(
        call.now_ns,
        call.account_id,
        legs,
        is_maker=is_maker,
        verdict=desk.judge.block_verdict(call.now_ns, call.account_id, legs, is_maker=is_maker),
    )


def _block_trade(desk: Desk, call: Call, fills: Sequence[Fill]) -> api.BlockTrade:
    return api.BlockTrade(
        id=format_block_trade_id(fills[0].block_trade_id),
        timestamp=ns_to_ms(fills[0].time_ns),
        trades=[
            trade
            for fill in fills
            for trade in user_trades(desk.market, fill, AccountId(call.account_id))
        ],
    )


def _number(text: str, param: str) -> BlockTradeId:
    try:
        return parse_block_trade_id(text)
    except ValueError as error:
        raise invalid_params(param, str(error)) from None
