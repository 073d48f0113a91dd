"""Index, mark, implied volatility, surface and greeks as pure functions of numbers.

Flow: external feed in (`feeds` bring quotes, this room makes prices of them, `sequencer` takes
those as a `SetMarks` command); `marketdata` adds the greeks of a ticker on the way out. Floats live
here and stop at this door: what enters the exchange is integers.
"""

from strikewire.pricing.black76 import Greeks, greeks, price, years_to_expiry
from strikewire.pricing.chain import GREEKS_PER_OPTION, ChainGreeks, chain
from strikewire.pricing.delivery import DeliveryAverage
from strikewire.pricing.implied import (
    ImpliedCode,
    ImpliedVolatilities,
    implied_volatilities,
    implied_volatility,
)
from strikewire.pricing.index import Exclusion, Index, VenueQuote, index_price
from strikewire.pricing.inverse import coin_payoff, coin_price, net_delta, quote_value
from strikewire.pricing.marks import (
    OptionMark,
    Premium,
    dated_mark,
    next_premium,
    option_mark,
    option_price_e8,
    perpetual_mark,
)
from strikewire.pricing.smile import Smile
from strikewire.pricing.surface import ArbitrageError, Surface

__all__ = [
    "GREEKS_PER_OPTION",
    "ArbitrageError",
    "ChainGreeks",
    "DeliveryAverage",
    "Exclusion",
    "Greeks",
    "ImpliedCode",
    "ImpliedVolatilities",
    "Index",
    "OptionMark",
    "Premium",
    "Smile",
    "Surface",
    "VenueQuote",
    "chain",
    "coin_payoff",
    "coin_price",
    "dated_mark",
    "greeks",
    "implied_volatilities",
    "implied_volatility",
    "index_price",
    "net_delta",
    "next_premium",
    "option_mark",
    "option_price_e8",
    "perpetual_mark",
    "price",
    "quote_value",
    "years_to_expiry",
]
