from typing import Any

import pytest

from strikewire.exchange import (
    CancelOrders,
    Command,
    EditOrder,
    MmpConfig,
    PlaceOrder,
    SetMmp,
    TimeInForce,
)
from strikewire.exchange.packed import pack
from strikewire.model import AccountId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def order(account_id: AccountId, side: Side, lots: int, at: int, **fields: Any) -> PlaceOrder:
    return PlaceOrder(
        account_id=account_id,
        instrument_id=fields.pop("instrument_id"),
        side=side,
        amount=Lots(lots),
        price=Ticks(at),
        **fields,
    )


@pytest.fixture
def state() -> Any:
    """Return a state where packed commands and others have left orders of every kind."""
    floor = TradingFloor.at(100_000)
    exchange, here = floor.exchange, floor.id()
    common: list[Command] = [
        order(ALICE, Side.SELL, 5, 100_010, instrument_id=here, label="né"),
        order(BOB, Side.BUY, 3, 100_010, instrument_id=here),
        order(BOB, Side.BUY, 3, 99_990, instrument_id=here, post_only=True),
        order(ALICE, Side.SELL, 1, 99_990, instrument_id=here, reduce_only=True),
        order(ALICE, Side.BUY, 2, 100_020, instrument_id=here, time_in_force=TimeInForce.IOC),
        EditOrder(account_id=BOB, order_id=OrderId(3), amount=Lots(4), price=Ticks(99_980)),
        order(ALICE, Side.BUY, 7, 99_970, instrument_id=here),
        order(BOB, Side.SELL, 7, 100_030, instrument_id=here),
    ]
    exchange.submit(floor.now_ns, b"".join([pack(command) or b"" for command in common]))
    floor.sell(ALICE, 9, at=100_040, hidden=True)
    floor.buy(BOB, 9, at=99_960, display=1)
    floor.buy(BOB, 12, at=100_040, label="hits the hidden one")
    floor.apply(CancelOrders(ALICE))
    config = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=10**9, quantity_e8=10**9)
    floor.apply(SetMmp(ALICE, "btc_usdc", "", config))
    floor.sell(ALICE, 2, at=100_050, mmp=True, label="protected")
    floor.buy(BOB, 1, at=100_050)
    return exchange._state
