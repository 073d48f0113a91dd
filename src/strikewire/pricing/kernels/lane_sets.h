/* The instruction sets that kernels are compiled for, and which of them run here.
 *
 * One source, several functions with a `target` attribute each: no -march=native, no ifunc (which
 * musl and macOS lack), no second object file. Where the compiler or the processor is another one,
 * the plain functions remain, and the compiler vectorises those as far as the platform's own
 * baseline goes (NEON on ARM).
 */
#ifndef STRIKEWIRE_LANE_SETS_H
#define STRIKEWIRE_LANE_SETS_H

/* A function of its own: inlined into the loop over blocks a stage is not vectorised. */
#if defined(__GNUC__)
#define APART static __attribute__((noinline))
#else
#define APART static
#endif

/* FOR_SETS(DO) is DO(name, target), from the plainest set to the widest. */
#if defined(__GNUC__) && defined(__x86_64__)
#define FOR_SETS(DO) \
    DO(baseline, ) \
    DO(avx2, __attribute__((target("avx2,fma")))) \
    DO(avx512, __attribute__((target("avx512f"))))
#define SETS 3
#else
#define FOR_SETS(DO) DO(baseline, )
#define SETS 1
#endif

/* How many of them run here: the first so many. */
static int count_sets(void) {
#if SETS == 3
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
    if (!__builtin_cpu_supports("avx512f")) return 2;
#endif
    return SETS;
}

#endif
