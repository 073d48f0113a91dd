# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""The common commands in one piece: `lane.py` says what this is for.

Theory of operation. A command is looked at first and carried out after: `look` walks the book and
collects whom the order would trade with and what that costs, and only when nothing at all speaks
against it does `enter` move anything. Whatever is not plain sailing (a refusal, an order with
ties, a market that is not trading, figures of more than 126 bits) answers `DEFER`, with nothing
changed, and the command goes the common way. So every rule, every refusal and its wording exist
once, in Python, and what is here twice is arithmetic. The one refusal that is made here is the
commonest: of a packed cancel that comes too late, whose answer is a code without words.

Pointers, structures and products of 128 bits are what pure-Python mode cannot say.
"""

from math import gcd
from sys import intern

cimport cython

from cpython.dict cimport PyDict_GetItem, PyDict_Next
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_INCREF, PyObject
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport (
    int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
)
from libc.stdlib cimport qsort
from libc.string cimport memcpy
from strikewire.exchange.state.book cimport Book, HalfBook, Touched
from strikewire.exchange.state.orders cimport (
    CANCELLED,
    CONCEALED,
    FILLED,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT,
    LIQUIDATION,
    MARKET,
    NEVER,
    POST_ONLY,
    PROTECTED,
    REDUCE_ONLY,
    REJECT_POST_ONLY,
    REPLACED,
    TIED,
    Level,
    Order,
    reason_place,
)
from strikewire.exchange.state.clearing cimport Position
from strikewire.exchange.state.ledgers cimport Holding, Ledger
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.order_table cimport ENDED, OrderList, ended_of
from strikewire.exchange.state.records cimport (
    FILL_ENTRY,
    MAKER,
    MAKER_ENTRY,
    TAKER,
    TAKER_ENTRY,
    FillRecord,
    Party,
    keep,
    new_fill,
    told,
)
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
)
from strikewire.exchange.events import BalanceChanged, OrderEvent, PositionChanged, Reject
from strikewire.exchange.orders import admission
from strikewire.exchange.packed import currency_code
from strikewire.exchange.orders.trading import LABEL_LENGTH_MAX
from strikewire.exchange.state.margin import MARGIN_MAX
from strikewire.exchange.state.views import position_view
from strikewire.model import AMOUNT_LOTS_MAX, NS_PER_MS, PRICE_SCALE, PRICE_TICKS_MAX


cdef enum Mode:
    OBJECTS  # events as objects
    RECORDS  # events as packed records
    NOTHING  # no events, as in a replay

cdef enum:  # as in `records.pyx`
    FILLED_FLAG = 1
    POST_ONLY_FLAG_KEPT = 2
    REDUCE_ONLY_FLAG_KEPT = 4
    LIQUIDATION_FLAG = 8

cdef enum:
    DONE = 0
    DEFER = 1  # nothing has changed; the command goes the common way
    STEPS = 8  # coarser ticks of an instrument

cdef int64_t _NOT_OPEN = Reject.NOT_OPEN_ORDER
cdef int64_t _NOT_OWNER = Reject.NOT_OWNER
cdef int64_t _AMOUNT_LOTS_MAX = AMOUNT_LOTS_MAX
cdef int64_t _NS_PER_MS = NS_PER_MS
cdef Py_ssize_t _LABEL_LENGTH_MAX = LABEL_LENGTH_MAX
cdef object _NO_LIMITS = NO_LIMITS
cdef object _STATE_OPEN = InstrumentState.OPEN
cdef object _STANDARD = MarginModel.STANDARD
cdef object _ALLOWED = SelfTrading.ALLOWED
cdef object _TYPE_LIMIT = OrderType.LIMIT
cdef object _TYPE_MARKET = OrderType.MARKET
cdef object _USER_REASON = CancelReason.USER_REQUEST
cdef uint8_t _USER = reason_place(CancelReason.USER_REQUEST)
cdef uint8_t _IOC_ENDED = reason_place(CancelReason.IMMEDIATE_OR_CANCEL)
cdef uint8_t _NO_LIQUIDITY = reason_place(CancelReason.NO_LIQUIDITY)
cdef dict _FORCES = {
    TimeInForce.GTC: GTC, TimeInForce.IOC: IOC, TimeInForce.FOK: FOK, TimeInForce.GTD: GTD
}
cdef int64_t NUMBERS = 0


cdef int64_t next_number() noexcept:
    """Return a number that nothing else in this process has had: holdings may outlive a lane."""
    global NUMBERS
    NUMBERS += 1
    return NUMBERS


include "terms.pxi"
include "words.pxi"
include "finding.pxi"
include "ahead.pxi"


cdef struct Wish:
    # An order that wants to come in, new or edited.
    int8_t sign
    uint8_t type, force
    bint post_only, reject_post_only, waits, says_post_only
    int64_t limit, lots  # without what an edited order has filled already

cdef inline uint8_t flags_of(Order order) noexcept:
    """Return the flags of an order in the record of its fill."""
    return (
        (order.amount == order.filled) * FILLED_FLAG
        + order.has(POST_ONLY) * POST_ONLY_FLAG_KEPT
        + order.has(REDUCE_ONLY) * REDUCE_ONLY_FLAG_KEPT
        + order.has(LIQUIDATION) * LIQUIDATION_FLAG
    )


cdef inline void note_edit(Order order, Wish* wish) noexcept:
    order.mark(POST_ONLY, wish.post_only)
    order.mark(REJECT_POST_ONLY, wish.reject_post_only)
    order.mark(REPLACED, True)


cdef inline int64_t absolute(int64_t number) noexcept:
    return -number if number < 0 else number


cdef inline int64_t larger(int64_t one, int64_t other) noexcept:
    return one if one > other else other


cdef inline int64_t smaller(int64_t one, int64_t other) noexcept:
    return one if one < other else other


cdef struct Traded:
    int64_t account_id
    PyObject* holding


cdef int by_account(const void* one, const void* other) noexcept nogil:
    cdef int64_t a = (<Traded*>one).account_id, b = (<Traded*>other).account_id
    return (a > b) - (a < b)


cdef inline void sort_traded(Traded* traded, Py_ssize_t count) noexcept:
    """Sort by account. Few are nearly all there are, and put in their places one by one."""
    cdef Py_ssize_t place, at
    cdef Traded one
    if count > 16:
        qsort(traded, count, sizeof(Traded), by_account)
        return
    for place in range(1, count):
        one, at = traded[place], place
        while at and traded[at - 1].account_id > one.account_id:
            traded[at] = traded[at - 1]
            at -= 1
        traded[at] = one


cdef struct Found:
    PyObject* maker
    int64_t lots, value


@cython.final
cdef class Lane:
    """Carries out what needs no second thought."""

    cdef State state
    cdef list events
    cdef Found* found
    cdef Py_ssize_t matches, room, traded_room
    cdef Seat[SEATS] seats
    cdef Traded* traded
    cdef int64_t found_lots, own_lots, initial_after
    cdef int64_t time_ns
    cdef int64_t open_orders_max, instrument_orders_max, position_lots_max
    cdef Terms now
    cdef PyObject* recent  # the market whose terms these are, which need not be fetched again
    cdef Mode mode
    cdef Event* out
    cdef Py_ssize_t told, out_room
    cdef Directory accounts, markets
    cdef int64_t looks  # how often what is known of accounts and markets was forgotten, and one
    cdef public int64_t carried_out
    """How many commands it carried out."""

    def __cinit__(self, State state not None):
        self.state = state
        self.looks = next_number()
        self.open_orders_max = admission.OPEN_ORDERS_MAX
        self.instrument_orders_max = admission.OPEN_ORDERS_INSTRUMENT_MAX
        self.position_lots_max = admission.POSITION_LOTS_MAX

    def __dealloc__(self):
        PyMem_Free(self.found)
        PyMem_Free(self.traded)
        PyMem_Free(self.out)
        PyMem_Free(self.accounts.things)
        PyMem_Free(self.markets.things)

    def carry_out(self, int64_t time_ns, command):
        """Return the events of a command; None if it has to go the common way."""
        cdef int outcome = DEFER
        if self.state.day_end_ns is not None and time_ns >= self.state.day_end_ns:
            return None
        self.time_ns = time_ns
        self.mode = OBJECTS
        self.events = []
        kind = type(command)
        if kind is PlaceOrder:
            outcome = self.place(command)
        elif kind is CancelOrder:
            outcome = self.take_back(command)
        elif kind is EditOrder:
            outcome = self.edit(command)
        if outcome == DEFER:
            return None
        self.carried_out += 1
        return tuple(self.events)

    def run(self, int64_t time_ns, bytes batch not None, otherwise):
        """Carry out packed commands, and return all events as records."""
        self.carry(time_ns, batch, otherwise, RECORDS)
        return PyBytes_FromStringAndSize(<char*>self.out, self.told * sizeof(Event))

    def replay(self, int64_t time_ns, bytes batch not None, otherwise):
        """Carry out packed commands, and return how many there were."""
        return self.carry(time_ns, batch, otherwise, NOTHING)

    cdef Py_ssize_t carry(
        self, int64_t time_ns, bytes batch, object otherwise, Mode mode
    ) except -1:
        """Carry out packed commands.

        Args:
            time_ns: When all of them were accepted, in nanoseconds since the Unix epoch.
            batch: Their records, each with its label behind it, as `packed.split` takes them.
            otherwise: Carries out one record that has to go the common way, and returns its
                events as records.
            mode: Whether to tell of them.
        """
        cdef Window window
        cdef Incoming* one
        cdef Py_ssize_t count = 0
        cdef int outcome
        self.told = 0
        self.time_ns = time_ns
        window.at, window.count = PyBytes_AS_STRING(batch), 0
        window.end = window.at + PyBytes_GET_SIZE(batch)
        while window.count < STAGES * STRIDE and read_on(&window):
            self.foresee(&window, 0)
        while count < window.count:
            one = incoming(&window, count)
            self.mode = mode
            outcome = DEFER
            if self.state.day_end_ns is None or time_ns < self.state.day_end_ns:
                outcome = self.unpacked(&one.command, one.label)
            if outcome == DEFER:
                block = otherwise(
                    time_ns,
                    PyBytes_FromStringAndSize(
                        one.record, sizeof(Command) + one.command.label_bytes
                    ),
                )
                if mode == RECORDS:
                    self.append(block)
            else:
                self.carried_out += 1
            count += 1
            if read_on(&window):
                self.foresee(&window, count)
        if window.end - window.at >= <Py_ssize_t>sizeof(Command):
            raise ValueError("the last label is cut off")
        if window.at != window.end:
            raise ValueError(f"{window.end - window.at} bytes behind the last record")
        return count

    cdef inline void foresee(self, Window* window, Py_ssize_t first) noexcept:
        """Fetch what the records of a window that begins there need, each by its distance."""
        cdef int stage
        cdef Py_ssize_t number = window.count - 1
        for stage in range(STAGES - 1, -1, -1):
            if number < first:
                return
            self.fetch_stage(stage, incoming(window, number))
            number -= STRIDE

    cdef inline void fetch_stage(self, int stage, Incoming* one) noexcept:
        if one.command.op == PLACE:
            self.fetch_for_new(stage, one)
        elif one.command.op == CANCEL or one.command.op == EDIT:
            self.fetch_for_waiting(stage, one.command.other_id)

    cdef inline void fetch_for_new(self, int stage, Incoming* one) noexcept:
        """Fetch what a new order needs: its seat, then the holding, then what is behind that."""
        cdef PyObject* account
        if stage == STAGES - 1:
            one.seat = self.seat(one.command.account_id, one.command.other_id)
            one.market = seen(&self.markets, one.command.other_id)
            if one.market == self.recent:
                one.market = NULL
        if one.market != NULL:
            fetch_market(stage, <Market>one.market)
        if stage == 3:
            fetch(one.seat)
        elif stage < 3 and one.seat.holding != NULL and one.seat.account_id == one.command.account_id:
            if stage == 2:
                fetch_block(one.seat.holding, 192)
            elif stage == 1:
                fetch_owner(one.seat.holding)
            else:
                fetch_archives(one.seat.holding, one.command.force != GTC)
        elif stage == 2:
            account = seen(&self.accounts, one.command.account_id)
            if account != NULL:
                fetch_block(account, 192)

    cdef inline void fetch_for_waiting(self, int stage, int64_t order_id) noexcept:
        """Fetch what the end of an order needs: where to find it, itself, then all around it."""
        cdef PyObject* at
        cdef PyObject* market
        if stage == 4:
            fetch(self.state.orders.place_of(order_id))
            return
        at = self.state.orders.find(order_id)
        if at == NULL:
            return
        if stage == 3:
            fetch_block(at, 192)
            return
        market = seen(&self.markets, (<Order>at).instrument_id)
        if market != NULL and market != self.recent:
            fetch_market(stage + 2, <Market>market)
        if stage == 2:
            fetch((<Order>at).level)
            fetch_block((<Order>at).owner, 192)
            fetch_block((<Order>at).before, 128)
            fetch_block((<Order>at).after, 128)
            fetch_block((<Order>at).peer_before, 128)
            fetch_block((<Order>at).peer_after, 128)
        elif (<Order>at).owner != NULL:
            if stage == 1:
                fetch_owner((<Order>at).owner)
            else:
                fetch_archives((<Order>at).owner, False)

    cdef int append(self, bytes block) except -1:
        cdef Py_ssize_t more = PyBytes_GET_SIZE(block) // sizeof(Event)
        self.make_room(more)
        memcpy(self.out + self.told, PyBytes_AS_STRING(block), more * sizeof(Event))
        self.told += more
        return 0

    cdef int make_room(self, Py_ssize_t more) except -1:
        cdef Event* grown
        cdef Py_ssize_t room = self.out_room
        if self.told + more > room:
            room = 2 * room + more + 256
            grown = <Event*>PyMem_Realloc(self.out, room * sizeof(Event))
            if grown == NULL:
                raise MemoryError
            self.out, self.out_room = grown, room
        return 0

    cdef int unpacked(self, Command* command, const char* label) except -1:
        cdef Wish wish
        if command.op == CANCEL:
            if command.kind != 0:
                return DEFER
            if self.refuses_cancel(command.account_id, command.other_id):
                return DONE
            return self.cancel(command.account_id, command.other_id, _USER_REASON)
        if command.op > CANCEL or command.op == 0 or command.valid_until_ns:
            return DEFER
        if command.flags & (REDUCE_ONLY_FLAG | REDUCE_ONLY_SAID):
            return DEFER
        wish.limit, wish.lots = command.price, command.amount
        wish.post_only = command.flags & POST_ONLY_FLAG != 0
        wish.reject_post_only = command.flags & REJECT_POST_ONLY_FLAG != 0
        if command.op == EDIT:
            wish.says_post_only = command.flags & POST_ONLY_SAID != 0
            return self.change(command.account_id, command.other_id, &wish)
        if command.kind > MARKET or command.force > FOK or command.side * command.side != 1:
            return DEFER
        if (command.kind == MARKET) != (command.price == NEVER):
            return DEFER
        wish.sign, wish.type, wish.force = command.side, command.kind, command.force
        if command.label_bytes == 0:
            return self.bring_in(command.account_id, command.other_id, &wish, "")
        return self.bring_in(
            command.account_id,
            command.other_id,
            &wish,
            PyUnicode_DecodeUTF8(label, command.label_bytes, "surrogatepass"),
        )

    # From the command to the wish

    cdef int place(self, command) except -1:
        cdef Wish wish
        cdef int64_t account_id, instrument_id
        if not (
            command.trigger is None
            and command.linked is None
            and command.display_amount is None
            and command.valid_until_ns is None
            and command.verdict is None
            and not command.reduce_only
            and not command.mmp
            and not command.hidden
        ):
            return DEFER
        price = command.price
        kind = command.order_type
        if kind is _TYPE_LIMIT and price is not None:
            wish.type = LIMIT
        elif kind is _TYPE_MARKET and price is None:
            wish.type = MARKET
        else:
            return DEFER
        try:
            account_id, instrument_id = command.account_id, command.instrument_id
            wish.limit = NEVER if price is None else price
            wish.lots = command.amount
        except OverflowError:
            return DEFER
        wish.sign = command.side
        wish.force = <int>_FORCES[command.time_in_force]
        wish.post_only = command.post_only
        wish.reject_post_only = command.reject_post_only
        return self.bring_in(account_id, instrument_id, &wish, command.label)

    cdef int bring_in(
        self, int64_t account_id, int64_t instrument_id, Wish* wish, object label
    ) except -1:
        """Let a new order trade, wait, or end."""
        cdef PyObject* found = self.approach(account_id, instrument_id)
        cdef Account account
        cdef Market market
        cdef Holding holding
        cdef Order order
        if found == NULL:
            return DEFER
        holding = <Holding>found
        account, market = <Account>holding.account, holding.market
        if wish.force == GTD or not 0 < wish.lots <= _AMOUNT_LOTS_MAX:
            return DEFER
        if len(label) > _LABEL_LENGTH_MAX:
            return DEFER
        if wish.type == LIMIT:
            if not self.is_sane(wish):
                return DEFER
            if wish.post_only and (wish.force != GTC or self.crosses(market, wish)):
                return DEFER
        elif wish.post_only:
            return DEFER
        else:
            wish.limit = self.now.f.highest if wish.sign > 0 else self.now.f.lowest
            if wish.limit > self.now.safe:
                return DEFER
        wish.waits = wish.type == LIMIT and wish.force == GTC
        if self.look(account, market, holding, wish, None) == DEFER:
            return DEFER
        if wish.force == FOK and self.found_lots < wish.lots:
            return DEFER

        order = Order.__new__(Order)
        order.order_id = self.state.next_order_id
        self.state.next_order_id += 1
        order.account_id, order.instrument_id = account_id, <int32_t>instrument_id
        order.sign, order.type, order.force = wish.sign, wish.type, wish.force
        order.ticks = NEVER if wish.type == MARKET else wish.limit
        order.amount = wish.lots
        order.bits = wish.post_only * POST_ONLY + wish.reject_post_only * REJECT_POST_ONLY
        order.label = label
        order.created_ns = self.time_ns
        self.enter(account, market, holding, order, False)
        return DONE

    cdef int edit(self, command) except -1:
        cdef Wish wish
        cdef int64_t account_id, order_id
        if not (
            command.trigger_price is None
            and command.trigger_offset is None
            and command.display_amount is None
            and command.valid_until_ns is None
            and command.verdict is None
            and command.reduce_only is None
        ):
            return DEFER
        try:
            account_id, order_id = command.account_id, command.order_id
            wish.limit = NEVER if command.price is None else command.price
            wish.lots = command.amount
        except OverflowError:
            return DEFER
        wish.says_post_only = command.post_only is not None
        wish.post_only = command.post_only is True
        wish.reject_post_only = command.reject_post_only
        return self.change(account_id, order_id, &wish)

    cdef int change(self, int64_t account_id, int64_t order_id, Wish* wish) except -1:
        """Change a waiting order in its place, or bring it in anew."""
        cdef Order order
        cdef Account account
        cdef Market market
        cdef Holding holding
        cdef PyObject* at = self.state.orders.find(order_id)
        cdef int64_t amount = wish.lots
        if at == NULL or not self.is_plain(<Order>at):
            return DEFER
        order = <Order>at
        if order.account_id != account_id:
            return DEFER
        order.owner = self.approach(account_id, order.instrument_id)
        if order.owner == NULL:
            return DEFER
        holding = <Holding>order.owner
        account, market = <Account>holding.account, holding.market
        if not 0 < amount <= _AMOUNT_LOTS_MAX or amount <= order.filled:
            return DEFER
        wish.sign, wish.type, wish.force = order.sign, LIMIT, order.force
        if wish.limit == NEVER:
            wish.limit = order.ticks
        if not wish.says_post_only:
            wish.post_only = order.has(POST_ONLY)
        wish.lots, wish.waits = amount - order.filled, True
        if order.ticks > self.now.safe or (wish.limit != order.ticks and not self.is_sane(wish)):
            return DEFER
        if wish.post_only and self.crosses(market, wish):
            return DEFER
        if wish.limit == order.ticks and amount <= order.amount:
            note_edit(order, wish)
            if amount < order.amount:
                self.shrink(holding, order, order.amount - amount)
                market.book.resize(order, amount)
            self.announce(order)
            self.count(account, market, holding, -1)
            self.tell_levels(market)
            return DONE
        if self.look(account, market, holding, wish, order) == DEFER:
            return DEFER

        note_edit(order, wish)
        self.lift(account, market, holding, order)
        order.ticks, order.amount = wish.limit, amount
        self.enter(account, market, holding, order, True)
        return DONE

    cdef int take_back(self, command) except -1:
        cdef int64_t account_id, order_id
        try:
            account_id, order_id = command.account_id, command.order_id
        except OverflowError:
            return DEFER
        return self.cancel(account_id, order_id, command.reason)

    cdef int cancel(self, int64_t account_id, int64_t order_id, object reason) except -1:
        """Take an order out of its book for good."""
        cdef PyObject* at = self.state.orders.find(order_id)
        cdef Order order
        cdef Account account
        cdef Market market
        cdef Holding holding
        if at == NULL or not self.is_plain(<Order>at):
            return DEFER
        order = <Order>at
        if order.account_id != account_id:
            return DEFER
        market = self.market(order.instrument_id)
        if market is None or not self.knows(market) or order.ticks > self.now.safe:
            return DEFER
        holding = self.holding_of(order, market)
        account = <Account>holding.account
        self.lift(account, market, holding, order)
        if reason is _USER_REASON:
            order.reason = _USER
        else:
            order.cancel_reason = reason
        self.end(account, order, CANCELLED)
        self.count(account, market, holding, -1)
        self.tell_levels(market)
        return DONE

    cdef bint refuses_cancel(self, int64_t account_id, int64_t order_id) except -1:
        """Refuse to cancel an order that has ended, which is the commonest refusal by far.

        A packed refusal has a code and no words, so it need not be made where those are known.
        """
        cdef uintptr_t slot = self.state.orders.slot(order_id)
        if not slot & ENDED or self.mode == OBJECTS or self.account(account_id) is None:
            return False
        if self.mode == RECORDS:
            self.tell(
                REJECTED_EVENT, 0, 0, 0, 0,
                _NOT_OPEN if ended_of(slot).account_id == account_id else _NOT_OWNER, 0, 0, 0, 0,
            )
        return True

    # What can be seen before the book is looked at

    cdef inline Account account(self, int64_t account_id):
        return <Account>numbered(&self.accounts, self.state.accounts, account_id)

    cdef inline Market market(self, int64_t instrument_id):
        return <Market>numbered(&self.markets, self.state.markets, instrument_id)

    cdef bint knows(self, Market market) except -1:
        """Let the terms of a market be those of its mark; say whether it has any."""
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
        self.now, self.recent = <Terms>market.terms, <PyObject*>market
        return self.now.fits

    cdef bint may_trade(self, Account account, Market market) except -1:
        if not self.knows(market):
            return False
        if account.plain_at != self.looks:
            if account.is_locked or account.margin_model is not _STANDARD or account.owner:
                return False
            if account.self_trading is not _ALLOWED or account.limits is not _NO_LIMITS:
                return False
            if account.fees:
                return False
            account.plain_at = self.looks
        if self.now.plain_at != self.looks:
            if not market.is_open or market.is_locked or market.set_state is not _STATE_OPEN:
                return False
            if market.limits is not _NO_LIMITS or market.watches:
                return False
            self.now.plain_at = self.looks
        return True

    cdef inline bint is_plain(self, Order order):
        """Say whether an order waits, and nothing but its book and its owner minds it."""
        return (
            order.level != NULL
            and order.force == GTC
            and order.bits & (REDUCE_ONLY | CONCEALED | TIED | PROTECTED) == 0
        )

    cdef bint is_sane(self, Wish* wish) noexcept:
        """Say whether a price is one, lies on a tick, and inside the band."""
        cdef int64_t tick = 1
        cdef int step
        if not 0 < wish.limit <= self.now.safe:
            return False
        for step in range(self.now.steps):
            if wish.limit < self.now.above[step]:
                break
            tick = self.now.tick[step]
        if wish.limit % tick:
            return False
        if wish.sign > 0:
            return wish.limit <= self.now.f.highest
        return wish.limit >= self.now.f.lowest

    cdef inline bint crosses(self, Market market, Wish* wish):
        cdef Level* best = market.book.side_of(-wish.sign).first()
        return best != NULL and best.key >= -wish.limit * wish.sign

    cdef inline Seat* seat(self, int64_t account_id, int64_t instrument_id) noexcept:
        cdef uint64_t mixed = (
            <uint64_t>account_id * <uint64_t>0x9E3779B97F4A7C15
            + <uint64_t>instrument_id * <uint64_t>0xC2B2AE3D27D4EB4F
        )
        return &self.seats[mixed >> (64 - SEAT_BITS)]

    def forget(self, holdings=False):
        """Forget what was found out about accounts and markets, because that may have changed."""
        cdef Py_ssize_t place
        self.looks = next_number()
        if holdings:
            for place in range(SEATS):
                self.seats[place].holding = NULL

    cdef PyObject* approach(self, int64_t account_id, int64_t instrument_id) except? NULL:
        """Return what an account has in a market, if nothing there needs a second look."""
        cdef Seat* seat = self.seat(account_id, instrument_id)
        cdef Account account
        cdef Market market
        cdef Holding holding
        if (
            seat.holding != NULL
            and seat.account_id == account_id
            and seat.instrument_id == instrument_id
            and (<Holding>seat.holding).plain_at == self.looks
        ):
            self.now = <Terms>(<Holding>seat.holding).market.terms
            self.recent = <PyObject*>(<Holding>seat.holding).market
        else:
            account, market = self.account(account_id), self.market(instrument_id)
            if account is None or market is None or not self.may_trade(account, market):
                return NULL
            holding = self.holding(account, market)
            holding.plain_at = self.looks
        if self.now.expiry_ns and self.time_ns >= self.now.expiry_ns:
            return NULL
        return seat.holding

    cdef Holding holding(self, Account account, Market market):
        cdef Seat* seat = self.seat(account.account_id, market.instrument_id)
        cdef Holding holding
        if (
            seat.holding != NULL
            and seat.account_id == account.account_id
            and seat.instrument_id == market.instrument_id
        ):
            return <Holding>seat.holding
        seat.account_id, seat.instrument_id = account.account_id, market.instrument_id
        holding = self.find_holding(account, market)
        seat.holding = <PyObject*>holding
        return holding

    cdef Holding find_holding(self, Account account, Market market):
        cdef PyObject* ledger = account.ledger_found
        cdef PyObject* found = NULL
        cdef Holding holding
        if account.currency != <PyObject*>self.now.currency:
            ledger = PyDict_GetItem(account.ledgers, self.now.currency)
            account.currency, account.ledger_found = <PyObject*>self.now.currency, ledger
        if ledger != NULL:
            found = PyDict_GetItem((<Ledger>ledger).holdings, self.now.key)
        if ledger == NULL:
            holding = account.holding(market)
            ledger = PyDict_GetItem(account.ledgers, self.now.currency)
            account.ledger_found = ledger
        elif found == NULL:
            holding = opened(market)
            (<Ledger>ledger).holdings[self.now.key] = holding
        else:
            holding = <Holding>found
        holding.account, holding.ledger = <PyObject*>account, ledger
        return holding

    cdef inline Holding holding_of(self, Order order, Market market):
        """Return what the owner of a waiting order has in its instrument."""
        cdef Holding holding
        if order.owner == NULL:
            holding = self.holding(self.account(order.account_id), market)
            order.owner = <PyObject*>holding
        return <Holding>order.owner

    # Looking

    cdef int look(
        self, Account account, Market market, Holding holding, Wish* wish, Order freed
    ) except -1:
        """Find whom an order would trade with, and whether its owner can pay. Nothing changes."""
        cdef int64_t waiting, freed_lots = 0 if freed is None else freed.left()
        cdef int64_t counted
        if self.match(market, holding, wish) == DEFER:
            return DEFER
        if self.matches and holding.reduce_only:
            return DEFER
        waiting = wish.lots - self.found_lots if wish.waits else 0
        if waiting and freed is None:
            if account.open_orders >= self.open_orders_max:
                return DEFER
            if holding.queue.count >= self.instrument_orders_max:
                return DEFER
        counted = holding.buy_lots if wish.sign > 0 else holding.sell_lots
        if wish.sign * holding.position.size + counted - freed_lots + wish.lots > self.position_lots_max:
            return DEFER
        if not self.affords(holding, wish, freed, waiting, counted - freed_lots + wish.lots):
            return DEFER
        return DONE

    cdef int match(self, Market market, Holding holding, Wish* wish) except -1:
        """Walk the opposite side, best price first and first come first."""
        cdef HalfBook half = market.book.side_of(-wish.sign)
        cdef Py_ssize_t place = half.count - 1
        cdef int64_t worst = -wish.limit * wish.sign
        cdef int64_t wanted = wish.lots, lots
        cdef Level* level
        cdef PyObject* at
        cdef Order maker
        self.matches = 0
        self.found_lots = self.own_lots = 0
        while place >= 0 and wanted:
            level = half.rungs[place].level
            if level.key < worst:
                break
            if level.concealed:
                return DEFER
            at = level.head
            while at != NULL and wanted:
                maker = <Order>at
                fetch_block(maker.after, 192)
                if maker.bits & (REDUCE_ONLY | TIED | PROTECTED) or maker.force != GTC:
                    return DEFER
                if maker.ticks > self.now.safe:
                    return DEFER
                if self.holding_of(maker, market).reduce_only:
                    return DEFER
                fetch_owner(maker.owner)
                lots = maker.left()
                if wanted < lots:
                    lots = wanted
                self.find(at, lots, value_even(&self.now.f, lots, maker.ticks))
                if maker.owner == <PyObject*>holding:
                    self.own_lots += lots
                wanted -= lots
                at = maker.after
            place -= 1
        self.found_lots = wish.lots - wanted
        return DONE

    cdef inline int find(self, PyObject* maker, int64_t lots, int64_t value) except -1:
        cdef Found* grown
        if self.matches == self.room:
            grown = <Found*>PyMem_Realloc(self.found, (2 * self.room + 16) * sizeof(Found))
            if grown == NULL:
                raise MemoryError
            self.found, self.room = grown, 2 * self.room + 16
        self.found[self.matches].maker = maker
        self.found[self.matches].lots = lots
        self.found[self.matches].value = value
        self.matches += 1
        return 0

    cdef bint affords(
        self, Holding holding, Wish* wish, Order freed, int64_t waiting, int64_t opposing
    ) except -1:
        """Say whether margin allows an order."""
        cdef figures* f = &self.now.f
        cdef Ledger ledger = <Ledger>holding.ledger
        cdef int64_t size = holding.position.size, reserve = holding.buy_reserve
        cdef int64_t buys = holding.buy_lots, sells = holding.sell_lots
        cdef int64_t moved = 0, fees = 0, gained = 0, lost, cost, after, free
        cdef int64_t freed_lots = 0 if freed is None else freed.left()
        cdef int64_t reducible = -wish.sign * size
        cdef Py_ssize_t place
        cdef Found* one
        cdef Order maker
        if ledger.verdict is not None:
            return False
        if ledger.valued_at != self.state.marks_set:
            self.refresh(ledger, <Account>holding.account)
        self.initial_after = -1
        if opposing <= reducible and opposing >= 0:
            # What can only make the position smaller is always allowed.
            return True
        if wish.sign > 0:
            buys += waiting - freed_lots
        else:
            sells += waiting - freed_lots
        for place in range(self.matches):
            one = self.found + place
            fees += fee_up(f, one.lots, one.value, self.now.taker_ppm)
            maker = <Order>one.maker
            if maker.owner == <PyObject*>holding:
                fees += fee_up(f, one.lots, one.value, self.now.maker_ppm)
            else:
                gained += wish.sign * one.lots
                moved += one.value if wish.sign > 0 and f.is_inverse_future else (
                    -one.value if wish.sign > 0 or f.is_inverse_future else one.value
                )
        if wish.sign > 0:
            sells -= self.own_lots
        else:
            buys -= self.own_lots
        if f.is_option and wish.sign > 0:
            if waiting:
                reserve += value_up(f, waiting, wish.limit)
            if freed is not None:
                reserve -= value_up(f, freed_lots, freed.ticks)
        size += gained
        if f.is_option:
            after = self.margin(holding, larger(sells - size, 0)) + reserve
        else:
            after = self.margin(holding, larger(absolute(size + buys), absolute(size - sells)))
        lost = fees - moved
        if gained and not f.is_option:
            lost -= exit_worth(f, size) - exit_worth(f, size - gained)
        self.initial_after = after
        cost = after - holding.initial_margin + lost
        free = (
            ledger.balance
            + ledger.session_rpl
            + ledger.profit
            + ledger.funding
            - ledger.initial_margin
            - ledger.spot_reserve
        )
        return cost <= 0 or cost <= free

    # Doing

    cdef int enter(
        self, Account account, Market market, Holding holding, Order order, bint was_waiting
    ) except -1:
        """Trade as found, then wait, or end."""
        cdef Py_ssize_t place
        cdef Found* one
        if self.matches and self.now.index_at != self.looks:
            index = self.state.indices.get(self.now.index_name)
            self.now.index = 0 if index is None else index
            self.now.index_at = self.looks
        for place in range(self.matches):
            one = self.found + place
            self.fill(account, market, holding, order, <Order>one.maker, one.lots, one.value)
        if order.left() == 0:
            self.end(account, order, FILLED)
        elif order.type == LIMIT and order.force == GTC:
            self.rest(account, market, holding, order)
        else:
            order.reason = _NO_LIQUIDITY if order.type == MARKET else _IOC_ENDED
            self.end(account, order, CANCELLED)
        if self.matches:
            self.settle(account, market, holding)
        elif order.level != NULL or was_waiting:
            self.count(account, market, holding, self.initial_after)
        self.tell_levels(market)
        return 0

    cdef int rest(self, Account account, Market market, Holding holding, Order order) except -1:
        cdef int64_t left = order.left()
        if self.state.orders.slot(order.order_id) == 0:
            self.state.orders.insert(order.order_id, <uintptr_t><PyObject*>order)
            Py_INCREF(order)
        order.owner = <PyObject*>holding
        account.open_orders += 1
        holding.queue.add(order)
        if order.sign < 0:
            holding.sell_lots += left
        else:
            holding.buy_lots += left
            if self.now.f.is_option:
                holding.buy_reserve += value_up(&self.now.f, left, order.ticks)
        market.book.join(order)
        self.announce(order)
        return 0

    cdef int lift(self, Account account, Market market, Holding holding, Order order) except -1:
        market.book.touch(order)
        market.book.side_of(order.sign).cut(order)
        self.untrack(account, holding, order)
        return 0

    cdef int untrack(self, Account account, Holding holding, Order order) except -1:
        account.open_orders -= 1
        holding.queue.remove(order)
        self.shrink(holding, order, order.left())
        return 0

    cdef inline void shrink(self, Holding holding, Order order, int64_t lots) noexcept:
        """Count lots as no longer waiting, before the order itself changes."""
        cdef int64_t left = order.left()
        if order.sign < 0:
            holding.sell_lots -= lots
            return
        holding.buy_lots -= lots
        if self.now.f.is_option:
            holding.buy_reserve -= value_up(&self.now.f, left, order.ticks)
            if left > lots:
                holding.buy_reserve += value_up(&self.now.f, left - lots, order.ticks)

    cdef int end(self, Account account, Order order, uint8_t status) except -1:
        order.status = status
        order.updated_ns = self.time_ns
        self.state.orders.end(account.closed, order)
        return self.announce(order)

    cdef int announce(self, Order order) except -1:
        order.updated_ns = self.time_ns
        if self.mode == OBJECTS:
            self.events.append(OrderEvent(order.view()))
        elif self.mode == RECORDS:
            self.tell(
                ORDER_EVENT, order.sign, order.status, 0, order.instrument_id,
                order.order_id, order.account_id, order.ticks, order.amount, order.filled,
            )
        return 0

    cdef inline int tell(
        self, uint8_t kind, int8_t side, uint8_t state, uint8_t flags, uint32_t instrument_id,
        int64_t a, int64_t b, int64_t c, int64_t d, int64_t e,
    ) except -1:
        cdef Event* event
        if self.told == self.out_room:
            self.make_room(1)
        event = self.out + self.told
        event.kind, event.side, event.state, event.flags = kind, side, state, flags
        event.instrument_id = instrument_id
        event.a, event.b, event.c, event.d, event.e = a, b, c, d, e
        self.told += 1
        return 0

    cdef int tell_fill(self, FillRecord* fill) except -1:
        cdef Party* maker = &fill.sides[MAKER]
        cdef Party* taker = &fill.sides[TAKER]
        if self.mode == OBJECTS:
            self.events.append(told(fill, self.now.currency))
        elif self.mode == RECORDS:
            self.tell(
                TRADE_EVENT, fill.taker_sign, 0, fill.tick_direction, fill.instrument_id,
                fill.trade_id, maker.order_id, fill.price, fill.amount, taker.order_id,
            )
            self.tell(
                FILL_EVENT, -fill.taker_sign, 0, 1, fill.instrument_id, maker.account_id,
                maker.order_id, maker.fee, maker.profit, fill.trade_id,
            )
            self.tell(
                FILL_EVENT, fill.taker_sign, 0, 0, fill.instrument_id, taker.account_id,
                taker.order_id, taker.fee, taker.profit, fill.trade_id,
            )
        return 0

    cdef int fill(
        self,
        Account account,
        Market market,
        Holding holding,
        Order taker,
        Order maker,
        int64_t lots,
        int64_t value,
    ) except -1:
        cdef Holding other = <Holding>maker.owner
        cdef Account owner = <Account>other.account
        cdef FillRecord* fill
        self.shrink(other, maker, lots)
        market.book.touch(maker)
        if lots == maker.left():
            market.book.side_of(maker.sign).cut(maker)
        else:
            maker.level.amount -= lots
        maker.filled += lots
        maker.filled_value += lots * maker.ticks
        taker.filled += lots
        taker.filled_value += lots * maker.ticks
        market.print_trade(maker.ticks)
        fill = new_fill()
        fill.trade_id, fill.trade_seq = self.state.next_trade_id, market.trade_seq
        fill.instrument_id = <int32_t>market.instrument_id
        fill.price, fill.amount = maker.ticks, lots
        fill.tick_direction = market.tick_direction
        fill.time_ns, fill.mark, fill.index = self.time_ns, self.now.mark, self.now.index
        fill.iv_e4, fill.taker_sign = self.now.iv_e4, taker.sign
        self.clear(fill, MAKER, owner, market, other, maker, value)
        self.clear(fill, TAKER, account, market, holding, taker, value)
        self.state.next_trade_id += 1
        keep(owner.fills, fill, FILL_ENTRY)
        if owner is not account:
            keep(account.fills, fill, FILL_ENTRY)
        keep(market.trades, fill, FILL_ENTRY)
        self.tell_fill(fill)
        if maker.left():
            self.announce(maker)
        else:
            owner.open_orders -= 1
            other.queue.remove(maker)
            self.end(owner, maker, FILLED)
        return 0

    cdef int clear(
        self,
        FillRecord* fill,
        int which,
        Account account,
        Market market,
        Holding holding,
        Order order,
        int64_t value,
    ) except -1:
        """Move the money and the position of one side of a fill."""
        cdef Ledger ledger = <Ledger>holding.ledger
        cdef Position position = holding.position
        cdef Party* side = &fill.sides[which]
        cdef int64_t rate = self.rate(account, market, holding, which == MAKER)
        cdef int64_t fee = fee_up(&self.now.f, fill.amount, value, rate)
        cdef int64_t profit, amount = -fee, funding = 0
        order.fee += fee
        if self.now.has_funding:
            funding = self.accrue(market, holding, ledger)
        market.open_interest -= larger(position.size, 0)
        profit = self.trade(market, position, order, fill.amount, fill.price, value)
        if position.size == 0:
            holding.funding_paid, holding.funding_ms = 0, 0
        market.open_interest += larger(position.size, 0)
        if self.now.f.is_option:
            ledger.options_session_rpl += profit
            amount -= order.sign * value
        else:
            ledger.session_rpl += profit
        ledger.balance += amount
        ledger.fees_paid += fee
        self.now.treasury.fees += fee
        account.transactions += 1
        side.account_id, side.order_id = order.account_id, order.order_id
        side.fee, side.profit = fee, profit
        side.transaction_id, side.account_seq = self.state.next_transaction_id, account.transactions
        side.paid, side.balance = amount, ledger.balance
        side.position, side.funding = position.size, funding
        side.label = <PyObject*>order.label
        Py_INCREF(<object>side.label)
        side.type, side.flags = order.type, flags_of(order)
        self.state.next_transaction_id += 1
        keep(ledger.transactions, fill, MAKER_ENTRY if which == MAKER else TAKER_ENTRY)
        return 0

    cdef inline int64_t rate(
        self, Account account, Market market, Holding holding, bint is_maker
    ) except? -1:
        if holding.plain_at != self.looks and account.fees:
            rates = account.rates(market)
            return rates.maker_ppm if is_maker else rates.taker_ppm
        return self.now.maker_ppm if is_maker else self.now.taker_ppm

    cdef int64_t accrue(self, Market market, Holding holding, Ledger ledger) except? -1:
        """Realise the funding of a position up to now, and return what it brought."""
        cdef Terms now = self.now
        if now.is_free and (
            holding.funding_paid is now.funding_paid
            or not holding.position.size
            or holding.funding_paid == now.funding_paid
        ):
            if holding.funding_paid is not now.funding_paid:
                holding.funding_paid = now.funding_paid
            holding.funding_ms = self.time_ns // _NS_PER_MS
            return 0
        cdef int64_t owed = holding.realize_funding(self.time_ns)
        ledger.session_rpl -= owed
        ledger.session_funding -= owed
        self.now.treasury.funding += owed
        return -owed

    cdef int64_t trade(
        self, Market market, Position position, Order order, int64_t lots, int64_t price, int64_t value
    ) except? -1:
        """Enter a fill into a position, and return the profit that it realised."""
        cdef figures* f = &self.now.f
        cdef int64_t held = absolute(position.size), closed = 0, opened, profit = 0, entered, exited, mean
        cdef int64_t moved = order.sign * value if f.is_inverse_future else -order.sign * value
        if position.size * order.sign < 0:
            closed = smaller(lots, held)
        opened = lots - closed
        mean = 0
        if opened:
            mean = average_of(
                f, held - closed, position.average_price, opened, price * self.now.f.tick_e8
            )
            if mean == 0:
                return position.trade(market.contract, order.side, lots, price, value)
        if closed:
            entered = product_even(position.entry_value, closed, held)
            exited = product_even(moved, closed, lots)
            profit = entered + exited
            position.entry_value -= entered
            moved -= exited
            position.size += order.sign * closed
            position.realized += profit
        if opened:
            position.average_price = mean
            position.size += order.sign * opened
            position.entry_value += moved
        if position.size == 0:
            position.average_price = 0
        return profit

    # What follows

    cdef int count(
        self, Account account, Market market, Holding holding, int64_t needed
    ) except -1:
        """Bring margin up to date where orders came or went, and no position changed.

        `needed` is the initial margin, where it has been worked out already; else -1.
        """
        account.changes += 1
        if holding.valued_at is not market._valuation:
            return self.revalue(holding)
        if needed < 0:
            needed = self.needed(holding)
        (<Ledger>holding.ledger).initial_margin += needed - holding.initial_margin
        holding.initial_margin = needed
        return 0

    cdef inline int64_t needed(self, Holding holding) noexcept:
        """Return the initial margin of a position with its open orders."""
        cdef int64_t size = holding.position.size
        if self.now.f.is_option:
            return (
                self.margin(holding, larger(holding.sell_lots - size, 0)) + holding.buy_reserve
            )
        return self.margin(
            holding, larger(absolute(size + holding.buy_lots), absolute(size - holding.sell_lots))
        )

    cdef inline int64_t margin(self, Holding holding, int64_t lots) noexcept:
        """Return the initial margin of some lots; often they are those of the last time."""
        if holding.margined_lots != lots or holding.margined_under != self.now.serial:
            holding.margined = initial_of(&self.now.f, lots)
            holding.margined_lots, holding.margined_under = lots, self.now.serial
        return holding.margined

    cdef int settle(self, Account account, Market market, Holding holding) except -1:
        """Bring margin up to date where positions changed, and tell of them."""
        cdef Py_ssize_t place, count = 0
        cdef Holding one
        cdef Traded* traded
        if self.matches >= self.traded_room:
            traded = <Traded*>PyMem_Realloc(self.traded, (2 * self.matches + 16) * sizeof(Traded))
            if traded == NULL:
                raise MemoryError
            self.traded, self.traded_room = traded, 2 * self.matches + 16
        self.traded[0].account_id, self.traded[0].holding = account.account_id, <PyObject*>holding
        for place in range(self.matches):
            one = <Holding>(<Order>self.found[place].maker).owner
            self.traded[place + 1].account_id = (<Account>one.account).account_id
            self.traded[place + 1].holding = <PyObject*>one
        sort_traded(self.traded, self.matches + 1)
        for place in range(self.matches + 1):
            if count and self.traded[count - 1].holding == self.traded[place].holding:
                continue
            self.traded[count] = self.traded[place]
            count += 1
        for place in range(count):
            one = <Holding>self.traded[place].holding
            self.revalue(one)
            (<Account>one.account).changes += 1
        if self.mode == NOTHING:
            return 0
        for place in range(count):
            self.tell_position(<Holding>self.traded[place].holding, market)
        for place in range(count):
            if self.mode == OBJECTS:
                self.events.append(BalanceChanged(self.traded[place].account_id, self.now.currency))
            else:
                self.tell(
                    BALANCE_EVENT, 0, 0, 0, self.now.currency_code,
                    self.traded[place].account_id, 0, 0, 0, 0,
                )
        return 0

    cdef int tell_position(self, Holding holding, Market market) except -1:
        cdef Position position = holding.position
        cdef int64_t realized
        if self.mode == OBJECTS:
            view = position_view(self.state, <Account>holding.account, market)
            self.events.append(PositionChanged(view))
            return 0
        realized = position.realized + holding.funding
        self.tell(
            POSITION_EVENT, 0, 0, 0, <uint32_t>market.instrument_id,
            (<Account>holding.account).account_id, position.size, position.average_price,
            realized, 0,
        )
        return 0

    cdef int refresh(self, Ledger ledger, Account account) except -1:
        """Bring the sums of a ledger up to date after marks have been set."""
        cdef Terms now = self.now
        cdef Py_ssize_t place = 0
        cdef PyObject* at
        cdef Holding one
        cdef Market market
        while PyDict_Next(ledger.holdings, &place, NULL, &at):
            one = <Holding>at
            if not (one.buy_lots or one.sell_lots or one.position.size):
                continue
            market = one.market
            if market._valuation is None or market.legs:
                # Whoever is the first in a market after a mark: terms are made for the second.
                ledger.revalue(one)
            elif one.valued_at is not market._valuation:
                if self.knows(market):
                    one.account, one.ledger = <PyObject*>account, <PyObject*>ledger
                    self.revalue(one)
                else:
                    ledger.revalue(one)
        ledger.valued_at = self.state.marks_set
        self.now = now
        return 0

    cdef int revalue(self, Holding holding) except -1:
        """Work out anew what a holding adds to the sums of its ledger."""
        cdef figures* f = &self.now.f
        cdef Ledger ledger = <Ledger>holding.ledger
        cdef int64_t size = holding.position.size, initial, kept, needed, worth
        needed = self.needed(holding)
        margin_of(f, larger(-size, 0) if f.is_option else absolute(size), &initial, &kept)
        worth = exit_worth(f, size)
        ledger.initial_margin += needed - holding.initial_margin
        ledger.position_margin += initial - holding.position_margin
        ledger.maintenance_margin += kept - holding.maintenance_margin
        holding.initial_margin, holding.position_margin = needed, initial
        holding.maintenance_margin = kept
        if f.is_option:
            ledger.option_value += worth - holding.option_value
            holding.option_value = worth
            worth += holding.position.entry_value
            ledger.option_profit += worth - holding.option_profit
            holding.option_profit = worth
        else:
            worth += holding.position.entry_value
            ledger.profit += worth - holding.profit
            holding.profit = worth
            if self.now.has_funding:
                worth = 0
                if size and holding.funding_ms < self.now.funding_ms:
                    worth = -holding.accrued_funding()
                ledger.funding += worth - holding.funding
                holding.funding = worth
        holding.valued_at = holding.market._valuation
        return 0

    cdef int tell_levels(self, Market market) except -1:
        """Announce the levels that differ from what they were."""
        cdef Book book = market.book
        cdef Py_ssize_t place
        cdef Touched* one
        if self.mode == OBJECTS:
            self.events.extend(book.take_changes(market.instrument_id))
            return 0
        for place in range(book.changed()):
            one = book.touched + place
            if self.mode == RECORDS:
                self.tell(
                    LEVEL_EVENT, one.sign, 0, 0, <uint32_t>market.instrument_id,
                    book.change_id, 0, one.price, one.amount, 0,
                )
        return 0
