cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t
from strikewire.exchange.state.archives cimport Ring
from strikewire.exchange.state.book cimport OrderList
from strikewire.exchange.state.clearing cimport Position
from strikewire.exchange.state.markets cimport Market

@cython.final
cdef class Holding:
    cdef public Market market
    cdef public Position position
    cdef public OrderList queue
    cdef public dict reduce_only
    cdef public object funding_paid, valued_at
    cdef public int64_t buy_lots, sell_lots, buy_reserve, funding_ms
    cdef public int64_t initial_margin, maintenance_margin, position_margin
    cdef public int64_t profit, funding, option_value, option_profit
    cdef PyObject* account
    cdef PyObject* ledger

@cython.final
cdef class Ledger:
    cdef public object verdict
    cdef public int64_t balance, session_rpl, session_funding, options_session_rpl, fees_paid
    cdef public int64_t spot_reserve, valued_at
    cdef public int64_t initial_margin, maintenance_margin, position_margin
    cdef public int64_t profit, funding, option_value, option_profit
    cdef public Ring transactions
    cdef public dict holdings
