from decimal import Decimal

import pytest

from strikewire.feeds.scaling import NumberError, parse_e8, scale_e8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("61800.20", 6_180_020_000_000),
        ("0.00000001", 1),
        ("7", 700_000_000),
        ("7.", 700_000_000),
        ("0", 0),
        ("000123.5", 12_350_000_000),
        ("999999999999.99999999", 99_999_999_999_999_999_999),
    ],
)
def test_a_plain_decimal_is_counted_in_e8(text: str, expected: int) -> None:
    assert parse_e8(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ".", ".5", "-1", "+1", "1e5", " 1", "1.2.3", "NaN", "1_0", "٣", "0.000000001", "1" * 13],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NumberError, match="is not a plain decimal"):
        parse_e8(text)


def test_a_long_text_is_not_repeated_whole_in_the_error() -> None:
    with pytest.raises(NumberError) as caught:
        parse_e8("9" * 5_000)

    assert len(str(caught.value)) < 100


def test_a_json_number_is_counted_in_e8() -> None:
    assert scale_e8(Decimal("29.180002")) == 2_918_000_200
    assert scale_e8(Decimal(6)) == 600_000_000
    assert scale_e8(Decimal("1E+3")) == 100_000_000_000
    assert scale_e8(Decimal(0)) == 0


@pytest.mark.parametrize("number", ["-1", "NaN", "Infinity", "1e12", "1e999999", "0.000000001"])
def test_a_json_number_outside_the_scale_is_refused(number: str) -> None:
    with pytest.raises(NumberError):
        scale_e8(Decimal(number))
