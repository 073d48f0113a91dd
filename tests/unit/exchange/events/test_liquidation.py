from strikewire.exchange import LiquidationFee, LockChanged
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

USDC = 10**6


def test_a_liquidation_tells_when_it_begins_what_it_costs_and_when_it_is_over() -> None:
    floor = TradingFloor.at(100_000, USDC=100_000 * USDC)
    floor.leave(ALICE, "USDC", 1_500 * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    floor.buy(CAROL, 2_000, at=98_000)
    floor.mark(98_000)

    rounds = [floor.liquidate().events for _ in range(4)]

    told = [event for events in rounds for event in events]
    locks = [event for event in told if isinstance(event, LockChanged)]
    fees = [event for event in told if isinstance(event, LiquidationFee)]
    assert locks == [LockChanged(ALICE, is_locked=True), LockChanged(ALICE, is_locked=False)]
    assert fees
    assert {(fee.account_id, fee.instrument_id, fee.currency) for fee in fees} == {
        (ALICE, floor.id(), "USDC")
    }
    assert all(fee.fee > 0 for fee in fees)
