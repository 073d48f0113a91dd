cimport cython
from libc cimport math

ctypedef (double, double, double, double, double, double, double, double, double) nine
ctypedef (double, double, double, double, bint) parts

cdef double SQRT_HALF
cdef double SQRT_TWO
cdef double SQRT_TWO_PI
cdef double ONE_OVER_SQRT_TWO_PI
cdef double DAYS_PER_YEAR
cdef double DEVIATION_MAX
cdef double LOWEST
cdef double[24] ERFCX
cdef double NAN
cdef int IMPLIED
cdef int BELOW_INTRINSIC
cdef int ABOVE_BOUND
cdef int NOT_A_NUMBER
cdef int EXPIRED
cdef double PRICE_MIN
cdef double PRICE_MAX
cdef double QUANTITY_MIN
cdef double QUANTITY_MAX
cdef double BETA_MIN
cdef double CLOSE
cdef int STEPS_MAX
cdef double UNBOUNDED

cpdef double log_ratio(double high, double low) noexcept nogil

cpdef bint is_known(double forward, double strike, double years, double sigma) noexcept nogil

cpdef double intrinsic(double forward, double strike, bint is_call) noexcept nogil

@cython.locals(
    z1=double, z2=double, is_far=bint, y1=double, y2=double, q1=double, q2=double, p=double,
    d=double, i=int, gap=double, p1=double, first=double, second=double, whole=double,
)
cpdef parts curve(double h, double t) noexcept nogil

@cython.locals(
    deviation=double, low=double, high=double, h=double, exponent=double, _=double, whole=double,
    is_far=bint, value=double,
)
cpdef double price(
    double forward, double strike, double years, double sigma, bint is_call
) noexcept nogil

@cython.locals(
    root=double, deviation=double, low=double, high=double, ratio=double, h=double, t=double,
    exponent=double, first=double, second=double, whole=double, is_far=bint, size=double,
    half=double, tail=double, above=double, below=double, small=double, value=double, d1=double,
    d2=double, in_delta=double, in_money=double, sign=double, delta=double, rho=double,
    density=double, gamma=double, vega=double, vanna=double, volga=double, day=double,
    decay=double, charm=double,
)
cpdef nine greeks(
    double forward, double strike, double years, double sigma, bint is_call
) noexcept nogil

@cython.locals(value=double, sign=double, rho=double)
cpdef nine expired_greeks(
    double forward, double strike, double years, bint is_call
) noexcept nogil

@cython.locals(
    low=double, high=double, ratio=double, beta=double, rest=double, deviation=double,
)
cpdef (double, int) implied(
    double value, double forward, double strike, double years, bint is_call
) noexcept nogil

@cython.locals(
    steepest=double, _=double, whole=double, at_steepest=double, is_low=bint, is_high=bint,
    low=double, high=double, wanted=double, s=double, _i=int, newton=double, second=double,
    third=double, size=double, step=double, following=double,
)
cpdef double implied_deviation(
    double beta, double rest, double x, double ceiling
) noexcept nogil

@cython.locals(
    w_squared=double, w=double, above=double, under=double, h=double, s=double, t_squared=double,
    missing=double,
)
cpdef double guess_by_bachelier(double beta, double x) noexcept nogil

@cython.locals(w=double, above=double, under=double)
cpdef double guess_by_tail(double rest, double ceiling) noexcept nogil

@cython.locals(
    h=double, exponent=double, _=double, whole=double, is_far=bint, half=double, hh=double,
    third=double, over=double, log_b=double, d=double, u=double, second=double, size=double,
    b=double, left=double, log_rest=double,
)
cpdef (double, double, double) objective(
    double beta, double x, double s, double ceiling, double wanted, bint is_low, bint is_high
) noexcept nogil
