"""Messages about what portfolio margin is made of: scenarios, charges, parameters."""

from typing import Literal

from msgspec import Struct

from strikewire.api.fields import CurrencyName, Milliseconds


class SimulateScenarios(Struct, frozen=True, kw_only=True):
    """Read every scenario and charge of the portfolio margin that positions would need.

    `simulated_positions` holds sizes in coins by instrument, also of inverse futures, negative
    for short ones; over REST it is the JSON text of that. They come to those held, unless
    `add_positions=false`.
    """

    currency: CurrencyName
    add_positions: bool | None = None
    simulated_positions: dict[str, float] | str | None = None


class RiskVectors(Struct, frozen=True, kw_only=True):
    """Gains in the 27 standard scenarios and in the 8 extended ones, in settlement currency.

    The standard ones go from the lowest price to the highest, each with volatility down, same and
    up; of the extended ones only the part that counts is shown.
    """

    standard: list[float]
    extended: list[float]


class WorstCaseBucket(Struct, frozen=True, kw_only=True):
    """Which scenario is the worst: its price, counted from 1, and its place in its vector."""

    bucket: int
    side: Literal["left", "middle", "right"]
    source: Literal["standard", "extended"]
    index: int


class RiskMatrixMarginDetails(Struct, frozen=True, kw_only=True):
    """What the margin of the risk matrix is the sum of."""

    worst_case: float
    worst_case_bucket: WorstCaseBucket
    roll_shock: float
    delta_shock: float
    correlation_contingency: float = 0.0


class InitialMarginDetails(Struct, frozen=True, kw_only=True):
    """What an initial margin is the sum of."""

    risk_matrix_margin: float
    risk_matrix_margin_details: RiskMatrixMarginDetails
    spot_margin: float = 0.0
    mmp_margin: float = 0.0
    open_orders_margin: float = 0.0


class CurrencyMargin(Struct, frozen=True, kw_only=True):
    """What positions need that settle in one currency on one index."""

    initial_margin: float
    maintenance_margin: float
    initial_margin_details: InitialMarginDetails


class PairParameters(Struct, frozen=True, kw_only=True):
    """How far a coin moves in the scenarios, and what a large delta costs."""

    price_range: float
    volatility_range_up: float
    volatility_range_down: float
    short_term_vega_power: float
    long_term_vega_power: float
    min_volatility_for_shock_up: float
    extended_table_factor: float
    max_delta_shock: float
    m_inc: float
    delta_total_liq_shock_threshold: float


class CurrencyParameters(Struct, frozen=True, kw_only=True):
    """What is forgiven in a settlement currency, and what the delta of an expiry costs."""

    extended_dampener: float
    annualised_move_risk: float
    min_annualised_move: float


class GeneralParameters(Struct, frozen=True, kw_only=True):
    """What is the same everywhere."""

    mm_factor: float
    buckets_count: int
    vol_scenarios_count: int
    timestamp: Milliseconds


class ModelParameters(Struct, frozen=True, kw_only=True):
    """The parameters, by index and by settlement currency."""

    currency_pair: dict[str, PairParameters]
    currency: dict[str, CurrencyParameters]
    general: GeneralParameters


class SimulatedPortfolio(Struct, frozen=True, kw_only=True):
    """The positions, in coins."""

    position: dict[str, float]
    currency: dict[str, float] = {}


class SimulatedTicker(Struct, frozen=True, kw_only=True):
    """What a position was marked at."""

    mark_price: float
    index_price: float


class ScenarioReport(Struct, frozen=True, kw_only=True):
    """Portfolio margin, scenario by scenario and charge by charge.

    `initial_risk_vectors` are what each position gains; `pre_aggregated_risk_vectors` their sums by
    coin and settlement currency, and `aggregated_risk_vectors` what counts of those: losses alone,
    less the dampener.
    """

    model_params: ModelParameters
    initial_risk_vectors: dict[str, RiskVectors]
    pre_aggregated_risk_vectors: dict[str, RiskVectors]
    aggregated_risk_vectors: dict[str, RiskVectors]
    margins: dict[str, CurrencyMargin]
    portfolio: SimulatedPortfolio
    index_price: dict[str, float]
    ticker: dict[str, SimulatedTicker]
