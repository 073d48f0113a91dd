/* What the lane tells: packed events, written into what becomes the bytes that are returned.

   Where there are many they are handed over as they are. Memory that is new costs a machine more
   than what is written into it, so the bytes of the last runs are written again as soon as nobody
   else refers to them. */

#ifndef STRIKEWIRE_TELLING_H
#define STRIKEWIRE_TELLING_H

#include "lane.h"

enum {
    HANDED_OVER = 1 << 14, /* bytes of events: from so many on they are not copied */
    LENT_MOST = 1 << 22    /* more bytes than so many are not kept to be written again */
};

static inline void lane_block(lane *l, PyObject *block, Py_ssize_t told) {
    Py_ssize_t size = block == NULL ? 0 : PyBytes_GET_SIZE(block);
    l->block = block;
    l->first = block == NULL ? NULL : (packed_event *)PyBytes_AS_STRING(block);
    l->next = l->first + told;
    l->end = l->first + size / (Py_ssize_t)sizeof(packed_event);
}

/* Return bytes of an earlier run that nobody else refers to, all of them; NULL without any. */
static PyObject *lane_taken_back(lane *l) {
    for (int place = 0; place < GIVEN; place++) {
        PyObject *block = l->given[place].block;
        if (block == NULL || Py_REFCNT(block) != 1) continue;
        l->given[place].block = NULL;
        Py_SET_SIZE(block, 1); /* so that it is resized, and has no hash, even if it was full */
        _PyBytes_Resize(&block, l->given[place].room);
        return block;
    }
    return NULL;
}

__attribute__((noinline, cold)) static int lane_room_grown(lane *l, Py_ssize_t more) {
    Py_ssize_t told = l->next - l->first, size;
    PyObject *block = l->block;
    if (block == NULL) {
        block = lane_taken_back(l);
        lane_block(l, block, 0);
        if (block != NULL && l->end - l->next >= more) return 0;
        if (PyErr_Occurred()) return -1;
    }
    size = (2 * told + more + 64) * (Py_ssize_t)sizeof(packed_event);
    if (block == NULL)
        block = PyBytes_FromStringAndSize(NULL, size);
    else
        _PyBytes_Resize(&block, size);
    lane_block(l, block, block == NULL ? 0 : told);
    return block == NULL ? -1 : 0;
}

/* Make room for some more events; -1 without memory. */
static inline int lane_room(lane *l, Py_ssize_t more) {
    return __builtin_expect(l->end - l->next >= more, 1) ? 0 : lane_room_grown(l, more);
}

/* Remember bytes that are handed over, the latest first. */
static inline void lane_lend(lane *l, PyObject *block, Py_ssize_t room) {
    Py_XDECREF(l->given[GIVEN - 1].block);
    for (int place = GIVEN - 1; place; place--) l->given[place] = l->given[place - 1];
    l->given[0].room = room;
    l->given[0].block = Py_NewRef(block);
}

/* Return what was told as bytes. Few are copied; many are handed over as they are. */
static PyObject *lane_told(lane *l) {
    Py_ssize_t size = (char *)l->next - (char *)l->first, room;
    PyObject *block = l->block;
    if (size < HANDED_OVER) return PyBytes_FromStringAndSize((const char *)l->first, size);
    room = PyBytes_GET_SIZE(block);
    lane_block(l, NULL, 0);
    if (size > LENT_MOST || size < room / 2) {
        _PyBytes_Resize(&block, size);
        return block;
    }
    Py_SET_SIZE(block, size); /* its room stays */
    PyBytes_AS_STRING(block)[size] = 0;
    lane_lend(l, block, room);
    return block;
}

/* Let go of all bytes. */
static void lane_release(lane *l) {
    Py_CLEAR(l->block);
    for (int place = 0; place < GIVEN; place++) Py_CLEAR(l->given[place].block);
}

/* Tell of something. There must be room: see `lane_room`. */
static inline void tell(lane *l, uint8_t kind, int8_t side, uint8_t state, uint8_t flags,
                        int64_t instrument_id, int64_t a, int64_t b, int64_t c, int64_t d,
                        int64_t e) {
    packed_event *event = l->next;
    if (!l->tells) return;
    l->next = event + 1;
    event->kind = kind;
    event->side = side;
    event->state = state;
    event->flags = flags;
    event->instrument_id = (uint32_t)instrument_id;
    event->a = a;
    event->b = b;
    event->c = c;
    event->d = d;
    event->e = e;
}

#endif
