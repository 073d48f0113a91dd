from strikewire.api import METHODS
from strikewire.gateway.dispatch import HANDLERS, PLANNERS


def test_every_method_of_the_registry_is_answered_by_exactly_one_function() -> None:
    assert sorted([*HANDLERS, *PLANNERS]) == sorted(METHODS)


def test_what_costs_matching_credits_becomes_commands_and_so_does_a_change_of_model() -> None:
    matching = {name for name, one in METHODS.items() if one.cost == "matching"}

    assert set(PLANNERS) == matching | {
        "private/change_margin_model",
        "private/set_self_trading_config",
        "private/create_combo",
        "private/set_mmp_config",
        "private/reset_mmp",
        "private/create_subaccount",
        "private/submit_transfer_between_subaccounts",
        "private/submit_transfer_to_subaccount",
        "private/withdraw",
        "private/set_instrument_state",
        "private/set_platform_lock",
        "private/set_limits",
        "private/set_fees",
    }
