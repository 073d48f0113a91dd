from collections.abc import Sequence

import pytest

from strikewire.model import PriceE8, instrument
from strikewire.pricing import BookLevel, ForwardQuote
from strikewire.venue.forwards import Depth, Forwards, impact_price

S, E8 = 10**9, 10**8
SERIES = ("btc_usd", 1_000 * S)
FUTURE = instrument("BTC-25DEC26", instrument_id=1)
CALL, PUT, OTHER = (
    instrument(f"BTC-25DEC26-{name}", instrument_id=number)
    for number, name in enumerate(("60000-C", "60000-P", "80000-C"), start=2)
)
INDEX = PriceE8(60_000 * E8)


def book(bid: float, ask: float, amount: float = 10.0) -> Depth:
    return Depth([BookLevel(bid, amount)], [BookLevel(ask, amount)])


class Books:
    """What is quoted, by instrument id."""

    def __init__(self, **quoted: Depth) -> None:
        self.quoted = {int(name.lstrip("_")): depth for name, depth in quoted.items()}
        self.forwards = Forwards(lambda key, _levels: self.quoted.get(int(key), Depth()))
        self.now_ns = 0

    def price(self, seconds: float = 0, *, years: float = 0.0, future: bool = True) -> float:
        self.now_ns += round(seconds * S)
        found = self.forwards.price(
            SERIES,
            FUTURE if future else None,
            now_ns=self.now_ns,
            index=INDEX,
            coin="BTC",
            basis=0.06,
            years=years,
        )
        return found / E8

    def imply(self, options: Sequence[object] = (CALL, PUT, OTHER)) -> None:
        self.forwards.imply(SERIES, options)  # type: ignore[arg-type]


def test_without_quotes_a_forward_is_index_and_basis() -> None:
    books = Books()

    assert books.price(years=0.25) == 60_900.0
    assert books.price(60, years=0.25) == 60_900.0


def test_the_futures_book_draws_the_forward_and_fades_when_it_is_gone() -> None:
    books = Books(_1=book(60_050.0, 60_070.0))

    assert books.price() == 60_000.0
    assert books.price(1) == pytest.approx(60_000 + 60 * 2 / 31, abs=1e-4)
    assert books.price(600) == pytest.approx(60_060.0, abs=1e-4)
    books.quoted.clear()
    assert books.price(600) == pytest.approx(60_000.0, abs=1e-4)


def test_nobody_draws_it_further_than_half_a_percent_and_a_quarter_a_year() -> None:
    books = Books(_1=book(90_000.0, 90_010.0))

    books.price()
    assert books.price(600) == pytest.approx(60_300.0, abs=1e-3)
    books.price(0, years=0.2)
    assert books.price(600, years=0.2) == pytest.approx(60_720.0 * 1.055, rel=1e-6)


def test_options_imply_a_forward_where_there_is_no_future() -> None:
    # 1 - K / F: 0.0010 to 0.0020 at 60,000 are 60,060.06 to 60,120.24.
    books = Books(_2=book(0.0410, 0.0415), _3=book(0.0395, 0.0400), _4=book(0.01, 0.02))

    books.imply()
    books.price(future=False)

    wanted = 0.5 * (60_000 / 0.999 + 60_000 / 0.998)
    assert books.price(600, future=False) == pytest.approx(wanted, abs=0.01)
    books.quoted.clear()
    books.imply()
    assert books.price(600, future=False) == pytest.approx(60_000.0, abs=0.01)
    books.imply([OTHER])
    assert books.price(0, future=False) == pytest.approx(60_000.0, abs=0.01)


def test_what_options_imply_stands_in_the_futures_book_as_a_level() -> None:
    wide = book(59_900.0, 60_200.0)

    alone = impact_price(wide, 1.0)
    both = impact_price(wide, 1.0, ForwardQuote(60_000.0, 60_040.0, 60_000.0))
    one_sided = Depth([BookLevel(59_900.0, 1.0)], [])

    assert (alone, both) == (60_050 * E8, 60_020 * E8)
    assert impact_price(one_sided, 1.0) is None
    assert impact_price(one_sided, 1.0, ForwardQuote(60_000.0, 60_040.0, 60_000.0)) == 60_020 * E8


def test_only_so_deep_as_the_amount_goes_the_book_counts() -> None:
    depth = Depth([BookLevel(60_000.0, 0.5), BookLevel(59_900.0, 5.0)], [BookLevel(60_100.0, 5.0)])

    # Half a coin at 60,000 and half at 59,900.
    assert impact_price(depth, 1.0) == round(0.5 * (59_950 + 60_100) * E8)


def test_what_has_expired_is_forgotten() -> None:
    books = Books(_1=book(60_050.0, 60_070.0))
    books.price()
    books.price(600)

    books.forwards.keep(set())

    assert books.price(1) == 60_000.0
