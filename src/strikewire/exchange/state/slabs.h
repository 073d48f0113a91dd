/* Records of one size, taken from large pieces of memory and given back to be taken again.

   A venue keeps millions of small records that nobody may ever look at, so what counts is that they
   lie behind each other, and that the machine maps the memory in large pages where it can: a page of
   4 KiB at a time costs more than all that is written into it. Pieces are never returned. */

#ifndef STRIKEWIRE_SLABS_H
#define STRIKEWIRE_SLABS_H

#include <stddef.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define SLAB_FIRST ((size_t)1 << 16)
#define SLAB_LARGEST ((size_t)1 << 22)
#define SLAB_LARGE_PAGE ((size_t)1 << 21)

#if defined(__GNUC__)
#define slabs_fetch(place) __builtin_prefetch(place, 1)
#else
#define slabs_fetch(place) ((void)(place))
#endif

typedef struct {
    void *spare; /* records given back; each begins with the address of the next */
    char *next, *end;
    size_t slab; /* bytes of the last piece */
} slabs;

static int slabs_grow(slabs *pool) {
    size_t size = pool->slab ? pool->slab * 2 : SLAB_FIRST;
    void *piece = NULL;
    if (size > SLAB_LARGEST) size = SLAB_LARGEST;
#ifdef __linux__
    if (size >= SLAB_LARGE_PAGE) {
        if (posix_memalign(&piece, SLAB_LARGE_PAGE, size)) return 0;
        madvise(piece, size, MADV_HUGEPAGE);
    }
#endif
    if (piece == NULL) piece = malloc(size);
    if (piece == NULL) return 0;
    pool->next = (char *)piece;
    pool->end = pool->next + size;
    pool->slab = size;
    return 1;
}

/* Return a record of `size` bytes, always the same for one pool; NULL without memory. */
static inline void *slabs_take(slabs *pool, size_t size) {
    void *record = pool->spare;
    if (record != NULL) {
        pool->spare = *(void **)record;
        /* Whoever was given back long ago is far from the processor when its turn comes. */
        for (size_t at = 0; at < size; at += 64) slabs_fetch((char *)pool->spare + at);
        return record;
    }
    if ((size_t)(pool->end - pool->next) < size && !slabs_grow(pool)) return NULL;
    record = pool->next;
    pool->next += size;
    return record;
}

static inline void slabs_give(slabs *pool, void *record) {
    *(void **)record = pool->spare;
    pool->spare = record;
}

#endif
