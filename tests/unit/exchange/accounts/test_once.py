import pytest

from strikewire.exchange import (
    CancelOrder,
    Command,
    Event,
    Exchange,
    NoteState,
    Once,
    OrderEvent,
    PlaceOrder,
    Reject,
    Rejected,
    Repeated,
)
from strikewire.exchange.accounts.once import DIGEST_BYTES_MAX, KEY_LENGTH_MAX
from strikewire.exchange.state.answers import KEY_AGE_NS_MAX
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor

NOBODY = AccountId(99)


def floor() -> TradingFloor:
    made = TradingFloor("BTC-PERPETUAL")
    made.mark(120_000)
    return made


def order(account_id: AccountId = ALICE, side: Side = Side.BUY, lots: int = 10) -> PlaceOrder:
    return PlaceOrder(
        account_id=account_id,
        instrument_id=InstrumentId(1),
        side=side,
        amount=Lots(lots),
        price=Ticks(240_000),
    )


def marked(
    command: Command | None = None,
    key: str = "key",
    digest: bytes = b"digest",
    account_id: AccountId = ALICE,
) -> Once:
    return Once(account_id, key, digest, order() if command is None else command)


def open_orders(venue: TradingFloor) -> list[int]:
    return [one.order_id for one in venue.exchange.open_orders(ALICE)]


def own(account_id: AccountId, events: tuple[Event, ...]) -> list[Event]:
    return [
        one for one in events if isinstance(one, OrderEvent) and one.order.account_id == account_id
    ]


def test_the_first_command_of_a_key_does_what_it_does_without() -> None:
    plain, venue = floor(), floor()

    assert venue.apply(marked()) == plain.apply(order())


def test_the_second_command_of_a_key_does_nothing_and_tells_what_the_first_did() -> None:
    venue = floor()
    first = venue.apply(marked())
    state = venue.exchange.snapshot()

    (event,) = venue.apply(marked())

    assert event == Repeated(ALICE, "key", tuple(own(ALICE, first)))
    assert venue.exchange.snapshot() == state
    assert open_orders(venue) == [1]


def test_an_answer_has_the_fills_of_the_first_time() -> None:
    venue = floor()
    venue.apply(order(BOB, Side.SELL, 4))
    venue.apply(marked())
    venue.apply(order(BOB, Side.SELL, 6))

    (event,) = venue.apply(marked())

    assert isinstance(event, Repeated)
    assert [type(one).__name__ for one in event.events] == ["Fill", "OrderEvent"]
    last = event.events[-1]
    assert isinstance(last, OrderEvent)
    assert last.order.filled == 4


def test_a_command_that_was_rejected_stays_rejected() -> None:
    venue = floor()
    first = venue.apply(marked(CancelOrder(ALICE, OrderId(1))))
    venue.apply(order())

    again = venue.apply(marked(CancelOrder(ALICE, OrderId(1))))

    assert isinstance(first[0], Rejected)
    assert again == (Repeated(ALICE, "key", first),)
    assert open_orders(venue) == [1]


def test_a_key_that_stood_for_another_request_is_refused() -> None:
    venue = floor()
    venue.apply(marked())
    state = venue.exchange.snapshot()

    (event,) = venue.apply(marked(digest=b"other"))

    assert event == Rejected(
        Reject.INVALID_ARGUMENTS, "used_for_another_request", "idempotency_key"
    )
    assert venue.exchange.snapshot() == state


def test_each_account_has_its_own_keys() -> None:
    venue = floor()
    venue.apply(marked())

    (event, *_) = venue.apply(marked(order(BOB), account_id=BOB))

    assert isinstance(event, OrderEvent)


def test_a_key_may_be_used_again_after_a_day() -> None:
    venue = floor()
    venue.exchange.apply(100, START_NS, marked())
    venue.exchange.apply(101, START_NS + KEY_AGE_NS_MAX - 1, marked())
    assert open_orders(venue) == [1]

    venue.exchange.apply(102, START_NS + KEY_AGE_NS_MAX, marked())

    assert open_orders(venue) == [1, 2]


def test_keys_outlive_a_snapshot() -> None:
    venue = floor()
    first = venue.apply(marked())

    restored = Exchange.restore(venue.exchange.snapshot())

    assert restored.state_hash() == venue.exchange.state_hash()
    (event,) = restored.apply(100, venue.now_ns, marked())
    assert event == Repeated(ALICE, "key", tuple(own(ALICE, first)))


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (marked(account_id=NOBODY), (Reject.UNAUTHORIZED, "account_id")),
        (marked(key=""), (Reject.INVALID_ARGUMENTS, "idempotency_key")),
        (marked(key="k" * (KEY_LENGTH_MAX + 1)), (Reject.INVALID_ARGUMENTS, "idempotency_key")),
        (marked(digest=b"d" * (DIGEST_BYTES_MAX + 1)), (Reject.INVALID_ARGUMENTS, "digest")),
        (marked(marked()), (Reject.INVALID_ARGUMENTS, "command")),
    ],
)
def test_a_mark_that_is_not_well_formed_is_refused(
    command: Once, refused: tuple[Reject, str]
) -> None:
    venue = floor()
    state = venue.exchange.snapshot()

    (event,) = venue.apply(command)

    assert isinstance(event, Rejected)
    assert (event.code, event.param) == refused
    assert venue.exchange.snapshot() == state


def test_any_command_can_be_marked() -> None:
    venue = floor()

    assert venue.apply(marked(NoteState(0, b""))) == ()
    assert venue.apply(marked(NoteState(0, b""))) == (Repeated(ALICE, "key", ()),)
