from strikewire.testing.exchange import ALICE, ladder
from strikewire.testing.marketdata import Street


def test_what_happens_on_the_floor_is_seen_on_the_street() -> None:
    street = Street.at(100)

    street.buy(ALICE, 3, 99)

    assert street.book() == ladder("3 | 99 |")
    assert list(street.market().book.bids) == [(99, 3)]
    assert street.changes.books == [street.id()]
