"""Fit the polynomials of the pricing kernels and write them where the kernels read them.

    python tools/fit_lane_constants.py

Writes `src/strikewire/pricing/kernels/lane_constants.h` and the list `ERFCX` in `black76.py` beside
it. Each polynomial is the Chebyshev interpolant at 80 nodes, cut where what is left out is smaller
than a unit in the last place (the divided difference of erfcx loses 3e-15 by the cut), computed
with 60 digits and turned into powers. The same run always gives the same files.
"""

import re
from collections.abc import Callable
from pathlib import Path

import mpmath
from mpmath import mpf

KERNELS = Path(__file__).parent.parent / "src/strikewire/pricing/kernels"
NODES = 80

POLE = 4
"""erfcx(z) (z + POLE) is a polynomial of 1 / (z + POLE)."""

LOWEST = mpf("-0.25")
"""Where the fit of erfcx begins; it has no end."""

HEADER = """\
/* Polynomials of the lane kernels, highest power first. Made by tools/fit_lane_constants.py. */
#ifndef STRIKEWIRE_LANE_CONSTANTS_H
#define STRIKEWIRE_LANE_CONSTANTS_H
"""


def main() -> None:
    """Fit all and write both files."""
    with mpmath.workdps(60):
        half = mpmath.log(2) / 2 * mpf("1.0001")
        exponential = fit(mpmath.exp, -half, half, 12)
        exponential[0] = mpf(1)
        # ln((1 + f) / (1 - f)) = 2 f + f^3 R(f^2), for halves of a double's mantissa.
        root_two = mpmath.sqrt(2)
        square = ((root_two - 1) / (root_two + 1)) ** 2 * mpf("1.0001")
        logarithm = fit(remainder_of_log, mpf(0), square, 9)
        erfcx = fit(scaled_erfcx, mpf(-1), mpf(1), 24)
    parts = [
        HEADER,
        "/* erfcx(z) (z + 4) = E(q^2) + q O(q^2), q = 1 - 7.5 / (z + 4), for z >= -0.25 */",
        polynomial("ERFCX_EVEN", "E", erfcx[::2]),
        polynomial("ERFCX_ODD", "O", erfcx[1::2]),
        polynomial("EXP", "exp(r) for abs(r) <= ln(2) / 2", exponential),
        polynomial("LOG", "R in ln((1 + f) / (1 - f)) = 2 f + f^3 R(f^2)", logarithm),
        "#endif\n",
    ]
    (KERNELS / "lane_constants.h").write_text("\n".join(parts))
    plain = KERNELS / "black76.py"
    terms = "".join(f"    {float(term)!r},\n" for term in erfcx)
    block = re.compile(r"(?<=^ERFCX = \[\n).*?(?=^\]$)", re.DOTALL | re.MULTILINE)
    plain.write_text(block.sub(terms, plain.read_text()))


def scaled_erfcx(q: mpf) -> mpf:
    """Return erfcx(z) (z + POLE) at the z that q stands for."""
    if q == 1:
        return 1 / mpmath.sqrt(mpmath.pi)
    z = 2 * (POLE + LOWEST) / (1 - q) - POLE
    return erfcx(z) * (z + POLE)


def erfcx(z: mpf) -> mpf:
    """Return exp(z^2) erfc(z), by its asymptotic series where that is exact enough."""
    if z < 60:
        return mpmath.exp(z * z) * mpmath.erfc(z)
    term = total = mpf(1)
    for number in range(1, 40):
        term *= -(2 * number - 1) / (2 * z * z)
        total += term
    return total / (z * mpmath.sqrt(mpmath.pi))


def remainder_of_log(w: mpf) -> mpf:
    """Return R(w) from its power series."""
    return mpmath.fsum(2 * w**power / (2 * power + 3) for power in range(60))


def fit(function: Callable[[mpf], mpf], low: mpf, high: mpf, count: int) -> list[mpf]:
    """Return `count` coefficients, lowest power first, of a near-best polynomial."""
    angles = [mpmath.pi * (node + mpf("0.5")) / NODES for node in range(NODES)]
    middle, reach = (low + high) / 2, (high - low) / 2
    values = [function(middle + reach * mpmath.cos(angle)) for angle in angles]
    series = [
        2 * mpmath.fsum(v * mpmath.cos(j * a) for v, a in zip(values, angles, strict=True)) / NODES
        for j in range(count)
    ]
    series[0] /= 2
    return moved(powers(series), scale=1 / reach, shift=-middle / reach)


def powers(series: list[mpf]) -> list[mpf]:
    """Turn a Chebyshev series into powers of the same variable."""
    total = [mpf(0)] * len(series)
    before: list[mpf] = [mpf(0)] * len(series)
    now: list[mpf] = [mpf(1)] + [mpf(0)] * (len(series) - 1)
    for index, coefficient in enumerate(series):
        total = [a + coefficient * b for a, b in zip(total, now, strict=True)]
        doubled = [mpf(0), *(2 * value for value in now[:-1])]
        if index == 0:
            doubled = [value / 2 for value in doubled]
        before, now = now, [a - b for a, b in zip(doubled, before, strict=True)]
    return total


def moved(terms: list[mpf], *, scale: mpf, shift: mpf) -> list[mpf]:
    """Return the powers of u where x = scale u + shift is the variable of `terms`."""
    result = [mpf(0)] * len(terms)
    for power, term in enumerate(terms):
        for j in range(power + 1):
            result[j] += term * mpmath.binomial(power, j) * scale**j * shift ** (power - j)
    return result


def polynomial(name: str, meaning: str, terms: list[mpf]) -> str:
    """Write one polynomial as macros: the highest term, and the others handed to a macro."""
    lines = [f"/* {meaning} */", f"#define {name}_HIGHEST {float(terms[-1]).hex()}"]
    lines.append(f"#define {name}_OTHERS(NEXT) \\")
    lines += [f"    NEXT({float(term).hex()}) \\" for term in reversed(terms[1:-1])]
    lines.append(f"    NEXT({float(terms[0]).hex()})\n")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
