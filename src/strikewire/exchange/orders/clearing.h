/* What trading moves: money, positions, and the margin that they need.

   Everything is counted in what `Terms` has made of a market's mark, within which no product passes
   126 bits. The rules are those of `state/ledgers.py`, `state/clearing.py`, and of `clearing.py`,
   `positions.py` and `execution.py` beside it. */

#ifndef STRIKEWIRE_CLEARING_H
#define STRIKEWIRE_CLEARING_H

#include "../state/archives.h"
#include "../state/objects.h"
#include "../state/slabs.h"
#include "telling.h"

typedef struct __pyx_obj_10strikewire_8exchange_6orders_4lane_Terms terms_object;

enum {
    IS_FILLED = 1,
    WAS_POST_ONLY = 2,
    WAS_REDUCE_ONLY = 4,
    WAS_LIQUIDATION = 8,
    WAS_PROTECTED = 16
};

static inline int64_t order_left(const order_object *order) {
    return order->amount - order->filled;
}

static inline ledger_object *ledger_of(const holding_object *holding) {
    return (ledger_object *)holding->ledger;
}

static inline account_object *account_of(const holding_object *holding) {
    return (account_object *)holding->account;
}

/* Let a field refer to something else. */
static inline void refer(PyObject **field, PyObject *to) {
    PyObject *before = *field;
    if (before == to) return;
    Py_INCREF(to);
    *field = to;
    Py_DECREF(before);
}

/* Margin */

/* Return the initial margin of some lots; often they are those of the last time. */
static inline int64_t margin_kept(const terms_object *now, holding_object *holding, int64_t lots) {
    if (holding->margined_lots != lots || holding->margined_under != now->serial) {
        holding->margined = initial_of(&now->f, lots);
        holding->margined_lots = lots;
        holding->margined_under = now->serial;
    }
    return holding->margined;
}

/* Return the initial margin of a position with its open orders. */
static inline int64_t margin_needed(const terms_object *now, holding_object *holding) {
    int64_t size = holding->position->size;
    if (now->f.is_option)
        return margin_kept(now, holding, larger(holding->sell_lots - size, 0))
               + holding->buy_reserve;
    return margin_kept(
        now, holding,
        larger(absolute(size + holding->buy_lots), absolute(size - holding->sell_lots)));
}

/* Bring what a holding owes for funding up to the last mark; -1 with an exception. */
static inline int revalue_funding(lane *l, holding_object *holding, int64_t size) {
    const terms_object *now = (terms_object *)l->now;
    int64_t owed = 0;
    if (size && holding->funding_ms < now->funding_ms && holding->funding_paid != now->funding_paid)
        if (l->ask.accrued((PyObject *)holding, &owed) < 0) return -1;
    ledger_of(holding)->funding -= owed + holding->funding;
    holding->funding = -owed;
    return 0;
}

/* Work out anew what a holding adds to the sums of its ledger; -1 with an exception. */
static int revalue(lane *l, holding_object *holding) {
    const terms_object *now = (terms_object *)l->now;
    ledger_object *ledger = ledger_of(holding);
    int64_t size = holding->position->size, initial, kept, worth, profit;
    int64_t needed = margin_needed(now, holding);
    if (now->f.is_option) {
        short_of(&now->f, larger(-size, 0), &initial, &kept);
        worth = exit_worth(&now->f, size);
        profit = worth + holding->position->entry_value;
        ledger->option_value += worth - holding->option_value;
        ledger->option_profit += profit - holding->option_profit;
        holding->option_value = worth;
        holding->option_profit = profit;
    } else {
        future_of(&now->f, size, &initial, &kept, &worth);
        profit = worth + holding->position->entry_value;
        ledger->profit += profit - holding->profit;
        holding->profit = profit;
        if (now->has_funding && revalue_funding(l, holding, size) < 0) return -1;
    }
    ledger->initial_margin += needed - holding->initial_margin;
    ledger->position_margin += initial - holding->position_margin;
    ledger->maintenance_margin += kept - holding->maintenance_margin;
    holding->initial_margin = needed;
    holding->position_margin = initial;
    holding->maintenance_margin = kept;
    holding->valued_at = holding->market->marked;
    return 0;
}

/* Bring margin up to date where orders came or went, and no position changed.

   `needed` is the initial margin, where it has been worked out already; else negative. */
static inline int count_orders(lane *l, holding_object *holding, int64_t needed) {
    account_of(holding)->changes += 1;
    if (holding->valued_at != holding->market->marked) return revalue(l, holding);
    if (needed < 0) needed = margin_needed((terms_object *)l->now, holding);
    ledger_of(holding)->initial_margin += needed - holding->initial_margin;
    holding->initial_margin = needed;
    return 0;
}

/* Count lots as no longer waiting, before the order itself changes. */
static inline void count_less(const lane *l, holding_object *holding, const order_object *order,
                              int64_t lots) {
    const figures *f = &((terms_object *)l->now)->f;
    int64_t left = order_left(order);
    if (order->sign < 0) {
        holding->sell_lots -= lots;
        return;
    }
    holding->buy_lots -= lots;
    if (f->is_option) {
        holding->buy_reserve -= value_up(f, left, order->ticks);
        if (left > lots) holding->buy_reserve += value_up(f, left - lots, order->ticks);
    }
}

/* Fills */

static inline uint8_t flags_of(const order_object *order) {
    return (uint8_t)((order->amount == order->filled) * IS_FILLED
                     + ((order->bits & ORDER_(POST_ONLY)) != 0) * WAS_POST_ONLY
                     + ((order->bits & ORDER_(REDUCE_ONLY)) != 0) * WAS_REDUCE_ONLY
                     + ((order->bits & ORDER_(LIQUIDATION)) != 0) * WAS_LIQUIDATION
                     + ((order->bits & ORDER_(PROTECTED)) != 0) * WAS_PROTECTED);
}

/* Return a new reference to an order's label, with what it is under if it is protected. */
static inline PyObject *label_of(const order_object *order) {
    if (order->bits & ORDER_(PROTECTED)) return PyTuple_Pack(2, order->label, order->extras->mmp);
    return Py_NewRef(order->label);
}

/* Realise the funding of a position up to now; -1 with an exception. */
static inline int realize_funding(lane *l, holding_object *holding, int64_t *owed) {
    const terms_object *now = (terms_object *)l->now;
    *owed = 0;
    if (now->is_free && (holding->funding_paid == now->funding_paid || !holding->position->size)) {
        refer(&holding->funding_paid, now->funding_paid);
        holding->funding_ms = l->time_ms;
        return 0;
    }
    if (l->ask.realize(l->self, (PyObject *)holding, owed) < 0) return -1;
    ledger_of(holding)->session_rpl -= *owed;
    ledger_of(holding)->session_funding -= *owed;
    now->treasury->funding += *owed;
    return 0;
}

/* Enter a fill into a position, and set the profit that it realised; -1 with an exception. */
static inline int enter_position(lane *l, holding_object *holding, order_object *order,
                                 int64_t lots, int64_t price, int64_t value, int64_t *profit) {
    const figures *f = &((terms_object *)l->now)->f;
    position_object *position = holding->position;
    int64_t held = absolute(position->size), closed = 0, opened, mean = 0;
    int64_t moved = (order->sign > 0) == f->is_inverse_future ? value : -value;
    *profit = 0;
    if (position->size * order->sign < 0) closed = smaller(lots, held);
    opened = lots - closed;
    if (opened) {
        mean = average_of(f, held - closed, position->average_price, opened, price * f->tick_e8);
        if (mean == 0)
            return l->ask.trade_wide((PyObject *)holding, (PyObject *)order, lots, price, value,
                                     profit);
    }
    if (closed) {
        int64_t entered = closed == held ? position->entry_value
                                         : product_even(position->entry_value, closed, held);
        int64_t exited = closed == lots ? moved : product_even(moved, closed, lots);
        *profit = entered + exited;
        position->entry_value -= entered;
        moved -= exited;
        position->size += order->sign * closed;
        position->realized += *profit;
    }
    if (opened) {
        position->average_price = mean;
        position->size += order->sign * opened;
        position->entry_value += moved;
    }
    if (position->size == 0) position->average_price = 0;
    return 0;
}

/* Let a ring keep a fill, or the payment of one of its owners; -1 without memory. */
static inline int keep_fill(void *ring, fill_record *fill, uintptr_t entry) {
    ring_object *kept = (ring_object *)ring;
    uintptr_t forgotten;
    if (ring_push(kept, (uintptr_t)fill | entry, &forgotten) < 0) return -1;
    fill->references += 1;
    if (forgotten) kept->__pyx_vtab->let_go(kept, forgotten);
    return 0;
}

/* Move the money and the position of one side of a fill; -1 with an exception. */
static inline int clear_side(lane *l, fill_record *fill, int which, holding_object *holding,
                             order_object *order, int64_t value, int64_t fee) {
    const terms_object *now = (terms_object *)l->now;
    state_object *state = (state_object *)l->state;
    market_object *market = holding->market;
    account_object *account = account_of(holding);
    ledger_object *ledger = ledger_of(holding);
    position_object *position = holding->position;
    party_record *side = &fill->sides[which];
    int64_t profit, amount = -fee, owed = 0, held = larger(position->size, 0);
    order->fee += fee;
    if (now->has_funding && realize_funding(l, holding, &owed) < 0) return -1;
    if (enter_position(l, holding, order, fill->amount, fill->price, value, &profit) < 0) return -1;
    if (position->size == 0) {
        refer(&holding->funding_paid, l->zero);
        holding->funding_ms = 0;
    }
    market->open_interest += larger(position->size, 0) - held;
    if (now->f.is_option) {
        ledger->options_session_rpl += profit;
        amount -= order->sign * value;
    } else {
        ledger->session_rpl += profit;
    }
    ledger->balance += amount;
    ledger->fees_paid += fee;
    now->treasury->fees += fee;
    side->account_id = order->account_id;
    side->order_id = order->order_id;
    side->fee = fee;
    side->profit = profit;
    side->transaction_id = state->next_transaction_id++;
    side->account_seq = ++account->transactions;
    side->paid = amount;
    side->balance = ledger->balance;
    side->position = position->size;
    side->funding = -owed;
    side->label = label_of(order);
    if (side->label == NULL) return -1;
    side->type = order->type;
    side->flags = flags_of(order);
    return keep_fill(ledger->transactions, fill,
                     which == FILL_(MAKER) ? FILL_(MAKER_ENTRY) : FILL_(TAKER_ENTRY));
}

/* Note which way the price went: `Market.print_trade`. */
static inline void print_trade(market_object *market, int64_t ticks) {
    if (market->last_ticks != STRIKEWIRE_NEVER) {
        if (ticks > market->last_ticks)
            market->tick_direction = 0;
        else if (ticks < market->last_ticks)
            market->tick_direction = 2;
        else
            market->tick_direction |= 1;
    }
    market->trade_seq += 1;
    market->last_ticks = ticks;
}

#endif
