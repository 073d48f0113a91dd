"""Who is looked at for liquidation: those who could have come below water, and nobody else."""

from strikewire.exchange import Deposit, Exchange, Withdraw
from strikewire.exchange.state.pools import pools
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, TradingFloor

LINEAR = "BTC_USDC-PERPETUAL"
INVERSE = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
USDC = 10**6


def one_coin_long() -> TradingFloor:
    """Return a floor where Alice is one coin long from Bob at 50,000, with 1,475 behind it."""
    floor = TradingFloor.at(100_000, LINEAR, USDC=100_000 * USDC)
    floor.leave(ALICE, "USDC", 1_500 * USDC)
    floor.sell(BOB, 1_000, at=100_000)
    floor.buy(ALICE, 1_000, at=100_000).expect_accepted()
    return floor


def looked_at(floor: TradingFloor) -> int:
    """Ask who is to be liquidated, and return how many accounts were valued for the answer."""
    before = floor.exchange._watch.looked_at
    _ = floor.exchange.in_liquidation
    return floor.exchange._watch.looked_at - before


def under_water(floor: TradingFloor) -> list[AccountId]:
    """Return the accounts that are locked or below water, each of them valued."""
    state = floor.exchange._state
    return [
        account_id
        for account_id, account in sorted(state.accounts.items())
        if account is not state.fund
        and (account.is_locked or any(pool.is_under_water for pool in pools(state, account)))
    ]


def test_nobody_is_looked_at_twice_while_nothing_happens() -> None:
    floor = one_coin_long()

    assert [looked_at(floor), looked_at(floor)] == [3, 0]


def test_small_moves_pass_over_who_has_enough() -> None:
    floor = one_coin_long()
    looked_at(floor)

    # Alice has 1,475 against 502.50, and a move of the whole price costs her at most 1.01005 of
    # it: she is good for 1.92 % of it.
    moves = []
    for ticks in (99_500, 99_000, 98_100, 98_060):
        floor.mark(ticks)
        moves.append(looked_at(floor))

    assert moves == [0, 0, 0, 1]


def test_the_way_of_the_marks_counts_and_not_only_where_they_are() -> None:
    floor = one_coin_long()
    looked_at(floor)

    valued = 0
    for ticks in (99_000, 100_000) * 2:
        floor.mark(ticks)
        valued += looked_at(floor)

    # After 2 % and after 4 %.
    assert valued == 2


def test_who_comes_below_water_is_found() -> None:
    floor = one_coin_long()
    looked_at(floor)

    floor.mark(98_040)
    assert floor.exchange.in_liquidation == []
    floor.mark(98_000)

    assert floor.exchange.in_liquidation == [ALICE]
    assert looked_at(floor) == 1


def test_an_account_that_trades_pays_or_is_locked_is_looked_at() -> None:
    floor = one_coin_long()
    looked_at(floor)

    floor.apply(Deposit(CAROL, "USDC", Units(1)))
    assert looked_at(floor) == 1
    floor.sell(BOB, 1, at=100_000)
    assert looked_at(floor) == 1
    floor.buy(CAROL, 1, at=100_000)
    assert looked_at(floor) == 2
    floor.exchange._state.accounts[CAROL].is_locked = True

    assert floor.exchange.in_liquidation == [CAROL]


def test_what_was_bought_of_an_option_cannot_bring_anybody_down() -> None:
    floor = TradingFloor(CALL, cash={"BTC": 10**9})
    floor.mark(name=CALL, price=0.05, underlying=60_000)
    floor.sell(BOB, 100, at=500)
    floor.buy(ALICE, 100, at=500).expect_accepted()
    looked_at(floor)

    # Bob sold 10 coins, has 10.497 BTC, and needs 1.25: good for 0.92 more for each coin.
    floor.mark(name=CALL, price=0.9, underlying=600_000)
    assert looked_at(floor) == 0
    floor.mark(name=CALL, price=0.99, underlying=6_000_000)

    assert looked_at(floor) == 1
    assert floor.exchange.in_liquidation == under_water(floor) == [BOB]


def test_an_inverse_future_is_followed_down_to_any_price() -> None:
    floor = TradingFloor(INVERSE, cash={"BTC": 10**9})
    floor.mark(120_000)
    floor.sell(BOB, 10_000, at=120_000)
    floor.buy(ALICE, 10_000, at=120_000).expect_accepted()

    ticks = 120_000
    for _ in range(60):
        ticks = ticks * 95 // 100
        floor.mark(ticks)
        assert floor.exchange.in_liquidation == under_water(floor)

    assert floor.exchange.in_liquidation == [ALICE]


def test_a_restored_exchange_finds_the_same() -> None:
    floor = one_coin_long()
    looked_at(floor)
    floor.mark(98_000)

    restored = Exchange.restore(floor.exchange.snapshot())

    assert restored.in_liquidation == floor.exchange.in_liquidation == [ALICE]


def test_some_accounts_can_be_asked_about_and_strangers_are_none() -> None:
    floor = one_coin_long()
    floor.mark(98_000)

    assert floor.exchange.look_over([BOB, AccountId(99)]) == []
    assert floor.exchange.look_over([BOB, ALICE, ALICE]) == [ALICE]


def test_who_paid_for_the_loss_of_another_is_looked_at_again() -> None:
    floor = one_coin_long()
    floor.leave(BOB, "USDC", 1_004 * USDC)
    floor.mark(101_000)
    surplus = floor.summary(ALICE, "USDC").available_withdrawal_funds
    floor.apply(Withdraw(ALICE, "USDC", surplus))
    floor.mark(400_000)
    assert floor.exchange.in_liquidation == [BOB]

    # Alice gained 150,000, of which Bob had little: of what is left to her, 2,010 are needed.
    floor.liquidate()

    assert floor.exchange.in_liquidation == under_water(floor) == [ALICE]
