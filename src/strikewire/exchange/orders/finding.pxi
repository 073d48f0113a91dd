"""What the lane is given to work with: what was looked for before, and commands in packed words.

A part of `lane.pyx`, which includes it.
"""

cdef void remember(directory* known, int64_t number, void* thing) noexcept:
    cdef void** grown
    cdef int64_t wanted, one
    if not 0 <= number < REMEMBERED:
        return
    if number >= known.room:
        wanted = 2 * number + 64
        grown = <void**>PyMem_Realloc(known.things, wanted * sizeof(void*))
        if grown == NULL:
            return
        for one in range(known.room, wanted):
            grown[one] = NULL
        known.things, known.room = grown, wanted
    known.things[number] = thing


cdef object numbered(directory* known, dict kept, int64_t number):
    """Return the thing of a number; None if there is none. Small ones are found without a search."""
    cdef void* found = seen(known, number)
    if found != NULL:
        return <object>found
    found = PyDict_GetItem(kept, number)
    if found == NULL:
        return None
    remember(known, number, found)
    return <object>found


cdef Holding find_holding(Account account, Market market, Terms terms):
    """Return what an account has in a market, made where there was nothing."""
    cdef PyObject* ledger = account.ledger_found
    cdef PyObject* found = NULL
    cdef Holding holding
    if account.currency != <PyObject*>terms.currency:
        ledger = PyDict_GetItem(account.ledgers, terms.currency)
        account.currency, account.ledger_found = <PyObject*>terms.currency, ledger
    if ledger != NULL:
        found = holdings_find((<Ledger>ledger).holdings, market.instrument_id)
    if found != NULL:
        holding = <Holding>found
    elif ledger == NULL:
        holding = account.holding(market)
        ledger = PyDict_GetItem(account.ledgers, terms.currency)
        account.ledger_found = ledger
    else:
        holding = opened(market)
        (<Ledger>ledger).holdings[market.instrument_id] = holding
    holding.account, holding.ledger = <PyObject*>account, ledger
    return holding


cdef Holding opened(Market market):
    """Return what `Holding(market)` is, without a look at its arguments."""
    cdef Holding holding = Holding.__new__(Holding)
    holding.market = market
    holding.position = Position.__new__(Position)
    holding.queue = OrderList.__new__(OrderList)
    holding.funding_paid, holding.valued_at = _ZERO, -1
    return holding


# Commands in packed words

cdef bint say_place(command, packed_command* packed) except -1:
    """Say what a new order is; whether it is one without anything special."""
    cdef object kind = _TYPES.get(command.order_type)
    if not (
        kind is not None
        and command.trigger is None
        and command.linked is None
        and command.display_amount is None
        and command.valid_until_ns is None
        and not command.reduce_only
        and not command.hidden
    ):
        return False
    packed.op, packed.side, packed.kind = PLACE, command.side, kind
    packed.force = _FORCES[command.time_in_force]
    packed.flags = (
        command.post_only * POST_ONLY_FLAG + command.reject_post_only * REJECT_POST_ONLY_FLAG
    )
    packed.account_id, packed.other_id = command.account_id, command.instrument_id
    packed.price = NEVER if command.price is None else command.price
    packed.amount = command.amount
    return True


cdef bint say_edit(command, packed_command* packed) except -1:
    """Say how an order changes; whether it is in nothing special."""
    if not (
        command.trigger_price is None
        and command.trigger_offset is None
        and command.display_amount is None
        and command.valid_until_ns is None
        and command.reduce_only is None
    ):
        return False
    packed.op = EDIT
    packed.flags = (
        (command.post_only is not None) * POST_ONLY_SAID
        + (command.post_only is True) * POST_ONLY_FLAG
        + command.reject_post_only * REJECT_POST_ONLY_FLAG
    )
    packed.account_id, packed.other_id = command.account_id, command.order_id
    packed.price = NEVER if command.price is None else command.price
    packed.amount = command.amount
    return True
