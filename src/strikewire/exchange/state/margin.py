"""Standard margin: how much of an account's money its positions and open orders tie up.

Integers alone, so that the same journal gives the same verdicts everywhere. Every requirement is
rounded up. `Valuation` holds what one mark means for one instrument; it is worked out when it is
first asked for, so that setting hundreds of marks costs nothing for those nobody holds.

Source: Deribit, standard margin (short options, linear and inverse futures), as of 2022.
"""

import msgspec

from strikewire.exchange.commands import Mark
from strikewire.exchange.state.clearing import Contract
from strikewire.model import (
    PRICE_SCALE,
    PRICE_TICKS_MAX,
    OptionType,
    Side,
    Ticks,
    divide_down,
    divide_up,
    round_to_tick,
)

PPM = 1_000_000
MILLE = 1_000
"""The parts in which the options' rates are written."""

SHORT_INITIAL_HIGHEST = 150
SHORT_INITIAL_LOWEST = 100
"""Short options: 15 % of the underlying less what they are out of the money, at least 10 %..."""

SHORT_MAINTENANCE = 75
"""... and to keep them 7.5 %; each time plus the mark price."""


class FutureRates(msgspec.Struct, frozen=True):
    """How the margin of a future grows with its size, in parts per million."""

    initial_ppm: int
    maintenance_ppm: int
    per_coin_ppm: int
    """Added to both rates for every coin of the position."""


FUTURE_RATES = {
    "BTC": FutureRates(20_000, 10_000, 50),
    "ETH": FutureRates(20_000, 10_000, 4),
}
"""By base currency: BTC 2 % and 1 %, plus 0.005 % a coin; ETH the same, plus 0.0004 % a coin."""

FUTURE_RATES_OTHER = FutureRates(40_000, 20_000, 5)
"""Of every other coin: 4 % and 2 %, plus 0.0005 % a coin."""

MARGIN_MAX = 2**60
"""Settlement units that a requirement is at most. All deposits together are less (`DEPOSITS_MAX`),
so nobody can meet it, and what is more than that would only not fit into 64 bits."""

BAND_FACTOR = 4
"""Nobody may buy above four times the mark, nor sell below a quarter of it."""


class PriceBand(msgspec.Struct, frozen=True):
    """The prices an order may have: far enough out that only a slip of the finger is caught."""

    lowest: Ticks
    """Sellers may not ask less."""

    highest: Ticks
    """Buyers may not bid more."""


class Valuation:
    """What one mark means for one instrument: prices as integers, margin rates, price band."""

    __slots__ = ("_band", "_divisor", "_initial", "_maintenance", "contract", "mark", "rates")

    def __init__(self, contract: Contract, mark: Mark) -> None:
        self.contract = contract
        self.mark = mark
        self._band: PriceBand | None = None
        self.rates = FUTURE_RATES.get(contract.instrument.base_currency, FUTURE_RATES_OTHER)
        self._initial, self._maintenance, self._divisor = 0, 0, 1
        if contract.is_option:
            self._initial, self._maintenance, self._divisor = _short_option_rates(contract, mark)

    @property
    def sold_lot_maintenance(self) -> tuple[int, int]:
        """Maintenance margin of one lot of an option that was sold: numerator and denominator."""
        return self._maintenance, self._divisor

    @property
    def band(self) -> PriceBand:
        """The prices that orders may have."""
        if self._band is None:
            self._band = _price_band(self.contract, self.mark)
        return self._band

    def margin(self, lots: int) -> tuple[int, int]:
        """Return the initial and maintenance margin of a position.

        Args:
            lots: Of a future, long or short, or of a short option; not negative. A long option
                is paid for and needs no margin.

        Returns:
            Settlement units, rounded up; at most `MARGIN_MAX`.
        """
        assert lots >= 0
        if self.contract.is_option:
            initial = divide_up(lots * self._initial, self._divisor)
            maintenance = divide_up(lots * self._maintenance, self._divisor)
        else:
            initial, maintenance = self._future_margin(lots)
        return min(initial, MARGIN_MAX), min(maintenance, MARGIN_MAX)

    def _future_margin(self, lots: int) -> tuple[int, int]:
        contract = self.contract
        amount = lots * contract.lot_e8
        if contract.is_inverse_future:
            value = divide_up(amount * contract.scale, self.mark.price)
            coins_e8 = divide_up(amount * PRICE_SCALE, self.mark.price)
        else:
            value = divide_up(amount * self.mark.price * contract.scale, PRICE_SCALE**2)
            coins_e8 = amount
        by_size = self.rates.per_coin_ppm * coins_e8
        divisor = PPM * PRICE_SCALE
        return (
            divide_up(value * (self.rates.initial_ppm * PRICE_SCALE + by_size), divisor),
            divide_up(value * (self.rates.maintenance_ppm * PRICE_SCALE + by_size), divisor),
        )


def _short_option_rates(contract: Contract, mark: Mark) -> tuple[int, int, int]:
    """Return the initial and maintenance margin of one short lot, and what both are divided by.

    Per coin, with U the underlying and out of the money counted as a positive distance:

        short call  IM = max(15 % - OTM / U, 10 %) + mark     MM = 7.5 % + mark
        short put   IM = max(as above, MM)                    MM = max(7.5 %, 7.5 % mark) + mark

    An inverse option's mark is in coin, a linear one's in its currency, and so is its rest: there
    every rate is one of U.
    """
    underlying = int(mark.underlying)
    is_call = contract.instrument.option_type is OptionType.CALL
    otm = max(contract.strike - underlying if is_call else underlying - contract.strike, 0)
    # All below in thousandths of 1e-8: of the counter currency, then of the mark's.
    initial = max(
        SHORT_INITIAL_HIGHEST * underlying - MILLE * otm, SHORT_INITIAL_LOWEST * underlying
    )
    maintenance = SHORT_MAINTENANCE * underlying
    price = int(mark.price)
    per_coin = PRICE_SCALE
    if contract.instrument.is_inverse:
        # Times PRICE_SCALE and over U: from dollars to coins, U staying in the divisor.
        initial, maintenance = initial * PRICE_SCALE, maintenance * PRICE_SCALE
        price, per_coin = price * underlying, PRICE_SCALE * underlying
    if not is_call:
        maintenance = max(maintenance, SHORT_MAINTENANCE * price)
    maintenance += MILLE * price
    initial += MILLE * price
    if not is_call:
        initial = max(initial, maintenance)
    lot = contract.lot_e8 * contract.scale
    return lot * initial, lot * maintenance, MILLE * PRICE_SCALE * per_coin


def _price_band(contract: Contract, mark: Mark) -> PriceBand:
    instrument = contract.instrument
    highest = BAND_FACTOR * mark.price
    lowest = divide_up(mark.price, BAND_FACTOR)
    if instrument.is_option:
        half = PRICE_SCALE if instrument.is_inverse else mark.underlying
        highest = max(highest, mark.price + divide_down(half, 2))
        lowest = 0
    highest_ticks = min(divide_down(highest, contract.tick_e8), PRICE_TICKS_MAX)
    lowest_ticks = max(divide_up(lowest, contract.tick_e8), 1)
    return PriceBand(
        lowest=round_to_tick(instrument, Ticks(lowest_ticks), Side.SELL),
        highest=round_to_tick(instrument, Ticks(highest_ticks), Side.BUY),
    )
