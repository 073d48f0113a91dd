"""The method that takes a portfolio margin apart."""

from collections.abc import Sequence

from strikewire.api import portfolio_margin as api
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.judge import Simulated
from strikewire.gateway.methods.margin import thought_sizes
from strikewire.gateway.owned import checked_currency
from strikewire.model import ns_to_ms
from strikewire.pricing import MarginRules

STANDARD = 27
"""Scenarios before the extended ones."""


def simulate_scenarios(desk: Desk, call: Call, params: api.SimulateScenarios) -> Reply:
    """Return every scenario and charge of positions, by index where there are several."""
    currency = checked_currency(params.currency)
    thought = thought_sizes(desk, params.simulated_positions)
    found = desk.judge.simulated(
        call.now_ns,
        call.account_id,
        currency,
        thought,
        add_positions=params.add_positions is not False,
    )
    positions = [(one, *held) for one in found for held in one.positions]
    return Reply(
        api.ScenarioReport(
            model_params=_parameters(found, currency, ns_to_ms(call.now_ns)),
            initial_risk_vectors={
                instrument.name: _vectors(one.gains[number])
                for one in found
                for number, (instrument, _, _) in enumerate(one.positions)
            },
            pre_aggregated_risk_vectors={_pair(one): _vectors(one.total) for one in found},
            aggregated_risk_vectors={_pair(one): _vectors(one.counted) for one in found},
            margins={_money(one, found): _margin(one) for one in found},
            portfolio=api.SimulatedPortfolio(
                position={one.name: coins for _, one, coins, _ in positions}
            ),
            index_price={one.index_name: one.index for one in found},
            ticker={
                instrument.name: api.SimulatedTicker(mark_price=mark, index_price=one.index)
                for one, instrument, _, mark in positions
            },
        )
    )


def _pair(one: Simulated) -> str:
    return f"{one.coin}_{one.currency}".lower()


def _money(one: Simulated, found: Sequence[Simulated]) -> str:
    """Return the currency; where several coins settle in it, the coin with it."""
    return one.currency.lower() if len(found) == 1 else _pair(one)


def _vectors(gains: Sequence[float]) -> api.RiskVectors:
    return api.RiskVectors(standard=list(gains[:STANDARD]), extended=list(gains[STANDARD:]))


def _margin(one: Simulated) -> api.CurrencyMargin:
    margin = one.margin
    details = api.RiskMatrixMarginDetails(
        worst_case=margin.loss,
        worst_case_bucket=_worst(one.counted, one.rules),
        roll_shock=margin.roll,
        delta_shock=margin.shock,
    )
    return api.CurrencyMargin(
        initial_margin=margin.initial,
        maintenance_margin=margin.maintenance,
        initial_margin_details=api.InitialMarginDetails(
            risk_matrix_margin=margin.initial, risk_matrix_margin_details=details
        ),
    )


def _worst(counted: Sequence[float], rules: MarginRules) -> api.WorstCaseBucket:
    number = min(range(len(counted)), key=counted.__getitem__)
    move = rules.scenarios()[number].move
    is_standard = number < STANDARD
    return api.WorstCaseBucket(
        bucket=number // 3 + 1 if is_standard else number - STANDARD + 1,
        side="left" if move < 0.0 else "right" if move > 0.0 else "middle",
        source="standard" if is_standard else "extended",
        index=number + 1 if is_standard else number - STANDARD + 1,
    )


def _parameters(found: Sequence[Simulated], currency: str, now_ms: int) -> api.ModelParameters:
    plain = MarginRules()
    return api.ModelParameters(
        currency_pair={
            one.index_name: api.PairParameters(
                price_range=one.rules.price_range,
                volatility_range_up=one.rules.volatility_up,
                volatility_range_down=one.rules.volatility_down,
                short_term_vega_power=one.rules.power_short,
                long_term_vega_power=one.rules.power_long,
                min_volatility_for_shock_up=one.rules.volatility_up_min,
                extended_table_factor=1.0,
                max_delta_shock=one.rules.delta_shock,
                m_inc=one.rules.delta_shock_growth,
                delta_total_liq_shock_threshold=one.rules.delta_liquidity,
            )
            for one in found
        },
        currency={
            currency.lower(): api.CurrencyParameters(
                extended_dampener=one.rules.extended_dampener,
                annualised_move_risk=one.rules.move_risk,
                min_annualised_move=one.rules.move_risk_min,
            )
            for one in found
        },
        general=api.GeneralParameters(
            mm_factor=plain.maintenance_factor,
            buckets_count=plain.price_steps,
            vol_scenarios_count=3,
            timestamp=now_ms,
        ),
    )
