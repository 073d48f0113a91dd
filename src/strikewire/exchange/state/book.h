/* One side of a book: where a price stands, and how an order comes there and goes.

   No reference is counted here. Who lets an order wait at a level owes it one. */

#ifndef STRIKEWIRE_BOOK_H
#define STRIKEWIRE_BOOK_H

#include "objects.h"

#include <string.h>

/* Return the place of the greatest key that is not above this one; -1 if there is none.

   From the best outwards in steps that double: most of what happens, happens there. */
static inline Py_ssize_t half_locate(const half_object *half, int64_t key) {
    const rung_record *rungs = half->rungs;
    Py_ssize_t span = 1, low = half->count - 1, step = 1;
    while (low >= 0 && rungs[low].key > key) {
        span = step;
        low -= step;
        step *= 2;
    }
    if (low < -1) {
        span -= -1 - low;
        low = -1;
    }
    while (span > 1) { /* without a guess, which would be wrong half of the time */
        Py_ssize_t part = span >> 1;
        low += rungs[low + part].key <= key ? part : 0;
        span -= part;
    }
    return low;
}

static inline level_record *half_find(const half_object *half, int64_t key) {
    Py_ssize_t place = half_locate(half, key);
    return place < 0 || half->rungs[place].key != key ? NULL : half->rungs[place].level;
}

static inline void half_lose_rung(half_object *half, Py_ssize_t place) {
    memmove(half->rungs + place, half->rungs + place + 1,
            (size_t)(half->count - place - 1) * sizeof(rung_record));
    half->count -= 1;
}

/* Return a new level above a place; NULL without memory, with nothing changed. */
static level_record *half_raise(half_object *half, Py_ssize_t place, int64_t key) {
    level_record *level = half->spare;
    if (half->count == half->room) {
        size_t room = 2 * (size_t)half->room + 4;
        rung_record *grown = (rung_record *)PyMem_Realloc(half->rungs, room * sizeof(rung_record));
        if (grown == NULL) goto failed;
        half->rungs = grown;
        half->room = (Py_ssize_t)room;
    }
    if (level != NULL)
        half->spare = (level_record *)level->head;
    else if ((level = (level_record *)PyMem_Malloc(sizeof(level_record))) == NULL)
        goto failed;
    level->key = key;
    level->amount = level->concealed = 0;
    level->head = level->tail = NULL;
    memmove(half->rungs + place + 2, half->rungs + place + 1,
            (size_t)(half->count - place - 1) * sizeof(rung_record));
    half->rungs[place + 1].key = key;
    half->rungs[place + 1].level = level;
    half->count += 1;
    half->has_grown = 1;
    return level;
failed:
    PyErr_NoMemory();
    return NULL;
}

static inline int order_is_hidden(const order_object *order) {
    return order->bits & ORDER_(CONCEALED) && order->extras->hidden;
}

/* Let an order wait behind all others at its price, but before what is hidden there.

   `shown` is what the level counts of it. Return -1 without memory, with nothing changed. */
static inline int half_put(half_object *half, order_object *order, int64_t shown) {
    int64_t key = order->ticks * half->sign;
    Py_ssize_t place = half_locate(half, key);
    order_object *before;
    level_record *level;
    if (place >= 0 && half->rungs[place].key == key)
        level = half->rungs[place].level;
    else if ((level = half_raise(half, place, key)) == NULL)
        return -1;
    before = (order_object *)level->tail;
    if (level->concealed && !order_is_hidden(order))
        while (before != NULL && order_is_hidden(before)) before = (order_object *)before->before;
    order->level = level;
    order->before = (PyObject *)before;
    if (before == NULL) {
        order->after = level->head;
        level->head = (PyObject *)order;
    } else {
        order->after = before->after;
        before->after = (PyObject *)order;
    }
    if (order->after == NULL)
        level->tail = (PyObject *)order;
    else
        ((order_object *)order->after)->before = (PyObject *)order;
    level->amount += shown;
    level->concealed += (order->bits & ORDER_(CONCEALED)) != 0;
    return 0;
}

/* Take an order out of its level, of which it had `shown`, and the level away with the last one. */
static inline void half_cut(half_object *half, order_object *order, int64_t shown) {
    level_record *level = order->level;
    order_object *before = (order_object *)order->before, *after = (order_object *)order->after;
    level->amount -= shown;
    level->concealed -= (order->bits & ORDER_(CONCEALED)) != 0;
    if (before == NULL)
        level->head = (PyObject *)after;
    else
        before->after = (PyObject *)after;
    if (after == NULL)
        level->tail = (PyObject *)before;
    else
        after->before = (PyObject *)before;
    order->level = NULL;
    order->before = order->after = NULL;
    if (level->head == NULL) {
        half_lose_rung(half, half_locate(half, level->key));
        level->key = STRIKEWIRE_NEVER;
        level->head = (PyObject *)half->spare;
        half->spare = level;
    }
}

#endif
