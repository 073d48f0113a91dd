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
__attribute__((noinline)) static int end_order(lane *l, account_object *account, order_object *order, uint8_t status,
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
    if (l->changed == l->change_room
        && lane_grow((void **)&l->changes, &l->change_room, l->changed, sizeof(touched)) < 0)
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

/* Announce the levels that differ from what they were. */
static inline void tell_levels(lane *l, const market_object *market) {
    book_object *book = market->book;
    int64_t change_id = book->change_id + 1;
    for (Py_ssize_t place = 0; place < l->changed; place++) {
        const touched *one = l->changes + place;
        int64_t amount = amount_now(market, one);
        if (amount == one->amount) continue;
        book->change_id = change_id;
        tell(l, LEVEL_EVENT, one->sign, 0, 0, market->instrument_id, change_id, 0,
             one->key * one->sign, amount, 0);
    }
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

static inline int maker_fee(lane *l, const holding_object *owner, const match *one, int64_t *fee) {
    const terms_object *now = (terms_object *)l->now;
    account_object *account = account_of(owner);
    int64_t rate = now->maker_ppm;
    if (owner->plain_at != l->looks && PyDict_GET_SIZE(account->fees)
        && l->ask.own_rate((PyObject *)account, (PyObject *)owner->market, 1, &rate) < 0)
        return FAILED;
    *fee = fee_up(&now->f, one->lots, one->value, rate);
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
    if (l->matched >= l->owner_room
        && lane_grow((void **)&l->owners, &l->owner_room, l->matched + 1, sizeof(owner)) < 0)
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
    return DONE;
}

/* Take a holding out of its ledger, to be opened again if nobody else refers to it. */
static inline int drop(lane *l, holding_object *holding) {
    int64_t instrument_id = holding->market->instrument_id;
    seat *at = lane_seat(l, account_of(holding)->account_id, instrument_id);
    if (at->holding == holding) at->holding = NULL;
    if (l->blanks == l->blank_room
        && lane_grow((void **)&l->blank, &l->blank_room, l->blanks, sizeof(void *)) < 0)
        return FAILED;
    holdings_take(ledger_of(holding)->holdings, instrument_id);
    holding->account = holding->ledger = NULL;
    if (Py_REFCNT(holding) > 1) {
        Py_DECREF(holding);
        return DONE;
    }
    refer(&holding->valued_at, Py_None);
    refer(&holding->reduce_only, Py_None);
    holding->plain_at = holding->margined_under = 0;
    l->blank[l->blanks++] = holding;
    return DONE;
}

/* Forget a holding of which nothing is left: who comes to thousands of books leaves most of them. */
static inline int leave(lane *l, holding_object *holding) {
    const position_object *position = holding->position;
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
    tell_levels(l, holding->market);
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

/* Commands */

/* Set the label of an order that comes in; DEFER if it is too long. */
static inline int set_label(lane *l, order_object *order, const char *text, Py_ssize_t size) {
    PyObject *label;
    if (size == 0) {
        refer(&order->label, l->no_label);
        return DONE;
    }
    label = PyUnicode_DecodeUTF8(text, size, "surrogatepass");
    if (label == NULL) return FAILED;
    if (PyUnicode_GET_LENGTH(label) > l->label_max) {
        Py_DECREF(label);
        return DEFER;
    }
    Py_SETREF(order->label, label);
    return DONE;
}

/* Let a new order trade, wait, or end. */
static inline int place_order(lane *l, seat *at, int64_t account_id, int64_t instrument_id,
                              wish *w, const char *label, Py_ssize_t label_size) {
    holding_object *holding;
    order_object *order;
    state_object *state = (state_object *)l->state;
    int outcome = approach(l, account_id, instrument_id, at, &holding);
    const terms_object *now = (terms_object *)l->now;
    if (outcome != DONE) return outcome;
    if (w->force == ORDER_(GTD) || w->lots <= 0 || w->lots > l->amount_max) return DEFER;
    if (w->type == ORDER_(LIMIT)) {
        if (!is_sane(now, w)) return DEFER;
        if (w->bits & POST_ONLY_FLAG && (w->force != ORDER_(GTC) || crosses(holding->market, w))) return DEFER;
    } else {
        if (w->bits & POST_ONLY_FLAG) return DEFER;
        w->limit = w->sign > 0 ? now->f.highest : now->f.lowest;
        if (w->limit > now->safe) return DEFER;
    }
    w->waits = w->type == ORDER_(LIMIT) && w->force == ORDER_(GTC);
    outcome = look(l, holding, w, NULL);
    if (outcome != DONE) return outcome;
    if (w->force == ORDER_(FOK) && l->found_lots < w->lots) return DEFER;
    if (lane_room(l, 7 * l->matched + 8) < 0) return FAILED;
    order = order_taken(l);
    if (order == NULL) return FAILED;
    outcome = set_label(l, order, label, label_size);
    if (outcome != DONE) {
        order_given(l, order, 1);
        return outcome;
    }
    order->order_id = state->next_order_id++;
    order->account_id = account_id;
    order->instrument_id = (int32_t)instrument_id;
    order->sign = w->sign;
    order->type = w->type;
    order->force = w->force;
    order->ticks = w->type == ORDER_(MARKET) ? STRIKEWIRE_NEVER : w->limit;
    order->amount = w->lots;
    order->bits = w->bits;
    order->created_ns = l->time_ns;
    l->changed = 0;
    return enter(l, holding, order, 0);
}

/* Set the order that an account wants to change or to end; DEFER if it cannot be done here. */
static inline int find_waiting(lane *l, int64_t account_id, int64_t order_id,
                               order_object **found) {
    uintptr_t slot = table_slot((table_object *)l->orders, order_id);
    order_object *order = (order_object *)slot;
    if (slot == 0 || slot & TABLE_(ENDED)) return DEFER;
    if (!is_plain(order) || order->account_id != account_id) return DEFER;
    *found = order;
    return DONE;
}

/* Take an order out of its book for good. */
static inline int cancel_order(lane *l, int64_t account_id, int64_t order_id, uint8_t reason) {
    holding_object *holding;
    order_object *order;
    int outcome = find_waiting(l, account_id, order_id, &order);
    if (outcome != DONE) return outcome;
    holding = holding_of(l, order);
    if (holding == NULL) return PyErr_Occurred() ? FAILED : DEFER;
    outcome = know(l, holding->market);
    if (outcome != DONE) return outcome;
    if (order->ticks > ((terms_object *)l->now)->safe) return DEFER;
    if (lane_room(l, 8) < 0) return FAILED;
    l->changed = 0;
    if (lift(l, holding, order) < 0) return FAILED;
    if (end_order(l, account_of(holding), order, ORDER_(CANCELLED), reason, 2) < 0) return FAILED;
    if (count_orders(l, holding, -1) < 0) return FAILED;
    tell_levels(l, holding->market);
    return leave(l, holding);
}

/* Change a waiting order in its place, which it keeps. */
static inline int change_in_place(lane *l, holding_object *holding, order_object *order,
                                  int64_t amount) {
    level_record *level = order->level;
    int64_t less = order->amount - amount;
    if (touch(l, order->sign, level->key, level, level->amount) < 0) return FAILED;
    if (less) {
        count_less(l, holding, order, less);
        order->amount = amount;
        level->amount -= less;
    }
    announce(l, order);
    if (count_orders(l, holding, -1) < 0) return FAILED;
    tell_levels(l, holding->market);
    return DONE;
}

static inline void note_edit(order_object *order, const wish *w) {
    order->bits &= (uint8_t)~(ORDER_(POST_ONLY) | ORDER_(REJECT_POST_ONLY));
    order->bits |= (uint8_t)(w->bits | ORDER_(REPLACED));
}

/* Change a waiting order in its place, or bring it in anew. */
__attribute__((noinline)) static int edit_order(lane *l, int64_t account_id, int64_t order_id, wish *w) {
    holding_object *holding;
    order_object *order;
    int64_t amount = w->lots;
    int outcome = find_waiting(l, account_id, order_id, &order);
    const terms_object *now;
    if (outcome != DONE) return outcome;
    outcome = approach(l, account_id, order->instrument_id,
                       lane_seat(l, account_id, order->instrument_id), &holding);
    if (outcome != DONE) return outcome;
    order->owner = (PyObject *)holding;
    now = (terms_object *)l->now;
    if (amount <= 0 || amount > l->amount_max || amount <= order->filled) return DEFER;
    w->sign = order->sign;
    w->type = ORDER_(LIMIT);
    w->force = order->force;
    if (w->limit == STRIKEWIRE_NEVER) w->limit = order->ticks;
    if (!w->says_post_only)
        w->bits = (uint8_t)((w->bits & REJECT_POST_ONLY_FLAG) | (order->bits & ORDER_(POST_ONLY)));
    w->lots = amount - order->filled;
    w->waits = 1;
    if (order->ticks > now->safe || (w->limit != order->ticks && !is_sane(now, w))) return DEFER;
    if (w->bits & POST_ONLY_FLAG && crosses(holding->market, w)) return DEFER;
    l->changed = 0;
    if (w->limit == order->ticks && amount <= order->amount) {
        if (lane_room(l, 8) < 0) return FAILED;
        note_edit(order, w);
        return change_in_place(l, holding, order, amount);
    }
    outcome = look(l, holding, w, order);
    if (outcome != DONE) return outcome;
    if (lane_room(l, 7 * l->matched + 8) < 0) return FAILED;
    note_edit(order, w);
    if (lift(l, holding, order) < 0) return FAILED;
    Py_DECREF(order); /* of the two, one is for what it does next */
    order->ticks = w->limit;
    order->amount = amount;
    return enter(l, holding, order, 1);
}

/* Refuse to cancel an order that has ended, which is the commonest refusal by far.

   A packed refusal has a code and no words, so it need not be made where those are known. */
static inline int refuse_cancel(lane *l, int64_t account_id, int64_t order_id) {
    uintptr_t slot = table_slot((table_object *)l->orders, order_id);
    const ended_record *ended = (ended_record *)(slot & ~(uintptr_t)TABLE_(ENDED));
    int known;
    if (!(slot & TABLE_(ENDED)) || l->makes_objects) return DEFER;
    known = seen(&l->accounts, account_id) != NULL || l->ask.know_account(l->self, account_id);
    if (known <= 0) return known < 0 ? FAILED : DEFER;
    if (lane_room(l, 1) < 0) return FAILED;
    tell(l, REJECTED_EVENT, 0, 0, 0, 0,
         ended->account_id == account_id ? l->not_open : l->not_owner, 0, 0, 0, 0);
    return DONE;
}

/* Carry out one packed command, with the seat of a new order and its label. */
static inline int carry_out(lane *l, const packed_command *command, seat *at, const char *label,
                            uint8_t reason) {
    wish w;
    if (command->op == CANCEL) {
        int outcome = DEFER;
        if (command->kind == 0) outcome = cancel_order(l, command->account_id, command->other_id, reason);
        if (command->kind == 0 && outcome == DEFER)
            outcome = refuse_cancel(l, command->account_id, command->other_id);
        return outcome;
    }
    if (command->op > CANCEL || command->op == 0 || command->valid_until_ns) return DEFER;
    if (command->flags & (REDUCE_ONLY_FLAG | REDUCE_ONLY_SAID)) return DEFER;
    w.limit = command->price;
    w.lots = command->amount;
    w.bits = command->flags & (POST_ONLY_FLAG | REJECT_POST_ONLY_FLAG);
    if (command->op == EDIT) {
        w.says_post_only = (command->flags & POST_ONLY_SAID) != 0;
        return edit_order(l, command->account_id, command->other_id, &w);
    }
    if (command->kind > ORDER_(MARKET) || command->force > ORDER_(FOK)) return DEFER;
    if (command->side != 1 && command->side != -1) return DEFER;
    if ((command->kind == ORDER_(MARKET)) != (command->price == STRIKEWIRE_NEVER)) return DEFER;
    w.sign = command->side;
    w.type = command->kind;
    w.force = command->force;
    return place_order(l, at, command->account_id, command->other_id, &w, label,
                       command->label_bytes);
}

/* Say whether the day has ended before now: what ends with it comes first then. */
static inline int day_is_over(const lane *l) {
    const PyObject *end = ((state_object *)l->state)->day_end_ns;
    return end != Py_None && l->time_ns >= PyLong_AsLongLong((PyObject *)end);
}

/* Carry out one packed command, here or the common way; -1 with an exception. */
static inline int carry_one(lane *l, const packed_command *command, seat *at, int *over) {
    Py_ssize_t size = (Py_ssize_t)sizeof(packed_command) + command->label_bytes;
    const char *label = (const char *)(command + 1);
    int outcome = *over ? DEFER : carry_out(l, command, at, label, l->user_request);
    if (outcome == DONE) {
        l->carried_out += 1;
    } else if (outcome == DEFER) {
        outcome = l->ask.otherwise(l->self, (const char *)command, size) < 0 ? FAILED : DEFER;
        *over = day_is_over(l);
    }
    return outcome;
}

/* Say what is wrong with bytes that are no whole record; -1 if anything is. */
static inline int refuse_rest(const char *at, const char *end) {
    if (at == end) return DONE;
    if (end - at >= (Py_ssize_t)sizeof(packed_command))
        PyErr_SetString(PyExc_ValueError, "the last label is cut off");
    else
        PyErr_Format(PyExc_ValueError, "%zd bytes behind the last record", end - at);
    return FAILED;
}

/* Carry out packed commands, and return how many there were; -1 with an exception. */
__attribute__((noinline)) static Py_ssize_t carry_batch(lane *l, const char *at, Py_ssize_t size) {
    window ahead = {.at = at, .end = at + size};
    Py_ssize_t count = 0;
    int over = day_is_over(l);
    while (ahead.count < STAGES * STRIDE && read_on(&ahead)) look_ahead(l, &ahead, 0);
    for (; count < ahead.count; count++) {
        const incoming *one = incoming_at(&ahead, count);
        int outcome = carry_one(l, one->command, one->seat, &over);
        if (outcome == FAILED) return FAILED;
        if (outcome == DEFER) look_away(&ahead);
        if (read_on(&ahead)) look_ahead(l, &ahead, count + 1);
    }
    return refuse_rest(ahead.at, ahead.end) < 0 ? FAILED : count;
}

/* Carry out packed commands as above; one alone needs no looking ahead. */
static Py_ssize_t carry(lane *l, const char *at, Py_ssize_t size) {
    const packed_command *command = (const packed_command *)at;
    int over;
    if (size < (Py_ssize_t)sizeof(packed_command)
        || size != (Py_ssize_t)sizeof(packed_command) + command->label_bytes)
        return carry_batch(l, at, size);
    over = day_is_over(l);
    if (carry_one(l, command, lane_seat(l, command->account_id, command->other_id), &over) < 0)
        return FAILED;
    return 1;
}

#endif
