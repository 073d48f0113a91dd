import pytest

from strikewire.model.sides import Side


def test_the_number_of_a_side_is_its_sign() -> None:
    assert [int(side) for side in (Side.BUY, Side.SELL)] == [1, -1]


def test_each_side_trades_with_the_other() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_a_side_and_its_word_name_each_other() -> None:
    assert Side.BUY.direction == "buy"
    assert Side.SELL.direction == "sell"
    assert Side.from_direction("buy") is Side.BUY
    assert Side.from_direction("sell") is Side.SELL


@pytest.mark.parametrize("word", ["", "BUY", "Sell", "long", "b" * 1000])
def test_another_word_is_no_side(word: str) -> None:
    with pytest.raises(ValueError, match="neither buy nor sell") as caught:
        Side.from_direction(word)

    assert len(str(caught.value)) < 100
