"""Methods about how an account's margin is counted, and what it would be."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from strikewire.api import account as api
from strikewire.api import invalid_params
from strikewire.exchange import ChangeMarginModel, Event, MarginModel, Rejected, Summary, Verdict
from strikewire.gateway.desk import Call, Desk, Plan, Reply
from strikewire.gateway.holdings import portfolio
from strikewire.gateway.rejects import rejection
from strikewire.model import CURRENCIES, InstrumentId, Units, units_to_coins

THOUGHT_SIZE_MAX: Final = 1e12
"""Dollars or coins of one simulated position: more than there are, and sums stay numbers."""

_SIZES = msgspec.json.Decoder(dict[str, float])


def change_margin_model(desk: Desk, call: Call, params: api.ChangeMarginModel) -> Plan:
    """Count the account's margin another way, or say what that would mean."""
    if params.user_id is not None and params.user_id != call.account_id:
        raise invalid_params("user_id", "is not the account that asks")
    if params.margin_model == "cross_pm":
        raise invalid_params("margin_model", "cross collateral is by standard margin alone")
    model = MarginModel(params.margin_model)
    verdicts = {}
    if model is MarginModel.PORTFOLIO:
        verdicts = {
            name: desk.judge.verdict(call.now_ns, call.account_id, name) for name in CURRENCIES
        }
    before = {name: desk.judge.summary(call.now_ns, call.account_id, name) for name in CURRENCIES}

    def answer(events: Sequence[Sequence[Event]]) -> list[api.MarginModelChange]:
        if events and events[0] and isinstance(events[0][0], Rejected):
            raise rejection(events[0][0], None)
        found = []
        for name, old in before.items():
            if old is None:
                continue
            new = desk.exchange.summary(call.account_id, name)
            assert new is not None
            after = _state(new)
            if params.dry_run:
                verdict = verdicts.get(name)
                thought = desk.exchange.summary(call.account_id, name, model)
                assert thought is not None
                after = _state(thought) if verdict is None else _state_by(thought, verdict)
            found.append(
                api.MarginModelChange(currency=name, old_state=_state(old), new_state=after)
            )
        return found

    command = ChangeMarginModel(call.account_id, model, tuple(verdicts.items()))
    return Plan([] if params.dry_run else [command], answer)


def simulate_portfolio(desk: Desk, call: Call, params: api.SimulatePortfolio) -> Reply:
    """Return what the account would need with other positions."""
    currency = params.currency.upper()
    if currency not in CURRENCIES:
        raise invalid_params("currency", f"is not one of {', '.join(CURRENCIES)}")
    summary = desk.judge.summary(call.now_ns, call.account_id, currency)
    if summary is None:
        raise invalid_params("currency", "the account of this key has not been opened")
    found = desk.judge.simulate(
        call.now_ns,
        call.account_id,
        currency,
        thought_sizes(desk, params.simulated_positions),
        add_positions=params.add_positions is not False,
    )
    shown = portfolio(
        desk.market, summary, desk.exchange.positions(call.account_id), MarginModel.PORTFOLIO
    )
    return Reply(
        structs.replace(
            shown,
            initial_margin=found.initial,
            maintenance_margin=found.maintenance,
            projected_initial_margin=found.initial,
            projected_maintenance_margin=found.maintenance,
            available_funds=shown.equity - found.initial - shown.spot_reserve,
            projected_delta_total=found.delta,
        )
    )


def thought_sizes(
    desk: Desk, positions: dict[str, float] | str | None
) -> dict[InstrumentId, float]:
    """Return the sizes of simulated positions by instrument.

    Raises:
        ApiError: The text is no JSON object of numbers, an instrument is unknown or no longer open,
            or a size is beyond `THOUGHT_SIZE_MAX`.
    """
    if isinstance(positions, str):
        try:
            positions = _SIZES.decode(positions)
        except msgspec.MsgspecError as error:
            raise invalid_params("simulated_positions", str(error)) from error
    sizes = {}
    for name, size in (positions or {}).items():
        market = desk.market.named(name)
        if market is None or not market.is_open or market.instrument.is_spot:
            raise invalid_params("simulated_positions", f"{name} cannot be held")
        if abs(size) > THOUGHT_SIZE_MAX:
            reason = f"{size:g} of {name} is beyond {THOUGHT_SIZE_MAX:g}"
            raise invalid_params("simulated_positions", reason)
        sizes[InstrumentId(market.instrument.instrument_id)] = size
    return sizes


def _state(summary: Summary) -> api.MarginState:
    return _margin_state(
        summary, summary.initial_margin, summary.maintenance_margin, summary.available_funds
    )


def _state_by(summary: Summary, verdict: Verdict) -> api.MarginState:
    available = summary.equity - verdict.initial - summary.spot_reserve
    return _margin_state(summary, verdict.initial, verdict.maintenance, available)


def _margin_state(
    summary: Summary, initial: int, maintenance: int, available: int
) -> api.MarginState:
    equity = summary.equity if summary.total is None else summary.margin_balance
    return api.MarginState(
        maintenance_margin_rate=maintenance / equity if equity > 0 else 0.0,
        initial_margin_rate=initial / equity if equity > 0 else 0.0,
        available_balance=units_to_coins(summary.currency, Units(available)),
    )
