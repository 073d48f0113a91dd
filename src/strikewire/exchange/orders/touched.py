"""What a command has touched, until its end: margin to work out anew, changes to tell.

An account's orders or position in an instrument may change many times within one command; readers
hear once how all of it ended, and margin is worked out when somebody is about to look at it.
"""

from strikewire.exchange.events import BalanceChanged, Event, PositionChanged
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account, State
from strikewire.exchange.state.views import position_view
from strikewire.model import AccountId, InstrumentId


class Touched:
    """The orders, positions and balances that one command has changed so far."""

    __slots__ = ("_balances", "_holdings", "_markets", "_positions", "_uncut", "_unvalued")

    def __init__(self) -> None:
        self._holdings: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._positions: set[tuple[AccountId, InstrumentId]] = set()
        self._uncut: set[tuple[AccountId, InstrumentId]] = set()
        self._unvalued: dict[tuple[AccountId, InstrumentId], tuple[Account, Holding]] = {}
        self._balances: dict[tuple[AccountId, str], None] = {}
        self._markets: dict[InstrumentId, Market] = {}

    def add_orders(self, account: Account, market: Market) -> None:
        """Note that an account's orders in an instrument have changed, or its position."""
        instrument_id = market.instrument_id
        for leg in market.legs:
            self.add_orders(account, leg.market)
        key = (account.account_id, instrument_id)
        if key not in self._holdings:
            self._holdings[key] = (account, account.holding(market))
            self._markets[instrument_id] = market
        self._unvalued[key] = self._holdings[key]

    def add_valued(self, account: Account, market: Market) -> None:
        """Note that an account's orders in an instrument have changed, and its margin with them."""
        key = (account.account_id, market.instrument_id)
        if key not in self._holdings:
            self._holdings[key] = (account, account.holding(market))
            self._markets[market.instrument_id] = market

    @property
    def is_valued(self) -> bool:
        """Whether margin is up to date."""
        return not self._unvalued

    def add_position(self, account: Account, market: Market) -> None:
        """Note that an account's position in an instrument has changed, to be announced."""
        self.add_orders(account, market)
        key = (account.account_id, market.instrument_id)
        self._positions.add(key)
        self._uncut.add(key)

    def add_balance(self, account: Account, currency: str) -> None:
        """Note that an account's cash in a currency has changed, to be announced."""
        self._balances[account.account_id, currency] = None

    def has(self, account: Account, market: Market) -> bool:
        """Say whether an account's orders or position in an instrument have changed."""
        return (account.account_id, market.instrument_id) in self._holdings

    def take_uncut(self) -> list[Holding]:
        """Return where positions have changed since this was last asked, by account and id."""
        uncut, self._uncut = sorted(self._uncut), set()
        return [self._holdings[key][1] for key in uncut]

    def revalue(self) -> None:
        """Work margin out anew where something has changed since this was last done."""
        for account, holding in self._unvalued.values():
            account.ledger(holding.market.contract.currency).revalue(holding)
        self._unvalued.clear()

    def tell(self, state: State) -> list[Event]:
        """Count the changes of accounts, and return the events of all changes.

        Positions come first and balances next, each by account; then levels, book by book in the
        order in which they were touched.
        """
        for account_id in {account_id for account_id, _ in self._holdings}:
            state.accounts[account_id].changes += 1
        events: list[Event] = []
        for key in sorted(self._positions):
            account, holding = self._holdings[key]
            events.append(PositionChanged(position_view(state, account, holding.market)))
        events += [BalanceChanged(*key) for key in sorted(self._balances)]
        for instrument_id, market in self._markets.items():
            events += market.book.take_changes(instrument_id)
            assert not market.book.is_crossed()
        return events

    def forget_settled(self) -> None:
        """Drop the holdings of an instrument that has just been settled."""
        for account, holding in self._holdings.values():
            if not holding.market.is_open:
                account.ledger(holding.market.contract.currency).drop(holding)
