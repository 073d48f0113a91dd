# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""What counts of a state, fed to a hasher in large pieces: `folding.py`, from the records.

Ten thousand orders and twice as many records count in each hash; as objects they would cost many
times what hashing them does. So the blocks of `told` are written here straight from the structures;
only what has something rare about it goes by its object.

Structures are what pure-Python mode cannot say, so this is a `.pyx`.
"""

cimport cython
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy
from strikewire.exchange.state.archives cimport TAGS, entry_at
from strikewire.exchange.state.orders cimport (
    LIQUIDATION,
    POST_ONLY,
    REDUCE_ONLY,
    REJECT_POST_ONLY,
    REPLACED,
)
from strikewire.exchange.state.records cimport MAKER, MAKER_ENTRY, TAKER, Contracts, is_rare

from strikewire.exchange.state.records import fill_of, transaction_of
from strikewire.exchange.state.told import fill_block, order_block, payment_block
from strikewire.exchange.state.transactions import TransactionType

cdef enum:
    PIECE = 1 << 16  # bytes that the hasher gets at a time
    ORDER_BYTES = 90  # the numbers of each block
    FILL_BYTES = 74
    SIDE_BYTES = 38
    PAYMENT_BYTES = 123
    PLAIN_BITS = POST_ONLY | REJECT_POST_ONLY | REDUCE_ONLY | REPLACED | LIQUIDATION

cdef uint8_t TRADE = list(TransactionType).index(TransactionType.TRADE)


cdef inline uint8_t* put8(uint8_t* at, uint8_t number) noexcept:
    at[0] = number
    return at + 1


cdef inline uint8_t* put32(uint8_t* at, uint32_t number) noexcept:
    # Compilers make one move of it where the machine is little-endian itself.
    at[0], at[1], at[2], at[3] = number, number >> 8, number >> 16, number >> 24
    return at + 4


cdef inline uint8_t* put64(uint8_t* at, int64_t number) noexcept:
    put32(at, <uint32_t><uint64_t>number)
    return put32(at + 4, <uint32_t>(<uint64_t>number >> 32))


cdef class Fold:
    """All that was said, on its way to a hasher."""

    def __cinit__(self, hasher, dict markets not None):
        self.hasher, self.update, self.markets = hasher, hasher.update, markets
        self.piece = <uint8_t*>PyMem_Malloc(PIECE)
        if self.piece == NULL:
            raise MemoryError
        self.contracts = Contracts(markets)

    def __dealloc__(self):
        PyMem_Free(self.piece)

    cpdef int number(self, int64_t number) except -1:
        put64(self.room(8), number)
        return 0

    cpdef int raw(self, bytes piece) except -1:
        self.number(len(piece))
        return self.more(piece, len(piece))

    cpdef int text(self, str text) except -1:
        cdef Py_ssize_t size
        cdef const char* content = PyUnicode_AsUTF8AndSize(text, &size)
        self.number(size)
        return self.more(content, size)

    cpdef bytes digest(self):
        self.pass_on()
        return self.hasher.digest()

    cpdef int live(self, HalfBook half) except -1:
        cdef Order order
        cdef list orders = list(half.orders())
        self.number(len(orders))
        for order in orders:
            self.order(order)
        return 0

    cpdef int closed(self, Ring closed) except -1:
        cdef Py_ssize_t place
        cdef uintptr_t entry
        cdef bytes block
        cdef EndedOrder* ended
        for place in range(self.begin(closed), closed.count):
            entry = entry_at(closed, place)
            ended = <EndedOrder*>(entry & ~<uintptr_t>TAGS)
            if entry & TAGS and ended.extras == NULL:
                self.ended(ended)
            else:
                block = order_block(closed.look(entry))
                self.more(block, len(block))
        return 0

    cpdef int fills(self, Ring fills) except -1:
        cdef Py_ssize_t place
        cdef uintptr_t entry
        cdef bytes block
        for place in range(self.begin(fills), fills.count):
            entry = entry_at(fills, place)
            if entry & TAGS and not is_rare(<FillRecord*>(entry & ~<uintptr_t>TAGS)):
                self.fill(<FillRecord*>(entry & ~<uintptr_t>TAGS))
            else:
                block = fill_block(fill_of(self.markets, fills.look(entry)))
                self.more(block, len(block))
        return 0

    cpdef int trades(self, Ring trades) except -1:
        cdef Py_ssize_t place
        cdef uintptr_t entry
        for place in range(self.begin(trades), trades.count):
            entry = entry_at(trades, place)
            if entry & TAGS:
                self.number((<FillRecord*>(entry & ~<uintptr_t>TAGS)).trade_id)
            else:
                self.number(trades.look(entry).trade_id)
        return 0

    cpdef int payments(self, Ring payments) except -1:
        cdef Py_ssize_t place
        cdef uintptr_t entry
        cdef bytes block
        for place in range(self.begin(payments), payments.count):
            entry = entry_at(payments, place)
            if entry & TAGS:
                self.payment(<FillRecord*>(entry & ~<uintptr_t>TAGS), entry & TAGS == MAKER_ENTRY)
            else:
                block = payment_block(transaction_of(self.markets, payments.look(entry)))
                self.more(block, len(block))
        return 0

    cdef Py_ssize_t begin(self, Ring archive) except -1:
        """Say how much has come to an archive since the last seal; return where that begins."""
        cdef Py_ssize_t news = min(archive.unsealed, archive.count)
        self.number(news)
        return archive.count - news

    cdef uint8_t* room(self, Py_ssize_t size) except NULL:
        """Return where so many bytes, at most a piece, are to be written, which are then said."""
        if self.said + size > PIECE:
            self.pass_on()
        self.said += size
        return self.piece + (self.said - size)

    cdef int pass_on(self) except -1:
        """Let the hasher have what was said."""
        self.update(PyMemoryView_FromMemory(<char*>self.piece, self.said, PyBUF_READ))
        self.said = 0
        return 0

    cdef int more(self, const char* piece, Py_ssize_t size) except -1:
        """Say bytes of any number, without saying how many."""
        if size > PIECE:
            self.pass_on()
            self.update(PyMemoryView_FromMemory(<char*>piece, size, PyBUF_READ))
        elif size:
            memcpy(self.room(size), piece, size)
        return 0

    cdef int order(self, Order order) except -1:
        cdef bytes block
        cdef Py_ssize_t size
        cdef const char* label
        cdef uint8_t* at
        if order.extras is not None:
            block = order_block(order.view())
            return self.more(block, len(block))
        label = PyUnicode_AsUTF8AndSize(order.label, &size)
        at = self.room(ORDER_BYTES)
        at = put64(put64(put64(at, order.order_id), order.account_id), order.ticks)
        at = put64(put64(put64(at, order.amount), order.filled), order.filled_value)
        at = put64(put64(put64(at, order.fee), order.created_ns), order.updated_ns)
        at = put8(put8(put32(at, order.instrument_id), order.sign), order.type)
        at = put8(put8(at, order.force), order.status)
        at = put8(put8(at, order.bits & PLAIN_BITS), order.reason)
        put32(put32(at, size), 0)
        return self.more(label, size)

    cdef int ended(self, EndedOrder* ended) except -1:
        cdef Py_ssize_t size
        cdef const char* label = PyUnicode_AsUTF8AndSize(<object>ended.label, &size)
        cdef uint8_t* at = self.room(ORDER_BYTES)
        at = put64(put64(put64(at, ended.order_id), ended.account_id), ended.ticks)
        at = put64(put64(put64(at, ended.amount), ended.filled), ended.filled_value)
        at = put64(put64(put64(at, ended.fee), ended.created_ns), ended.updated_ns)
        at = put8(put8(put32(at, ended.instrument_id), ended.sign), ended.type)
        at = put8(put8(at, ended.force), ended.status)
        at = put8(put8(at, ended.bits & PLAIN_BITS), ended.reason)
        put32(put32(at, size), 0)
        return self.more(label, size)

    cdef int fill(self, FillRecord* fill) except -1:
        cdef uint8_t* at = self.room(FILL_BYTES)
        at = put64(put64(put64(at, fill.trade_id), fill.trade_seq), fill.price)
        at = put64(put64(at, fill.amount), fill.time_ns)
        at = put64(put64(put64(at, fill.mark), fill.index), fill.iv_e4)
        at = put8(put8(put32(at, fill.instrument_id), fill.taker_sign), fill.tick_direction)
        put32(at, 0)
        self.side(&fill.sides[TAKER])
        return self.side(&fill.sides[MAKER])

    cdef int side(self, Party* one) except -1:
        cdef Py_ssize_t size
        cdef const char* label = PyUnicode_AsUTF8AndSize(<object>one.label, &size)
        cdef uint8_t* at = self.room(SIDE_BYTES)
        at = put64(put64(put64(put64(at, one.account_id), one.order_id), one.fee), one.profit)
        put32(put8(put8(at, one.type), one.flags), size)
        return self.more(label, size)

    cdef int payment(self, FillRecord* fill, bint maker_pays) except -1:
        cdef Party* one = &fill.sides[MAKER if maker_pays else TAKER]
        cdef int64_t price_e8 = self.contracts.price_e8(fill.instrument_id, fill.price)
        cdef uint8_t* at = self.room(PAYMENT_BYTES)
        at = put64(put64(put64(at, one.transaction_id), one.account_seq), fill.time_ns)
        at = put64(put64(put64(at, one.account_id), one.paid), one.fee)
        at = put32(put64(at, one.balance), fill.instrument_id)
        at = put64(put64(put64(at, fill.amount), price_e8), one.position)
        at = put64(put64(at, one.profit), one.funding)
        at = put64(put64(at, fill.trade_id), one.order_id)
        at = put8(put8(at, TRADE), -fill.taker_sign if maker_pays else fill.taker_sign)
        put32(put8(at, maker_pays), 0)
        return 0
