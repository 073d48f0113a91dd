# cython: boundscheck=False, wraparound=False
"""Greeks and implied volatilities of many options, in SIMD lanes.

The loops stand in C (`lanes.h`), because an instruction set can be chosen at run time only there;
pure-Python mode has no words for it. `lanes.py` is the same room without a compiler.
"""

cdef extern from "lanes.h" nogil:
    ctypedef struct set_t:
        const char *name

    const set_t sets[]

    int count_sets()

    void greeks_of(int which, Py_ssize_t n, const double *const *columns, double *out)

    void implied_of(
        int which, Py_ssize_t n, const double *const *columns, double *volatilities,
        signed char *codes)


INSTRUCTION_SETS = tuple(sets[index].name.decode() for index in range(count_sets()))
BEST = len(INSTRUCTION_SETS) - 1


def greeks(
    const double[::1] forwards not None,
    const double[::1] strikes not None,
    const double[::1] years not None,
    const double[::1] sigmas not None,
    const double[::1] calls not None,
    double[:, ::1] out not None,
    int instruction_set=BEST,
):
    """Fill the nine rows of `out`; see `lanes.py`."""
    cdef const double *columns[5]
    cdef Py_ssize_t n = forwards.shape[0]
    assert strikes.shape[0] == years.shape[0] == sigmas.shape[0] == calls.shape[0] == n
    assert out.shape[0] == 9 and out.shape[1] == n
    assert 0 <= instruction_set <= BEST
    if n == 0:
        return
    columns[0], columns[1], columns[2] = &forwards[0], &strikes[0], &years[0]
    columns[3], columns[4] = &sigmas[0], &calls[0]
    with nogil:
        greeks_of(instruction_set, n, columns, &out[0, 0])


def implied(
    const double[::1] values not None,
    const double[::1] forwards not None,
    const double[::1] strikes not None,
    const double[::1] years not None,
    const double[::1] calls not None,
    double[::1] volatilities not None,
    signed char[::1] codes not None,
    int instruction_set=BEST,
):
    """Fill `volatilities` and `codes`; see `lanes.py`."""
    cdef const double *columns[5]
    cdef Py_ssize_t n = values.shape[0]
    assert forwards.shape[0] == strikes.shape[0] == years.shape[0] == calls.shape[0] == n
    assert volatilities.shape[0] == codes.shape[0] == n
    assert 0 <= instruction_set <= BEST
    if n == 0:
        return
    columns[0], columns[1], columns[2] = &values[0], &forwards[0], &strikes[0]
    columns[3], columns[4] = &years[0], &calls[0]
    with nogil:
        implied_of(instruction_set, n, columns, &volatilities[0], &codes[0])
