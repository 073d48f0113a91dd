import pytest

from strikewire.model import BLOCK_MINIMA, Lots, block_min_lots, instrument


@pytest.mark.parametrize(
    ("name", "lots"),
    [
        ("BTC-25DEC26-60000-C", 250),  # 25 coins in lots of 0.1
        ("ETH-25DEC26-3000-P", 250),  # 250 coins in lots of 1
        ("BTC-PERPETUAL", 20_000),  # 200 000 USD in lots of 10
        ("ETH-25DEC26", 100_000),  # 100 000 USD in lots of 1
        ("BTC_USDC-PERPETUAL", 2_000),  # 2 coins in lots of 0.001
        ("BTC_USDC", None),
    ],
)
def test_what_is_smaller_belongs_into_the_book(name: str, lots: int | None) -> None:
    least = block_min_lots(instrument(name, instrument_id=1))

    assert least == (None if lots is None else Lots(lots))


def test_every_minimum_is_positive() -> None:
    assert all(amount > 0 for amount in BLOCK_MINIMA.values())
