/* Options revalued under scenarios, and accounts added up from what came out.
 *
 * A block of strikes is normalised once; a scenario then shifts the logarithm of the forward over
 * the strike and picks one of three deviations, so it costs neither a logarithm nor a square root.
 * A call and a put that are marked alike have one value out of the money, and share its lane.
 * Results are laid out by option, one row of COLUMNS numbers each, so that an account's positions
 * are whole rows to add.
 */
#ifndef STRIKEWIRE_LANE_SCENARIOS_H
#define STRIKEWIRE_LANE_SCENARIOS_H

#include "lane_math.h"

/* Columns of a row: as many as lanes go into, the last ones zero. */
#define COLUMNS 40
#define VOLATILITIES 3
#define INPUTS 8

/* One scenario: the forward's factor, its square root, its logarithm and its reciprocal, and which
 * of the three deviations counts. */
typedef struct {
    double factor, root, log, reciprocal;
    int volatility;
} scenario_t;

/* What goes from one loop to the next. */
typedef struct {
    double x[BLOCK], middle[BLOCK], unit[BLOCK];
    double half_deviation[VOLATILITIES][BLOCK], one_over_deviation[VOLATILITIES][BLOCK];
    mask_t still[VOLATILITIES][BLOCK];
    double exponent[BLOCK], whole[BLOCK];
    mask_t far[BLOCK];
    /* By eight lanes, then by scenario: what an option's row is made of lies close together. */
    double calls[BLOCK / 8][COLUMNS][8], puts[BLOCK / 8][COLUMNS][8];
} scenarios_t;

/* Rows of the inputs; the three deviations are the last. A lane needs all but calls and values. */
enum { FORWARD, STRIKE, CALL, INVERSE, VALUE, DEVIATION };

LANE void normalise_rows(const double in[INPUTS][BLOCK], scenarios_t *block) {
    const double *forwards = in[FORWARD], *strikes = in[STRIKE], *inverse = in[INVERSE];
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double low = smaller(forwards[i], strikes[i]);
        double high = larger(forwards[i], strikes[i]);
        double x = lane_log_ratio(high, low, high / low);
        block->x[i] = pick(less(forwards[i], strikes[i]), -x, x);
        block->middle[i] = 0.5 * sqrt(low * high);
        /* A coin is worth a forward: values in coin are divided by it. */
        block->unit[i] = pick(at_most(inverse[i], 0.0), 0.0, 1.0 / forwards[i]);
    }
    for (int kind = 0; kind < VOLATILITIES; kind++) {
        const double *deviations = in[DEVIATION + kind];
        INDEPENDENT
        for (int i = 0; i < BLOCK; i++) {
            mask_t still = at_most(deviations[i], 0.0);
            double deviation = smaller(pick(still, 1.0, deviations[i]), 1e3);
            block->still[kind][i] = still;
            block->half_deviation[kind][i] = 0.5 * deviation;
            block->one_over_deviation[kind][i] = 1.0 / deviation;
        }
    }
}

LANE void value_rows(
    const double in[INPUTS][BLOCK], const scenario_t *scenario, int number, scenarios_t *block
) {
    const double *half_deviation = block->half_deviation[scenario->volatility];
    const double *one_over_deviation = block->one_over_deviation[scenario->volatility];
    const mask_t *still = block->still[scenario->volatility];
    const double *forwards = in[FORWARD], *strikes = in[STRIKE];
    double shift = scenario->log, factor = scenario->factor;
    double root = scenario->root, reciprocal = scenario->reciprocal;
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double distance = fabs(block->x[i] + shift);
        double h = larger(-distance * one_over_deviation[i], -1e3);
        curve_t parts = curve(h, half_deviation[i]);
        block->exponent[i] = parts.exponent;
        block->whole[i] = parts.whole;
        block->far[i] = parts.far;
    }
    for (int eight = 0; eight < BLOCK / 8; eight++) {
        double *calls = block->calls[eight][number], *puts = block->puts[eight][number];
        INDEPENDENT
        for (int lane = 0; lane < 8; lane++) {
            int i = 8 * eight + lane;
            double forward = forwards[i] * factor, strike = strikes[i];
            double otm = block->middle[i] * root * lane_exp(block->exponent[i]) * block->whole[i];
            otm = pick(block->far[i], smaller(forward, strike) - otm, otm);
            otm = pick(still[i], 0.0, otm);
            double over = forward - strike;
            double scale = block->unit[i] * reciprocal;
            scale = pick(at_most(scale, 0.0), 1.0, scale);
            calls[lane] = (otm + larger(over, 0.0)) * scale;
            puts[lane] = (otm + larger(-over, 0.0)) * scale;
        }
    }
}

/* The sums of an account's rows, each times its size.
 *
 * All sums stay in registers from the first row to the last, which a compiler does not find out by
 * itself: it would write each of them to memory and read it again with every row.
 */
#if defined(__GNUC__)
typedef double lanes_t __attribute__((vector_size(64)));

LANE void add_rows(
    double *sums, const double *table, const int64_t *rows, const double *sizes, ptrdiff_t count
) {
    lanes_t a = {0.0}, b = {0.0}, c = {0.0}, d = {0.0}, e = {0.0};
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *row = table + rows[i] * COLUMNS;
        double size = sizes[i];
        lanes_t eight;
#define ADD(sum, first) memcpy(&eight, row + first, sizeof eight); sum += size * eight;
        ADD(a, 0)
        ADD(b, 8)
        ADD(c, 16)
        ADD(d, 24)
        ADD(e, 32)
#undef ADD
    }
    lanes_t all[COLUMNS / 8] = {a, b, c, d, e};
    memcpy(sums, all, sizeof all);
}
#else
LANE void add_rows(
    double *sums, const double *table, const int64_t *rows, const double *sizes, ptrdiff_t count
) {
    for (int column = 0; column < COLUMNS; column++) sums[column] = 0.0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const double *row = table + rows[i] * COLUMNS;
        for (int column = 0; column < COLUMNS; column++) sums[column] += sizes[i] * row[column];
    }
}
#endif

/* The net delta of each expiry of an account; returns that of the options it has bought. */
static inline double add_nets(
    double *nets, ptrdiff_t slots_count, const double *deltas, const int64_t *slots,
    const int64_t *options, const int64_t *rows, const double *sizes, ptrdiff_t count
) {
    double bought = 0.0;
    for (ptrdiff_t i = 0; i < slots_count; i++) nets[i] = 0.0;
    for (ptrdiff_t i = 0; i < count; i++) {
        double delta = sizes[i] * deltas[rows[i]];
        nets[slots[rows[i]]] += delta;
        bought += options[rows[i]] && sizes[i] > 0.0 ? delta : 0.0;
    }
    return bought;
}

/* The worst of the sums, each times its weight and less its allowance; at most 0. */
LANE double worst_of(const double *sums, const double *weights, const double *allowances) {
    double worst[8] = {0.0};
    for (int start = 0; start < COLUMNS; start += 8) {
        for (int lane = 0; lane < 8; lane++) {
            int column = start + lane;
            worst[lane] = smaller(worst[lane], weights[column] * sums[column] + allowances[column]);
        }
    }
    double lowest = 0.0;
    for (int lane = 0; lane < 8; lane++) lowest = smaller(lowest, worst[lane]);
    return lowest;
}

#endif
