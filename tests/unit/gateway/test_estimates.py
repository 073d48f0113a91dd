"""The price that is shown is the one at which liquidation begins."""

import pytest

from strikewire.exchange import ChangeMarginModel, MarginModel
from strikewire.gateway.estimates import liquidation_price
from strikewire.model import Side
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

LINEAR, INVERSE, CALL = "BTC_USDC-PERPETUAL", "BTC-PERPETUAL", "BTC_USDC-25DEC26-60000-C"


def holding(name: str, side: Side, lots: int, cash: dict[str, int]) -> TradingFloor:
    """Return a floor where Alice holds a perpetual, entered at 50,000, on some cash."""
    floor = TradingFloor(name, CALL)
    floor.mark(100_000)
    for currency, units in cash.items():
        floor.leave(ALICE, currency, units)
    for account_id, way in ((BOB, side.opposite), (ALICE, side)):
        place = floor.buy if way is Side.BUY else floor.sell
        place(account_id, lots, at=100_000).expect_accepted()
    return floor


def estimate(floor: TradingFloor, name: str | None = None) -> float | None:
    view = floor.position(ALICE, name)
    one = floor.exchange.instruments[floor.id(name)]
    model = floor.exchange.margin_model(ALICE)
    return liquidation_price(one, view, floor.summary(ALICE, view.currency), model)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize(
    ("name", "lots", "cash"),
    [
        (LINEAR, 1_000, {"USDC": 2_500_000_000}),
        (LINEAR, 40_000, {"USDC": 400_000_000_000}),
        (INVERSE, 5_000, {"BTC": 4_000_000}),
        (INVERSE, 200_000, {"BTC": 6_00000000}),
    ],
)
def test_liquidation_begins_at_the_price_that_is_shown(
    name: str, lots: int, cash: dict[str, int], side: Side
) -> None:
    floor = holding(name, side, lots, cash)
    price = estimate(floor)
    assert price is not None

    floor.mark(price=round(price + side * 0.01, 4))
    is_early = floor.exchange.in_liquidation == [ALICE]
    floor.mark(price=round(price - side * 0.01, 4))

    assert not is_early
    assert floor.exchange.in_liquidation == [ALICE]
    assert estimate(floor) == pytest.approx(price, rel=1e-6)


def test_a_coin_long_on_2_500_dollars_has_its_price() -> None:
    floor = holding(LINEAR, Side.BUY, 1_000, {"USDC": 2_500_000_000})

    # 2,475 + p - 50,000 = 1.005 % p
    assert estimate(floor) == pytest.approx(47_525 / (1 - 0.01005))


def test_who_cannot_fall_below_has_no_price() -> None:
    # Ten coins behind one: a long one would still be covered at nothing.
    assert estimate(holding(LINEAR, Side.BUY, 1_000, {"USDC": 60_000_000_000})) is None
    # Dollars for a coin owed, and a coin and more behind them.
    assert estimate(holding(INVERSE, Side.SELL, 5_000, {"BTC": 1_10000000})) is None


def test_other_models_and_other_positions_have_no_price() -> None:
    floor = holding(LINEAR, Side.BUY, 1_000, {"USDC": 5_000_000_000})
    floor.mark(name=CALL, price=3_000, underlying=50_000)
    floor.sell(BOB, 1, at=600, name=CALL)
    floor.buy(ALICE, 1, at=600, name=CALL).expect_accepted()

    assert estimate(floor, CALL) is None
    assert estimate(floor) is not None
    floor.apply(ChangeMarginModel(ALICE, MarginModel.CROSS))
    assert estimate(floor) is None
