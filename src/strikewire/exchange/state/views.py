"""What may be read of the state: positions, summaries, books and the money of the venue."""

import msgspec

from strikewire.exchange.commands import MarginModel
from strikewire.exchange.events import AccountView, PositionView
from strikewire.exchange.state.ledgers import Holding, Ledger
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.pools import Pool, pool_of, without_verdicts
from strikewire.exchange.state.state import Account, State, Treasury
from strikewire.model import AccountId, InstrumentId, Lots, PriceE8, Ticks, Units


class CrossTotal(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What an account with cross collateral has in all currencies, in millionths of a dollar."""

    equity: int
    margin_balance: int
    initial_margin: int
    """Haircuts and spot reserves included."""

    maintenance_margin: int


class Summary(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What an account has in one currency, valued at the last marks; all in its units.

    With cross collateral, margin balance, margins and available funds are those of all currencies
    together, in units of this one; the rest is of this one alone.
    """

    account_id: AccountId
    currency: str
    balance: Units
    """Cash paid in, less what was paid out, and premiums, fees and deliveries."""

    session_rpl: Units
    """Realised profit of futures, funding included, that has not been moved to the balance."""

    session_upl: Units
    """Profit of open futures at the mark."""

    equity: Units
    """balance + session_rpl + session_upl + options_value."""

    margin_balance: Units
    """balance + session_rpl + session_upl."""

    initial_margin: Units
    """Of positions and open orders, spot reserve included."""

    maintenance_margin: Units
    available_funds: Units
    """margin_balance - initial_margin, with portfolio margin equity - initial_margin; negative
    when under water."""

    available_withdrawal_funds: Units
    """What may leave: the lesser of available funds and free balance, at least 0."""

    projected_initial_margin: Units
    """Of positions alone, without open orders; with portfolio margin the same as with them."""

    spot_reserve: Units
    """Set aside for open spot orders."""

    options_value: Units
    """Worth of long options less that of short ones, at the mark."""

    futures_session_rpl: Units
    futures_session_upl: Units
    options_session_rpl: Units
    """Realised on options; already in the balance."""

    options_session_upl: Units
    """Options' value less the premiums paid for them; shown, not part of `session_upl`."""

    fees_paid: Units
    """All fees since the account was opened."""

    session_funding: Units
    """What of `session_rpl` is funding, up to the last mark; negative where it was paid."""

    total: CrossTotal | None = None
    """Of all currencies, with cross collateral."""


class BookView(msgspec.Struct, frozen=True, array_like=True):
    """The public side of a book: aggregated levels, best first."""

    instrument_id: InstrumentId
    bids: list[tuple[Ticks, Lots]]
    asks: list[tuple[Ticks, Lots]]
    change_id: int


class MoneyCheck(msgspec.Struct, frozen=True, kw_only=True):
    """All money of one currency, from both ends. The two ends are equal, to the last unit, always.

    Every fill moves the same integer from one side to the other, fees go to the venue, and so
    do the fractions that are left over when a settlement is rounded.
    """

    currency: str
    deposits: Units
    withdrawals: Units
    balances: Units
    """Of all accounts but the insurance fund."""

    insurance: Units
    """Cash of the insurance fund; negative while it is in debt."""

    session_rpl: Units
    funding: Units
    """Of perpetuals, on its way from one side to the other."""

    entry_values: Units
    """What the open futures were entered at, with the sign of what closing them has to return."""

    fees: Units
    rounding: Units
    """Fractions of a unit that settlements left to the venue."""

    @property
    def difference(self) -> int:
        """Money that appeared from nowhere; 0, or the clearing has a fault."""
        cash = self.balances + self.insurance + self.session_rpl + self.entry_values
        inside = cash + self.funding + self.fees + self.rounding
        return inside - (self.deposits - self.withdrawals)

    @property
    def is_conserved(self) -> bool:
        """Whether every unit that is inside once came in."""
        return self.difference == 0


def account_view(account: Account) -> AccountView:
    """Return an account without its money."""
    held = sorted(name for name, ledger in account.ledgers.items() if not ledger.is_empty)
    return AccountView(
        account_id=account.account_id,
        name=account.name,
        opened_ns=account.opened_ns,
        currencies=tuple(held),
        owner=account.owner,
    )


def position_view(state: State, account: Account, market: Market) -> PositionView:
    """Return an account's position in an instrument, valued at its mark; flat if it has none."""
    contract, mark, holding = market.contract, market.mark, account.find_holding(market)
    if holding is None:
        holding = Holding(market)
        holding.revalue()
    elif holding.valued_at != market.marked:
        account.ledger(contract.currency).revalue(holding)
    position = holding.position
    profit = holding.option_profit if contract.is_option else holding.profit
    return PositionView(
        account_id=account.account_id,
        instrument_id=market.instrument_id,
        currency=contract.currency,
        size=Lots(position.size),
        average_price=PriceE8(position.average_price),
        value=Units(abs(profit - position.entry_value)),
        realized=Units(position.realized + holding.funding),
        floating=Units(profit),
        initial_margin=Units(holding.position_margin),
        maintenance_margin=Units(holding.maintenance_margin),
        open_orders_margin=Units(holding.initial_margin - holding.position_margin),
        mark=mark.price if mark else PriceE8(0),
        index=state.indices.get(market.instrument.price_index, PriceE8(0)),
        funding=Units(position.funding + holding.funding),
        settlement_price=market.settlement_price,
    )


def summary(
    state: State, account: Account, currency: str, model: MarginModel | None = None
) -> Summary:
    """Return what an account has in a currency, valued at the last marks.

    Args:
        state: With the marks.
        account: Whose.
        currency: In which.
        model: To count margin by another than the account's own.
    """
    pool = pool_of(state, account, currency, model)
    if model in (MarginModel.STANDARD, MarginModel.CROSS):
        with without_verdicts(pool.ledgers.values()):
            return _summary(pool, currency)
    return _summary(pool, currency)


def _summary(pool: Pool, currency: str) -> Summary:
    ledger = pool.ledgers.get(currency) or Ledger()
    is_cross = pool.prices is not None
    available = pool.units(currency, pool.available)
    initial = pool.units(currency, pool.initial + pool.reserve)
    positions = ledger.position_margin if ledger.verdict is None else ledger.verdict.initial
    return Summary(
        account_id=pool.account.account_id,
        currency=currency,
        balance=Units(ledger.balance),
        session_rpl=Units(ledger.session_rpl + ledger.funding),
        session_upl=Units(ledger.profit),
        equity=Units(ledger.equity),
        margin_balance=Units(
            pool.units(currency, pool.funds) if is_cross else ledger.margin_balance
        ),
        initial_margin=Units(initial),
        maintenance_margin=Units(pool.units(currency, pool.maintenance)),
        available_funds=Units(available),
        available_withdrawal_funds=Units(pool.withdrawable(currency)),
        projected_initial_margin=Units(initial if is_cross else positions),
        spot_reserve=Units(ledger.spot_reserve),
        options_value=Units(ledger.option_value),
        futures_session_rpl=Units(ledger.session_rpl + ledger.funding),
        futures_session_upl=Units(ledger.profit),
        options_session_rpl=Units(ledger.options_session_rpl),
        options_session_upl=Units(ledger.option_profit),
        fees_paid=Units(ledger.fees_paid),
        session_funding=Units(ledger.session_funding + ledger.funding),
        total=_total(pool) if is_cross else None,
    )


def _total(pool: Pool) -> CrossTotal:
    return CrossTotal(
        equity=pool.equity,
        margin_balance=pool.funds,
        initial_margin=pool.initial + pool.reserve,
        maintenance_margin=pool.maintenance,
    )


def book_view(market: Market) -> BookView:
    """Return the public side of a book."""
    return BookView(
        market.instrument_id,
        market.book.bids.depth(),
        market.book.asks.depth(),
        market.book.change_id,
    )


def money(state: State, currency: str) -> MoneyCheck:
    """Count all money of a currency, from both ends."""
    treasury = state.treasuries.get(currency) or Treasury()
    ledgers = [
        ledger
        for account in state.accounts.values()
        if (ledger := account.ledgers.get(currency)) is not None
    ]
    entry_values = sum(
        holding.position.entry_value
        for ledger in ledgers
        for holding in ledger.holdings.values()
        # The premium of an option is paid when it trades: nothing of it is still to come.
        if holding.market.instrument.is_future
    )
    fund = state.fund.ledgers.get(currency) or Ledger()
    return MoneyCheck(
        currency=currency,
        deposits=Units(treasury.deposits),
        withdrawals=Units(treasury.withdrawals),
        balances=Units(sum(ledger.balance for ledger in ledgers) - fund.balance),
        insurance=Units(fund.balance),
        session_rpl=Units(sum(ledger.session_rpl for ledger in ledgers)),
        entry_values=Units(entry_values),
        fees=Units(treasury.fees),
        rounding=Units(treasury.rounding),
        funding=Units(treasury.funding),
    )
