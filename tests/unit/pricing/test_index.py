from strikewire.model import PriceE8
from strikewire.pricing import Exclusion, Index, VenueQuote, index_price

NOW = 1_000_000_000_000


def quote(venue: str, bid: int, ask: int, *, age_ns: int = 0) -> VenueQuote:
    return VenueQuote(venue, PriceE8(bid), PriceE8(ask), NOW - age_ns)


def test_the_index_is_the_average_of_the_mids() -> None:
    quotes = [quote("a", 10_000, 10_002), quote("b", 10_002, 10_004), quote("c", 10_006, 10_008)]

    index = index_price(quotes, NOW)

    # Mids 10001, 10003, 10007.
    assert index == Index(PriceE8(10_004), ("a", "b", "c"), (), ())


def test_a_venue_far_from_the_median_is_held_half_a_percent_from_it() -> None:
    quotes = [
        quote("a", 9_990, 10_010),
        quote("b", 9_990, 10_010),
        quote("c", 19_990, 20_010),
        quote("d", 4_990, 5_010),
        quote("e", 10_009, 10_031),
    ]

    index = index_price(quotes, NOW)

    # 10000, 10000, 10050, 9950, 10020.
    assert index.price == 10_004
    assert index.clamped == ("c", "d")
    assert index.venues == ("a", "b", "c", "d", "e")


def test_two_venues_meet_in_the_middle() -> None:
    index = index_price([quote("a", 9_000, 9_000 + 2), quote("b", 11_000, 11_000 + 2)], NOW)

    # Median 10001; both are held 50 from it.
    assert index.price == 10_001
    assert index.clamped == ("a", "b")


def test_an_even_number_of_venues_has_its_median_between_the_middle_two() -> None:
    mids = {"a": 10, "b": 10_000, "c": 10_100, "d": 90_000}

    index = index_price([quote(name, mid - 1, mid + 1) for name, mid in mids.items()], NOW)

    # Median 10050, reach 50: 10000, 10000, 10100, 10100.
    assert index.price == 10_050
    assert index.clamped == ("a", "d")


def test_a_single_venue_is_believed() -> None:
    assert index_price([quote("a", 9_999, 10_001)], NOW).price == 10_000


def test_without_any_venue_there_is_no_price() -> None:
    assert index_price([], NOW) == Index(None, (), (), ())


def test_what_does_not_count_is_named_with_its_reason() -> None:
    quotes = [
        quote("crossed", 10_002, 10_001),
        quote("locked", 10_001, 10_001),
        quote("old", 9_999, 10_001, age_ns=60_000_000_001),
        quote("zero", 0, 10_001),
        VenueQuote("bidless", None, PriceE8(10_001), NOW),
        VenueQuote("askless", PriceE8(9_999), None, NOW),
        VenueQuote("lost", None, None, NOW, problem="a change is missing"),
    ]

    index = index_price(quotes, NOW)

    assert index.price is None
    assert index.excluded == (
        Exclusion("crossed", "crossed: bid 10002, ask 10001"),
        Exclusion("locked", "crossed: bid 10001, ask 10001"),
        Exclusion("old", "stale: 60.0 s old, 60.0 s allowed"),
        Exclusion("zero", "bid 0 is not above zero"),
        Exclusion("bidless", "a side of the book is empty"),
        Exclusion("askless", "a side of the book is empty"),
        Exclusion("lost", "a change is missing"),
    )


def test_a_quote_counts_up_to_the_allowed_age() -> None:
    old = quote("a", 9_999, 10_001, age_ns=60_000_000_000)

    assert index_price([old], NOW).price == 10_000
    assert index_price([old], NOW, age_ns_max=5).price is None


def test_excluded_venues_leave_the_price_to_the_others() -> None:
    index = index_price([quote("a", 9_999, 10_001), quote("b", 5, 4)], NOW)

    assert index.price == 10_000
    assert index.venues == ("a",)
    assert [exclusion.venue for exclusion in index.excluded] == ["b"]


def test_halves_are_rounded_to_the_even_neighbour() -> None:
    assert index_price([quote("a", 10_000, 10_001)], NOW).price == 10_000
    assert index_price([quote("a", 10_001, 10_002)], NOW).price == 10_002


def test_a_venue_counts_by_its_weight_but_the_median_knows_none() -> None:
    quotes = [
        VenueQuote("a", PriceE8(9_999), PriceE8(10_001), NOW, weight=2),
        VenueQuote("b", PriceE8(10_019), PriceE8(10_021), NOW),
        VenueQuote("c", PriceE8(19_999), PriceE8(20_001), NOW, weight=5),
    ]

    index = index_price(quotes, NOW)

    # Median 10020, reach 50: (2 * 10000 + 10020 + 5 * 10070) / 8 = 10046.25.
    assert index.price == 10_046
    assert index.clamped == ("c",)


def test_a_venue_of_no_weight_is_left_out_and_says_so() -> None:
    quotes = [VenueQuote("a", PriceE8(9_999), PriceE8(10_001), NOW, weight=0)]

    assert index_price(quotes, NOW).excluded == (Exclusion("a", "weight 0 is not above zero"),)
