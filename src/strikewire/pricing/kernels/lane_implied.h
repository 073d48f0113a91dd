/* Implied volatility in lanes: the arithmetic of `implied` in black76.py, block by block.
 *
 * Every lane takes the same two steps, which is enough from the first guess unless a price is odd.
 * Should a lane of a block not be close by then, the block goes on, and lanes that were close keep
 * what they had: no option's answer depends on its neighbours.
 */
#ifndef STRIKEWIRE_LANE_IMPLIED_H
#define STRIKEWIRE_LANE_IMPLIED_H

#include "lane_math.h"

#define STEPS 2
#define STEPS_MAX 64
#define CLOSE 1e-5
#define UNBOUNDED 1e300
#define BETA_MIN 1e-290

enum { IMPLIED, BELOW_INTRINSIC, ABOVE_BOUND, NOT_A_NUMBER, EXPIRED };

/* What goes from one loop to the next; names as in `implied_deviation`. */
typedef struct {
    double beta[BLOCK], rest[BLOCK], x[BLOCK], ceiling[BLOCK], one_over_root[BLOCK];
    double wanted[BLOCK], s[BLOCK], low[BLOCK], high[BLOCK], at_steepest[BLOCK];
    double exponent[BLOCK], whole[BLOCK], size[BLOCK], log_quantity[BLOCK], over[BLOCK];
    double code[BLOCK];
    mask_t is_low[BLOCK], is_high[BLOCK], far[BLOCK], closed[BLOCK];
} implied_t;

LANE void normalise_quotes(const double *const in[5], implied_t *block) {
    const double *values = in[0], *forwards = in[1], *strikes = in[2], *years = in[3];
    const double *calls = in[4];
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        mask_t call = ~at_most(calls[i], 0.0);
        mask_t number = at_most(PRICE_MIN, forwards[i]) & at_most(forwards[i], PRICE_MAX)
            & at_most(PRICE_MIN, strikes[i]) & at_most(strikes[i], PRICE_MAX)
            & less(fabs(values[i]), UNBOUNDED) & less(fabs(years[i]), UNBOUNDED);
        /* Lanes without an answer compute that of another option, and nobody reads it. */
        double forward = pick(number, forwards[i], 1.0);
        double strike = pick(number, strikes[i], 1.0);
        double value = pick(number, values[i], 0.0);
        double low = smaller(forward, strike);
        double high = larger(forward, strike);
        double one_over_both = 1.0 / (low * high);
        double quotient = high * high * one_over_both;
        double ratio = sqrt(quotient);
        double one_over_scale = ratio * low * one_over_both;
        double now = larger(pick(call, forward - strike, strike - forward), 0.0);
        double beta = (value - now) * one_over_scale;
        double rest = (pick(call, forward, strike) - value) * one_over_scale;
        mask_t alive = less(0.0, years[i]);
        mask_t paid = at_most(BETA_MIN, beta);
        mask_t bounded = less(0.0, rest);
        mask_t good = number & alive & paid & bounded;
        double code = pick(bounded, IMPLIED, ABOVE_BOUND);
        code = pick(paid, code, BELOW_INTRINSIC);
        code = pick(alive, code, EXPIRED);
        block->code[i] = pick(number, code, NOT_A_NUMBER);
        block->beta[i] = pick(good, beta, 0.25);
        block->rest[i] = pick(good, rest, 0.75);
        block->x[i] = pick(good, lane_log_ratio(high, low, quotient), 0.0);
        block->ceiling[i] = pick(good, low * one_over_scale, 1.0);
        block->one_over_root[i] = 1.0 / sqrt(pick(good, years[i], 1.0));
    }
}

/* The value at the curve's steepest point says which of the three objectives is the straight one. */
LANE void classify_quotes(implied_t *block) {
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double steepest = sqrt(2.0 * block->x[i]);
        double ceiling = block->ceiling[i];
        double at_steepest = 0.5 * ceiling * curve(-0.5 * steepest, 0.5 * steepest).whole;
        mask_t is_low = less(block->beta[i], at_steepest);
        block->at_steepest[i] = at_steepest;
        block->is_low[i] = is_low;
        block->is_high[i] = ~is_low & less(0.5 * ceiling, block->beta[i]);
        block->low[i] = pick(is_low, 0.0, steepest);
        block->high[i] = pick(is_low, steepest, UNBOUNDED);
        block->closed[i] = 0;
    }
}

LANE double guess_by_bachelier(double beta, double x) {
    double sum = beta + x;
    double w_squared = 2.0 * lane_log_ratio(sum, beta, sum / beta);
    double w = sqrt(w_squared);
    double above = 0.1999804025175167 + w * (0.019577822662025977 + w * 0.014267696504299628);
    double under = 1.0
        + w * (0.12373348794990618 + w * (0.03586315332814092 + w * 0.013958251307022588));
    double h = w_squared * above / under;
    double s = x / h;
    double missing = 0.25 * s * s * (0.5 - 1.0 / (3.0 + h * (1.5 + 0.5 * h)));
    return s * (1.0 + missing / (1.0 + h * (0.8 + h)));
}

LANE double guess_by_tail(double rest, double ceiling) {
    double part = smaller(rest * ceiling / (ceiling * ceiling + 1.0), 0.5);
    double w = sqrt(-2.0 * lane_log(part));
    double above = 2.515517 + w * (0.802853 + w * 0.010328);
    double under = 1.0 + w * (1.432788 + w * (0.189269 + w * 0.001308));
    return 2.0 * (w - above / under);
}

LANE void guess_quotes(implied_t *block) {
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double by_bachelier = guess_by_bachelier(block->beta[i], block->x[i]);
        block->s[i] = smaller(by_bachelier, block->high[i]);
    }
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        mask_t is_low = block->is_low[i], is_high = block->is_high[i];
        double beta = block->beta[i], rest = block->rest[i], ceiling = block->ceiling[i];
        double steepest = block->low[i];
        double by_tail = larger(guess_by_tail(rest, ceiling), steepest + 1e-3);
        double by_slope = steepest + (beta - block->at_steepest[i]) * SQRT_TWO_PI / ceiling;
        block->s[i] = pick(is_low, block->s[i], pick(is_high, by_tail, by_slope));
        block->wanted[i] = lane_log(pick(is_low, beta, pick(is_high, rest, 0.5)));
    }
}

LANE void step_quotes(implied_t *block) {
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        curve_t parts = curve(-block->x[i] / block->s[i], 0.5 * block->s[i]);
        block->exponent[i] = parts.exponent;
        block->whole[i] = parts.whole;
        block->far[i] = parts.far;
    }
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        mask_t is_low = block->is_low[i], is_high = block->is_high[i];
        double half = 0.5 * block->whole[i];
        double size = lane_exp(block->exponent[i]);
        double left = block->ceiling[i] - size * half;
        /* Where the value, or what it lacks, is the curve itself, its exponential cancels. */
        mask_t bare = is_low | (is_high & block->far[i]);
        double quantity = pick(bare, half, pick(is_high, left, 1.0));
        block->log_quantity[i] = lane_log(quantity) + pick(bare, block->exponent[i], 0.0);
        double b = pick(block->far[i], left, size * half);
        double numerator = pick(bare, half, pick(is_high, left, block->beta[i] - b));
        block->over[i] = numerator * SQRT_TWO_PI / pick(bare, 1.0, size);
    }
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        mask_t is_low = block->is_low[i], is_high = block->is_high[i];
        double s = block->s[i], wanted = block->wanted[i];
        double over = block->over[i], log_quantity = block->log_quantity[i];
        double one_over_s = 1.0 / s;
        double h = -block->x[i] * one_over_s;
        double h_over_s = h * one_over_s;
        double hh = h * h_over_s - 0.25 * s;
        double plain = hh * hh - 3.0 * h_over_s * h_over_s - 0.25;
        double d = 1.0 / pick(is_low | is_high, over, 1.0);
        double u = 1.0 / pick(is_low, log_quantity, 1.0);
        double twice = d * (1.0 + 2.0 * u);
        double difference = log_quantity - wanted;

        double newton = pick(
            is_low, -difference * log_quantity / pick(is_low, wanted, 1.0) * over,
            pick(is_high, difference * over, over));
        double second = hh + pick(is_low, -twice, pick(is_high, d, 0.0));
        double third = plain
            + pick(is_low, d * d * (2.0 + 6.0 * u * (1.0 + u)) - 3.0 * hh * twice,
                   pick(is_high, d * (2.0 * d + 3.0 * hh), 0.0));

        mask_t under = less(0.0, newton);
        double low = pick(under, larger(block->low[i], s), block->low[i]);
        double high = pick(under, block->high[i], smaller(block->high[i], s));
        double step = newton * (1.0 + 0.5 * second * newton)
            / (1.0 + newton * (second + newton * third * (1.0 / 6.0)));
        double following = s + step;
        mask_t close = less(fabs(newton), CLOSE * s);
        mask_t trusted = close | (less(low, following) & less(following, high));
        double instead = pick(under, smaller(2.0 * s, high), larger(0.5 * s, low));
        following = pick(trusted, following, instead);
        block->s[i] = pick(block->closed[i], s, following);
        block->closed[i] |= close;
        block->low[i] = low;
        block->high[i] = high;
    }
}

/* Whether some lane has not come close yet. */
LANE int is_open(const implied_t *block) {
    mask_t closed = ~(mask_t)0;
    for (int i = 0; i < BLOCK; i++) closed &= block->closed[i];
    return closed == 0;
}

LANE void finish_quotes(const implied_t *block, double *volatilities, int8_t *codes) {
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        mask_t good = at_most(block->code[i], 0.0);
        volatilities[i] = pick(good, block->s[i] * block->one_over_root[i], 0.0);
        codes[i] = (int8_t)block->code[i];
    }
}

#endif
