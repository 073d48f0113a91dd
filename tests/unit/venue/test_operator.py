"""The operator lists, marks and settles: seen from a real exchange."""

from datetime import date
from itertools import combinations

from strikewire.exchange import (
    Command,
    CreateCombo,
    Exchange,
    ListInstrument,
    MarksRefused,
    OpenAccount,
    Rejected,
    SetMarks,
    SettleInstrument,
    SettleSession,
)
from strikewire.model import AccountId, PriceE8, utc_ns
from strikewire.pricing import VenueQuote
from strikewire.venue.config import InstrumentsConfig, PricesConfig
from strikewire.venue.forwards import Depth
from strikewire.venue.operator import Operator
from strikewire.venue.prices import Pricer

NOON_NS = utc_ns(date(2026, 11, 24), hour=12)
EIGHT_NS = utc_ns(date(2026, 11, 25), hour=8)
S = 10**9
E8 = 10**8


class Venue:
    """An exchange whose only client is its operator."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self.exchange = exchange or Exchange()
        self.btc = 60_000.0
        self.problem = ""
        self.seq = 0
        config = InstrumentsConfig(
            families=("BTC",), option_expiries=1, option_strikes=3, roll_interval_s=5
        )
        pricer = Pricer(PricesConfig(), quotes=self.quote, depth=lambda *_: Depth())
        self.operator = Operator(config, self.exchange, pricer)

    def quote(self, _name: str) -> VenueQuote:
        price = round(self.btc * E8)
        far = 2**62  # never stale
        return VenueQuote("test", PriceE8(price - E8), PriceE8(price + E8), far, self.problem)

    def step(self, now_ns: int) -> list[Command]:
        commands = self.operator.step(now_ns, now_ns)
        for command in commands:
            self.seq += 1
            (*_, last) = self.exchange.apply(self.seq, now_ns, command)
            assert not isinstance(last, Rejected | MarksRefused), last
        return commands

    def settle_times(self, now_ns: int) -> list[SettleInstrument]:
        return [one for one in self.step(now_ns) if isinstance(one, SettleInstrument)]


def names(commands: list[Command]) -> list[str]:
    return [one.instrument.name for one in commands if isinstance(one, ListInstrument)]


def test_a_new_venue_lists_then_marks_then_lists_options_around_the_index() -> None:
    venue = Venue()

    first, second, third, fourth = (venue.step(NOON_NS + n * S // 5) for n in range(4))

    assert names(first)[0] == "BTC-PERPETUAL"
    assert not any(isinstance(one, SetMarks) for one in first)
    assert isinstance(second[-1], SetMarks)
    assert names(third) == [
        "BTC-25NOV26-57500-C",
        "BTC-25NOV26-57500-P",
        "BTC-25NOV26-60000-C",
        "BTC-25NOV26-60000-P",
        "BTC-25NOV26-62500-C",
        "BTC-25NOV26-62500-P",
    ]
    assert isinstance(fourth[-1], SetMarks)


def test_ids_count_up_from_what_was_ever_listed() -> None:
    venue = Venue()
    listed = [one for n in range(4) for one in venue.step(NOON_NS + n * S)]

    ids = [one.instrument.instrument_id for one in listed if isinstance(one, ListInstrument)]
    assert ids == list(range(1, len(ids) + 1))


def test_a_restart_lists_nothing_twice() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)

    again = Venue(Exchange.restore(venue.exchange.snapshot()))
    again.seq = venue.seq

    assert [name for n in range(4) for name in names(again.step(NOON_NS + (10 + n) * S))] == []


def test_at_expiry_the_average_of_the_last_half_hour_is_delivered_and_the_next_day_listed() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)
    # The index stands at 60 000 for the first half of the window and at 61 000 for the second.
    for minute in range(30):
        venue.btc = 60_000 if minute < 15 else 61_000
        for second in range(0, 60, 4):
            venue.step(EIGHT_NS - 30 * 60 * S + (minute * 60 + second) * S)
    venue.btc = 99_000

    settled = venue.step(EIGHT_NS)

    prices = [one.delivery_price / E8 for one in settled if isinstance(one, SettleInstrument)]
    assert len(prices) == 6
    assert set(prices) == {prices[0]}
    assert abs(prices[0] - 60_500) < 50
    assert any(name.startswith("BTC-26NOV26-") for name in names(settled))
    open_names = {
        one.name for key, one in venue.exchange.instruments.items() if venue.exchange.is_open(key)
    }
    assert not any(name.startswith("BTC-25NOV26-") for name in open_names)


def test_as_many_options_as_combos_are_forgotten_are_marked_all_the_same() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)
    venue.exchange.apply(90, NOON_NS, OpenAccount(AccountId(1), "maker"))
    expiring = [
        key
        for key, one in venue.exchange.instruments.items()
        if one.name.startswith("BTC-25NOV26-")
    ]
    for seq, (bought, sold) in enumerate(list(combinations(expiring, 2))[:6], start=91):
        venue.exchange.apply(seq, NOON_NS, CreateCombo(AccountId(1), ((bought, 1), (sold, -1))))
    before = len(venue.exchange.instruments)

    listed = names(venue.step(EIGHT_NS))
    assert len(listed) == 6
    assert len(venue.exchange.instruments) == before
    venue.step(EIGHT_NS + S)
    venue.step(EIGHT_NS + 2 * S)

    marked = {venue.exchange.instruments[key].name for key in venue.exchange.marks}
    assert set(listed) <= marked


def test_an_expiry_missed_while_the_venue_was_down_is_settled_at_the_next_known_index() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)
    again = Venue(Exchange.restore(venue.exchange.snapshot()))
    again.seq = venue.seq
    again.problem = "no quote yet"

    assert again.settle_times(EIGHT_NS + 3600 * S) == []
    again.problem = ""
    again.btc = 61_234
    again.step(EIGHT_NS + 3601 * S)
    settled = again.settle_times(EIGHT_NS + 3602 * S)

    assert {one.delivery_price for one in settled} == {61_234 * E8}
    assert len(settled) == 6
    assert again.settle_times(EIGHT_NS + 3700 * S) == []


def test_the_session_of_every_currency_is_settled_at_eight_once_a_day() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)

    early = venue.step(EIGHT_NS - 10 * S)
    due = venue.step(EIGHT_NS)
    later = venue.step(EIGHT_NS + 10 * S)

    assert sessions(early) == sessions(later) == []
    assert sessions(due) == ["BTC", "ETH", "USDC"]
    kinds = [type(one) for one in due]
    assert kinds.index(SettleInstrument) < kinds.index(SettleSession)


def test_a_session_that_ended_while_the_venue_was_down_is_settled_at_its_start() -> None:
    venue = Venue()
    for n in range(4):
        venue.step(NOON_NS + n * S)

    again = Venue(venue.exchange)

    assert sessions(again.step(EIGHT_NS + 3_600 * S)) == ["BTC", "ETH", "USDC"]


def test_a_mark_of_a_perpetual_brings_its_funding_rate() -> None:
    venue = Venue()
    venue.step(NOON_NS)
    venue.step(NOON_NS + S)

    mark = venue.exchange.mark(venue.exchange.instrument_by_name["BTC-PERPETUAL"])

    assert mark is not None
    assert mark.funding_rate == 0  # at the index there is no premium


def sessions(commands: list[Command]) -> list[str]:
    return [one.currency for one in commands if isinstance(one, SettleSession)]
