cimport cython
from libc.stdint cimport int64_t
from strikewire.exchange.state.book cimport Book
from strikewire.exchange.state.clearing cimport Contract
from strikewire.exchange.state.records cimport Fills

cdef int64_t _NEVER

@cython.final
cdef class Market:
    # What each order looks at comes first.
    cdef public int64_t instrument_id
    cdef public int64_t marked
    cdef public object _valuation, terms
    cdef public Book book
    cdef public Fills trades
    cdef public int64_t open_interest, trade_seq, last_ticks
    cdef public int tick_direction
    cdef public bint is_open, is_locked
    cdef public object instrument, set_state, limits, mark, funding, settlement_price
    cdef public Contract contract
    cdef public dict watches
    cdef public tuple legs
    cdef public list combos

    cpdef print_trade(self, int64_t price)
