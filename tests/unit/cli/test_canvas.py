"""Curves are drawn dot by dot."""

from strikewire.cli.canvas import Curve, plot


def lines(*curves: Curve, columns: int = 20, rows: int = 2, unit: str = "") -> list[str]:
    return plot(curves, columns=columns, rows=rows, unit=unit).plain.splitlines()


def test_a_level_line_fills_one_row_of_dots() -> None:
    drawn = lines(Curve([0, 1], [2, 2], ""))

    # From 1.5 to 2.5 in eight rows of dots: 2.0 is the fifth, the first of the lower characters.
    assert drawn == ["2.5 │" + " " * 15, "1.5 │" + "⠉" * 15]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    top, bottom = lines(Curve([0, 1], [0, 10], ""), unit=" %")

    assert top.startswith("10.0 % │ ")
    assert bottom.startswith(" 0.0 % │")
    assert top[-1] != " "
    assert bottom[-1] == " "


def test_later_curves_lie_on_top() -> None:
    text = plot([Curve([0, 1], [1, 1], "red"), Curve([0, 1], [1, 1], "blue")], columns=20, rows=2)

    styles = {str(span.style) for span in text.spans}
    assert "blue" in styles
    assert "red" not in styles


def test_a_single_point_is_a_dot() -> None:
    drawn = lines(Curve([3], [3], ""))

    assert sum(character not in " │.0123456789" for line in drawn for character in line) == 1
