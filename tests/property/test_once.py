"""Commands that come again under their keys change nothing, whatever they are."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from strikewire.exchange import Command, Exchange, Once, Repeated, decode, encode
from strikewire.exchange.state.snapshot import dump, load
from strikewire.exchange.state.state import State
from strikewire.testing.exchange import ALICE
from tests.property.test_exchange import flows, started, thrifty

gaps = st.lists(st.integers(0, 8), min_size=60, max_size=60)


def marked(number: int, command: Command) -> Once:
    return Once(ALICE, f"{number}", b"digest", command)


def without_answers(exchange: Exchange) -> bytes:
    state: State = load(exchange.snapshot())
    state.answers.clear()
    return dump(state)


@thrifty
@given(flows(), gaps)
def test_commands_that_come_again_lead_where_they_lead_without(
    flow: list[Command], back: list[int]
) -> None:
    plain, floor = started(), started()
    first = {}

    for number, command in enumerate(flow):
        told = plain.apply(command)
        first[number] = floor.apply(marked(number, command))
        assert first[number] == told
        earlier = max(0, number - back[number])
        state = floor.exchange.state_hash()
        (event, *_) = floor.apply(marked(earlier, flow[earlier]))
        assert isinstance(event, Repeated)
        assert set(event.events) <= set(first[earlier])
        assert floor.exchange.state_hash() == state

    assert without_answers(floor.exchange) == plain.exchange.snapshot()


@thrifty
@given(flows())
def test_answers_are_the_same_after_a_restart(flow: list[Command]) -> None:
    floor = started()
    for number, command in enumerate(flow):
        floor.apply(marked(number, command))

    restored = started()
    restored.exchange = Exchange.restore(floor.exchange.snapshot())

    for number, command in enumerate(flow):
        again = marked(number, command)
        assert decode(encode(again)) == again
        assert restored.apply(again) == floor.apply(again)


@thrifty
@given(flows())
def test_another_request_under_a_key_is_refused(flow: list[Command]) -> None:
    floor = started()
    floor.apply(marked(0, flow[0]))

    (event, *_) = floor.apply(structs.replace(marked(0, flow[1]), digest=b"other"))

    assert getattr(event, "reason", "") == "used_for_another_request"
