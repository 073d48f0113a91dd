// The modes in which messages travel all the time: echo and fan.
#pragma once

#include <unistd.h>

#include "messages.h"
#include "receiver.h"
#include "span.h"

static uint8_t buffer[1 << 20];

// Take in all that a connection has received; return how many messages became complete.
static uint64_t read_messages(struct receiver *receiver, const struct messages *expected,
                              bool deflate) {
    uint64_t complete = 0;
    for (;;) {
        ssize_t bytes = stream_read(&receiver->stream, buffer, sizeof buffer);
        if (bytes == 0) {
            fail("the server hung up");
        }
        if (bytes < 0) {
            return complete;
        }
        complete += take_bytes(receiver, buffer, (size_t)bytes, expected, deflate);
        // epoll tells again what a socket still holds, but not what TLS has read ahead.
        if (receiver->stream.tls == NULL) {
            return complete;
        }
    }
}

// Write as much as fits of the requests that are due; `requests` holds `window` equal frames.
static void write_requests(struct receiver *receiver, const uint8_t *requests, size_t frame_bytes) {
    while (receiver->unsent_bytes) {
        ssize_t written = stream_write(&receiver->stream, requests + receiver->sent_bytes,
                                       receiver->unsent_bytes);
        if (written < 0) {
            return;
        }
        receiver->unsent_bytes -= (size_t)written;
        receiver->sent_bytes = (receiver->sent_bytes + (size_t)written) % frame_bytes;
    }
}

static void run_echo(const struct options *options) {
    struct messages message = make_messages(1, options->bytes, !options->binary);
    // One more than the window: a request that was cut may begin in the middle of the first.
    size_t window = (size_t)options->window;
    uint8_t *requests = allocate((window + 1) * message.frame_bytes);
    for (size_t i = 0; i <= window; i++) {
        memcpy(requests + i * message.frame_bytes, message.frames, message.frame_bytes);
    }
    size_t count = (size_t)options->connections;
    struct receiver *receivers = allocate(count * sizeof *receivers);
    int poller = epoll_create1(0);
    for (size_t i = 0; i < count; i++) {
        receivers[i].stream =
            websocket_open(options->port, "/echo", options->tls, options->deflate);
        watch(poller, EPOLL_CTL_ADD, receivers[i].stream.fd, (uint32_t)i, EPOLLIN);
    }

    struct span span = plan_span(options);
    for (size_t i = 0; i < count; i++) {
        receivers[i].unsent_bytes = window * message.frame_bytes;
        write_requests(&receivers[i], requests, message.frame_bytes);
        receivers[i].wants_to_write = receivers[i].unsent_bytes > 0;
        if (receivers[i].wants_to_write) {
            watch(poller, EPOLL_CTL_MOD, receivers[i].stream.fd, (uint32_t)i, EPOLLIN | EPOLLOUT);
        }
    }
    uint64_t complete = 0;
    while (!span_is_over(&span)) {
        if (span_begins(&span)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events, options);
        for (int i = 0; i < ready; i++) {
            struct receiver *receiver = &receivers[events[i].data.u32];
            uint64_t taken = read_messages(receiver, &message, options->deflate);
            complete += taken;
            receiver->unsent_bytes += taken * message.frame_bytes;
            write_requests(receiver, requests, message.frame_bytes);
            bool wants_to_write = receiver->unsent_bytes > 0;
            if (wants_to_write != receiver->wants_to_write) {
                receiver->wants_to_write = wants_to_write;
                watch(poller, EPOLL_CTL_MOD, receiver->stream.fd, events[i].data.u32,
                      EPOLLIN | (wants_to_write ? EPOLLOUT : 0));
            }
        }
    }
    report_span(&span, complete, 0);
}

static void run_fan(const struct options *options) {
    size_t window = (size_t)options->window;
    struct messages messages = make_messages(8 * window, options->bytes, !options->binary);
    size_t count = (size_t)options->connections;
    struct receiver *receivers = allocate(count * sizeof *receivers);
    int poller = epoll_create1(0);
    for (size_t i = 0; i < count; i++) {
        receivers[i].stream =
            websocket_open(options->port, "/subscribe", options->tls, options->deflate);
        watch(poller, EPOLL_CTL_ADD, receivers[i].stream.fd, (uint32_t)i, EPOLLIN);
    }
    struct stream publisher = websocket_open(options->port, "/publish", options->tls, false);

    // The answer to a subscriber's handshake may leave before the server has its name on the list.
    usleep(50000);

    struct span span = plan_span(options);
    uint64_t delivered = 0, compressed_before = 0, compressed = 0;
    for (uint64_t burst = 0; !span_is_over(&span); burst++) {
        bool is_warm = burst * window >= (uint64_t)options->warm_messages;
        if (is_warm && span_begins(&span)) {
            delivered = 0;
            compressed_before = compressed;
        }
        size_t burst_bytes = window * messages.frame_bytes;
        stream_write_all(&publisher, messages.frames + burst % 8 * burst_bytes, burst_bytes);
        uint64_t due = delivered + count * window;
        while (delivered < due) {
            struct epoll_event events[EVENTS_MAX];
            int ready = wait_for_events(poller, events, options);
            for (int i = 0; i < ready; i++) {
                struct receiver *receiver = &receivers[events[i].data.u32];
                delivered += read_messages(receiver, &messages, options->deflate);
            }
        }
        compressed = 0;
        for (size_t i = 0; i < count; i++) {
            if (receivers[i].messages != (burst + 1) * window) {
                fail("a subscriber has %llu messages instead of %llu",
                     (unsigned long long)receivers[i].messages,
                     (unsigned long long)((burst + 1) * window));
            }
            compressed += receivers[i].compressed;
        }
    }
    report_span(&span, delivered, compressed - compressed_before);
}
