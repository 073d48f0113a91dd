from strikewire.client.requests import REQUESTS_WAITING_MAX
from strikewire.exchange import BalanceChanged, Event, OrderEvent, Rejected
from strikewire.exchange.events import Reject
from strikewire.exchange.state.answers import (
    ANSWER_EVENTS_MAX,
    KEY_AGE_NS_MAX,
    KEYS_MAX,
    Answer,
    Answers,
    answering,
)
from strikewire.testing.exchange import ALICE, BOB, TradingFloor

REFUSED = Rejected(Reject.LOCKED, "locked")


def answer(key: str, time_ns: int = 0, events: tuple[Event, ...] = (REFUSED,)) -> Answer:
    return Answer(key, b"", time_ns, events)


def keys(answers: Answers) -> list[str]:
    return [one.key for one in answers.kept]


def test_an_answer_is_found_by_its_key() -> None:
    answers = Answers([answer("a"), answer("b")])

    assert answers.find(0, "b") == answer("b")
    assert answers.find(0, "c") is None


def test_an_answer_that_is_too_old_is_not_found() -> None:
    answers = Answers([answer("a", 5)])

    assert answers.find(5 + KEY_AGE_NS_MAX - 1, "a") is not None
    assert answers.find(5 + KEY_AGE_NS_MAX, "a") is None


def test_the_next_answer_drops_those_that_are_too_old() -> None:
    answers = Answers([answer("a", 5), answer("b", 6)])

    answers.add(answer("c", 5 + KEY_AGE_NS_MAX))

    assert keys(answers) == ["b", "c"]


def test_the_oldest_answer_goes_when_there_are_too_many() -> None:
    answers = Answers(answer(str(number)) for number in range(KEYS_MAX))

    answers.add(answer("new"))

    assert len(answers) == KEYS_MAX
    assert keys(answers)[0] == "1"


def test_the_oldest_answers_go_when_they_have_too_many_events() -> None:
    large = (REFUSED,) * (ANSWER_EVENTS_MAX - 1)
    answers = Answers([answer("a"), answer("b", events=large)])

    answers.add(answer("c"))

    assert keys(answers) == ["b", "c"]


def test_the_last_answer_stays_however_large_it_is() -> None:
    answers = Answers([answer("a")])

    answers.add(answer("b", events=(REFUSED,) * (ANSWER_EVENTS_MAX + 1)))

    assert keys(answers) == ["b"]


def test_a_key_that_is_used_again_is_the_newest() -> None:
    answers = Answers([answer("a"), answer("b")])

    answers.add(answer("a", 7))

    assert answers.kept == [answer("b"), answer("a", 7)]


def test_an_owner_is_answered_from_its_own_orders_and_fills() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(120_000)
    floor.buy(ALICE, 10, at=120_000)

    events = floor.sell(BOB, 4, at=120_000)

    kept = answering(BOB, events.events)
    assert [type(event).__name__ for event in kept] == ["Fill", "OrderEvent"]
    assert all(event.order.account_id == BOB for event in kept if isinstance(event, OrderEvent))
    assert any(isinstance(event, BalanceChanged) for event in events.events)


def test_a_limit_of_keys_is_above_the_requests_that_a_client_has_waiting() -> None:
    assert KEYS_MAX > REQUESTS_WAITING_MAX
