"""What holds for every name, price and amount, not only for those we thought of."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from strikewire.model import (
    AMOUNT_LOTS_MAX,
    CURRENCIES,
    FUTURE_EXPIRIES,
    ID_MAX,
    NS_PER_DAY,
    OPTION_EXPIRIES,
    PRICE_TICKS_MAX,
    AmountError,
    ExpiryFamily,
    Instrument,
    InstrumentNameError,
    Kind,
    Lots,
    OptionType,
    OrderId,
    ParsedName,
    PriceRangeError,
    Side,
    Ticks,
    TickSizeError,
    Units,
    amount_to_lots,
    coins_to_units,
    divide_down,
    divide_half_even,
    divide_up,
    expiries,
    families,
    format_name,
    format_order_id,
    instrument,
    lots_to_amount,
    lots_to_decimal,
    next_tick_down,
    next_tick_up,
    parse_name,
    parse_order_id,
    price_to_ticks,
    price_to_ticks_rounded,
    round_to_tick,
    ticks_to_decimal,
    ticks_to_price,
    units_to_coins,
    utc_date,
    utc_ns,
)

CODES = st.from_regex(r"[A-Z][A-Z0-9]{0,11}", fullmatch=True)
PAIRS = st.builds("{}_{}".format, CODES, CODES)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
NAMED_BY_PARTS = (Kind.SPOT, Kind.FUTURE, Kind.OPTION)
STRIKES = st.one_of(
    st.integers(1, 10**12 - 1).map(Decimal),
    st.integers(1, 10**8 - 1).map(lambda units: Decimal(units).scaleb(-8)),
)


@st.composite
def names(draw: st.DrawFn) -> ParsedName:
    kind = draw(st.sampled_from(NAMED_BY_PARTS))
    if kind is Kind.SPOT:
        return ParsedName(family=draw(PAIRS), kind=kind)
    family = draw(st.one_of(CODES, PAIRS))
    if kind is Kind.FUTURE and draw(st.booleans()):
        return ParsedName(family=family, kind=kind)
    expiry_ns = utc_ns(draw(DAYS), hour=8)
    if kind is Kind.FUTURE:
        return ParsedName(family=family, kind=kind, expiry_ns=expiry_ns)
    return ParsedName(
        family=family,
        kind=kind,
        expiry_ns=expiry_ns,
        strike=draw(STRIKES),
        option_type=draw(st.sampled_from(OptionType)),
    )


INSTRUMENTS = st.sampled_from(
    [
        instrument(form.format(family), instrument_id=1)
        for family in families(Kind.OPTION)
        for form in ("{}-PERPETUAL", "{}-25DEC26", "{}-25DEC26-100-C")
    ]
)
TICKS = st.integers(1, PRICE_TICKS_MAX).map(Ticks)


@given(names())
def test_a_name_put_together_is_taken_apart_to_the_same_parts(parsed: ParsedName) -> None:
    assert parse_name(format_name(parsed)) == parsed


@given(
    st.from_regex(
        r"(BTC|ETH|XRP_USDC)(-PERPETUAL|-[0-9]{1,2}(JAN|FEB|DEC|MEH)[0-9]{2}(-[0-9d]{1,8}-[CP])?)?",
        fullmatch=True,
    )
)
def test_a_name_that_is_understood_is_spelled_the_only_way(name: str) -> None:
    try:
        parsed = parse_name(name)
    except InstrumentNameError:
        return
    assert format_name(parsed) == name


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parsed = parse_name(text)
    except InstrumentNameError:
        return
    assert format_name(parsed) == text


@given(CODES, st.integers(1, ID_MAX))
def test_an_order_id_comes_back_as_the_number_it_was(currency: str, number: int) -> None:
    assert parse_order_id(format_order_id(currency, OrderId(number))) == number


@given(INSTRUMENTS, TICKS)
def test_a_price_on_the_grid_comes_back_as_the_ticks_it_was(
    listed: Instrument, ticks: Ticks
) -> None:
    on_grid = round_to_tick(listed, ticks, Side.BUY)
    assume(on_grid > 0)

    assert price_to_ticks(listed, ticks_to_decimal(listed, on_grid)) == on_grid
    # What a client does with the number it was shown: write its shortest form back.
    assert price_to_ticks(listed, Decimal(repr(ticks_to_price(listed, on_grid)))) == on_grid


@given(INSTRUMENTS, TICKS)
def test_rounding_goes_to_the_two_neighbours_on_the_grid(listed: Instrument, ticks: Ticks) -> None:
    down = round_to_tick(listed, ticks, Side.BUY)
    up = round_to_tick(listed, ticks, Side.SELL)

    assert down <= ticks <= up
    assert up in {down, next_tick_up(listed, down)}
    assert down in {up, next_tick_down(listed, up)}
    assert round_to_tick(listed, down, Side.SELL) == down


@given(INSTRUMENTS, TICKS)
def test_one_tick_up_and_one_down_is_where_it_began(listed: Instrument, ticks: Ticks) -> None:
    on_grid = round_to_tick(listed, ticks, Side.BUY)

    assert next_tick_down(listed, next_tick_up(listed, on_grid)) == on_grid


@given(INSTRUMENTS, st.decimals(allow_nan=True, allow_infinity=True))
def test_a_price_is_exact_or_refused(listed: Instrument, price: Decimal) -> None:
    try:
        ticks = price_to_ticks(listed, price)
    except (PriceRangeError, TickSizeError):
        return
    assert Fraction(price) == ticks * Fraction(listed.tick_size)
    assert price_to_ticks_rounded(listed, price, Side.BUY) == ticks
    assert price_to_ticks_rounded(listed, price, Side.SELL) == ticks


@given(INSTRUMENTS, st.decimals(min_value="1e-9", max_value=1000, places=12))
def test_a_rounded_price_is_the_nearest_that_is_no_worse(
    listed: Instrument, price: Decimal
) -> None:
    exact = Fraction(price) / Fraction(listed.tick_size)

    buy = price_to_ticks_rounded(listed, price, Side.BUY)
    sell = price_to_ticks_rounded(listed, price, Side.SELL)

    assert buy <= exact < next_tick_up(listed, buy)
    assert next_tick_down(listed, sell) < exact <= sell


@given(INSTRUMENTS, st.integers(1, AMOUNT_LOTS_MAX).map(Lots))
def test_an_amount_comes_back_as_the_lots_it_was(listed: Instrument, lots: Lots) -> None:
    assert amount_to_lots(listed, lots_to_decimal(listed, lots)) == lots
    assert amount_to_lots(listed, Decimal(repr(lots_to_amount(listed, lots)))) == lots


@given(INSTRUMENTS, st.decimals(allow_nan=True, allow_infinity=True))
def test_an_amount_is_exact_or_refused(listed: Instrument, amount: Decimal) -> None:
    try:
        lots = amount_to_lots(listed, amount)
    except AmountError:
        return
    assert Fraction(amount) == lots * Fraction(listed.lot_size)


@given(st.sampled_from(list(CURRENCIES)), st.integers(-(10**15), 10**15).map(Units))
def test_cash_comes_back_from_what_a_client_was_shown(currency: str, units: Units) -> None:
    assert coins_to_units(currency, Decimal(repr(units_to_coins(currency, units)))) == units


@given(st.integers(), st.integers(min_value=1))
def test_the_three_divisions_bracket_the_exact_quotient(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)

    assert exact - 1 < divide_down(numerator, denominator) <= exact
    assert exact <= divide_up(numerator, denominator) < exact + 1
    assert divide_half_even(numerator, denominator) == round(exact)
    assert divide_half_even(-numerator, denominator) == -round(exact)


@given(
    st.integers(utc_ns(date(2000, 1, 1)), utc_ns(date(2090, 1, 1))),
    st.sampled_from([OPTION_EXPIRIES, FUTURE_EXPIRIES]),
)
def test_expiries_are_ahead_ascending_and_at_eight(now_ns: int, family: ExpiryFamily) -> None:
    listed = [expiry.expiry_ns for expiry in expiries(now_ns, family=family)]

    assert listed == sorted(set(listed))
    assert listed[0] > now_ns
    assert all(expiry_ns == utc_ns(utc_date(expiry_ns), hour=8) for expiry_ns in listed)


@given(st.integers(utc_ns(date(2000, 1, 1)), utc_ns(date(2090, 1, 1))))
def test_once_listed_an_expiry_stays_listed_until_it_expires(now_ns: int) -> None:
    today = expiries(now_ns, family=OPTION_EXPIRIES)
    tomorrow_ns = now_ns + NS_PER_DAY
    tomorrow = expiries(tomorrow_ns, family=OPTION_EXPIRIES)

    assert {expiry for expiry in today if expiry.expiry_ns > tomorrow_ns} <= set(tomorrow)
