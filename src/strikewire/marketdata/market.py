"""One instrument as the public sees it, moved by the exchange's events alone."""

from collections.abc import Sequence

from strikewire.api.market_data import PublicTrade
from strikewire.depth import DepthBook
from strikewire.exchange import Fill, InstrumentState, LevelChanged, Mark
from strikewire.exchange.state.clearing import Contract
from strikewire.exchange.state.funding import LOTS, Funding
from strikewire.exchange.state.margin import PriceBand, Valuation
from strikewire.marketdata.statistics import RollingDay, Turnover
from strikewire.marketdata.streams import BookStream
from strikewire.marketdata.tape import Tape, public_trade
from strikewire.model import (
    PRICE_SCALE,
    AccountId,
    Instrument,
    Kind,
    Lots,
    ParsedName,
    PriceE8,
    Side,
    divide_half_even,
    format_name,
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
        delivery_price: What it was settled at; None before, and where that is forgotten.
        settlement_price: Mark of a future at the last daily settlement; 0 before the first.
    """

    def __init__(self, instrument: Instrument, now_ns: int, book: DepthBook | None = None) -> None:
        self.instrument = instrument
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
        if self._band is None and self.mark is not None:
            self._band = Valuation(self._contract, self.mark).band
        return self._band

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
        trade = public_trade(self.instrument, fill)
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
        self.updated_ns = time_ns

    def settle(self, time_ns: int, delivery_price: PriceE8 | None) -> None:
        """Close the market for good."""
        assert self.is_open
        self.is_open = False
        self.state = InstrumentState.DELIVERED
        self.delivery_price = delivery_price
        self.updated_ns = time_ns
        self._sizes.clear()
        self.open_interest = Lots(0)


def turnover(instrument: Instrument, fill: Fill) -> Turnover:
    """Return what a fill adds to the volumes of its instrument.

    The base volume of an inverse future is its dollars over its price; the dollar value of an
    inverse option is its premium at the index. USDC counts as a dollar.
    """
    amount_e8 = divide_half_even(
        fill.amount * instrument.lot_numerator * PRICE_SCALE, instrument.lot_denominator
    )
    price_e8 = ticks_to_e8(instrument, fill.price)
    if instrument.is_inverse and not instrument.is_option:
        base_e8 = divide_half_even(amount_e8 * PRICE_SCALE, price_e8)
        return Turnover(base_e8=base_e8, quote_e8=amount_e8, usd_e8=amount_e8)
    quote_e8 = divide_half_even(amount_e8 * price_e8, PRICE_SCALE)
    usd_e8 = quote_e8
    if instrument.is_inverse:
        usd_e8 = divide_half_even(quote_e8 * fill.index, PRICE_SCALE)
    return Turnover(base_e8=amount_e8, quote_e8=quote_e8, usd_e8=usd_e8)


def _future_name(option: Instrument) -> str:
    family = option.name.partition("-")[0]
    return format_name(ParsedName(family=family, kind=Kind.FUTURE, expiry_ns=option.expiry_ns))
