# cython: annotation_typing=False, overflowcheck=True
"""What a trade moves: values, fees, profits and deliveries, all in whole settlement units.

The cash a position has cost is its *entry value*: what its fills moved, with a sign, so that

    profit = entry value + exit value

holds for every contract. Buying a linear future for 100 enters at -100 and exits at +price.
An inverse future turns the signs around: its value in coin is dollars / price, so buying enters
at +dollars / price, and a higher price gives a smaller negative exit.

Both sides of a fill move the same rounded integer, one up and one down. That is why no unit of
money ever appears or is lost, whatever the prices.
"""

from math import gcd

from strikewire.exchange.commands import FeeKind, FeeRates
from strikewire.model import (
    CURRENCIES,
    PRICE_SCALE,
    Instrument,
    Kind,
    OptionType,
    PriceE8,
    SettlementPeriod,
    Side,
    Ticks,
    Units,
    divide_down,
    divide_half_even,
    divide_up,
    ticks_to_e8,
)

PPM = 1_000_000
"""Fees are parts per million."""

OPTION_FEE_CAP_PPM = 125_000
"""An option's fee is never above 12.5 % of its premium.

Source: Deribit, fees.
"""

DELIVERY_FEE_FUTURES_PPM = 250
DELIVERY_FEE_OPTIONS_PPM = 150
"""Deliveries cost half of what takers of the day pay: of the value, and of the underlying."""


class Contract:
    """An instrument's sizes as integers, ready for arithmetic.

    `lot_cash` is the cash of one lot at a price of 1e-8 (linear) or at a price of 1 (inverse),
    as a numerator; each formula below names what it is divided by.
    """

    __slots__ = (
        "currency",
        "fee_kind",
        "fee_rates",
        "instrument",
        "is_inverse_future",
        "is_option",
        "is_spot",
        "lot_e8",
        "scale",
        "strike",
        "tick_e8",
        "tick_value",
        "tick_value_divisor",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.currency = instrument.settlement_currency
        self.fee_kind = _fee_kind(instrument)
        self.fee_rates = FeeRates(instrument.maker_fee_ppm, instrument.taker_fee_ppm)
        self.is_option = instrument.is_option
        self.is_spot = instrument.is_spot
        self.is_inverse_future = instrument.is_future and instrument.is_inverse
        self.scale: int = 10 ** CURRENCIES[self.currency].decimals
        self.tick_e8: int = ticks_to_e8(instrument, Ticks(1))
        self.lot_e8 = _scaled_e8(instrument.lot_numerator, instrument.lot_denominator)
        strike = instrument.strike
        self.strike = 0 if strike is None else _scaled_e8(*strike.as_integer_ratio())
        # The value of one lot at one tick, in lowest terms.
        value = self.lot_e8 * self.tick_e8 * self.scale
        common = gcd(value, PRICE_SCALE * PRICE_SCALE)
        self.tick_value = value // common
        self.tick_value_divisor = PRICE_SCALE * PRICE_SCALE // common

    def value(self, lots: int, price: Ticks) -> Units:
        """Return the cash that a trade moves, or its notional: rounded half to even.

        Args:
            lots: Not negative.
            price: Positive.

        Returns:
            For an option its premium; for a future its notional, in its settlement currency
            (coin for inverse ones); on spot the quote currency paid.
        """
        if self.is_inverse_future:
            return Units(divide_half_even(lots * self.lot_e8 * self.scale, price * self.tick_e8))
        return Units(divide_half_even(lots * price * self.tick_value, self.tick_value_divisor))

    def value_up(self, lots: int, price: Ticks) -> Units:
        """Return the value as `value` does, rounded up: what has to be set aside for it."""
        if self.is_inverse_future:
            return Units(divide_up(lots * self.lot_e8 * self.scale, price * self.tick_e8))
        return Units(divide_up(lots * price * self.tick_value, self.tick_value_divisor))

    def entry(self, side: Side, value: int) -> int:
        """Return a fill's value with the sign of an entry value."""
        return int(side * value) if self.is_inverse_future else int(-side * value)

    def exit_value(self, size: int, price: PriceE8) -> Units:
        """Return what closing a position at a price nobody trades at would move.

        Args:
            size: Lots; positive long, negative short.
            price: Positive, or 0 for an option.

        Returns:
            Rounded half to even, so that a position is worth nothing at the price it was
            entered at.
        """
        return Units(divide_half_even(*self._exit(size, price)))

    def price_of(self, size: int, worth: int) -> PriceE8 | None:
        """Return the price at which a position is worth so much: `exit_value` the other way round.

        Args:
            size: Lots, not 0; positive long, negative short.
            worth: As `exit_value` returns it.

        Returns:
            Rounded so that the position is worth no less; it may lie below zero. None if no price
            is so bad: a short inverse future is always worth more than nothing.
        """
        amount = size * self.lot_e8 * self.scale
        if not self.is_inverse_future:
            divide = divide_up if size > 0 else divide_down
            worth_e8 = worth * PRICE_SCALE * PRICE_SCALE
            return PriceE8(divide(worth_e8 if size > 0 else -worth_e8, abs(amount)))
        if worth * amount >= 0:
            return None
        divide = divide_up if size > 0 else divide_down
        return PriceE8(divide(abs(amount), abs(worth)))

    def delivery(self, size: int, delivery_price: PriceE8) -> Units:
        """Return what a position is paid when its instrument expires.

        Args:
            size: Lots; positive long, negative short.
            delivery_price: Of the underlying, positive, in 1e-8 of the counter currency.

        Returns:
            Rounded down, for the paid and for the paying side: the fractions stay with the
            venue, so that what is paid out is never more than what is paid in. The profit of a
            future is this plus its entry value; an option's premium was paid when it traded.

        Source: Deribit, contract specifications: an inverse call pays max(S - K, 0) / S coins.
        """
        if not self.is_option:
            return Units(divide_down(*self._exit(size, delivery_price)))
        payoff = self._payoff(delivery_price)
        if self.instrument.is_inverse:
            numerator, denominator = payoff, delivery_price * PRICE_SCALE
        else:
            numerator, denominator = payoff, PRICE_SCALE * PRICE_SCALE
        return Units(divide_down(size * self.lot_e8 * self.scale * numerator, denominator))

    def fee(self, lots: int, value: int, rate_ppm: int, underlying: PriceE8) -> Units:
        """Return the fee for one side of a fill, rounded up: a fraction of a unit is charged whole.

        Args:
            lots: Positive.
            value: Of the fill, as `value` returns it.
            rate_ppm: The maker's or taker's rate; a negative one is a rebate that the venue pays,
                and rounding up takes a fraction of a unit off it.
            underlying: In 1e-8 of the counter currency; only linear options look at it.
        """
        if not self.is_option:
            return Units(divide_up(value * rate_ppm, PPM))
        # lots * lot_e8 is the amount of coin in 1e-8, which an inverse option pays a part of.
        amount = lots * self.lot_e8 * self.scale
        if self.instrument.is_inverse:
            of_underlying = divide_up(amount * rate_ppm, PRICE_SCALE * PPM)
        else:
            of_underlying = divide_up(amount * underlying * rate_ppm, PRICE_SCALE**2 * PPM)
        cap = divide_up(value * OPTION_FEE_CAP_PPM, PPM)
        return Units(max(min(of_underlying, cap), -cap))

    def delivery_fee(self, size: int, delivery_price: PriceE8) -> Units:
        """Return the fee for the delivery of a position, rounded up; none on daily expiries.

        Args:
            size: Lots; positive long, negative short.
            delivery_price: Of the underlying, positive, in 1e-8 of the counter currency.

        Source: Deribit, fees: deliveries of options 0.015 % of the underlying, at most 12.5 % of
            what the option is worth; of futures 0.025 %; daily expiries free.
        """
        if self.instrument.settlement_period is SettlementPeriod.DAY or not size:
            return Units(0)
        if self.is_option:
            worth = abs(self.delivery(size, delivery_price))
            return self.fee(abs(size), worth, DELIVERY_FEE_OPTIONS_PPM, delivery_price)
        worth = abs(self.exit_value(size, delivery_price))
        return self.fee(abs(size), worth, DELIVERY_FEE_FUTURES_PPM, delivery_price)

    def base_units(self, lots: int) -> Units:
        """Return the coin that changes hands in a spot trade, in its settlement units."""
        scale = 10 ** CURRENCIES[self.instrument.base_currency].decimals
        return Units(divide_half_even(lots * self.lot_e8 * scale, PRICE_SCALE))

    def spot_cost(self, side: Side, lots: int, price: Ticks, rates: FeeRates) -> tuple[str, int]:
        """Return what a spot order gives away at most when it trades at its price.

        Args:
            side: Of the order.
            lots: Positive.
            price: Of the order.
            rates: That its owner pays.

        Returns:
            Currency and settlement units: of the quote currency for a buyer, with the higher of
            both fees; of the coin for a seller, whose fee comes out of what is received.
        """
        if side is Side.SELL:
            return self.instrument.base_currency, self.base_units(lots)
        value = self.value_up(lots, price)
        rate_ppm = max(rates.maker_ppm, rates.taker_ppm, 0)
        return self.currency, value + divide_up(value * rate_ppm, PPM)

    def _exit(self, size: int, price: PriceE8) -> tuple[int, int]:
        """Return the exit value as a fraction."""
        amount = size * self.lot_e8 * self.scale
        if self.is_inverse_future:
            return -amount, price
        return amount * price, PRICE_SCALE * PRICE_SCALE

    def _payoff(self, delivery_price: PriceE8) -> int:
        """Return what one coin of the option pays, in 1e-8 of the counter currency."""
        if self.instrument.option_type is OptionType.CALL:
            return max(delivery_price - self.strike, 0)
        return max(self.strike - delivery_price, 0)


class Position:
    """What an account holds of one instrument, and what it has cost.

    Attributes:
        size: Lots; positive long, negative short.
        entry_value: What entering what is open has moved, in settlement units, with its sign.
        average_price: Of what is open, a `PriceE8`; only for showing, money never depends on it.
        realized: Profit of what was closed in this session, and its funding, in settlement units.
        funding: Of this session, as far as it was realised; negative where it was paid.
    """

    __slots__ = ("average_price", "entry_value", "funding", "realized", "size")

    def __init__(
        self,
        size: int = 0,
        entry_value: int = 0,
        average_price: int = 0,
        realized: int = 0,
        funding: int = 0,
    ) -> None:
        self.size = size
        self.entry_value = entry_value
        self.average_price = average_price
        self.realized = realized
        self.funding = funding

    @property
    def is_blank(self) -> bool:
        """Whether nothing is held, and nothing was made of it in this session."""
        return not (self.size or self.entry_value or self.realized or self.funding)

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """All of it, in the order in which it is made of them."""
        return self.size, self.entry_value, self.average_price, self.realized, self.funding

    def trade(self, contract: Contract, side: Side, lots: int, price: Ticks, value: int) -> int:
        """Enter a fill and return the profit that it realised.

        Args:
            contract: Of the instrument.
            side: Of this owner.
            lots: Positive.
            price: Of the fill.
            value: Of the fill, the same integer that its other side gets.

        Returns:
            Settlement units. What is closed takes its share of the entry value, rounded half to
            even; the rest of the entry value stays with what is open, so nothing is lost.
        """
        assert lots > 0
        moved = contract.entry(side, value)
        closed = min(lots, abs(self.size)) if self.size * side < 0 else 0
        profit = 0
        if closed:
            entered = divide_half_even(self.entry_value * closed, abs(self.size))
            exited = divide_half_even(moved * closed, lots)
            profit = entered + exited
            self.entry_value -= entered
            moved -= exited
            self.size += side * closed
            self.realized += profit
        opened = lots - closed
        if opened:
            self._average_in(contract, opened, contract.tick_e8 * price)
            self.size += side * opened
            self.entry_value += moved
        if self.size == 0:
            assert self.entry_value == 0
            self.average_price = 0
        return profit

    def settle(self, contract: Contract, price: PriceE8) -> int:
        """Begin a new session at a price, and return what the old one brought.

        Args:
            contract: Of the instrument.
            price: At which what is open is valued, a `PriceE8`.

        Returns:
            Settlement units: profit realised and funding, and the profit of what is open, which
            enters the new session at the price. The average price stays.
        """
        worth = contract.exit_value(self.size, price)
        profit = self.realized + self.entry_value + worth
        self.entry_value = -worth
        self.realized = self.funding = 0
        return profit

    def deliver(self, contract: Contract, delivery_price: PriceE8) -> tuple[int, int]:
        """Close the whole position at the delivery price.

        Returns:
            What is delivered, as `Contract.delivery` rounds it, and the profit that it makes
            with the entry value; settlement units. `realized` is then all of the session.
        """
        delivered = contract.delivery(self.size, delivery_price)
        profit = self.entry_value + delivered
        self.realized += profit
        self.size = self.entry_value = self.average_price = 0
        return delivered, profit

    def _average_in(self, contract: Contract, opened: int, price: int) -> None:
        """Move the average towards the price of `opened` more lots."""
        held = abs(self.size)
        if held == 0:
            self.average_price = price
        elif contract.is_inverse_future:
            # Dollars over coins: the harmonic mean of the prices.
            self.average_price = divide_half_even(
                (held + opened) * self.average_price * price,
                held * price + opened * self.average_price,
            )
        else:
            self.average_price = divide_half_even(
                held * self.average_price + opened * price, held + opened
            )


def _fee_kind(instrument: Instrument) -> FeeKind:
    if instrument.is_spot:
        return FeeKind.SPOT
    if instrument.is_option or instrument.kind is Kind.OPTION_COMBO:
        return FeeKind.OPTION
    return FeeKind.PERPETUAL if instrument.is_perpetual else FeeKind.FUTURE


def _scaled_e8(numerator: int, denominator: int) -> int:
    scaled, remainder = divmod(numerator * PRICE_SCALE, denominator)
    assert remainder == 0
    return scaled
