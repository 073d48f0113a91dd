from typing import Any

import pytest

from strikewire.exchange import (
    CancelQuotes,
    CancelReason,
    Event,
    Exchange,
    MassQuote,
    MmpConfig,
    MmpTag,
    MmpTriggered,
    OrderState,
    Quote,
    QuoteRejected,
    QuoteSide,
    Reject,
    Rejected,
    SelfTrading,
    SetMmp,
    SetSelfTrading,
)
from strikewire.exchange.orders.quoting import QUOTES_FROZEN_NS, QUOTES_MAX
from strikewire.model import AccountId, InstrumentId, Kind, Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, CAROL, Deed, TradingFloor, ladder

CALL = "BTC-25DEC26-60000-C"
PUT = "BTC-25DEC26-60000-P"
PERPETUAL = "BTC-PERPETUAL"
LOT = 10**7  # A lot of an option is a tenth of a coin.


class Desk:
    """A floor where Alice quotes a call around 500 ticks, in the group `wings`."""

    def __init__(self, **limits: int) -> None:
        self.floor = TradingFloor(CALL, PUT, PERPETUAL)
        self.floor.mark(
            name=CALL, price=0.05, underlying=60_000, delta_e5=55_000, vega_e5=12_000_000
        )
        self.floor.mark(name=PUT, price=0.05, underlying=60_000, delta_e5=-45_000)
        self.floor.mark(name=PERPETUAL, price=60_000)
        self.protect("wings", **limits)

    def protect(self, group: str, **limits: int) -> None:
        fields = {"interval_s": 10, "frozen_s": 5, "max_quote_quantity_e8": 10**12} | limits
        if not {"quantity_e8", "delta_e8", "vega_e8"} & fields.keys():
            fields["quantity_e8"] = 10**12
        command = SetMmp(ALICE, "btc_usd", group, MmpConfig(**fields))
        Deed(self.floor.apply(command)).expect_accepted()

    def send(self, *quotes: Quote, group: str = "wings", **more: Any) -> Deed:
        command = MassQuote(account_id=ALICE, mmp_group=group, quotes=quotes, **more)
        return Deed(self.floor.apply(command))

    def quote(
        self,
        bid: tuple[int | None, int | None] | None,
        ask: tuple[int | None, int | None] | None,
        name: str = CALL,
        **more: Any,
    ) -> Deed:
        """Quote one instrument: price and lots of each side."""
        return self.send(self.entry(bid, ask, name), **more)

    def entry(
        self,
        bid: tuple[int | None, int | None] | None,
        ask: tuple[int | None, int | None] | None,
        name: str = CALL,
        quote_set_id: str = "",
        **sides: bool,
    ) -> Quote:
        return Quote(
            instrument_id=self.floor.id(name),
            quote_set_id=quote_set_id,
            bid=side(bid, **sides),
            ask=side(ask, **sides),
        )

    def cancel(self, **filters: Any) -> list[int]:
        """Cancel quotes, and return the ids of those that ended."""
        deed = Deed(self.floor.apply(CancelQuotes(account_id=ALICE, **filters)))
        return [view.order_id for view in deed.orders]


def side(terms: tuple[int | None, int | None] | None, **more: bool) -> QuoteSide | None:
    if terms is None:
        return None
    price, lots = terms
    return QuoteSide(
        price=None if price is None else Ticks(price),
        amount=None if lots is None else Lots(lots),
        **more,
    )


def errors(events: tuple[Event, ...]) -> list[tuple[int, Reject, str]]:
    return [
        (event.side, event.code, event.reason)
        for event in events
        if isinstance(event, QuoteRejected)
    ]


def test_a_quote_is_two_limit_orders_that_wait() -> None:
    desk = Desk()

    deed = desk.quote((490, 3), (510, 4), quote_id="7")

    assert [view.side for view in deed.orders] == [Side.BUY, Side.SELL]
    assert {view.mmp for view in deed.orders} == {MmpTag("wings", "7", "", is_quote=True)}
    assert desk.floor.book(CALL) == ladder("""
            | 510 | 4
          3 | 490 |
    """)


def test_a_quote_takes_the_place_of_the_one_before_under_the_same_id() -> None:
    desk = Desk()
    desk.quote((490, 3), (510, 4))

    deed = desk.quote((495, 5), None, quote_id="8")

    assert (deed.order.order_id, deed.order.replaced) == (1, True)
    assert deed.order.mmp == MmpTag("wings", "8", "", is_quote=True)
    assert desk.floor.book(CALL) == ladder("""
            | 510 | 4
          5 | 495 |
    """)


@pytest.mark.parametrize(
    ("bid", "first"),
    [
        ((490, 2), ALICE),
        ((490, 3), ALICE),
        ((490, 4), BOB),
        ((None, 2), ALICE),
        ((490, None), ALICE),
    ],
    ids=["less", "the same", "more", "less, price left out", "amount left out"],
)
def test_a_quote_keeps_its_place_unless_it_asks_for_more(
    bid: tuple[int | None, int | None], first: AccountId
) -> None:
    desk = Desk()
    desk.quote((490, 3), None)
    desk.floor.buy(BOB, 1, at=490)

    desk.quote(bid, None, quote_id="another")
    (fill,) = desk.floor.sell(CAROL, 1, at=490).fills

    assert fill.maker.account_id == first


def test_an_amount_is_what_is_to_wait_whatever_was_filled() -> None:
    desk = Desk()
    desk.quote((490, 3), None)
    desk.floor.sell(BOB, 2, at=490)

    view = desk.quote((490, 3), None).order

    assert (view.filled, view.remaining) == (2, 3)


def test_both_sides_go_up_without_meeting() -> None:
    desk = Desk()
    desk.floor.apply(SetSelfTrading(ALICE, SelfTrading.REJECT_TAKER))
    desk.quote((490, 3), (510, 3))

    up = desk.quote((515, 3), (535, 3))
    down = desk.quote((490, 3), (510, 3))

    assert (errors(up.events), errors(down.events)) == ([], [])
    assert [view.side for view in up.orders] == [Side.SELL, Side.BUY]
    assert [view.side for view in down.orders] == [Side.BUY, Side.SELL]


def test_one_side_that_is_refused_leaves_the_others_alone() -> None:
    desk = Desk()
    desk.quote((490, 3), (510, 4))

    deed = desk.send(desk.entry((485, 3), (9_999, 4)), desk.entry((40, 1), None, PUT))

    assert errors(deed.events) == [(Side.SELL, Reject.WRONG_TICK, "9999 between ticks of 5")]
    assert desk.floor.order(2).price == 510
    assert desk.floor.book(PUT) == ladder("1 | 40 |")


def test_a_bid_against_its_own_ask_is_no_quote() -> None:
    desk = Desk()

    deed = desk.quote((500, 1), (500, 1))

    reason = "bid 500 against ask 500 ticks"
    assert errors(deed.events) == [
        (Side.BUY, Reject.INVALID_PRICE, reason),
        (Side.SELL, Reject.INVALID_PRICE, reason),
    ]


def test_an_amount_of_zero_takes_a_quote_back() -> None:
    desk = Desk()
    desk.quote((490, 3), (510, 4))

    deed = desk.quote((490, 0), None)

    assert deed.order.cancel_reason == CancelReason.USER_REQUEST
    assert errors(desk.quote((490, 0), None).events) == [
        (Side.BUY, Reject.ORDER_NOT_FOUND, "no_quote_to_change")
    ]


def test_quotes_may_be_post_only() -> None:
    desk = Desk()
    desk.floor.sell(BOB, 1, at=500)

    moved = desk.send(desk.entry((505, 1), None, post_only=True))
    refused = desk.send(
        desk.entry((505, 1), None, PUT),
        desk.entry((500, 1), None, post_only=True, reject_post_only=True),
    )

    assert moved.order.price == 495
    assert errors(refused.events) == [(Side.BUY, Reject.POST_ONLY_REJECT, "post_only_reject")]
    assert desk.floor.order(2).price == 495


def test_a_quote_that_crosses_trades() -> None:
    desk = Desk()
    desk.floor.sell(BOB, 1, at=500)

    deed = desk.quote((500, 3), (510, 3))

    assert deed.trades == [(500, 1)]
    assert desk.floor.order(2).remaining == 2


@pytest.mark.parametrize("price", [None, 490, 500])
def test_a_bid_is_taken_back_before_an_ask_that_would_meet_it(price: int | None) -> None:
    desk = Desk()
    desk.quote((500, 3), (550, 3))

    deed = desk.quote((price, 0), (490, 3))

    assert (deed.trades, errors(deed.events)) == ([], [])
    assert desk.floor.book() == ladder("""
              | 490 | 3
    """)


@pytest.mark.parametrize("price", [None, 550, 560])
def test_an_ask_is_taken_back_before_a_bid_that_would_meet_it(price: int | None) -> None:
    desk = Desk()
    desk.quote((500, 3), (550, 3))

    deed = desk.quote((560, 3), (price, 0))

    assert (deed.trades, errors(deed.events)) == ([], [])
    assert desk.floor.book() == ladder("""
            3 | 560 |
    """)


@pytest.mark.parametrize(
    ("bid", "ask", "reason"),
    [
        ((None, 5), (490, 3), "bid 500 against ask 490 ticks"),
        ((560, 3), (None, 5), "bid 560 against ask 550 ticks"),
    ],
)
def test_a_side_without_a_price_keeps_its_own_and_is_not_met(
    bid: tuple[int | None, int], ask: tuple[int | None, int], reason: str
) -> None:
    desk = Desk()
    desk.quote((500, 3), (550, 3))

    deed = desk.quote(bid, ask)

    assert errors(deed.events) == [
        (side, Reject.INVALID_PRICE, reason) for side in (Side.BUY, Side.SELL)
    ]
    assert deed.trades == []
    assert desk.floor.book() == ladder("""
              | 550 | 3
            3 | 500 |
    """)


def test_groups_quote_next_to_each_other() -> None:
    desk = Desk()
    desk.protect("body")
    desk.quote((490, 3), None)

    desk.quote((485, 2), None, group="body")

    assert desk.floor.book(CALL) == ladder("""
          3 | 490 |
          2 | 485 |
    """)


def test_a_protection_acts_between_one_quote_and_the_next() -> None:
    desk = Desk(quantity_e8=LOT)
    desk.quote((490, 3), None, PUT)
    desk.floor.sell(BOB, 1, at=500)

    deed = desk.send(desk.entry((500, 2), (510, 2)), desk.entry(None, (60, 1), PUT))

    triggered = [event for event in deed.events if isinstance(event, MmpTriggered)]
    assert len(triggered) == 1
    assert errors(deed.events) == [
        (Side.SELL, Reject.OTHER_REJECT, "mmp_frozen"),
        (Side.SELL, Reject.OTHER_REJECT, "mmp_frozen"),
    ]
    assert (desk.floor.book(CALL), desk.floor.book(PUT)) == ("", "")


def test_another_group_is_not_touched() -> None:
    desk = Desk(quantity_e8=LOT)
    desk.protect("body", quantity_e8=LOT)
    desk.quote((490, 3), None, group="body")
    desk.quote((500, 1), None)

    desk.floor.sell(BOB, 1, at=500)

    assert desk.floor.order(1).state is OrderState.OPEN


def test_a_group_without_protection_cannot_quote() -> None:
    desk = Desk()

    deed = desk.quote((490, 1), None, group="other")

    assert errors(deed.events) == [(Side.BUY, Reject.OTHER_REJECT, "mmp_not_configured")]


def test_an_instrument_that_is_not_there_is_refused_on_both_sides() -> None:
    desk = Desk()
    entry = Quote(instrument_id=InstrumentId(99), bid=side((1, 1)), ask=side((2, 1)))

    deed = desk.send(entry)

    assert [code for _, code, _ in errors(deed.events)] == [Reject.INVALID_INSTRUMENT] * 2


def test_a_mass_quote_is_refused_as_a_whole_for_its_form() -> None:
    desk = Desk()
    entry = desk.entry((490, 1), None)

    assert desk.send(*[entry] * (QUOTES_MAX + 1)).rejected.param == "quotes"
    assert desk.send(entry, group="").rejected.reason == "no_mmp_group"
    assert desk.send(entry, quote_id="x" * 65).rejected.param == "quote_id"
    assert desk.send(entry, valid_until_ns=1).rejected.code is Reject.TIMED_OUT
    command = MassQuote(account_id=AccountId(9), mmp_group="wings", quotes=(entry,))
    (rejected,) = desk.floor.apply(command)
    assert isinstance(rejected, Rejected)
    assert rejected.code is Reject.UNAUTHORIZED


def quoting() -> Desk:
    """Return a desk with a bid (1) and an ask (2) on the call, a bid on the put (3) and the
    perpetual (4), and an order (5) that is no quote."""
    desk = Desk()
    desk.send(
        desk.entry((490, 1), (510, 1), quote_set_id="near"),
        desk.entry((40, 1), None, PUT),
        desk.entry((119_000, 1), None, PERPETUAL),
    )
    desk.floor.buy(ALICE, 1, at=480)
    return desk


@pytest.mark.parametrize(
    ("filters", "cancelled"),
    [
        ({}, [1, 2, 3, 4]),
        ({"quote_set_id": "near"}, [1, 2]),
        ({"instrument_id": InstrumentId(2)}, [3]),
        ({"kind": Kind.FUTURE}, [4]),
        ({"currency": "BTC"}, [1, 2, 3, 4]),
        ({"currency": "USDC"}, []),
        ({"index": "btc_usd"}, [1, 2, 3, 4]),
        ({"index": "btc_usdc"}, []),
        ({"deltas_e5": (50_000, 60_000)}, [1, 2]),
        ({"deltas_e5": (-50_000, 0)}, [3]),
        ({"deltas_e5": (100_000, 100_000)}, [4]),
    ],
)
def test_quotes_are_taken_back_by_what_they_have_in_common(
    filters: dict[str, Any], cancelled: list[int]
) -> None:
    desk = quoting()

    assert desk.cancel(**filters) == cancelled
    assert desk.floor.order(5).state is OrderState.OPEN


def test_a_cancel_may_keep_quotes_out_for_a_second() -> None:
    desk = quoting()
    desk.cancel(is_freezing=True)

    assert errors(desk.quote((490, 1), None).events) == [
        (Side.BUY, Reject.OTHER_REJECT, "quotes_frozen")
    ]
    desk.floor.now_ns += QUOTES_FROZEN_NS
    assert errors(desk.quote((490, 1), None).events) == []


def test_a_cancel_of_quotes_names_what_is_there() -> None:
    desk = quoting()
    command = CancelQuotes(account_id=ALICE, instrument_id=InstrumentId(99))

    assert Deed(desk.floor.apply(command)).rejected.code is Reject.INVALID_INSTRUMENT
    nobody = CancelQuotes(account_id=AccountId(9))
    assert Deed(desk.floor.apply(nobody)).rejected.code is Reject.UNAUTHORIZED


def test_a_quote_is_not_edited_but_may_be_cancelled() -> None:
    desk = quoting()

    assert desk.floor.edit(1, 2).rejected.code is Reject.ORDER_NOT_FOUND
    desk.floor.cancel(1).expect_accepted()


def test_quotes_outlive_a_restart_where_they_stand() -> None:
    desk = quoting()
    desk.cancel(index="btc_usdc", is_freezing=True)
    restored = Exchange.restore(desk.floor.exchange.snapshot())

    assert restored.state_hash() == desk.floor.exchange.state_hash()
    desk.floor.exchange = restored
    desk.floor.now_ns += QUOTES_FROZEN_NS
    assert desk.quote((495, 1), None).order.order_id == 1


def test_marks_move_what_is_cancelled_by_delta() -> None:
    desk = quoting()
    desk.floor.mark(name=CALL, price=0.05, underlying=60_000, delta_e5=70_000)

    assert desk.cancel(deltas_e5=(50_000, 60_000)) == []
