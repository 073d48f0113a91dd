import pytest

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import BlockLeg
from strikewire.gateway.approvals import REQUESTS_KEPT_MAX, Approvals
from strikewire.gateway.blocks import Proposal, Terms
from strikewire.model import InstrumentId, Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, START_NS

NOW_MS = START_NS // 10**6
LEG = BlockLeg(
    instrument_id=InstrumentId(1), side=Side.BUY, amount=Lots(20_000), price=Ticks(100_000)
)
TERMS = Terms(NOW_MS, "tea", (LEG,))
MAKER, TAKER = Proposal(ALICE, "maker", TERMS), Proposal(BOB, "taker", TERMS)


def decide(approvals: Approvals, state: str, now_ns: int = START_NS) -> Proposal:
    return approvals.decide(
        now_ns,
        ALICE,
        timestamp_ms=NOW_MS,
        nonce="tea",
        role="maker",
        state=state,  # type: ignore[arg-type] # one of its words
    )


def test_a_request_waits_until_it_is_approved() -> None:
    approvals = Approvals()
    request = approvals.ask(START_NS, MAKER, "broker")

    assert approvals.is_waiting(MAKER)
    assert decide(approvals, "approved", START_NS + 1) == MAKER

    assert not approvals.is_waiting(MAKER)
    assert (request.state, request.since_ns, request.app_name) == (
        "approved",
        START_NS + 1,
        "broker",
    )


def test_what_was_never_asked_for_waits_for_nobody() -> None:
    approvals = Approvals()

    assert not approvals.is_waiting(MAKER)
    assert not approvals.is_refused(MAKER)
    with pytest.raises(ApiError) as caught:
        decide(approvals, "approved")
    assert caught.value.code == ErrorCode.NOT_FOUND


def test_asking_again_changes_nothing_and_other_terms_are_another_request() -> None:
    approvals = Approvals()
    approvals.ask(START_NS, MAKER, "broker")
    decide(approvals, "approved")

    assert approvals.ask(START_NS, MAKER, "broker").state == "approved"
    other = MAKER._replace(terms=TERMS._replace(legs=(LEG, LEG)))
    assert approvals.ask(START_NS, other, "broker").state == "initial"
    assert not approvals.is_waiting(MAKER)


def test_what_was_approved_may_be_rejected_and_what_was_rejected_stays_so() -> None:
    approvals = Approvals()
    approvals.ask(START_NS, MAKER, "broker")
    decide(approvals, "approved")
    decide(approvals, "rejected")

    assert approvals.is_refused(MAKER)
    with pytest.raises(ApiError) as caught:
        decide(approvals, "approved")
    assert caught.value.code == ErrorCode.BAD_ARGUMENT


def test_both_sides_hear_of_what_one_of_them_decides() -> None:
    approvals = Approvals()
    mine, theirs = (approvals.ask(START_NS, one, "broker") for one in (MAKER, TAKER))
    assert approvals.take_news() == [mine, theirs, mine]

    decide(approvals, "approved")
    assert approvals.take_news() == [mine, theirs]
    approvals.executed(START_NS, MAKER, TAKER)

    assert {one.state for one in approvals.take_news()} == {"executed"}
    assert approvals.other_side(mine) is theirs


def test_the_oldest_request_of_an_account_is_forgotten_for_one_too_many() -> None:
    approvals = Approvals()
    for number in range(REQUESTS_KEPT_MAX + 1):
        terms = TERMS._replace(nonce=str(number))
        approvals.ask(START_NS, MAKER._replace(terms=terms), "broker")
    approvals.ask(START_NS, TAKER, "broker")

    nonces = [one.proposal.terms.nonce for one in approvals.of(ALICE)]
    assert (len(nonces), nonces[0], nonces[-1]) == (100, "100", "1")
    assert [one.proposal for one in approvals.of(BOB)] == [TAKER]
