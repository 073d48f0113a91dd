/* The lists and tables of orders: the common steps of `order_table.pyx`.

   What is said here of references: none is counted. A list and a table owe each order one. */

#ifndef STRIKEWIRE_ORDER_TABLE_H
#define STRIKEWIRE_ORDER_TABLE_H

#include "archives.h"
#include "objects.h"
#include "slabs.h"

#define TABLE_(name) __pyx_e_10strikewire_8exchange_5state_11order_table_##name

static inline void list_add(list_object *list, order_object *order) {
    order_object *last = (order_object *)list->tail;
    order->peer_before = (PyObject *)last;
    order->peer_after = NULL;
    if (last == NULL)
        list->head = (PyObject *)order;
    else
        last->peer_after = (PyObject *)order;
    list->tail = (PyObject *)order;
    list->count += 1;
}

static inline void list_remove(list_object *list, order_object *order) {
    order_object *before = (order_object *)order->peer_before;
    order_object *after = (order_object *)order->peer_after;
    if (before == NULL)
        list->head = (PyObject *)after;
    else
        before->peer_after = (PyObject *)after;
    if (after == NULL)
        list->tail = (PyObject *)before;
    else
        after->peer_before = (PyObject *)before;
    order->peer_before = order->peer_after = NULL;
    list->count -= 1;
}

/* Return where the slot of an id is; NULL where there is no page for it. */
static inline uintptr_t *table_place(const table_object *table, int64_t order_id) {
    int64_t page = order_id >> TABLE_(PAGE_BITS);
    if (page < 0 || page >= table->room || table->pages[page] == NULL) return NULL;
    return table->pages[page] + (order_id & (TABLE_(PAGE_ORDERS) - 1));
}

/* Return what is known by an id: an order, an ended one with a tag, or 0. */
static inline uintptr_t table_slot(const table_object *table, int64_t order_id) {
    const uintptr_t *place = table_place(table, order_id);
    return place == NULL ? 0 : *place;
}

/* Let be found what is not yet; -1 without memory. */
static inline int table_insert(table_object *table, int64_t order_id, uintptr_t slot) {
    uintptr_t *place = table_place(table, order_id);
    if (place == NULL) {
        if (table->__pyx_vtab->grow(table, order_id >> TABLE_(PAGE_BITS)) < 0) return -1;
        place = table_place(table, order_id);
    }
    *place = slot;
    table->counts[order_id >> TABLE_(PAGE_BITS)] += 1;
    return 0;
}

/* Return the record of an order as it ended; NULL without memory. */
static inline ended_record *ended_from(slabs *pool, const order_object *order) {
    ended_record *ended = (ended_record *)slabs_take(pool, sizeof(ended_record));
    if (ended == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    ended->order_id = order->order_id;
    ended->account_id = order->account_id;
    ended->ticks = order->ticks;
    ended->amount = order->amount;
    ended->filled = order->filled;
    ended->filled_value = order->filled_value;
    ended->fee = order->fee;
    ended->created_ns = order->created_ns;
    ended->updated_ns = order->updated_ns;
    ended->instrument_id = order->instrument_id;
    ended->sign = order->sign;
    ended->type = order->type;
    ended->force = order->force;
    ended->status = order->status;
    ended->bits = order->bits;
    ended->reason = order->reason;
    ended->label = order->label;
    Py_INCREF(ended->label);
    ended->extras = NULL;
    if ((PyObject *)order->extras != Py_None) {
        ended->extras = (PyObject *)order->extras;
        Py_INCREF(ended->extras);
    }
    return ended;
}

/* Keep an order as it has ended, in the ring of its owner, and let it be found that way.

   Return whether the table owed it a reference, which is the caller's now; -1 without memory. */
static inline int table_end(table_object *table, ring_object *closed, slabs *pool,
                            const order_object *order) {
    ended_record *ended = ended_from(pool, order);
    uintptr_t entry = (uintptr_t)ended | TABLE_(ENDED), forgotten;
    uintptr_t *place = table_place(table, order->order_id);
    int owed = place != NULL && *place != 0;
    if (ended == NULL) return -1;
    if (owed)
        *place = entry;
    else if (table_insert(table, order->order_id, entry) < 0)
        return -1;
    if (ring_push(closed, entry, &forgotten) < 0) return -1;
    if (forgotten && table->__pyx_vtab->drop(table, (void *)closed, forgotten) < 0) return -1;
    return owed;
}

#endif
