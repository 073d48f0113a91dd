import pytest

from strikewire.api import ApiError, ErrorCode
from strikewire.exchange import BLOCK_VALID_MS, BlockLeg
from strikewire.gateway.blocks import SIGNATURES_KEPT_MAX, Proposal, Proposals, Terms
from strikewire.model import InstrumentId, Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, START_NS

NOW_MS = START_NS // 10**6
LEG = BlockLeg(
    instrument_id=InstrumentId(1), side=Side.BUY, amount=Lots(20_000), price=Ticks(100_000)
)
TERMS = Terms(NOW_MS, "n", (LEG,))
OFFER = Proposal(ALICE, "maker", TERMS)


def proposals(secret: bytes = b"x") -> Proposals:
    return Proposals(lambda size: secret * size)


def refused(kept: Proposals, signature: str, terms: Terms = TERMS, now_ns: int = START_NS) -> int:
    with pytest.raises(ApiError) as caught:
        kept.counterparty(now_ns, "taker", terms, signature)
    return caught.value.code


def test_whoever_names_the_same_terms_in_the_other_role_learns_who_signed() -> None:
    kept = proposals()
    signature = kept.sign(START_NS, OFFER)

    assert kept.counterparty(START_NS, "taker", TERMS, signature) == ALICE


def test_a_signature_tells_nothing_and_is_the_same_for_the_same() -> None:
    kept = proposals()
    signature = kept.sign(START_NS, OFFER)

    assert len(signature) == 64
    assert kept.sign(START_NS, OFFER) == signature
    assert proposals(b"y").sign(START_NS, OFFER) != signature
    assert kept.sign(START_NS, OFFER._replace(account_id=BOB)) != signature


def test_other_terms_the_same_role_and_what_nobody_signed_are_refused() -> None:
    kept = proposals()
    signature = kept.sign(START_NS, OFFER)
    other_leg = TERMS._replace(legs=(LEG, LEG))

    assert refused(kept, "0" * 64) == ErrorCode.BAD_ARGUMENT
    assert refused(kept, signature, TERMS._replace(nonce="m")) == ErrorCode.BAD_ARGUMENT
    assert refused(kept, signature, other_leg) == ErrorCode.BAD_ARGUMENT
    with pytest.raises(ApiError, match="bad_argument"):
        kept.counterparty(START_NS, "maker", TERMS, signature)


def test_terms_hold_five_minutes_either_way_of_their_time() -> None:
    kept = proposals()
    signature = kept.sign(START_NS, OFFER)
    last_ns = START_NS + (BLOCK_VALID_MS - 1) * 10**6

    assert kept.counterparty(last_ns, "taker", TERMS, signature) == ALICE
    assert refused(kept, signature, now_ns=last_ns + 10**6) == ErrorCode.TIMED_OUT
    for distance in (-BLOCK_VALID_MS, BLOCK_VALID_MS):
        with pytest.raises(ApiError, match="timed_out"):
            kept.sign(
                START_NS, Proposal(ALICE, "maker", TERMS._replace(timestamp_ms=NOW_MS + distance))
            )


def test_only_its_owner_takes_a_signature_back() -> None:
    kept = proposals()
    signature = kept.sign(START_NS, OFFER)

    with pytest.raises(ApiError, match="bad_argument"):
        kept.take_back(BOB, signature)
    kept.take_back(ALICE, signature)

    assert refused(kept, signature) == ErrorCode.BAD_ARGUMENT
    with pytest.raises(ApiError, match="bad_argument"):
        kept.take_back(ALICE, signature)


def test_the_oldest_signature_of_an_account_makes_room() -> None:
    kept = proposals()
    bobs = kept.sign(START_NS, OFFER._replace(account_id=BOB))
    signatures = [
        kept.sign(START_NS, OFFER._replace(terms=TERMS._replace(nonce=str(number))))
        for number in range(SIGNATURES_KEPT_MAX + 1)
    ]

    assert refused(kept, signatures[0], TERMS._replace(nonce="0")) == ErrorCode.BAD_ARGUMENT
    assert kept.counterparty(START_NS, "taker", TERMS._replace(nonce="1"), signatures[1]) == ALICE
    assert kept.counterparty(START_NS, "taker", TERMS, bobs) == BOB


def test_signatures_that_are_no_longer_valid_make_room_first() -> None:
    kept = proposals()
    old = kept.sign(START_NS, OFFER)
    later_ns = START_NS + BLOCK_VALID_MS * 10**6

    kept.sign(later_ns, OFFER._replace(terms=TERMS._replace(timestamp_ms=later_ns // 10**6)))

    assert old not in kept._kept
