/* What the lane works with, in plain C: packed words, what it remembers, and whom it asks.

   The lane is written in C because it is nearly all that a venue does, and because what a compiler
   of Python adds to each step (references of all that is only looked at, a way out of every call)
   takes longer than the steps. The objects are those of the rest of the exchange: see
   `objects.h`. */

#ifndef STRIKEWIRE_LANE_H
#define STRIKEWIRE_LANE_H

#include "wide.h"

#include <Python.h>
#include <stdint.h>

/* A packed command and a packed event: `packed.py` says what each field means. */
typedef struct {
    uint8_t op;
    int8_t side;
    uint8_t kind, force;
    uint16_t flags, label_bytes;
    int64_t account_id, other_id, price, amount, valid_until_ns;
} __attribute__((packed)) packed_command;

typedef struct {
    uint8_t kind;
    int8_t side;
    uint8_t state, flags;
    uint32_t instrument_id;
    int64_t a, b, c, d, e;
} packed_event;

enum { PLACE = 1, EDIT = 2, CANCEL = 3 };
enum { /* the first two are those of an order's bits */
    POST_ONLY_FLAG = 1,
    REJECT_POST_ONLY_FLAG = 2,
    REDUCE_ONLY_FLAG = 4,
    POST_ONLY_SAID = 8,
    REDUCE_ONLY_SAID = 16
};
enum {
    ORDER_EVENT = 1,
    TRADE_EVENT,
    FILL_EVENT,
    POSITION_EVENT,
    BALANCE_EVENT,
    LEVEL_EVENT,
    REJECTED_EVENT
};

enum { FAILED = -1, DONE, DEFER }; /* deferred: nothing has changed; it goes the common way */

/* An order that wants to come in, new or edited. */
typedef struct {
    int8_t sign;
    uint8_t type, force;
    uint8_t bits; /* of the order: whether it is post-only, and what becomes of it then */
    int waits, says_post_only;
    int64_t limit, lots; /* without what an edited order has filled already */
} wish;

/* A part of an order that waits, which an order that comes in would trade with. */
typedef struct {
    void *maker, *fill;
    int64_t lots, value, fee; /* the taker's fee */
} match;

/* A level that the present command has changed, and what it had before. */
typedef struct {
    void *level;
    int64_t key, amount;
    int8_t sign;
} touched;

typedef struct {
    int64_t account_id;
    void *holding;
} owner;

enum {
    SEAT_BITS = 13,
    SEATS = 1 << SEAT_BITS, /* holdings that are found without looking into their ledgers */
    REMEMBERED = 1 << 20    /* accounts and instruments below are found by their number */
};

typedef struct {
    int64_t account_id, instrument_id;
    void *holding;
} seat;

enum { GIVEN = 2 };

/* Bytes that were handed over, and how many of them there is room for. */
typedef struct {
    PyObject *block;
    Py_ssize_t room;
} lent;

/* Things by their numbers, which are never removed from where they are kept. */
typedef struct {
    void **things;
    int64_t room;
} directory;

/* What the lane asks of the objects around it: all that is rare, and all that is Python. */
typedef struct {
    PyObject *(*approach)(PyObject *lane, int64_t account_id, int64_t instrument_id);
    PyObject *(*own)(PyObject *lane, PyObject *order);
    PyObject *(*blank_order)(void);
    int (*know)(PyObject *lane, PyObject *market);
    int (*know_account)(PyObject *lane, int64_t account_id);
    int (*refresh)(PyObject *lane, PyObject *ledger, PyObject *account);
    int (*look_up_index)(PyObject *lane);
    int (*own_rate)(PyObject *account, PyObject *market, int is_maker, int64_t *rate);
    int (*realize)(PyObject *lane, PyObject *holding, int64_t *owed);
    int (*accrued)(PyObject *holding, int64_t *owed);
    int (*trade_wide)(PyObject *holding, PyObject *order, int64_t lots, int64_t price,
                      int64_t value, int64_t *profit);
    int (*otherwise)(PyObject *lane, const char *record, Py_ssize_t size);
    int (*lets_in)(PyObject *lane, PyObject *holding, PyObject *order, int sign, int64_t lots,
                   int64_t ticks);
    int (*protect)(PyObject *lane, PyObject *order);
    int (*bears)(PyObject *lane, PyObject *maker, int64_t lots);
    int (*count_borne)(PyObject *lane);
    int (*judged)(PyObject *lane, PyObject *holding, int64_t lost);
    int (*wakes)(PyObject *lane, PyObject *market, int64_t first, int64_t last);
} hooks;

typedef struct {
    int64_t time_ns, time_ms;
    int64_t looks; /* how often what is known of accounts and markets was forgotten, and one */
    void *now;     /* the terms of the market in hand */
    void *recent;  /* that market, which need not be fetched again */
    void *state, *orders;
    PyObject *block;                  /* bytes, for the events of this run */
    packed_event *first, *next, *end; /* of it, and where its room ends */
    lent given[GIVEN];                /* those of the last runs */
    int tells;                        /* whether events are wanted */
    int makes_objects;                /* whether they become objects, of a few fills at most */
    int is_part;      /* of a larger command, which tells at its end what of levels and accounts */
    PyObject *tag;    /* what the order in hand is to be under; NULL: nothing, or what it is */
    Py_ssize_t borne; /* trades of protected orders in the present command */
    match *matches;
    Py_ssize_t matched, match_room;
    touched *changes;
    Py_ssize_t changed, change_room;
    owner *owners;
    Py_ssize_t owner_room;
    int64_t found_lots, own_lots, initial_after, taker_ppm;
    int64_t open_orders_max, instrument_orders_max, position_lots_max;
    int64_t amount_max;
    Py_ssize_t label_max;
    uint8_t user_request, immediate, no_liquidity; /* reasons of an end */
    int64_t not_open, not_owner;     /* codes of a refusal */
    void *spare; /* orders that ended and that nobody refers to, each the next one's `after` */
    void **blank; /* holdings of which nothing was left, to be opened again */
    Py_ssize_t blanks, blank_room;
    void *fills, *ended; /* where records come from */
    PyObject *self, *zero, *no_label;
    hooks ask;
    int64_t carried_out, parts; /* commands, and parts of larger ones */
    directory accounts, markets;
    seat seats[SEATS];
} lane;

static inline int64_t absolute(int64_t number) { return number < 0 ? -number : number; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static inline seat *lane_seat(lane *l, int64_t account_id, int64_t instrument_id) {
    uint64_t mixed = (uint64_t)account_id * 0x9E3779B97F4A7C15u
                     + (uint64_t)instrument_id * 0xC2B2AE3D27D4EB4Fu;
    return &l->seats[mixed >> (64 - SEAT_BITS)];
}

/* Return the thing of a number, if it was looked for before. */
static inline void *seen(const directory *known, int64_t number) {
    return number >= 0 && number < known->room ? known->things[number] : NULL;
}

__attribute__((noinline, cold)) static int array_grow(void **array, Py_ssize_t *room,
                                                      Py_ssize_t count, size_t size) {
    Py_ssize_t grown_room = count + count / 2 + 16;
    void *grown = PyMem_Realloc(*array, (size_t)grown_room * size);
    if (grown == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *array = grown;
    *room = grown_room;
    return 0;
}

/* Make sure that an array has room for one more than so many things; -1 without memory. */
static inline int make_room(void **array, Py_ssize_t *room, Py_ssize_t count, size_t size) {
    return __builtin_expect(count < *room, 1) ? 0 : array_grow(array, room, count, size);
}

#endif
