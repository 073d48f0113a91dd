import pytest
from msgspec import Struct

from strikewire.api import ApiError
from strikewire.gateway.paging import page, since_id


class Print(Struct, frozen=True):
    trade_seq: int

    @property
    def timestamp(self) -> int:
        return 1_000 * self.trade_seq

    @property
    def trade_id(self) -> str:
        return f"BTC-{self.trade_seq}"


TAPE = [Print(number) for number in range(1, 8)]


def numbers(trades: list[Print]) -> list[int]:
    return [trade.trade_seq for trade in trades]


def test_a_page_is_the_newest_first() -> None:
    trades, has_more = page(TAPE, count=3)

    assert (numbers(trades), has_more) == ([7, 6, 5], True)


def test_ascending_the_same_page_is_turned_around() -> None:
    trades, has_more = page(TAPE, count=3, sorting="asc")

    assert (numbers(trades), has_more) == ([5, 6, 7], True)


def test_with_a_start_the_page_begins_there() -> None:
    trades, has_more = page(TAPE, count=2, start_ms=3_000, sorting="asc")

    assert (numbers(trades), has_more) == ([3, 4], True)


def test_descending_from_the_end_even_with_a_start() -> None:
    trades, _ = page(TAPE, count=2, start_seq=3, sorting="desc")

    assert numbers(trades) == [7, 6]


def test_both_ends_of_a_span_belong_to_it() -> None:
    assert page(TAPE, count=10, start_seq=3, end_seq=5) == ([TAPE[4], TAPE[3], TAPE[2]], False)
    assert page(TAPE, count=10, start_ms=3_000, end_ms=5_999)[0] == [TAPE[4], TAPE[3], TAPE[2]]
    assert page(TAPE, count=10, end_seq=2) == ([TAPE[1], TAPE[0]], False)
    assert page(TAPE, count=10, start_seq=8) == ([], False)


def test_ids_bound_a_span_too() -> None:
    assert numbers(list(since_id(TAPE, "BTC-3", "BTC-5"))) == [3, 4, 5]
    assert numbers(list(since_id(TAPE, None, None))) == [1, 2, 3, 4, 5, 6, 7]


def test_what_is_no_id_is_refused_by_its_name() -> None:
    with pytest.raises(ApiError) as caught:
        since_id(TAPE, None, "newest")

    assert (caught.value.code, caught.value.param) == (-32602, "end_id")
