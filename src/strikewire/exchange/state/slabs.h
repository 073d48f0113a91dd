/* Records of one size, taken from large pieces of memory and given back to be taken again.

   A venue keeps millions of small records that nobody may ever look at, so what counts is that
   they lie behind each other, and that the machine maps the memory in large pages where it can: a
   page of 4 KiB at a time costs more than all that is written into it. A slab counts its records,
   so that it begins anew when the last one is gone: records of one time go at about one time, and
   those that are taken then lie behind each other again. Pieces are never returned. */

#ifndef STRIKEWIRE_SLABS_H
#define STRIKEWIRE_SLABS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define SLAB_BYTES ((size_t)1 << 16) /* where one begins, its address tells */
#define PIECE_LARGEST ((size_t)1 << 22)
#define LARGE_PAGE ((size_t)1 << 21)

#if defined(__GNUC__)
#define slabs_fetch(place) __builtin_prefetch(place, 1)
#else
#define slabs_fetch(place) ((void)(place))
#endif

typedef struct slab {
    struct slab *next; /* of those that have room */
    void *spare;       /* records given back; each begins with the address of the next */
    char *fresh;       /* where nothing was taken yet */
    uint32_t taken;
    uint32_t has_room; /* whether it is listed as one that has */
    char *pad[4];
} slab;

typedef struct {
    slab *current, *open;
    char *next, *end; /* of the last piece of memory, what is no slab yet */
    size_t piece;     /* its bytes */
} slabs;

static inline char *slab_begin(slab *one) { return (char *)(one + 1); }
static inline char *slab_end(slab *one) { return (char *)one + SLAB_BYTES; }

static int slabs_grow(slabs *pool) {
    size_t size = pool->piece ? pool->piece * 2 : SLAB_BYTES;
    void *piece = NULL;
    if (size > PIECE_LARGEST) size = PIECE_LARGEST;
    if (posix_memalign(&piece, size < LARGE_PAGE ? SLAB_BYTES : LARGE_PAGE, size)) return 0;
#ifdef __linux__
    if (size >= LARGE_PAGE) madvise(piece, size, MADV_HUGEPAGE);
#endif
    pool->next = (char *)piece;
    pool->end = pool->next + size;
    pool->piece = size;
    return 1;
}

/* Let the current slab be one that has room; return 0 without memory. */
static int slabs_turn(slabs *pool) {
    slab *one = pool->open;
    if (one != NULL) {
        pool->open = one->next;
    } else {
        if (pool->next == pool->end && !slabs_grow(pool)) return 0;
        one = (slab *)pool->next;
        pool->next += SLAB_BYTES;
        one->spare = NULL;
        one->fresh = slab_begin(one);
        one->taken = 0;
    }
    one->has_room = 0;
    pool->current = one;
    return 1;
}

/* Return a record of `size` bytes, always the same for one pool; NULL without memory. */
static inline void *slabs_take(slabs *pool, size_t size) {
    slab *one = pool->current;
    char *record;
    if (one == NULL || (one->spare == NULL && (size_t)(slab_end(one) - one->fresh) < size)) {
        if (!slabs_turn(pool)) return NULL;
        one = pool->current;
    }
    one->taken += 1;
    if (one->spare != NULL) {
        record = (char *)one->spare;
        one->spare = *(void **)record;
        for (size_t at = 0; at < size; at += 64) slabs_fetch((char *)one->spare + at);
    } else {
        record = one->fresh;
        one->fresh += size;
        for (size_t at = 0; at < size; at += 64) slabs_fetch(one->fresh + size + at);
    }
    return record;
}

static inline void slabs_give(slabs *pool, void *record) {
    slab *one = (slab *)((uintptr_t)record & ~(uintptr_t)(SLAB_BYTES - 1));
    *(void **)record = one->spare;
    one->spare = record;
    one->taken -= 1;
    if (one->taken == 0) {
        one->spare = NULL;
        one->fresh = slab_begin(one);
    }
    if (!one->has_room && one != pool->current) {
        one->has_room = 1;
        one->next = pool->open;
        pool->open = one;
    }
}

#endif
