from strikewire.exchange.pools import pools
from strikewire.testing.exchange import ALICE, BOB, TradingFloor


def test_with_segregated_margin_every_currency_stands_alone() -> None:
    floor = TradingFloor.at(100_000, "BTC_USDC-PERPETUAL", BTC=5, ETH=0, USDC=1_000_000_000)
    floor.sell(BOB, 10, at=100_000)
    floor.buy(ALICE, 10, at=100_000)
    state = floor.exchange._state

    bitcoin, dollars = pools(state, state.accounts[ALICE])

    assert list(bitcoin.ledgers) == ["BTC"]
    assert (bitcoin.funds, bitcoin.maintenance, bitcoin.equity, bitcoin.holdings) == (5, 0, 5, [])
    # 0.01 coins for 500 dollars, of which 0.05 % went for the trade.
    assert list(dollars.ledgers) == ["USDC"]
    assert (dollars.funds, dollars.maintenance) == (999_750_000, 5_000_250)
    assert dollars.lacking == 5_000_250 - 999_750_000
    assert not dollars.is_under_water
    assert not dollars.is_by_verdict
    assert [holding.size for holding in dollars.holdings] == [10]
