"""What the lane is asked for by its part in C: `hooks` of `lane.h`.

A part of `lane.pyx`, which includes it. All of it is rare, or Python.
"""


cdef PyObject* approach(PyObject* asked, int64_t account_id, int64_t instrument_id) except? NULL:
    """Return what an account has in a market, if nothing there needs a second look."""
    cdef Lane self = <Lane>asked
    cdef Account account = self.account(account_id)
    cdef Market market = self.market(instrument_id)
    cdef Holding holding
    if account is None or market is None or not self.may_trade(account, market):
        return NULL
    holding = self.holding(account, market)
    holding.plain_at = self.l.looks
    return <PyObject*>holding  # its ledger keeps it


cdef PyObject* own(PyObject* asked, PyObject* waiting) except? NULL:
    """Return what the owner of a waiting order has in its instrument; NULL without terms."""
    cdef Lane self = <Lane>asked
    cdef Order order = <Order>waiting
    cdef Market market = self.market(order.instrument_id)
    cdef Holding holding
    if market is None or not self.knows(market):
        return NULL
    holding = self.holding(self.account(order.account_id), market)
    return <PyObject*>holding


cdef PyObject* blank_order() except NULL:
    cdef Order order = Order.__new__(Order)
    Py_INCREF(order)
    return <PyObject*>order


cdef int know(PyObject* asked, PyObject* market) except -1:
    return (<Lane>asked).knows(<Market>market)


cdef int know_account(PyObject* asked, int64_t account_id) except -1:
    return (<Lane>asked).account(account_id) is not None


cdef int refresh(PyObject* asked, PyObject* stale, PyObject* account) except -1:
    """Bring the sums of a ledger up to date after marks have been set."""
    cdef Lane self = <Lane>asked
    cdef Ledger ledger = <Ledger>stale
    cdef void* now = self.l.now
    cdef void* recent = self.l.recent
    cdef Py_ssize_t place
    cdef PyObject* at
    cdef Holding one
    cdef Market market
    for place in range(ledger.holdings.room):
        at = ledger.holdings.slots[place].held
        if at == NULL:
            continue
        one = <Holding>at
        if not (one.buy_lots or one.sell_lots or one.position.size):
            continue
        market = one.market
        if market._valuation is None or market.legs:
            # Whoever is the first in a market after a mark: terms are made for the second.
            ledger.revalue(one)
        elif one.valued_at != market.marked:
            if self.knows(market):
                one.account, one.ledger = account, stale
                revalue(self.l, one)
            else:
                ledger.revalue(one)
    ledger.valued_at = self.state.marks_set
    self.l.now, self.l.recent = now, recent
    return 0


cdef int look_up_index(PyObject* asked) except -1:
    cdef Lane self = <Lane>asked
    cdef Terms now = <Terms>self.l.now
    index = self.state.indices.get(now.index_name)
    now.index = 0 if index is None else index
    now.index_at = self.l.looks
    return 0


cdef int own_rate(PyObject* account, PyObject* market, int is_maker, int64_t* rate) except -1:
    """Set the rate of an account that has fees of its own, in millionths."""
    rates = (<Account>account).rates(<Market>market)
    rate[0] = rates.maker_ppm if is_maker else rates.taker_ppm
    return 0


cdef int realize(PyObject* asked, PyObject* holding, int64_t* owed) except -1:
    """Realise the funding of a position up to now."""
    owed[0] = (<Holding>holding).realize_funding((<Lane>asked).l.time_ns)
    return 0


cdef int accrued(PyObject* holding, int64_t* owed) except -1:
    owed[0] = (<Holding>holding).accrued_funding()
    return 0


cdef int trade_wide(
    PyObject* asked,
    PyObject* trading,
    int64_t lots,
    int64_t price,
    int64_t value,
    int64_t* profit,
) except -1:
    """Enter a fill into a position whose average needs more digits."""
    cdef Holding holding = <Holding>asked
    contract, side = holding.market.contract, (<Order>trading).side
    profit[0] = holding.position.trade(contract, side, lots, price, value)
    return 0


cdef int otherwise(PyObject* asked, const char* record, Py_ssize_t size) except -1:
    """Carry out one record the common way."""
    cdef Lane self = <Lane>asked
    cdef bytes command = PyBytes_FromStringAndSize(record, size)
    cdef bytes block
    block, has_changed = self.otherwise(self.state, self.l.time_ns, command)
    if has_changed:
        self.forget()
    if self.l.tells:
        lane_room(self.l, PyBytes_GET_SIZE(block) // sizeof(packed_event))
        memcpy(self.l.next, PyBytes_AS_STRING(block), PyBytes_GET_SIZE(block))
        self.l.next += PyBytes_GET_SIZE(block) // sizeof(packed_event)
    return 0


# Protections, and prices that orders wait for

cdef int lets_in(
    PyObject* asked, PyObject* coming, PyObject* waiting, int sign, int64_t lots, int64_t ticks
) except -1:
    """Say whether its protection lets an order in; `waiting` is the one that changes, or NULL."""
    cdef Lane self = <Lane>asked
    cdef Holding holding = <Holding>coming
    cdef Order freed = None if waiting == NULL else <Order>waiting
    tag = freed.extras.mmp if self.l.tag == NULL else <object>self.l.tag
    if self.l.tag == NULL and tag.is_quote:
        return False
    return refuse_unprotected(
        <Account>holding.account,
        holding.market,
        tag,
        time_ns=self.l.time_ns,
        side=_BUY if sign > 0 else _SELL,
        lots=lots,
        price=ticks,
        freed=freed,
    ) is None


cdef int protect(PyObject* asked, PyObject* coming) except -1:
    """Put an order under what the lane was told."""
    cdef Order order = <Order>coming
    order.more().mmp = <object>(<Lane>asked).l.tag
    order.mark(PROTECTED, True)
    return 0


cdef int bears(PyObject* asked, PyObject* trading, int64_t lots) except -1:
    """Say whether a trade of a protected order is counted, and nothing comes of it."""
    cdef Lane self = <Lane>asked
    cdef Order order = <Order>trading
    cdef Holding holding = <Holding>order.owner
    if self.l.borne == 0:
        self.borne.clear()
    protection = protection_of(<Account>holding.account, holding.market, order.extras.mmp.group)
    meant = exposure(holding.market, _BUY if order.sign > 0 else _SELL, lots, order.ticks)
    if protection in self.borne:
        meant = meant.plus(self.borne[protection])
    self.borne[protection] = meant
    return protection.bears(self.l.time_ns, meant)


cdef int count_borne(PyObject* asked) except -1:
    """Count the trades of protected orders, those under one protection together."""
    cdef Lane self = <Lane>asked
    for protection, meant in self.borne.items():
        acts = protection.count(self.l.time_ns, meant)
        assert not acts
    self.borne.clear()
    return 0


cdef int judged(PyObject* asked, PyObject* coming, int64_t lost) except -1:
    """Say whether an account can hold what the verdict in hand says that it would need."""
    cdef Lane self = <Lane>asked
    cdef Holding holding = <Holding>coming
    cdef Account account = <Account>holding.account
    if self.l.makes_objects and admission.refuse_verdict(account, self.verdict) is None:
        self.held = <Ledger>holding.ledger
        currency = holding.market.contract.currency
        return admission.affords_verdict(self.state, account, currency, self.verdict, lost)
    return False  # what is packed has none


cdef int wakes(PyObject* asked, PyObject* trading, int64_t first, int64_t last) except -1:
    """Say whether orders that wait for a last price mind trades between two."""
    cdef Market market = <Market>trading
    cdef int64_t tick_e8 = market.contract.tick_e8
    watch = market.watches[_LAST]
    return bool(
        watch.trailing or watch.reached(first * tick_e8) or watch.reached(last * tick_e8)
    )


ASKED.lets_in, ASKED.protect, ASKED.bears = lets_in, protect, bears
ASKED.count_borne, ASKED.wakes, ASKED.judged = count_borne, wakes, judged
ASKED.approach, ASKED.own, ASKED.blank_order = approach, own, blank_order
ASKED.know, ASKED.know_account, ASKED.refresh = know, know_account, refresh
ASKED.look_up_index, ASKED.own_rate, ASKED.realize = look_up_index, own_rate, realize
ASKED.accrued, ASKED.trade_wide, ASKED.otherwise = accrued, trade_wide, otherwise
