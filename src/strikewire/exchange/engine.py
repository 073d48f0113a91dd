"""The exchange: one command in, its events out; and everything that may be read in between.

Same commands, same numbers, same times: same events and same state, on every machine. The
exchange knows no clock and no chance, and never raises on a command, however foolish.
"""

from collections.abc import Callable, Iterable, Sequence

from strikewire.exchange.accounts.once import recall, remember
from strikewire.exchange.commands import (
    BlockLeg,
    Command,
    CreateCombo,
    FeeKind,
    FeeRates,
    InstrumentState,
    Limits,
    ListInstrument,
    MarginModel,
    Mark,
    Once,
    SelfTrading,
    SettleInstrument,
    Verdict,
)
from strikewire.exchange.dispatch import carried_out, packed_common
from strikewire.exchange.events import (
    AccountView,
    BankruptcyView,
    ComboClosed,
    Event,
    Fill,
    InstrumentListed,
    OrderView,
    PositionView,
    Rejected,
    Settlement,
)
from strikewire.exchange.instruments.combos import combo_of
from strikewire.exchange.liquidation.rounds import is_fund_busy
from strikewire.exchange.liquidation.watch import Watch
from strikewire.exchange.mmp import MmpStatus
from strikewire.exchange.orders.blocks import refuse_proposal
from strikewire.exchange.orders.lane import Lane
from strikewire.exchange.orders.plain_lane import PlainLane
from strikewire.exchange.orders.selftrade import chosen
from strikewire.exchange.state.funding import Funding
from strikewire.exchange.state.hashing import state_hash
from strikewire.exchange.state.margin import PriceBand
from strikewire.exchange.state.records import fill_of, transaction_of
from strikewire.exchange.state.snapshot import dump, load
from strikewire.exchange.state.state import INSURANCE_FUND, State
from strikewire.exchange.state.transactions import Transaction
from strikewire.exchange.state.views import (
    BookView,
    MoneyCheck,
    Summary,
    account_view,
    book_view,
    money,
    position_view,
    summary,
)
from strikewire.model import AccountId, Instrument, InstrumentId, OrderId, PriceE8


class Exchange:
    """The deterministic venue.

    What its reading methods return are copies: they stay as they are when the exchange moves on.
    """

    submit: Callable[[int, bytes], bytes]
    """Carry out packed commands, and return their events as records; see `packed`.

    Args:
        time_ns: When all of them were accepted, in nanoseconds since the Unix epoch; never less
            than that of the commands before.
        batch: Records, one behind the other, each followed by its label.

    Raises:
        ValueError: The batch ends within a record, or has one that is no command. What came before
            it has been carried out.
    """

    replay: Callable[[int, bytes], int]
    """Carry out packed commands as `submit` does, tell nothing, and return how many."""

    def __init__(self) -> None:
        self._take(State())
        self.instruments: dict[InstrumentId, Instrument] = {}
        """Every instrument ever listed, the newest last; not to be changed from outside.

        Without combos that were closed before anybody had used them.
        """

        self.instrument_by_name: dict[str, InstrumentId] = {}

    def apply(self, seq: int, time_ns: int, command: Command) -> tuple[Event, ...]:
        """Carry out a command.

        Args:
            seq: Its number in the journal. The state does not depend on it.
            time_ns: When it was accepted, in nanoseconds since the Unix epoch; never less than
                that of the command before.
            command: Any well-typed command.

        Returns:
            Its events in order. If it was refused, the first is `Rejected`, and the command has
            changed nothing. What ends by its time ends all the same, before the command and
            whatever becomes of it; these events come behind those of the command itself.
        """
        assert seq > 0
        events = self._lane.carry_out(time_ns, command)
        if events is not None:
            return events
        if isinstance(command, Once) and recall(self._state, time_ns, command) is None:
            events = self.apply(seq, time_ns, command.command)
            remember(self._state, time_ns, command, events)
            return events
        return self._apply(time_ns, command)

    def _apply(self, time_ns: int, command: Command) -> tuple[Event, ...]:
        """Carry out a command the common way."""
        events, has_changed = carried_out(self._state, time_ns, command, self._lane)
        if isinstance(command, ListInstrument | CreateCombo | SettleInstrument):
            for event in events:
                if isinstance(event, InstrumentListed):
                    self._index(event.instrument)
                elif isinstance(event, ComboClosed) and event.is_forgotten:
                    one = self.instruments.pop(event.instrument_id)
                    del self.instrument_by_name[one.name]
        if has_changed:
            self._lane.forget(holdings=isinstance(command, SettleInstrument))
        return events

    def snapshot(self) -> bytes:
        """Return the whole state as bytes: equal states give equal bytes."""
        return dump(self._state)

    @classmethod
    def restore(cls, blob: bytes) -> "Exchange":
        """Return the exchange that `snapshot` was taken of.

        Raises:
            SnapshotVersionError: Another version took it.
            msgspec.DecodeError: The bytes are no snapshot.
        """
        exchange = cls()
        exchange._take(load(blob))
        for market in exchange._state.markets.values():
            exchange._index(market.instrument)
        return exchange

    def state_hash(self) -> bytes:
        """Return the BLAKE2b hash of the state, 32 bytes; equal for equal states.

        It costs what is alive and what has ended since the last `NoteState`, not what is archived.
        """
        return state_hash(self._state)

    # Instruments and prices

    def is_open(self, instrument_id: InstrumentId) -> bool:
        """Say whether an instrument is listed and not settled."""
        market = self._state.markets.get(instrument_id)
        return market is not None and market.is_open

    def instrument_state(self, instrument_id: InstrumentId) -> InstrumentState | None:
        """Return what may be done in an instrument's book; None where none was listed.

        A lock of its index, or of the whole venue, is told by `locks`.
        """
        market = self._state.markets.get(instrument_id)
        return market.state if market else None

    @property
    def locks(self) -> frozenset[str]:
        """Indices whose instruments are locked; the empty name stands for the whole venue."""
        return frozenset(self._state.locks)

    @property
    def indices(self) -> dict[str, PriceE8]:
        """Index prices by name; not to be changed from outside."""
        return self._state.indices

    def combo(self, legs: Iterable[tuple[InstrumentId, int]]) -> Instrument | None:
        """Return the combo that is made of some legs, or of their opposites; None without.

        Args:
            legs: Instrument and ratio of each, in any order.
        """
        return combo_of(self._state, tuple(legs))

    def mark(self, instrument_id: InstrumentId) -> Mark | None:
        """Return an instrument's mark, if it has one."""
        market = self._state.markets.get(instrument_id)
        return market.mark if market else None

    @property
    def marks(self) -> dict[InstrumentId, Mark]:
        """Every mark there is, by instrument."""
        return {
            instrument_id: market.mark
            for instrument_id, market in self._state.markets.items()
            if market.mark is not None
        }

    def price_band(self, instrument_id: InstrumentId) -> PriceBand | None:
        """Return the prices that orders may have; None as long as there is no mark."""
        market = self._state.markets.get(instrument_id)
        return market.band if market else None

    # Books and trades

    def book(self, instrument_id: InstrumentId) -> BookView:
        """Return an instrument's aggregated book.

        Raises:
            KeyError: No such instrument was ever listed.
        """
        return book_view(self._state.markets[instrument_id])

    def trades(self, instrument_id: InstrumentId) -> list[Fill]:
        """Return an instrument's last trades, newest last, at most `TRADES_MAX`."""
        market = self._state.markets.get(instrument_id)
        trades = market.trades if market else ()
        return [fill_of(self._state.markets, one) for one in trades]

    # Orders and fills

    def order(self, order_id: OrderId) -> OrderView | None:
        """Return an order, open or closed; None if there was none or it is forgotten."""
        order = self._state.orders.get(order_id) or self._state.conditional.get(order_id)
        return order.view() if order else self._state.orders.closed(order_id)

    def open_orders(
        self, account_id: AccountId, instrument_id: InstrumentId | None = None
    ) -> list[OrderView]:
        """Return an account's orders in the books, oldest first."""
        account = self._state.accounts.get(account_id)
        if account is None:
            return []
        return [
            order.view()
            for order in account.orders.values()
            if instrument_id in (None, order.instrument_id)
        ]

    def conditional_orders(
        self, account_id: AccountId, instrument_id: InstrumentId | None = None
    ) -> list[OrderView]:
        """Return an account's orders that wait outside of the books, oldest first."""
        account = self._state.accounts.get(account_id)
        if account is None:
            return []
        return [
            account.conditional[order_id].view()
            for order_id in sorted(account.conditional)
            if instrument_id in (None, account.conditional[order_id].instrument_id)
        ]

    def closed_orders(self, account_id: AccountId) -> list[OrderView]:
        """Return an account's closed orders, in the order in which they ended."""
        account = self._state.accounts.get(account_id)
        return list(account.closed) if account else []

    def fills(self, account_id: AccountId, instrument_id: InstrumentId | None = None) -> list[Fill]:
        """Return an account's fills, newest last."""
        account = self._state.accounts.get(account_id)
        if account is None:
            return []
        return [
            fill_of(self._state.markets, one)
            for one in account.fills
            if instrument_id in (None, one.instrument_id)
        ]

    def block_refusal(
        self,
        time_ns: int,
        account_id: AccountId,
        legs: Sequence[BlockLeg],
        *,
        is_maker: bool,
        verdict: Verdict | None = None,
    ) -> Rejected | None:
        """Return why an account could not make a block trade now; None if it could.

        Args:
            time_ns: Now, in nanoseconds since the Unix epoch.
            account_id: Who asks; what the other side could is not told.
            legs: With the maker's sides.
            is_maker: Whether the account is the maker.
            verdict: As of `ExecuteBlockTrade`.
        """
        return refuse_proposal(
            self._state, time_ns, account_id, legs, is_maker=is_maker, verdict=verdict
        )

    def order_fills(self, order_id: OrderId) -> list[Fill]:
        """Return the fills of an order that can still be looked up, newest last.

        In a combo those of the combo, each of which tells what its legs were filled at.
        """
        order = self.order(order_id)
        fills = self.fills(order.account_id, order.instrument_id) if order else ()
        return [
            one
            for one in fills
            if order_id in (one.maker.order_id, one.taker.order_id) and one.combo_id is None
        ]

    # Accounts and money

    @property
    def account_ids(self) -> list[AccountId]:
        """The ids of all accounts, ascending, without the insurance fund's."""
        return sorted(key for key in self._state.accounts if key != INSURANCE_FUND)

    @property
    def accounts(self) -> list[AccountView]:
        """Every account, by id; the insurance fund among them once it has had anything."""
        accounts = self._state.accounts
        return [
            account_view(accounts[account_id])
            for account_id in sorted(accounts)
            if account_id != INSURANCE_FUND or not accounts[account_id].is_untouched
        ]

    def account(self, account_id: AccountId) -> AccountView | None:
        """Return an account, if there is one."""
        account = self._state.accounts.get(account_id)
        return account_view(account) if account else None

    def margin_model(self, account_id: AccountId) -> MarginModel | None:
        """Return how an account's margin is counted; None without account."""
        account = self._state.accounts.get(account_id)
        return account.margin_model if account else None

    def limits(
        self, account_id: AccountId | None = None, instrument_id: InstrumentId | None = None
    ) -> Limits | None:
        """Return what was set for an account, or for an instrument; None if it is not there."""
        if account_id is not None:
            account = self._state.accounts.get(account_id)
            return account.limits if account else None
        market = None if instrument_id is None else self._state.markets.get(instrument_id)
        return market.limits if market else None

    def self_trading(self, account_id: AccountId) -> tuple[SelfTrading, bool] | None:
        """Return how an account's orders meet those of its owner; None without account.

        Returns:
            The mode, and whether it is extended to subaccounts; of a subaccount that never chose
            its owner's, where that is extended.
        """
        account = self._state.accounts.get(account_id)
        return chosen(self._state, account) if account else None

    def protections(self, account_id: AccountId) -> list[MmpStatus]:
        """Return an account's market-maker protections, by index and group."""
        account = self._state.accounts.get(account_id)
        protections = account.protections if account else {}
        return [protections[key].status() for key in sorted(protections)]

    def is_locked(self, account_id: AccountId) -> bool:
        """Say whether an account is being liquidated, so that it can place no orders."""
        account = self._state.accounts.get(account_id)
        return account is not None and account.is_locked

    @property
    def in_liquidation(self) -> list[AccountId]:
        """Every account that the next round of liquidation will look after, by id."""
        return self._watch.due()

    def look_over(self, account_ids: Iterable[AccountId]) -> list[AccountId]:
        """Return which of some accounts a round of liquidation would look after, by id."""
        return self._watch.due(account_ids)

    @property
    def is_fund_busy(self) -> bool:
        """Whether the insurance fund has positions to work off, or a debt that somebody can pay."""
        return is_fund_busy(self._state)

    @property
    def is_liquidation_due(self) -> bool:
        """Whether a round of liquidation would find something to do."""
        return self.is_fund_busy or bool(self.in_liquidation)

    def bankruptcies(self, currency: str) -> list[BankruptcyView]:
        """Return what rounds of liquidation found missing in a currency, oldest first."""
        return list(self._state.bankruptcies.get(currency, ()))

    @property
    def portfolio_accounts(self) -> list[AccountId]:
        """Every account with portfolio margin, by id."""
        return sorted(
            account_id
            for account_id, account in self._state.accounts.items()
            if account.margin_model is MarginModel.PORTFOLIO
        )

    def changes(self, account_id: AccountId) -> int:
        """Return how often an account has changed: the `basis` of a verdict that is not stale."""
        account = self._state.accounts.get(account_id)
        return account.changes if account else 0

    def position(self, account_id: AccountId, instrument_id: InstrumentId) -> PositionView | None:
        """Return a position, flat if there is none; None without such account or instrument."""
        account = self._state.accounts.get(account_id)
        market = self._state.markets.get(instrument_id)
        if account is None or market is None:
            return None
        return position_view(self._state, account, market)

    def positions(self, account_id: AccountId) -> list[PositionView]:
        """Return an account's open positions, by instrument."""
        account = self._state.accounts.get(account_id)
        if account is None:
            return []
        held = {
            instrument_id: holding.market
            for ledger in account.ledgers.values()
            for instrument_id, holding in ledger.holdings.items()
            if holding.size
        }
        return [position_view(self._state, account, held[key]) for key in sorted(held)]

    def sizes(self, account_id: AccountId) -> dict[InstrumentId, int]:
        """Return the lots of an account's open positions, signed, valued at nothing."""
        account = self._state.accounts.get(account_id)
        if account is None:
            return {}
        return {
            instrument_id: holding.size
            for ledger in account.ledgers.values()
            for instrument_id, holding in ledger.holdings.items()
            if holding.size
        }

    def summary(
        self, account_id: AccountId, currency: str, model: MarginModel | None = None
    ) -> Summary | None:
        """Return what an account has in a currency, zeros if nothing; None without account.

        Args:
            account_id: Of the account.
            currency: Settlement currency.
            model: To count margin by another model than the account's own.
        """
        account = self._state.accounts.get(account_id)
        return summary(self._state, account, currency, model) if account else None

    def transactions(self, account_id: AccountId, currency: str) -> list[Transaction]:
        """Return what changed an account's balance, newest last, at most `TRANSACTIONS_MAX`."""
        account = self._state.accounts.get(account_id)
        ledger = account.ledgers.get(currency) if account else None
        logged = ledger.transactions if ledger else ()
        return [transaction_of(self._state.markets, one) for one in logged]

    def session_ns(self, currency: str) -> int:
        """Return when the session of a currency began; 0 before the first settlement."""
        return self._state.sessions.get(currency, 0)

    def settlements(self, currency: str) -> list[Settlement]:
        """Return settlements and deliveries of a currency, newest last."""
        return list(self._state.settlements.get(currency, ()))

    def fees(self, account_id: AccountId, currency: str) -> dict[FeeKind, FeeRates]:
        """Return the rates of an account's tiers in a currency, by kind."""
        account = self._state.accounts.get(account_id)
        fees = account.fees if account else {}
        return {kind: rates for (kind, name), rates in sorted(fees.items()) if name == currency}

    def settlement_price(self, instrument_id: InstrumentId) -> PriceE8:
        """Return the mark of a future at the last daily settlement; 0 before the first."""
        market = self._state.markets.get(instrument_id)
        is_future = market is not None and market.instrument.is_future
        return market.settlement_price if market and is_future else PriceE8(0)

    def funding(self, instrument_id: InstrumentId) -> Funding | None:
        """Return the funding of a perpetual as of its last mark; None elsewhere."""
        market = self._state.markets.get(instrument_id)
        return market.funding.copy() if market and market.funding else None

    def open_interest(self, instrument_id: InstrumentId) -> int:
        """Return the lots that are held long, which are as many as are held short."""
        market = self._state.markets.get(instrument_id)
        return market.open_interest if market else 0

    def money(self, currency: str) -> MoneyCheck:
        """Count all money of a currency, from both ends."""
        return money(self._state, currency)

    def _take(self, state: State) -> None:
        self._state = state
        self._lane = self._lane_of(state)
        self._watch = Watch(state)
        # The lane's own methods: a call of one command is felt.
        self.submit, self.replay = self._lane.submit, self._lane.replay

    @staticmethod
    def _lane_of(state: State) -> PlainLane:
        """Return what carries out the common commands."""
        return Lane(state, packed_common)

    def _index(self, instrument: Instrument) -> None:
        instrument_id = InstrumentId(instrument.instrument_id)
        self.instruments[instrument_id] = instrument
        self.instrument_by_name[instrument.name] = instrument_id
