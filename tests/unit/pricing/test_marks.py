import pytest

from strikewire.model import PriceE8
from strikewire.pricing import (
    OptionMark,
    Premium,
    Smile,
    dated_mark,
    next_premium,
    option_mark,
    option_price_e8,
    perpetual_mark,
    price,
)

SECOND = 1_000_000_000
INDEX = PriceE8(60_000 * 10**8)
FLAT_60 = Smile(a=0.36 * 0.25, b=0.0, rho=0.0, m=0.0, s=0.1)


def test_a_perpetual_begins_at_its_index() -> None:
    premium = next_premium(None, now_ns=5, index=INDEX, mid=PriceE8(60_100 * 10**8))

    assert premium == Premium(0.0, 5)
    assert perpetual_mark(INDEX, premium) == INDEX


def test_a_second_of_trading_above_the_index_weighs_two_of_thirty_one() -> None:
    before = Premium(0.0, 0)

    after = next_premium(before, now_ns=SECOND, index=INDEX, mid=PriceE8(60_093 * 10**8))

    # 93 USD * 2/31 = 6 USD
    assert perpetual_mark(INDEX, after) == 60_006 * 10**8


def test_two_half_seconds_weigh_as_much_as_one_second() -> None:
    mid = PriceE8(60_093 * 10**8)
    half = next_premium(Premium(0.001, 0), now_ns=SECOND // 2, index=INDEX, mid=mid)

    halves = next_premium(half, now_ns=SECOND, index=INDEX, mid=mid)
    whole = next_premium(Premium(0.001, 0), now_ns=SECOND, index=INDEX, mid=mid)

    assert halves.ratio == pytest.approx(whole.ratio, rel=1e-12)


@pytest.mark.parametrize(("mid", "bound"), [(90_000, 60_300), (10, 59_700)])
def test_a_mark_never_leaves_half_a_percent_around_the_index(mid: int, bound: int) -> None:
    premium = next_premium(
        Premium(0.0, 0), now_ns=10_000 * SECOND, index=INDEX, mid=PriceE8(mid * 10**8)
    )

    assert perpetual_mark(INDEX, premium) == bound * 10**8


def test_without_quotes_the_premium_fades() -> None:
    premium = next_premium(Premium(0.004, 0), now_ns=SECOND, index=INDEX, mid=None)

    assert premium.ratio == pytest.approx(0.004 * 29 / 31)


def test_a_clock_that_goes_backwards_changes_nothing() -> None:
    before = Premium(0.004, 10 * SECOND)

    assert next_premium(before, now_ns=0, index=INDEX, mid=None) == before


def test_a_dated_future_carries_its_basis() -> None:
    # 60000 * (1 + 8 % * 1/4) = 61200
    assert dated_mark(INDEX, basis=0.08, years=0.25) == 61_200 * 10**8
    assert dated_mark(INDEX, basis=0.08, years=0.0) == INDEX
    assert dated_mark(INDEX, basis=-0.04, years=0.25) == 59_400 * 10**8


def test_marks_of_futures_have_four_decimals() -> None:
    index = PriceE8(60_000_12345678)

    assert dated_mark(index, basis=0.0, years=0.5) == 60_000_12350000
    assert perpetual_mark(index, Premium(0.0, 0)) == 60_000_12350000


def test_an_inverse_option_is_marked_in_the_coin() -> None:
    mark = option_mark(
        FLAT_60, underlying=INDEX, strike=60_000.0, years=0.25, is_call=True, is_inverse=True
    )

    # 2 N(0.15) - 1 = 0.11923538, N(0.15) = 0.55962, and 60 000 n(0.15) / 2 a hundredth: 118.34380
    assert mark == OptionMark(PriceE8(11_923_538), 600_000, INDEX, 55_962, 11_834_380)


def test_a_linear_option_is_marked_in_the_quote_currency() -> None:
    mark = option_mark(
        FLAT_60, underlying=INDEX, strike=60_000.0, years=0.25, is_call=True, is_inverse=False
    )

    assert mark.price == pytest.approx(7_154.123084 * 1e8, rel=1e-9)


def test_the_mark_is_the_price_of_the_numbers_that_are_published() -> None:
    smile = Smile(a=0.0123, b=0.117, rho=-0.31, m=0.021, s=0.153)
    underlying = PriceE8(61_234_56789012)

    mark = option_mark(
        smile, underlying=underlying, strike=70_000.0, years=0.2, is_call=True, is_inverse=True
    )

    assert mark.underlying == 61_234_56790000
    assert mark.iv_e4 % 100 == 0
    recomputed = price(
        forward=61_234.5679, strike=70_000.0, years=0.2, sigma=mark.iv_e4 / 1e6, is_call=True
    )
    assert mark.price == round(recomputed / 61_234.5679 * 1e8)
    assert mark.price == option_price_e8(
        underlying=mark.underlying,
        strike=70_000.0,
        years=0.2,
        iv_e4=mark.iv_e4,
        is_call=True,
        is_inverse=True,
    )


def test_volatility_is_rounded_to_a_hundredth_of_a_percent_and_held_within_bounds() -> None:
    def iv_e4(variance: float) -> int:
        smile = Smile(a=variance, b=0.0, rho=0.0, m=0.0, s=0.1)
        return option_mark(
            smile, underlying=INDEX, strike=60_000.0, years=1.0, is_call=True, is_inverse=True
        ).iv_e4

    assert iv_e4(0.612349**2) == 612_300
    assert iv_e4(0.001**2) == 10_000
    assert iv_e4(20.0**2) == 9_990_000


def test_an_option_that_is_alive_is_worth_something() -> None:
    mark = option_mark(
        FLAT_60, underlying=INDEX, strike=9_000_000.0, years=0.25, is_call=True, is_inverse=True
    )

    assert mark.price == 100


def test_at_its_expiry_an_option_is_worth_what_it_pays() -> None:
    mark = option_mark(
        None, underlying=INDEX, strike=48_000.0, years=0.0, is_call=True, is_inverse=True
    )

    assert mark == OptionMark(PriceE8(20_000_000), 10_000, INDEX, 100_000, 0)
