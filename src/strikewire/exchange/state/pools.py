"""Money that answers together: what an account has against what its positions need.

With segregated margin every currency of an account stands alone, and is counted in its own units.
With cross collateral all of them stand in for each other and are counted in dollars, at the
indices: what there is rounded down, what is needed rounded up. For new positions a part of every
currency but the dollar does not count, the haircut, and what is owed in it counts as much more.

Whoever asks what may be risked, whether an account is under water, or what is left of it, asks its
pools.

Source: Deribit, cross collateral; margin types. The rates of the haircuts are ours.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from strikewire.exchange.commands import MarginModel, Verdict
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.state import Account, State
from strikewire.model import CURRENCIES, PRICE_SCALE, PriceE8, divide_down, divide_up

PPM = 1_000_000
DOLLAR = 1_000_000
"""Cross collateral is counted in millionths of a dollar."""

HAIRCUTS_PPM = {"USDC": 0}
"""Parts of a currency that do not count as collateral for initial margin."""

HAIRCUT_OTHER_PPM = 50_000
"""Of every other currency: 5 %."""


class Pool:
    """Some ledgers of one account, all valued at the last marks.

    All that it returns is in one unit: settlement units of its currency, or of cross collateral
    millionths of a dollar.

    Attributes:
        account: Whose.
        ledgers: By currency.
        prices: Dollars for each currency in 1e-8, of cross collateral. None if it counts in the
            units of its only currency.
    """

    __slots__ = ("account", "ledgers", "prices")

    def __init__(
        self,
        account: Account,
        ledgers: dict[str, Ledger],
        prices: dict[str, PriceE8] | None = None,
    ) -> None:
        self.account = account
        self.ledgers = ledgers
        self.prices = prices

    def worth(self, currency: str, units: int) -> int:
        """Return settlement units in the unit of the pool, rounded down."""
        if self.prices is None:
            return units
        scale = 10 ** CURRENCIES[currency].decimals
        return int(divide_down(units * self.prices[currency] * DOLLAR, scale * PRICE_SCALE))

    def units(self, currency: str, worth: int) -> int:
        """Return an amount of the pool's unit in settlement units, rounded down."""
        if self.prices is None:
            return worth
        scale = 10 ** CURRENCIES[currency].decimals
        return int(divide_down(worth * scale * PRICE_SCALE, self.prices[currency] * DOLLAR))

    @property
    def funds(self) -> int:
        """What stands behind the positions."""
        return sum(self.worth(name, ledger.funds) for name, ledger in self.ledgers.items())

    @property
    def equity(self) -> int:
        """What would be left if everything were closed at the marks."""
        return sum(self.worth(name, ledger.equity) for name, ledger in self.ledgers.items())

    @property
    def maintenance(self) -> int:
        """What the positions need to be kept."""
        return sum(
            self.needed(name, ledger.maintenance_required) for name, ledger in self.ledgers.items()
        )

    @property
    def initial(self) -> int:
        """What positions and open orders tie up, without spot reserves; haircuts included."""
        is_cross = self.prices is not None
        return sum(
            self.needed(name, ledger.initial_required + is_cross * haircut(name, abs(ledger.funds)))
            for name, ledger in self.ledgers.items()
        )

    @property
    def reserve(self) -> int:
        """What is set aside for open spot orders."""
        return sum(self.needed(name, ledger.spot_reserve) for name, ledger in self.ledgers.items())

    @property
    def available(self) -> int:
        """What new positions may tie up; negative when under water."""
        return self.funds - self.initial - self.reserve

    def withdrawable(self, currency: str) -> int:
        """Return what may leave a currency, in its settlement units, or be paid to others.

        It lies there, is not set aside for a spot order, and leaves nothing new to be lacking. Of
        cross collateral a coin that leaves takes its haircut along, and one that is owed then
        brings another one.
        """
        ledger = self.ledgers.get(currency)
        free = 0 if ledger is None else ledger.balance - ledger.spot_reserve
        available = self.available
        if ledger is None or free <= 0 or available <= 0:
            return 0
        if self.prices is None:
            return min(free, available)
        if self._cost_to_pay(currency, free) <= available:
            return free
        kept_ppm = PPM - haircut(currency, PPM)
        most, held = self.units(currency, available), max(ledger.funds, 0)
        whole = most * PPM // kept_ppm
        if whole > held:
            whole = held + (most * PPM - held * kept_ppm) // (2 * PPM - kept_ppm)
        found = min(whole, free)
        # All of the above is rounded once each, so it is over by a few units at most.
        while self._cost_to_pay(currency, found) > available:
            found -= 1
        return found

    def _cost_to_pay(self, currency: str, units: int) -> int:
        """Return by how much less would be available in cross collateral without some cash."""
        ledger = self.ledgers[currency]
        before, after = (
            self.worth(currency, funds)
            - self.needed(currency, ledger.initial_required + haircut(currency, abs(funds)))
            for funds in (ledger.funds, ledger.funds - units)
        )
        return before - after

    @property
    def lacking(self) -> int:
        """By how much the funds are less than what the positions need; negative if they are not."""
        return self.maintenance - self.funds

    @property
    def is_under_water(self) -> bool:
        """Whether positions have to be reduced."""
        return self.lacking > 0

    @property
    def is_by_verdict(self) -> bool:
        """Whether the need comes from outside, and no part of it belongs to one position."""
        return any(ledger.verdict is not None for ledger in self.ledgers.values())

    @property
    def holdings(self) -> list[Holding]:
        """What is held, by instrument."""
        held = {
            instrument_id: holding
            for ledger in self.ledgers.values()
            for instrument_id, holding in ledger.holdings.items()
            if holding.size
        }
        return [held[instrument_id] for instrument_id in sorted(held)]

    def needed(self, currency: str, units: int) -> int:
        """Return settlement units in the unit of the pool, rounded up."""
        return -self.worth(currency, -units)


def haircut(currency: str, units: int) -> int:
    """Return what does not count of an amount of collateral, rounded up; `units` not negative."""
    return int(divide_up(units * HAIRCUTS_PPM.get(currency, HAIRCUT_OTHER_PPM), PPM))


def pools(state: State, account: Account) -> list[Pool]:
    """Return an account's pools: one for what answers together, then the rest, by currency."""
    currencies = sorted(account.ledgers)
    if account.margin_model is not MarginModel.CROSS:
        return [pool_of(state, account, currency) for currency in currencies]
    together = pool_of(state, account, "USDC")
    alone = [name for name in currencies if name not in together.ledgers]
    return [together, *(pool_of(state, account, currency) for currency in alone)]


def pool_of(
    state: State, account: Account, currency: str, model: MarginModel | None = None
) -> Pool:
    """Return the pool that answers for positions in a currency.

    Args:
        state: With the prices.
        account: Whose.
        currency: In which. One that has no price in dollars stands alone by any model.
        model: To count by another than the account's own.
    """
    is_cross = (model or account.margin_model) is MarginModel.CROSS
    if not is_cross or dollars(state, currency) is None:
        ledger = account.ledgers.get(currency) or Ledger()
        ledger.refresh(state.marks_set)
        return Pool(account, {currency: ledger})
    prices = {name: price for name in CURRENCIES if (price := dollars(state, name)) is not None}
    ledgers = {name: state.ledger(account, name) for name in prices if name in account.ledgers}
    return Pool(account, ledgers, prices)


def without_verdicts(ledgers: Iterable[Ledger]) -> AbstractContextManager[None]:
    """Let ledgers be counted by standard margin for a while, whatever was told of them."""
    return by_verdict(ledgers, None)


@contextmanager
def by_verdict(ledgers: Iterable[Ledger], verdict: Verdict | None) -> Iterator[None]:
    """Let ledgers be counted by a verdict for a while, whatever was told of them."""
    held = [(ledger, ledger.verdict) for ledger in ledgers]
    for ledger, _ in held:
        ledger.verdict = verdict
    try:
        yield
    finally:
        for ledger, before in held:
            ledger.verdict = before


def available(state: State, account: Account, currency: str) -> int:
    """Return what new positions in a currency may tie up, in its settlement units."""
    if account.margin_model is not MarginModel.CROSS:
        return state.ledger(account, currency).available_funds  # the same, on the quick path
    pool = pool_of(state, account, currency)
    return pool.units(currency, pool.available)


def cost_of_loss(state: State, account: Account, currency: str, lost: int) -> int:
    """Return by how much less new positions in a currency may tie up after a loss.

    With cross collateral the haircut follows: what comes in does not count whole, and what is owed
    counts as more.

    Args:
        state: With the prices.
        account: Whose.
        currency: Of the loss.
        lost: Settlement units of it; negative: gained.
    """
    if account.margin_model is not MarginModel.CROSS or dollars(state, currency) is None:
        return lost
    funds = state.ledger(account, currency).funds
    return lost + haircut(currency, abs(funds - lost)) - haircut(currency, abs(funds))


def dollars(state: State, currency: str) -> PriceE8 | None:
    """Return what a currency is worth as collateral, in 1e-8 dollars; None without an index.

    A USDC is a dollar as long as there is no index that says otherwise.
    """
    found = state.indices.get(f"{currency.lower()}_usd")
    return PriceE8(PRICE_SCALE) if found is None and currency == "USDC" else found
