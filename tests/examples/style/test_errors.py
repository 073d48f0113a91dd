from __future__ import annotations

import msgspec

from examples.style.errors import GapError, Reject, Rejected


def test_a_reject_travels_as_data_with_its_public_number() -> None:
    rejected = Rejected(request_id=7, reason=Reject.NOT_ENOUGH_FUNDS)

    text = b'{"type":"Rejected","request_id":7,"reason":10009}'

    assert msgspec.json.encode(rejected) == text
    assert msgspec.json.decode(text, type=Rejected) == rejected


def test_a_gap_says_the_two_numbers_that_disagree() -> None:
    assert str(GapError(expected=7, received=9)) == "expected change 7, received 9"
