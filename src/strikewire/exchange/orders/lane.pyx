# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, nonecheck=False
"""The common commands in one piece: `lane.py` says what this is for.

Theory of operation. A command is looked at first and carried out after: `_look` walks the book and
collects whom the order would trade with and what that costs, and only when nothing at all speaks
against it does `_trade` move anything. Whatever is not plain sailing (a refusal, an order with
ties, a market that is not trading, figures of more than 126 bits) answers `DEFER`, with nothing
changed, and the command goes the common way. So every rule, every refusal and its wording exist
once, in Python, and what is here twice is arithmetic.

Pointers, structures and products of 128 bits are what pure-Python mode cannot say.
"""

from math import gcd

from cpython.dict cimport PyDict_GetItem
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy
from strikewire.exchange.state.archives cimport Ring
from strikewire.exchange.state.book cimport (
    CANCELLED,
    FILLED,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    NEVER,
    OPEN,
    Book,
    HalfBook,
    Level,
    Order,
    OrderTable,
    Touched,
)
from strikewire.exchange.state.clearing cimport Contract, Position
from strikewire.exchange.state.ledgers cimport Holding, Ledger
from strikewire.exchange.state.markets cimport Market
from strikewire.exchange.state.records cimport RecordedFill, RecordedPayment, RecordedSide
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
from strikewire.exchange.events import BalanceChanged, LevelChanged, OrderEvent, PositionChanged
from strikewire.exchange.orders import admission
from strikewire.exchange.orders.trading import LABEL_LENGTH_MAX
from strikewire.exchange.state.views import position_view
from strikewire.model import AMOUNT_LOTS_MAX, NS_PER_MS, PRICE_SCALE, PRICE_TICKS_MAX, Side


cdef extern from "wide.h":
    ctypedef long long wide
    ctypedef struct ratio:
        wide numerator
        int64_t denominator
    ctypedef struct figures:
        bint is_option, is_inverse_future
        int64_t lowest, highest, lot_scale, tick_e8, tick_value, tick_value_divisor
        ratio worth, coins_e8, initial, maintenance, fee_base
        int64_t initial_ppm, maintenance_ppm, per_coin_ppm
    wide wide_of(int64_t high, uint64_t low) noexcept
    int64_t product_even(int64_t a, int64_t b, int64_t d) noexcept
    int64_t value_even(const figures* f, int64_t lots, int64_t price) noexcept
    int64_t value_up(const figures* f, int64_t lots, int64_t price) noexcept
    int64_t exit_worth(const figures* f, int64_t size) noexcept
    int64_t fee_up(const figures* f, int64_t lots, int64_t value, int64_t rate_ppm) noexcept
    int64_t initial_of(const figures* f, int64_t lots) noexcept
    void margin_of(const figures* f, int64_t lots, int64_t* initial, int64_t* kept) noexcept
    int64_t average_of(
        const figures* f, int64_t held, int64_t average, int64_t opened, int64_t price
    ) noexcept


cdef enum:
    DONE = 0
    DEFER = 1  # nothing has changed; the command goes the common way
    STEPS = 8  # coarser ticks of an instrument

cdef int64_t _AMOUNT_LOTS_MAX = AMOUNT_LOTS_MAX
cdef int64_t _PRICE_TICKS_MAX = PRICE_TICKS_MAX
cdef int64_t _NS_PER_MS = NS_PER_MS
cdef Py_ssize_t _LABEL_LENGTH_MAX = LABEL_LENGTH_MAX
cdef object _NO_LIMITS = NO_LIMITS
cdef object _STATE_OPEN = InstrumentState.OPEN
cdef object _STANDARD = MarginModel.STANDARD
cdef object _ALLOWED = SelfTrading.ALLOWED
cdef object _BUY = Side.BUY
cdef object _SELL = Side.SELL
cdef object _TYPE_LIMIT = OrderType.LIMIT
cdef object _TYPE_MARKET = OrderType.MARKET
cdef object _IOC_REASON = CancelReason.IMMEDIATE_OR_CANCEL
cdef object _DRY_REASON = CancelReason.NO_LIQUIDITY
cdef dict _FORCES = {
    TimeInForce.GTC: GTC, TimeInForce.IOC: IOC, TimeInForce.FOK: FOK, TimeInForce.GTD: GTD
}
_WIDEST = 1 << 126
_WORD = 1 << 63


class TooWide(Exception):
    """A market's figures do not fit."""


cdef class Terms:
    """What trading in one market comes to at its present mark, in machine words."""

    cdef object valuation
    cdef figures f
    cdef int64_t expiry_ns, maker_ppm, taker_ppm, mark, underlying
    cdef int32_t iv_e4
    cdef int steps
    cdef int64_t[STEPS] above, tick
    cdef object currency, key, index_name, instrument
    cdef bint fits

    def __init__(self, Market market):
        self.valuation = market._valuation
        try:
            self._fill(market)
            self.fits = True
        except TooWide:
            self.fits = False

    def _fill(self, Market market):
        contract, valuation, mark = market.contract, market._valuation, market.mark
        instrument = contract.instrument
        self.instrument = instrument
        self.currency = contract.currency
        self.key = int(market.instrument_id)
        self.index_name = instrument.price_index
        self.expiry_ns = 0 if instrument.expiry_ns is None else instrument.expiry_ns
        if len(instrument.tick_steps) > STEPS:
            raise TooWide
        self.steps = len(instrument.tick_steps)
        for place, step in enumerate(instrument.tick_steps):
            self.above[place] = word(step.above_price)
            self.tick[place] = word(step.tick)
        rates = contract.fee_rates
        self.maker_ppm, self.taker_ppm = word(rates.maker_ppm), word(rates.taker_ppm)
        self.mark, self.iv_e4 = word(mark.price), mark.iv_e4
        self.underlying = word(mark.underlying)
        band = valuation.band
        self.f.lowest, self.f.highest = word(band.lowest), word(band.highest)
        self.f.is_option = contract.is_option
        self.f.is_inverse_future = contract.is_inverse_future
        lot_scale = contract.lot_e8 * contract.scale
        self.f.lot_scale = word(lot_scale)
        self.f.tick_e8 = word(contract.tick_e8)
        word(contract.tick_e8 * PRICE_TICKS_MAX)
        self.f.tick_value = word(contract.tick_value)
        self.f.tick_value_divisor = word(contract.tick_value_divisor)
        fits(contract.tick_value * PRICE_TICKS_MAX * AMOUNT_LOTS_MAX)
        lots = 3 * admission.POSITION_LOTS_MAX
        if contract.is_inverse_future:
            worth, divisor = lot_scale, mark.price
        else:
            worth, divisor = lot_scale * mark.price, PRICE_SCALE * PRICE_SCALE
        set_ratio(&self.f.worth, worth, divisor, lots)
        word(worth * lots // divisor)
        if contract.is_option:
            set_ratio(&self.f.initial, valuation._initial, valuation._divisor, lots)
            set_ratio(&self.f.maintenance, valuation._maintenance, valuation._divisor, lots)
            word(max(valuation._initial, valuation._maintenance) * lots // valuation._divisor)
            base, divisor = lot_scale, PRICE_SCALE * 1_000_000
            if not instrument.is_inverse:
                base, divisor = lot_scale * mark.underlying, PRICE_SCALE**2 * 1_000_000
            set_ratio(&self.f.fee_base, base, divisor, AMOUNT_LOTS_MAX * 1_000_000)
            return
        coins, divisor = contract.lot_e8, 1
        if contract.is_inverse_future:
            coins, divisor = contract.lot_e8 * PRICE_SCALE, mark.price
        set_ratio(&self.f.coins_e8, coins, divisor, lots)
        future = valuation.rates
        self.f.initial_ppm = word(future.initial_ppm)
        self.f.maintenance_ppm = word(future.maintenance_ppm)
        self.f.per_coin_ppm = word(future.per_coin_ppm)
        highest = future.initial_ppm * PRICE_SCALE + future.per_coin_ppm * (coins * lots // divisor + 1)
        value = worth * lots // (mark.price if contract.is_inverse_future else PRICE_SCALE**2) + 1
        fits(highest * value)
        word(highest * value // (PRICE_SCALE * 1_000_000))


cdef object word(object number):
    """Return a number that fits into 62 bits and a sign."""
    if not -_WORD // 2 < number < _WORD // 2:
        raise TooWide
    return number


cdef object fits(object number):
    if not -_WIDEST < number < _WIDEST:
        raise TooWide
    return number


cdef int set_ratio(ratio* target, object numerator, object divisor, object lots) except -1:
    """Set a fraction in lowest terms, that will be multiplied with as many lots."""
    if divisor <= 0:
        raise TooWide
    common = gcd(numerator, divisor) or 1
    numerator, divisor = numerator // common, divisor // common
    fits(numerator * lots)
    target.numerator = wide_of(numerator >> 64, numerator & 0xFFFFFFFFFFFFFFFF)
    target.denominator = word(divisor)
    return 0


cdef struct Wish:
    # An order that wants to come in, new or edited.
    int8_t sign
    uint8_t type, force
    bint post_only, reject_post_only, waits
    int64_t limit, lots  # without what an edited order has filled already

cdef struct Found:
    PyObject* maker
    int64_t lots, value


cdef class Lane:
    """Carries out what needs no second thought."""

    cdef State state
    cdef list events
    cdef Found* found
    cdef Py_ssize_t matches, room
    cdef int64_t found_lots, found_value, own_lots, initial_after
    cdef dict terms
    cdef int64_t time_ns
    cdef int64_t index, open_orders_max, instrument_orders_max, position_lots_max
    cdef Terms now
    cdef public int64_t carried_out
    """How many commands it carried out."""

    def __cinit__(self, State state not None):
        self.state = state
        self.terms = {}
        self.open_orders_max = admission.OPEN_ORDERS_MAX
        self.instrument_orders_max = admission.OPEN_ORDERS_INSTRUMENT_MAX
        self.position_lots_max = admission.POSITION_LOTS_MAX

    def __dealloc__(self):
        PyMem_Free(self.found)

    def carry_out(self, int64_t time_ns, command):
        """Return the events of a command; None if it has to go the common way."""
        cdef int outcome = DEFER
        if self.state.day_end_ns is not None and time_ns >= self.state.day_end_ns:
            return None
        self.time_ns = time_ns
        self.events = []
        kind = type(command)
        if kind is PlaceOrder:
            outcome = self.place(command)
        elif kind is CancelOrder:
            outcome = self.cancel(command.account_id, command.order_id, command.reason)
        elif kind is EditOrder:
            outcome = self.edit(command)
        if outcome == DEFER:
            return None
        self.carried_out += 1
        return tuple(self.events)

    # From the command to the wish

    cdef int place(self, command) except -1:
        cdef Wish wish
        if not (
            command.trigger is None
            and command.linked is None
            and command.display_amount is None
            and command.valid_until_ns is None
            and command.verdict is None
            and not command.reduce_only
        ):
            return DEFER
        wish.sign = command.side
        price = command.price
        kind = command.order_type
        if kind is _TYPE_LIMIT and price is not None:
            wish.type, wish.limit = LIMIT, price
        elif kind is _TYPE_MARKET and price is None:
            wish.type, wish.limit = MARKET, NEVER
        else:
            return DEFER
        wish.force = <int>_FORCES[command.time_in_force]
        wish.post_only = command.post_only
        wish.reject_post_only = command.reject_post_only
        wish.lots = command.amount
        return self.bring_in(command.account_id, command.instrument_id, &wish, command.label)

    cdef int bring_in(
        self, int64_t account_id, int64_t instrument_id, Wish* wish, object label
    ) except -1:
        """Let a new order trade, wait, or end."""
        cdef Account account = self.account(account_id)
        cdef Market market = self.market(instrument_id)
        cdef Holding holding
        cdef Order order
        if account is None or market is None or not self.may_trade(account, market):
            return DEFER
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
        wish.waits = wish.type == LIMIT and wish.force == GTC
        holding = self.holding(account, market)
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
        order.post_only, order.reject_post_only = wish.post_only, wish.reject_post_only
        order.label, order.cancel_reason = label, ""
        order.created_ns = self.time_ns
        self.enter(account, market, holding, order, False)
        return DONE

    cdef int edit(self, command) except -1:
        """Change a waiting order in its place, or bring it in anew."""
        cdef Wish wish
        cdef Order order
        cdef Account account
        cdef Market market
        cdef Holding holding
        cdef PyObject* at = self.state.orders.find(command.order_id)
        cdef int64_t amount, lots
        if not (
            command.trigger_price is None
            and command.trigger_offset is None
            and command.display_amount is None
            and command.valid_until_ns is None
            and command.verdict is None
            and not command.reduce_only
        ):
            return DEFER
        if at == NULL or not self.is_plain(<Order>at):
            return DEFER
        order = <Order>at
        if order.account_id != <int64_t>command.account_id:
            return DEFER
        account, market = self.account(order.account_id), self.market(order.instrument_id)
        if account is None or market is None or not self.may_trade(account, market):
            return DEFER
        amount = command.amount
        lots = amount - order.filled
        if not 0 < amount <= _AMOUNT_LOTS_MAX or lots <= 0:
            return DEFER
        wish.sign, wish.type, wish.force = order.sign, LIMIT, order.force
        wish.limit = order.ticks if command.price is None else command.price
        wish.post_only = order.post_only if command.post_only is None else command.post_only
        wish.reject_post_only = command.reject_post_only
        wish.lots, wish.waits = lots, True
        if wish.limit != order.ticks and not self.is_sane(&wish):
            return DEFER
        if wish.post_only and self.crosses(market, &wish):
            return DEFER
        holding = self.holding_of(order, account, market)
        if wish.limit == order.ticks and amount <= order.amount:
            order.post_only, order.reject_post_only = wish.post_only, wish.reject_post_only
            order.replaced = True
            if amount < order.amount:
                self.shrink(holding, order, order.amount - amount)
                market.book.resize(order, amount)
            self.announce(order)
            self.count(account, market, holding)
            self.tell_levels(market)
            return DONE
        if self.look(account, market, holding, &wish, order) == DEFER:
            return DEFER

        order.post_only, order.reject_post_only = wish.post_only, wish.reject_post_only
        order.replaced = True
        self.lift(account, market, holding, order)
        order.ticks, order.amount = wish.limit, amount
        self.enter(account, market, holding, order, True)
        return DONE

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
        account, market = self.account(account_id), self.market(order.instrument_id)
        if account is None or market is None or not self.knows(market):
            return DEFER
        holding = self.holding_of(order, account, market)
        self.lift(account, market, holding, order)
        order.cancel_reason = reason
        self.end(account, order, CANCELLED)
        self.count(account, market, holding)
        self.tell_levels(market)
        return DONE

    # What can be seen before the book is looked at

    cdef inline Account account(self, int64_t account_id):
        cdef PyObject* found = PyDict_GetItem(self.state.accounts, account_id)
        return None if found == NULL else <Account>found

    cdef inline Market market(self, int64_t instrument_id):
        cdef PyObject* found = PyDict_GetItem(self.state.markets, instrument_id)
        return None if found == NULL else <Market>found

    cdef bint knows(self, Market market) except -1:
        """Let the terms of a market be those of its mark; say whether it has any."""
        cdef PyObject* found
        if market.contract.is_spot or market.mark is None:
            return False
        if market._valuation is None:
            market.valuation  # is worked out
        found = PyDict_GetItem(self.terms, market.instrument_id)
        if found == NULL or (<Terms>found).valuation is not market._valuation:
            self.now = self.terms[market.instrument_id] = Terms(market)
        else:
            self.now = <Terms>found
        return self.now.fits

    cdef bint may_trade(self, Account account, Market market) except -1:
        if account.is_locked or account.margin_model is not _STANDARD or account.owner:
            return False
        if account.self_trading is not _ALLOWED or account.limits is not _NO_LIMITS or account.fees:
            return False
        if not market.is_open or market.is_locked or market.set_state is not _STATE_OPEN:
            return False
        if market.limits is not _NO_LIMITS or market.watches or not self.knows(market):
            return False
        return self.now.expiry_ns == 0 or self.time_ns < self.now.expiry_ns

    cdef inline bint is_plain(self, Order order):
        """Say whether an order waits, and nothing but its book and its owner minds it."""
        return (
            order.level != NULL
            and order.link is None
            and order.force == GTC
            and not order.reduce_only
            and order.refresh_amount == 0
        )

    cdef bint is_sane(self, Wish* wish) noexcept:
        """Say whether a price is one, lies on a tick, and inside the band."""
        cdef int64_t tick = 1
        cdef int step
        if not 0 < wish.limit <= _PRICE_TICKS_MAX:
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

    cdef Holding holding(self, Account account, Market market):
        cdef PyObject* ledger = PyDict_GetItem(account.ledgers, self.now.currency)
        cdef PyObject* found = NULL
        cdef Holding holding
        if ledger != NULL:
            found = PyDict_GetItem((<Ledger>ledger).holdings, self.now.key)
        if found == NULL:
            holding = account.holding(market)
            ledger = PyDict_GetItem(account.ledgers, self.now.currency)
        else:
            holding = <Holding>found
        holding.account, holding.ledger = <PyObject*>account, ledger
        return holding

    cdef inline Holding holding_of(self, Order order, Account account, Market market):
        """Return what the owner of a waiting order has in its instrument."""
        cdef Holding holding
        if order.owner == NULL:
            holding = self.holding(account, market)
            order.owner = <PyObject*>holding
            return holding
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
        self.found_lots = self.found_value = self.own_lots = 0
        while place >= 0 and wanted:
            level = half.levels[place]
            if level.key < worst:
                break
            if level.icebergs:
                return DEFER
            at = level.head
            while at != NULL and wanted:
                maker = <Order>at
                if maker.link is not None or maker.reduce_only or maker.force != GTC:
                    return DEFER
                if self.owner_of(maker, market).reduce_only:
                    return DEFER
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

    cdef inline Holding owner_of(self, Order order, Market market):
        if order.owner == NULL:
            return self.holding_of(order, self.account(order.account_id), market)
        return <Holding>order.owner

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
            ledger.refresh(self.state.marks_set)
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
            after = initial_of(f, max(sells - size, 0)) + reserve
        else:
            after = initial_of(f, max(abs(size + buys), abs(size - sells)))
        lost = fees - moved
        if not f.is_option:
            lost -= exit_worth(f, size) - exit_worth(f, size - gained)
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
        cdef Holding maker
        if self.matches:
            index = self.state.indices.get(self.now.index_name)
            self.index = 0 if index is None else index
        for place in range(self.matches):
            one = self.found + place
            self.fill(account, market, holding, order, <Order>one.maker, one.lots, one.value)
        if order.left() == 0:
            self.end(account, order, FILLED)
        elif order.type == LIMIT and order.force == GTC:
            self.rest(account, market, holding, order)
        else:
            order.cancel_reason = _DRY_REASON if order.type == MARKET else _IOC_REASON
            self.end(account, order, CANCELLED)
        if self.matches:
            self.settle(account, market, holding)
        elif order.level != NULL or was_waiting:
            self.count(account, market, holding)
        self.tell_levels(market)
        return 0

    cdef int rest(self, Account account, Market market, Holding holding, Order order) except -1:
        cdef int64_t left = order.left()
        self.state.orders.put(order)
        order.owner = <PyObject*>holding
        account.open_orders += 1
        holding.queue.add(order)
        if order.sign < 0:
            holding.sell_lots += left
        else:
            holding.buy_lots += left
            if self.now.f.is_option:
                holding.buy_reserve += value_up(&self.now.f, left, order.ticks)
        market.book.touch(order)
        market.book.side_of(order.sign).put(order)
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
        self.state.orders.put(order)
        forgotten = account.closed.append(order)
        if forgotten is not None:
            self.state.orders.forget(forgotten.order_id)
        self.events.append(OrderEvent(order.view()))
        return 0

    cdef int announce(self, Order order) except -1:
        order.updated_ns = self.time_ns
        self.events.append(OrderEvent(order.view()))
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
        cdef RecordedFill fill
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
        fill = RecordedFill.__new__(RecordedFill)
        fill.trade_id, fill.trade_seq = self.state.next_trade_id, market.trade_seq
        fill.price, fill.amount = maker.ticks, lots
        fill.tick_direction = market.tick_direction
        fill.time_ns, fill.mark, fill.index = self.time_ns, self.now.mark, self.index
        fill.iv_e4, fill.contract = self.now.iv_e4, market.contract
        fill.maker = self.clear(fill, owner, market, other, maker, value, True)
        fill.taker = self.clear(fill, account, market, holding, taker, value, False)
        self.state.next_trade_id += 1
        owner.fills.append(fill)
        if owner is not account:
            account.fills.append(fill)
        market.trades.append(fill)
        self.events.append(fill.view())
        if maker.left():
            self.announce(maker)
        else:
            owner.open_orders -= 1
            other.queue.remove(maker)
            self.end(owner, maker, FILLED)
        return 0

    cdef RecordedSide clear(
        self,
        RecordedFill fill,
        Account account,
        Market market,
        Holding holding,
        Order order,
        int64_t value,
        bint is_maker,
    ):
        """Move the money and the position of one side of a fill."""
        cdef Ledger ledger = <Ledger>holding.ledger
        cdef RecordedSide side = RecordedSide.__new__(RecordedSide)
        cdef RecordedPayment paid = RecordedPayment.__new__(RecordedPayment)
        cdef int64_t rate = self.rate(account, market, is_maker)
        cdef int64_t fee = fee_up(&self.now.f, fill.amount, value, rate)
        cdef int64_t profit, amount = -fee, funding = 0
        order.fee += fee
        if market.funding is not None:
            funding = self.accrue(market, holding, ledger)
        market.open_interest -= max(holding.position.size, 0)
        profit = self.trade(market, holding.position, order, fill.amount, fill.price, value)
        if holding.position.size == 0:
            holding.funding_paid, holding.funding_ms = 0, 0
        market.open_interest += max(holding.position.size, 0)
        if self.now.f.is_option:
            ledger.options_session_rpl += profit
            amount -= order.sign * value
        else:
            ledger.session_rpl += profit
        ledger.balance += amount
        if fee:
            ledger.fees_paid += fee
            (<Treasury>self.state.treasury(self.now.currency)).fees += fee
        account.transactions += 1
        paid.transaction_id, paid.account_seq = self.state.next_transaction_id, account.transactions
        paid.amount, paid.balance, paid.fill = amount, ledger.balance, fill
        paid.position, paid.funding, paid.is_maker = holding.position.size, funding, is_maker
        self.state.next_transaction_id += 1
        ledger.transactions.append(paid)
        side.account_id, side.order_id, side.sign = order.account_id, order.order_id, order.sign
        side.fee, side.profit_loss, side.label = fee, profit, order.label
        side.order_type = order.order_type
        side.is_filled, side.post_only = order.left() == 0, order.post_only
        side.reduce_only, side.is_liquidation = order.reduce_only, order.is_liquidation
        return side

    cdef inline int64_t rate(self, Account account, Market market, bint is_maker) except? -1:
        if account.fees:
            rates = account.rates(market)
            return rates.maker_ppm if is_maker else rates.taker_ppm
        return self.now.maker_ppm if is_maker else self.now.taker_ppm

    cdef int64_t accrue(self, Market market, Holding holding, Ledger ledger) except? -1:
        """Realise the funding of a position up to now, and return what it brought."""
        funding = market.funding
        if funding.rate == 0 and (not holding.position.size or holding.funding_paid == funding.paid):
            holding.funding_paid = funding.paid
            holding.funding_ms = self.time_ns // _NS_PER_MS
            return 0
        cdef int64_t owed = holding.realize_funding(self.time_ns)
        ledger.session_rpl -= owed
        ledger.session_funding -= owed
        (<Treasury>self.state.treasury(self.now.currency)).funding += owed
        return -owed

    cdef int64_t trade(
        self, Market market, Position position, Order order, int64_t lots, int64_t price, int64_t value
    ) except? -1:
        """Enter a fill into a position, and return the profit that it realised."""
        cdef figures* f = &self.now.f
        cdef int64_t held = abs(position.size), closed = 0, opened, profit = 0, entered, exited, mean
        cdef int64_t moved = order.sign * value if f.is_inverse_future else -order.sign * value
        if position.size * order.sign < 0:
            closed = min(lots, held)
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

    cdef int count(self, Account account, Market market, Holding holding) except -1:
        """Bring margin up to date where orders came or went, and no position changed."""
        self.revalue(holding)
        account.changes += 1
        return 0

    cdef int settle(self, Account account, Market market, Holding holding) except -1:
        """Bring margin up to date where positions changed, and tell of them."""
        cdef Py_ssize_t place
        cdef Holding one
        cdef Account owner
        keys = {account.account_id: holding}
        self.revalue(holding)
        account.changes += 1
        for place in range(self.matches):
            one = <Holding>(<Order>self.found[place].maker).owner
            owner = <Account>one.account
            if owner.account_id not in keys:
                keys[owner.account_id] = one
                self.revalue(one)
                owner.changes += 1
        ordered = sorted(keys)
        for key in ordered:
            one = keys[key]
            owner = <Account>one.account
            self.events.append(PositionChanged(position_view(self.state, owner, market)))
        for key in ordered:
            self.events.append(BalanceChanged(key, self.now.currency))
        return 0

    cdef int revalue(self, Holding holding) except -1:
        """Work out anew what a holding adds to the sums of its ledger."""
        cdef figures* f = &self.now.f
        cdef Ledger ledger = <Ledger>holding.ledger
        cdef int64_t size = holding.position.size, initial, kept, needed, worth
        if f.is_option:
            needed = initial_of(f, max(holding.sell_lots - size, 0)) + holding.buy_reserve
            margin_of(f, max(-size, 0), &initial, &kept)
        else:
            needed = initial_of(
                f, max(abs(size + holding.buy_lots), abs(size - holding.sell_lots))
            )
            margin_of(f, abs(size), &initial, &kept)
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
            if holding.market.funding is not None:
                worth = -holding.accrued_funding()
                ledger.funding += worth - holding.funding
                holding.funding = worth
        holding.valued_at = holding.market._valuation
        return 0

    cdef int tell_levels(self, Market market) except -1:
        self.events.extend(market.book.take_changes(market.instrument_id))
        return 0
