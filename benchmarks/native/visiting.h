// The modes of short visits: connections that come and go, and requests of HTTP.
#pragma once

#include <unistd.h>

#include "frames.h"
#include "span.h"
#include "stream.h"

static uint8_t incoming[1 << 16];

// One connection that is opened and closed again: connecting, then reading the head of the answer,
// then waiting for the server to hang up after both have sent Close.
struct visitor {
    int fd;
    bool is_connected, is_open;
    size_t head_bytes;
    char head[HEAD_BYTES_MAX];
};

static void visit(struct visitor *visitor, uint32_t number, int poller, int port) {
    *visitor = (struct visitor){.fd = new_socket()};
    set_blocking(visitor->fd, false);
    struct sockaddr_in address = loopback(port);
    if (connect(visitor->fd, (struct sockaddr *)&address, sizeof address) < 0 &&
        errno != EINPROGRESS) {
        fail_errno("connect");
    }
    watch(poller, EPOLL_CTL_ADD, visitor->fd, number, EPOLLOUT);
}

// Go one step on; true where the visit is over.
static bool visitor_goes_on(struct visitor *visitor, uint32_t number, int poller) {
    struct stream stream = {.fd = visitor->fd};
    if (!visitor->is_connected) {
        visitor->is_connected = true;
        char request[HEAD_BYTES_MAX];
        size_t bytes = write_request(request, sizeof request, "/echo", false);
        stream_write_all(&stream, request, bytes);
        watch(poller, EPOLL_CTL_MOD, visitor->fd, number, EPOLLIN);
        return false;
    }
    if (visitor->is_open) {
        ssize_t bytes = stream_read(&stream, incoming, sizeof incoming);
        if (bytes > 0 && (incoming[0] & 0x0F) != OPCODE_CLOSE) {
            fail("a frame begins with %02x instead of Close", incoming[0]);
        }
        return bytes == 0;
    }
    size_t room = sizeof visitor->head - 1 - visitor->head_bytes;
    ssize_t bytes = stream_read(&stream, visitor->head + visitor->head_bytes, room);
    if (bytes == 0) {
        fail("the server hung up during the handshake");
    }
    if (bytes > 0) {
        visitor->head_bytes += (size_t)bytes;
        visitor->head[visitor->head_bytes] = '\0';
        if (strstr(visitor->head, "\r\n\r\n") != NULL) {
            check_answer(visitor->head, false);
            visitor->is_open = true;
            static const uint8_t normal[] = {1000 >> 8, 1000 & 0xFF};
            uint8_t frame[HEADER_BYTES_MAX + sizeof normal];
            size_t length = write_client_frame(frame, FIN | OPCODE_CLOSE, normal, sizeof normal);
            stream_write_all(&stream, frame, length);
        }
    }
    return false;
}

static void run_open(const struct options *options) {
    struct visitor *visitors = allocate((size_t)options->connections * sizeof *visitors);
    int poller = epoll_create1(0);
    for (int i = 0; i < options->connections; i++) {
        visit(&visitors[i], (uint32_t)i, poller, options->port);
    }
    struct span span = plan_span(options);
    uint64_t complete = 0;
    while (!span_is_over(&span)) {
        if (span_begins(&span)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events, options);
        for (int i = 0; i < ready; i++) {
            struct visitor *visitor = &visitors[events[i].data.u32];
            if (visitor_goes_on(visitor, events[i].data.u32, poller)) {
                close(visitor->fd);
                complete++;
                visit(visitor, events[i].data.u32, poller, options->port);
            }
        }
    }
    report_span(&span, complete, 0);
}

// Ask once and return the size of the whole answer, which all that follow must share.
static size_t answer_bytes(struct stream *stream, const char *request) {
    stream_write_all(stream, request, strlen(request));
    char answer[HEAD_BYTES_MAX];
    size_t bytes = 0;
    for (;;) {
        ssize_t more = stream_read(stream, answer + bytes, sizeof answer - 1 - bytes);
        if (more <= 0) {
            fail("the server does not answer");
        }
        bytes += (size_t)more;
        answer[bytes] = '\0';
        char *body = strstr(answer, "\r\n\r\n");
        char *length = strcasestr(answer, "content-length:");
        if (body == NULL) {
            continue;
        }
        if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || length == NULL) {
            fail("the server answered %.60s", answer);
        }
        size_t expected = (size_t)(body - answer) + 4 + (size_t)atol(length + 15);
        if (bytes == expected) {
            return bytes;
        }
    }
}

static void run_get(const struct options *options) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\n"
                                  "Accept: application/json\r\n\r\n";
    size_t count = (size_t)options->connections;
    struct stream *streams = allocate(count * sizeof *streams);
    size_t *received = allocate(count * sizeof *received);
    int poller = epoll_create1(0);
    size_t due = 0;
    for (size_t i = 0; i < count; i++) {
        streams[i] = stream_open(options->port, options->tls);
        due = answer_bytes(&streams[i], request);
        set_blocking(streams[i].fd, false);
        watch(poller, EPOLL_CTL_ADD, streams[i].fd, (uint32_t)i, EPOLLIN);
    }
    struct span span = plan_span(options);
    for (size_t i = 0; i < count; i++) {
        stream_write_all(&streams[i], request, sizeof request - 1);
    }
    uint64_t complete = 0;
    while (!span_is_over(&span)) {
        if (span_begins(&span)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events, options);
        for (int i = 0; i < ready; i++) {
            uint32_t number = events[i].data.u32;
            ssize_t bytes = stream_read(&streams[number], incoming, sizeof incoming);
            if (bytes == 0) {
                fail("the server hung up");
            }
            if (bytes < 0) {
                continue;
            }
            if (received[number] == 0 && bytes >= 12 && memcmp(incoming, "HTTP/1.1 200", 12) != 0) {
                fail("the server answered %.60s", incoming);
            }
            received[number] += (size_t)bytes;
            if (received[number] > due) {
                fail("an answer of more than %zu bytes", due);
            }
            if (received[number] == due) {
                received[number] = 0;
                complete++;
                stream_write_all(&streams[number], request, sizeof request - 1);
            }
        }
    }
    report_span(&span, complete, 0);
}
