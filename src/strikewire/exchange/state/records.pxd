cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

@cython.final
@cython.freelist(1024)
cdef class RecordedFill:
    cdef public int64_t trade_id, trade_seq, price, amount, time_ns, mark, index
    cdef public int64_t maker_account_id, maker_order_id, maker_fee, maker_profit
    cdef public int64_t taker_account_id, taker_order_id, taker_fee, taker_profit
    cdef public int32_t instrument_id, iv_e4
    cdef public int8_t taker_sign, tick_direction
    cdef public uint8_t maker_type, maker_flags, taker_type, taker_flags
    cdef public str maker_label, taker_label

@cython.final
@cython.freelist(1024)
cdef class RecordedPayment:
    cdef public int64_t transaction_id, account_seq, time_ns, account_id, amount, fee, balance
    cdef public int64_t lots, price, position, profit, funding, trade_id, order_id
    cdef public int32_t instrument_id
    cdef public int8_t sign, is_maker
