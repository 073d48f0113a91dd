# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""The common commands in one piece: `lane.py` says what this is for.

Theory of operation. A command is looked at first and carried out after: `looking.h` walks the book
and collects whom the order would trade with and what that costs, and only when nothing at all speaks
against it does `acting.h` move anything; `placing.h` has the commands, `carrying.h` a batch of
them. Whatever is not plain sailing (a refusal, an order with ties, a market that is not trading,
figures of more than 126 bits) answers `DEFER`, with nothing changed, and the command goes the
common way. So every rule, every refusal and its wording exist once, in Python, and what is here
twice is arithmetic. The one refusal that is made here is the commonest: of a packed cancel that
comes too late, whose answer is a code without words.

What moves is written in C (`lane.h` says why). Here is what it asks for: accounts, markets and
holdings that it has not met yet, what a mark means, and events as objects.
"""

from math import gcd
from sys import intern

cimport cython

from cpython.dict cimport PyDict_GetItem
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset
from strikewire.exchange.state.orders cimport (
    FOK, GTC, GTD, IOC, LIMIT, MARKET, NEVER, PROTECTED, Order, reason_place
)
from strikewire.exchange.state.clearing cimport Position
from strikewire.exchange.state.holdings cimport holdings_find
from strikewire.exchange.state.ledgers cimport Holding, Ledger
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.order_table cimport ENDED, OrderList, ended_orders, view_of
from strikewire.exchange.state.records cimport FillRecord, fill_records, told
from strikewire.exchange.state.state cimport Account, State, Treasury

from strikewire.exchange.commands import (
    NO_LIMITS,
    CancelOrder,
    CancelReason,
    EditOrder,
    InstrumentState,
    MarginModel,
    OrderType,
    PlaceOrder,
    SelfTrading,
    TimeInForce,
    TriggerPriceType,
)
from strikewire.exchange.events import BalanceChanged, LevelChanged, OrderEvent, PositionChanged
from strikewire.exchange.events import Reject
from strikewire.exchange.mmp import MmpTag
from strikewire.exchange.orders import admission
from strikewire.exchange.packed import currency_code
from strikewire.exchange.orders.protecting import exposure, protection_of, refuse_unprotected
from strikewire.exchange.orders.selftrade import chosen
from strikewire.exchange.orders.trading import LABEL_LENGTH_MAX
from strikewire.exchange.state.margin import MARGIN_MAX
from strikewire.exchange.state.views import position_view
from strikewire.model import AMOUNT_LOTS_MAX, NS_PER_MS, PRICE_SCALE, PRICE_TICKS_MAX, Side

cdef extern from "lane.h":
    enum:
        DEFER, PLACE, EDIT, CANCEL
        POST_ONLY_FLAG, REJECT_POST_ONLY_FLAG, POST_ONLY_SAID
        ORDER_EVENT, TRADE_EVENT, POSITION_EVENT, BALANCE_EVENT, LEVEL_EVENT
        SEATS, REMEMBERED
    ctypedef struct packed_command:
        uint8_t op
        int8_t side
        uint8_t kind, force
        uint16_t flags, label_bytes
        int64_t account_id, other_id, price, amount, valid_until_ns
    ctypedef struct packed_event:
        uint8_t kind
        int8_t side
        uint32_t instrument_id
        int64_t a, b, c, d, e
    ctypedef struct match:
        void* fill
    ctypedef struct seat:
        int64_t account_id, instrument_id
        void* holding
    ctypedef struct directory:
        void** things
        int64_t room
    ctypedef struct hooks:
        PyObject* (*approach)(PyObject*, int64_t, int64_t) except? NULL
        PyObject* (*own)(PyObject*, PyObject*) except? NULL
        PyObject* (*blank_order)() except NULL
        int (*know)(PyObject*, PyObject*) except -1
        int (*know_account)(PyObject*, int64_t) except -1
        int (*refresh)(PyObject*, PyObject*, PyObject*) except -1
        int (*look_up_index)(PyObject*) except -1
        int (*own_rate)(PyObject*, PyObject*, int, int64_t*) except -1
        int (*realize)(PyObject*, PyObject*, int64_t*) except -1
        int (*accrued)(PyObject*, int64_t*) except -1
        int (*trade_wide)(PyObject*, PyObject*, int64_t, int64_t, int64_t, int64_t*) except -1
        int (*otherwise)(PyObject*, const char*, Py_ssize_t) except -1
        int (*lets_in)(PyObject*, PyObject*, PyObject*, int, int64_t, int64_t) except -1
        int (*protect)(PyObject*, PyObject*) except -1
        int (*bears)(PyObject*, PyObject*, int64_t) except -1
        int (*count_borne)(PyObject*) except -1
        int (*judged)(PyObject*, PyObject*, int64_t) except -1
        int (*wakes)(PyObject*, PyObject*, int64_t, int64_t) except -1
    ctypedef struct lane:
        int64_t time_ns, time_ms, looks
        void *now
        void *recent
        void *state
        void *orders
        packed_event *first
        packed_event *next
        int tells, makes_objects, is_part
        PyObject* tag
        Py_ssize_t borne
        match* matches
        void *changes
        void *owners
        int64_t open_orders_max, instrument_orders_max, position_lots_max, amount_max
        Py_ssize_t label_max
        uint8_t user_request, immediate, no_liquidity
        int64_t not_open, not_owner
        void *spare
        void **blank
        Py_ssize_t blanks
        void *fills
        void *ended
        PyObject* self
        PyObject* zero
        PyObject* no_label
        hooks ask
        int64_t carried_out, parts
        directory accounts, markets
        seat* seats
    void* seen(const directory* known, int64_t number) noexcept
    seat* lane_seat(lane* l, int64_t account_id, int64_t instrument_id) noexcept

cdef extern from "telling.h":
    int lane_room(lane* l, Py_ssize_t more) except -1
    object lane_told(lane* l)
    void lane_release(lane* l)

cdef enum:
    STEPS = 8  # coarser ticks of an instrument

cdef object _NO_LIMITS = NO_LIMITS
cdef object _STATE_OPEN = InstrumentState.OPEN
cdef object _CROSS = MarginModel.CROSS
cdef object _PORTFOLIO = MarginModel.PORTFOLIO
cdef object _ALLOWED = SelfTrading.ALLOWED
cdef int64_t _NS_PER_MS = NS_PER_MS
cdef object _LAST = TriggerPriceType.LAST
cdef object _OWN_TAG = MmpTag()  # of a protected order that is no quote
cdef object _BUY = Side.BUY
cdef object _SELL = Side.SELL
cdef object _ZERO = 0
cdef object _NO_LABEL = ""
cdef dict _TYPES = {OrderType.LIMIT: LIMIT, OrderType.MARKET: MARKET}
cdef dict _FORCES = {
    TimeInForce.GTC: GTC, TimeInForce.IOC: IOC, TimeInForce.FOK: FOK, TimeInForce.GTD: GTD
}
cdef uint8_t _OTHER_REASON = reason_place(object())
cdef int64_t NUMBERS = 0


cdef int64_t next_number() noexcept:
    """Return a number that nothing else in this process has had: holdings may outlive a lane."""
    global NUMBERS
    NUMBERS += 1
    return NUMBERS


include "terms.pxi"
include "finding.pxi"
cdef hooks ASKED

cdef extern from "carrying.h":
    Py_ssize_t carry(lane* l, const char* at, Py_ssize_t size) except -1
    int carry_out(
        lane* l, const packed_command* command, seat* at, const char* label, uint8_t reason
    ) except -1
    int revalue(lane* l, Holding holding) except -1


@cython.final
cdef class Lane:
    """Carries out what needs no second thought."""

    cdef State state
    cdef lane* l
    cdef object otherwise
    cdef dict borne  # by protection, what the present command trades under it
    cdef object verdict  # of the command in hand
    cdef Ledger held  # to that, from then on

    def __cinit__(self, State state not None, otherwise):
        cdef lane* l = <lane*>PyMem_Calloc(1, sizeof(lane))
        if l == NULL:
            raise MemoryError
        self.state, self.l, self.otherwise, self.borne = state, l, otherwise, {}
        l.self, l.state, l.orders = <PyObject*>self, <void*>state, <void*>state.orders
        l.looks = next_number()
        l.open_orders_max = admission.OPEN_ORDERS_MAX
        l.instrument_orders_max = admission.OPEN_ORDERS_INSTRUMENT_MAX
        l.position_lots_max = admission.POSITION_LOTS_MAX
        l.amount_max, l.label_max = AMOUNT_LOTS_MAX, LABEL_LENGTH_MAX
        l.user_request = reason_place(CancelReason.USER_REQUEST)
        l.immediate = reason_place(CancelReason.IMMEDIATE_OR_CANCEL)
        l.no_liquidity = reason_place(CancelReason.NO_LIQUIDITY)
        l.not_open, l.not_owner = Reject.NOT_OPEN_ORDER, Reject.NOT_OWNER
        l.zero, l.no_label = <PyObject*>_ZERO, <PyObject*>_NO_LABEL
        l.fills, l.ended = fill_records(), ended_orders()
        l.ask = ASKED

    def __dealloc__(self):
        cdef lane* l = self.l
        cdef PyObject* order = <PyObject*>l.spare
        cdef PyObject* after
        while order != NULL:
            after = (<Order>order).after
            Py_DECREF(<object>order)
            order = after
        while l.blanks:
            l.blanks -= 1
            Py_DECREF(<object>l.blank[l.blanks])
        PyMem_Free(l.blank)
        lane_release(l)
        PyMem_Free(l.matches)
        PyMem_Free(l.changes)
        PyMem_Free(l.owners)
        PyMem_Free(l.accounts.things)
        PyMem_Free(l.markets.things)
        PyMem_Free(l)

    @property
    def carried_out(self):
        """How many commands it carried out."""
        return self.l.carried_out

    @property
    def parts(self):
        """How many parts of commands it carried out."""
        return self.l.parts

    def submit(self, int64_t time_ns, bytes batch not None):
        """Carry out packed commands, and return all events as records."""
        self.begin(time_ns, True, False)
        carry(self.l, PyBytes_AS_STRING(batch), PyBytes_GET_SIZE(batch))
        return lane_told(self.l)

    def replay(self, int64_t time_ns, bytes batch not None):
        """Carry out packed commands, and return how many there were."""
        self.begin(time_ns, False, False)
        return carry(self.l, PyBytes_AS_STRING(batch), PyBytes_GET_SIZE(batch))

    def carry_out(self, int64_t time_ns, command):
        """Return the events of a command; None if it has to go the common way."""
        day_end_ns = self.state.day_end_ns
        if day_end_ns is not None and time_ns >= day_end_ns:
            return None
        events = self.carry_object(time_ns, command, None)
        if events is not None:
            self.l.carried_out += 1
        return events

    def carry_part(self, int64_t time_ns, Account account not None, command, tag):
        """Return the events of a part of a command; None if it has to go the common way."""
        cdef int64_t changes = account.changes
        self.l.is_part = True
        try:
            events = self.carry_object(time_ns, command, tag)
        finally:
            self.l.is_part = False
        account.changes = changes  # which the command counts once
        if events is not None:
            self.l.parts += 1
        return events

    cdef tuple carry_object(self, int64_t time_ns, command, tag):
        cdef packed_command packed
        cdef uint8_t reason = 0
        cdef bytes label = b""
        cdef seat* at = NULL
        cdef bint is_known
        cdef int outcome
        memset(&packed, 0, sizeof(packed))
        kind = type(command)
        try:
            if kind is PlaceOrder:
                is_known = say_place(command, &packed)
                self.verdict = command.verdict
                if command.mmp:
                    tag = _OWN_TAG
                label = command.label.encode("utf-8", "surrogatepass")
                is_known = is_known and len(label) <= 4 * self.l.label_max
                packed.label_bytes = len(label) if is_known else 0
                at = lane_seat(self.l, packed.account_id, packed.other_id)
            elif kind is CancelOrder:
                reason = reason_place(command.reason)
                packed.op = CANCEL
                packed.account_id, packed.other_id = command.account_id, command.order_id
                is_known = reason != _OTHER_REASON
            elif kind is EditOrder:
                is_known = say_edit(command, &packed)
                self.verdict = command.verdict
            else:
                return None
        except OverflowError:
            return None
        if not is_known:
            return None
        self.begin(time_ns, True, True)
        self.l.tag = NULL if tag is None else <PyObject*>tag
        self.held = None
        try:
            outcome = carry_out(self.l, &packed, at, PyBytes_AS_STRING(label), reason)
        finally:
            self.l.tag = NULL
        if outcome == DEFER:
            return None
        if self.held is not None:
            self.held.verdict = self.verdict
        return self.told()

    def forget(self, holdings=False):
        """Forget what was found out about accounts and markets, because that may have changed."""
        cdef Py_ssize_t place
        self.l.looks = next_number()
        if holdings:
            for place in range(SEATS):
                self.l.seats[place].holding = NULL

    cdef void begin(self, int64_t time_ns, bint tells, bint makes_objects) noexcept:
        self.l.time_ns, self.l.time_ms = time_ns, time_ns // _NS_PER_MS
        self.l.next = self.l.first
        self.l.tells, self.l.makes_objects = tells, makes_objects

    cdef tuple told(self):
        """Return what was told as objects."""
        cdef packed_event* one = self.l.first
        cdef match* trade = self.l.matches
        cdef str currency = (<Terms>self.l.now).currency
        cdef list events = []
        cdef uintptr_t slot
        while one < self.l.next:
            if one.kind == ORDER_EVENT:
                slot = self.state.orders.slot(one.a)
                view = view_of(slot) if slot & ENDED else (<Order><PyObject*>slot).view()
                events.append(OrderEvent(view))
            elif one.kind == TRADE_EVENT:
                events.append(told(<FillRecord*>trade.fill, currency))
                trade += 1
            elif one.kind == POSITION_EVENT:
                account, market = self.account(one.a), self.market(one.instrument_id)
                events.append(PositionChanged(position_view(self.state, account, market)))
            elif one.kind == BALANCE_EVENT:
                events.append(BalanceChanged(one.a, currency))
            elif one.kind == LEVEL_EVENT:
                side = Side.BUY if one.side > 0 else Side.SELL
                events.append(LevelChanged(one.instrument_id, side, one.c, one.d, one.a))
            one += 1
        return tuple(events)

    # What was met before, and what was not

    cdef inline Account account(self, int64_t account_id):
        return <Account>numbered(&self.l.accounts, self.state.accounts, account_id)

    cdef inline Market market(self, int64_t instrument_id):
        return <Market>numbered(&self.l.markets, self.state.markets, instrument_id)

    cdef bint knows(self, Market market) except -1:
        """Let the terms of a market be those of its mark; say whether it has any that fit."""
        if (
            market.terms is None
            or market._valuation is None
            or (<Terms>market.terms).valuation is not market._valuation
        ):
            if market.contract.is_spot or market.mark is None:
                return False
            if market._valuation is None:
                market.valuation  # is worked out
            market.terms = Terms(self.state, market)
        self.l.now, self.l.recent = <void*>market.terms, <void*>market
        return (<Terms>market.terms).fits

    cdef bint may_trade(self, Account account, Market market) except -1:
        cdef int64_t looks = self.l.looks
        cdef Terms now
        if not self.knows(market):
            return False
        now = <Terms>market.terms
        if account.plain_at != looks:
            if account.is_locked or account.margin_model is _CROSS:
                return False
            if account.limits is not _NO_LIMITS:
                return False
            account.is_judged = account.margin_model is _PORTFOLIO
            account.has_fees = bool(account.fees)
            account.takes = chosen(self.state, account)[0] is _ALLOWED
            account.plain_at = looks
        if now.plain_at != looks:
            if not market.is_open or market.is_locked or market.set_state is not _STATE_OPEN:
                return False
            if market.limits is not _NO_LIMITS:
                return False
            now.is_watched = _LAST in market.watches
            now.plain_at = looks
        return True

    cdef Holding holding(self, Account account, Market market):
        """Return what an account has in a market; where it has been found, it is found again."""
        cdef seat* at = lane_seat(self.l, account.account_id, market.instrument_id)
        cdef Holding holding
        if (
            at.holding != NULL
            and at.account_id == account.account_id
            and at.instrument_id == market.instrument_id
        ):
            return <Holding>at.holding
        holding = find_holding(account, market, <Terms>market.terms)
        at.account_id, at.instrument_id = account.account_id, market.instrument_id
        at.holding = <void*>holding
        return holding


include "asked.pxi"
