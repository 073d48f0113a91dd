"""One page of trades out of many: by number, by time, newest or oldest first."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from strikewire.api import invalid_params
from strikewire.model import ID_MAX, parse_trade_id


class Numbered(Protocol):
    """A public trade or a fill: both are numbered within their instrument."""

    @property
    def trade_seq(self) -> int:
        """Number within the instrument."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the Unix epoch."""


T = TypeVar("T", bound=Numbered)


def page(
    trades: Iterable[T],
    *,
    count: int,
    sorting: str | None = None,
    start_seq: int | None = None,
    end_seq: int | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> tuple[list[T], bool]:
    """Return one page and whether more trades match.

    Args:
        trades: All there are, oldest first.
        count: Trades on the page at most; positive.
        sorting: `asc` for oldest first, which also takes the page from the oldest end where a
            start is given; anything else for newest first.
        start_seq: First number wanted.
        end_seq: Last number wanted.
        start_ms: Earliest time wanted.
        end_ms: Latest time wanted.
    """
    assert count > 0
    found = [
        trade
        for trade in trades
        if (start_seq is None or trade.trade_seq >= start_seq)
        and (end_seq is None or trade.trade_seq <= end_seq)
        and (start_ms is None or trade.timestamp >= start_ms)
        and (end_ms is None or trade.timestamp <= end_ms)
    ]
    has_start = start_seq is not None or start_ms is not None
    chosen = found[:count] if has_start and sorting != "desc" else found[-count:]
    ordered = chosen if sorting == "asc" else chosen[::-1]
    return ordered, len(found) > count


class Named(Protocol):
    """A public trade or a fill: both carry the trade's id."""

    @property
    def trade_id(self) -> str:
        """Its currency and number, such as BTC-12."""


N = TypeVar("N", bound=Named)


def since_id(trades: Iterable[N], start_id: str | None, end_id: str | None) -> Iterable[N]:
    """Keep the trades whose number lies between two ids, both included.

    Raises:
        ApiError: -32602 for what is not the id of a trade.
    """
    first = 0 if start_id is None else _number(start_id, "start_id")
    last = ID_MAX if end_id is None else _number(end_id, "end_id")
    return [trade for trade in trades if first <= _number(trade.trade_id, "") <= last]


def _number(text: str, param: str) -> int:
    try:
        return parse_trade_id(text)
    except ValueError as error:
        raise invalid_params(param, str(error)) from None
