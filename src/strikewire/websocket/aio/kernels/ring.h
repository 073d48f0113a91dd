/* Sends to many sockets in one call of the kernel: io_uring, where Linux has it and lets us use it.
 *
 * A send costs more in entering and leaving the kernel, and in finding the socket, than one would
 * think: 10 to 20 % of a small message. A ring takes up to RING_SENDS of them at once. Each is tried
 * when it is submitted and never waits (MSG_DONTWAIT), so that all are answered when the call
 * returns, and nothing of ours stays with the kernel.
 *
 * Containers often forbid io_uring, older kernels lack it: `ring_open` then fails, and whoever calls
 * `ring_send` with no ring has plain sends.
 */
#ifndef STRIKEWIRE_RING_H
#define STRIKEWIRE_RING_H

#include "poller.h"

enum { RING_SENDS = 256, RING_SENDS_MIN = 8 };

typedef struct {
    int fd;
    const void *data;
    Py_ssize_t size;
    Py_ssize_t sent; /* bytes that were taken, 0 if none could be taken now, or -errno */
} ring_piece;

static inline void ring_send_plainly(ring_piece *pieces, Py_ssize_t count) {
    Py_ssize_t i;
    for (i = 0; i < count; i++) {
        pieces[i].sent = socket_send(pieces[i].fd, pieces[i].data, (size_t)pieces[i].size);
        if (pieces[i].sent < 0) pieces[i].sent = socket_would_block() ? 0 : -errno;
    }
}

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/io_uring.h>)
#define RING_AVAILABLE 1
#endif
#endif

#ifdef RING_AVAILABLE

#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef __NR_io_uring_setup /* the same on every architecture */
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#endif

typedef struct {
    int fd;
    void *rings;
    size_t rings_bytes;
    struct io_uring_sqe *submissions;
    size_t submissions_bytes;
    unsigned *tail, mask, *order;              /* of the queue of submissions */
    unsigned *head, *seen_tail, answers_mask; /* of the queue of answers */
    struct io_uring_cqe *answers;
} send_ring;

static inline void ring_close(send_ring *ring) {
    if (ring == NULL) return;
    if (ring->rings != MAP_FAILED) munmap(ring->rings, ring->rings_bytes);
    if (ring->submissions != MAP_FAILED) munmap(ring->submissions, ring->submissions_bytes);
    close(ring->fd);
    free(ring);
}

static inline int ring_map(send_ring *ring, const struct io_uring_params *made) {
    const int access = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_POPULATE;
    size_t submissions = made->sq_off.array + made->sq_entries * sizeof(unsigned);
    size_t answers = made->cq_off.cqes + made->cq_entries * sizeof(struct io_uring_cqe);
    char *base;
    ring->rings = ring->submissions = MAP_FAILED;
    if (!(made->features & IORING_FEAT_SINGLE_MMAP)) return -1;
    ring->rings_bytes = submissions > answers ? submissions : answers;
    ring->rings = mmap(NULL, ring->rings_bytes, access, kind, ring->fd, IORING_OFF_SQ_RING);
    if (ring->rings == MAP_FAILED) return -1;
    ring->submissions_bytes = made->sq_entries * sizeof(struct io_uring_sqe);
    ring->submissions = (struct io_uring_sqe *)mmap(
        NULL, ring->submissions_bytes, access, kind, ring->fd, IORING_OFF_SQES);
    if (ring->submissions == MAP_FAILED) return -1;
    base = (char *)ring->rings;
    ring->tail = (unsigned *)(base + made->sq_off.tail);
    ring->mask = *(unsigned *)(base + made->sq_off.ring_mask);
    ring->order = (unsigned *)(base + made->sq_off.array);
    ring->head = (unsigned *)(base + made->cq_off.head);
    ring->seen_tail = (unsigned *)(base + made->cq_off.tail);
    ring->answers_mask = *(unsigned *)(base + made->cq_off.ring_mask);
    ring->answers = (struct io_uring_cqe *)(base + made->cq_off.cqes);
    return 0;
}

/* Return a ring, or NULL where there can be none. */
static inline send_ring *ring_open(void) {
    struct io_uring_params made;
    send_ring *ring = (send_ring *)calloc(1, sizeof *ring);
    if (ring == NULL) return NULL;
    memset(&made, 0, sizeof made);
    ring->rings = ring->submissions = MAP_FAILED;
    ring->fd = (int)syscall(__NR_io_uring_setup, RING_SENDS, &made);
    if (ring->fd < 0) {
        free(ring);
        return NULL;
    }
    if (ring_map(ring, &made) < 0) {
        ring_close(ring);
        return NULL;
    }
    return ring;
}

/* Take in the answers that are there; return how many. */
static inline int ring_reap(send_ring *ring, ring_piece *pieces) {
    unsigned head = *ring->head, tail = __atomic_load_n(ring->seen_tail, __ATOMIC_ACQUIRE);
    int count = (int)(tail - head);
    for (; head != tail; head++) {
        const struct io_uring_cqe *answer = &ring->answers[head & ring->answers_mask];
        int result = answer->res;
        if (result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR) result = 0;
        pieces[answer->user_data].sent = result;
    }
    __atomic_store_n(ring->head, head, __ATOMIC_RELEASE);
    return count;
}

/* Send up to RING_SENDS pieces; return how many were tried, which is all unless the ring failed. */
static inline int ring_submit(send_ring *ring, ring_piece *pieces, int count) {
    unsigned start = *ring->tail, at = start;
    int i, submitted, answered = 0;
    for (i = 0; i < count; i++, at++) {
        struct io_uring_sqe *entry = &ring->submissions[at & ring->mask];
        memset(entry, 0, sizeof *entry);
        entry->opcode = IORING_OP_SEND;
        entry->fd = pieces[i].fd;
        entry->addr = (unsigned long)pieces[i].data;
        entry->len = (unsigned)pieces[i].size;
        entry->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT;
        entry->user_data = (unsigned)i;
        ring->order[at & ring->mask] = at & ring->mask;
    }
    __atomic_store_n(ring->tail, at, __ATOMIC_RELEASE);
    do submitted = (int)syscall(__NR_io_uring_enter, ring->fd, count, 0, 0, NULL, 0);
    while (submitted < 0 && errno == EINTR);
    if (submitted < 0) submitted = 0;
    /* What was not submitted is taken back. */
    __atomic_store_n(ring->tail, start + (unsigned)submitted, __ATOMIC_RELEASE);
    answered = ring_reap(ring, pieces);
    while (answered < submitted) { /* none of these waits, so this is over at once */
        syscall(__NR_io_uring_enter, ring->fd, 0, submitted - answered, IORING_ENTER_GETEVENTS,
                NULL, 0);
        answered += ring_reap(ring, pieces);
    }
    return submitted;
}

/* Send each piece to its socket, as far as that takes it now; `ring` may be NULL. */
static inline void ring_send(send_ring *ring, ring_piece *pieces, Py_ssize_t count) {
    Py_ssize_t done = 0;
    if (ring != NULL && count >= RING_SENDS_MIN) {
        while (done < count) {
            int some = count - done < RING_SENDS ? (int)(count - done) : RING_SENDS;
            int sent = ring_submit(ring, pieces + done, some);
            done += sent;
            if (sent < some) break;
        }
    }
    ring_send_plainly(pieces + done, count - done);
}

#else

typedef struct { int unused; } send_ring;
static inline send_ring *ring_open(void) { return NULL; }
static inline void ring_close(send_ring *ring) { (void)ring; }
static inline void ring_send(send_ring *ring, ring_piece *pieces, Py_ssize_t count) {
    (void)ring;
    ring_send_plainly(pieces, count);
}

#endif
#endif
