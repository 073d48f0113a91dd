"""Index, mark, implied volatility, surface and greeks as pure functions of numbers.

Flow: external feed in (`feeds` bring quotes, this room makes prices of them, `sequencer` takes
those as a `SetMarks` command); `marketdata` adds the greeks of a ticker on the way out. Floats live
here and stop at this door: what enters the exchange is integers.
"""

from strikewire.pricing.arbitrage import Arbitrage, arbitrages, find_arbitrage, repaired
from strikewire.pricing.black76 import Greeks, greeks, price, years_to_expiry
from strikewire.pricing.chain import GREEKS_PER_OPTION, ChainGreeks, chain
from strikewire.pricing.delivery import (
    DeliveryAverage,
    ExpirationEstimate,
    delivery_average,
    share_left,
)
from strikewire.pricing.deltas import DeltaPoints, at_deltas
from strikewire.pricing.fit import fit_smile, refit_smile
from strikewire.pricing.fitted import (
    FittedExpiry,
    FittedSurface,
    fit_surface,
    mark_volatilities,
)
from strikewire.pricing.forwards import (
    BookLevel,
    ForwardQuote,
    basis,
    impact_mid,
    parity_forwards,
    tightest_forward,
)
from strikewire.pricing.funding import (
    funding_rate_e12,
)
from strikewire.pricing.implied import (
    ImpliedCode,
    ImpliedVolatilities,
    implied_volatilities,
    implied_volatility,
)
from strikewire.pricing.index import Exclusion, Index, VenueQuote, index_price
from strikewire.pricing.inverse import (
    coin_payoff,
    coin_price,
    delta_total,
    net_delta,
    quote_value,
)
from strikewire.pricing.margin_rules import MarginRules, Scenario
from strikewire.pricing.marks import (
    OptionMark,
    Premium,
    dated_mark,
    mark_at_volatility,
    next_premium,
    option_mark,
    option_price_e8,
    perpetual_mark,
)
from strikewire.pricing.quotes import ExpiryQuotes, expiry_quotes
from strikewire.pricing.realized import (
    HISTORICAL_DAYS,
    historical_volatilities,
    historical_volatility,
    trailing_volatilities,
)
from strikewire.pricing.scenarios import (
    PortfolioAccount,
    PortfolioMargin,
    RiskInstrument,
    RiskMatrix,
)
from strikewire.pricing.smile import Smile
from strikewire.pricing.surface import ArbitrageError, Surface
from strikewire.pricing.volatility_index import (
    ExpiryVariance,
    quoted_variance,
    smile_variance,
    strip_variance,
    volatility_index,
)

__all__ = [
    "GREEKS_PER_OPTION",
    "HISTORICAL_DAYS",
    "Arbitrage",
    "ArbitrageError",
    "BookLevel",
    "ChainGreeks",
    "DeliveryAverage",
    "DeltaPoints",
    "Exclusion",
    "ExpirationEstimate",
    "ExpiryQuotes",
    "ExpiryVariance",
    "FittedExpiry",
    "FittedSurface",
    "ForwardQuote",
    "Greeks",
    "ImpliedCode",
    "ImpliedVolatilities",
    "Index",
    "MarginRules",
    "OptionMark",
    "PortfolioAccount",
    "PortfolioMargin",
    "Premium",
    "RiskInstrument",
    "RiskMatrix",
    "Scenario",
    "Smile",
    "Surface",
    "VenueQuote",
    "arbitrages",
    "at_deltas",
    "basis",
    "chain",
    "coin_payoff",
    "coin_price",
    "dated_mark",
    "delivery_average",
    "delta_total",
    "expiry_quotes",
    "find_arbitrage",
    "fit_smile",
    "fit_surface",
    "funding_rate_e12",
    "greeks",
    "historical_volatilities",
    "historical_volatility",
    "impact_mid",
    "implied_volatilities",
    "implied_volatility",
    "index_price",
    "mark_at_volatility",
    "mark_volatilities",
    "net_delta",
    "next_premium",
    "option_mark",
    "option_price_e8",
    "parity_forwards",
    "perpetual_mark",
    "price",
    "quote_value",
    "quoted_variance",
    "refit_smile",
    "repaired",
    "share_left",
    "smile_variance",
    "strip_variance",
    "tightest_forward",
    "trailing_volatilities",
    "volatility_index",
    "years_to_expiry",
]
