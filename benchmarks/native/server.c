// A WebSocket server with nothing in it but what the kernel costs: the limit for all others.
//
//     server plain|coalescing
//
// It prints its port and serves until stdin ends. On /echo a message comes back; what arrives on
// /publish goes to every connection on /subscribe: `plain` sends each message by itself,
// `coalescing` sends all messages of one read together. It checks nothing, knows no control
// frames and keeps no limits, so it is no example to follow.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"
#include "frames.h"

enum { CONNECTIONS_MAX = 65536, EVENTS_MAX = 512, BUFFER_BYTES = 4 << 20 };

enum role { HANDSHAKING, ECHOING, SUBSCRIBED, PUBLISHING };

struct connection {
    int fd;
    enum role role;
    uint8_t *partial; // the beginning of a frame, or of a handshake, that has not ended
    size_t partial_bytes;
    uint8_t *unsent; // what the kernel had no room for
    size_t unsent_bytes;
};

static struct connection *connections[CONNECTIONS_MAX]; // by file descriptor
static struct connection *subscribers[CONNECTIONS_MAX];
static size_t subscriber_count;
static uint8_t incoming[BUFFER_BYTES];
static uint8_t outgoing[BUFFER_BYTES];
static bool coalescing;
static int poller;

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, operation, fd, &event) < 0) {
        fail_errno("watch a socket");
    }
}

static uint8_t *copy_of(const uint8_t *data, size_t bytes) {
    uint8_t *copy = allocate(bytes);
    memcpy(copy, data, bytes);
    return copy;
}

static void keep_unsent(struct connection *connection, const uint8_t *data, size_t bytes) {
    size_t before = connection->unsent_bytes;
    connection->unsent = realloc(connection->unsent, before + bytes);
    if (connection->unsent == NULL) {
        fail("no memory for %zu bytes", before + bytes);
    }
    memcpy(connection->unsent + before, data, bytes);
    connection->unsent_bytes = before + bytes;
    if (before == 0) {
        watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN | EPOLLOUT);
    }
}

static void write_or_keep(struct connection *connection, const uint8_t *data, size_t bytes) {
    if (connection->unsent_bytes == 0) {
        ssize_t sent = send(connection->fd, data, bytes, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) {
                return; // the next read finds it gone
            }
            sent = 0;
        }
        data += sent;
        bytes -= (size_t)sent;
    }
    if (bytes) {
        keep_unsent(connection, data, bytes);
    }
}

static void write_unsent(struct connection *connection) {
    ssize_t sent = send(connection->fd, connection->unsent, connection->unsent_bytes, MSG_NOSIGNAL);
    if (sent <= 0) {
        return;
    }
    connection->unsent_bytes -= (size_t)sent;
    memmove(connection->unsent, connection->unsent + sent, connection->unsent_bytes);
    if (connection->unsent_bytes == 0) {
        watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN);
    }
}

static void write_to_all(const uint8_t *data, size_t bytes) {
    for (size_t i = 0; i < subscriber_count; i++) {
        write_or_keep(subscribers[i], data, bytes);
    }
}

static void hang_up(struct connection *connection) {
    for (size_t i = 0; i < subscriber_count; i++) {
        if (subscribers[i] == connection) {
            subscribers[i] = subscribers[--subscriber_count];
            break;
        }
    }
    connections[connection->fd] = NULL;
    close(connection->fd);
    free(connection->partial);
    free(connection->unsent);
    free(connection);
}

static void welcome_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CONNECTIONS_MAX) {
            fail("more than %d sockets", CONNECTIONS_MAX);
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[fd] = allocate(sizeof *connections[fd]);
        connections[fd]->fd = fd;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

// Answer a whole request head; false where more of it is to come.
static bool open_websocket(struct connection *connection, char *head, size_t bytes) {
    // It serves the load of this benchmark and nobody else, which sends the key of RFC 6455
    // section 1.3: the answer stands there too, and no SHA-1 is needed.
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    head[bytes] = '\0';
    if (strstr(head, "\r\n\r\n") == NULL) {
        return false;
    }
    if (strstr(head, "dGhlIHNhbXBsZSBub25jZQ==") == NULL) {
        fail("a client that is not the load of this benchmark");
    }
    connection->role = ECHOING;
    if (strncmp(head, "GET /subscribe", 14) == 0) {
        connection->role = SUBSCRIBED;
        subscribers[subscriber_count++] = connection;
    } else if (strncmp(head, "GET /publish", 12) == 0) {
        connection->role = PUBLISHING;
    }
    write_or_keep(connection, (const uint8_t *)answer, sizeof answer - 1);
    return true;
}

static void flush(struct connection *connection, size_t *outgoing_bytes) {
    if (*outgoing_bytes && connection->role == PUBLISHING) {
        write_to_all(outgoing, *outgoing_bytes);
    } else if (*outgoing_bytes) {
        write_or_keep(connection, outgoing, *outgoing_bytes);
    }
    *outgoing_bytes = 0;
}

// Answer every whole frame of `data`; return how many bytes they were.
static size_t take_frames(struct connection *connection, uint8_t *data, size_t bytes) {
    size_t taken = 0, outgoing_bytes = 0;
    bool together = connection->role != PUBLISHING || coalescing;
    struct header header;
    while (parse_header(data + taken, bytes - taken, &header) &&
           bytes - taken >= header.bytes + header.payload_bytes) {
        uint8_t *payload = data + taken + header.bytes;
        size_t payload_bytes = (size_t)header.payload_bytes;
        apply_mask(payload, payload_bytes, payload - KEY_BYTES);
        // The header without the key fits in front of the payload, where the longer one stood.
        uint8_t *frame = payload - (header.bytes - KEY_BYTES);
        write_header(frame, header.first, false, payload_bytes);
        size_t frame_bytes = header.bytes - KEY_BYTES + payload_bytes;
        if (!together) {
            write_to_all(frame, frame_bytes);
        } else {
            if (outgoing_bytes + frame_bytes > sizeof outgoing) {
                flush(connection, &outgoing_bytes);
            }
            memcpy(outgoing + outgoing_bytes, frame, frame_bytes);
            outgoing_bytes += frame_bytes;
        }
        taken += header.bytes + payload_bytes;
    }
    flush(connection, &outgoing_bytes);
    return taken;
}

static void read_from(struct connection *connection) {
    size_t bytes = connection->partial_bytes;
    if (bytes) {
        memcpy(incoming, connection->partial, bytes);
        free(connection->partial);
        connection->partial = NULL;
        connection->partial_bytes = 0;
    }
    // One byte less, for the end of a string.
    ssize_t received = recv(connection->fd, incoming + bytes, sizeof incoming - 1 - bytes, 0);
    if (received == 0 || (received < 0 && errno != EAGAIN)) {
        hang_up(connection);
        return;
    }
    bytes += received > 0 ? (size_t)received : 0;
    size_t taken = 0;
    if (connection->role != HANDSHAKING) {
        taken = take_frames(connection, incoming, bytes);
    } else if (open_websocket(connection, (char *)incoming, bytes)) {
        taken = bytes; // the load waits for the answer before it sends a frame
    }
    if (bytes - taken == sizeof incoming - 1) {
        fail("a frame of more than %zu bytes", sizeof incoming);
    }
    if (bytes > taken) {
        connection->partial = copy_of(incoming + taken, bytes - taken);
        connection->partial_bytes = bytes - taken;
    }
}

// Listen on a free port of the loopback interface and say which.
static int listen_and_tell(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
        listen(listener, 4096) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        fail_errno("listen");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments) {
    if (count != 2 || (strcmp(arguments[1], "plain") && strcmp(arguments[1], "coalescing"))) {
        fail("usage: server plain|coalescing");
    }
    coalescing = strcmp(arguments[1], "coalescing") == 0;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    poller = epoll_create1(0);
    int listener = listen_and_tell();
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) {
                return 0;
            }
            if (fd == listener) {
                welcome_all(listener);
                continue;
            }
            struct connection *connection = connections[fd];
            if (connection == NULL) {
                continue;
            }
            if (events[i].events & EPOLLOUT) {
                write_unsent(connection);
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                read_from(connection);
            }
        }
    }
}
