import pytest

from strikewire.exchange import BalanceChanged, Mark, PositionChanged
from strikewire.exchange.orders.positions import Moved, accrue_funding, move_position
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account, State
from strikewire.model import NS_PER_HOUR, InstrumentId, Side, Ticks, instrument
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor, e8

PERPETUAL = "BTC-PERPETUAL"
CALL = "BTC-25DEC26-60000-C"
TENTH_PERCENT = 1_000_000_000  # of the value, in 1e-12 per eight hours


def scene(name: str, *, funding_rate: int = 0) -> tuple[Turn, Account, Market]:
    """Return Alice, who holds nothing yet, and an instrument whose underlying is at 50 000."""
    state, market = State(), Market(instrument(name, instrument_id=InstrumentId(1)))
    state.add_market(market)
    account = state.accounts[ALICE] = Account(ALICE, "alice", 0)
    price = e8(0.05) if name == CALL else e8(50_000)
    mark = Mark(market.instrument_id, price, 500_000, e8(50_000), funding_rate, 0, 0)
    market.set_mark(mark, START_NS, e8(50_000))
    return Turn(state, START_NS), account, market


@pytest.mark.parametrize(("side", "cash"), [(Side.BUY, -5_000_000), (Side.SELL, 5_000_000)])
def test_an_options_premium_is_handed_to_the_caller_to_be_paid(side: Side, cash: int) -> None:
    turn, account, market = scene(CALL)

    moved = move_position(turn, account, market, side, lots=10, price=Ticks(500), value=5_000_000)

    assert moved == Moved(cash, 0, 0)
    assert account.ledger("BTC").balance == 0
    assert [type(event) for event in turn.finish()] == [PositionChanged]


def test_what_is_held_long_is_open_interest() -> None:
    turn, account, market = scene(CALL)

    sizes = []
    for side, lots in ((Side.BUY, 10), (Side.SELL, 4), (Side.SELL, 9)):
        move_position(turn, account, market, side, lots=lots, price=Ticks(500), value=lots)
        sizes.append((account.holding(market).size, market.open_interest))

    assert sizes == [(10, 10), (6, 6), (-3, 0)]


def test_a_futures_trade_tells_of_the_balance_whose_session_it_changes() -> None:
    turn, account, market = scene(PERPETUAL)

    price, value = Ticks(100_000), 2_000_000
    move_position(turn, account, market, Side.BUY, lots=100, price=price, value=value)

    assert [type(event) for event in turn.finish()] == [PositionChanged, BalanceChanged]


def test_funding_up_to_a_trade_is_realised_with_it() -> None:
    turn, account, market = scene(PERPETUAL, funding_rate=TENTH_PERCENT)
    price, value = Ticks(100_000), 2_000_000
    move_position(turn, account, market, Side.BUY, lots=100, price=price, value=value)
    turn.time_ns += 8 * NS_PER_HOUR

    moved = move_position(turn, account, market, Side.SELL, lots=100, price=price, value=value)

    # 0.1 % of 0.02 BTC; it is no part of the profit.
    assert moved == Moved(0, 0, -2_000)
    ledger = account.ledger("BTC")
    assert (ledger.session_rpl, ledger.session_funding, ledger.balance) == (-2_000, -2_000, 0)
    assert turn.state.treasury("BTC").funding == 2_000


def test_only_a_perpetual_has_funding() -> None:
    turn, account, market = scene(CALL)

    assert accrue_funding(turn, account, market) == 0


def test_a_futures_profit_goes_to_the_session() -> None:
    floor = TradingFloor.at(100_000, PERPETUAL, BTC=10_00000000)
    floor.buy(ALICE, 100, at=100_000)
    floor.sell(BOB, 100, at=100_000)

    floor.mark(125_000)
    floor.buy(BOB, 100, at=125_000)
    (fill,) = floor.sell(ALICE, 100, at=125_000).fills

    # 0.02 BTC in, 0.016 BTC out; the taker pays 0.05 % of 0.016 BTC, and paid of 0.02 BTC.
    assert (fill.taker.profit_loss, fill.maker.profit_loss) == (400_000, -400_000)
    alice, bob = floor.summary(ALICE, "BTC"), floor.summary(BOB, "BTC")
    assert (alice.session_rpl, bob.session_rpl) == (400_000, -400_000)
    assert (alice.balance, bob.balance) == (10_00000000 - 800, 10_00000000 - 1_000)
    assert (alice.fees_paid, bob.fees_paid) == (800, 1_000)
    assert floor.exchange.money("BTC").fees == 1_800
