cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uintptr_t
from strikewire.exchange.state.archives cimport Ring

cdef enum:
    TAKER = 0
    MAKER = 1
    FILL_ENTRY = 1  # tags in rings: the fill itself,
    TAKER_ENTRY = 2  # or the payment of one of its owners
    MAKER_ENTRY = 3
    FILLED_FLAG = 1  # of an order as the fill left it
    POST_ONLY_FLAG = 2
    REDUCE_ONLY_FLAG = 4
    LIQUIDATION_FLAG = 8
    PROTECTED_FLAG = 16

cdef struct Party:
    # What a fill was for one of its owners: the order, and what went through its ledger.
    int64_t account_id, order_id, fee, profit
    int64_t transaction_id, account_seq, paid, balance, position, funding
    PyObject* label  # of a protected order a pair: the label, and what it is under
    uint8_t type, flags

cdef struct FillRecord:
    int32_t references  # of rings, and of whoever looks at it
    int32_t instrument_id, iv_e4
    int8_t taker_sign, tick_direction
    int64_t trade_id, trade_seq, price, amount, time_ns, mark, index
    Party[2] sides

cdef class Fills(Ring):
    pass

cdef class Payments(Ring):
    pass

@cython.final
cdef class Contracts:
    cdef object markets
    cdef int64_t instrument_id, tick_e8  # of the one that was asked for last
    cdef str currency

    cdef int know(self, int64_t instrument_id) except -1
    cdef int64_t price_e8(self, int64_t instrument_id, int64_t ticks) except? -1

cdef void* fill_records() noexcept
cdef bint is_rare(const FillRecord* fill) noexcept
cdef object shown_entry(uintptr_t entry)
cdef object told(FillRecord* fill, str currency)
cdef void drop_entry(uintptr_t entry) noexcept
