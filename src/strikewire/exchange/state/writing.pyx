# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""What a snapshot holds most of: `writing.py`, from the records.

A venue stands still while it is written down. Nearly all of that time went into objects that were
made of records only to be encoded, so here the records are encoded, as MessagePack, as `msgspec`
would have encoded their objects: arrays of fields in the order of their structs, numbers as short
as they go. What has something rare about it goes by its object.

Structures are what pure-Python mode cannot say, so this is a `.pyx`.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t
from libc.stdlib cimport qsort
from libc.string cimport memcpy
from strikewire.exchange.state.archives cimport TAGS, Ring, entry_at
from strikewire.exchange.state.book cimport Book
from strikewire.exchange.state.order_table cimport EndedOrder
from strikewire.exchange.state.orders cimport (
    LIQUIDATION,
    NEVER,
    POST_ONLY,
    REDUCE_ONLY,
    REJECT_POST_ONLY,
    REPLACED,
    Order,
)
from strikewire.exchange.state.records cimport (
    FILLED_FLAG,
    LIQUIDATION_FLAG,
    MAKER,
    MAKER_ENTRY,
    POST_ONLY_FLAG,
    REDUCE_ONLY_FLAG,
    TAKER,
    Contracts,
    FillRecord,
    Party,
    is_rare,
    shown_entry,
)

import msgspec

from strikewire.exchange.commands import CancelReason, OrderType, TimeInForce
from strikewire.exchange.events import Fill, FillSide, OrderState, OrderView
from strikewire.exchange.state.records import fill_of, transaction_of
from strikewire.exchange.state.transactions import About, Transaction, TransactionType
from strikewire.model import Side

cdef object encode = msgspec.msgpack.Encoder().encode
cdef enum:
    NIL = 0xC0
    FALSE = 0xC2
    TRUE = 0xC3
    NUMBER_MOST = 9  # bytes of the longest
    NUMBERS = 20  # a record has fewer, and choices together are shorter than as many


cdef tuple encoded(members):
    return tuple([encode(member) for member in members])


cdef bytes array_of(kind, extra=0):
    """Return what an array of the fields of a struct begins with."""
    cdef Py_ssize_t count = len(kind.__struct_fields__) + extra
    return encode([None] * count)[:-count]


cdef bytes rest_of(kind, field):
    """Return the fields of a struct from one on, all as they are by default."""
    cdef Py_ssize_t place = kind.__struct_fields__.index(field) - len(kind.__struct_fields__)
    return b"".join([encode(value) for value in kind.__struct_defaults__[place:]])


cdef bytes BUY = encode(Side.BUY)
cdef bytes SELL = encode(Side.SELL)
cdef tuple TYPES = encoded(OrderType)
cdef tuple FORCES = encoded(TimeInForce)
cdef tuple STATES = encoded(OrderState)
cdef tuple REASONS = encoded(("", *CancelReason))
cdef bytes OPEN = encode(OrderState.OPEN)
cdef bytes FILLED = encode(OrderState.FILLED)
cdef bytes TRADE = encode(TransactionType.TRADE)
cdef bytes FILL_BEGIN = array_of(Fill, 1) + encode("fill")
cdef bytes SIDE_BEGIN = array_of(FillSide)
cdef bytes ORDER_BEGIN = array_of(OrderView)
cdef bytes PAYMENT_BEGIN = array_of(Transaction)
cdef bytes ABOUT_BEGIN = array_of(About)
cdef bytes FILL_REST = rest_of(Fill, "block_trade_id")
cdef bytes SIDE_REST = rest_of(FillSide, "mmp")
cdef bytes ORDER_REST = rest_of(OrderView, "trigger")
cdef bytes ABOUT_REST = rest_of(About, "other_account")

cdef struct Numbered:
    int64_t trade_id
    uintptr_t entry


cdef int by_trade(const void* one, const void* other) noexcept nogil:
    cdef int64_t a = (<const Numbered*>one).trade_id
    cdef int64_t b = (<const Numbered*>other).trade_id
    return (a > b) - (a < b)


cdef inline const FillRecord* record_at(uintptr_t entry) noexcept:
    return <const FillRecord*>(entry & ~<uintptr_t>TAGS)


cdef int64_t trade_id_at(uintptr_t entry) except? -1:
    return record_at(entry).trade_id if entry & TAGS else (<object><void*>entry).trade_id


include "messages.pxi"


@cython.final
cdef class Writer(Message):
    """What was written so far of a state."""

    cdef object markets
    cdef Contracts contracts

    def __cinit__(self, markets=None):
        self.markets, self.contracts = markets, Contracts(markets)

    cdef int order(self, const EndedOrder* one) except -1:
        """Write an order that nothing is rare about."""
        self.room(NUMBERS * NUMBER_MOST)
        self.put(ORDER_BEGIN)
        self.number(one.order_id)
        self.number(one.account_id)
        self.number(one.instrument_id)
        self.put(BUY if one.sign > 0 else SELL)
        self.put(<bytes>TYPES[one.type])
        self.put(<bytes>FORCES[one.force])
        if one.ticks == NEVER:
            self.byte(NIL)
        else:
            self.number(one.ticks)
        self.number(one.amount)
        self.number(one.filled)
        self.number(one.filled_value)
        self.number(one.fee)
        self.put(<bytes>STATES[one.status])
        self.flag(one.bits & POST_ONLY)
        self.flag(one.bits & REJECT_POST_ONLY)
        self.flag(one.bits & REDUCE_ONLY)
        self.text(<object>one.label)
        self.room(NUMBERS * NUMBER_MOST)
        self.number(one.created_ns)
        self.number(one.updated_ns)
        self.put(<bytes>REASONS[one.reason])
        self.flag(one.bits & REPLACED)
        self.flag(one.bits & LIQUIDATION)
        return self.more(ORDER_REST)

    cdef int fill(self, const FillRecord* fill) except -1:
        self.contracts.know(fill.instrument_id)
        self.room(NUMBERS * NUMBER_MOST)
        self.put(FILL_BEGIN)
        self.number(fill.trade_id)
        self.number(fill.trade_seq)
        self.number(fill.instrument_id)
        self.number(fill.price)
        self.number(fill.amount)
        self.put(BUY if fill.taker_sign > 0 else SELL)
        self.number(fill.tick_direction)
        self.number(fill.time_ns)
        self.number(fill.mark)
        self.number(fill.index)
        self.number(fill.iv_e4)
        self.side(&fill.sides[MAKER], -fill.taker_sign)
        self.side(&fill.sides[TAKER], fill.taker_sign)
        return self.more(FILL_REST)

    cdef int side(self, const Party* one, int sign) except -1:
        self.room(NUMBERS * NUMBER_MOST)
        self.put(SIDE_BEGIN)
        self.number(one.account_id)
        self.number(one.order_id)
        self.put(BUY if sign > 0 else SELL)
        self.number(one.fee)
        self.text(self.contracts.currency)
        self.room(NUMBERS * NUMBER_MOST)
        self.number(one.profit)
        self.put(<bytes>TYPES[one.type])
        self.text(<object>one.label)
        self.room(NUMBERS * NUMBER_MOST)
        self.put(FILLED if one.flags & FILLED_FLAG else OPEN)
        self.flag(one.flags & POST_ONLY_FLAG)
        self.flag(one.flags & REDUCE_ONLY_FLAG)
        self.flag(one.flags & LIQUIDATION_FLAG)
        return self.more(SIDE_REST)

    cdef int payment(self, const FillRecord* fill, bint maker_pays) except -1:
        cdef const Party* one = &fill.sides[MAKER if maker_pays else TAKER]
        self.contracts.know(fill.instrument_id)
        self.room(2 * NUMBERS * NUMBER_MOST)
        self.put(PAYMENT_BEGIN)
        self.number(one.transaction_id)
        self.number(one.account_seq)
        self.number(fill.time_ns)
        self.number(one.account_id)
        self.text(self.contracts.currency)
        self.room(2 * NUMBERS * NUMBER_MOST)
        self.put(TRADE)
        self.number(one.paid)
        self.number(one.fee)
        self.number(one.balance)
        self.put(ABOUT_BEGIN)
        self.number(fill.instrument_id)
        self.put(BUY if (fill.taker_sign > 0) != maker_pays else SELL)
        self.number(fill.amount)
        self.number(self.contracts.price_e8(fill.instrument_id, fill.price))
        self.number(one.position)
        self.number(one.profit)
        self.number(one.funding)
        self.number(fill.trade_id)
        self.number(one.order_id)
        self.flag(maker_pays)
        return self.more(ABOUT_REST)


def orders(Book book not None):
    cdef Writer written = Writer()
    cdef Order order
    cdef list waiting = [*book.bids.orders(), *book.asks.orders()]
    written.array(len(waiting))
    for order in waiting:
        write_waiting(written, order)
    return written.raw()


cdef int write_waiting(Writer written, Order order) except -1:
    cdef EndedOrder as_ended
    if order.extras is not None:
        return written.more(encode(order.view()))
    as_ended.order_id, as_ended.account_id = order.order_id, order.account_id
    as_ended.ticks, as_ended.amount = order.ticks, order.amount
    as_ended.filled, as_ended.filled_value = order.filled, order.filled_value
    as_ended.fee, as_ended.instrument_id = order.fee, order.instrument_id
    as_ended.created_ns, as_ended.updated_ns = order.created_ns, order.updated_ns
    as_ended.sign, as_ended.type, as_ended.force = order.sign, order.type, order.force
    as_ended.status, as_ended.bits, as_ended.reason = order.status, order.bits, order.reason
    as_ended.label = <PyObject*>order.label
    return written.order(&as_ended)


def closed(Ring closed not None):
    cdef Writer written = Writer()
    cdef Py_ssize_t place
    cdef uintptr_t entry
    cdef EndedOrder* ended
    written.array(closed.count)
    for place in range(closed.count):
        entry = entry_at(closed, place)
        ended = <EndedOrder*>(entry & ~<uintptr_t>TAGS)
        if entry & TAGS and ended.extras == NULL:
            written.order(ended)
        else:
            written.more(encode(closed.look(entry)))
    return written.raw()


def fills(markets, archives):
    cdef Writer written = Writer(markets)
    cdef list kept = list(archives)
    cdef Py_ssize_t count = sum([len(archive) for archive in kept]), place
    cdef Numbered* found = <Numbered*>PyMem_Malloc((count + 1) * sizeof(Numbered))
    if found == NULL:
        raise MemoryError
    try:
        count = gather(kept, found)
        written.array(count)
        for place in range(count):
            write_fill(written, found[place].entry)
    finally:
        PyMem_Free(found)
    return written.raw()


cdef Py_ssize_t gather(list archives, Numbered* found) except -1:
    """Find the entries of some archives, each fill once, by their numbers."""
    cdef Py_ssize_t count = 0, kept = 0, place
    cdef Ring archive
    for archive in archives:
        for place in range(archive.count):
            found[count].entry = entry_at(archive, place)
            found[count].trade_id = trade_id_at(found[count].entry)
            count += 1
    qsort(found, count, sizeof(Numbered), by_trade)
    for place in range(count):
        if kept == 0 or found[place].trade_id != found[kept - 1].trade_id:
            found[kept] = found[place]
            kept += 1
    return kept


cdef int write_fill(Writer written, uintptr_t entry) except -1:
    cdef object kept
    if entry & TAGS:
        if not is_rare(record_at(entry)):
            return written.fill(record_at(entry))
        kept = shown_entry(entry)
    else:
        kept = <object><void*>entry
    return written.more(encode(fill_of(written.markets, kept)))


def trade_ids(Ring fills not None):
    cdef Writer written = Writer()
    cdef Py_ssize_t place
    written.array(fills.count)
    written.room(fills.count * NUMBER_MOST)
    for place in range(fills.count):
        written.number(trade_id_at(entry_at(fills, place)))
    return written.raw()


def payments(markets, Ring payments not None):
    cdef Writer written = Writer(markets)
    cdef Py_ssize_t place
    cdef uintptr_t entry
    written.array(payments.count)
    for place in range(payments.count):
        entry = entry_at(payments, place)
        if entry & TAGS:
            written.payment(record_at(entry), entry & TAGS == MAKER_ENTRY)
        else:
            written.more(encode(transaction_of(markets, <object><void*>entry)))
    return written.raw()
