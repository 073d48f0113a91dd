/* Whole numbers of more than 64 bits: products of prices, amounts and rates, and their quotients.

   Every quotient names its rounding. Operands are bounded where the terms of a market are made, so
   that no product here passes 126 bits; a market whose terms do not fit is left to Python. */

#ifndef STRIKEWIRE_WIDE_H
#define STRIKEWIRE_WIDE_H

#include <stdint.h>

typedef __int128 wide;
typedef unsigned __int128 uwide;

#define PPM 1000000LL
#define SCALE_E8 100000000LL

typedef struct {
    wide numerator;
    int64_t denominator; /* positive */
} ratio;

static inline wide wide_of(int64_t high, uint64_t low) {
    return (wide)(((unsigned __int128)(uint64_t)high << 64) | low);
}

/* Divide, and return the quotient rounded down.

   It has to fit a word. Two words by one, some machines do in one step where the quotient fits, and
   a compiler has to be told. */
static inline uint64_t quotient_of(uwide n, uint64_t d, uint64_t *rest) {
#if defined(__x86_64__) && defined(__GNUC__)
    /* Where it does not fit, the machine would stop the process. */
    if (__builtin_expect((uint64_t)(n >> 64) < d, 1)) {
        uint64_t quotient;
        __asm__("divq %4"
                : "=a"(quotient), "=d"(*rest)
                : "a"((uint64_t)n), "d"((uint64_t)(n >> 64)), "r"(d)
                : "cc");
        return quotient;
    }
#else
    if ((uint64_t)(n >> 64) == 0) {
        *rest = (uint64_t)n % d;
        return (uint64_t)n / d;
    }
#endif
    *rest = (uint64_t)(n % d);
    return (uint64_t)(n / d);
}

static inline uint64_t nearest(uint64_t quotient, uint64_t rest, uint64_t d) {
    return quotient + (2 * rest + (quotient & 1) > d);
}

/* Of numbers that are not negative, by positive ones below 2 ** 62. */
static inline int64_t divided_up(uwide n, uint64_t d) {
    uint64_t rest, quotient = quotient_of(n, d, &rest);
    return (int64_t)(quotient + (rest > 0));
}

static inline int64_t divided_even(uwide n, uint64_t d) {
    uint64_t rest, quotient = quotient_of(n, d, &rest);
    return (int64_t)nearest(quotient, rest, d);
}

static inline int64_t wide_even(uwide n, uwide d) {
    uwide q, rest;
    if (d >> 62 == 0) return divided_even(n, (uint64_t)d);
    q = n / d;
    rest = n - q * d;
    return (int64_t)(q + (2 * rest + (q & 1) > d));
}

static inline int64_t ratio_up(const ratio *r, int64_t lots) {
    return divided_up((uwide)r->numerator * (uint64_t)lots, (uint64_t)r->denominator);
}

static inline int64_t ratio_even(const ratio *r, int64_t lots) {
    return divided_even((uwide)r->numerator * (uint64_t)lots, (uint64_t)r->denominator);
}

/* Of a product with any sign, which rounding to the nearest does not mind. */
static inline int64_t product_even(int64_t a, int64_t b, int64_t d) {
    wide n = (wide)a * b;
    return n < 0 ? -divided_even((uwide)-n, (uint64_t)d) : divided_even((uwide)n, (uint64_t)d);
}

/* What is charged of some millionths, rounded up; what negative ones pay is rounded down. */
static inline int64_t charge_of(int64_t value, int64_t rate_ppm) {
    uint64_t size = (uint64_t)(rate_ppm < 0 ? -rate_ppm : rate_ppm), rest;
    uint64_t quotient = quotient_of((uwide)(uint64_t)value * size, PPM, &rest);
    return rate_ppm < 0 ? -(int64_t)quotient : (int64_t)(quotient + (rest > 0));
}

/* What one mark means for one market: see `Terms`. */
typedef struct {
    int is_option, is_inverse_future;
    int64_t lowest, highest;       /* the price band, in ticks */
    int64_t lot_scale, tick_e8;    /* an inverse future: lots * lot_scale / (price * tick_e8) */
    ratio tick_value;              /* of one lot at one tick, of other contracts */
    ratio worth;                   /* of one lot at the mark; of an inverse future without sign */
    ratio initial, maintenance;    /* of one short lot of an option */
    ratio fee_base;                /* of one lot of an option, to be multiplied with the rate */
    ratio coins_e8;                /* of one lot of a future, in 1e-8 of the coin */
    int64_t initial_ppm, maintenance_ppm, per_coin_ppm;
} figures;

/* The value of some lots at a price, both positive. */
static inline int64_t value_even(const figures *f, int64_t lots, int64_t price) {
    if (f->is_inverse_future)
        return divided_even((uwide)lots * (uint64_t)f->lot_scale,
                            (uint64_t)(price * f->tick_e8));
    return ratio_even(&f->tick_value, lots * price);
}

static inline int64_t value_up(const figures *f, int64_t lots, int64_t price) {
    if (f->is_inverse_future)
        return divided_up((uwide)lots * (uint64_t)f->lot_scale, (uint64_t)(price * f->tick_e8));
    return ratio_up(&f->tick_value, lots * price);
}

/* What closing a position at the mark would move. */
static inline int64_t exit_worth(const figures *f, int64_t size) {
    int64_t worth = ratio_even(&f->worth, size < 0 ? -size : size);
    return (size < 0) == f->is_inverse_future ? worth : -worth;
}

static inline int64_t fee_up(const figures *f, int64_t lots, int64_t value, int64_t rate_ppm) {
    int64_t fee, cap, rate = rate_ppm < 0 ? -rate_ppm : rate_ppm;
    uint64_t rest;
    if (!f->is_option) return charge_of(value, rate_ppm);
    fee = (int64_t)quotient_of((uwide)f->fee_base.numerator * (uint64_t)(lots * rate),
                               (uint64_t)f->fee_base.denominator, &rest);
    cap = charge_of(value, 125000);
    if (rate_ppm < 0) return -(fee > cap ? cap : fee);
    fee += rest > 0;
    return fee > cap ? cap : fee;
}

static inline int64_t margin_rate(const figures *f, int64_t value, int64_t coins, int64_t ppm) {
    uwide rate = (uwide)ppm * SCALE_E8 + (uwide)f->per_coin_ppm * (uint64_t)coins;
    return divided_up(rate * (uint64_t)value, PPM * SCALE_E8);
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
    int64_t lots = size < 0 ? -size : size, value, coins, even;
    uint64_t quotient, rest, denominator = (uint64_t)f->worth.denominator;
    *initial = *kept = *worth = 0;
    if (lots == 0) return;
    quotient = quotient_of((uwide)f->worth.numerator * (uint64_t)lots, denominator, &rest);
    even = (int64_t)nearest(quotient, rest, denominator);
    value = (int64_t)(quotient + (rest > 0));
    coins = ratio_up(&f->coins_e8, lots);
    *initial = margin_rate(f, value, coins, f->initial_ppm);
    *kept = margin_rate(f, value, coins, f->maintenance_ppm);
    *worth = (size < 0) == f->is_inverse_future ? even : -even;
}

/* The average of a position into which `opened` more lots come; 0 if it does not fit. */
static inline int64_t average_of(const figures *f, int64_t held, int64_t average, int64_t opened,
                                 int64_t price) {
    uint64_t lots = (uint64_t)(held + opened);
    if (held == 0) return price;
    if (!f->is_inverse_future)
        return wide_even((uwide)held * (uint64_t)average + (uwide)opened * (uint64_t)price, lots);
    if ((double)lots * (double)average * (double)price > 5e37) return 0;
    return wide_even((uwide)lots * (uint64_t)average * (uint64_t)price,
                     (uwide)held * (uint64_t)price + (uwide)opened * (uint64_t)average);
}

#endif
