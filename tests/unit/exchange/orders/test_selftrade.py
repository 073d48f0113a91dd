import pytest

from strikewire.exchange import (
    CancelReason,
    Deposit,
    OpenAccount,
    OrderState,
    Reject,
    SelfTrading,
    SetSelfTrading,
    TimeInForce,
)
from strikewire.exchange.orders.selftrade import chosen, token
from strikewire.exchange.state.state import Account, State
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL, PLENTY, Deed, TradingFloor, ladder

MAKER = AccountId(4)
"""A subaccount of Alice."""

ALLOWED, REJECT_TAKER, CANCEL_MAKER = SelfTrading
PREVENTED = CancelReason.SELF_TRADE_PREVENTION


def prevented(mode: SelfTrading, name: str = "BTC_USDC-PERPETUAL") -> TradingFloor:
    """Return a floor where Alice chose a mode and waits behind Bob, both selling."""
    floor = TradingFloor.at(100, name)
    floor.apply(SetSelfTrading(ALICE, mode))
    floor.sell(BOB, 5, at=101)
    floor.sell(ALICE, 3, at=101)
    floor.sell(BOB, 4, at=102)
    return floor


# --- Which accounts are kept apart


@pytest.mark.parametrize(
    ("mode", "owner", "is_extended", "found"),
    [
        (ALLOWED, 0, False, None),
        (ALLOWED, 1, True, None),
        (REJECT_TAKER, 0, False, 4),
        (CANCEL_MAKER, 0, False, 4),
        (CANCEL_MAKER, 0, True, 4),
        (CANCEL_MAKER, 1, False, 4),
        (CANCEL_MAKER, 1, True, 1),
    ],
)
def test_orders_meet_unless_their_accounts_have_the_same_token(
    mode: SelfTrading, owner: int, is_extended: bool, found: int | None
) -> None:
    state = State()
    state.accounts[AccountId(1)] = Account(AccountId(1), "alice", 0)
    account = Account(AccountId(4), "dave", 0)
    account.owner = AccountId(owner)
    account.self_trading, account.self_trading_extended = mode, is_extended

    assert token(state, account) == found


@pytest.mark.parametrize(("is_extended", "found"), [(True, 1), (False, None)])
def test_a_subaccount_that_never_chose_follows_its_owner_where_that_is_extended(
    is_extended: bool, found: int | None
) -> None:
    state = State()
    owner = state.accounts[AccountId(1)] = Account(AccountId(1), "alice", 0)
    owner.self_trading, owner.self_trading_extended = REJECT_TAKER, is_extended
    account = Account(AccountId(4), "dave", 0)
    account.owner = AccountId(1)

    assert token(state, account) == found
    assert chosen(state, account) == ((REJECT_TAKER, True) if is_extended else (ALLOWED, False))


def test_an_owner_chooses_for_the_subaccounts() -> None:
    floor = with_subaccount()
    floor.apply(SetSelfTrading(ALICE, REJECT_TAKER, True))

    assert floor.buy(ALICE, 3, at=101).rejected.code is Reject.ORDER_OVERLAP
    floor.buy(BOB, 1, at=100)
    floor.buy(ALICE, 1, at=99)
    assert floor.sell(MAKER, 2, at=99).rejected.code is Reject.ORDER_OVERLAP
    assert floor.exchange.self_trading(MAKER) == (REJECT_TAKER, True)


def with_subaccount() -> TradingFloor:
    floor = TradingFloor.at(100)
    floor.apply(OpenAccount(MAKER, "alice's maker", ALICE))
    floor.apply(Deposit(MAKER, "USDC", Units(PLENTY)))
    floor.sell(MAKER, 3, at=101)
    return floor


def test_subaccounts_are_kept_apart_when_both_say_so() -> None:
    floor = with_subaccount()
    floor.apply(SetSelfTrading(ALICE, CANCEL_MAKER, True))
    floor.apply(SetSelfTrading(MAKER, REJECT_TAKER, True))

    deed = floor.buy(ALICE, 3, at=101)

    assert deed.fills == []
    # Alice's order came in, so her mode decides.
    assert floor.order(1).cancel_reason == PREVENTED


@pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True), (False, False)])
def test_subaccounts_meet_where_one_of_them_stands_for_itself(ours: bool, theirs: bool) -> None:
    floor = with_subaccount()
    floor.apply(SetSelfTrading(BOB, CANCEL_MAKER, ours))
    floor.apply(SetSelfTrading(MAKER, CANCEL_MAKER, theirs))

    assert floor.buy(BOB, 3, at=101).trades == [(101, 3)]


def test_an_owner_stands_for_all_subaccounts_that_are_extended() -> None:
    # The owner's own id is the token, extended or not.
    floor = with_subaccount()
    floor.apply(SetSelfTrading(ALICE, REJECT_TAKER, False))
    floor.apply(SetSelfTrading(MAKER, REJECT_TAKER, True))

    assert floor.buy(ALICE, 3, at=101).rejected.code is Reject.ORDER_OVERLAP


def test_strangers_meet_whatever_they_chose() -> None:
    floor = prevented(REJECT_TAKER)
    floor.apply(SetSelfTrading(CAROL, REJECT_TAKER, True))

    assert floor.buy(CAROL, 8, at=101).trades == [(101, 5), (101, 3)]


# --- reject_taker


def test_an_order_that_would_meet_its_owner_is_refused_whole() -> None:
    floor = prevented(REJECT_TAKER)

    rejected = floor.buy(ALICE, 6, at=101).rejected

    assert (rejected.code, rejected.reason) == (Reject.ORDER_OVERLAP, "self_trade")
    assert floor.position(BOB).size == 0


def test_an_order_that_is_filled_before_it_meets_its_owner_trades() -> None:
    floor = prevented(REJECT_TAKER)

    assert floor.buy(ALICE, 5, at=101).trades == [(101, 5)]


def test_an_order_that_waits_below_its_owner_is_let_in() -> None:
    floor = prevented(REJECT_TAKER)

    assert floor.buy(ALICE, 6, at=100).order.state is OrderState.OPEN


def test_fill_or_kill_is_refused_rather_than_killed() -> None:
    floor = prevented(REJECT_TAKER)

    deed = floor.buy(ALICE, 100, at=102, time_in_force=TimeInForce.FOK)

    assert deed.rejected.code is Reject.ORDER_OVERLAP


def test_an_edit_that_would_meet_its_owner_leaves_the_order_as_it_was() -> None:
    floor = prevented(REJECT_TAKER)
    before = floor.buy(ALICE, 6, at=100).order

    assert floor.edit(before.order_id, 6, at=101).rejected.code is Reject.ORDER_OVERLAP
    assert floor.order(before.order_id) == before


# --- cancel_maker


def test_orders_of_the_same_owner_on_the_way_are_cancelled() -> None:
    floor = prevented(CANCEL_MAKER)

    deed = floor.buy(ALICE, 7, at=102)

    assert deed.trades == [(101, 5), (102, 2)]
    assert [(view.order_id, view.cancel_reason) for view in deed.orders if view.cancel_reason] == [
        (2, "self_trade_prevention")
    ]
    assert floor.book() == ladder("""
              | 102 | 2
    """)


def test_orders_behind_the_last_fill_are_left_alone() -> None:
    floor = prevented(CANCEL_MAKER)

    floor.buy(ALICE, 5, at=101)

    assert floor.order(2).state is OrderState.OPEN


def test_what_is_left_over_waits_where_its_owner_waited() -> None:
    floor = TradingFloor.at(100)
    floor.apply(SetSelfTrading(ALICE, CANCEL_MAKER))
    floor.sell(ALICE, 3, at=101)

    deed = floor.buy(ALICE, 5, at=101)

    assert [(view.order_id, view.state) for view in deed.orders] == [(1, "cancelled"), (2, "open")]
    assert floor.book() == ladder("""
            5 | 101 |
    """)


@pytest.mark.parametrize(
    ("lots", "trades", "own"),
    [(9, [(101, 5), (102, 4)], "cancelled"), (10, [], "open")],
)
def test_fill_or_kill_counts_only_what_others_offer(
    lots: int, trades: list[tuple[int, int]], own: str
) -> None:
    floor = prevented(CANCEL_MAKER)

    deed = floor.buy(ALICE, lots, at=102, time_in_force=TimeInForce.FOK)

    assert deed.trades == trades
    # What was killed has moved nothing, not even the owner's order.
    assert floor.order(2).state == own


def test_an_edit_that_crosses_cancels_the_owners_order() -> None:
    floor = prevented(CANCEL_MAKER)
    mine = floor.buy(ALICE, 6, at=100).order

    deed = floor.edit(mine.order_id, 6, at=101)

    assert deed.trades == [(101, 5)]
    assert floor.order(2).cancel_reason == PREVENTED
    assert floor.order(mine.order_id).remaining == 1


def test_the_margin_of_what_is_cancelled_pays_for_what_comes_in() -> None:
    # A coin's call sold short needs 0.15 + 0.05 BTC, the bid for it 0.05 BTC: 0.25 BTC together.
    floor = TradingFloor("BTC-25DEC26-60000-C")
    floor.mark(price=0.05, underlying=60_000)
    floor.leave(ALICE, "BTC", 22_000_000)
    floor.sell(ALICE, 10, at=500).expect_accepted()

    assert floor.buy(ALICE, 10, at=495).rejected.code is Reject.NOT_ENOUGH_FUNDS
    floor.apply(SetSelfTrading(ALICE, CANCEL_MAKER))
    deed = floor.buy(ALICE, 10, at=500)

    deed.expect_accepted()
    assert floor.order(1).state is OrderState.CANCELLED


@pytest.mark.parametrize("mode", [REJECT_TAKER, CANCEL_MAKER])
def test_a_post_only_order_never_meets_anybody(mode: SelfTrading) -> None:
    floor = TradingFloor.at(100)
    floor.apply(SetSelfTrading(ALICE, mode))
    floor.sell(ALICE, 3, at=101)

    moved = floor.buy(ALICE, 2, at=101, post_only=True)
    refused = floor.buy(ALICE, 2, at=101, post_only=True, reject_post_only=True)

    assert moved.order.price == 100
    assert refused.rejected.code is Reject.POST_ONLY_REJECT
    assert floor.order(1).state is OrderState.OPEN


def test_an_option_bid_that_is_cancelled_gives_its_premium_back() -> None:
    floor = TradingFloor("BTC-25DEC26-60000-C")
    floor.mark(price=0.05, underlying=60_000)
    floor.apply(SetSelfTrading(ALICE, CANCEL_MAKER))
    floor.buy(ALICE, 10, at=500)

    deed = floor.sell(ALICE, 10, at=500)

    deed.expect_accepted()
    assert floor.order(1).cancel_reason == PREVENTED
    assert Deed(deed.events).fills == []
