"""Combos: several futures or several options that trade together, at one price.

    BTC-FS-25DEC26_PERP            future spread: buys the later, sells the earlier or the perpetual
    BTC-CS-25DEC26-60000_70000     call spread: buys the lower strike, sells the higher
    BTC-PS-25DEC26-60000_50000     put spread: buys the higher strike, sells the lower
    BTC-CSR12-25DEC26-60000_70000  call ratio spread: buys one, sells two; PSR12 with puts
    BTC-CCAL-25DEC26_27NOV26-60000 call calendar: buys the later, sells the earlier; PCAL with puts
    BTC-CDIAG-25DEC26_27NOV26-60000_70000  the same with two strikes; PDIAG with puts
    BTC-STRD-25DEC26-60000         straddle: buys call and put
    BTC-STRG-25DEC26-50000_70000   strangle: buys the put below and the call above
    BTC-RR-25DEC26-50000_70000     risk reversal: sells the put below, buys the call above
    BTC-REV-25DEC26-60000          reversal: sells the call, buys the put
    BTC-COMBO-7                    anything else; the number is the venue's

Every combo has one form, whichever way round its legs are told: those who want the opposite sell
it. The form decides the name, so the same legs are always the same combo.

Source: Deribit, "Combo books"; names in `public/get_combos`. `COMBO` is ours.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import gcd, lcm

import msgspec

from strikewire.model.ids import COMBO_ID_FIRST
from strikewire.model.instruments import NO_EXPIRY_MS, ComboLeg, Instrument
from strikewire.model.names import Kind, OptionType, format_expiry, format_strike
from strikewire.model.time import NS_PER_MS

COMBO_LEGS_MAX = 4
"""Legs of a combo, at least two and all different; more are rejected."""

COMBO_RATIO_MAX = 100
"""Lots of a leg for each lot of the combo; more are rejected."""


class ComboError(ValueError):
    """These legs make no combo.

    Attributes:
        reason: What is wrong, in a word.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Part(msgspec.Struct, frozen=True):
    """A leg that somebody asks for."""

    instrument: Instrument
    ratio: int
    """Positive buys, negative sells."""


def combo_legs(parts: Sequence[Part]) -> tuple[ComboLeg, ...]:
    """Return the one form of the combo that is made of some legs, or of their opposites.

    Args:
        parts: In any order; their ratios may have a common factor.

    Raises:
        ComboError: They are too few or too many, the same instrument twice, not all futures or
            all options, or do not settle alike.
    """
    _check(parts)
    return tuple(
        ComboLeg(part.instrument.instrument_id, part.instrument.name, part.ratio)
        for part in _canonical(parts)[1]
    )


def combo(parts: Sequence[Part], *, instrument_id: int, creation_ns: int) -> Instrument:
    """Make the combo of some legs.

    Args:
        parts: As `combo_legs` takes them.
        instrument_id: Of the combo, `COMBO_ID_FIRST` or above.
        creation_ns: Nanoseconds since the Unix epoch.

    Raises:
        ComboError: They make no combo.
    """
    legs = combo_legs(parts)
    middle, ordered = _canonical(parts)
    first = ordered[0].instrument
    family = first.name.partition("-")[0]
    ends = min((part.instrument for part in ordered), key=_expiry)
    return Instrument(
        instrument_id=instrument_id,
        name=f"{family}-{middle or f'COMBO-{instrument_id - COMBO_ID_FIRST + 1}'}",
        kind=Kind.OPTION_COMBO if first.is_option else Kind.FUTURE_COMBO,
        instrument_type=first.instrument_type,
        base_currency=first.base_currency,
        quote_currency=first.quote_currency,
        counter_currency=first.counter_currency,
        settlement_currency=first.settlement_currency,
        price_index=first.price_index,
        settlement_period=ends.settlement_period,
        strike=None,
        option_type=None,
        creation_ns=creation_ns,
        expiry_ns=ends.expiry_ns,
        tick_size=_tick_size(ordered),
        tick_steps=(),
        lot_size=first.lot_size,
        contract_size=first.contract_size,
        maker_fee_ppm=first.maker_fee_ppm,
        taker_fee_ppm=first.taker_fee_ppm,
        legs=legs,
    )


def leg_weights(one: Instrument, legs: Sequence[Instrument]) -> list[int]:
    """Return how many ticks of a combo's price each tick of its legs stands for, with its sign.

    Args:
        one: The combo.
        legs: In its order.
    """
    return [
        int(leg.ratio * instrument.tick_size / one.tick_size)
        for leg, instrument in zip(one.legs, legs, strict=True)
    ]


def _check(parts: Sequence[Part]) -> None:
    if not 2 <= len(parts) <= COMBO_LEGS_MAX:
        raise ComboError(f"{len(parts)}_legs")
    if len({part.instrument.instrument_id for part in parts}) < len(parts):
        raise ComboError("same_leg_twice")
    first = parts[0].instrument
    if not (first.is_future or first.is_option):
        raise ComboError("neither_futures_nor_options")
    others = [part.instrument for part in parts]
    if any(_series(one) != _series(first) for one in others):
        raise ComboError("legs_do_not_match")
    if not all(part.ratio for part in parts):
        raise ComboError("ratio_of_zero")
    ratios = [ratio for _, ratio in _reduced(parts)]
    if max(map(abs, ratios)) > COMBO_RATIO_MAX:
        raise ComboError("ratio_too_high")


def _series(one: Instrument) -> tuple[Kind, str, str, Decimal]:
    """Return what all legs of a combo have in common."""
    return one.kind, one.settlement_currency, one.price_index, one.lot_size


def _tick_size(parts: Sequence[Part]) -> Decimal:
    """Return the largest step of which whatever the legs can come to is a multiple."""
    steps = [(part.ratio * part.instrument.tick_size).as_integer_ratio() for part in parts]
    whole = lcm(*(denominator for _, denominator in steps))
    common = gcd(*(numerator * whole // denominator for numerator, denominator in steps))
    return Decimal(common) / whole


def _reduced(parts: Sequence[Part]) -> list[tuple[Instrument, int]]:
    common = gcd(*(part.ratio for part in parts))
    return [(part.instrument, part.ratio // common) for part in parts]


def _canonical(parts: Sequence[Part]) -> tuple[str, list[Part]]:
    """Return the middle of the name, empty for what has none, and the legs in order."""
    reduced = sorted(
        (Part(*leg) for leg in _reduced(parts)), key=lambda part: part.instrument.instrument_id
    )
    for pair in _both_ways(reduced) if len(reduced) == 2 else ():
        for read in (_future_spread, _same_expiry, _calendar):
            middle = read(*pair)
            if middle:
                return middle, list(pair)
    if reduced[0].ratio < 0:
        reduced = [_opposite(part) for part in reduced]
    return "", reduced


def _both_ways(parts: list[Part]) -> list[tuple[Part, Part]]:
    """Return two legs in both orders, as they are and turned round."""
    one, two = parts
    return [
        (one, two),
        (two, one),
        (_opposite(one), _opposite(two)),
        (_opposite(two), _opposite(one)),
    ]


def _future_spread(far: Part, near: Part) -> str:
    if not far.instrument.is_future or (far.ratio, near.ratio) != (1, -1):
        return ""
    if not near.instrument.is_perpetual and _expiry(far.instrument) <= _expiry(near.instrument):
        return ""
    return "" if far.instrument.is_perpetual else f"FS-{_dated(far)}_{_dated(near)}"


def _same_expiry(first: Part, second: Part) -> str:
    """Read two options of one expiry; of each pair exactly one order and direction has a name."""
    if not first.instrument.is_option or _expiry(first.instrument) != _expiry(second.instrument):
        return ""
    types = (first.instrument.option_type, second.instrument.option_type)
    ratios = (first.ratio, second.ratio)
    below = _strike(first) < _strike(second)
    call, put = OptionType.CALL, OptionType.PUT
    date, strikes = _dated(first), f"{_text(first)}_{_text(second)}"
    if types[0] is types[1]:
        # The bought leg is the nearer to the money of a bull's calls and of a bear's puts.
        if below is not (types[0] is call):
            return ""
        letter = "C" if types[0] is call else "P"
        if ratios == (1, -1):
            return f"{letter}S-{date}-{strikes}"
        if ratios in ((1, -2), (1, -3)):
            return f"{letter}SR1{-second.ratio}-{date}-{strikes}"
        return ""
    if _strike(first) == _strike(second):
        named = {(1, 1): "STRD", (-1, 1): "REV"}.get(ratios)
        return f"{named}-{date}-{_text(first)}" if named and types == (call, put) else ""
    if types == (put, call) and below:
        named = {(1, 1): "STRG", (-1, 1): "RR"}.get(ratios)
        return f"{named}-{date}-{strikes}" if named else ""
    return ""


def _calendar(far: Part, near: Part) -> str:
    one, two = far.instrument, near.instrument
    if not one.is_option or one.option_type is not two.option_type:
        return ""
    if (far.ratio, near.ratio) != (1, -1) or _expiry(one) <= _expiry(two):
        return ""
    letter = "C" if one.option_type is OptionType.CALL else "P"
    dates = f"{_dated(far)}_{_dated(near)}"
    if one.strike == two.strike:
        return f"{letter}CAL-{dates}-{_text(far)}"
    return f"{letter}DIAG-{dates}-{_text(far)}_{_text(near)}"


def _opposite(part: Part) -> Part:
    return Part(part.instrument, -part.ratio)


def _expiry(one: Instrument) -> int:
    return NO_EXPIRY_MS * NS_PER_MS if one.expiry_ns is None else one.expiry_ns


def _dated(part: Part) -> str:
    expiry_ns = part.instrument.expiry_ns
    return "PERP" if expiry_ns is None else format_expiry(expiry_ns)


def _strike(part: Part) -> Decimal:
    assert part.instrument.strike is not None
    return part.instrument.strike


def _text(part: Part) -> str:
    return format_strike(_strike(part))
