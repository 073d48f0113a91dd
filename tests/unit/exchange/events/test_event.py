import msgspec
import pytest

from strikewire.exchange import (
    AccountOpened,
    AccountView,
    BalanceChanged,
    Bankruptcy,
    BankruptcyView,
    CashTransferred,
    CashWithdrawn,
    ComboClosed,
    Event,
    FeesChanged,
    Fill,
    FillSide,
    InstrumentListed,
    InstrumentSettled,
    InstrumentStateChanged,
    LevelChanged,
    LimitsChanged,
    LiquidationFee,
    LockChanged,
    LossCompensated,
    LossSocialised,
    MarksChanged,
    MarksRefused,
    MmpChanged,
    MmpReset,
    MmpTag,
    MmpTriggered,
    OrderEvent,
    OrderView,
    PlatformLockChanged,
    PositionChanged,
    PositionView,
    QuoteRejected,
    Rejected,
    Repeated,
    SelfTradingChanged,
    SessionSettled,
    Settlement,
)
from strikewire.exchange.links import Link
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks, Units

LAYOUTS: dict[type[msgspec.Struct], str] = {
    Rejected: "rejected: code reason param",
    AccountOpened: "account: account",
    SelfTradingChanged: "self_trading: account_id mode extended_to_subaccounts",
    OrderEvent: "order: order",
    Fill: (
        "fill: trade_id trade_seq instrument_id price amount taker_side "
        "tick_direction time_ns mark index iv_e4 maker taker block_trade_id "
        "block_trade_legs combo_id combo_trade_id legs"
    ),
    QuoteRejected: "quote_rejected: account_id instrument_id side code reason param",
    MmpTriggered: "mmp_triggered: account_id index group frozen_until_ns",
    MmpChanged: "mmp: account_id index group config",
    MmpReset: "mmp_reset: account_id index group",
    LevelChanged: "level: instrument_id side price amount change_id",
    PositionChanged: "position: position",
    BalanceChanged: "balance: account_id currency",
    InstrumentListed: "listed: instrument state",
    InstrumentSettled: "settled: instrument_id delivery_price",
    ComboClosed: "combo_closed: instrument_id is_forgotten",
    CashTransferred: "transferred: transfer_id source destination currency amount nonce",
    CashWithdrawn: "withdrawn: withdrawal_id account_id currency",
    FeesChanged: "fees: account_id kind currency rates",
    InstrumentStateChanged: "instrument_state: instrument_id state",
    PlatformLockChanged: "platform_lock: is_locked index",
    LimitsChanged: "limits: limits account_id instrument_id",
    SessionSettled: "session_settled: currency settlements",
    MarksChanged: "marked: indices marks",
    MarksRefused: "marks_refused: indices marks",
    LockChanged: "lock: account_id is_locked",
    LiquidationFee: "liquidation_fee: account_id instrument_id currency fee",
    Bankruptcy: "bankruptcy: account_id currency deficit positions",
    LossSocialised: "socialised: currency loss profits shares",
    LossCompensated: "compensated: currency paid_in shares",
    Repeated: "repeated: account_id key events",
    OrderView: (
        "order_id account_id instrument_id side order_type time_in_force price amount "
        "filled filled_value fee state post_only reject_post_only reduce_only label "
        "created_ns updated_ns cancel_reason replaced is_liquidation trigger "
        "trigger_reference trigger_order_id triggered_order_id reject_reason "
        "original_type display_amount refresh_amount link is_dormant mmp hidden"
    ),
    FillSide: (
        "account_id order_id side fee fee_currency profit_loss order_type label "
        "order_state post_only reduce_only is_liquidation mmp"
    ),
    PositionView: (
        "account_id instrument_id currency size average_price value realized floating "
        "initial_margin maintenance_margin open_orders_margin mark index funding "
        "settlement_price"
    ),
    AccountView: "account_id name opened_ns currencies owner",
    Settlement: "instrument_id is_delivery time_ns price index open_interest gains net funding",
    BankruptcyView: "currency time_ns deficit funded socialised profits",
    Link: "fill_condition secondary_ids triggers_pair primary_id partner_id pair_id part_id",
    MmpTag: "group quote_id quote_set_id is_quote",
}
"""The tag of each event, and the fields of it and of what is in it, in their order, which stays."""


@pytest.mark.parametrize(
    ("kind", "layout"), LAYOUTS.items(), ids=[kind.__name__ for kind in LAYOUTS]
)
def test_the_parts_of_an_event_keep_their_order(kind: type[msgspec.Struct], layout: str) -> None:
    tag = kind.__struct_config__.tag
    fields = " ".join(kind.__struct_fields__)

    assert (f"{tag}: {fields}" if tag else fields) == layout
    assert kind.__struct_config__.array_like


def test_an_event_is_its_tag_and_its_fields() -> None:
    event = LevelChanged(InstrumentId(1), Side.SELL, Ticks(2), Lots(3), 4)
    money = LossSocialised("USDC", Units(5), Units(6), ((AccountId(7), Units(5)),))

    assert msgspec.msgpack.encode(event) == b"\x96\xa5level\x01\xff\x02\x03\x04"
    assert msgspec.msgpack.encode(money) == b"\x95\xaasocialised\xa4USDC\x05\x06\x91\x92\x07\x05"


def test_every_kind_of_event_is_tried_above() -> None:
    assert set(Event.__args__) < LAYOUTS.keys()


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    tags = [kind.__struct_config__.tag for kind in Event.__args__]

    assert len(set(tags)) == len(tags)
