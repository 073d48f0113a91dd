cimport cython
from libc cimport math

cdef double SQRT_HALF
cdef double ONE_OVER_SQRT_TWO_PI
cdef double DAYS_PER_YEAR
cdef double NO_VOLATILITY
cdef int STEPS_MAX
cdef double UNBOUNDED

cpdef double normal_cdf(double x) noexcept nogil

cpdef double normal_pdf(double x) noexcept nogil

cpdef double intrinsic(double forward, double strike, bint is_call) noexcept nogil

@cython.locals(deviation=double, d1=double, d2=double)
cpdef double price(
    double forward, double strike, double years, double sigma, bint is_call
) noexcept nogil

@cython.locals(
    root=double, deviation=double, d1=double, d2=double, density=double, delta=double,
    gamma=double, vega=double, in_the_money=double, value=double, rho=double, days_left=double,
    decay=double,
)
cpdef (double, double, double, double, double, double) greeks(
    double forward, double strike, double years, double sigma, bint is_call
) noexcept nogil

@cython.locals(value=double, sign=double, rho=double)
cpdef (double, double, double, double, double, double) expired_greeks(
    double forward, double strike, double years, bint is_call
) noexcept nogil

@cython.locals(
    i=cython.Py_ssize_t, value=double, delta=double, gamma=double, vega=double, theta=double,
    rho=double,
)
cpdef void chain(
    const double[::1] forwards, const double[::1] strikes, const double[::1] years,
    const double[::1] sigmas, const double[::1] calls, double[::1] out
) noexcept

@cython.locals(h=double, t=double, up=double)
cpdef double normalised_call(double x, double deviation) noexcept nogil

@cython.locals(
    ceiling=double, inflection=double, low=double, high=double, at_inflection=double,
    is_low=cython.bint, is_high=cython.bint, s=double, b=double, step=double, candidate=double,
    _=int,
)
cpdef double implied_deviation(double beta, double x) noexcept nogil

@cython.locals(h=double, slope=double, log_b=double)
cpdef double newton_step(
    double beta, double x, double s, double b, double ceiling, bint is_low, bint is_high
) noexcept nogil

@cython.locals(time_value=double, beta=double, deviation=double)
cpdef double implied_volatility(
    double value, double forward, double strike, double years, bint is_call
) noexcept nogil
