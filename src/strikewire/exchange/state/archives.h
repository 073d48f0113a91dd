/* The last so many of something: the common step of a ring of `archives.pyx`. */

#ifndef STRIKEWIRE_ARCHIVES_H
#define STRIKEWIRE_ARCHIVES_H

#include "objects.h"

/* Keep an entry; set the one that had to go for it, which is the caller's now, or 0.

   Return -1 without memory, with nothing kept. */
static inline int ring_push(ring_object *ring, uintptr_t entry, uintptr_t *forgotten) {
    if (ring->count < ring->size) {
        if (ring->count == ring->room && ring->__pyx_vtab->grow(ring) < 0) return -1;
        ring->kept[ring->count++] = entry;
        *forgotten = 0;
    } else {
        *forgotten = ring->kept[ring->start];
        ring->kept[ring->start] = entry;
        if (++ring->start == ring->size) ring->start = 0;
    }
    ring->unsealed += 1;
    return 0;
}

#endif
