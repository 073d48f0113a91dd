# cython: boundscheck=False, wraparound=False, cdivision=True
"""Scenario values of many options, in SIMD lanes, and accounts added up from them.

A `.pyx` for two reasons: the loops stand in C (`scenarios.h`), where an instruction set can be
chosen at run time; and an account of fifty positions is added up in less time than it takes to open
one buffer, so `Account` opens its buffers once and keeps them. `scenarios.py` is the same without a
compiler.
"""

from libc.math cimport fabs, log, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memcpy

cdef extern from "scenarios.h" nogil:
    enum: WIDTH "COLUMNS"
    enum: HEIGHT "INPUTS"

    ctypedef struct scenario_t:
        double factor
        double root
        double log
        double reciprocal
        int volatility

    ctypedef struct set_t:
        const char *name
        void (*add_rows)(double *, const double *, const int64_t *, const double *, Py_ssize_t)
        double (*worst_of)(const double *, const double *, const double *)

    const set_t sets[]

    int count_sets()

    double add_nets(
        double *nets, Py_ssize_t slots_count, const double *deltas, const int64_t *slots,
        const int64_t *options, const int64_t *rows, const double *sizes, Py_ssize_t count)

    void fill_rows(
        int which, Py_ssize_t count, const int64_t *rows, const double *const *columns,
        const scenario_t *scenarios, int width, double *table)


INSTRUCTION_SETS = tuple(sets[index].name.decode() for index in range(count_sets()))
BEST = len(INSTRUCTION_SETS) - 1
ROW = WIDTH
INPUTS = HEIGHT
FORWARD, STRIKE, CALL, INVERSE, VALUE, DEVIATION = range(6)


def fill(
    const double[:, ::1] columns not None,
    const double[::1] factors not None,
    const int64_t[::1] volatilities not None,
    const int64_t[::1] rows,
    double[:, ::1] table not None,
    int instruction_set=BEST,
):
    """Fill rows of `table`; see `scenarios.py`."""
    cdef const double *starts[HEIGHT]
    cdef scenario_t scenarios[WIDTH]
    cdef Py_ssize_t count = columns.shape[1] if rows is None else rows.shape[0]
    cdef const int64_t *which = NULL
    cdef int width = <int>factors.shape[0]
    cdef int number
    assert columns.shape[0] == HEIGHT
    assert volatilities.shape[0] == width <= WIDTH
    assert table.shape[0] == columns.shape[1] and table.shape[1] == WIDTH
    assert 0 <= instruction_set <= BEST
    if count == 0:
        return
    for number in range(INPUTS):
        starts[number] = &columns[number, 0]
    for number in range(width):
        assert factors[number] > 0.0 and 0 <= volatilities[number] < 3
        scenarios[number].factor = factors[number]
        scenarios[number].root = sqrt(factors[number])
        scenarios[number].log = log(factors[number])
        scenarios[number].reciprocal = 1.0 / factors[number]
        scenarios[number].volatility = <int>volatilities[number]
    if rows is not None:
        for number in range(<int>count):
            assert 0 <= rows[number] < columns.shape[1]
        which = &rows[0]
    with nogil:
        fill_rows(instruction_set, count, which, starts, scenarios, width, &table[0, 0])


cdef class Account:
    """The sums of one account; see `scenarios.py`."""

    cdef const double[:, ::1] _table
    cdef const double[::1] _deltas
    cdef const int64_t[::1] _slots
    cdef const int64_t[::1] _options
    cdef const double[::1] _charges
    cdef const double[:, ::1] _weights
    cdef const double[::1] _terms
    cdef const int64_t[::1] _rows
    cdef const double[::1] _sizes
    cdef double[::1] _nets
    cdef double _sums[WIDTH]
    cdef double _bought
    cdef int _set

    def __init__(
        self,
        table,
        deltas,
        slots,
        options,
        charges,
        weights,
        terms,
        rows,
        sizes,
        int instruction_set=BEST,
    ):
        cdef Py_ssize_t i
        self._table, self._deltas, self._slots = table, deltas, slots
        self._options = options
        self._charges, self._weights, self._terms = charges, weights, terms
        self._rows, self._sizes = rows, sizes
        self._nets = charges.copy()
        self._set = instruction_set
        assert self._table.shape[1] == self._weights.shape[1] == WIDTH
        assert self._weights.shape[0] == 2 and self._terms.shape[0] == 4
        assert self._deltas.shape[0] == self._slots.shape[0] == self._table.shape[0]
        assert self._options.shape[0] == self._table.shape[0]
        assert self._rows.shape[0] == self._sizes.shape[0]
        assert 0 <= instruction_set <= BEST
        for i in range(self._rows.shape[0]):
            assert 0 <= self._rows[i] < self._table.shape[0]
        for i in range(self._slots.shape[0]):
            assert 0 <= self._slots[i] < self._charges.shape[0]
        self.scan()

    def scan(self):
        """Add up all positions anew and return what `what_if` of nothing returns."""
        cdef Py_ssize_t i
        cdef Py_ssize_t count = self._rows.shape[0]
        if count:
            sets[self._set].add_rows(
                self._sums, &self._table[0, 0], &self._rows[0], &self._sizes[0], count)
            self._bought = add_nets(
                &self._nets[0], self._nets.shape[0], &self._deltas[0], &self._slots[0],
                &self._options[0], &self._rows[0], &self._sizes[0], count)
        else:
            for i in range(WIDTH):
                self._sums[i] = 0.0
            for i in range(self._nets.shape[0]):
                self._nets[i] = 0.0
            self._bought = 0.0
        return self._result(self._sums, -1, 0.0, self._bought)

    def what_if(self, Py_ssize_t row, double size):
        """Return the margin with `size` of `row` more, changing nothing."""
        cdef double sums[WIDTH]
        cdef double held = 0.0
        cdef double bought = self._bought
        cdef Py_ssize_t i
        cdef int column
        assert 0 <= row < self._table.shape[0]
        if self._options[row]:
            for i in range(self._rows.shape[0]):
                held += self._sizes[i] if self._rows[i] == row else 0.0
            bought -= (held if held > 0.0 else 0.0) * self._deltas[row]
            held += size
            bought += (held if held > 0.0 else 0.0) * self._deltas[row]
        memcpy(sums, self._sums, sizeof(self._sums))
        for column in range(WIDTH):
            sums[column] += size * self._table[row, column]
        return self._result(sums, self._slots[row], size * self._deltas[row], bought)

    def sums(self):
        """Return the sums of all scenarios, as a list."""
        return [self._sums[column] for column in range(WIDTH)]

    cdef _result(self, const double *sums, Py_ssize_t slot, double more, double bought):
        cdef double roll = 0.0, net = 0.0, part
        cdef double worst = sets[self._set].worst_of(
            sums, &self._weights[0, 0], &self._weights[1, 0])
        cdef Py_ssize_t i
        for i in range(self._nets.shape[0]):
            part = self._nets[i] + (more if i == slot else 0.0)
            net += part
            roll += fabs(part) * self._charges[i]
        cdef double loss = -worst if worst < 0.0 else 0.0
        # Bought options hedge the rest, and are no risk themselves.
        cdef double rest = net - bought
        cdef double size = 0.0
        if net * rest > 0.0:
            size = min(fabs(net), fabs(rest))
        cdef double shock = size * min(
            self._terms[0], self._terms[1] * max(0.0, size - self._terms[2]))
        cdef double initial = loss + roll + shock
        return initial, self._terms[3] * initial, loss, roll, shock, net
