/* What is found out about an order before anything moves: whom it would trade with, what that
   costs, and whether anything speaks against it. All that does is a matter for the common way. */

#ifndef STRIKEWIRE_LOOKING_H
#define STRIKEWIRE_LOOKING_H

#include "../state/book.h"
#include "../state/holdings.h"
#include "ahead.h"
#include "clearing.h"

/* Fills of one command that become objects: all of them are still in the archives then. */
enum { OBJECTS_MAX = 500 };

/* In the one straight way of a new order: a change, which is rarer, has a copy of its own. */
#define INLINED static inline __attribute__((always_inline))

static inline half_object *side_of(const market_object *market, int8_t sign) {
    return sign > 0 ? market->book->bids : market->book->asks;
}

/* Say whether an order waits, and nothing but its book, its owner and his protection minds it. */
static inline int is_plain(const order_object *order) {
    return order->level != NULL && order->force == ORDER_(GTC)
           && !(order->bits & (ORDER_(REDUCE_ONLY) | ORDER_(CONCEALED) | ORDER_(TIED)));
}

static inline int only_reduces(const holding_object *holding) {
    return holding->reduce_only != Py_None && PyDict_GET_SIZE(holding->reduce_only) > 0;
}

/* Let the terms of a market be those of its mark: DEFER if there are none that fit. */
static inline int know(lane *l, market_object *market) {
    terms_object *now = (terms_object *)market->terms;
    if ((PyObject *)now == Py_None || market->_valuation == Py_None
        || now->valuation != market->_valuation) {
        int known = l->ask.know(l->self, (PyObject *)market);
        if (known < 0) return FAILED;
        if (!known) return DEFER;
        now = (terms_object *)market->terms;
    }
    l->now = now;
    l->recent = market;
    return now->fits ? DONE : DEFER;
}

/* Return what an account has in a market where both were met before; NULL if it has to be asked.

   Where it has nothing, one is opened of which nothing was left. */
__attribute__((noinline)) static holding_object *find_again(lane *l, int64_t account_id,
                                                            int64_t instrument_id, seat *at) {
    account_object *account = (account_object *)seen(&l->accounts, account_id);
    market_object *market = (market_object *)seen(&l->markets, instrument_id);
    const terms_object *now;
    ledger_object *ledger;
    holding_object *holding;
    if (account == NULL || market == NULL || account->plain_at != l->looks) return NULL;
    now = (terms_object *)market->terms;
    if ((PyObject *)now == Py_None || now->valuation != market->_valuation || !now->fits
        || now->plain_at != l->looks)
        return NULL;
    ledger = (ledger_object *)account->ledger_found;
    if (account->currency != now->currency || ledger == NULL) return NULL;
    holding = (holding_object *)holdings_find(ledger->holdings, instrument_id);
    if (holding == NULL) {
        if (l->blanks == 0) return NULL;
        holding = (holding_object *)l->blank[l->blanks - 1];
        if (holdings_put(ledger->holdings, instrument_id, (PyObject *)holding) < 0) {
            PyErr_Clear(); /* whoever is asked will find out again */
            return NULL;
        }
        l->blanks -= 1;
        refer((PyObject **)&holding->market, (PyObject *)market);
    }
    holding->account = (PyObject *)account;
    holding->ledger = (PyObject *)ledger;
    holding->plain_at = l->looks;
    at->account_id = account_id;
    at->instrument_id = instrument_id;
    at->holding = holding;
    return holding;
}

/* Set what an account has in a market, if nothing there needs a second look. */
static inline int approach(lane *l, int64_t account_id, int64_t instrument_id, seat *at,
                           holding_object **found) {
    holding_object *holding = (holding_object *)at->holding;
    terms_object *now;
    if (holding == NULL || at->account_id != account_id || at->instrument_id != instrument_id
        || holding->plain_at != l->looks) {
        holding = find_again(l, account_id, instrument_id, at);
        if (holding == NULL)
            holding = (holding_object *)l->ask.approach(l->self, account_id, instrument_id);
        if (holding == NULL) return PyErr_Occurred() ? FAILED : DEFER;
    }
    now = (terms_object *)holding->market->terms;
    l->now = now;
    l->recent = holding->market;
    *found = holding;
    return now->expiry_ns && l->time_ns >= now->expiry_ns ? DEFER : DONE;
}

/* Return what the owner of a waiting order has in its instrument; NULL with an exception. */
static inline holding_object *holding_of(lane *l, order_object *order) {
    if (order->owner == NULL) order->owner = l->ask.own(l->self, (PyObject *)order);
    return (holding_object *)order->owner;
}

/* Say whether a price is one, lies on a tick, and inside the band. */
static inline int is_sane(const terms_object *now, const wish *w) {
    int64_t tick = 1;
    if (w->limit <= 0 || w->limit > now->safe) return 0;
    for (int step = 0; step < now->steps && w->limit >= now->coarser[step].above; step++)
        tick = now->coarser[step].tick;
    if (tick != 1 && w->limit % tick) return 0;
    return w->sign > 0 ? w->limit <= now->f.highest : w->limit >= now->f.lowest;
}

static inline int crosses(const market_object *market, const wish *w) {
    const half_object *half = side_of(market, (int8_t)-w->sign);
    return half->count && half->rungs[half->count - 1].key >= -w->limit * w->sign;
}

static inline int meet(lane *l, const order_object *maker, int64_t lots) {
    match *one;
    if (make_room((void **)&l->matches, &l->match_room, l->matched, sizeof(match)) < 0)
        return FAILED;
    one = l->matches + l->matched++;
    one->maker = (void *)maker;
    one->lots = lots;
    return DONE;
}

/* Note whom an order meets on the opposite side, best price first and first come first. */
static inline int meet_all(lane *l, const half_object *half, const wish *w) {
    const terms_object *now = (terms_object *)l->now;
    int64_t worst = -w->limit * w->sign, wanted = w->lots;
    for (Py_ssize_t place = half->count - 1; place >= 0 && wanted; place--) {
        const level_record *level = half->rungs[place].level;
        const order_object *maker = (order_object *)level->head;
        if (half->rungs[place].key < worst) break;
        if (level->concealed) return DEFER;
        for (; maker != NULL && wanted; maker = (order_object *)maker->after) {
            int64_t lots = smaller(order_left(maker), wanted);
            fetch_block(maker->after, sizeof(order_object));
            fetch_block(maker->owner, sizeof(holding_object));
            if (!is_plain(maker) || maker->ticks > now->safe) return DEFER;
            if (meet(l, maker, lots) < 0) return FAILED;
            wanted -= lots;
        }
    }
    l->found_lots = w->lots - wanted;
    return DONE;
}

/* Work out what one trade would be, unless its maker minds more than the book. */
static inline int weigh(lane *l, const holding_object *holding, match *one) {
    const terms_object *now = (terms_object *)l->now;
    order_object *maker = (order_object *)one->maker;
    holding_object *other = holding_of(l, maker);
    if (other == NULL) return FAILED;
    if (only_reduces(other)) return DEFER;
    if (maker->bits & ORDER_(PROTECTED)) {
        int bears = l->ask.bears(l->self, (PyObject *)maker, one->lots);
        if (bears <= 0) return bears < 0 ? FAILED : DEFER;
        l->borne += 1;
    }
    fetch_owner(0, other, 1);
    fetch_peers(maker);
    fetch(table_place((table_object *)l->orders, maker->order_id));
    if (other == holding) l->own_lots += one->lots;
    one->value = value_even(&now->f, one->lots, maker->ticks);
    one->fee = fee_up(&now->f, one->lots, one->value, l->taker_ppm);
    return DONE;
}

/* Set what an account pays where it takes. */
static inline int set_taker_rate(lane *l, const holding_object *holding) {
    account_object *account = account_of(holding);
    l->taker_ppm = ((terms_object *)l->now)->taker_ppm;
    if (!account->has_fees) return DONE;
    return l->ask.own_rate((PyObject *)account, (PyObject *)holding->market, 0, &l->taker_ppm);
}

/* Say whether orders wait for a price at which one would trade: DEFER if any does. */
static inline int look_for_watches(lane *l, const holding_object *holding) {
    int wakes;
    if (!((terms_object *)l->now)->is_watched || l->matched == 0) return DONE;
    wakes = l->ask.wakes(l->self, (PyObject *)holding->market,
                         ((order_object *)l->matches[0].maker)->ticks,
                         ((order_object *)l->matches[l->matched - 1].maker)->ticks);
    return wakes < 0 ? FAILED : wakes ? DEFER : DONE;
}

/* Find whom an order would trade with, and what that costs.

   Each step goes through all of them before the next, and fetches what that needs. */
__attribute__((noinline)) static int walk(lane *l, holding_object *holding, const wish *w) {
    int outcome;
    if (!account_of(holding)->takes || l->is_part || l->tag != NULL || only_reduces(holding))
        return DEFER;
    if (set_taker_rate(l, holding) < 0) return FAILED;
    outcome = meet_all(l, side_of(holding->market, (int8_t)-w->sign), w);
    if (l->makes_objects && l->matched > OBJECTS_MAX) return DEFER;
    if (outcome == DONE) outcome = look_for_watches(l, holding);
    for (Py_ssize_t place = 0; place < l->matched && outcome == DONE; place++)
        outcome = weigh(l, holding, l->matches + place);
    if (outcome != DONE) return outcome;
    for (Py_ssize_t place = 0; place < l->matched; place++)
        fetch_owner(1, (holding_object *)((order_object *)l->matches[place].maker)->owner, 1);
    return DONE;
}

static inline int maker_fee(lane *l, const holding_object *owner, const match *one, int64_t *fee) {
    const terms_object *now = (terms_object *)l->now;
    account_object *account = account_of(owner);
    int64_t rate = now->maker_ppm;
    int has_own = owner->plain_at == l->looks ? account->has_fees
                                              : PyDict_GET_SIZE(account->fees) > 0;
    if (has_own
        && l->ask.own_rate((PyObject *)account, (PyObject *)owner->market, 1, &rate) < 0)
        return FAILED;
    *fee = fee_up(&now->f, one->lots, one->value, rate);
    return DONE;
}

/* Say whether margin allows an order: DEFER where it does not.

   `waiting` lots of it would wait, and `opposing` would be on its side of the book with the rest;
   an order that is changed is `freed` first. */
INLINED int affords(lane *l, holding_object *holding, const wish *w,
                          const order_object *freed, int64_t waiting, int64_t opposing) {
    const terms_object *now = (terms_object *)l->now;
    const figures *f = &now->f;
    ledger_object *ledger = ledger_of(holding);
    int64_t size, reserve, buys, sells, reducible, freed_lots, after, lost, cost;
    int64_t moved = 0, fees = 0, gained = 0;
    int is_judged;
    if (ledger->valued_at != ((state_object *)l->state)->marks_set
        && l->ask.refresh(l->self, (PyObject *)ledger, (PyObject *)holding->account) < 0)
        return FAILED;
    l->initial_after = -1;
    size = holding->position->size;
    reducible = -w->sign * size;
    is_judged = account_of(holding)->is_judged;
    if (opposing <= reducible && opposing >= 0 && !is_judged)
        return DONE; /* the position can only shrink */
    freed_lots = freed == NULL ? 0 : order_left(freed);
    buys = holding->buy_lots;
    sells = holding->sell_lots;
    reserve = holding->buy_reserve;
    for (Py_ssize_t place = 0; place < l->matched; place++) {
        const match *one = l->matches + place;
        fees += one->fee;
        if (((order_object *)one->maker)->owner == (PyObject *)holding) {
            int64_t fee;
            if (maker_fee(l, holding, one, &fee) < 0) return FAILED;
            fees += fee;
        } else {
            gained += w->sign * one->lots;
            moved += (w->sign > 0) == f->is_inverse_future ? one->value : -one->value;
        }
    }
    if (w->sign > 0) {
        buys += waiting - freed_lots;
        sells -= l->own_lots;
        if (f->is_option) {
            if (waiting) reserve += value_up(f, waiting, w->limit);
            if (freed != NULL) reserve -= value_up(f, freed_lots, freed->ticks);
        }
    } else {
        sells += waiting - freed_lots;
        buys -= l->own_lots;
    }
    size += gained;
    lost = fees - moved;
    if (is_judged) {
        if (gained) lost -= exit_worth(f, size) - exit_worth(f, size - gained);
        is_judged = l->ask.judged(l->self, (PyObject *)holding, lost);
        return is_judged < 0 ? FAILED : is_judged ? DONE : DEFER;
    }
    if (f->is_option) {
        after = margin_kept(now, holding, larger(sells - size, 0)) + reserve;
    } else {
        after = margin_kept(now, holding, larger(absolute(size + buys), absolute(size - sells)));
        if (gained) lost -= exit_worth(f, size) - exit_worth(f, size - gained);
    }
    l->initial_after = after;
    cost = after - holding->initial_margin + lost;
    if (cost <= 0) return DONE;
    return cost <= ledger->balance + ledger->session_rpl + ledger->profit + ledger->funding
                       - ledger->initial_margin - ledger->spot_reserve
               ? DONE
               : DEFER;
}

/* Find whom an order would trade with, and whether its owner can pay. Nothing changes. */
INLINED int look(lane *l, holding_object *holding, const wish *w, const order_object *freed) {
    int64_t freed_lots = freed == NULL ? 0 : order_left(freed), waiting, opposing;
    l->matched = l->borne = 0;
    l->found_lots = l->own_lots = 0;
    if (crosses(holding->market, w)) {
        int outcome = walk(l, holding, w);
        if (outcome != DONE) return outcome;
    }
    waiting = w->waits ? w->lots - l->found_lots : 0;
    if (waiting && freed == NULL
        && (account_of(holding)->open_orders >= l->open_orders_max
            || holding->queue->count >= l->instrument_orders_max))
        return DEFER;
    opposing = (w->sign > 0 ? holding->buy_lots : holding->sell_lots) - freed_lots + w->lots;
    if (w->sign * holding->position->size + opposing > l->position_lots_max) return DEFER;
    return affords(l, holding, w, freed, waiting, opposing);
}

#endif
