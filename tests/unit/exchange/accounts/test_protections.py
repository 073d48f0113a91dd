import pytest

from strikewire.exchange import (
    CancelReason,
    MmpChanged,
    MmpConfig,
    OrderState,
    Reject,
    ResetMmp,
    SetMmp,
)
from strikewire.exchange.accounts.protections import MMP_GROUPS_MAX
from strikewire.model import AccountId
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

COIN = 10**8
CONFIG = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=COIN, quantity_e8=COIN)


def config(**changes: int) -> MmpConfig:
    fields = {name: getattr(CONFIG, name) for name in CONFIG.__struct_fields__}
    return MmpConfig(**(fields | changes))


def floor() -> TradingFloor:
    made = TradingFloor("BTC-25DEC26-60000-C")
    made.mark(price=0.05, underlying=60_000)
    made.apply(SetMmp(ALICE, "btc_usd", "", config(max_quote_quantity_e8=10 * COIN)))
    return made


def test_a_protection_is_told_and_can_be_read() -> None:
    made = floor()

    assert made.apply(SetMmp(ALICE, "btc_usd", "wings", CONFIG)) == (
        MmpChanged(ALICE, "btc_usd", "wings", CONFIG),
    )
    assert [(one.index, one.group) for one in made.exchange.protections(ALICE)] == [
        ("btc_usd", ""),
        ("btc_usd", "wings"),
    ]
    assert made.exchange.protections(BOB) == made.exchange.protections(AccountId(9)) == []


def test_without_it_nothing_that_was_under_it_waits_on() -> None:
    made = floor()
    made.buy(ALICE, 1, at=490, mmp=True)
    made.buy(ALICE, 1, at=480)

    made.apply(SetMmp(ALICE, "btc_usd"))

    assert made.exchange.protections(ALICE) == []
    assert made.order(1).cancel_reason == CancelReason.MMP_CONFIG_CURTAILMENT
    assert made.order(2).state is OrderState.OPEN


def test_the_youngest_orders_make_way_where_less_may_wait() -> None:
    made = floor()
    made.buy(ALICE, 6, at=480, mmp=True)
    made.buy(ALICE, 5, at=490, mmp=True)
    made.sell(ALICE, 9, at=510, mmp=True)

    made.apply(SetMmp(ALICE, "btc_usd", "", CONFIG))

    # Ten lots are one coin.
    assert made.order(1).state is OrderState.OPEN
    assert made.order(2).cancel_reason == CancelReason.MMP_CONFIG_CURTAILMENT
    assert made.order(3).state is OrderState.OPEN


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"interval_s": 0}, "interval"),
        ({"interval_s": 3_601}, "interval"),
        ({"frozen_s": -1}, "frozen_time"),
        ({"frozen_s": 3_601}, "frozen_time"),
        ({"max_quote_quantity_e8": -1}, "max_quote_quantity"),
        ({"quantity_e8": 10**17 + 1}, "quantity_limit"),
        ({"delta_e8": -1}, "delta_limit"),
        ({"vega_e8": -1}, "vega_limit"),
        ({"quantity_e8": 0}, "quantity_limit"),
    ],
)
def test_what_is_no_protection_is_refused(changes: dict[str, int], param: str) -> None:
    command = SetMmp(ALICE, "btc_usd", "wings", config(**changes))

    rejected = Deed(floor().apply(command)).rejected

    assert (rejected.code, rejected.param) == (Reject.INVALID_ARGUMENTS, param)


def test_an_index_that_nothing_is_listed_on_has_no_protection() -> None:
    rejected = Deed(floor().apply(SetMmp(ALICE, "sol_usd", "", CONFIG))).rejected

    assert rejected.reason == "unknown_index"


def test_groups_are_limited_in_number_and_length() -> None:
    made = floor()
    for number in range(MMP_GROUPS_MAX):
        Deed(made.apply(SetMmp(ALICE, "btc_usd", f"{number}", CONFIG))).expect_accepted()

    assert Deed(made.apply(SetMmp(ALICE, "btc_usd", "more", CONFIG))).rejected.reason == (
        "max_mmp_groups"
    )
    Deed(made.apply(SetMmp(ALICE, "btc_usd", "0", CONFIG))).expect_accepted()
    made.apply(SetMmp(ALICE, "btc_usd", "0"))
    assert Deed(made.apply(SetMmp(ALICE, "btc_usd", "x" * 65, CONFIG))).rejected.param == (
        "mmp_group"
    )


def test_what_is_not_there_can_neither_be_taken_away_nor_reset() -> None:
    made = floor()

    assert Deed(made.apply(SetMmp(BOB, "btc_usd"))).rejected.reason == "mmp_not_configured"
    assert Deed(made.apply(ResetMmp(BOB, "btc_usd"))).rejected.reason == "mmp_not_configured"
    nobody = AccountId(9)
    assert Deed(made.apply(SetMmp(nobody, "btc_usd"))).rejected.code is Reject.UNAUTHORIZED
    assert Deed(made.apply(ResetMmp(nobody, "btc_usd"))).rejected.code is Reject.UNAUTHORIZED
