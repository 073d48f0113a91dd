from decimal import Decimal

from strikewire.api import METHODS
from strikewire.api.jsonrpc import decode_params, decode_query
from strikewire.api.repeatable import DIGEST_BYTES, Repeatable, digest
from strikewire.api.trading import Buy, Cancel

BUY = Buy(instrument_name="BTC-PERPETUAL", amount=Decimal(10), price=Decimal(50_000))


def test_equal_requests_have_equal_digests_whatever_their_key() -> None:
    marked = Buy(
        instrument_name="BTC-PERPETUAL",
        amount=Decimal(10),
        price=Decimal(50_000),
        idempotency_key="a",
    )

    assert digest("private/buy", BUY) == digest("private/buy", marked)
    assert len(digest("private/buy", BUY)) == DIGEST_BYTES


def test_another_method_or_another_parameter_has_another_digest() -> None:
    other = Buy(instrument_name="BTC-PERPETUAL", amount=Decimal(20), price=Decimal(50_000))

    digests = {
        digest("private/buy", BUY),
        digest("private/sell", BUY),
        digest("private/buy", other),
    }

    assert len(digests) == 3


def test_a_key_may_come_in_a_query() -> None:
    method = METHODS["private/cancel"]
    expected = Cancel(order_id="BTC-1", idempotency_key="a")

    assert decode_query(method, {"order_id": "BTC-1", "idempotency_key": "a"}) == expected
    assert decode_params(method, b'{"order_id":"BTC-1","idempotency_key":"a"}') == expected


def test_every_method_that_costs_matching_takes_a_key() -> None:
    for method in METHODS.values():
        if method.adds_up:
            assert issubclass(method.request, Repeatable), method.name
