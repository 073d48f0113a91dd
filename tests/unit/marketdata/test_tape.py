import pytest
from msgspec import UNSET, structs

from strikewire.exchange import Fill
from strikewire.marketdata.tape import TRADES_KEPT, Tape, public_trade
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def fill_of(floor: TradingFloor, price: int, amount: int) -> Fill:
    """Let Bob sell to Alice's waiting bid, and return the fill."""
    floor.buy(ALICE, amount, price)
    (fill,) = floor.sell(BOB, amount, price).fills
    return fill


def test_a_trade_shows_prices_and_amounts_in_the_units_of_clients() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_010.0, underlying=100_020.0)
    instrument = floor.exchange.instruments[floor.id()]

    trade = public_trade(instrument, fill_of(floor, 200_001, 3))

    assert (trade.trade_id, trade.trade_seq) == ("BTC-1", 1)
    assert (trade.instrument_name, trade.direction) == ("BTC-PERPETUAL", "sell")
    assert (trade.price, trade.amount, trade.contracts) == (100_000.5, 30.0, 3.0)
    assert (trade.mark_price, trade.index_price) == (100_010.0, 100_020.0)
    assert trade.timestamp == 1_767_225_600_000


def test_an_option_trade_shows_its_volatility_in_percent() -> None:
    name = "BTC-25DEC26-100000-C"
    floor = TradingFloor(name)
    floor.mark(price=0.1, underlying=100_000.0)
    instrument = floor.exchange.instruments[floor.id()]
    fill = fill_of(floor, 1_000, 5)

    trade = public_trade(instrument, fill)

    assert trade.iv == fill.iv_e4 / 10_000
    assert (trade.price, trade.amount) == (0.1, 0.5)


def test_a_trade_names_no_account_and_no_order() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_000.0)
    instrument = floor.exchange.instruments[floor.id()]

    trade = public_trade(instrument, fill_of(floor, 200_000, 3))

    assert not {"account_id", "order_id", "fee", "label"} & set(trade.__struct_fields__)


def test_a_trade_says_which_side_was_liquidated() -> None:
    floor = TradingFloor.at(100_000, "BTC_USDC-PERPETUAL", USDC=100_000_000_000)
    floor.leave(ALICE, "USDC", 1_500_000_000)
    floor.sell(BOB, 1_000, at=100_000)
    (bought,) = floor.buy(ALICE, 1_000, at=100_000).fills
    floor.mark(98_000)
    floor.buy(BOB, 1_000, at=98_000)

    (sold,) = floor.liquidate().fills

    instrument = floor.exchange.instruments[floor.id()]
    assert public_trade(instrument, sold).liquidation == "T"
    assert public_trade(instrument, bought).liquidation is UNSET
    flipped = structs.replace(sold, maker=sold.taker, taker=sold.maker)
    assert public_trade(instrument, flipped).liquidation == "M"
    both = structs.replace(sold, maker=sold.taker)
    assert public_trade(instrument, both).liquidation == "MT"


def test_the_tape_keeps_the_last_trades_in_their_order() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_000.0)
    instrument = floor.exchange.instruments[floor.id()]
    tape = Tape()
    assert tape.last is None

    for _ in range(3):
        tape.print(public_trade(instrument, fill_of(floor, 200_000, 3)))

    assert [trade.trade_seq for trade in tape] == [1, 2, 3]
    assert len(tape) == 3
    assert tape.last is not None
    assert tape.last.trade_seq == 3


def test_the_tape_forgets_the_oldest_beyond_its_length() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_000.0)
    instrument = floor.exchange.instruments[floor.id()]
    fill = fill_of(floor, 200_000, 3)
    tape = Tape()

    for number in range(1, TRADES_KEPT + 6):
        tape.print(structs.replace(public_trade(instrument, fill), trade_seq=number))

    assert len(tape) == TRADES_KEPT
    assert next(iter(tape)).trade_seq == 6


def test_a_trade_out_of_order_is_our_own_fault() -> None:
    floor = TradingFloor("BTC-PERPETUAL")
    floor.mark(price=100_000.0)
    instrument = floor.exchange.instruments[floor.id()]
    trade = public_trade(instrument, fill_of(floor, 200_000, 3))
    tape = Tape()
    tape.print(trade)

    with pytest.raises(AssertionError):
        tape.print(trade)
