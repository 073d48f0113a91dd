import msgspec

from strikewire.exchange import ChangeMarginModel, Liquidate, MarginModel, decode
from strikewire.model import AccountId


def test_a_round_of_liquidation_that_names_nobody_looks_at_all_accounts() -> None:
    command = decode(msgspec.msgpack.encode(["liquidate"]))

    assert command == Liquidate((), None)


def test_a_round_of_liquidation_can_look_at_nobody() -> None:
    command = decode(msgspec.msgpack.encode(["liquidate", [], []]))

    assert command == Liquidate((), ())


def test_only_portfolio_margin_asks_for_verdicts() -> None:
    command = decode(msgspec.msgpack.encode(["margin_model", 1, "cross_sm"]))

    assert command == ChangeMarginModel(AccountId(1), MarginModel.CROSS, ())
