/* What the commands of a batch will touch, fetched before their turn comes.

   A thousand accounts do not fit into the memory that is near the processor, and each command
   touches some twenty places that nothing foretells; waiting for one after the other takes longer
   than all the work. So while a command is carried out, the places of those behind it are already
   on their way, one step further with each command: where to look, then what is there, then what
   that refers to. Nothing is changed here, and nothing depends on it. */

#ifndef STRIKEWIRE_AHEAD_H
#define STRIKEWIRE_AHEAD_H

#include "../state/holdings.h"
#include "../state/order_table.h"
#include "clearing.h"

#include <stddef.h>

enum {
    STAGES = 6,
    STRIDE = 2,  /* commands from one stage to the next */
    WINDOW = 16  /* more than all stages together, and a power of two */
};

/* A record that was read from a batch and is not carried out yet. */
typedef struct {
    const packed_command *command;
    seat *seat;            /* of a new order: where its holding is found */
    market_object *market; /* NULL where it is the one that was traded in last, or not known */
    holding_object *holding;
    account_object *account; /* of a new order, where there is no holding */
} incoming;

typedef struct {
    incoming records[WINDOW];
    const char *at, *end;
    Py_ssize_t count; /* how many were read so far, of which the last so many are here */
} window;

/* Into the second cache: what is fetched for a dozen commands does not fit into the first, where
   fewer lines can be on their way at once. */
static inline void fetch(const void *place) { __builtin_prefetch(place, 0, 2); }

/* Fetch a field of what need not be there. */
static inline void fetch_field(const void *place, size_t offset) {
    fetch((const void *)((uintptr_t)place + offset));
}

/* Fetch all lines of so many bytes, wherever in a line they begin. */
static inline void fetch_block(const void *place, size_t size) {
    for (size_t at = 0; at < size; at += 64) fetch_field(place, at);
    fetch_field(place, size - 1);
}

static inline void fetch_ring(const void *ring) { fetch(&((const ring_object *)ring)->kept); }

static inline void fetch_tail(const void *ring) {
    const ring_object *kept = (const ring_object *)ring;
    fetch(kept->kept + (kept->count < kept->size ? kept->count : kept->start));
}

/* Fetch the archives of an account, or where these go on. */
static inline void fetch_archives(int depth, const account_object *account,
                                  const ledger_object *ledger, int trades) {
    void (*step)(const void *) = depth == 0 ? fetch_ring : fetch_tail;
    step(account->closed);
    if (!trades) return;
    step(account->fills);
    step(ledger->transactions);
}

/* Fetch what stands behind a holding, then its archives, then where these go on. */
static inline void fetch_owner(int depth, const holding_object *holding, int trades) {
    if (depth == 0) {
        fetch_block(&holding->position->size, 40);
        fetch(&holding->queue->tail);
        if (holding->ledger == NULL) return;
        fetch_block(holding->ledger, sizeof(ledger_object));
        fetch_block(holding->account, 104);
    } else if (holding->account != NULL) {
        fetch_archives(depth - 1, account_of(holding), ledger_of(holding), trades);
    }
}

static inline void fetch_best(const half_object *half) {
    if (half->count) fetch(half->rungs[half->count - 1].level);
}

static inline void fetch_end(const half_object *half) {
    if (half->count) fetch(half->rungs + half->count - 1);
    if (half->count > 4) fetch(half->rungs + half->count - 5);
    fetch(half->spare);
}

/* Fetch a market, then its book and terms, then both sides, then their ends, then the best. */
static inline void fetch_market(int depth, const market_object *market, int trades) {
    if (depth == 0) {
        fetch_block(market, 128);
    } else if (depth == 1) {
        const terms_object *now = (const terms_object *)market->terms;
        fetch_block(market->book, 64);
        fetch_block(now, 128);
        fetch_block(&now->f, offsetof(figures, coins_e8));
        if (trades) fetch_ring(market->trades);
    } else if (depth == 2) {
        fetch_block(market->book->bids, sizeof(half_object));
        fetch_block(market->book->asks, sizeof(half_object));
        if (trades) fetch_tail(market->trades);
    } else if (depth == 3) {
        fetch_end(market->book->bids);
        fetch_end(market->book->asks);
    } else {
        fetch_best(market->book->bids);
        fetch_best(market->book->asks);
    }
}

/* Fetch where a ledger keeps a holding, or will; what it is mixed to may stand on the next line. */
static inline void fetch_slot(const holdings_object *holdings, int64_t instrument_id) {
    const slot_record *home;
    if (holdings->room == 0) return;
    home = holdings->slots + holdings_home(holdings, instrument_id);
    fetch(home);
    fetch(home + 3);
}

/* Fetch where a ledger keeps a holding, which may be its last order there. */
static inline void fetch_kept(int depth, const holding_object *holding) {
    const holdings_object *holdings;
    if (holding->ledger == NULL) return;
    holdings = ledger_of(holding)->holdings;
    if (depth == 0)
        fetch_block(holdings, sizeof(holdings_object));
    else
        fetch_slot(holdings, holding->market->instrument_id);
}

/* Fetch what an account has where it does not trade yet, then where that will be kept. */
static inline void fetch_account(int depth, const account_object *account, int64_t instrument_id,
                                 int trades) {
    const ledger_object *ledger;
    if (depth == 0) {
        fetch_block(account, 104);
        return;
    }
    ledger = (const ledger_object *)account->ledger_found;
    if (ledger == NULL) return;
    if (depth == 1)
        fetch_block(ledger, sizeof(ledger_object));
    else if (depth == 2)
        fetch_block(ledger->holdings, sizeof(holdings_object));
    else if (depth == 3)
        fetch_slot(ledger->holdings, instrument_id);
    if (trades && depth > 1 && depth < 4) fetch_archives(depth - 2, account, ledger, 1);
}

/* Fetch where an account and a market are found by their numbers. */
static inline void fetch_named(const directory *known, int64_t number) {
    if (number >= 0 && number < known->room) fetch(known->things + number);
}

/* Find what a new order is about, where that was fetched. */
static inline void find_for_new(lane *l, incoming *one) {
    const packed_command *command = one->command;
    const seat *at = one->seat;
    one->market = (market_object *)seen(&l->markets, command->other_id);
    if (one->market == l->recent) one->market = NULL;
    if (at->holding != NULL && at->account_id == command->account_id)
        one->holding = (holding_object *)at->holding;
    else
        one->account = (account_object *)seen(&l->accounts, command->account_id);
}

/* Fetch what a new order needs: its seat, then the holding, then what is behind that. */
static inline void fetch_for_new(lane *l, int depth, incoming *one) {
    const packed_command *command = one->command;
    int takes = command->force != ORDER_(GTC);
    if (depth == 0) {
        one->market = NULL;
        one->holding = NULL;
        one->account = NULL;
        fetch(one->seat);
        fetch_named(&l->markets, command->other_id);
        fetch_named(&l->accounts, command->account_id);
        return;
    }
    if (depth == 1) find_for_new(l, one);
    if (one->market != NULL) fetch_market(depth - 1, one->market, takes);
    if (one->holding != NULL) {
        if (depth == 1)
            fetch_block(one->holding, sizeof(holding_object));
        else if (depth < 5)
            fetch_owner(depth - 2, one->holding, takes);
    } else if (one->account != NULL) {
        fetch_account(depth - 1, one->account, command->other_id, takes);
    }
}

/* Fetch what an order is linked to in the list of its owner. */
static inline void fetch_peers(const order_object *order) {
    fetch_field(order->peer_before, offsetof(order_object, peer_after));
    fetch_field(order->peer_after, offsetof(order_object, peer_before));
}

/* Fetch what a waiting order is linked to. */
static inline void fetch_around(lane *l, incoming *one, const order_object *order) {
    one->holding = (holding_object *)order->owner;
    one->market = (market_object *)seen(&l->markets, order->instrument_id);
    if (one->market == l->recent) one->market = NULL;
    if (one->market != NULL) fetch_market(0, one->market, 0);
    fetch(order->level);
    fetch(lane_seat(l, order->account_id, order->instrument_id));
    fetch_block(order->owner, sizeof(holding_object));
    fetch_field(order->before, offsetof(order_object, after));
    fetch_field(order->after, offsetof(order_object, before));
    fetch_peers(order);
}

/* Fetch what the end of an order needs: where to find it, itself, then all around it. */
static inline void fetch_for_waiting(lane *l, int depth, incoming *one) {
    const table_object *orders = (table_object *)l->orders;
    int64_t order_id = one->command->other_id;
    if (depth == 0) {
        one->holding = NULL;
        one->market = NULL;
        fetch(table_place(orders, order_id));
    } else if (depth <= 2) {
        uintptr_t slot = table_slot(orders, order_id);
        if (slot == 0 || slot & TABLE_(ENDED)) return;
        if (depth == 1)
            fetch_block((const void *)slot, sizeof(order_object));
        else
            fetch_around(l, one, (const order_object *)slot);
    } else {
        if (one->market != NULL) fetch_market(depth - 2, one->market, 0);
        if (one->holding == NULL) return;
        fetch_owner(depth - 3, one->holding, 0);
        if (one->market != NULL && depth > 3) fetch_kept(depth - 4, one->holding);
    }
}

static inline void fetch_deeper(lane *l, int depth, incoming *one) {
    if (one->command->op == PLACE) {
        fetch_for_new(l, depth, one);
    } else if (one->command->op == CANCEL || one->command->op == EDIT) {
        fetch_for_waiting(l, depth, one);
    }
}

static inline incoming *incoming_at(window *w, Py_ssize_t number) {
    return &w->records[number & (WINDOW - 1)];
}

/* Fetch what the records from a number on need, each by its distance from the last one read. */
static inline void look_ahead(lane *l, window *w, Py_ssize_t first) {
    Py_ssize_t number = w->count - 1;
#define GO(depth)                                  \
    if (number < first) return;                    \
    fetch_deeper(l, depth, incoming_at(w, number)); \
    number -= STRIDE;
    GO(0) GO(1) GO(2) GO(3) GO(4) GO(5)
#undef GO
}

/* Forget what was found out about the records that are not carried out yet. */
static inline void look_away(window *w) {
    for (Py_ssize_t place = 0; place < WINDOW; place++) {
        w->records[place].holding = NULL;
        w->records[place].market = NULL;
    }
}

/* Read the next record, if it is there as a whole. */
static inline int read_on(lane *l, window *w) {
    const packed_command *command = (const packed_command *)w->at;
    incoming *one = incoming_at(w, w->count);
    if (w->end - w->at < (Py_ssize_t)sizeof(packed_command)) return 0;
    if (w->end - w->at - (Py_ssize_t)sizeof(packed_command) < command->label_bytes) return 0;
    one->command = command;
    one->seat = lane_seat(l, command->account_id, command->other_id);
    w->at += sizeof(packed_command) + command->label_bytes;
    w->count += 1;
    return 1;
}

#endif
