import pytest

from strikewire.model import (
    COMBO_ID_FIRST,
    ComboError,
    Instrument,
    Kind,
    Part,
    SettlementPeriod,
    combo,
    combo_legs,
    instrument,
    leg_weights,
)

PERP, DEC, MAR = "BTC-PERPETUAL", "BTC-25DEC26", "BTC-26MAR27"
C5, C6, C7 = (f"BTC-25DEC26-{strike}000-C" for strike in (50, 60, 70))
P5, P6, P7 = (f"BTC-25DEC26-{strike}000-P" for strike in (50, 60, 70))
MAR_C6, MAR_P6, MAR_C7 = "BTC-26MAR27-60000-C", "BTC-26MAR27-60000-P", "BTC-26MAR27-70000-C"
NAMES = (PERP, DEC, MAR, C5, C6, C7, P5, P6, P7, MAR_C6, MAR_P6, MAR_C7)
INSTRUMENTS = {name: instrument(name, instrument_id=n) for n, name in enumerate(NAMES, 1)}


def parts(*legs: tuple[str, int]) -> list[Part]:
    return [Part(INSTRUMENTS[name], ratio) for name, ratio in legs]


def made(*legs: tuple[str, int]) -> Instrument:
    return combo(parts(*legs), instrument_id=COMBO_ID_FIRST + 6, creation_ns=5)


@pytest.mark.parametrize(
    ("name", "legs"),
    [
        ("BTC-FS-25DEC26_PERP", [(DEC, 1), (PERP, -1)]),
        ("BTC-FS-26MAR27_25DEC26", [(MAR, 1), (DEC, -1)]),
        ("BTC-CS-25DEC26-60000_70000", [(C6, 1), (C7, -1)]),
        ("BTC-PS-25DEC26-60000_50000", [(P6, 1), (P5, -1)]),
        ("BTC-CSR12-25DEC26-60000_70000", [(C6, 1), (C7, -2)]),
        ("BTC-PSR13-25DEC26-60000_50000", [(P6, 1), (P5, -3)]),
        ("BTC-CCAL-26MAR27_25DEC26-60000", [(MAR_C6, 1), (C6, -1)]),
        ("BTC-PCAL-26MAR27_25DEC26-60000", [(MAR_P6, 1), (P6, -1)]),
        ("BTC-CDIAG-26MAR27_25DEC26-70000_60000", [(MAR_C7, 1), (C6, -1)]),
        ("BTC-STRD-25DEC26-60000", [(C6, 1), (P6, 1)]),
        ("BTC-STRG-25DEC26-50000_70000", [(P5, 1), (C7, 1)]),
        ("BTC-RR-25DEC26-50000_70000", [(P5, -1), (C7, 1)]),
        ("BTC-REV-25DEC26-60000", [(C6, -1), (P6, 1)]),
        # What has no name of its own: bought the same way, the put above the call, three legs.
        ("BTC-COMBO-7", [(C5, 1), (C6, 1)]),
        ("BTC-COMBO-7", [(C5, 1), (P6, 1)]),
        ("BTC-COMBO-7", [(C5, 1), (C6, -2), (C7, 1)]),
    ],
)
def test_a_combo_has_one_name_and_one_form_whichever_way_round_it_is_told(
    name: str, legs: list[tuple[str, int]]
) -> None:
    opposite = [(leg, -3 * ratio) for leg, ratio in reversed(legs)]

    assert made(*legs).name == made(*opposite).name == name
    assert [(leg.name, leg.ratio) for leg in made(*opposite).legs] == legs


def test_a_combo_takes_its_terms_from_its_legs_and_ends_with_the_first_of_them() -> None:
    one = made((PERP, -1), (DEC, 1))

    assert (one.kind, one.is_combo, one.is_future) == (Kind.FUTURE_COMBO, True, False)
    assert (one.quote_currency, one.settlement_currency, one.price_index) == (
        "USD",
        "BTC",
        "btc_usd",
    )
    assert one.expiry_ns == INSTRUMENTS[DEC].expiry_ns
    assert one.settlement_period is SettlementPeriod.MONTH
    assert (one.instrument_id, one.creation_ns) == (COMBO_ID_FIRST + 6, 5)
    assert made((C6, 1), (C7, -1)).kind is Kind.OPTION_COMBO


def test_its_tick_is_the_finest_and_each_legs_tick_is_so_many_of_it() -> None:
    spread, later = made((DEC, 1), (PERP, -1)), made((MAR, 1), (DEC, -1))

    assert (str(spread.tick_size), str(later.tick_size)) == ("0.5", "2.5")
    assert leg_weights(spread, [INSTRUMENTS[DEC], INSTRUMENTS[PERP]]) == [5, -1]
    assert leg_weights(later, [INSTRUMENTS[MAR], INSTRUMENTS[DEC]]) == [1, -1]
    # Options have coarser steps above a price; a combo's price has none.
    assert made((C6, 1), (C7, -1)).tick_steps == ()


@pytest.mark.parametrize(
    ("reason", "legs"),
    [
        ("1_legs", [(C6, 1)]),
        ("5_legs", [(C5, 1), (C6, 1), (C7, 1), (P5, 1), (P6, 1)]),
        ("same_leg_twice", [(C6, 1), (C6, -1)]),
        ("legs_do_not_match", [(C6, 1), (DEC, -1)]),
        ("ratio_of_zero", [(C6, 1), (C7, 0)]),
        ("ratio_too_high", [(C6, 1), (C7, -101)]),
    ],
)
def test_some_legs_make_no_combo(reason: str, legs: list[tuple[str, int]]) -> None:
    with pytest.raises(ComboError) as caught:
        combo_legs(parts(*legs))

    assert caught.value.reason == reason


def test_legs_settle_alike_and_are_no_spot() -> None:
    linear = instrument("BTC_USDC-PERPETUAL", instrument_id=20)
    spot, other = (
        instrument(n, instrument_id=21 + i) for i, n in enumerate(("BTC_USDC", "ETH_USDC"))
    )

    with pytest.raises(ComboError, match="legs_do_not_match"):
        combo_legs([Part(INSTRUMENTS[PERP], 1), Part(linear, -1)])
    with pytest.raises(ComboError, match="neither_futures_nor_options"):
        combo_legs([Part(spot, 1), Part(other, -1)])
