import pytest

from strikewire.model.ids import (
    ID_MAX,
    OrderId,
    TradeId,
    format_order_id,
    format_trade_id,
    parse_order_id,
    parse_trade_id,
)


def test_an_id_is_shown_with_its_currency() -> None:
    assert format_order_id("BTC", OrderId(12)) == "BTC-12"
    assert format_trade_id("USDC", TradeId(7)) == "USDC-7"


def test_a_shown_id_gives_the_number_back() -> None:
    assert parse_order_id("BTC-12") == 12
    assert parse_order_id("BTC_USDC-12") == 12
    assert parse_trade_id("USDC-7") == 7
    assert parse_order_id(f"ETH-{ID_MAX}") == ID_MAX


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "BTC",
        "BTC-",
        "-12",
        "btc-12",
        "BTC-0",
        "BTC-012",
        "BTC--12",
        "BTC-+12",
        "BTC-1_000",
        "BTC-12 ",
        "BTC-12\n",
        "BTC-1.0",
        "BTC-\u0661\u0662",
        f"BTC-{ID_MAX + 1}",
        "BTC-" + "9" * 10_000,
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="order id is not of the form BTC-12") as caught:
        parse_order_id(text)
    assert len(str(caught.value)) < 120

    with pytest.raises(ValueError, match="trade id is not of the form BTC-12"):
        parse_trade_id(text)
