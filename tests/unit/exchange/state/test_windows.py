from hypothesis import given
from hypothesis import strategies as st

from strikewire.exchange.state.windows import PARTS_PER_INTERVAL, Exposure, Part, Window
from strikewire.model import NS_PER_S

MS = 1_000_000


def trade(window: Window, at_ms: int, quantity: int, delta: int = 0, vega: int = 0) -> None:
    window.forget(at_ms * MS)
    window.put(Part(at_ms * MS, at_ms * MS, quantity, delta, vega))


def test_each_trade_is_counted_for_an_interval_of_its_own() -> None:
    window = Window(10)

    trade(window, 0, 5, delta=5, vega=2)
    trade(window, 4_000, 3, delta=-3)
    trade(window, 9_999, 1)
    assert (window.quantity_e8, window.delta_e8, window.vega_e8) == (9, 2, 2)
    trade(window, 10_000, 1)
    assert (window.quantity_e8, window.delta_e8, window.vega_e8) == (5, -3, 0)
    trade(window, 14_000, 2)
    assert (window.quantity_e8, window.delta_e8) == (4, 0)


def test_what_is_closer_than_a_hundredth_leaves_together() -> None:
    window = Window(10)

    trade(window, 0, 5)
    trade(window, 99, 3, delta=1, vega=1)
    trade(window, 100, 1)

    assert list(window.parts) == [
        Part(0, 99 * MS, 8, 1, 1),
        Part(100 * MS, 100 * MS, 1, 0, 0),
    ]
    trade(window, 10_098, 0)
    assert window.quantity_e8 == 9
    trade(window, 10_099, 0)
    assert window.quantity_e8 == 1


def test_a_longer_interval_keeps_what_there_is_and_a_shorter_one_lets_go_at_the_next_trade() -> (
    None
):
    window = Window(1)
    for at_ms in range(0, 1_000, 10):
        trade(window, at_ms, 1)
    assert len(window.parts) == 100

    window.stretch(10)
    assert window.quantity_e8 == 100
    assert [part.quantity_e8 for part in window.parts] == [10] * 10

    window.stretch(1)
    trade(window, 1_500, 1)
    assert window.quantity_e8 == 51


def test_what_would_be_left_is_told_without_letting_go_of_anything() -> None:
    window = Window(10)
    trade(window, 0, 5, delta=5, vega=2)
    trade(window, 4_000, 3, delta=-3)

    assert window.left(9_999 * MS) == Exposure(8, 2, 2)
    assert window.left(10_000 * MS) == Exposure(3, -3, 0)
    assert window.left(14_000 * MS) == Exposure(0, 0, 0)
    assert len(window.parts) == 2


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 9), st.integers(-9, 9))))
def test_a_window_counts_an_interval_and_at_most_a_hundredth_more(
    trades: list[tuple[int, int, int]],
) -> None:
    window, now_ms = Window(3), 0
    seen: list[tuple[int, int]] = []

    for wait_ms, quantity, delta in trades:
        now_ms += wait_ms
        trade(window, now_ms, quantity, delta)
        seen.append((now_ms, quantity))

        within = sum(amount for at_ms, amount in seen if now_ms - at_ms < 3_000)
        at_most = sum(amount for at_ms, amount in seen if now_ms - at_ms < 3_030)
        assert within <= window.quantity_e8 <= at_most
        assert window.quantity_e8 == sum(part.quantity_e8 for part in window.parts)
        assert window.delta_e8 == sum(part.delta_e8 for part in window.parts)


@given(st.lists(st.one_of(st.integers(0, 40), st.sampled_from([-1, -3, -60])), max_size=600))
def test_however_much_is_traded_the_parts_are_limited(steps: list[int]) -> None:
    window, now_ms = Window(1), 0

    for step in steps:
        if step < 0:
            window.stretch(-step)
        else:
            now_ms += step
            trade(window, now_ms, 1)

        assert len(window.parts) <= PARTS_PER_INTERVAL + 2
    assert window.interval_ns % NS_PER_S == 0
