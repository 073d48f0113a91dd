"""Portfolio margin: what an account would lose, at worst, in 27 + 8 scenarios.

Theory of operation. `RiskMatrix` keeps one row for each instrument of a coin: what one of it gains
in each scenario, priced anew by Black-76. An account's gain in a scenario is the sum of its
positions' rows, so the matrix is made once for everybody, and an account costs as many additions as
it has positions, and one order 35. New marks are only noted; `refresh` revalues what has changed.

Which scenarios there are, and what is charged beside them, say the `margin_rules`.

An expiry in its last half hour is partly averaged already: it takes part in as much of a move as is
left of the window.

Source: Deribit, "Portfolio margin" (support article 25944756247837), and the answer that the
reference of `private/pme/simulate` shows, whose numbers a test makes again from its positions.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from strikewire.pricing.black76 import NS_PER_YEAR
from strikewire.pricing.chain import chain
from strikewire.pricing.columns import Doubles, columns_of
from strikewire.pricing.delivery import DELIVERY_WINDOW_NS
from strikewire.pricing.kernels import scenarios as kernel
from strikewire.pricing.margin_rules import SAME, MarginRules

Rows = NDArray[np.int64]

_FORWARDS, _SIGMAS, _VALUES, _YEARS = range(4)
_WINDOW_YEARS: Final = DELIVERY_WINDOW_NS / NS_PER_YEAR


def _shares(years: Doubles) -> Doubles:
    """Return how much of a move each expiry still takes part in: see `delivery.share_left`.

    What never expires takes part in all of it.
    """
    return np.where(years > 0.0, np.minimum(years / _WINDOW_YEARS, 1.0), 1.0)


class RiskInstrument(Struct, frozen=True):
    """What the matrix must know of an instrument.

    Attributes:
        expiry_ns: Nanoseconds since the Unix epoch; 0 for a perpetual.
        strike: Quote currency; 0.0 for a future.
        is_call: Of an option.
    """

    expiry_ns: int
    strike: float = 0.0
    is_call: bool = True

    @property
    def is_option(self) -> bool:
        """Whether it has a strike."""
        return self.strike > 0.0


class PortfolioMargin(NamedTuple):
    """What an account must hold, in settlement currency: coin for inverse instruments.

    Attributes:
        initial: To open positions; the sum of loss, roll and shock.
        maintenance: To keep them.
        loss: The worst of all scenarios, weighted; not negative.
        roll: The roll shock, for the delta of each expiry.
        shock: The delta shock, for the delta of all, of which bought options are only a hedge.
        delta: Of all, net of premiums where inverse; coins.
    """

    initial: float
    maintenance: float
    loss: float
    roll: float
    shock: float
    delta: float


# What PortfolioMargin._make does as well, in half the time: it is a third of an account's margin.
_made = tuple.__new__


class RiskMatrix:
    """The scenario values of all instruments of one coin and settlement currency.

    Sizes are coins of options and linear futures, and dollars of inverse futures; values and gains
    are in coin for inverse instruments and in quote currency for linear ones.

    Args:
        instruments: Whose rows these are, in order; further ones need a new matrix.
        is_inverse: Whether they settle in the coin.
        rules: The scenarios and charges.

    Attributes:
        instruments: As given.
        rules: As given.
        scenarios: Of the columns of `table`, in order.
        table: Shape (n, 40), gains of one of each instrument in each scenario; zeros before it
            was marked, and in columns without a scenario. To be read, not written.
    """

    def __init__(
        self,
        instruments: Sequence[RiskInstrument],
        *,
        is_inverse: bool,
        rules: MarginRules | None = None,
    ) -> None:
        self.instruments = tuple(instruments)
        self.is_inverse = is_inverse
        self.rules = rules if rules is not None else MarginRules()
        self.scenarios = self.rules.scenarios()
        count = len(self.instruments)
        self.table = np.zeros((count, kernel.ROW))
        self._factors = np.array([1.0 + one.move for one in self.scenarios])
        self._volatilities = np.array([one.volatility for one in self.scenarios], dtype=np.int64)
        self._is_option = np.array([one.is_option for one in self.instruments], dtype=bool)
        # A linear future is a call struck at next to nothing, an inverse one of a dollar a call
        # struck at a dollar, both without volatility: their gains and net deltas are the future's.
        struck_at = 1.0 if is_inverse else 1e-9
        self._columns = np.zeros((kernel.INPUTS, count))
        self._columns[kernel.STRIKE] = [one.strike or struck_at for one in self.instruments]
        self._columns[kernel.CALL] = [one.is_call for one in self.instruments]
        self._columns[kernel.INVERSE] = is_inverse
        self._columns[kernel.FORWARD] = 1.0
        # Calls and puts of a strike one after the other: marked alike, they share a lane.
        strikes = self._columns[kernel.STRIKE]
        self._order = np.lexsort((strikes, [one.expiry_ns for one in self.instruments]))
        self._marks = np.zeros((4, count))  # rows: _FORWARDS and so on
        self._dirty = np.zeros(count, dtype=bool)
        self._deltas = np.zeros(count)
        expiries = sorted({one.expiry_ns for one in self.instruments})
        numbers = {expiry_ns: number for number, expiry_ns in enumerate(expiries)}
        self._slots = np.array([numbers[one.expiry_ns] for one in self.instruments], dtype=np.int64)
        self._charges = np.zeros(max(1, len(expiries)))
        self._weights = np.zeros((2, kernel.ROW))
        self._weights[0, : len(self.scenarios)] = [
            self.rules.weight(one, is_inverse=is_inverse) for one in self.scenarios
        ]
        self._times_forgiven = np.array(
            [self.rules.times_forgiven(one, is_inverse=is_inverse) for one in self.scenarios]
        )
        self._terms = np.array([0.0, 0.0, 0.0, self.rules.maintenance_factor])

    def mark(
        self,
        rows: ArrayLike | None,
        *,
        forwards: ArrayLike,
        sigmas: ArrayLike,
        values: ArrayLike,
        years: ArrayLike,
    ) -> int:
        """Take new marks; return how many rows they change.

        Args:
            rows: Shape (m,): numbers of instruments; None: all of them, in order.
            forwards: Shape (m,) or one number, as all that follow: underlying price at the expiry
                of an option, mark price of a future; above 0.
            sigmas: Mark volatilities of options, fractions per year; 0.0 of futures.
            values: Mark prices of options in settlement currency; those of futures are not read.
            years: Time left; 0.0 of a perpetual.

        Raises:
            ValueError: Two lengths differ, a number is not finite, or a forward is not above 0.
        """
        which: Rows | slice = slice(None)
        if rows is not None:
            which = np.asarray(rows, dtype=np.int64)
        marks = self._marks[:, which]
        columns = columns_of(forwards, sigmas, values, years)
        news = np.array([np.broadcast_to(one, marks.shape[1:]) for one in columns])
        if not (np.isfinite(news).all() and np.all(news[_FORWARDS] > 0.0)):
            raise ValueError("marks are finite numbers, and forwards are above 0")
        changed = np.any(marks != news, axis=0)
        self._marks[:, which] = news
        self._dirty[which] |= changed
        return int(np.count_nonzero(changed))

    def refresh(self, index: float) -> int:
        """Revalue what was marked since the last time; return how many rows that is.

        Args:
            index: Price of the coin in quote currency, above 0: what charges that are said in
                dollars are worth in coins, and the other way round.
        """
        assert index > 0.0
        self._price_charges(index)
        rows = self._order[self._dirty[self._order]]
        if not len(rows):
            return 0
        self._dirty[:] = False
        everything = len(rows) == len(self.instruments)
        which: Rows | slice = slice(None) if everything else rows
        forwards, sigmas, values, years = self._marks[:, which]
        is_option = self._is_option[which]
        columns = self._columns
        columns[kernel.FORWARD, which] = forwards
        struck_at = columns[kernel.STRIKE, which]
        futures = (forwards - struck_at) / forwards if self.is_inverse else forwards - struck_at
        columns[kernel.VALUE, which] = np.where(is_option, values, futures)
        moved = self.rules.shocked(np.where(is_option, sigmas, 0.0), years)
        columns[kernel.DEVIATION :, which] = moved * np.sqrt(np.maximum(years, 0.0))
        kernel.fill(columns, self._factors, self._volatilities, rows, self.table)
        shares = _shares(years)
        self._decay(np.arange(len(rows)) if everything else rows, shares)
        deltas = (
            shares
            * chain(
                forwards=forwards,
                strikes=struck_at,
                years=years,
                sigmas=moved[SAME],
                calls=columns[kernel.CALL, which],
            ).delta
        )
        self._deltas[which] = deltas - columns[kernel.VALUE, which] if self.is_inverse else deltas
        return len(rows)

    def _decay(self, rows: Rows, shares: Doubles) -> None:
        """Let expiries of which a part is averaged already take part in less of each move.

        Args:
            rows: Of what was revalued.
            shares: Of each of them, in the same order.
        """
        for share in np.unique(shares[shares < 1.0]):
            factors = 1.0 + share * (self._factors - 1.0)
            decaying = np.ascontiguousarray(rows[shares == share])
            kernel.fill(self._columns, factors, self._volatilities, decaying, self.table)

    @property
    def net_deltas(self) -> Doubles:
        """Coins that one of each instrument is long, net of its premium where inverse; (n,)."""
        return self._deltas.copy()

    def vectors(self) -> Doubles:
        """Return what counts of the gain of one of each instrument in each scenario.

        Returns:
            Shape (n, scenarios), settlement currency: rows of `table` by the scenarios' weights, in
            coins at the edge of the price range. The dampener is for the sum of an account.

        Source: Deribit API v2, `private/pme/simulate`, `initial_risk_vectors`.
        """
        width = len(self.scenarios)
        weighted: Doubles = self.table[:, :width] * self._weights[0, :width]
        return weighted

    @property
    def forgiven(self) -> Doubles:
        """What each scenario forgives of an account's loss, (scenarios,), settlement currency."""
        return self._weights[1, : len(self.scenarios)].copy()

    def account(self, rows: ArrayLike, sizes: ArrayLike) -> "PortfolioAccount":
        """Return an account that holds these positions, as of the last refresh.

        Args:
            rows: Shape (p,): numbers of instruments, each once.
            sizes: Shape (p,): positive long, negative short.
        """
        return PortfolioAccount(self._kernel_account(rows, sizes))

    def simulate(
        self, held: Mapping[int, float], simulated: Mapping[int, float], *, add_positions: bool
    ) -> PortfolioMargin:
        """Return the margin of positions that somebody thinks of.

        Args:
            held: Sizes by number of instrument.
            simulated: Likewise.
            add_positions: Whether they come to those held, or stand in their place.

        Source: Deribit API v2, `private/simulate_portfolio`.
        """
        sizes = dict(held) if add_positions else {}
        for row, size in simulated.items():
            sizes[row] = sizes.get(row, 0.0) + size
        return self.account(list(sizes), list(sizes.values())).margin()

    def stress(
        self,
        rows: ArrayLike,
        sizes: ArrayLike,
        *,
        moves: Sequence[float],
        shifts: Sequence[float],
    ) -> Doubles:
        """Return what positions gain over a grid of prices and volatilities.

        Args:
            rows: Shape (p,): numbers of instruments.
            sizes: Shape (p,): positive long, negative short.
            moves: Of the underlying price as fractions, above -1; at most 40.
            shifts: Of all volatilities as fractions of themselves, at least -1.

        Returns:
            Shape (moves, shifts), settlement currency.
        """
        which = np.asarray(rows, dtype=np.int64)
        columns = np.ascontiguousarray(self._columns[:, which])
        same = columns[kernel.DEVIATION + SAME].copy()
        factors = 1.0 + np.asarray(moves, dtype=np.float64)
        unmoved = np.full(len(factors), SAME, dtype=np.int64)
        gains = np.empty((len(factors), len(shifts)))
        table = np.zeros((len(which), kernel.ROW))
        for number, shift in enumerate(shifts):
            columns[kernel.DEVIATION + SAME] = same * (1.0 + shift)
            kernel.fill(columns, factors, unmoved, None, table)
            gains[:, number] = np.asarray(sizes, dtype=np.float64) @ table[:, : len(factors)]
        return gains

    def _kernel_account(self, rows: ArrayLike, sizes: ArrayLike) -> kernel.Account:
        return kernel.Account(
            self.table,
            self._deltas,
            self._slots,
            self._is_option.astype(np.int64),
            self._charges,
            self._weights,
            self._terms,
            np.array(rows, dtype=np.int64),
            np.array(sizes, dtype=np.float64),
        )

    def _price_charges(self, index: float) -> None:
        """Put the charges into settlement currency."""
        rules = self.rules
        a_coin = 1.0 if self.is_inverse else index
        years = np.zeros(len(self._charges))
        np.maximum.at(years, self._slots, self._marks[_YEARS])
        # Of a perpetual and of what was never marked: nothing a year, so the least.
        moved = np.expm1(rules.move_risk * years)
        self._charges[:] = np.maximum(rules.move_risk_min, moved) * a_coin
        self._terms[0] = rules.delta_shock * a_coin
        self._terms[1] = rules.delta_shock_growth * a_coin
        self._terms[2] = rules.delta_liquidity / index
        forgiven = self._times_forgiven * rules.extended_dampener
        self._weights[1, : len(forgiven)] = forgiven / index if self.is_inverse else forgiven


class PortfolioAccount:
    """One account's positions, added up over the scenarios.

    The positions are those it was made with. Make it anew when one changes; when marks do, ask for
    `margin` again after the matrix was refreshed.
    """

    __slots__ = ("_kernel",)

    def __init__(self, account: kernel.Account) -> None:
        self._kernel = account

    def margin(self) -> PortfolioMargin:
        """Add up all positions by the matrix as it is now."""
        return _made(PortfolioMargin, self._kernel.scan())

    def margin_with(self, row: int, size: float) -> PortfolioMargin:
        """Return the margin with `size` more of an instrument: what an order would make of it.

        Costs one row's additions, from the sums of the last `margin`.
        """
        return _made(PortfolioMargin, self._kernel.what_if(row, size))

    def gains(self, scenarios: int) -> list[float]:
        """Return the gain in each of the first so many scenarios, unweighted."""
        return list(self._kernel.sums()[:scenarios])
