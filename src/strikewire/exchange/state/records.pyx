# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Fills and their payments in a few words each: `records.py`.

A record is what a fill was, for both of its owners, with what it moved in their ledgers. The rings
of the owners, of their ledgers and of the market count as its references; what belongs to the
instrument comes from its contract when somebody looks.
"""

cimport cython
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.string cimport memset
from strikewire.exchange.state.archives cimport TAGS, Keeping, Ring
from strikewire.exchange.state.slabs cimport slabs, slabs_give, slabs_take

from strikewire.exchange.commands import OrderType
from strikewire.exchange.events import Fill, FillSide, OrderState
from strikewire.exchange.state.transactions import About, Transaction, TransactionType
from strikewire.model import Side

cdef tuple ORDER_TYPES = tuple(OrderType)
cdef dict TYPE_PLACES = {member: place for place, member in enumerate(ORDER_TYPES)}
cdef object NO_LABEL = ""
cdef object BUY = Side.BUY
cdef object SELL = Side.SELL
cdef slabs POOL


cdef void* fill_records() noexcept:
    """Return where the records of fills come from."""
    return &POOL


cdef bint is_rare(const FillRecord* fill) noexcept:
    """Say whether what a fill was takes more than numbers and labels."""
    return (fill.sides[TAKER].flags | fill.sides[MAKER].flags) & PROTECTED_FLAG != 0


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

    def append(self, thing):
        if isinstance(thing, Recorded):
            return self.keep((<Recorded>thing).entry(FILL_ENTRY))
        return Ring.append(self, thing)


cdef class Payments(Ring):
    """Transactions, as they are kept."""

    def __cinit__(self):
        self.records = &RECORDED

    def append(self, thing):
        if isinstance(thing, Recorded):
            return self.keep((<Recorded>thing).entry((<Recorded>thing).paying()))
        return Ring.append(self, thing)


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

    cdef uintptr_t entry(self, uintptr_t tag) noexcept:
        """Return an entry for a ring, which has a reference of its own."""
        self.fill.references += 1
        return <uintptr_t>self.fill | tag

    cdef uintptr_t paying(self) noexcept:
        """Return the tag of the payment that this is."""
        return MAKER_ENTRY if self.maker_pays else TAKER_ENTRY

    cdef object side(self, Py_ssize_t which, object side, str currency):
        cdef Party* one = &self.fill.sides[which]
        cdef object label = <object>one.label
        cdef object mmp = None
        if one.flags & PROTECTED_FLAG:
            label, mmp = label
        return FillSide(
            account_id=one.account_id,
            order_id=one.order_id,
            side=side,
            fee=one.fee,
            fee_currency=currency,
            profit_loss=one.profit,
            order_type=ORDER_TYPES[one.type],
            label=label,
            order_state=OrderState.FILLED if one.flags & FILLED_FLAG else OrderState.OPEN,
            post_only=one.flags & POST_ONLY_FLAG != 0,
            reduce_only=one.flags & REDUCE_ONLY_FLAG != 0,
            is_liquidation=one.flags & LIQUIDATION_FLAG != 0,
            mmp=mmp,
        )

    cdef object as_fill(self, str currency):
        cdef FillRecord* fill = self.fill
        taker, maker = (BUY, SELL) if fill.taker_sign > 0 else (SELL, BUY)
        return Fill(
            trade_id=fill.trade_id,
            trade_seq=fill.trade_seq,
            instrument_id=fill.instrument_id,
            price=fill.price,
            amount=fill.amount,
            taker_side=taker,
            tick_direction=fill.tick_direction,
            time_ns=fill.time_ns,
            mark=fill.mark,
            index=fill.index,
            iv_e4=fill.iv_e4,
            maker=self.side(MAKER, maker, currency),
            taker=self.side(TAKER, taker, currency),
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
                side=BUY if (fill.taker_sign > 0) != self.maker_pays else SELL,
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


@cython.final
cdef class Contracts:
    """What is asked of contracts, where the one that is asked for is mostly that of the last time."""

    def __cinit__(self, markets):
        self.markets, self.instrument_id = markets, -1

    cdef int know(self, int64_t instrument_id) except -1:
        """Let it be this one that is known."""
        if instrument_id != self.instrument_id:
            contract = self.markets[instrument_id].contract
            self.tick_e8, self.currency = contract.tick_e8, contract.currency
            self.instrument_id = instrument_id
        return 0

    @cython.overflowcheck(True)
    cdef int64_t price_e8(self, int64_t instrument_id, int64_t ticks) except? -1:
        self.know(instrument_id)
        return self.tick_e8 * ticks


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


# What was told, in few words again

def kept_fill(markets, fill):
    cdef FillRecord* record
    cdef Recorded recorded
    record = <FillRecord*>slabs_take(&POOL, sizeof(FillRecord))
    if record == NULL:
        raise MemoryError
    memset(record, 0, sizeof(FillRecord))
    record.references = 1
    # From here on it can be given back, whatever is wrong with what comes.
    record.sides[MAKER].label = record.sides[TAKER].label = <PyObject*>NO_LABEL
    Py_INCREF(NO_LABEL)
    Py_INCREF(NO_LABEL)
    recorded = Recorded.__new__(Recorded)
    recorded.fill = record
    record.instrument_id, record.iv_e4 = fill.instrument_id, fill.iv_e4
    record.taker_sign, record.tick_direction = fill.taker_side, fill.tick_direction
    record.trade_id, record.trade_seq = fill.trade_id, fill.trade_seq
    record.price, record.amount, record.time_ns = fill.price, fill.amount, fill.time_ns
    record.mark, record.index = fill.mark, fill.index
    set_side(&record.sides[MAKER], fill.maker)
    set_side(&record.sides[TAKER], fill.taker)
    return recorded if fill_of(markets, recorded) == fill else fill


cdef int set_side(Party* one, side) except -1:
    cdef object label = side.label if side.mmp is None else (side.label, side.mmp)
    one.account_id, one.order_id = side.account_id, side.order_id
    one.fee, one.profit = side.fee, side.profit_loss
    one.type = TYPE_PLACES[side.order_type]
    one.flags = (
        (side.order_state is OrderState.FILLED) * FILLED_FLAG
        + side.post_only * POST_ONLY_FLAG
        + side.reduce_only * REDUCE_ONLY_FLAG
        + side.is_liquidation * LIQUIDATION_FLAG
        + (side.mmp is not None) * PROTECTED_FLAG
    )
    Py_INCREF(label)
    Py_DECREF(<object>one.label)
    one.label = <PyObject*>label
    return 0


def kept_payment(markets, fill, payment):
    cdef Recorded recorded
    cdef Party* one
    cdef object about = payment.about
    if not isinstance(fill, Recorded):
        return payment
    one = &(<Recorded>fill).fill.sides[MAKER if about.is_maker else TAKER]
    if one.transaction_id:
        return payment
    one.transaction_id, one.account_seq = payment.transaction_id, payment.account_seq
    one.paid, one.balance = payment.amount, payment.balance
    one.position, one.funding = about.position, about.funding
    recorded = <Recorded>shown_entry(
        <uintptr_t>(<Recorded>fill).fill | (MAKER_ENTRY if about.is_maker else TAKER_ENTRY)
    )
    if transaction_of(markets, recorded) == payment:
        return recorded
    one.transaction_id = 0
    return payment
