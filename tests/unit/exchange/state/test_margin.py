import pytest

from strikewire.exchange.commands import Mark
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.margin import PriceBand, Valuation
from strikewire.model import InstrumentId, Ticks, instrument
from strikewire.testing.exchange import e8


def valuation(name: str, price: float, underlying: float) -> Valuation:
    mark = Mark(InstrumentId(1), e8(price), 500_000, e8(underlying))
    return Valuation(Contract(instrument(name, instrument_id=1)), mark)


@pytest.mark.parametrize(
    ("name", "price", "lots", "initial", "maintenance"),
    [
        # 1 000 USD at 50 000 USD is 0.02 BTC: 2 % + 0.02 * 0.005 % and 1 % + 0.02 * 0.005 %.
        ("BTC-PERPETUAL", 50_000, 100, 40_002, 20_002),
        # 50 million USD is 1 000 BTC: 2 % + 5 % and 1 % + 5 %.
        ("BTC-PERPETUAL", 50_000, 5_000_000, 70_00000000, 60_00000000),
        # 2 500 USD at 2 500 USD is 1 ETH: 2.0004 % and 1.0004 %.
        ("ETH-PERPETUAL", 2_500, 2_500, 2_000_400, 1_000_400),
        # 1 BTC is 60 000 USDC: 2.005 % and 1.005 %.
        ("BTC_USDC-PERPETUAL", 60_000, 1_000, 1_203_000000, 603_000000),
        # 1 SOL is 100 USDC: 4.0005 % and 2.0005 %.
        ("SOL_USDC-PERPETUAL", 100, 10, 4_000500, 2_000500),
        ("BTC-25DEC26", 50_000, 100, 40_002, 20_002),
        ("BTC-PERPETUAL", 50_000, 0, 0, 0),
    ],
)
def test_a_future_needs_a_part_of_its_value_that_grows_with_its_size(
    name: str, price: float, lots: int, initial: int, maintenance: int
) -> None:
    assert valuation(name, price, price).margin(lots) == (initial, maintenance)


def test_a_margin_is_rounded_up() -> None:
    # 10 USD at 60 000 USD is 16 667 units, rounded up, of which 2.00000083 % and half as much.
    assert valuation("BTC-PERPETUAL", 60_000, 60_000).margin(1) == (334, 167)


@pytest.mark.parametrize(
    ("name", "mark", "initial", "maintenance"),
    [
        # Per coin and with the underlying at 60 000, the mark being paid on top.
        # Calls, out of the money by 0, 2, 5 and 67 % of the underlying, and in the money:
        ("BTC-25DEC26-60000-C", 0.05, 0.20, 0.125),
        ("BTC-25DEC26-61200-C", 0.05, 0.18, 0.125),
        ("BTC-25DEC26-63000-C", 0.05, 0.15, 0.125),
        ("BTC-25DEC26-100000-C", 0.05, 0.15, 0.125),
        ("BTC-25DEC26-30000-C", 0.50, 0.65, 0.575),
        # Puts the other way round, and deep in the money a part of the mark instead:
        ("BTC-25DEC26-60000-P", 0.05, 0.20, 0.125),
        ("BTC-25DEC26-58800-P", 0.05, 0.18, 0.125),
        ("BTC-25DEC26-20000-P", 0.05, 0.15, 0.125),
        ("BTC-25DEC26-180000-P", 2.0, 2.15, 2.15),
        ("BTC-25DEC26-240000-P", 3.0, 3.225, 3.225),
        # An option that is worth nothing still needs its share of the underlying.
        ("BTC-25DEC26-100000-C", 0.0, 0.10, 0.075),
    ],
)
def test_a_short_coin_option_needs_a_part_of_the_coin_and_its_mark(
    name: str, mark: float, initial: float, maintenance: float
) -> None:
    ten_lots = valuation(name, mark, 60_000).margin(10)

    assert ten_lots == (round(initial * 1e8), round(maintenance * 1e8))


@pytest.mark.parametrize(
    ("name", "mark", "initial", "maintenance"),
    [
        # Per coin, with the underlying at 60 000: 15 % of it is 9 000, 7.5 % is 4 500.
        ("BTC_USDC-25DEC26-60000-C", 2_000, 11_000, 6_500),
        ("BTC_USDC-25DEC26-60000-P", 2_000, 11_000, 6_500),
        ("BTC_USDC-25DEC26-100000-C", 100, 6_100, 4_600),
        ("BTC_USDC-25DEC26-140000-P", 80_000, 89_000, 86_000),
    ],
)
def test_a_short_linear_option_needs_the_same_in_its_currency(
    name: str, mark: float, initial: float, maintenance: float
) -> None:
    one_coin = valuation(name, mark, 60_000).margin(100)

    assert one_coin == (round(initial * 1e6), round(maintenance * 1e6))


@pytest.mark.parametrize(
    ("name", "mark", "lowest", "highest"),
    [
        # 15 000 to 240 000 in ticks of 0.5.
        ("BTC-PERPETUAL", 60_000, 30_000, 480_000),
        # 0.05 BTC: four times that is less than half a coin more. In ticks of 0.0001.
        ("BTC-25DEC26-60000-C", 0.05, 1, 5_500),
        # 0.3 BTC: four times that is more.
        ("BTC-25DEC26-60000-C", 0.3, 1, 12_000),
        # 2 000 USDC: half of the underlying more is 32 000. In ticks of 5.
        ("BTC_USDC-25DEC26-60000-C", 2_000, 1, 6_400),
        # 5 500.2 ticks are rounded down, to the coarser tick of 5 that holds there.
        ("BTC-25DEC26-60000-C", 0.05002, 1, 5_500),
        # 0.3 ticks below a quarter is rounded up.
        ("BTC-PERPETUAL", 60_000.3, 30_001, 480_002),
    ],
)
def test_the_price_band_is_far_around_the_mark(
    name: str, mark: float, lowest: int, highest: int
) -> None:
    assert valuation(name, mark, 60_000).band == PriceBand(Ticks(lowest), Ticks(highest))
