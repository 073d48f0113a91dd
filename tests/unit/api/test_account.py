import json
from typing import Any

import msgspec

from strikewire.api import account


def test_positions_are_asked_for_without_any_parameter() -> None:
    assert msgspec.convert({}, account.GetPositions) == account.GetPositions()


def test_a_summary_is_a_portfolio_and_tells_who_the_account_is_only_when_extended(
    answers: dict[str, list[Any]],
) -> None:
    plain, extended = answers["private/get_account_summary"]

    plain_fields = set(json.loads(msgspec.json.encode(plain)))
    extended_fields = set(json.loads(msgspec.json.encode(extended)))

    assert {"equity", "balance", "available_funds", "maintenance_margin"} <= plain_fields
    assert extended_fields - plain_fields == {
        "id",
        "username",
        "email",
        "type",
        "system_name",
        "security_keys_enabled",
        "mmp_enabled",
        "interuser_transfers_enabled",
        "login_enabled",
        "creation_timestamp",
        "self_trading_reject_mode",
        "self_trading_extended_to_subaccounts",
    }


def test_a_summary_has_no_fees_because_clients_disagree_about_their_form(
    answers: dict[str, list[Any]],
) -> None:
    for summary in answers["private/get_account_summary"]:
        assert b'"fees"' not in msgspec.json.encode(summary)


def test_a_position_of_a_future_has_no_vega(answers: dict[str, list[Any]]) -> None:
    position = json.loads(msgspec.json.encode(answers["private/get_position"][0]))

    assert "vega" not in position
    assert position["estimated_liquidation_price"] is None
