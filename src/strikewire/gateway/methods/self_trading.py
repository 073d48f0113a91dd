"""The method by which an owner keeps his orders from trading with each other."""

from collections.abc import Sequence

from strikewire.api import account as api
from strikewire.exchange import Event, Rejected, SelfTrading, SetSelfTrading
from strikewire.gateway.desk import Call, Desk, Plan
from strikewire.gateway.rejects import rejection


def set_self_trading_config(desk: Desk, call: Call, params: api.SetSelfTradingConfig) -> Plan:
    """Choose what happens where the account's orders would trade with its owner's."""
    command = SetSelfTrading(
        call.account_id, SelfTrading(params.mode), params.extended_to_subaccounts
    )

    def answer(events: Sequence[Sequence[Event]]) -> str:
        (first, *_), *_ = events
        if isinstance(first, Rejected):
            raise rejection(first, None)
        return "ok"

    return Plan([command], answer)
