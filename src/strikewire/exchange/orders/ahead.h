/* What the commands of a batch will touch, fetched before their turn comes.

   A thousand accounts do not fit into the memory that is near the processor, and each command
   touches some twenty places that nothing foretells; waiting for one after the other takes longer
   than all the work. So while a command is carried out, the places of those behind it are already on
   their way, one step further with each command: where to look, then what is there, then what that
   refers to. Nothing is changed here, and nothing depends on it. */

#ifndef STRIKEWIRE_AHEAD_H
#define STRIKEWIRE_AHEAD_H

#include "../state/order_table.h"
#include "clearing.h"

enum {
    STAGES = 5,
    STRIDE = 3,  /* commands from one stage to the next */
    WINDOW = 16, /* more than all stages together, and a power of two */
    HEADER = 24  /* of an object, before its fields */
};

/* A record that was read from a batch and is not carried out yet. */
typedef struct {
    const packed_command *command;
    seat *seat;            /* of a new order: where its holding is found */
    market_object *market; /* NULL where it is the one that was traded in last, or not known */
    holding_object *holding;
} incoming;

typedef struct {
    incoming records[WINDOW];
    const char *at, *end;
    Py_ssize_t count; /* how many were read so far, of which the last so many are here */
} window;

static inline void fetch(const void *place) { __builtin_prefetch(place); }

static inline void fetch_block(const void *place, size_t size) {
    for (size_t at = 0; at < size; at += 64) __builtin_prefetch((const char *)place + at);
}

static inline void fetch_fields(const void *object, size_t size) {
    fetch_block((const char *)object + HEADER, size);
}

/* Fetch what stands behind a holding. */
static inline void fetch_owner(const holding_object *holding) {
    fetch(holding->position);
    fetch_fields(holding->queue, 1);
    if (holding->ledger != NULL) {
        fetch_block(holding->ledger, 128);
        fetch_block(holding->account, 128);
    }
}

/* Fetch where it is kept what becomes of the orders of a holding, and what they traded. */
static inline void fetch_archives(const holding_object *holding, int trades) {
    if (holding->account == NULL) return;
    fetch_fields(account_of(holding)->closed, 64);
    if (trades) {
        fetch_fields(account_of(holding)->fills, 64);
        fetch_fields(ledger_of(holding)->transactions, 64);
    }
}

static inline void fetch_best(const half_object *half) {
    if (half->count) fetch(half->rungs[half->count - 1].level);
}

/* Fetch a market, then its book and terms, then both sides, then their ends, then the best. */
static inline void fetch_market(int stage, const market_object *market) {
    if (stage == 4) {
        fetch_block(market, 256);
    } else if (stage == 3) {
        fetch_block(market->book, 128);
        fetch_block(market->terms, 576);
    } else if (stage == 2) {
        fetch(market->book->bids);
        fetch(market->book->asks);
    } else if (stage == 1) {
        fetch(market->book->bids->rungs + market->book->bids->count - 1);
        fetch(market->book->asks->rungs + market->book->asks->count - 1);
    } else {
        fetch_best(market->book->bids);
        fetch_best(market->book->asks);
    }
}

/* Fetch what a new order needs: its seat, then the holding, then what is behind that. */
static inline void fetch_for_new(lane *l, int stage, incoming *one) {
    const packed_command *command = one->command;
    if (stage == STAGES - 1) {
        one->seat = lane_seat(l, command->account_id, command->other_id);
        one->market = (market_object *)seen(&l->markets, command->other_id);
        one->holding = NULL;
        if (one->market == l->recent) one->market = NULL;
    }
    if (one->market != NULL) fetch_market(stage, one->market);
    if (stage == 3) {
        fetch(one->seat);
    } else if (stage == 2) {
        if (one->seat->holding != NULL && one->seat->account_id == command->account_id) {
            one->holding = (holding_object *)one->seat->holding;
            fetch_block(one->holding, 192);
        } else {
            const void *account = seen(&l->accounts, command->account_id);
            if (account != NULL) fetch_block(account, 192);
        }
    } else if (one->holding != NULL) {
        if (stage == 1)
            fetch_owner(one->holding);
        else if (stage == 0)
            fetch_archives(one->holding, command->force != ORDER_(GTC));
    }
}

/* Fetch what a waiting order is linked to. */
static inline void fetch_around(lane *l, incoming *one, const order_object *order) {
    one->holding = (holding_object *)order->owner;
    one->market = (market_object *)seen(&l->markets, order->instrument_id);
    if (one->market == l->recent) one->market = NULL;
    if (one->market != NULL) fetch_market(4, one->market);
    fetch(order->level);
    fetch_block(order->owner, 192);
    fetch_block(order->before, 128);
    fetch_block(order->after, 128);
    fetch_block(order->peer_before, 128);
    fetch_block(order->peer_after, 128);
}

/* Fetch what the end of an order needs: where to find it, itself, then all around it. */
static inline void fetch_for_waiting(lane *l, int stage, incoming *one) {
    const table_object *orders = (table_object *)l->orders;
    int64_t order_id = one->command->other_id;
    if (stage == 4) {
        one->holding = NULL;
        one->market = NULL;
        fetch(table_place(orders, order_id));
    } else if (stage >= 2) {
        uintptr_t slot = table_slot(orders, order_id);
        if (slot == 0 || slot & TABLE_(ENDED)) return;
        if (stage == 3)
            fetch_block((const void *)slot, 192);
        else
            fetch_around(l, one, (const order_object *)slot);
    } else {
        if (one->market != NULL) fetch_market(stage + 2, one->market);
        if (one->holding == NULL) return;
        if (stage == 1)
            fetch_owner(one->holding);
        else
            fetch_archives(one->holding, 0);
    }
}

static inline void fetch_stage(lane *l, int stage, incoming *one) {
    if (one->command->op == PLACE)
        fetch_for_new(l, stage, one);
    else if (one->command->op == CANCEL || one->command->op == EDIT)
        fetch_for_waiting(l, stage, one);
}

static inline incoming *incoming_at(window *w, Py_ssize_t number) {
    return &w->records[number & (WINDOW - 1)];
}

/* Fetch what the records from a number on need, each by its distance from the last one read. */
static inline void look_ahead(lane *l, window *w, Py_ssize_t first) {
    Py_ssize_t last = w->count - 1;
#define STAGE(stage)                                                 \
    if (last - STRIDE * (STAGES - 1 - (stage)) < first) return;      \
    fetch_stage(l, stage, incoming_at(w, last - STRIDE * (STAGES - 1 - (stage))));
    STAGE(4) STAGE(3) STAGE(2) STAGE(1) STAGE(0)
#undef STAGE
}

/* Forget what was found out about the records that are not carried out yet. */
static inline void look_away(window *w) {
    for (Py_ssize_t place = 0; place < WINDOW; place++) {
        w->records[place].holding = NULL;
        w->records[place].market = NULL;
    }
}

/* Read the next record, if it is there as a whole. */
static inline int read_on(window *w) {
    const packed_command *command = (const packed_command *)w->at;
    if (w->end - w->at < (Py_ssize_t)sizeof(packed_command)) return 0;
    if (w->end - w->at - (Py_ssize_t)sizeof(packed_command) < command->label_bytes) return 0;
    incoming_at(w, w->count)->command = command;
    w->at += sizeof(packed_command) + command->label_bytes;
    w->count += 1;
    return 1;
}

#endif
