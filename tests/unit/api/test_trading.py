from decimal import Decimal
from typing import Any

import msgspec
import pytest

from strikewire.api import ApiError, ErrorCode, trading


def buy(**params: Any) -> trading.Buy:
    return msgspec.convert({"instrument_name": "BTC-PERPETUAL", **params}, trading.Buy)


def test_a_limit_order_has_an_amount_and_a_price() -> None:
    order = buy(amount="10", price="97000.5")

    assert order.amount == Decimal(10)
    assert order.price == Decimal("97000.5")
    assert order.type == "limit"
    assert order.time_in_force == "good_til_cancelled"


def test_a_market_order_has_no_price() -> None:
    order = buy(amount="10", type="market")

    assert order.price is None


def test_contracts_may_stand_for_the_amount() -> None:
    order = buy(contracts="3", price="1")

    assert trading.requested_amount(order.amount, order.contracts, Decimal(10)) == Decimal(30)


def test_amount_and_contracts_may_agree() -> None:
    assert trading.requested_amount(Decimal(30), Decimal(3), Decimal(10)) == Decimal(30)
    assert trading.requested_amount(Decimal(30), None, Decimal(10)) == Decimal(30)
    assert trading.requested_amount(None, None, Decimal(10)) is None


def test_amount_and_contracts_must_not_disagree() -> None:
    with pytest.raises(ApiError) as caught:
        trading.requested_amount(Decimal(31), Decimal(3), Decimal(10))

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, "contracts")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"price": "1"}, ErrorCode.INVALID_PARAMS, "amount"),
        ({"amount": "1"}, ErrorCode.INVALID_PARAMS, "price"),
        ({"amount": "0", "price": "1"}, ErrorCode.INVALID_AMOUNT, "amount"),
        ({"contracts": "-1", "price": "1"}, ErrorCode.INVALID_AMOUNT, "contracts"),
        ({"amount": "1", "price": "-1"}, ErrorCode.INVALID_PRICE, "price"),
        ({"amount": "NaN", "price": "1"}, ErrorCode.INVALID_PARAMS, "amount"),
        ({"amount": "1", "price": "1e400"}, ErrorCode.INVALID_PARAMS, "price"),
        ({"amount": "1", "price": "1", "advanced": "usd"}, ErrorCode.NOT_IMPLEMENTED, "advanced"),
        (
            {"amount": "1", "price": "1", "display_amount": "0"},
            ErrorCode.INVALID_MAX_SHOW,
            "display_amount",
        ),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(
    params: dict[str, Any], code: ErrorCode, param: str
) -> None:
    with pytest.raises(ApiError) as caught:
        buy(**params)

    assert (caught.value.code, caught.value.param) == (code, param)


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("type", "stop_loss"),
        ("time_in_force", "good_til_friday"),
        ("label", "x" * 65),
        ("label", 5),
        ("post_only", "true"),
        ("amount", True),
        ("price", "abc"),
        ("instrument_name", ""),
    ],
)
def test_a_parameter_of_a_wrong_type_or_value_is_refused(param: str, value: object) -> None:
    params: dict[str, object] = {"amount": "10", "price": "1", param: value}

    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{param}`"):
        buy(**params)


def test_what_asks_for_nothing_is_not_refused() -> None:
    order = buy(amount="10", price="1", mmp=False, advanced=None)

    assert order.mmp is False


def test_an_edit_may_change_the_price_alone() -> None:
    edit = msgspec.convert({"order_id": "BTC-12", "price": "97000.5"}, trading.Edit)

    assert edit.amount is None
    assert edit.price == Decimal("97000.5")


@pytest.mark.parametrize("param", ["amount", "contracts", "price"])
def test_an_edit_to_nothing_is_refused(param: str) -> None:
    with pytest.raises(ApiError) as caught:
        msgspec.convert({"order_id": "BTC-12", param: "0"}, trading.Edit)

    assert caught.value.param == param


def test_an_edit_cannot_add_what_the_venue_does_not_have() -> None:
    with pytest.raises(ApiError) as caught:
        msgspec.convert({"order_id": "BTC-12", "advanced": "usd"}, trading.Edit)

    assert (caught.value.code, caught.value.param) == (ErrorCode.NOT_IMPLEMENTED, "advanced")


def test_a_trigger_order_says_what_it_waits_for() -> None:
    stop = buy(amount="10", type="stop_market", trigger="mark_price", trigger_price="97000.5")
    trailing = buy(amount="10", type="trailing_stop", trigger="last_price", trigger_offset=50)

    assert (stop.trigger, stop.trigger_price) == ("mark_price", Decimal("97000.5"))
    assert trailing.trigger_offset == Decimal(50)


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"type": "stop_limit", "trigger": "mark_price"}, ErrorCode.INVALID_PARAMS, "price"),
        ({"type": "stop_market"}, ErrorCode.INVALID_PARAMS, "trigger"),
        ({"type": "market", "trigger": "mark_price"}, ErrorCode.INVALID_PARAMS, "trigger"),
        ({"type": "market", "trigger_price": 1}, ErrorCode.INVALID_PARAMS, "trigger_price"),
        ({"type": "market", "trigger_offset": 1}, ErrorCode.INVALID_PARAMS, "trigger_offset"),
        (
            {"type": "stop_market", "trigger": "mark_price", "trigger_price": 0},
            ErrorCode.TRIGGER_PRICE_TOO_LOW,
            "trigger_price",
        ),
        (
            {"type": "trailing_stop", "trigger": "mark_price", "trigger_offset": "inf"},
            ErrorCode.INVALID_PARAMS,
            "trigger_offset",
        ),
    ],
)
def test_a_trigger_that_cannot_be_meant_is_refused(
    params: dict[str, Any], code: ErrorCode, param: str
) -> None:
    with pytest.raises(ApiError) as caught:
        buy(amount="1", **params)

    assert (caught.value.code, caught.value.param) == (code, param)


def test_only_a_cancelled_order_has_a_reason_and_only_a_post_only_one_its_flag(
    answers: dict[str, list[Any]],
) -> None:
    cancelled, market = answers["private/get_order_state"]

    assert b'"cancel_reason":"user_request"' in msgspec.json.encode(cancelled)
    assert b"cancel_reason" not in msgspec.json.encode(market)
    assert b"reject_post_only" not in msgspec.json.encode(market)
    assert b'"price":"market_price"' in msgspec.json.encode(market)


def test_a_fill_has_a_matching_id_of_null_as_the_schema_wants(
    answers: dict[str, list[Any]],
) -> None:
    fill = answers["private/get_user_trades_by_order"][0][0]

    assert b'"matching_id":null' in msgspec.json.encode(fill)


def test_the_span_of_a_users_trades_does_not_end_before_it_starts() -> None:
    with pytest.raises(ApiError):
        trading.GetUserTradesByInstrumentAndTime(
            instrument_name="BTC-PERPETUAL", start_timestamp=5, end_timestamp=4
        )
