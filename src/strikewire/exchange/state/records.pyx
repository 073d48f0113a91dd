# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Fills and their payments in a few words each: `records.py`.

A record is what a fill was, for both of its owners, with what it moved in their ledgers. The rings
of the owners, of their ledgers and of the market count as its references; what belongs to the
instrument comes from its contract when somebody looks.
"""

cimport cython
from cpython.ref cimport Py_DECREF, PyObject
from strikewire.exchange.state.archives cimport TAGS, Keeping, Ring
from strikewire.exchange.state.slabs cimport slabs, slabs_give

from strikewire.exchange.commands import OrderType
from strikewire.exchange.events import Fill, FillSide, OrderState
from strikewire.exchange.state.transactions import About, Transaction, TransactionType
from strikewire.model import Side

cdef tuple ORDER_TYPES = tuple(OrderType)
cdef slabs POOL


cdef void* fill_records() noexcept:
    """Return where the records of fills come from."""
    return &POOL


cdef inline FillRecord* record_of(uintptr_t entry) noexcept:
    return <FillRecord*>(entry & ~<uintptr_t>TAGS)


cdef void drop_entry(uintptr_t entry) noexcept:
    """Count a reference less; the last one frees the record."""
    cdef FillRecord* fill = record_of(entry)
    fill.references -= 1
    if fill.references == 0:
        Py_DECREF(<object>fill.sides[TAKER].label)
        Py_DECREF(<object>fill.sides[MAKER].label)
        slabs_give(&POOL, fill)


cdef object shown_entry(uintptr_t entry):
    cdef Recorded recorded = Recorded.__new__(Recorded)
    recorded.fill = record_of(entry)
    recorded.fill.references += 1
    recorded.maker_pays = entry & TAGS == MAKER_ENTRY
    return recorded


cdef Keeping RECORDED
RECORDED.shown, RECORDED.release = shown_entry, drop_entry


cdef class Fills(Ring):
    """Fills, as they are kept."""

    def __cinit__(self):
        self.records = &RECORDED


cdef class Payments(Ring):
    """Transactions, as they are kept."""

    def __cinit__(self):
        self.records = &RECORDED


@cython.final
cdef class Recorded:
    """A look at a fill, or at the payment of one of its owners."""

    cdef FillRecord* fill
    cdef bint maker_pays

    def __dealloc__(self):
        drop_entry(<uintptr_t>self.fill)

    @property
    def trade_id(self):
        return self.fill.trade_id

    @property
    def instrument_id(self):
        return self.fill.instrument_id

    @property
    def type(self):
        return TransactionType.TRADE

    cdef object side(self, Py_ssize_t which, object side, str currency):
        cdef Party* one = &self.fill.sides[which]
        return FillSide(
            account_id=one.account_id,
            order_id=one.order_id,
            side=side,
            fee=one.fee,
            fee_currency=currency,
            profit_loss=one.profit,
            order_type=ORDER_TYPES[one.type],
            label=<object>one.label,
            order_state=OrderState.FILLED if one.flags & FILLED_FLAG else OrderState.OPEN,
            post_only=one.flags & POST_ONLY_FLAG != 0,
            reduce_only=one.flags & REDUCE_ONLY_FLAG != 0,
            is_liquidation=one.flags & LIQUIDATION_FLAG != 0,
        )

    cdef object as_fill(self, str currency):
        cdef FillRecord* fill = self.fill
        side = Side(fill.taker_sign)
        return Fill(
            trade_id=fill.trade_id,
            trade_seq=fill.trade_seq,
            instrument_id=fill.instrument_id,
            price=fill.price,
            amount=fill.amount,
            taker_side=side,
            tick_direction=fill.tick_direction,
            time_ns=fill.time_ns,
            mark=fill.mark,
            index=fill.index,
            iv_e4=fill.iv_e4,
            maker=self.side(MAKER, side.opposite, currency),
            taker=self.side(TAKER, side, currency),
        )

    cdef object as_payment(self, str currency, object tick_e8):
        cdef FillRecord* fill = self.fill
        cdef Party* one = &fill.sides[MAKER if self.maker_pays else TAKER]
        return Transaction(
            transaction_id=one.transaction_id,
            account_seq=one.account_seq,
            time_ns=fill.time_ns,
            account_id=one.account_id,
            currency=currency,
            type=TransactionType.TRADE,
            amount=one.paid,
            fee=one.fee,
            balance=one.balance,
            about=About(
                instrument_id=fill.instrument_id,
                side=Side(-fill.taker_sign if self.maker_pays else fill.taker_sign),
                lots=fill.amount,
                price=tick_e8 * fill.price,
                position=one.position,
                profit=one.profit,
                funding=one.funding,
                trade_id=fill.trade_id,
                order_id=one.order_id,
                is_maker=self.maker_pays,
            ),
        )


def fill_of(markets, kept):
    """Return a fill, however it is kept."""
    if not isinstance(kept, Recorded):
        return kept
    return (<Recorded>kept).as_fill(markets[kept.instrument_id].contract.currency)


def transaction_of(markets, kept):
    """Return a transaction, however it is kept."""
    if not isinstance(kept, Recorded):
        return kept
    contract = markets[kept.instrument_id].contract
    return (<Recorded>kept).as_payment(contract.currency, contract.tick_e8)


cdef object told(FillRecord* fill, str currency):
    """Return a fill as an event."""
    cdef Recorded recorded = <Recorded>shown_entry(<uintptr_t>fill | FILL_ENTRY)
    return recorded.as_fill(currency)
