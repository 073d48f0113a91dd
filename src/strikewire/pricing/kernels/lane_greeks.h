/* Black-76 in lanes: the arithmetic of `greeks` in black76.py, block by block. */
#ifndef STRIKEWIRE_LANE_GREEKS_H
#define STRIKEWIRE_LANE_GREEKS_H

#include "lane_math.h"

/* What goes from one loop to the next. */
typedef struct {
    double h[BLOCK], t[BLOCK], root[BLOCK], ratio[BLOCK], exponent[BLOCK];
    double one_over_ratio[BLOCK], one_over_forward[BLOCK], one_over_deviation[BLOCK];
    double first[BLOCK], second[BLOCK], whole[BLOCK], size[BLOCK];
    mask_t far[BLOCK];
} greeks_t;

/* Whether nothing can move any more: no time left, or no volatility. */
LANE mask_t is_still(double years, double sigma) {
    return at_most(smaller(years, sigma), QUANTITY_MIN);
}

LANE void normalise_options(const double *const in[5], greeks_t *block) {
    const double *forwards = in[0], *strikes = in[1], *years = in[2], *sigmas = in[3];
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double low = smaller(forwards[i], strikes[i]);
        double high = larger(forwards[i], strikes[i]);
        double root = sqrt(larger(years[i], 0.0));
        double deviation = sigmas[i] * root;
        /* Where nothing can move the numbers are those of another option, and unused. */
        mask_t still = is_still(years[i], sigmas[i]);
        double one_over_deviation = 1.0 / pick(still, 1.0, deviation);
        /* Divisions cost most: one reciprocal of a product stands for three. */
        double one_over_both = 1.0 / (low * high);
        double quotient = high * high * one_over_both;
        double ratio = sqrt(quotient);
        double x = lane_log_ratio(high, low, quotient);
        block->h[i] = larger(-x * one_over_deviation, -1e3);
        block->t[i] = 0.5 * smaller(deviation, 1e3);
        block->root[i] = root;
        block->ratio[i] = ratio;
        block->one_over_ratio[i] = ratio * low * low * one_over_both;
        block->one_over_forward[i] = strikes[i] * one_over_both;
        block->one_over_deviation[i] = one_over_deviation;
    }
}

LANE void value_options(greeks_t *block) {
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        curve_t parts = curve(block->h[i], block->t[i]);
        block->exponent[i] = parts.exponent;
        block->first[i] = parts.first;
        block->second[i] = parts.second;
        block->whole[i] = parts.whole;
        block->far[i] = parts.far;
    }
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) block->size[i] = lane_exp(block->exponent[i]);
}

/* Whether there can be such an option; `is_known` in black76.py. */
LANE mask_t is_known(double forward, double strike, double years, double sigma) {
    return at_most(PRICE_MIN, forward) & at_most(forward, PRICE_MAX) & at_most(PRICE_MIN, strike)
        & at_most(strike, PRICE_MAX) & at_most(fabs(years), QUANTITY_MAX) & at_most(0.0, sigma)
        & at_most(sigma, QUANTITY_MAX);
}

/* Not a number, all bits of it set, of an option that there cannot be. */
LANE double known(mask_t number, double value) { return of_bits(bits_of(value) | ~number); }

LANE void derive_greeks(const double *const in[5], const greeks_t *block, double *const out[9]) {
    const double *forwards = in[0], *strikes = in[1], *years = in[2], *sigmas = in[3];
    const double *calls = in[4];
    double *prices = out[0], *deltas = out[1], *gammas = out[2], *vegas = out[3];
    double *thetas = out[4], *rhos = out[5], *vannas = out[6], *volgas = out[7], *charms = out[8];
    INDEPENDENT
    for (int i = 0; i < BLOCK; i++) {
        double forward = forwards[i], strike = strikes[i], sigma = sigmas[i];
        double h = block->h[i], t = block->t[i], root = block->root[i];
        double ratio = block->ratio[i], size = block->size[i];
        double one_over_forward = block->one_over_forward[i];
        double one_over_deviation = block->one_over_deviation[i];
        mask_t number = is_known(forward, strike, years[i], sigma);
        mask_t call = ~at_most(calls[i], 0.0);
        mask_t still = is_still(years[i], sigma);
        mask_t over = less(strike, forward);
        mask_t far = block->far[i];

        double time = larger(years[i], 0.0);
        double low = smaller(forward, strike);
        double half = 0.5 * size;
        double tail = half * ratio * block->first[i];
        double above = pick(far, 1.0 - tail, tail);
        double below = pick(far, tail, 1.0 - tail);
        double small = half * block->one_over_ratio[i] * block->second[i];
        double rest = 1.0 - small;
        double otm = low * ratio * half * block->whole[i];
        otm = pick(far, low - otm, otm);
        double now = larger(pick(call, forward - strike, strike - forward), 0.0);
        double value = otm + now;

        double side = pick(over, -h, h);
        double d1 = side + t;
        double d2 = side - t;
        double in_delta = pick(over, pick(call, rest, small), pick(call, above, below));
        double in_money = pick(over, pick(call, below, above), pick(call, small, rest));
        /* What an option shows that nothing can move: a step of delta, the rest zero. */
        mask_t worthless = still & at_most(now, 0.0);
        in_delta = pick(worthless, 0.0, pick(still, 1.0, in_delta));
        in_money = pick(worthless, 0.0, pick(still, 1.0, in_money));
        double sign = pick(call, 1.0, -1.0);

        double one_over_root = sigma * one_over_deviation;
        double one_over_sigma = root * one_over_deviation;
        double density = ONE_OVER_SQRT_TWO_PI * size * ratio * low * one_over_forward;
        double vega = 0.01 * forward * density * root;
        double bend = 0.01 * d2 * one_over_sigma;
        double passing = 0.5 * density * one_over_root * smaller(1.0 / 365.0, time);
        double decay = smaller(forward * sigma * passing, value);

        prices[i] = known(number, pick(still, now, value));
        deltas[i] = known(number, sign * in_delta);
        gammas[i] = known(number, pick(still, 0.0, density * one_over_forward * one_over_deviation));
        vegas[i] = known(number, pick(still, 0.0, vega));
        thetas[i] = known(number, pick(still, 0.0, -decay));
        rhos[i] = known(number, sign * 0.01 * strike * time * in_money);
        vannas[i] = known(number, pick(still, 0.0, -density * bend));
        volgas[i] = known(number, pick(still, 0.0, vega * d1 * bend));
        charms[i] = known(number, pick(still, 0.0, passing * d2 * one_over_root));
    }
}

#endif
