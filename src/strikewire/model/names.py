"""Instrument names as Deribit writes them, taken apart and put together.

    BTC-PERPETUAL                perpetual future, settled in BTC
    BTC-25DEC26                  dated future, expires 25 December 2026 at 08:00 UTC
    BTC-25DEC26-100000-C         call option, strike 100 000 USD
    BTC_USDC-25DEC26-100000-P    put option, settled in USDC
    XRP_USDC-30JUN23-0d625-C     a decimal strike, 0.625: the point is written "d"
    BTC_USDC                     spot

The part before the first dash is the *family*: a coin, whose contracts settle in that coin, or a
pair, whose contracts settle in its second currency. Every name has exactly one spelling, so that
two names are the same instrument only if they are the same text.

Source: Deribit API v2, `instrument_name`; recorded `public/get_instruments` answers.
"""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from strikewire.model.time import utc_date, utc_ns

EXPIRY_HOUR_UTC = 8
"""Every dated contract expires at 08:00 UTC."""

NAME_LENGTH_MAX = 64
"""Characters of an instrument name that are looked at; a longer one is refused unread."""

STRIKE_LIMIT = Decimal(10**12)
"""Strikes are below this, in the counter currency."""

_EXPIRIES_NS = (utc_ns(date(2000, 1, 1)), utc_ns(date(2099, 12, 31), hour=EXPIRY_HOUR_UTC))
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FAMILY = r"(?P<family>[A-Z][A-Z0-9]{0,11}(?P<pair>_[A-Z][A-Z0-9]{0,11})?)"
_EXPIRY = r"(?P<day>[1-9]|[12][0-9]|3[01])(?P<month>[A-Z]{3})(?P<year>[0-9]{2})"
_STRIKE = r"(?P<strike>[1-9][0-9]{0,11}|(?:0|[1-9][0-9]{0,11})d[0-9]{0,7}[1-9])"
_NAME = re.compile(
    rf"{_FAMILY}(?:-(?:(?P<perpetual>PERPETUAL)|{_EXPIRY}(?:-{_STRIKE}-(?P<right>[CP]))?))?",
    re.ASCII,
)


class Kind(StrEnum):
    """What sort of thing is traded, in Deribit's words."""

    FUTURE = "future"
    OPTION = "option"
    SPOT = "spot"
    FUTURE_COMBO = "future_combo"
    """Several futures in one order: see `model.combos`."""

    OPTION_COMBO = "option_combo"


class InstrumentType(StrEnum):
    """What a contract pays in, in Deribit's words."""

    REVERSED = "reversed"
    """Inverse: settled in the coin whose price it follows."""

    LINEAR = "linear"
    """Settled in the currency it is quoted in."""


class OptionType(StrEnum):
    """Which right an option gives, in Deribit's words."""

    CALL = "call"
    PUT = "put"


class InstrumentNameError(ValueError):
    """A text is not the name of an instrument.

    Attributes:
        name: The text, cut to `NAME_LENGTH_MAX` characters.
        reason: What is wrong with it.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name[:NAME_LENGTH_MAX]
        self.reason = reason
        super().__init__(f"{reason}: {self.name!r}")


class ParsedName(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument's name says about it."""

    family: str
    """"BTC", or "BTC_USDC" for what settles in USDC."""

    kind: Kind
    expiry_ns: int | None = None
    """Nanoseconds since the Unix epoch, at 08:00 UTC; None for a perpetual and for spot."""

    strike: Decimal | None = None
    """In the counter currency; None unless an option."""

    option_type: OptionType | None = None

    @property
    def base_currency(self) -> str:
        """The coin whose price it follows: "BTC"."""
        return self.family.partition("_")[0]

    @property
    def counter_currency(self) -> str:
        """The currency that strikes and indices are counted in: "USD" or "USDC"."""
        return self.family.partition("_")[2] or "USD"

    @property
    def instrument_type(self) -> InstrumentType:
        """Inverse for a coin's own family, linear for a pair's."""
        return InstrumentType.LINEAR if "_" in self.family else InstrumentType.REVERSED

    @property
    def is_perpetual(self) -> bool:
        """Whether it is a future without an expiry."""
        return self.kind is Kind.FUTURE and self.expiry_ns is None


def parse_name(name: str) -> ParsedName:
    """Take an instrument's name apart.

    The name need not belong to an instrument that exists, only be well formed.

    Raises:
        InstrumentNameError: It is not the one spelling of a name.
    """
    match = _NAME.fullmatch(name) if len(name) <= NAME_LENGTH_MAX else None
    if match is None:
        raise InstrumentNameError(name, "not the name of an instrument")
    family = match["family"]
    if match["perpetual"]:
        return ParsedName(family=family, kind=Kind.FUTURE)
    if match["day"] is None:
        if match["pair"] is None:
            raise InstrumentNameError(name, "spot is named by a pair of currencies")
        return ParsedName(family=family, kind=Kind.SPOT)
    expiry_ns = _expiry_ns(name, match)
    if match["strike"] is None:
        return ParsedName(family=family, kind=Kind.FUTURE, expiry_ns=expiry_ns)
    return ParsedName(
        family=family,
        kind=Kind.OPTION,
        expiry_ns=expiry_ns,
        strike=Decimal(match["strike"].replace("d", ".")),
        option_type=OptionType.CALL if match["right"] == "C" else OptionType.PUT,
    )


def format_name(parsed: ParsedName) -> str:
    """Put an instrument's name together: the inverse of `parse_name`.

    Raises:
        InstrumentNameError: The parts do not make a name: the family is not one, an option lacks
            its expiry, strike or type, the expiry is not at 08:00 UTC of a day of 2000 to 2099, or
            the strike has more than 12 digits before the point or 8 after it.
    """
    earliest_ns, latest_ns = _EXPIRIES_NS
    if parsed.expiry_ns is not None and not earliest_ns <= parsed.expiry_ns <= latest_ns:
        raise InstrumentNameError(parsed.family, "no name for an expiry outside 2000 to 2099")
    strike = parsed.strike
    if strike is not None and not (strike.is_finite() and 0 < strike < STRIKE_LIMIT):
        raise InstrumentNameError(parsed.family, "no name for such a strike")
    name = _spell(parsed)
    if parse_name(name) != parsed:
        raise InstrumentNameError(name, "the parts do not make a name")
    return name


def format_strike(strike: Decimal) -> str:
    """Return a strike as it stands in a name: 100000 is "100000", 0.625 is "0d625"."""
    digits = format(strike, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits.replace(".", "d")


def format_expiry(expiry_ns: int) -> str:
    """Return an expiry as it stands in a name: "25DEC26"."""
    day = utc_date(expiry_ns)
    return f"{day.day}{_MONTHS[day.month - 1]}{day.year % 100:02}"


def _spell(parsed: ParsedName) -> str:
    if parsed.kind is Kind.SPOT:
        return parsed.family
    if parsed.expiry_ns is None:
        return f"{parsed.family}-PERPETUAL"
    dated = f"{parsed.family}-{format_expiry(parsed.expiry_ns)}"
    if parsed.strike is None or parsed.option_type is None:
        return dated
    right = "C" if parsed.option_type is OptionType.CALL else "P"
    return f"{dated}-{format_strike(parsed.strike)}-{right}"


def _expiry_ns(name: str, match: re.Match[str]) -> int:
    if match["month"] not in _MONTHS:
        raise InstrumentNameError(name, "no such month")
    month = _MONTHS.index(match["month"]) + 1
    try:
        day = date(2000 + int(match["year"]), month, int(match["day"]))
    except ValueError:
        raise InstrumentNameError(name, "no such day") from None
    return utc_ns(day, hour=EXPIRY_HOUR_UTC)
