cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t
from strikewire.exchange.state.order_table cimport OrderList
from strikewire.exchange.state.clearing cimport Position
from strikewire.exchange.state.holdings cimport Holdings
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.records cimport Payments

@cython.final
cdef class Holding:
    cdef public int64_t buy_lots, sell_lots, initial_margin
    cdef public Position position
    cdef public OrderList queue
    cdef PyObject* account
    cdef PyObject* ledger
    cdef int64_t plain_at  # the lane's count at which it knew that nothing here needs a second look
    # The last lots that the lane worked out an initial margin for, and under which terms.
    cdef int64_t margined_lots, margined, margined_under
    cdef public Market market
    cdef public dict reduce_only
    cdef public int64_t valued_at, buy_reserve, maintenance_margin, position_margin, profit
    cdef public object funding_paid
    cdef public int64_t funding_ms, funding, option_value, option_profit

@cython.final
cdef class Ledger:
    # What each order looks at comes first.
    cdef public object verdict
    cdef public Holdings holdings
    cdef public int64_t valued_at, balance, session_rpl, initial_margin, spot_reserve, profit, funding
    cdef public int64_t fees_paid, maintenance_margin, position_margin
    cdef public Payments transactions
    cdef public int64_t session_funding, options_session_rpl, option_value, option_profit
