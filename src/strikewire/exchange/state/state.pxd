cimport cython
from libc.stdint cimport int64_t
from cpython.ref cimport PyObject
from strikewire.exchange.state.order_table cimport ClosedOrders, OrderTable
from strikewire.exchange.state.records cimport Fills

@cython.final
cdef class Account:
    cdef public int64_t account_id, open_orders, changes, transactions
    # What the lane found out: the ledger it last looked for, and the look at which all was plain.
    cdef PyObject* currency
    cdef PyObject* ledger_found
    cdef int64_t plain_at
    # As of then: whether it has fees of its own, may meet all orders, and has portfolio margin.
    cdef bint has_fees, takes, is_judged
    cdef public ClosedOrders closed
    cdef public Fills fills
    cdef public int64_t opened_ns, owner, quotes_frozen_until_ns
    cdef public object name, self_trading, limits, margin_model
    cdef public bint self_trading_extended, is_locked
    cdef public dict fees, ledgers, conditional, protections

@cython.final
cdef class Treasury:
    cdef public int64_t deposits, withdrawals, fees, rounding, funding

@cython.final
cdef class State:
    cdef public dict markets, market_by_name, accounts, bankruptcies, treasuries, sessions
    cdef public dict settlements, indices, answers, conditional, day_orders, index_watchers
    cdef public set locks
    cdef public object day_end_ns
    cdef public OrderTable orders
    cdef public dict agreements
    cdef public int64_t marks_set, next_order_id, next_trade_id, next_transaction_id
    cdef public int64_t next_block_trade_id
    cdef public bytes seal
    cdef public object reached, combos
