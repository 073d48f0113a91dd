"""Quotes become an index, and the index becomes marks; only news leaves."""

from datetime import date

from strikewire.exchange import Mark
from strikewire.model import Instrument, InstrumentId, PriceE8, instrument, utc_ns
from strikewire.pricing import BookLevel, DeliveryAverage, VenueQuote
from strikewire.venue.config import PricesConfig
from strikewire.venue.forwards import Depth
from strikewire.venue.prices import Pricer

NOW_NS = utc_ns(date(2026, 11, 24), hour=12)
S = 10**9
E8 = 10**8

PERPETUAL = instrument("BTC-PERPETUAL", instrument_id=1)
FUTURE = instrument("BTC-25DEC26", instrument_id=2)
CALL = instrument("BTC-25DEC26-60000-C", instrument_id=3)
PUT = instrument("BTC-25DEC26-60000-P", instrument_id=4)
SPOT = instrument("BTC_USDC", instrument_id=5)
ETH = instrument("ETH-PERPETUAL", instrument_id=6)
LINEAR_CALL = instrument("BTC_USDC-25DEC26-60000-C", instrument_id=7)


class Feeds:
    """The quotes of two feeds, as the test sets them."""

    def __init__(self, btc: float = 60_000) -> None:
        self.problems = {"btc_usd": "", "eth_usd": ""}
        self.prices = {"btc_usd": btc, "eth_usd": 2_500.0}
        self.depth = Depth()

    def quote(self, name: str) -> VenueQuote:
        price = round(self.prices[name] * E8)
        return VenueQuote(
            "test", PriceE8(price - E8), PriceE8(price + E8), NOW_NS, self.problems[name]
        )

    def pricer(self) -> Pricer:
        config = PricesConfig(option_interval_ms=1_000)
        return Pricer(config, quotes=self.quote, depth=lambda *_: self.depth)


def by_name(marks: tuple[Mark, ...], one: Instrument) -> Mark:
    (mark,) = [mark for mark in marks if mark.instrument_id == one.instrument_id]
    return mark


def test_the_first_step_marks_everything_that_is_open() -> None:
    news = Feeds().pricer().step(NOW_NS, NOW_NS, [PERPETUAL, FUTURE, CALL, PUT, SPOT])

    assert news is not None
    assert news.indices == (("btc_usd", 60_000 * E8), ("btc_usdc", 60_000 * E8))
    assert by_name(news.marks, PERPETUAL) == Mark(
        InstrumentId(1), PriceE8(60_000 * E8), 0, PriceE8(60_000 * E8)
    )
    assert by_name(news.marks, SPOT).price == 60_000 * E8
    # A month (30 days and 20 hours) at 6 % a year.
    assert (
        by_name(news.marks, FUTURE).price
        == round(60_000 * (1 + 0.06 * (30 + 20 / 24) / 365), 4) * E8
    )


def test_an_options_forward_is_the_mark_of_its_future() -> None:
    news = Feeds().pricer().step(NOW_NS, NOW_NS, [FUTURE, CALL])

    assert news is not None
    assert by_name(news.marks, CALL).underlying == by_name(news.marks, FUTURE).price


def test_calls_and_puts_keep_parity_in_the_coin() -> None:
    news = Feeds().pricer().step(NOW_NS, NOW_NS, [CALL, PUT])

    assert news is not None
    call, put = by_name(news.marks, CALL), by_name(news.marks, PUT)
    forward = call.underlying / E8
    assert abs((call.price - put.price) / E8 - (1 - 60_000 / forward)) < 1e-7
    assert call.iv_e4 == put.iv_e4


def test_a_linear_option_is_worth_dollars() -> None:
    news = Feeds().pricer().step(NOW_NS, NOW_NS, [CALL, LINEAR_CALL])

    assert news is not None
    inverse, linear = by_name(news.marks, CALL), by_name(news.marks, LINEAR_CALL)
    assert abs(linear.price / E8 - inverse.price / E8 * (inverse.underlying / E8)) < 0.01


def test_options_follow_with_a_slower_beat() -> None:
    feeds = Feeds()
    pricer = feeds.pricer()
    pricer.step(NOW_NS, NOW_NS, [PERPETUAL, CALL])
    feeds.prices["btc_usd"] = 60_100

    fast = pricer.step(NOW_NS + S // 5, NOW_NS, [PERPETUAL, CALL])
    slow = pricer.step(NOW_NS + S, NOW_NS, [PERPETUAL, CALL])

    assert fast is not None
    assert [mark.instrument_id for mark in fast.marks] == [1]
    assert slow is not None
    assert 3 in [mark.instrument_id for mark in slow.marks]


def test_each_expiry_has_its_own_turn_within_a_second() -> None:
    feeds = Feeds()
    pricer = feeds.pricer()
    later = instrument("BTC-29JAN27-60000-C", instrument_id=8)
    pricer.step(NOW_NS, NOW_NS, [CALL, later])

    turns = []
    for fifth in range(1, 11):
        feeds.prices["btc_usd"] += 1
        news = pricer.step(NOW_NS + fifth * S // 5, NOW_NS, [CALL, later])
        turns.append([mark.instrument_id for mark in news.marks] if news else [])

    assert turns == [[], [], [3], [], [8], [], [], [3], [], [8]]


def test_nothing_leaves_when_nothing_has_changed() -> None:
    pricer = Feeds().pricer()
    pricer.step(NOW_NS, NOW_NS, [PERPETUAL])

    assert pricer.step(NOW_NS + S // 5, NOW_NS, [PERPETUAL]) is None


def test_a_quote_that_cannot_be_used_stops_its_index_and_says_why() -> None:
    feeds = Feeds()
    pricer = feeds.pricer()
    feeds.problems["btc_usd"] = "no snapshot"

    news = pricer.step(NOW_NS, NOW_NS, [PERPETUAL, ETH])

    assert news is not None
    assert news.indices == (("eth_usd", 2_500 * E8),)
    assert [mark.instrument_id for mark in news.marks] == [6]
    assert pricer.problems == {"btc_usd": "no snapshot"}

    feeds.problems["btc_usd"] = ""
    pricer.step(NOW_NS, NOW_NS, [PERPETUAL, ETH])
    assert pricer.problems == {}


def test_a_quote_too_old_stops_its_index() -> None:
    pricer = Feeds().pricer()

    assert pricer.step(NOW_NS, NOW_NS + 61 * S, [PERPETUAL]) is None
    assert pricer.problems["btc_usd"].startswith("stale")


def test_the_perpetual_leans_towards_its_own_book() -> None:
    feeds = Feeds()
    feeds.depth = Depth([BookLevel(60_050.0, 5.0)], [BookLevel(60_070.0, 5.0)])
    pricer = feeds.pricer()
    pricer.step(NOW_NS, NOW_NS, [PERPETUAL])

    news = pricer.step(NOW_NS + S, NOW_NS + S, [PERPETUAL])

    # A premium of 0.1 % has been seen for one second, which weighs 2/31.
    assert news is not None
    assert abs(by_name(news.marks, PERPETUAL).price / E8 - (60_000 + 60 * 2 / 31)) < 0.0001


def test_a_future_leans_towards_its_own_book_and_its_options_with_it() -> None:
    feeds = Feeds()
    pricer = feeds.pricer()
    first = pricer.step(NOW_NS, NOW_NS, [FUTURE, CALL])
    assert first is not None
    plain = by_name(first.marks, FUTURE).price / E8
    feeds.depth = Depth([BookLevel(plain + 90.0, 5.0)], [BookLevel(plain + 110.0, 5.0)])

    news = pricer.step(NOW_NS + S, NOW_NS + S, [FUTURE, CALL])

    # 100 dollars more for one second, which weighs 2/31; a second is worth a tenth of a cent.
    assert news is not None
    assert abs(by_name(news.marks, FUTURE).price / E8 - (plain + 100 * 2 / 31)) < 0.001
    assert by_name(news.marks, CALL).underlying == by_name(news.marks, FUTURE).price


def test_what_has_expired_is_not_marked_any_more() -> None:
    assert CALL.expiry_ns is not None

    news = Feeds().pricer().step(CALL.expiry_ns, NOW_NS, [PERPETUAL, CALL, FUTURE])

    assert news is not None
    assert [mark.instrument_id for mark in news.marks] == [1]


def test_what_is_forgotten_is_told_anew() -> None:
    pricer = Feeds().pricer()
    pricer.step(NOW_NS, NOW_NS, [PERPETUAL])

    pricer.forget(InstrumentId(1))

    news = pricer.step(NOW_NS, NOW_NS, [PERPETUAL])
    assert news is not None
    assert [mark.instrument_id for mark in news.marks] == [1]


def test_an_options_mark_carries_the_greeks_that_protections_count_with() -> None:
    news = Feeds().pricer().step(NOW_NS, NOW_NS, [FUTURE, CALL, PUT])

    assert news is not None
    future, call, put = (by_name(news.marks, one) for one in (FUTURE, CALL, PUT))
    # A call and a put at one strike: deltas of one in sum, and the same vega.
    assert call.delta_e5 - put.delta_e5 == 100_000
    assert call.vega_e5 == put.vega_e5 > 0
    assert (future.delta_e5, future.vega_e5) == (0, 0)


def test_in_the_last_half_hour_marks_follow_the_average_and_deltas_decay() -> None:
    assert FUTURE.expiry_ns is not None
    average = DeliveryAverage(FUTURE.expiry_ns)
    for second in range(0, 900, 4):
        now_ns = FUTURE.expiry_ns - 1_800 * S + second * S
        average = average.sample(now_ns, PriceE8(60_000 * E8))
    averages = {("btc_usd", FUTURE.expiry_ns): average}
    now_ns = FUTURE.expiry_ns - 900 * S

    news = Feeds(64_000).pricer().step(now_ns, NOW_NS, [FUTURE, CALL, PUT], averages)

    assert news is not None
    future, call, put = (by_name(news.marks, one) for one in (FUTURE, CALL, PUT))
    # Half of the window has passed at 60,000; the forward is 64,000 and a little.
    forward = 64_000 * (1 + 0.06 * 900 / (365 * 86_400))
    assert future.price == round((60_000 + forward) / 2, 4) * E8
    assert call.underlying == put.underlying == future.price
    assert call.delta_e5 - put.delta_e5 == 50_000


def test_in_the_last_half_hour_books_are_compared_with_the_average_as_well() -> None:
    assert FUTURE.expiry_ns is not None
    opens_ns = FUTURE.expiry_ns - 1_800 * S
    average = DeliveryAverage(FUTURE.expiry_ns).sample(opens_ns, PriceE8(60_000 * E8))
    averages = {("btc_usd", FUTURE.expiry_ns): average}
    feeds = Feeds(64_000)
    # Half is averaged at 60,000, so 62,000 is what the future should trade at.
    feeds.depth = Depth([BookLevel(61_999.0, 5.0)], [BookLevel(62_001.0, 5.0)])
    pricer = feeds.pricer()

    news = None
    for second in range(60):
        now_ns = FUTURE.expiry_ns - 900 * S + second * S
        news = pricer.step(now_ns, NOW_NS, [FUTURE], averages) or news

    assert news is not None
    assert abs(by_name(news.marks, FUTURE).price / E8 - 62_000) < 150
