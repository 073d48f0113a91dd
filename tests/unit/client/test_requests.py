"""Requests wait for their answers in the order they were sent."""

from strikewire.client.requests import REQUESTS_WAITING_MAX, Pending, Requests


def waiting(*methods: str) -> Requests:
    requests = Requests(timeout_ns=100)
    for now_ns, method in enumerate(methods):
        requests.encode(method, {})
        requests.wait(now_ns, method)
    return requests


def test_ids_count_up_from_one_and_a_request_that_is_not_sent_uses_none() -> None:
    requests = Requests(timeout_ns=100)

    assert b'"id":1,' in requests.encode("a", {})
    assert b'"id":1,' in requests.encode("b", {})
    requests.wait(0, "b")
    assert b'"id":2,' in requests.encode("c", {})


def test_a_request_is_taken_once() -> None:
    requests = waiting("a", "b")

    assert requests.take(2) == Pending("b", 101)
    assert requests.take(2) is None
    assert requests.take(99) is None


def test_the_oldest_request_is_due_first() -> None:
    requests = waiting("a", "b")

    assert requests.deadline_ns() == 100
    assert requests.expire(99) == []
    assert requests.expire(100) == [Pending("a", 100)]
    assert requests.deadline_ns() == 101
    assert waiting().deadline_ns() is None


def test_draining_gives_all_of_them_up() -> None:
    requests = waiting("a", "b")

    assert [one.method for one in requests.drain()] == ["a", "b"]
    assert requests.drain() == []


def test_there_is_a_limit() -> None:
    requests = waiting(*["a"] * (REQUESTS_WAITING_MAX - 1))
    assert not requests.is_full

    requests.wait(0, "a")

    assert requests.is_full
