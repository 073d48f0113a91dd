/* The array kernels, compiled once for each instruction set and chosen where they run. */
#ifndef STRIKEWIRE_LANES_H
#define STRIKEWIRE_LANES_H

#include "lane_greeks.h"
#include "lane_implied.h"
#include "lane_sets.h"

#define FUNCTIONS_FOR(SET, TARGET) \
    APART TARGET void normalise_options_##SET(const double *const in[5], greeks_t *block) { \
        normalise_options(in, block); \
    } \
    APART TARGET void value_options_##SET(greeks_t *block) { value_options(block); } \
    APART TARGET void derive_greeks_##SET( \
        const double *const in[5], const greeks_t *block, double *const out[9] \
    ) { derive_greeks(in, block, out); } \
    APART TARGET void normalise_quotes_##SET(const double *const in[5], implied_t *block) { \
        normalise_quotes(in, block); \
    } \
    APART TARGET void guess_quotes_##SET(implied_t *block) { \
        classify_quotes(block); \
        guess_quotes(block); \
    } \
    APART TARGET void step_quotes_##SET(implied_t *block) { step_quotes(block); } \
    APART TARGET int is_open_##SET(const implied_t *block) { return is_open(block); } \
    APART TARGET void finish_quotes_##SET( \
        const implied_t *block, double *volatilities, int8_t *codes \
    ) { finish_quotes(block, volatilities, codes); }

FOR_SETS(FUNCTIONS_FOR)

typedef struct {
    const char *name;
    void (*normalise_options)(const double *const *, greeks_t *);
    void (*value_options)(greeks_t *);
    void (*derive_greeks)(const double *const *, const greeks_t *, double *const *);
    void (*normalise_quotes)(const double *const *, implied_t *);
    void (*guess_quotes)(implied_t *);
    void (*step_quotes)(implied_t *);
    int (*is_open)(const implied_t *);
    void (*finish_quotes)(const implied_t *, double *, int8_t *);
} set_t;

#define SET(NAME, TARGET) \
    { \
        #NAME, normalise_options_##NAME, value_options_##NAME, derive_greeks_##NAME, \
            normalise_quotes_##NAME, guess_quotes_##NAME, step_quotes_##NAME, is_open_##NAME, \
            finish_quotes_##NAME \
    },

/* From the plainest to the widest: what runs here are the first so many of them. */
static const set_t sets[SETS] = {FOR_SETS(SET)};

/* Find the next block of five columns; return how many options it holds.
 *
 * A block that is not full is copied to `padded`, and the rest of it is options that have expired.
 */
static size_t find_block(
    const double *const columns[5], ptrdiff_t start, ptrdiff_t n, double padded[5][BLOCK],
    const double *at[5]
) {
    size_t count = (size_t)(n - start < BLOCK ? n - start : BLOCK);
    for (int column = 0; column < 5; column++) {
        at[column] = columns[column] + start;
        if (count < BLOCK) {
            memset(padded[column], 0, sizeof padded[column]);
            memcpy(padded[column], at[column], count * sizeof(double));
            at[column] = padded[column];
        }
    }
    return count;
}

/* Columns: forwards, strikes, years, sigmas, calls. `out` is nine rows of n. */
static void greeks_of(int set, ptrdiff_t n, const double *const columns[5], double *out) {
    const set_t *use = &sets[set];
    double padded[5][BLOCK], last[9][BLOCK];
    greeks_t block;
    for (ptrdiff_t start = 0; start < n; start += BLOCK) {
        const double *in[5];
        double *to[9];
        size_t count = find_block(columns, start, n, padded, in);
        for (int row = 0; row < 9; row++) to[row] = count < BLOCK ? last[row] : out + row * n + start;
        use->normalise_options(in, &block);
        use->value_options(&block);
        use->derive_greeks(in, &block, to);
        for (int row = 0; row < 9 && count < BLOCK; row++) {
            memcpy(out + row * n + start, last[row], count * sizeof(double));
        }
    }
}

/* Columns: values, forwards, strikes, years, calls. */
static void implied_of(
    int set, ptrdiff_t n, const double *const columns[5], double *volatilities, int8_t *codes
) {
    const set_t *use = &sets[set];
    double padded[5][BLOCK], found[BLOCK];
    int8_t why[BLOCK];
    implied_t block;
    for (ptrdiff_t start = 0; start < n; start += BLOCK) {
        const double *in[5];
        size_t count = find_block(columns, start, n, padded, in);
        use->normalise_quotes(in, &block);
        use->guess_quotes(&block);
        for (int step = 0; step < STEPS_MAX; step++) {
            use->step_quotes(&block);
            if (step + 1 >= STEPS && !use->is_open(&block)) break;
        }
        use->finish_quotes(&block, found, why);
        memcpy(volatilities + start, found, count * sizeof(double));
        memcpy(codes + start, why, count);
    }
}

#endif
