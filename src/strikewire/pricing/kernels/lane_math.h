/* Elementary functions that a compiler can run in lanes: no branch, no call, no table.
 *
 * Theory of operation. A loop over an array becomes SIMD code by itself when its body is
 * straight-line arithmetic. The C library's exp and log are calls, and so is libmvec, which is only
 * found in glibc, loses four units in the last place and wants -ffast-math. Here stand the three
 * functions that pricing needs, each accurate to about one unit, on any platform, with the same
 * result for an option whatever its neighbours are.
 *
 * Choices are made by masks of 64 bits, all ones or all zeros: an `if`, and even a `?:` that
 * depends on two comparisons, can keep a loop from being vectorised (seen with gcc 12). Long
 * computations are several loops over a block of options, with arrays in between: a processor runs
 * ahead into the next options only as far as the chain of additions in front of it is short.
 */
#ifndef STRIKEWIRE_LANE_MATH_H
#define STRIKEWIRE_LANE_MATH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lane_constants.h"

#if defined(__GNUC__)
#define LANE static inline __attribute__((always_inline))
#else
#define LANE static inline
#endif

#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define SQRT_TWO 0x1.6a09e667f3bcdp+0
#define SQRT_TWO_PI 0x1.40d931ff62706p+1
#define ONE_OVER_SQRT_TWO_PI 0x1.9884533d43651p-2
#define ONE_OVER_LN_TWO 0x1.71547652b82fep+0
/* ln(2) in two parts; the first has zeros at its end, so that its multiples are exact. */
#define LN_TWO_HIGH 0x1.62e42fefa3800p-1
#define LN_TWO_LOW 0x1.ef35793c76730p-45

/* What there can be of an option, as in black76.py: forwards and strikes; years and volatilities. */
#define PRICE_MIN 1e-100
#define PRICE_MAX 1e100
#define QUANTITY_MIN 1e-100
#define QUANTITY_MAX 1e100

/* Options at a time: few enough that a block stays in the nearest cache. */
#define BLOCK 64

/* Before a loop: what it writes overlaps nothing that it reads. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

typedef uint64_t mask_t;

LANE uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

LANE double of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* All ones where a < b; not so where one of them is not a number. */
LANE mask_t less(double a, double b) { return -(uint64_t)(a < b); }

LANE mask_t at_most(double a, double b) { return -(uint64_t)(a <= b); }

LANE double pick(mask_t mask, double a, double b) {
    return of_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}

LANE double smaller(double a, double b) { return a < b ? a : b; }

LANE double larger(double a, double b) { return a > b ? a : b; }

/* exp(y) for y <= 0; 0 where it would be smaller than the smallest normal double. */
LANE double lane_exp(double y) {
    double held = larger(y, -708.0);
    /* Adding 1.5 * 2^52 rounds to an integer, which then stands in the lowest bits. */
    double shifted = held * ONE_OVER_LN_TWO + 0x1.8p52;
    double k = shifted - 0x1.8p52;
    double r = (held - k * LN_TWO_HIGH) - k * LN_TWO_LOW;
    double p = EXP_HIGHEST;
#define NEXT(c) p = p * r + c;
    EXP_OTHERS(NEXT)
#undef NEXT
    return of_bits((bits_of(p) + (bits_of(shifted) << 52)) & less(-708.0, y));
}

/* ln(high / low), with all digits where they are close; both above 0 and normal. `quotient` is
 * high / low, to a few roundings: it only chooses the scale. */
LANE double lane_log_ratio(double high, double low, double quotient) {
    /* high / low = 2^k m with m from sqrt(1/2) to sqrt(2). */
    uint64_t bits = bits_of(quotient) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
    double k = of_bits((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
    double scaled = low * of_bits(bits & 0xfff0000000000000u);
    /* Two numbers within a factor of two have an exact difference. */
    double f = (high - scaled) / (high + scaled);
    double w = f * f;
    double p = LOG_HIGHEST;
#define NEXT(c) p = p * w + c;
    LOG_OTHERS(NEXT)
#undef NEXT
    return k * LN_TWO_HIGH + (2.0 * f + (f * w * p + k * LN_TWO_LOW));
}

LANE double lane_log(double value) { return lane_log_ratio(value, 1.0, value); }

/* The parts of a normalised option value; `curve` in black76.py says what they mean. */
typedef struct {
    double exponent;
    double first;
    double second;
    double whole;
    mask_t far;
} curve_t;

LANE curve_t curve(double h, double t) {
    curve_t parts;
    double z1 = -(h + t) * SQRT_HALF;
    double z2 = (t - h) * SQRT_HALF;
    mask_t far = less(z1, -0.25);
    double from_pole_1 = pick(far, -z1, z1) + 4.0;
    double from_pole_2 = z2 + 4.0;
    double both = 1.0 / (from_pole_1 * from_pole_2);
    double y1 = from_pole_2 * both;
    double y2 = from_pole_1 * both;
    double q1 = 1.0 - 7.5 * y1;
    double q2 = 1.0 - 7.5 * y2;
    /* Even and odd powers apart: two short chains of additions instead of a long one. */
    double u1 = q1 * q1;
    double u2 = q2 * q2;
    double sum = q1 + q2;
    double even = ERFCX_EVEN_HIGHEST, even_d = 0.0;
    double odd = ERFCX_ODD_HIGHEST, odd_d = 0.0;
#define NEXT(c) even_d = even_d * u1 + even; even = even * u2 + c;
    ERFCX_EVEN_OTHERS(NEXT)
#undef NEXT
#define NEXT(c) odd_d = odd_d * u1 + odd; odd = odd * u2 + c;
    ERFCX_ODD_OTHERS(NEXT)
#undef NEXT
    double p = even + q2 * odd;
    double d = odd + sum * (even_d + q1 * odd_d);
    double gap = pick(far, -h, t) * SQRT_TWO * both;
    double p1 = p - 7.5 * d * gap;
    parts.exponent = -0.5 * (h * h + t * t);
    parts.first = y1 * p1;
    parts.second = y2 * p;
    parts.whole = pick(far, parts.first + parts.second, gap * (p1 - 7.5 * y2 * d));
    parts.far = far;
    return parts;
}

#endif
