"""Two hundred accounts, options and perpetuals, and an index that falls by two fifths at once.

Whatever happens, the books balance to the last unit, nobody is left owing, and what was missing is
explained: by the insurance fund first, and by those who gained for the rest.
"""

from random import Random  # noqa: TID251 - a seeded draw: the same market every time

import pytest

from strikewire.exchange import (
    INSURANCE_FUND,
    Bankruptcy,
    Deposit,
    Event,
    Exchange,
    Liquidate,
    LiquidationFee,
    LossSocialised,
    OpenAccount,
)
from strikewire.model import AccountId, Units
from strikewire.testing.exchange import ALICE, TradingFloor

PERPETUAL = "BTC-PERPETUAL"
OPTIONS = {
    "BTC-25DEC26-60000-C": (60_000, 1),
    "BTC-25DEC26-50000-P": (50_000, -1),
    "BTC-25DEC26-40000-P": (40_000, -1),
}
NAMES = (PERPETUAL, *OPTIONS)
TRADERS = [AccountId(number) for number in range(101, 301)]
ROUNDS_MAX = 100


class Market(TradingFloor):
    """Two hundred traders who have drawn lots with each other."""

    def __init__(self, seed: int, fund: int) -> None:
        self.is_checked = False
        super().__init__(*NAMES, cash={"USDC": 0, "ETH": 0})
        self.said: list[Event] = []
        self.value(60_000)
        dice = Random(seed)
        for account_id in TRADERS:
            self.apply(OpenAccount(account_id, f"trader {account_id}"))
            cash = dice.choice([20_000_000, 50_000_000, 1_00000000, 20_00000000])
            self.apply(Deposit(account_id, "BTC", Units(cash)))
        if fund:
            self.apply(Deposit(INSURANCE_FUND, "BTC", Units(fund)))
        for _ in range(600):
            buyer, seller = dice.sample(TRADERS, 2)
            name = dice.choice(NAMES)
            lots = dice.choice([5_000, 20_000, 60_000] if name == PERPETUAL else [5, 20])
            price = self.prices[name]
            if not self.sell(seller, lots, at=price, name=name).is_rejected:
                self.buy(buyer, lots, at=price, name=name)
            self.cancel_all(seller)
        self.is_checked = True

    def check(self) -> None:
        """Check what always holds; not while the market is set up, which takes a thousand steps."""
        if self.is_checked:
            super().check()

    def value(self, index: int) -> None:
        """Mark everything as an index means it, roughly: options at what they pay now and 5 %."""
        self.prices = {PERPETUAL: 2 * index}
        self.mark(2 * index, name=PERPETUAL)
        for name, (strike, side) in OPTIONS.items():
            worth = max(side * (index - strike), 0) / index + 0.05
            self.prices[name] = round(worth * 2_000) * 5
            self.mark(name=name, price=self.prices[name] / 10_000, underlying=index)

    def quote(self) -> None:
        """Let Alice, who has ten million coins, stand behind every book near its mark."""
        for name, price in self.prices.items():
            step, depth = (20, 2_000_000) if name == PERPETUAL else (5, 10_000)
            self.buy(ALICE, depth, at=price - step, name=name).expect_accepted()
            self.sell(ALICE, depth, at=price + step, name=name).expect_accepted()

    def round(self) -> None:
        """Carry out a round and remember what it said."""
        self.said += self.liquidate().events

    def sum(self, kind: type, field: str) -> int:
        """Add up a field of all events of a kind."""
        return sum(getattr(event, field) for event in self.said if isinstance(event, kind))


@pytest.mark.parametrize(("seed", "fund"), [(1, 0), (2, 50_00000000), (3, 100_000_00000000)])
def test_a_gap_of_two_fifths_leaves_nobody_owing_and_the_books_balanced(
    seed: int, fund: int
) -> None:
    market = Market(seed, fund)
    exchange = market.exchange
    market.value(36_000)

    market.round()

    # The books are empty: who has nothing left is taken over, the others have to wait.
    waiting = exchange.in_liquidation
    assert len(waiting) > 10
    assert all(market.summary(account_id, "BTC").equity > 0 for account_id in waiting)

    market.quote()
    for _ in range(ROUNDS_MAX):
        if exchange.in_liquidation:
            market.round()

    assert exchange.in_liquidation == []
    for account_id in TRADERS:
        found = market.summary(account_id, "BTC")
        assert found.equity >= 0
        assert found.margin_balance >= found.maintenance_margin
        assert not exchange.is_locked(account_id)
    explain(market, fund)
    assert exchange.money("BTC").is_conserved
    assert Exchange.restore(exchange.snapshot()).state_hash() == exchange.state_hash()


def explain(market: Market, fund: int) -> None:
    """Check that every unit that was owed was paid by the fund or by who gained."""
    owed = market.sum(Bankruptcy, "deficit")
    earned = market.sum(LiquidationFee, "fee")
    shared = sum(
        units
        for event in market.said
        if isinstance(event, LossSocialised)
        for _, units in event.shares
    )
    views = market.exchange.bankruptcies("BTC")
    assert owed > 0
    assert sum(view.deficit for view in views) == owed
    assert sum(view.socialised for view in views) == shared
    held = market.summary(INSURANCE_FUND, "BTC")
    # What the fund gained on positions that it took over and has closed or still holds.
    trading = held.session_rpl + held.session_upl + held.options_session_rpl
    trading += held.options_session_upl - held.fees_paid
    assert held.equity == fund + earned - owed + shared + trading
    assert held.equity >= 0
    assert (shared == 0) == (fund > owed)


def test_the_same_rounds_give_the_same_state() -> None:
    market = Market(1, 0)
    market.value(36_000)
    market.quote()
    resumed = Exchange.restore(market.exchange.snapshot())

    for _ in range(5):
        events = market.liquidate().events
        assert resumed.apply(market.seq, market.now_ns, Liquidate()) == events

    assert resumed.state_hash() == market.exchange.state_hash()
