"""The trades that the public saw: newest at the end, a bounded number for each instrument."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from strikewire.api.market_data import PublicTrade
from strikewire.exchange import Fill
from strikewire.model import (
    Instrument,
    format_block_trade_id,
    format_trade_id,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    ticks_to_price,
)

TRADES_KEPT = 1_000
"""Trades kept of one instrument; the oldest is forgotten when one more is printed."""

IV_E4_PER_PERCENT = 10_000
IV_E4_PER_ONE = 100 * IV_E4_PER_PERCENT


def public_trade(
    instrument: Instrument,
    fill: Fill,
    *,
    combo: Instrument | None = None,
    legs: Sequence[Instrument] = (),
) -> PublicTrade:
    """Return what everybody may know of a fill: no account, no order, no fee.

    Args:
        instrument: That was traded.
        fill: In it.
        combo: Of which it is a leg, if it was traded as one.
        legs: Of a combo, in its order.
    """
    amount = lots_to_amount(instrument, fill.amount)
    return PublicTrade(
        trade_id=format_trade_id(instrument.settlement_currency, fill.trade_id),
        trade_seq=fill.trade_seq,
        instrument_name=instrument.name,
        timestamp=ns_to_ms(fill.time_ns),
        direction="buy" if fill.taker_side > 0 else "sell",
        price=ticks_to_price(instrument, fill.price),
        amount=amount,
        tick_direction=_tick_direction(fill),
        index_price=price_e8_to_float(fill.index),
        mark_price=price_e8_to_float(fill.mark),
        contracts=amount / float(instrument.contract_size),
        iv=fill.iv_e4 / IV_E4_PER_PERCENT if instrument.is_option else UNSET,
        liquidation=liquidated(fill),
        block_trade_id=block_text_id(fill),
        block_trade_leg_count=fill.block_trade_legs or UNSET,
        combo_id=UNSET if combo is None else combo.name,
        combo_trade_id=combo_trade_id(combo, fill),
        legs=[
            public_trade(leg, part, combo=instrument)
            for leg, part in zip(legs, fill.legs, strict=True)
        ]
        or UNSET,
    )


def combo_trade_id(combo: Instrument | None, fill: Fill) -> str | UnsetType:
    """Return the trade of a combo of which a fill is a part, as clients see it."""
    if combo is None or fill.combo_trade_id is None:
        return UNSET
    return format_trade_id(combo.settlement_currency, fill.combo_trade_id)


def block_text_id(fill: Fill) -> str | UnsetType:
    """Return the block trade that a fill was a leg of, as clients see it; unset if of none."""
    return format_block_trade_id(fill.block_trade_id) if fill.block_trade_id else UNSET


def liquidated(fill: Fill) -> Literal["M", "T", "MT"] | UnsetType:
    """Return which side of a fill was being liquidated: maker, taker or both; unset if neither."""
    if fill.maker.is_liquidation:
        return "MT" if fill.taker.is_liquidation else "M"
    return "T" if fill.taker.is_liquidation else UNSET


class Tape:
    """The last trades of one instrument."""

    def __init__(self) -> None:
        self._trades: deque[PublicTrade] = deque(maxlen=TRADES_KEPT)
        self.last: PublicTrade | None = None
        """The newest trade of the book: no leg of a block trade."""

    def print(self, trade: PublicTrade) -> None:
        """Add a trade; trades come in the order of their `trade_seq`."""
        assert not self._trades or trade.trade_seq > self._trades[-1].trade_seq
        self._trades.append(trade)
        if trade.block_trade_id is UNSET:
            self.last = trade

    def __iter__(self) -> Iterator[PublicTrade]:
        """Iterate from the oldest to the newest."""
        return iter(self._trades)

    def __len__(self) -> int:
        return len(self._trades)


def _tick_direction(fill: Fill) -> Literal[0, 1, 2, 3]:
    assert fill.tick_direction in (0, 1, 2, 3)
    return fill.tick_direction  # type: ignore[return-value]  # narrowed by the assertion above
