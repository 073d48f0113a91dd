cimport cython
from libc.stdint cimport int64_t

@cython.final
cdef class Contract:
    cdef public object instrument, currency, fee_kind, fee_rates, scale, tick_e8, lot_e8, strike
    cdef public object tick_value, tick_value_divisor
    cdef public bint is_option, is_spot, is_inverse_future

@cython.final
cdef class Position:
    cdef public int64_t size, entry_value, average_price, realized, funding
