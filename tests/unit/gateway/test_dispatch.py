from strikewire.api import METHODS
from strikewire.gateway.dispatch import HANDLERS, PLANNERS


def test_every_method_of_the_registry_is_answered_by_exactly_one_function() -> None:
    assert sorted([*HANDLERS, *PLANNERS]) == sorted(METHODS)


def test_what_costs_matching_credits_becomes_commands_and_nothing_else_does() -> None:
    assert set(PLANNERS) == {name for name, one in METHODS.items() if one.cost == "matching"}
