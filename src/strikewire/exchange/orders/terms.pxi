"""What trading in one market comes to at its present mark, in machine words.

A part of `lane.pyx`, which includes it. Every figure is bounded here, where it is made, so that no
product that the lane makes of it passes 126 bits and no quotient 62; a market whose figures are
larger has terms that do not fit, and all that happens there goes the common way.
"""

cdef extern from "wide.h":
    ctypedef long long wide
    ctypedef struct ratio:
        wide numerator
        int64_t denominator
    ctypedef struct figures:
        bint is_option, is_inverse_future
        int64_t lowest, highest, lot_scale, tick_e8
        ratio tick_value, worth, initial, maintenance, fee_base, coins_e8
        int64_t initial_ppm, maintenance_ppm, per_coin_ppm
    wide wide_of(int64_t high, uint64_t low) noexcept


_WIDEST = 1 << 126
_WORD = 1 << 63


class TooWide(Exception):
    """A market's figures do not fit."""


cdef struct Step:
    int64_t above, tick  # the tick of prices from one on, both in ticks


@cython.final
cdef class Terms:
    """What trading in one market comes to at its present mark, in machine words."""

    # What each order looks at comes first.
    cdef object valuation
    cdef object currency
    cdef int64_t plain_at  # the look at which the market needed no second one
    cdef int64_t serial  # no other terms have it
    cdef int64_t safe  # the highest price in ticks at which values fit
    cdef int64_t expiry_ns
    cdef bint fits, has_funding, is_free
    cdef bint is_watched  # whether orders wait for a price of its trades, as of `plain_at`
    cdef int steps
    cdef Step[STEPS] coarser
    cdef figures f
    cdef int64_t index, index_at  # the price of the index, and the look at which it was that
    cdef int64_t maker_ppm, taker_ppm, mark, funding_ms
    cdef object funding_paid
    cdef int32_t iv_e4
    cdef uint32_t currency_code
    cdef object index_name
    cdef Treasury treasury

    def __init__(self, State state, Market market):
        self.valuation = market._valuation
        self.serial = next_number()
        self.treasury = state.treasury(market.contract.currency)
        try:
            self._fill(market)
            self.fits = True
        except TooWide:
            self.fits = False

    def _fill(self, Market market):
        contract, valuation, mark = market.contract, market._valuation, market.mark
        instrument = contract.instrument
        self.currency = intern(contract.currency)
        self.currency_code = currency_code(contract.currency)
        self.index_name = instrument.price_index
        funding = market.funding
        self.has_funding = funding is not None
        if funding is not None:
            self.funding_ms, self.funding_paid = funding.time_ms, funding.paid
            self.is_free = funding.rate == 0
        self.expiry_ns = 0 if instrument.expiry_ns is None else instrument.expiry_ns
        if len(instrument.tick_steps) > STEPS:
            raise TooWide
        self.steps = len(instrument.tick_steps)
        for place, step in enumerate(instrument.tick_steps):
            self.coarser[place].above, self.coarser[place].tick = word(step.above_price), word(step.tick)
        rates = contract.fee_rates
        self.maker_ppm, self.taker_ppm = word(rates.maker_ppm), word(rates.taker_ppm)
        self.mark, self.iv_e4 = word(mark.price), mark.iv_e4
        band = valuation.band
        self.f.lowest, self.f.highest = word(band.lowest), word(band.highest)
        self.f.is_option = contract.is_option
        self.f.is_inverse_future = contract.is_inverse_future
        lot_scale = contract.lot_e8 * contract.scale
        self.f.lot_scale = word(lot_scale)
        self.f.tick_e8 = word(contract.tick_e8)
        word(contract.tick_e8 * PRICE_TICKS_MAX)
        self.safe = PRICE_TICKS_MAX
        if not contract.is_inverse_future:
            most = (_WORD // 4) * contract.tick_value_divisor // contract.tick_value
            self.safe = min(most // AMOUNT_LOTS_MAX, PRICE_TICKS_MAX)
            most = self.safe * AMOUNT_LOTS_MAX
            set_ratio(&self.f.tick_value, contract.tick_value, contract.tick_value_divisor, most)
        lots = 3 * admission.POSITION_LOTS_MAX
        if contract.is_inverse_future:
            worth, divisor = lot_scale, mark.price
        else:
            worth, divisor = lot_scale * mark.price, PRICE_SCALE * PRICE_SCALE
        set_ratio(&self.f.worth, worth, divisor, lots)
        word(worth * lots // divisor)
        if contract.is_option:
            set_ratio(&self.f.initial, valuation._initial, valuation._divisor, lots)
            set_ratio(&self.f.maintenance, valuation._maintenance, valuation._divisor, lots)
            uncapped(max(valuation._initial, valuation._maintenance) * lots // valuation._divisor)
            base, divisor = lot_scale, PRICE_SCALE * 1_000_000
            if not instrument.is_inverse:
                base, divisor = lot_scale * mark.underlying, PRICE_SCALE**2 * 1_000_000
            set_ratio(&self.f.fee_base, base, divisor, AMOUNT_LOTS_MAX * 1_000_000)
            return
        coins, divisor = contract.lot_e8, 1
        if contract.is_inverse_future:
            coins, divisor = contract.lot_e8 * PRICE_SCALE, mark.price
        set_ratio(&self.f.coins_e8, coins, divisor, lots)
        future = valuation.rates
        self.f.initial_ppm = word(future.initial_ppm)
        self.f.maintenance_ppm = word(future.maintenance_ppm)
        self.f.per_coin_ppm = word(future.per_coin_ppm)
        highest = future.initial_ppm * PRICE_SCALE + future.per_coin_ppm * (coins * lots // divisor + 1)
        value = worth * lots // (mark.price if contract.is_inverse_future else PRICE_SCALE**2) + 1
        fits(highest * value)
        uncapped(highest * value // (PRICE_SCALE * 1_000_000))


cdef object word(object number):
    """Return a number that fits into 62 bits and a sign."""
    if not -_WORD // 2 < number < _WORD // 2:
        raise TooWide
    return number


cdef object uncapped(object margin):
    """Return a margin that is below the highest one, so that nothing has to be cut."""
    if margin + 1 >= MARGIN_MAX:
        raise TooWide
    return margin


cdef object fits(object number):
    if not -_WIDEST < number < _WIDEST:
        raise TooWide
    return number


cdef int set_ratio(ratio* target, object numerator, object divisor, object lots) except -1:
    """Set a fraction in lowest terms, that will be multiplied with as many lots."""
    if divisor <= 0:
        raise TooWide
    common = gcd(numerator, divisor) or 1
    numerator, divisor = numerator // common, divisor // common
    fits(numerator * lots)
    target.numerator = wide_of(numerator >> 64, numerator & 0xFFFFFFFFFFFFFFFF)
    target.denominator = word(divisor)
    return 0
