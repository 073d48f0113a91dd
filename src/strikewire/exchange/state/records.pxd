cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t
from strikewire.exchange.state.clearing cimport Contract

@cython.final
@cython.freelist(1024)
@cython.no_gc
cdef class RecordedSide:
    cdef public int64_t account_id, order_id, fee, profit_loss
    cdef public int8_t sign
    cdef public bint is_filled, post_only, reduce_only, is_liquidation
    cdef public object label, order_type

@cython.final
@cython.freelist(1024)
@cython.no_gc
cdef class RecordedFill:
    cdef public int64_t trade_id, trade_seq, price, amount, time_ns, mark, index
    cdef public int32_t iv_e4
    cdef public int8_t tick_direction
    cdef public Contract contract
    cdef public RecordedSide maker, taker

@cython.final
@cython.freelist(1024)
@cython.no_gc
cdef class RecordedPayment:
    cdef public int64_t transaction_id, account_seq, amount, balance, position, funding
    cdef public RecordedFill fill
    cdef public bint is_maker
