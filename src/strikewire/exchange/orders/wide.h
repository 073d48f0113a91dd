/* Whole numbers of more than 64 bits: products of prices, amounts and rates, and their quotients.

   Every quotient names its rounding. Operands are bounded where the terms of a market are made, so
   that no product here passes 126 bits; a market whose terms do not fit is left to Python. */

#ifndef STRIKEWIRE_WIDE_H
#define STRIKEWIRE_WIDE_H

#include <stdint.h>

typedef __int128 wide;

typedef struct {
    wide numerator;
    int64_t denominator; /* positive */
} ratio;

static inline wide wide_of(int64_t high, uint64_t low) {
    return (wide)(((unsigned __int128)(uint64_t)high << 64) | low);
}

/* Divide by a positive number, and return the quotient rounded down; the rest is not negative.

   The quotient has to fit a word. A word by a word is what every machine divides fast; two words by
   one, some do in one step where the quotient fits, and there a compiler has to be told. */
static inline int64_t quotient_of(wide n, int64_t d, int64_t *rest) {
    int64_t q;
    if (n == (int64_t)n) {
        q = (int64_t)n / d;
        *rest = (int64_t)n - q * d;
    } else {
        unsigned __int128 size = n < 0 ? -(unsigned __int128)n : (unsigned __int128)n;
        uint64_t quotient = 0, left = 0;
#if defined(__x86_64__) && defined(__GNUC__)
        /* Where it does not fit, the machine would stop the process. */
        if ((uint64_t)(size >> 64) < (uint64_t)d) {
            __asm__("divq %4"
                    : "=a"(quotient), "=d"(left)
                    : "a"((uint64_t)size), "d"((uint64_t)(size >> 64)), "r"((uint64_t)d)
                    : "cc");
        } else
#endif
        {
            quotient = (uint64_t)(size / (uint64_t)d);
            left = (uint64_t)(size % (uint64_t)d);
        }
        q = n < 0 ? -(int64_t)quotient : (int64_t)quotient;
        *rest = n < 0 ? -(int64_t)left : (int64_t)left;
    }
    if (*rest < 0) {
        *rest += d;
        q -= 1;
    }
    return q;
}

static inline int64_t divided_up(wide n, int64_t d) {
    int64_t rest, q = quotient_of(n, d, &rest);
    return q + (rest > 0);
}

static inline int64_t divided_even(wide n, int64_t d) {
    int64_t rest, q = quotient_of(n, d, &rest);
    uint64_t twice = 2 * (uint64_t)rest;
    return q + (twice > (uint64_t)d || (twice == (uint64_t)d && (q & 1)));
}

static inline int64_t wide_even(wide n, wide d) {
    if (d == (int64_t)d) return divided_even(n, (int64_t)d);
    wide q = n / d, rest = n - q * d;
    if (rest < 0) {
        rest += d;
        q -= 1;
    }
    if (2 * rest > d || (2 * rest == d && (q & 1))) q += 1;
    return (int64_t)q;
}

static inline int64_t ratio_up(const ratio *r, int64_t lots) {
    return divided_up(r->numerator * lots, r->denominator);
}

static inline int64_t ratio_even(const ratio *r, int64_t lots) {
    return divided_even(r->numerator * lots, r->denominator);
}

static inline int64_t product_up(int64_t a, int64_t b, int64_t d) {
    return divided_up((wide)a * b, d);
}

static inline int64_t product_even(int64_t a, int64_t b, int64_t d) {
    return divided_even((wide)a * b, d);
}

/* What one mark means for one market: see `Terms`. */
typedef struct {
    int is_option, is_inverse_future;
    int64_t lowest, highest;       /* the price band, in ticks */
    int64_t lot_scale, tick_e8;    /* an inverse future's value is lots * lot_scale / (price * tick_e8) */
    ratio tick_value;              /* of one lot at one tick, of other contracts */
    ratio worth;                   /* of one lot at the mark; of an inverse future without sign */
    ratio coins_e8;                /* of one lot of a future, in 1e-8 of the coin */
    ratio initial, maintenance;    /* of one short lot of an option */
    int64_t initial_ppm, maintenance_ppm, per_coin_ppm;
    ratio fee_base;                /* of one lot of an option, to be multiplied with the rate */
} figures;

#define PPM 1000000LL
#define SCALE_E8 100000000LL

static inline int64_t value_even(const figures *f, int64_t lots, int64_t price) {
    if (f->is_inverse_future) return product_even(lots, f->lot_scale, price * f->tick_e8);
    return ratio_even(&f->tick_value, lots * price);
}

static inline int64_t value_up(const figures *f, int64_t lots, int64_t price) {
    if (f->is_inverse_future) return product_up(lots, f->lot_scale, price * f->tick_e8);
    return ratio_up(&f->tick_value, lots * price);
}

static inline int64_t exit_worth(const figures *f, int64_t size) {
    return ratio_even(&f->worth, f->is_inverse_future ? -size : size);
}

static inline int64_t fee_up(const figures *f, int64_t lots, int64_t value, int64_t rate_ppm) {
    if (!f->is_option) return product_up(value, rate_ppm, PPM);
    int64_t fee = ratio_up(&f->fee_base, lots * rate_ppm);
    int64_t cap = product_up(value, 125000, PPM);
    if (fee > cap) fee = cap;
    return fee < -cap ? -cap : fee;
}

static inline int64_t margin_rate(const figures *f, int64_t value, int64_t coins, int64_t ppm) {
    wide rate = (wide)ppm * SCALE_E8 + (wide)f->per_coin_ppm * coins;
    return divided_up(rate * value, PPM * SCALE_E8);
}

static inline int64_t initial_of(const figures *f, int64_t lots) {
    if (lots == 0) return 0;
    if (f->is_option) return ratio_up(&f->initial, lots);
    return margin_rate(f, ratio_up(&f->worth, lots), ratio_up(&f->coins_e8, lots), f->initial_ppm);
}

/* Return what a short position of an option needs. */
static inline void short_of(const figures *f, int64_t lots, int64_t *initial, int64_t *kept) {
    *initial = ratio_up(&f->initial, lots);
    *kept = ratio_up(&f->maintenance, lots);
}

/* Return what a position in a future needs, and what it would bring to close it at the mark. */
static inline void future_of(const figures *f, int64_t size, int64_t *initial, int64_t *kept,
                             int64_t *worth) {
    int64_t lots = size < 0 ? -size : size, rest, even, value, coins;
    *initial = *kept = *worth = 0;
    if (lots == 0) return;
    value = quotient_of(f->worth.numerator * lots, f->worth.denominator, &rest);
    even = value + (2 * (uint64_t)rest + (value & 1) > (uint64_t)f->worth.denominator);
    value += rest > 0;
    coins = ratio_up(&f->coins_e8, lots);
    *initial = margin_rate(f, value, coins, f->initial_ppm);
    *kept = margin_rate(f, value, coins, f->maintenance_ppm);
    *worth = (size < 0) == f->is_inverse_future ? even : -even;
}

/* The average of a position into which `opened` more lots come; 0 if it does not fit. */
static inline int64_t average_of(const figures *f, int64_t held, int64_t average, int64_t opened,
                                 int64_t price) {
    if (held == 0) return price;
    if (!f->is_inverse_future)
        return wide_even((wide)held * average + (wide)opened * price, (wide)held + opened);
    if ((double)(held + opened) * (double)average * (double)price > 5e37) return 0;
    return wide_even((wide)(held + opened) * average * price,
                     (wide)held * price + (wide)opened * average);
}

#endif
