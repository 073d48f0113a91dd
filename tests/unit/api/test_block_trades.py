import pytest

from strikewire.api import ApiError, ErrorCode, block_trades, jsonrpc
from strikewire.api.registry import METHODS
from strikewire.exchange.orders import blocks

LEG = b'{"instrument_name":"BTC-PERPETUAL","direction":"buy","amount":%b,"price":%b}'
VERIFY = METHODS["private/verify_block_trade"]


def decoded(legs: bytes, nonce: bytes = b"tea") -> object:
    return jsonrpc.decode_params(
        VERIFY, b'{"timestamp":5,"nonce":"%b","role":"maker","trades":[%b]}' % (nonce, legs)
    )


def test_amounts_and_prices_are_exact() -> None:
    found = decoded(LEG % (b"200000", b"49999.5"))

    assert isinstance(found, block_trades.VerifyBlockTrade)
    (leg,) = found.trades
    assert (str(leg.amount), str(leg.price)) == ("200000", "49999.5")


@pytest.mark.parametrize(
    ("amount", "price", "code"),
    [
        (b"0", b"1", ErrorCode.INVALID_AMOUNT),
        (b"1", b"-1", ErrorCode.INVALID_PRICE),
        (b"1e30", b"1", ErrorCode.INVALID_PARAMS),
    ],
)
def test_what_is_no_amount_and_no_price_is_refused(
    amount: bytes, price: bytes, code: ErrorCode
) -> None:
    with pytest.raises(ApiError) as caught:
        decoded(LEG % (amount, price))

    assert caught.value.code == code


def test_a_block_trade_has_legs_and_not_too_many_and_a_nonce_that_is_short() -> None:
    one = LEG % (b"1", b"1")
    for legs, nonce in (
        (b"", b"tea"),
        (b",".join([one] * (block_trades.LEGS_MAX + 1)), b"tea"),
        (one, b"x" * (block_trades.NONCE_LENGTH_MAX + 1)),
    ):
        with pytest.raises(ApiError) as caught:
            decoded(legs, nonce)
        assert caught.value.code == ErrorCode.INVALID_PARAMS


def test_the_limits_are_those_of_the_exchange() -> None:
    assert block_trades.LEGS_MAX == blocks.BLOCK_LEGS_MAX
    assert block_trades.NONCE_LENGTH_MAX == blocks.BLOCK_NONCE_LENGTH_MAX
