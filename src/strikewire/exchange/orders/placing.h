/* The three common commands: an order is placed, changed, or taken back.

   Each finds out first whether anything speaks against it (DEFER, with nothing changed), and then
   acts. The one refusal that is made here is that of a cancel which comes too late. */

#ifndef STRIKEWIRE_PLACING_H
#define STRIKEWIRE_PLACING_H

#include "acting.h"

/* Each is one function, so that a compiler does not make room for all three in every one. */
#define COMMAND __attribute__((noinline)) static int

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

/* Say whether its protection lets an order in, new or changed, which is only to wait. */
static inline int enter_protected(lane *l, holding_object *holding, order_object *order,
                                  const wish *w) {
    int may;
    if (!w->waits || crosses(holding->market, w)) return DEFER;
    may = l->ask.lets_in(l->self, (PyObject *)holding, (PyObject *)order, w->sign, w->lots,
                         w->limit);
    return may < 0 ? FAILED : may ? DONE : DEFER;
}

/* Let a new order trade, wait, or end. */
COMMAND place_order(lane *l, seat *at, int64_t account_id, int64_t instrument_id, wish *w,
                    const char *label, Py_ssize_t label_size) {
    holding_object *holding;
    order_object *order;
    state_object *state = (state_object *)l->state;
    int outcome = approach(l, account_id, instrument_id, at, &holding);
    const terms_object *now = (terms_object *)l->now;
    if (outcome != DONE) return outcome;
    if (w->force == ORDER_(GTD) || w->lots <= 0 || w->lots > l->amount_max) return DEFER;
    if (w->type == ORDER_(LIMIT)) {
        if (!is_sane(now, w)) return DEFER;
        if (w->bits & POST_ONLY_FLAG && (w->force != ORDER_(GTC) || crosses(holding->market, w)))
            return DEFER;
    } else {
        if (w->bits & POST_ONLY_FLAG) return DEFER;
        w->limit = w->sign > 0 ? now->f.highest : now->f.lowest;
        if (w->limit > now->safe) return DEFER;
    }
    w->waits = w->type == ORDER_(LIMIT) && w->force == ORDER_(GTC);
    outcome = l->tag == NULL ? DONE : enter_protected(l, holding, NULL, w);
    if (outcome == DONE) outcome = look(l, holding, w, NULL);
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
    if (l->tag != NULL && l->ask.protect(l->self, (PyObject *)order) < 0) return FAILED;
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
COMMAND cancel_order(lane *l, int64_t account_id, int64_t order_id, uint8_t reason) {
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
    if (count_orders(l, holding, -1) < 0 || tell_levels(l, holding->market) < 0) return FAILED;
    return leave(l, holding);
}

/* Change a waiting order in its place, which it keeps. */
static inline int change_in_place(lane *l, holding_object *holding, order_object *order,
                                  int64_t amount) {
    level_record *level = order->level;
    int64_t less = order->amount - amount;
    if (less) {
        if (touch(l, order->sign, level->key, level, level->amount) < 0) return FAILED;
        count_less(l, holding, order, less);
        order->amount = amount;
        level->amount -= less;
    }
    announce(l, order);
    if (count_orders(l, holding, -1) < 0) return FAILED;
    return tell_levels(l, holding->market);
}

static inline int note_edit(lane *l, order_object *order, const wish *w) {
    order->bits &= (uint8_t)~(ORDER_(POST_ONLY) | ORDER_(REJECT_POST_ONLY));
    order->bits |= (uint8_t)(w->bits | ORDER_(REPLACED));
    return l->tag == NULL ? DONE : l->ask.protect(l->self, (PyObject *)order);
}

/* Change a waiting order in its place, or bring it in anew. */
COMMAND edit_order(lane *l, int64_t account_id, int64_t order_id, wish *w) {
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
    if (order->bits & ORDER_(PROTECTED)) {
        outcome = enter_protected(l, holding, order, w);
        if (outcome != DONE) return outcome;
    }
    l->changed = 0;
    if (w->limit == order->ticks && amount <= order->amount) {
        if (lane_room(l, 8) < 0 || note_edit(l, order, w) < 0) return FAILED;
        return change_in_place(l, holding, order, amount);
    }
    outcome = look(l, holding, w, order);
    if (outcome != DONE) return outcome;
    if (lane_room(l, 7 * l->matched + 8) < 0 || note_edit(l, order, w) < 0) return FAILED;
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

#endif
