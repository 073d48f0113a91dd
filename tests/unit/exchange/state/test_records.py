"""What is kept in few words is told as the reference tells it, and as it was told before."""

from types import ModuleType
from typing import Any

import msgspec
import pytest

from strikewire.exchange import Exchange
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.reference import Reference
from strikewire.exchange.state import records
from strikewire.model import BlockTradeId, InstrumentId, OrderId, Units
from strikewire.testing.exchange import ALICE, BOB, TradingFloor
from tests.twins import interpreted

(in_full,) = interpreted("strikewire.exchange.state", "records")
ONE = InstrumentId(1)


def traded(floor: TradingFloor) -> TradingFloor:
    floor.sell(BOB, 3, at=100, label="asked")
    floor.buy(ALICE, 2, at=100, label="bid")
    floor.buy(ALICE, 5, at=100)
    floor.sell(ALICE, 1, at=99)
    return floor


def plain() -> TradingFloor:
    floor = TradingFloor.at(100)
    floor.exchange = Reference.restore(floor.exchange.snapshot())
    return traded(floor)


def test_fills_and_trades_are_those_of_the_reference() -> None:
    quick, reference = traded(TradingFloor.at(100)).exchange, plain().exchange

    assert quick.fills(ALICE) == reference.fills(ALICE)
    assert quick.trades(ONE) == reference.trades(ONE)
    assert len(quick.fills(BOB)) == 2


def test_payments_are_those_of_the_reference() -> None:
    quick, reference = traded(TradingFloor.at(100)).exchange, plain().exchange

    for account_id in (ALICE, BOB):
        assert quick.transactions(account_id, "USDC") == reference.transactions(account_id, "USDC")


def test_an_order_knows_its_fills() -> None:
    exchange = traded(TradingFloor.at(100)).exchange
    sold = exchange.fills(BOB)[0].maker.order_id

    assert [fill.amount for fill in exchange.order_fills(sold)] == [2, 1]


@pytest.fixture(params=[records, in_full], ids=["as imported", "plain"])
def twin(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def state() -> Any:
    return traded(TradingFloor.at(100)).exchange._state


def fill(state: Any) -> Any:
    return records.fill_of(state.markets, next(iter(state.accounts[ALICE].fills)))


def payments(state: Any, account_id: Any) -> list[Any]:
    log = state.accounts[account_id].ledgers["USDC"].transactions
    return [records.transaction_of(state.markets, one) for one in log]


@pytest.mark.parametrize(
    "rare",
    [
        {},
        {"block_trade_id": BlockTradeId(7), "block_trade_legs": 2},
        {"combo_id": InstrumentId(9), "combo_trade_id": 3},
        {"maker": {"mmp": MmpTag("group")}},
        {"taker": {"fee_currency": "BTC"}},
        {"taker": {"label": "né", "is_liquidation": True}},
        {"iv_e4": -5, "mark": 2**62},
    ],
)
def test_a_fill_is_told_as_before(twin: ModuleType, state: Any, rare: dict[str, Any]) -> None:
    told = fill(state)
    for field, value in rare.items():
        changed = value
        if isinstance(value, dict):
            changed = msgspec.structs.replace(getattr(told, field), **value)
        told = msgspec.structs.replace(told, **{field: changed})

    kept = twin.kept_fill(state.markets, told)

    assert twin.fill_of(state.markets, kept) == told
    assert (kept.trade_id, kept.instrument_id) == (told.trade_id, told.instrument_id)


@pytest.mark.parametrize(
    "rare",
    [
        {},
        {"currency": "BTC"},
        {"fee": Units(-1)},
        {"about": {"note": "why"}},
        {"about": {"order_id": OrderId(99)}},
        {"about": {"is_maker": False}},
        {"about": {"is_maker": True}},
        {"about": {"trade_id": 0}},
    ],
)
def test_a_payment_is_told_as_before(twin: ModuleType, state: Any, rare: dict[str, Any]) -> None:
    markets, told = state.markets, fill(state)
    kept = twin.kept_fill(state.markets, told)
    for account_id in (ALICE, BOB):
        payment = next(one for one in payments(state, account_id) if one.about.trade_id)
        for field, value in rare.items():
            changed = value
            if isinstance(value, dict):
                changed = msgspec.structs.replace(getattr(payment, field), **value)
            payment = msgspec.structs.replace(payment, **{field: changed})

        for _ in range(2):  # of one side there is one payment; another is kept by itself
            again = twin.kept_payment(state.markets, kept, payment)
            assert twin.transaction_of(markets, again) == payment
            payment = msgspec.structs.replace(payment, transaction_id=1_000)
    assert twin.fill_of(markets, kept) == told


def test_a_payment_whose_fill_is_gone_is_told_as_before(twin: ModuleType, state: Any) -> None:
    payment = payments(state, ALICE)[-1]

    assert twin.kept_payment(state.markets, None, payment) is payment


def test_archives_are_kept_after_a_restart_as_they_were_before() -> None:
    exchange = traded(TradingFloor.at(100)).exchange
    restored = Exchange.restore(exchange.snapshot())._state

    for account_id in (ALICE, BOB):
        before, after = exchange._state.accounts[account_id], restored.accounts[account_id]
        assert list(map(type, after.fills)) == list(map(type, before.fills))
        assert list(after.closed) == list(before.closed)
        for currency, ledger in before.ledgers.items():
            kept = after.ledgers[currency].transactions
            assert list(map(type, kept)) == list(map(type, ledger.transactions))
