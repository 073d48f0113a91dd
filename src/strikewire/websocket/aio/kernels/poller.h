/* A set of sockets that one descriptor stands for: epoll on Linux, kqueue on macOS and the BSDs.
 *
 * Such a set is itself readable when one of its sockets is ready, so an event loop that watches this
 * one descriptor watches them all. Elsewhere POLLER_AVAILABLE is 0 and nothing can be made.
 */
#ifndef STRIKEWIRE_POLLER_H
#define STRIKEWIRE_POLLER_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { POLLER_READ = 1, POLLER_WRITE = 2, POLLER_EVENTS_MAX = 256 };

typedef struct {
    int fd;
    int ready; /* POLLER_READ, POLLER_WRITE or both; an error or a hang-up is both */
} poller_event;

#if defined(__linux__) && !defined(STRIKEWIRE_KQUEUE) /* to try the other branch with libkqueue */

#include <sys/epoll.h>
#define POLLER_AVAILABLE 1

static inline int poller_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

/* Watch `fd` for `now`, where it was watched for `before`; 0, or -1 with errno. */
static inline int poller_watch(int poller, int fd, int before, int now, int is_new) {
    struct epoll_event event;
    (void)before;
    memset(&event, 0, sizeof event);
    event.events = (now & POLLER_READ ? EPOLLIN : 0u) | (now & POLLER_WRITE ? EPOLLOUT : 0u);
    event.data.fd = fd;
    return epoll_ctl(poller, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

/* Watch `fd` no more: an epoll set reports a hang-up even where nothing is asked for. */
static inline void poller_forget(int poller, int fd) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    epoll_ctl(poller, EPOLL_CTL_DEL, fd, &event);
}

static inline int poller_take(int poller, poller_event *out) {
    struct epoll_event events[POLLER_EVENTS_MAX];
    int i, count = epoll_wait(poller, events, POLLER_EVENTS_MAX, 0);
    for (i = 0; i < count; i++) {
        unsigned bits = events[i].events;
        out[i].fd = events[i].data.fd;
        out[i].ready = (bits & EPOLLIN ? POLLER_READ : 0) | (bits & EPOLLOUT ? POLLER_WRITE : 0);
        if (bits & (EPOLLERR | EPOLLHUP)) out[i].ready = POLLER_READ | POLLER_WRITE;
    }
    return count;
}

#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(STRIKEWIRE_KQUEUE)

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#define POLLER_AVAILABLE 1

static inline int poller_open(void) { return kqueue(); }

static inline int poller_watch(int poller, int fd, int before, int now, int is_new) {
    struct kevent changes[2];
    int count = 0, changed = before ^ now;
    if (is_new) changed = now;
    if (changed & POLLER_READ)
        EV_SET(&changes[count++], fd, EVFILT_READ, now & POLLER_READ ? EV_ADD : EV_DELETE, 0, 0, 0);
    if (changed & POLLER_WRITE)
        EV_SET(&changes[count++], fd, EVFILT_WRITE, now & POLLER_WRITE ? EV_ADD : EV_DELETE, 0, 0, 0);
    return count ? kevent(poller, changes, count, NULL, 0, NULL) : 0;
}

static inline void poller_forget(int poller, int fd) {
    struct kevent change;
    EV_SET(&change, fd, EVFILT_READ, EV_DELETE, 0, 0, 0);
    kevent(poller, &change, 1, NULL, 0, NULL);
    EV_SET(&change, fd, EVFILT_WRITE, EV_DELETE, 0, 0, 0);
    kevent(poller, &change, 1, NULL, 0, NULL);
}

static inline int poller_take(int poller, poller_event *out) {
    struct kevent events[POLLER_EVENTS_MAX];
    struct timespec at_once = {0, 0};
    int i, count = kevent(poller, NULL, 0, events, POLLER_EVENTS_MAX, &at_once);
    for (i = 0; i < count; i++) {
        out[i].fd = (int)events[i].ident;
        out[i].ready = events[i].filter == EVFILT_WRITE ? POLLER_WRITE : POLLER_READ;
    }
    return count;
}

#else

#define POLLER_AVAILABLE 0
static inline int poller_open(void) { errno = ENOSYS; return -1; }
static inline int poller_watch(int p, int fd, int b, int n, int w) { errno = ENOSYS; return -1; }
static inline void poller_forget(int p, int fd) { (void)p; (void)fd; }
static inline int poller_take(int p, poller_event *out) { return 0; }

#endif

#if POLLER_AVAILABLE

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS: SO_NOSIGPIPE is set on each socket instead */
#endif

/* Accept one connection: non-blocking, not inherited, no SIGPIPE; -1 with errno. */
static inline int socket_accept(int listener) {
#if defined(__linux__)
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#if defined(SO_NOSIGPIPE)
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#else
    (void)one;
#endif
    return fd;
#endif
}

static inline ssize_t socket_receive(int fd, void *data, size_t size) {
    ssize_t got;
    do got = recv(fd, data, size, 0); while (got < 0 && errno == EINTR);
    return got;
}

static inline ssize_t socket_send(int fd, const void *data, size_t size) {
    ssize_t sent;
    do sent = send(fd, data, size, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
    return sent;
}

/* Send two pieces as one, without copying either. */
static inline ssize_t socket_send_pair(int fd, const void *head, size_t head_size,
                                       const void *data, size_t size) {
    struct iovec pieces[2] = {{(void *)head, head_size}, {(void *)data, size}};
    struct msghdr message;
    ssize_t sent;
    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    do sent = sendmsg(fd, &message, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
    return sent;
}

/* Small messages leave at once (TCP_NODELAY): what is to leave together is put together here. */
static inline void socket_send_at_once(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static inline void socket_end_writing(int fd) { shutdown(fd, SHUT_WR); }
static inline void socket_close(int fd) { close(fd); }

/* Whether the error of a call means "not now". */
static inline int socket_would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK; }

#else

static inline int socket_accept(int l) { errno = ENOSYS; return -1; }
static inline Py_ssize_t socket_receive(int f, void *d, size_t s) { errno = ENOSYS; return -1; }
static inline Py_ssize_t socket_send(int f, const void *d, size_t s) { errno = ENOSYS; return -1; }
static inline Py_ssize_t socket_send_pair(int f, const void *h, size_t n, const void *d, size_t s) {
    errno = ENOSYS;
    return -1;
}
static inline void socket_send_at_once(int f) { (void)f; }
static inline void socket_end_writing(int f) { (void)f; }
static inline void socket_close(int f) { (void)f; }
static inline int socket_would_block(void) { return 0; }

#endif
#endif
