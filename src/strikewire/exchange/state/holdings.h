/* What an account has in the instruments of one currency: a table of `holdings.pyx`.

   An id is looked for in the slot that it is mixed to, and behind it; there is always an empty one.
   So what is asked for is in one place, which can be fetched before its turn. */

#ifndef STRIKEWIRE_HOLDINGS_H
#define STRIKEWIRE_HOLDINGS_H

#include "objects.h"

static inline size_t holdings_home(const holdings_object *holdings, int64_t instrument_id) {
    return (size_t)(((uint64_t)instrument_id * 0x9E3779B97F4A7C15u) >> holdings->shift);
}

/* Return the slot of an id, or the empty one where it would be put. There must be room. */
static inline slot_record *holdings_slot(const holdings_object *holdings, int64_t instrument_id) {
    size_t last = (size_t)holdings->room - 1, at = holdings_home(holdings, instrument_id);
    while (holdings->slots[at].held != NULL && holdings->slots[at].instrument_id != instrument_id)
        at = (at + 1) & last;
    return holdings->slots + at;
}

/* Return what there is of an instrument, lent; NULL if there is nothing. */
static inline PyObject *holdings_find(const holdings_object *holdings, int64_t instrument_id) {
    return holdings->room ? holdings_slot(holdings, instrument_id)->held : NULL;
}

/* Have twice the room; -1 without memory, with nothing changed. */
__attribute__((cold)) static int holdings_grow(holdings_object *holdings) {
    slot_record *before = holdings->slots;
    Py_ssize_t room = holdings->room;
    size_t wanted = room ? 2 * (size_t)room : 4;
    slot_record *slots = (slot_record *)PyMem_Calloc(wanted, sizeof(slot_record));
    if (slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    holdings->slots = slots;
    holdings->shift = room ? holdings->shift - 1 : 62;
    holdings->room = (Py_ssize_t)wanted;
    for (Py_ssize_t at = 0; at < room; at++)
        if (before[at].held != NULL)
            *holdings_slot(holdings, before[at].instrument_id) = before[at];
    PyMem_Free(before);
    return 0;
}

/* Keep something where there is nothing; -1 without memory. The reference becomes the table's.

   Nothing that is held refers back to who holds it, and there may be a hundred thousand: so the
   collector need not look at them. */
static inline int holdings_put(holdings_object *holdings, int64_t instrument_id, PyObject *held) {
    slot_record *slot;
    if (4 * (holdings->count + 1) > 3 * holdings->room && holdings_grow(holdings) < 0) return -1;
    slot = holdings_slot(holdings, instrument_id);
    slot->instrument_id = instrument_id;
    slot->held = held;
    if (PyObject_GC_IsTracked(held)) PyObject_GC_UnTrack(held);
    holdings->count += 1;
    return 0;
}

/* Take out what there is of an instrument, with the table's reference; NULL if there is nothing.

   What was put behind it moves up, so that it is found where it is looked for. */
static inline PyObject *holdings_take(holdings_object *holdings, int64_t instrument_id) {
    size_t last = (size_t)holdings->room - 1, hole, at;
    PyObject *held = holdings_find(holdings, instrument_id);
    if (held == NULL) return NULL;
    hole = at = (size_t)(holdings_slot(holdings, instrument_id) - holdings->slots);
    for (;;) {
        at = (at + 1) & last;
        if (holdings->slots[at].held == NULL) break;
        size_t home = holdings_home(holdings, holdings->slots[at].instrument_id);
        if (((at - home) & last) >= ((at - hole) & last)) {
            holdings->slots[hole] = holdings->slots[at];
            hole = at;
        }
    }
    holdings->slots[hole].held = NULL;
    holdings->count -= 1;
    return held;
}

#endif
