cimport cython
from libc.stdint cimport int64_t
from strikewire.exchange.state.clearing cimport Position
from strikewire.exchange.state.folding cimport Fold
from strikewire.exchange.state.ledgers cimport Holding, Ledger
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.state cimport Account

cdef _say_market(Fold fold, Market market)
cdef _say_account(Fold fold, Account account)
cdef bint _is_plain(Account account) except -1
cdef _say_ledger(Fold fold, Ledger ledger)
@cython.locals(position=Position)
cdef _say_holding(Fold fold, int64_t instrument_id, Holding holding)
