/* The scenario kernels, compiled once for each instruction set and chosen where they run. */
#ifndef STRIKEWIRE_SCENARIOS_H
#define STRIKEWIRE_SCENARIOS_H

#include "lane_scenarios.h"
#include "lane_sets.h"

#define FUNCTIONS_FOR(SET, TARGET) \
    APART TARGET void normalise_rows_##SET( \
        const double in[INPUTS][BLOCK], scenarios_t *block \
    ) { normalise_rows(in, block); } \
    APART TARGET void value_rows_##SET( \
        const double in[INPUTS][BLOCK], const scenario_t *scenario, int number, \
        scenarios_t *block \
    ) { value_rows(in, scenario, number, block); } \
    APART TARGET void add_rows_##SET( \
        double *sums, const double *table, const int64_t *rows, const double *sizes, \
        ptrdiff_t count \
    ) { add_rows(sums, table, rows, sizes, count); } \
    APART TARGET double worst_of_##SET( \
        const double *sums, const double *weights, const double *allowances \
    ) { return worst_of(sums, weights, allowances); }

FOR_SETS(FUNCTIONS_FOR)

typedef struct {
    const char *name;
    void (*normalise_rows)(const double (*)[BLOCK], scenarios_t *);
    void (*value_rows)(const double (*)[BLOCK], const scenario_t *, int, scenarios_t *);
    void (*add_rows)(double *, const double *, const int64_t *, const double *, ptrdiff_t);
    double (*worst_of)(const double *, const double *, const double *);
} set_t;

#define SET(NAME, TARGET) \
    { #NAME, normalise_rows_##NAME, value_rows_##NAME, add_rows_##NAME, worst_of_##NAME },

/* From the plainest to the widest: what runs here are the first so many of them. */
static const set_t sets[SETS] = {FOR_SETS(SET)};

/* Whether two options have one value out of the money in every scenario. */
static int is_twin(const double *const columns[INPUTS], ptrdiff_t one, ptrdiff_t other) {
    int same = 1;
    for (int column = 0; column < INPUTS; column++) {
        if (column == CALL || column == VALUE) continue;
        same &= columns[column][one] == columns[column][other];
    }
    return same;
}

/* Fill the rows of `table` that `rows` names, or the first `count` where it is null.
 *
 * Twins that follow each other share a lane. `columns` are as in lane_scenarios.h; `scenarios` is
 * `width` of them.
 */
static void fill_rows(
    int set, ptrdiff_t count, const int64_t *rows, const double *const columns[INPUTS],
    const scenario_t *scenarios, int width, double *table
) {
    const set_t *use = &sets[set];
    double in[INPUTS][BLOCK];
    ptrdiff_t option_of[2 * BLOCK];
    int lane_of[2 * BLOCK];
    scenarios_t block;
    memset(&block, 0, sizeof block);
    for (ptrdiff_t next = 0; next < count;) {
        int held = 0, lanes = 0;
        while (next < count && held < 2 * BLOCK) {
            ptrdiff_t option = rows == NULL ? next : rows[next];
            int shares = held > 0 && is_twin(columns, option, option_of[held - 1]);
            if (!shares && lanes == BLOCK) break;
            if (!shares) {
                for (int column = 0; column < INPUTS; column++) {
                    in[column][lanes] = columns[column][option];
                }
                lanes++;
            }
            option_of[held] = option;
            lane_of[held++] = lanes - 1;
            next++;
        }
        /* A block that is not full is filled up with its first lane. */
        for (int column = 0; column < INPUTS; column++) {
            for (int lane = lanes; lane < BLOCK; lane++) in[column][lane] = in[column][0];
        }
        use->normalise_rows(in, &block);
        for (int number = 0; number < width; number++) {
            use->value_rows(in, &scenarios[number], number, &block);
        }
        for (int i = 0; i < held; i++) {
            ptrdiff_t option = option_of[i];
            double *row = table + option * COLUMNS;
            double value = columns[VALUE][option];
            int eight = lane_of[i] / 8, lane = lane_of[i] % 8;
            const double (*from)[8] =
                columns[CALL][option] > 0.0 ? block.calls[eight] : block.puts[eight];
            for (int number = 0; number < width; number++) row[number] = from[number][lane] - value;
            for (int number = width; number < COLUMNS; number++) row[number] = 0.0;
        }
    }
}

#endif
