"""A chain reads as traders read it: calls, strike, puts."""

from io import StringIO

from rich.console import Console

from strikewire.cli.chain import Chain, Row, Side, _first_after_a_day, board

DAY_MS = 86_400_000


def side(name: str, *, delta: float, bid: float = 0.01, interest: float = 0.0) -> Side:
    return Side(
        name, bid=bid, ask=0.012, mark=0.0111, iv=50.44, delta=delta, open_interest=interest
    )


CHAIN = Chain(
    currency="BTC",
    expiry="25DEC26",
    expiration_ms=1_798_185_600_000,
    underlying=61_800.0,
    at_the_money=62_000.0,
    expiries=("27NOV26", "25DEC26"),
    rows=(
        Row(61_000.0, side("c", delta=0.61, interest=4.5), side("p", delta=-0.39)),
        Row(62_000.0, side("c", delta=0.5), None),
        Row(0.625, side("c", delta=0.5, bid=0.0), side("p", delta=-0.5, bid=1_234.0)),
    ),
    asked_ms=1_798_185_600_000 - 3 * DAY_MS - 2 * 3_600_000,
)


def drawn() -> list[str]:
    drawing = StringIO()
    Console(width=112, file=drawing).print(board(CHAIN, columns=112))
    return [" ".join(line.split()) for line in drawing.getvalue().splitlines()]


def test_the_title_tells_the_time_left_and_the_forward() -> None:
    assert drawn()[0] == "BTC options of 25 December 2026, 3 d 2 h left, forward 61,800.00"


def test_calls_stand_left_and_puts_right_in_mirrored_order() -> None:
    lines = drawn()

    assert "OI Δ IV bid mark ask strike bid mark ask IV Δ OI" in lines
    assert "4.5 +0.61 50.4 0.0100 0.0111 0.0120 61,000 0.0100 0.0111 0.0120 50.4 -0.39 ·" in lines


def test_the_strike_at_the_money_is_marked_and_a_missing_side_is_empty() -> None:
    assert "· +0.50 50.4 0.0100 0.0111 0.0120 ▶ 62,000 ◀" in drawn()


def test_an_empty_side_is_a_dot_and_decimal_strikes_are_kept() -> None:
    assert "· +0.50 50.4 · 0.0111 0.0120 0.625 1,234 0.0111 0.0120 50.4 -0.50 ·" in drawn()


def test_a_narrow_terminal_gets_prices_in_full_and_less_beside_them() -> None:
    drawing = StringIO()
    Console(width=80, file=drawing).print(board(CHAIN, columns=80))

    assert "…" not in drawing.getvalue()
    assert " ".join(drawing.getvalue().splitlines()[1].split()) == (
        "IV bid mark ask strike bid mark ask IV"
    )


def test_the_expiry_shown_is_the_first_with_a_day_left() -> None:
    dates = {"today": 10, "tomorrow": DAY_MS + 5, "later": 9 * DAY_MS}
    names = ("today", "tomorrow", "later")

    assert _first_after_a_day(names, dates, now_ms=0) == "tomorrow"
    assert _first_after_a_day(names, dates, now_ms=6) == "later"
    assert _first_after_a_day(names, dates, now_ms=20 * DAY_MS) == "today"
