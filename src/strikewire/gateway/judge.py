"""What accounts with portfolio margin would need: worked out in floats, told in whole units.

Theory of operation. The exchange counts in integers and keeps no scenario. This is the seam: before
a command of an account with portfolio margin is submitted, the judge reads the exchange as it is,
adds what the command would do, prices the scenarios (`pricing.RiskMatrix`) and writes the result
into the command as a `Verdict`. Its `basis` is the account's count of changes, so a verdict that
something has overtaken is refused by the exchange and not believed. Requirements are told anew once
a second when marks have moved, and ten times a second of accounts whose orders or positions have
changed; whoever asks in between gets what will be told.

Open orders are judged by the worst of four: none of them fills, all buyers, all sellers, all. One
in a combo fills in all its legs at once, or in none.
(Ours: the public pages do not say how they count.)
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from msgspec import Struct, structs

from strikewire.exchange import (
    BlockLeg,
    Command,
    EditOrder,
    Event,
    Exchange,
    ExecuteBlockTrade,
    Liquidate,
    MarginModel,
    Mark,
    MarksChanged,
    MassQuote,
    Once,
    OrderEvent,
    PlaceOrder,
    PositionChanged,
    SetVerdicts,
    Summary,
    Transfer,
    Verdict,
    Withdraw,
)
from strikewire.marketdata import IV_E4_PER_ONE
from strikewire.model import (
    CURRENCIES,
    PRICE_SCALE,
    AccountId,
    Instrument,
    InstrumentId,
    Lots,
    OptionType,
    OrderId,
    Side,
    Units,
    lots_to_amount,
)
from strikewire.pricing import (
    MarginRules,
    PortfolioMargin,
    RiskInstrument,
    RiskMatrix,
    years_to_expiry,
)

_COINS: Final[Mapping[str, MarginRules]] = {
    "ETH": MarginRules(price_range=0.18, volatility_up=0.4, delta_shock_growth=0.000_004),
}
_MONEYS: Final[Mapping[str, Mapping[str, float]]] = {
    "BTC": {"extended_dampener": 100_000.0, "move_risk": 0.075, "move_risk_min": 0.01},
    "ETH": {"extended_dampener": 200_000.0, "move_risk": 0.05, "move_risk_min": 0.005},
    "USDC": {"extended_dampener": 25_000.0, "move_risk": 0.1, "move_risk_min": 0.01},
}


def rules_of(base_currency: str, settlement_currency: str) -> MarginRules:
    """Return the parameters of portfolio margin for instruments of a coin.

    How far its price moves is the coin's own; what is forgiven, and how far forwards move by
    themselves, is a matter of the money that is paid in. Coins not known here move as BTC does.

    Source: Deribit API v2, `private/pme/simulate`: `currency_pair` and `currency` of the model's
    parameters, of June 2024 for BTC and USD (the reference's example), of February 2026 for ETH.
    """
    coin = _COINS.get(base_currency, MarginRules())
    return structs.replace(coin, **_MONEYS[settlement_currency])


_NOTHING: Final[Mapping[InstrumentId, int]] = MappingProxyType({})


class _Book(Struct):
    """The instruments of one index that settle in one currency."""

    index_name: str
    matrix: RiskMatrix
    rows: dict[InstrumentId, int]
    instruments: list[Instrument]


class Simulated(Struct, frozen=True):
    """What positions on one index would need, and all that it was made of.

    Attributes:
        index_name: Of the index.
        index: Its price.
        coin: The base currency.
        currency: They settle in.
        rules: The parameters.
        positions: Instruments, sizes in coins and marks.
        gains: Of each of them, what counts in each scenario; settlement currency.
        total: The sums of those.
        counted: The losses among those, less what is forgiven.
        margin: What is needed.
    """

    index_name: str
    index: float
    coin: str
    currency: str
    rules: MarginRules
    positions: Sequence[tuple[Instrument, float, float]]
    gains: Sequence[Sequence[float]]
    total: Sequence[float]
    counted: Sequence[float]
    margin: PortfolioMargin


class Judge:
    """The machine above.

    Args:
        exchange: Read only.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._books: dict[tuple[str, str], _Book] = {}
        self._known = (0, 0)  # how many instruments the books were made of, and the newest
        self._marked: dict[InstrumentId, Mark] = {}
        self._told: dict[tuple[AccountId, str], Verdict] = {}
        self._has_moved = False
        self._changed: set[AccountId] = set()  # since the last verdicts; of any margin model

    def hear(self, events: Iterable[Event]) -> None:
        """Take note of new marks and changed accounts; every command's events must pass here."""
        for event in events:
            if isinstance(event, OrderEvent):
                self._changed.add(event.order.account_id)
            elif isinstance(event, PositionChanged):
                self._changed.add(event.position.account_id)
            elif isinstance(event, MarksChanged):
                self._marked.update((mark.instrument_id, mark) for mark in event.marks)
                self._has_moved = True

    def judged(self, now_ns: int, command: Command) -> Command:
        """Return a command with the verdict that it needs, or as it is if it needs none.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            command: Of any kind; only orders of accounts with portfolio margin are judged, and
                what they withdraw or transfer.
        """
        if isinstance(command, Once):
            return structs.replace(command, command=self.judged(now_ns, command.command))
        if isinstance(command, ExecuteBlockTrade):
            maker, taker = (
                self.block_verdict(now_ns, account_id, command.legs, is_maker=is_maker)
                for account_id, is_maker in ((command.maker_id, True), (command.taker_id, False))
            )
            return structs.replace(command, maker_verdict=maker, taker_verdict=taker)
        if isinstance(command, Withdraw | Transfer):
            payer = command.account_id if isinstance(command, Withdraw) else command.source
            if not self._is_judged(payer) or command.currency not in CURRENCIES:
                return command
            verdict = self.verdict(now_ns, payer, command.currency)
            return structs.replace(command, verdict=verdict)
        if not isinstance(command, PlaceOrder | EditOrder | MassQuote):
            return command
        if self._exchange.margin_model(command.account_id) is not MarginModel.PORTFOLIO:
            return command
        if isinstance(command, MassQuote):
            return self._judged_quotes(now_ns, command)
        if isinstance(command, PlaceOrder):
            freed: Collection[OrderId] = ()
            more = (command.instrument_id, command.side, command.amount)
        else:
            order = self._exchange.order(command.order_id)
            if order is None:
                return command
            wanted = Lots(max(0, command.amount - order.filled))
            freed, more = (command.order_id,), (order.instrument_id, order.side, wanted)
        instrument = self._exchange.instruments.get(more[0])
        if instrument is None:
            return command
        is_sale = instrument.is_spot and more[1] is Side.SELL
        currency = instrument.base_currency if is_sale else instrument.settlement_currency
        verdict = self.verdict(now_ns, command.account_id, currency, more=[more], freed=freed)
        return structs.replace(command, verdict=verdict)

    def _judged_quotes(self, now_ns: int, command: MassQuote) -> MassQuote:
        """Return a mass quote with what is needed when all of it is in place, by currency."""
        standing = {
            (view.instrument_id, view.side): view
            for view in self._exchange.open_orders(command.account_id)
            if view.mmp is not None and view.mmp.is_quote and view.mmp.group == command.mmp_group
        }
        freed: set[OrderId] = set()
        more: dict[tuple[InstrumentId, Side], Lots] = {}
        for quote in command.quotes:
            for side, wish in ((Side.BUY, quote.bid), (Side.SELL, quote.ask)):
                if wish is None:
                    continue
                key = (quote.instrument_id, side)
                view = standing.get(key)
                if view is not None:
                    freed.add(view.order_id)
                before = more.get(key, view.remaining if view else Lots(0))
                more[key] = before if wish.amount is None else Lots(max(wish.amount, 0))
        instruments = self._exchange.instruments
        wanted = [(key, side, lots) for (key, side), lots in more.items() if key in instruments]
        currencies = {instruments[key].settlement_currency for key, _, _ in wanted}
        verdicts = tuple(
            (one, self.verdict(now_ns, command.account_id, one, more=wanted, freed=freed))
            for one in sorted(currencies)
        )
        return structs.replace(command, verdicts=verdicts)

    def block_verdict(
        self, now_ns: int, account_id: AccountId, legs: Sequence[BlockLeg], *, is_maker: bool
    ) -> Verdict | None:
        """Return what an account would need with a block trade; None without portfolio margin.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_id: Of one of the two.
            legs: With the maker's sides.
            is_maker: Whether it is the maker.
        """
        if not self._is_judged(account_id):
            return None
        instrument = self._exchange.instruments.get(legs[0].instrument_id) if legs else None
        if instrument is None:
            return None
        sign = 1 if is_maker else -1
        traded = {leg.instrument_id: sign * leg.side * leg.amount for leg in legs}
        currency = instrument.settlement_currency
        return self.verdict(now_ns, account_id, currency, traded=traded)

    def verdict(
        self,
        now_ns: int,
        account_id: AccountId,
        currency: str,
        *,
        more: Iterable[tuple[InstrumentId, Side, Lots]] = (),
        freed: Collection[OrderId] = (),
        traded: Mapping[InstrumentId, int] = _NOTHING,
    ) -> Verdict:
        """Return what an account would need in a currency.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_id: Of an account.
            currency: Settlement currency.
            more: Orders that would come in.
            freed: Open orders whose places those take.
            traded: Signed lots that the account would hold beside what it holds.
        """
        basis = self._exchange.changes(account_id)
        self._refresh(now_ns)
        initial = maintenance = 0.0
        orders = [*self._orders(account_id, freed), *more]
        for book in self._of(currency):
            held = self._held(account_id, book)
            for instrument_id, lots in traded.items():
                row = book.rows.get(instrument_id)
                if row is not None:
                    amount = lots_to_amount(book.instruments[row], Lots(lots))
                    held[row] = held.get(row, 0.0) + amount
            buying: dict[int, float] = {}
            selling: dict[int, float] = {}
            for instrument_id, side, lots in orders:
                sizes = buying if side is Side.BUY else selling
                for leg_id, ratio in self._legs(instrument_id):
                    row = book.rows.get(leg_id)
                    if row is not None:
                        amount = lots_to_amount(book.instruments[row], lots)
                        sizes[row] = sizes.get(row, 0.0) + side * ratio * amount
            needs = [
                _margin(book, held, *parts).initial
                for parts in ((), (buying,), (selling,), (buying, selling))
            ]
            initial += max(needs)
            maintenance += _margin(book, held).maintenance
        return Verdict(basis, _units(currency, initial), _units(currency, maintenance))

    def simulate(
        self,
        now_ns: int,
        account_id: AccountId,
        currency: str,
        sizes: Mapping[InstrumentId, float],
        *,
        add_positions: bool,
    ) -> PortfolioMargin:
        """Return the margin of positions that somebody thinks of; nothing is changed.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_id: Of an account.
            currency: Settlement currency.
            sizes: Amounts by instrument: dollars of inverse futures, coins elsewhere.
            add_positions: Whether they come to those held, or stand in their place.
        """
        self._refresh(now_ns)
        total = PortfolioMargin(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for book in self._of(currency):
            thought = {book.rows[key]: size for key, size in sizes.items() if key in book.rows}
            found = book.matrix.simulate(
                self._held(account_id, book), thought, add_positions=add_positions
            )
            total = PortfolioMargin(*map(sum, zip(total, found, strict=True)))
        return total

    def simulated(
        self,
        now_ns: int,
        account_id: AccountId,
        currency: str,
        coins: Mapping[InstrumentId, float],
        *,
        add_positions: bool,
    ) -> list[Simulated]:
        """Return what `simulate` counts, by index; those without positions are left out.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_id: Of an account.
            currency: Settlement currency.
            coins: Sizes in coins by instrument, also of inverse futures.
            add_positions: Whether they come to those held, or stand in their place.
        """
        self._refresh(now_ns)
        found = []
        for book in self._of(currency):
            index = self._exchange.indices.get(book.index_name)
            sizes = self._held(account_id, book) if add_positions else {}
            for key, size in coins.items():
                row = book.rows.get(key)
                if row is not None:
                    sizes[row] = sizes.get(row, 0.0) + size * self._contracts_of_a_coin(book, row)
            if index is not None and sizes:
                found.append(self._simulated(book, currency, index / PRICE_SCALE, sizes))
        return found

    def _simulated(
        self, book: _Book, currency: str, index: float, sizes: Mapping[int, float]
    ) -> Simulated:
        rows, matrix = list(sizes), book.matrix
        held = np.array([sizes[row] for row in rows])
        gains = matrix.vectors()[rows] * held[:, np.newaxis]
        total = gains.sum(axis=0)
        positions = [
            (
                book.instruments[row],
                sizes[row] / self._contracts_of_a_coin(book, row),
                self._mark_price(book, row),
            )
            for row in rows
        ]
        return Simulated(
            index_name=book.index_name,
            index=index,
            coin=book.instruments[0].base_currency,
            currency=currency,
            rules=matrix.rules,
            positions=positions,
            gains=gains.tolist(),
            total=total.tolist(),
            counted=np.minimum(total + matrix.forgiven, 0.0).tolist(),
            margin=matrix.account(rows, held).margin(),
        )

    def _contracts_of_a_coin(self, book: _Book, row: int) -> float:
        """Return what a coin of an instrument is in its sizes: dollars of an inverse future."""
        one = book.instruments[row]
        return self._mark_price(book, row) or 1.0 if one.is_future and one.is_inverse else 1.0

    def _mark_price(self, book: _Book, row: int) -> float:
        mark = self._exchange.marks.get(InstrumentId(book.instruments[row].instrument_id))
        return mark.price / PRICE_SCALE if mark is not None else 0.0

    def verdicts(self, now_ns: int, *, of_all: bool = True) -> SetVerdicts | None:
        """Return what accounts with portfolio margin need now; None if as before.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            of_all: Of all of them, if marks have moved; else only of those that have changed.
        """
        if not self._changed and not (of_all and self._has_moved):
            return None
        changed, self._changed = self._changed, set()
        if of_all and self._has_moved:
            self._has_moved = False
            account_ids = self._exchange.portfolio_accounts
        else:
            account_ids = sorted(one for one in changed if self._is_judged(one))
        news = []
        for account_id in account_ids:
            for currency in CURRENCIES:
                verdict = self.verdict(now_ns, account_id, currency)
                if self._told.get((account_id, currency)) != verdict:
                    self._told[account_id, currency] = verdict
                    news.append((account_id, currency, verdict))
        return SetVerdicts(tuple(news)) if news else None

    def summary(self, now_ns: int, account_id: AccountId, currency: str) -> Summary | None:
        """Return what an account has in a currency; None without such an account.

        With portfolio margin, what it needs since its last change counts, told or not.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_id: Of any account.
            currency: Settlement currency.
        """
        found = self._exchange.summary(account_id, currency)
        if found is None or account_id not in self._changed or not self._is_judged(account_id):
            return found
        verdict = self.verdict(now_ns, account_id, currency)
        available = found.equity - verdict.initial - found.spot_reserve
        free_balance = found.balance - found.spot_reserve
        return structs.replace(
            found,
            initial_margin=Units(verdict.initial + found.spot_reserve),
            projected_initial_margin=verdict.initial,
            maintenance_margin=verdict.maintenance,
            available_funds=Units(available),
            available_withdrawal_funds=Units(max(min(available, free_balance), 0)),
        )

    def _is_judged(self, account_id: AccountId) -> bool:
        return self._exchange.margin_model(account_id) is MarginModel.PORTFOLIO

    def round(self, now_ns: int, account_ids: Sequence[AccountId]) -> Liquidate | None:
        """Return a round of liquidation with the verdicts that it needs; None if none is due.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            account_ids: Those that are below maintenance margin, or locked.
        """
        if not account_ids and not self._exchange.is_fund_busy:
            return None
        verdicts = [
            (account_id, currency, self.verdict(now_ns, account_id, currency))
            for account_id in account_ids
            if self._is_judged(account_id)
            for currency in CURRENCIES
        ]
        return Liquidate(tuple(verdicts), tuple(account_ids))

    def _of(self, currency: str) -> Iterator[_Book]:
        return (book for (name, _), book in sorted(self._books.items()) if name == currency)

    def _held(self, account_id: AccountId, book: _Book) -> dict[int, float]:
        return {
            row: lots_to_amount(book.instruments[row], Lots(lots))
            for instrument_id, lots in self._exchange.sizes(account_id).items()
            if (row := book.rows.get(instrument_id)) is not None
        }

    def _orders(
        self, account_id: AccountId, freed: Collection[OrderId]
    ) -> Iterator[tuple[InstrumentId, Side, Lots]]:
        for order in self._exchange.open_orders(account_id):
            if order.order_id not in freed:
                yield order.instrument_id, order.side, Lots(order.amount - order.filled)

    def _legs(self, instrument_id: InstrumentId) -> list[tuple[InstrumentId, int]]:
        """Return what an order trades in, each with its ratio: an instrument, or a combo's legs."""
        instrument = self._exchange.instruments.get(instrument_id)
        legs = instrument.legs if instrument else ()
        found = [(InstrumentId(leg.instrument_id), leg.ratio) for leg in legs]
        return found or [(instrument_id, 1)]

    def _refresh(self, now_ns: int) -> None:
        """Bring the books up to date with the instruments and marks of the exchange."""
        if self._known != _extent(self._exchange.instruments):
            self._rebuild()
        marked, self._marked = self._marked, {}
        for book in self._books.values():
            index = self._exchange.indices.get(book.index_name)
            if index is None:
                continue
            news = [(row, marked[key]) for key, row in book.rows.items() if key in marked]
            if news:
                rows, marks = zip(*news, strict=True)
                instruments = [book.instruments[row] for row in rows]
                book.matrix.mark(
                    rows,
                    forwards=[
                        (mark.underlying if one.is_option else mark.price) / PRICE_SCALE
                        for one, mark in zip(instruments, marks, strict=True)
                    ],
                    sigmas=[mark.iv_e4 / IV_E4_PER_ONE for mark in marks],
                    values=[mark.price / PRICE_SCALE for mark in marks],
                    years=[_years(now_ns, one) for one in instruments],
                )
            book.matrix.refresh(index / PRICE_SCALE)

    def _rebuild(self) -> None:
        self._known = _extent(self._exchange.instruments)
        self._marked = dict(self._exchange.marks)
        grouped: dict[tuple[str, str], list[Instrument]] = {}
        for one in self._exchange.instruments.values():
            if not (one.is_spot or one.is_combo):
                grouped.setdefault((one.settlement_currency, one.price_index), []).append(one)
        self._books = {
            (currency, index_name): _Book(
                index_name,
                RiskMatrix(
                    [_risk(one) for one in instruments],
                    is_inverse=instruments[0].is_inverse,
                    rules=rules_of(instruments[0].base_currency, currency),
                ),
                {InstrumentId(one.instrument_id): row for row, one in enumerate(instruments)},
                instruments,
            )
            for (currency, index_name), instruments in grouped.items()
        }


def _extent(instruments: dict[InstrumentId, Instrument]) -> tuple[int, int]:
    """Return what differs where another instrument was listed or forgotten, whatever became of it.

    How many there are does not: one may have come as another went.
    """
    return len(instruments), next(reversed(instruments), 0)


def _margin(book: _Book, held: Mapping[int, float], *parts: Mapping[int, float]) -> PortfolioMargin:
    sizes = dict(held)
    for part in parts:
        for row, size in part.items():
            sizes[row] = sizes.get(row, 0.0) + size
    return book.matrix.account(list(sizes), list(sizes.values())).margin()


def _units(currency: str, amount: float) -> Units:
    """Return an amount in whole settlement units, rounded up: a fraction is needed whole."""
    return Units(math.ceil(amount * 10 ** CURRENCIES[currency].decimals))


def _risk(one: Instrument) -> RiskInstrument:
    return RiskInstrument(
        expiry_ns=one.expiry_ns or 0,
        strike=float(one.strike or 0),
        is_call=one.option_type is not OptionType.PUT,
    )


def _years(now_ns: int, one: Instrument) -> float:
    return 0.0 if one.expiry_ns is None else years_to_expiry(now_ns, one.expiry_ns)
