from msgspec import UNSET

from strikewire.api.market_data import BookUpdate, GroupedBook, Quote
from strikewire.depth import Level
from strikewire.marketdata.books import best, book_update, grouped_book, levels, quote
from strikewire.testing.exchange import ALICE
from strikewire.testing.marketdata import Street

NEW_YEAR_MS = 1_767_225_600_000


def test_a_snapshot_lists_every_level_as_new_and_has_no_predecessor() -> None:
    street = perpetual()
    street.buy(ALICE, 10, 199_999)
    street.sell(ALICE, 5, 200_001)
    stream = street.market().open_stream()

    assert book_update(street.market(), stream.snapshot()) == BookUpdate(
        type="snapshot",
        timestamp=NEW_YEAR_MS,
        instrument_name="BTC-PERPETUAL",
        change_id=2,
        prev_change_id=UNSET,
        bids=[("new", 99_999.5, 100.0)],
        asks=[("new", 100_000.5, 50.0)],
    )


def test_a_change_names_its_predecessor_and_a_deleted_level_has_no_amount() -> None:
    street = perpetual()
    order = street.buy(ALICE, 10, 199_999).order
    stream = street.market().open_stream()
    street.now_ns += 1_000_000
    street.cancel(order.order_id)
    edit = stream.take()
    assert edit is not None

    assert book_update(street.market(), edit) == BookUpdate(
        type="change",
        timestamp=NEW_YEAR_MS + 1,
        instrument_name="BTC-PERPETUAL",
        change_id=2,
        prev_change_id=1,
        bids=[("delete", 99_999.5, 0.0)],
        asks=[],
    )


def test_a_grouped_book_is_a_view_without_a_chain() -> None:
    street = perpetual()
    street.buy(ALICE, 10, 199_999)
    street.buy(ALICE, 1, 199_998)
    street.buy(ALICE, 1, 199_990)

    assert grouped_book(street.market(), group=4, depth=1) == GroupedBook(
        timestamp=NEW_YEAR_MS,
        instrument_name="BTC-PERPETUAL",
        change_id=3,
        bids=[(99_998.0, 110.0)],
        asks=[],
    )


def test_a_quote_of_an_empty_book_is_zero_and_never_null() -> None:
    assert quote(perpetual().market()) == Quote(
        timestamp=NEW_YEAR_MS,
        instrument_name="BTC-PERPETUAL",
        best_bid_price=0.0,
        best_bid_amount=0.0,
        best_ask_price=0.0,
        best_ask_amount=0.0,
    )


def test_a_quote_has_the_best_level_of_each_side() -> None:
    street = perpetual()
    street.buy(ALICE, 10, 199_999)
    street.buy(ALICE, 1, 199_990)
    street.sell(ALICE, 5, 200_001)

    found = quote(street.market())

    assert (found.best_bid_price, found.best_bid_amount) == (99_999.5, 100.0)
    assert (found.best_ask_price, found.best_ask_amount) == (100_000.5, 50.0)


def test_levels_are_shown_in_the_units_of_clients() -> None:
    instrument = Street("BTC-25DEC26-100000-C").market().instrument

    assert best(instrument, Level(150, 7)) == (0.015, 0.7)
    assert levels(instrument, [Level(3, 1), Level(2, 2)]) == [(0.0003, 0.1), (0.0002, 0.2)]


def perpetual() -> Street:
    street = Street("BTC-PERPETUAL")
    street.mark(price=100_000.0)
    return street
