"""Price a chain of options from arrays."""

import numpy as np

from strikewire.pricing import chain

strikes = np.arange(45_000.0, 85_000.0, 5_000.0)
puts_and_calls = strikes >= 61_800.0
table = chain(forwards=61_800.0, strikes=strikes, years=0.1, sigmas=0.6, calls=puts_and_calls)
for strike, price, delta, vega in zip(strikes, table.price, table.delta, table.vega, strict=True):
    print(f"{strike:8,.0f} {price:10,.2f} {delta:8.4f} {vega:8.2f}")
