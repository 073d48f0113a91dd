import pytest

from strikewire.exchange.events import Reject, Rejected
from strikewire.exchange.orders.checks import refuse_amount, refuse_outside, refuse_price
from strikewire.exchange.state.margin import PriceBand
from strikewire.exchange.state.markets import Market
from strikewire.model import AMOUNT_LOTS_MAX, PRICE_TICKS_MAX, Side, Ticks, instrument


@pytest.mark.parametrize("amount", [1, AMOUNT_LOTS_MAX])
def test_an_amount_within_the_limits_is_an_amount(amount: int) -> None:
    assert refuse_amount(amount) is None


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (0, "0 against 1 lots"),
        (-5, "-5 against 1 lots"),
        (AMOUNT_LOTS_MAX + 1, "10000001 against 10000000 lots"),
    ],
)
def test_an_amount_outside_of_the_limits_is_refused(amount: int, reason: str) -> None:
    assert refuse_amount(amount) == Rejected(Reject.INVALID_AMOUNT, reason, "amount")


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (-1, Reject.INVALID_PRICE),
        (0, Reject.INVALID_PRICE),
        (1, None),
        (49, None),
        (50, None),
        (51, Reject.WRONG_TICK),  # from 50 on only every fifth
        (55, None),
        (PRICE_TICKS_MAX, None),
        (PRICE_TICKS_MAX + 1, Reject.INVALID_PRICE),
    ],
)
def test_a_price_is_positive_and_on_a_tick(price: int, code: Reject | None) -> None:
    market = Market(instrument("BTC-25DEC26-60000-C", instrument_id=1))

    refused = refuse_price(market, Ticks(price))

    assert (refused.code if refused else None) == code


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [
        (Side.BUY, 400, None),
        (Side.BUY, 401, Reject.PRICE_TOO_HIGH),
        (Side.BUY, 1, None),
        (Side.SELL, 25, None),
        (Side.SELL, 24, Reject.PRICE_TOO_LOW),
        (Side.SELL, 9_999, None),
    ],
)
def test_only_the_costly_side_of_the_band_is_closed(
    side: Side, price: int, code: Reject | None
) -> None:
    refused = refuse_outside(PriceBand(Ticks(25), Ticks(400)), side, Ticks(price))

    assert (refused.code if refused else None) == code


def test_without_a_band_every_price_is_inside() -> None:
    assert refuse_outside(None, Side.BUY, Ticks(PRICE_TICKS_MAX)) is None
