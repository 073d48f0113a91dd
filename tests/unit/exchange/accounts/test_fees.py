import pytest

from strikewire.exchange import (
    Exchange,
    FeeKind,
    FeeRates,
    FeesChanged,
    Reject,
    Rejected,
    SetFees,
)
from strikewire.exchange.accounts.fees import FEE_PPM_MAX
from strikewire.model import AccountId
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
SPOT = "BTC_USDC"


def test_an_account_pays_the_rates_of_its_tier() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)

    (event,) = floor.apply(SetFees(BOB, FeeKind.PERPETUAL, "BTC", FeeRates(0, 250)))
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)

    assert event == FeesChanged(BOB, FeeKind.PERPETUAL, "BTC", FeeRates(0, 250))
    assert floor.summary(BOB, "BTC").balance == 1_00000000 - 500  # half of 0.05 % of 0.02 BTC
    assert floor.exchange.fees(BOB, "BTC") == {FeeKind.PERPETUAL: FeeRates(0, 250)}
    assert floor.exchange.fees(ALICE, "BTC") == {}


def test_the_venue_pays_a_rebate_out_of_its_fees() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.apply(SetFees(ALICE, FeeKind.PERPETUAL, "BTC", FeeRates(-100, 500)))

    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)

    assert floor.summary(ALICE, "BTC").balance == 1_00000200  # 0.01 % of 0.02 BTC
    assert floor.exchange.money("BTC").fees == 1_000 - 200
    assert floor.exchange.transactions(ALICE, "BTC")[-1].fee == -200


def test_a_tier_is_of_one_kind_and_one_currency() -> None:
    floor = TradingFloor(PERPETUAL, CALL, cash={"BTC": 1_00000000})
    floor.mark(100_000)
    floor.mark(name=CALL, price=0.05, underlying=50_000)
    floor.apply(SetFees(ALICE, FeeKind.OPTION, "BTC", FeeRates(0, 0)))
    floor.apply(SetFees(ALICE, FeeKind.PERPETUAL, "USDC", FeeRates(0, 0)))
    floor.sell(BOB, 10, at=500, name=CALL)
    floor.sell(BOB, 100, at=100_000)

    floor.buy(ALICE, 10, at=500, name=CALL)
    floor.buy(ALICE, 100, at=100_000)

    option, perpetual = list(floor.exchange.transactions(ALICE, "BTC"))[-2:]
    assert (option.fee, perpetual.fee) == (0, 1_000)


def test_without_a_tier_an_account_pays_what_the_instrument_says() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=1_00000000)
    floor.apply(SetFees(BOB, FeeKind.PERPETUAL, "BTC", FeeRates(0, 0)))

    floor.apply(SetFees(BOB, FeeKind.PERPETUAL, "BTC"))
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)

    assert floor.exchange.fees(BOB, "BTC") == {}
    assert floor.summary(BOB, "BTC").balance == 1_00000000 - 1_000


def test_what_open_orders_on_spot_set_aside_follows_the_tier() -> None:
    floor = TradingFloor.at(120_000, SPOT, USDC=1_000_000_000)
    floor.buy(ALICE, 10_000, at=100)
    assert floor.summary(ALICE, "USDC").spot_reserve == 50_000_000

    floor.apply(SetFees(ALICE, FeeKind.SPOT, "USDC", FeeRates(1_000, 2_000)))

    assert floor.summary(ALICE, "USDC").spot_reserve == 50_100_000
    restored = Exchange.restore(floor.exchange.snapshot()).summary(ALICE, "USDC")
    assert restored == floor.summary(ALICE, "USDC")
    floor.cancel(1)
    assert floor.summary(ALICE, "USDC").spot_reserve == 0


@pytest.mark.parametrize(
    ("command", "code", "param"),
    [
        (SetFees(AccountId(99), FeeKind.OPTION, "BTC"), Reject.UNAUTHORIZED, "account_id"),
        (SetFees(ALICE, FeeKind.OPTION, "DOGE"), Reject.INVALID_ARGUMENTS, "currency"),
        (
            SetFees(ALICE, FeeKind.OPTION, "BTC", FeeRates(0, FEE_PPM_MAX + 1)),
            Reject.INVALID_ARGUMENTS,
            "rates",
        ),
        (
            SetFees(ALICE, FeeKind.OPTION, "BTC", FeeRates(-FEE_PPM_MAX - 1, 0)),
            Reject.INVALID_ARGUMENTS,
            "rates",
        ),
    ],
)
def test_senseless_tiers_are_refused(command: SetFees, code: Reject, param: str) -> None:
    floor = TradingFloor()
    before = floor.exchange.state_hash()

    (event,) = floor.apply(command)

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == (code, param)
    assert floor.exchange.state_hash() == before


def test_a_tier_is_remembered() -> None:
    floor = TradingFloor()
    floor.apply(SetFees(ALICE, FeeKind.OPTION, "BTC", FeeRates(1, 2)))

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.fees(ALICE, "BTC") == {FeeKind.OPTION: FeeRates(1, 2)}
    assert restored.state_hash() == floor.exchange.state_hash()
