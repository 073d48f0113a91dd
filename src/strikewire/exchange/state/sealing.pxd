cimport cython
from libc.stdint cimport int64_t
from strikewire.exchange.state.folding cimport Fold
from strikewire.exchange.state.ledgers cimport Ledger
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.state cimport Account, State

cdef int64_t _account_news(Account account) except -1
cdef int64_t _ledger_news(Ledger ledger) except -1
cdef _unseal_account(Account account)
cdef _say_account(Fold fold, Account account)
cdef _say_ledger(Fold fold, int64_t account_id, str currency, Ledger ledger)
cdef _say_market(Fold fold, Market market)
