/* Packed commands, one after the other: each is carried out here, or the common way. */

#ifndef STRIKEWIRE_CARRYING_H
#define STRIKEWIRE_CARRYING_H

#include "ahead.h"
#include "placing.h"

/* Carry out one packed command, with the seat of a new order and its label. */
static inline int carry_out(lane *l, const packed_command *command, seat *at, const char *label,
                            uint8_t reason) {
    wish w;
    if (command->op == CANCEL) {
        int outcome;
        if (command->kind != 0) return DEFER;
        outcome = cancel_order(l, command->account_id, command->other_id, reason);
        if (outcome != DEFER) return outcome;
        return refuse_cancel(l, command->account_id, command->other_id);
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
    while (ahead.count < STAGES * STRIDE && read_on(l, &ahead)) look_ahead(l, &ahead, 0);
    for (; count < ahead.count; count++) {
        const incoming *one = incoming_at(&ahead, count);
        int outcome = carry_one(l, one->command, one->seat, &over);
        if (outcome == FAILED) return FAILED;
        if (outcome == DEFER) look_away(&ahead);
        if (read_on(l, &ahead)) look_ahead(l, &ahead, count + 1);
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
