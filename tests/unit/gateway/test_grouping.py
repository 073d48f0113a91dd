import pytest

from strikewire.gateway.grouping import group_ticks
from strikewire.model import instrument


@pytest.mark.parametrize(
    ("name", "group", "ticks"),
    [
        ("BTC-PERPETUAL", "none", 1),
        ("BTC-PERPETUAL", "1", 2),
        ("BTC-PERPETUAL", "10", 20),
        ("ETH-PERPETUAL", "5", 1),  # five hundredths of a dollar
        ("ETH-PERPETUAL", "250", 50),
        ("ETH-PERPETUAL", "1", None),  # less than a tick
        ("BTC-25DEC26", "5", 2),
        ("BTC-25DEC26", "1", None),  # the tick is 2.5
        ("BTC-25DEC26-100000-C", "none", 1),
        ("BTC-25DEC26-100000-C", "1", None),  # its prices are no dollars
        ("BTC_USDC-25DEC26-100000-C", "5", 1),
    ],
)
def test_a_group_is_a_number_of_ticks_where_it_is_one(
    name: str, group: str, ticks: int | None
) -> None:
    assert group_ticks(instrument(name, instrument_id=1), group) == ticks
