/* What an order does once nothing speaks against it: it trades, waits, changes, or ends.

   A waiting order is owed three references: by its level, by the list of its owner, by the table of
   all. They come together and go together, so they are counted together. */

#ifndef STRIKEWIRE_ACTING_H
#define STRIKEWIRE_ACTING_H

#include "../state/order_table.h"
#include "looking.h"

/* Orders */

/* Return an order that nobody but the caller refers to; NULL with an exception. */
static inline order_object *order_taken(lane *l) {
    order_object *order = (order_object *)l->spare;
    if (order == NULL) return (order_object *)l->ask.blank_order();
    l->spare = order->after;
    order->after = NULL;
    order->owner = NULL;
    order->status = ORDER_(OPEN);
    order->reason = 0;
    order->filled = order->filled_value = order->fee = 0;
    return order;
}

/* Take back so many references to an order; if nobody else has one, it is the next to be taken. */
static inline void order_given(lane *l, order_object *order, int references) {
    if (Py_REFCNT(order) == references && (PyObject *)order->extras == Py_None) {
        refer(&order->label, l->no_label);
        Py_SET_REFCNT((PyObject *)order, 1);
        order->after = (PyObject *)l->spare;
        l->spare = order;
        return;
    }
    while (references--) Py_DECREF(order);
}

static inline void announce(lane *l, order_object *order) {
    order->updated_ns = l->time_ns;
    tell(l, ORDER_EVENT, order->sign, order->status, 0, order->instrument_id, order->order_id,
         order->account_id, order->ticks, order->amount, order->filled);
}

/* Let an order have ended, and take back so many references and the table's; -1 without memory. */
__attribute__((noinline)) static int end_order(lane *l, account_object *account,
                                               order_object *order, uint8_t status,
                                               uint8_t reason, int references) {
    int owed;
    order->status = status;
    order->reason = reason;
    announce(l, order);
    owed = table_end((table_object *)l->orders, (ring_object *)account->closed, (slabs *)l->ended,
                     order);
    if (owed < 0) return FAILED;
    order_given(l, order, references + owed);
    return DONE;
}

/* Levels */

/* Remember what a level had before the present command, once.

   Those of one command are touched one after the other: so it is the last one, or, where an order
   moves, the one that it left first. */
static inline int touch(lane *l, int8_t sign, int64_t key, level_record *level, int64_t amount) {
    touched *one = l->changes;
    if (l->changed
        && ((one[l->changed - 1].key == key && one[l->changed - 1].sign == sign)
            || (one->key == key && one->sign == sign)))
        return DONE;
    if (make_room((void **)&l->changes, &l->change_room, l->changed, sizeof(touched)) < 0)
        return FAILED;
    one = l->changes + l->changed++;
    one->level = level;
    one->key = key;
    one->sign = sign;
    one->amount = amount;
    return DONE;
}

/* Return what a touched level has now; one that came anew is looked for. */
static inline int64_t amount_now(const market_object *market, const touched *one) {
    const level_record *level = (level_record *)one->level;
    if (level->key != one->key) level = half_find(side_of(market, one->sign), one->key);
    return level == NULL ? 0 : level->amount;
}

/* Let a book remember what its levels had, for the larger command to tell of them. */
__attribute__((noinline)) static int leave_levels(lane *l, book_object *book) {
    for (Py_ssize_t place = 0; place < l->changed; place++) {
        const touched *one = l->changes + place;
        if (book->__pyx_vtab->remember(book, one->sign, one->key * one->sign,
                                       (level_record *)one->level, one->amount) < 0)
            return FAILED;
    }
    return DONE;
}

/* Announce the levels that differ from what they were. */
static inline int tell_levels(lane *l, const market_object *market) {
    book_object *book = market->book;
    int64_t change_id = book->change_id + 1;
    if (l->is_part) return leave_levels(l, book);
    for (Py_ssize_t place = 0; place < l->changed; place++) {
        const touched *one = l->changes + place;
        int64_t amount = amount_now(market, one);
        if (amount == one->amount) continue;
        book->change_id = change_id;
        tell(l, LEVEL_EVENT, one->sign, 0, 0, market->instrument_id, change_id, 0,
             one->key * one->sign, amount, 0);
    }
    return DONE;
}

/* Trading and waiting */

static inline void tell_fill(lane *l, const fill_record *fill) {
    const party_record *maker = &fill->sides[FILL_(MAKER)], *taker = &fill->sides[FILL_(TAKER)];
    int8_t sign = fill->taker_sign;
    tell(l, TRADE_EVENT, sign, 0, (uint8_t)fill->tick_direction, fill->instrument_id,
         fill->trade_id, maker->order_id, fill->price, fill->amount, taker->order_id);
    tell(l, FILL_EVENT, (int8_t)-sign, 0, 1, fill->instrument_id, maker->account_id,
         maker->order_id, maker->fee, maker->profit, fill->trade_id);
    tell(l, FILL_EVENT, sign, 0, 0, fill->instrument_id, taker->account_id, taker->order_id,
         taker->fee, taker->profit, fill->trade_id);
}

/* Take what is filled of a waiting order out of its book. */
static inline int take_from_book(lane *l, holding_object *owner, order_object *maker,
                                 int64_t lots) {
    level_record *level = maker->level;
    int64_t left = order_left(maker);
    if (touch(l, maker->sign, maker->ticks * maker->sign, level, level->amount) < 0) return FAILED;
    count_less(l, owner, maker, lots);
    if (lots == left) {
        half_cut(side_of(owner->market, maker->sign), maker, left);
        list_remove(owner->queue, maker);
        account_of(owner)->open_orders -= 1;
    } else {
        level->amount -= lots;
    }
    return DONE;
}

/* Let an order trade with one that waits. */
static inline int fill_one(lane *l, holding_object *holding, order_object *taker, match *one) {
    const terms_object *now = (terms_object *)l->now;
    state_object *state = (state_object *)l->state;
    order_object *maker = (order_object *)one->maker;
    holding_object *other = (holding_object *)maker->owner;
    account_object *account = account_of(holding), *owner = account_of(other);
    market_object *market = holding->market;
    int64_t lots = one->lots, fee;
    fill_record *fill;
    if (maker_fee(l, other, one, &fee) < 0) return FAILED;
    fill = (fill_record *)slabs_take((slabs *)l->fills, sizeof(fill_record));
    if (fill == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    if (take_from_book(l, other, maker, lots) < 0) return FAILED;
    maker->filled += lots;
    maker->filled_value += lots * maker->ticks;
    taker->filled += lots;
    taker->filled_value += lots * maker->ticks;
    print_trade(market, maker->ticks);
    fill->references = 0;
    fill->trade_id = state->next_trade_id++;
    fill->trade_seq = market->trade_seq;
    fill->instrument_id = (int32_t)market->instrument_id;
    fill->price = maker->ticks;
    fill->amount = lots;
    fill->tick_direction = (int8_t)market->tick_direction;
    fill->time_ns = l->time_ns;
    fill->mark = now->mark;
    fill->index = now->index;
    fill->iv_e4 = now->iv_e4;
    fill->taker_sign = taker->sign;
    one->fill = fill;
    if (clear_side(l, fill, FILL_(MAKER), other, maker, one->value, fee) < 0
        || clear_side(l, fill, FILL_(TAKER), holding, taker, one->value, one->fee) < 0
        || keep_fill(owner->fills, fill, FILL_(FILL_ENTRY)) < 0
        || (owner != account && keep_fill(account->fills, fill, FILL_(FILL_ENTRY)) < 0)
        || keep_fill(market->trades, fill, FILL_(FILL_ENTRY)) < 0)
        return FAILED;
    tell_fill(l, fill);
    one->maker = other; /* what is left to do is for its owner */
    if (order_left(maker) == 0) return end_order(l, owner, maker, ORDER_(FILLED), maker->reason, 2);
    announce(l, maker);
    return DONE;
}

/* Let what is left of an order wait; the caller's reference goes to its level. */
static inline int rest(lane *l, holding_object *holding, order_object *order) {
    int64_t left = order_left(order);
    table_object *orders = (table_object *)l->orders;
    uintptr_t *place = table_place(orders, order->order_id);
    half_object *half = side_of(holding->market, order->sign);
    if (place == NULL || *place == 0) {
        if (table_insert(orders, order->order_id, (uintptr_t)order) < 0) return FAILED;
        Py_INCREF(order);
    }
    if (half_put(half, order, left) < 0) return FAILED;
    Py_INCREF(order);
    order->owner = (PyObject *)holding;
    account_of(holding)->open_orders += 1;
    list_add(holding->queue, order);
    if (order->sign < 0) {
        holding->sell_lots += left;
    } else {
        const figures *f = &((terms_object *)l->now)->f;
        holding->buy_lots += left;
        if (f->is_option) holding->buy_reserve += value_up(f, left, order->ticks);
    }
    announce(l, order);
    return touch(l, order->sign, order->ticks * order->sign, order->level,
                 order->level->amount - left);
}

static int by_account(const void *one, const void *other) {
    int64_t a = ((const owner *)one)->account_id, b = ((const owner *)other)->account_id;
    return (a > b) - (a < b);
}

/* Sort by account. Few are nearly all there are, and put in their places one by one. */
static inline void sort_owners(owner *owners, Py_ssize_t count) {
    if (count > 16) {
        qsort(owners, (size_t)count, sizeof(owner), by_account);
        return;
    }
    for (Py_ssize_t place = 1; place < count; place++) {
        owner one = owners[place];
        Py_ssize_t at = place;
        for (; at && owners[at - 1].account_id > one.account_id; at--) owners[at] = owners[at - 1];
        owners[at] = one;
    }
}

/* Collect who has traded, each once, and return how many they are; -1 without memory. */
static inline Py_ssize_t traders(lane *l, holding_object *holding) {
    Py_ssize_t count = 1;
    if (make_room((void **)&l->owners, &l->owner_room, l->matched, sizeof(owner)) < 0)
        return FAILED;
    l->owners[0].account_id = account_of(holding)->account_id;
    l->owners[0].holding = holding;
    for (Py_ssize_t place = 0; place < l->matched; place++) {
        holding_object *other = (holding_object *)l->matches[place].maker;
        if (other == l->owners[count - 1].holding) continue;
        l->owners[count].account_id = account_of(other)->account_id;
        l->owners[count++].holding = other;
    }
    sort_owners(l->owners, count);
    return count;
}

/* Bring margin up to date where positions changed, and tell of them. */
__attribute__((noinline)) static int settle(lane *l, holding_object *holding) {
    Py_ssize_t count = traders(l, holding), kept = 0;
    int64_t instrument_id = holding->market->instrument_id;
    uint32_t currency = ((terms_object *)l->now)->currency_code;
    if (count < 0) return FAILED;
    for (Py_ssize_t place = 0; place < count; place++) {
        holding_object *one = (holding_object *)l->owners[place].holding;
        const position_object *position = one->position;
        int64_t account_id = l->owners[place].account_id;
        if (kept && l->owners[kept - 1].holding == one) continue;
        l->owners[kept++].account_id = account_id;
        l->owners[kept - 1].holding = one;
        if (revalue(l, one) < 0) return FAILED;
        account_of(one)->changes += 1;
        tell(l, POSITION_EVENT, 0, 0, 0, instrument_id, account_id, position->size,
             position->average_price, position->realized + one->funding, 0);
    }
    for (Py_ssize_t place = 0; place < kept; place++)
        tell(l, BALANCE_EVENT, 0, 0, 0, currency, l->owners[place].account_id, 0, 0, 0, 0);
    return DONE;
}

/* Let an order trade with all that were found. */
__attribute__((noinline)) static int trade(lane *l, holding_object *holding, order_object *order) {
    if (((terms_object *)l->now)->index_at != l->looks && l->ask.look_up_index(l->self) < 0)
        return FAILED;
    for (Py_ssize_t place = 0; place < l->matched; place++)
        if (fill_one(l, holding, order, l->matches + place) < 0) return FAILED;
    return l->borne ? l->ask.count_borne(l->self) : DONE;
}

/* Take a holding out of its ledger, to be opened again if nobody else refers to it. */
static inline int drop(lane *l, holding_object *holding) {
    int64_t instrument_id = holding->market->instrument_id;
    seat *at = lane_seat(l, account_of(holding)->account_id, instrument_id);
    if (at->holding == holding) at->holding = NULL;
    if (make_room((void **)&l->blank, &l->blank_room, l->blanks, sizeof(void *)) < 0)
        return FAILED;
    holdings_take(ledger_of(holding)->holdings, instrument_id);
    holding->account = holding->ledger = NULL;
    if (Py_REFCNT(holding) > 1) {
        Py_DECREF(holding);
        return DONE;
    }
    refer(&holding->reduce_only, Py_None);
    holding->plain_at = holding->margined_under = 0;
    holding->valued_at = -1;
    l->blank[l->blanks++] = holding;
    return DONE;
}

/* Forget a holding of which nothing is left: who comes to thousands of books leaves most. */
static inline int leave(lane *l, holding_object *holding) {
    const position_object *position = holding->position;
    if (l->is_part) return DONE; /* the larger command may still look at it */
    if (holding->queue->count || holding->buy_lots || holding->sell_lots || position->size
        || position->entry_value || position->realized || position->funding
        || holding->buy_reserve || holding->initial_margin || holding->position_margin
        || holding->maintenance_margin || holding->profit || holding->funding
        || holding->option_value || holding->option_profit || holding->funding_ms)
        return DONE;
    return drop(l, holding);
}

/* Trade as found, then wait, or end. The caller's reference to the order is used up. */
INLINED int enter(lane *l, holding_object *holding, order_object *order, int was_waiting) {
    int waits = 0;
    if (l->matched && trade(l, holding, order) < 0) return FAILED;
    if (order_left(order) == 0) {
        if (end_order(l, account_of(holding), order, ORDER_(FILLED), order->reason, 1) < 0)
            return FAILED;
    } else if (order->type == ORDER_(LIMIT) && order->force == ORDER_(GTC)) {
        if (rest(l, holding, order) < 0) return FAILED;
        waits = 1;
    } else {
        uint8_t reason = order->type == ORDER_(MARKET) ? l->no_liquidity : l->immediate;
        if (end_order(l, account_of(holding), order, ORDER_(CANCELLED), reason, 1) < 0)
            return FAILED;
    }
    if (l->matched) {
        if (settle(l, holding) < 0) return FAILED;
    } else if (waits || was_waiting) {
        if (count_orders(l, holding, l->initial_after) < 0) return FAILED;
    }
    if (tell_levels(l, holding->market) < 0) return FAILED;
    return waits || l->matched ? DONE : leave(l, holding);
}

/* Take an order out of its book and from its owner; two references are the caller's then. */
static inline int lift(lane *l, holding_object *holding, order_object *order) {
    level_record *level = order->level;
    int64_t left = order_left(order);
    if (touch(l, order->sign, level->key, level, level->amount) < 0) return FAILED;
    half_cut(side_of(holding->market, order->sign), order, left);
    list_remove(holding->queue, order);
    account_of(holding)->open_orders -= 1;
    count_less(l, holding, order, left);
    return DONE;
}

#endif
