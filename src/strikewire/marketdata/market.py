"""One instrument as the public sees it, moved by the exchange's events alone."""

from collections.abc import Sequence

from strikewire.api.market_data import PublicTrade
from strikewire.depth import DepthBook
from strikewire.exchange import Fill, InstrumentState, LevelChanged, Mark
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.combo_prices import combo_band, combo_mark
from strikewire.exchange.state.funding import LOTS, Funding
from strikewire.exchange.state.margin import PriceBand, Valuation
from strikewire.marketdata.statistics import RollingDay, Turnover
from strikewire.marketdata.streams import BookStream
from strikewire.marketdata.tape import Tape, public_trade
from strikewire.model import (
    PRICE_SCALE,
    AccountId,
    Instrument,
    InstrumentId,
    Kind,
    Lots,
    ParsedName,
    PriceE8,
    Side,
    divide_half_even,
    format_name,
    leg_weights,
    ticks_to_e8,
)


class Market:
    """The book, the trades, the mark and the figures of one instrument.

    Attributes:
        instrument: What is traded.
        book: Aggregated levels, ticks and lots.
        book_ns: When the book last changed.
        tape: The last trades.
        day: The last 24 hours.
        mark: The mark in force; None until the first.
        future_name: Name of the future that expires with an option; empty elsewhere.
        funding: The funding of a perpetual, accrued as the exchange accrues it; None elsewhere.
        open_interest: What is held long, in lots; equal to what is held short.
        updated_ns: When anything a ticker shows last changed.
        is_open: Whether the instrument has not been settled.
        state: What may be done in its book.
        state_ns: Since when.
        delivery_price: What it was settled at; None before, and where that is forgotten.
        settlement_price: Mark of a future at the last daily settlement; 0 before the first.
        legs: Of a combo: the markets that it trades in, with its instrument's ratios.
        combos: Of a leg: every combo that trades or traded in it, unless it is forgotten.
    """

    def __init__(
        self,
        instrument: Instrument,
        now_ns: int,
        book: DepthBook | None = None,
        legs: Sequence["Market"] = (),
    ) -> None:
        self.instrument = instrument
        self.legs = tuple(legs)
        self._weights = leg_weights(instrument, [leg.instrument for leg in legs])
        self.combos: dict[InstrumentId, Market] = {}
        self.book = book or DepthBook()
        self.book_ns = now_ns
        self.tape = Tape()
        self.day = RollingDay()
        self.mark: Mark | None = None
        self.future_name = _future_name(instrument) if instrument.is_option else ""
        self.funding = Funding() if instrument.is_perpetual else None
        self.open_interest = Lots(0)
        self.updated_ns = now_ns
        self.is_open = True
        self.state = InstrumentState.OPEN
        self.state_ns = now_ns
        self.delivery_price: PriceE8 | None = None
        self.settlement_price = PriceE8(0)
        self._contract = Contract(instrument)
        self._band: PriceBand | None = None
        self._sizes: dict[AccountId, Lots] = {}
        self._streams: list[BookStream] = []

    @property
    def band(self) -> PriceBand | None:
        """The prices that orders may have; None as long as there is no mark.

        The exchange's own rule: what is shown is what is enforced.
        """
        if self.legs:
            bands = [leg.band for leg in self.legs]
            weighed = zip(bands, self._weights, strict=True)
            found = [(band, weight) for band, weight in weighed if band is not None]
            return combo_band(found) if len(found) == len(bands) else None
        if self._band is None and self.mark is not None:
            self._band = Valuation(self._contract, self.mark).band
        return self._band

    @property
    def mark_price(self) -> PriceE8 | None:
        """What it is worth: its mark, or of a combo what its legs' marks come to; None without."""
        if self.legs:
            ratios = [leg.ratio for leg in self.instrument.legs]
            return combo_mark(list(zip([leg.mark_price for leg in self.legs], ratios, strict=True)))
        return self.mark.price if self.mark else None

    def open_stream(self) -> BookStream:
        """Begin a chain of book messages at the book as it is now."""
        stream = BookStream(self.book)
        self._streams.append(stream)
        return stream

    def close_stream(self, stream: BookStream) -> None:
        """Stop feeding a chain that nobody reads any more."""
        self._streams.remove(stream)

    def change_levels(self, time_ns: int, changes: Sequence[LevelChanged]) -> bool:
        """Move the book by everything that one command changed in it.

        Returns:
            Whether the best bid or the best ask is another one now, or of another amount.
        """
        assert changes
        change_id = changes[0].change_id
        assert all(change.change_id == change_id for change in changes)
        top = self.book.bids.best(), self.book.asks.best()

        for change in changes:
            side = self.book.bids if change.side is Side.BUY else self.book.asks
            before = side.amount(change.price)
            for stream in self._streams:
                stream.touch(change.side, change.price, before)
        self.book.apply(
            change_id - 1,
            change_id,
            bids=[(one.price, one.amount) for one in changes if one.side is Side.BUY],
            asks=[(one.price, one.amount) for one in changes if one.side is Side.SELL],
        )
        self.book_ns = time_ns
        has_new_top = (self.book.bids.best(), self.book.asks.best()) != top
        if has_new_top:
            self.updated_ns = time_ns

        assert not self.book.is_crossed()
        return has_new_top

    def trade(self, fill: Fill) -> PublicTrade:
        """Print a trade and count it."""
        combo = None if fill.combo_id is None else self.combos[fill.combo_id].instrument
        legs = [leg.instrument for leg in self.legs]
        trade = public_trade(self.instrument, fill, combo=combo, legs=legs)
        self.tape.print(trade)
        price = None if fill.block_trade_id else fill.price
        self.day.record(fill.time_ns, price, turnover(self.instrument, fill))
        self.updated_ns = fill.time_ns
        return trade

    def hold(self, account_id: AccountId, size: Lots) -> None:
        """Count the open interest anew with one account's position, signed, in lots."""
        before = self._sizes.get(account_id, Lots(0))
        if size:
            self._sizes[account_id] = size
        else:
            self._sizes.pop(account_id, None)
        self.open_interest = Lots(self.open_interest + max(size, 0) - max(before, 0))

        assert self.open_interest >= 0

    def value(self, time_ns: int, mark: Mark, index: PriceE8) -> None:
        """Put a new mark in force, of a perpetual with its funding rate."""
        self.mark = mark
        self._band = None
        self.updated_ns = time_ns
        if self.funding is not None:
            value = abs(self._contract.exit_value(LOTS, mark.price))
            self.funding.change(time_ns, rate=mark.funding_rate, value=value, index=index)

    def turn(self, time_ns: int, state: InstrumentState) -> None:
        """Stop trading, or let it go on."""
        assert self.is_open
        self.state = state
        self.state_ns = self.updated_ns = time_ns

    def close(self, time_ns: int) -> None:
        """Close a combo's market for good: it is not settled, its legs are."""
        self.turn(time_ns, InstrumentState.INACTIVE)
        self.is_open = False

    def settle(self, time_ns: int, delivery_price: PriceE8 | None) -> None:
        """Close the market for good."""
        assert self.is_open
        self.is_open = False
        self.state = InstrumentState.DELIVERED
        self.delivery_price = delivery_price
        self.state_ns = self.updated_ns = time_ns
        self._sizes.clear()
        self.open_interest = Lots(0)


def turnover(instrument: Instrument, fill: Fill) -> Turnover:
    """Return what a fill adds to the volumes of its instrument.

    The base volume of an inverse future is its dollars over its price; the dollar value of an
    inverse option is its premium at the index. USDC counts as a dollar. The price of a combo may be
    nothing or less: of futures it is no measure, so the index is, and of options it counts as what
    was paid by whichever side.
    """
    amount_e8 = divide_half_even(
        fill.amount * instrument.lot_numerator * PRICE_SCALE, instrument.lot_denominator
    )
    is_future_combo = instrument.kind is Kind.FUTURE_COMBO
    price_e8 = fill.index if is_future_combo else abs(ticks_to_e8(instrument, fill.price))
    if instrument.is_inverse and (instrument.is_future or is_future_combo):
        base_e8 = divide_half_even(amount_e8 * PRICE_SCALE, price_e8) if price_e8 else 0
        return Turnover(base_e8=base_e8, quote_e8=amount_e8, usd_e8=amount_e8)
    quote_e8 = divide_half_even(amount_e8 * price_e8, PRICE_SCALE)
    usd_e8 = quote_e8
    if instrument.is_inverse:
        usd_e8 = divide_half_even(quote_e8 * fill.index, PRICE_SCALE)
    return Turnover(base_e8=amount_e8, quote_e8=quote_e8, usd_e8=usd_e8)


def _future_name(option: Instrument) -> str:
    family = option.name.partition("-")[0]
    return format_name(ParsedName(family=family, kind=Kind.FUTURE, expiry_ns=option.expiry_ns))
