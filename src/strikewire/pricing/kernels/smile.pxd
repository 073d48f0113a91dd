cimport cython
from libc cimport math

ctypedef (double, double, double, double, double, double, double) seven

cdef double VARIANCE_MIN
cdef double LOWEST
cdef double HIGHEST
cdef double HIGHEST_LEAST
cdef double HIGHEST_S

@cython.locals(
    left=double, right=double, least=double, m=double, s=double, left_slope=double,
    right_slope=double,
)
cpdef seven meaning(
    const double[::1] numbers, double left_bound, double left_span, double right_bound,
    double right_span,
)

@cython.locals(
    middle=double, tilt=double, across=double, steep=double, level=double, distance=double,
    root=double, variance=double, volatility=double, share=double, over=double, i=Py_ssize_t,
)
cpdef void hold(
    const double[::1] x, const double[::1] wanted, const double[::1] weight, double left,
    double right, double least, double m, double s, double left_slope, double right_slope,
    double[::1] residuals, double[:, ::1] slopes,
) except *
