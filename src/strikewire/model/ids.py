"""Numbers that name things, and the form in which clients see those of orders and trades.

Inside the venue an id is an integer, counted up from 1. Deribit's clients expect the ids of
orders and trades as a currency and a number, "BTC-12": the currency is for the reader's eye,
the number alone names the order.
"""

import re
from typing import NewType

AccountId = NewType("AccountId", int)
InstrumentId = NewType("InstrumentId", int)
OrderId = NewType("OrderId", int)
TradeId = NewType("TradeId", int)
BlockTradeId = NewType("BlockTradeId", int)

ID_MAX = 2**63 - 1
"""The largest id; beyond it a client's 64-bit integer would overflow."""

_TEXT = re.compile(r"[A-Z][A-Z0-9_]{0,23}-([1-9][0-9]{0,18})", re.ASCII)


def format_order_id(currency: str, order_id: OrderId) -> str:
    """Return an order's id as clients see it: "BTC-12" for order 12 in an instrument of BTC."""
    return f"{currency}-{order_id}"


def parse_order_id(text: str) -> OrderId:
    """Return the order's number from the id that a client sent.

    Raises:
        ValueError: The text is not a currency, a dash and a number from 1 to `ID_MAX`.
    """
    return OrderId(_parse(text, "order"))


def format_trade_id(currency: str, trade_id: TradeId) -> str:
    """Return a trade's id as clients see it: "BTC-12" for trade 12 in an instrument of BTC."""
    return f"{currency}-{trade_id}"


def parse_trade_id(text: str) -> TradeId:
    """Return the trade's number from the id that a client sent.

    Raises:
        ValueError: The text is not a currency, a dash and a number from 1 to `ID_MAX`.
    """
    return TradeId(_parse(text, "trade"))


def format_block_trade_id(block_trade_id: BlockTradeId) -> str:
    """Return a block trade's id as clients see it: "BLOCK-12"."""
    return f"BLOCK-{block_trade_id}"


def parse_block_trade_id(text: str) -> BlockTradeId:
    """Return the block trade's number from the id that a client sent.

    Raises:
        ValueError: The text is not BLOCK, a dash and a number from 1 to `ID_MAX`.
    """
    number = _parse(text, "block trade")
    if not text.startswith("BLOCK-"):
        raise ValueError(f"block trade id is not of the form BLOCK-12: {text[:40]!r}")
    return BlockTradeId(number)


def _parse(text: str, noun: str) -> int:
    match = _TEXT.fullmatch(text)
    if match is None or int(match[1]) > ID_MAX:
        raise ValueError(f"{noun} id is not of the form BTC-12: {text[:40]!r}")
    return int(match[1])
