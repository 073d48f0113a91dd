// The load of the WebSocket benchmark: one thread that keeps many connections busy.
//
//     load MODE port=N pid=N [NAME=NUMBER | NAME=TEXT ...]
//
//   echo   `connections` each keep `window` messages of `bytes` under way, and get them back
//   fan    one publisher sends bursts of `window` messages; each reaches all `connections`
//   open   `connections` at a time are opened, upgraded and closed again, over and over
//   get    `connections` each send one HTTP request after the other
//   idle   `connections` are opened, echo one message each and stay
//
// Others: `seconds` to measure, after `warm` seconds; `binary=1`, `tls=1`, `deflate=1`; for idle
// `deflated=HEX`, the compressed message. It reads the CPU time of process `pid`, the server, and
// prints one line of JSON: what was counted, and how much of the server's time it took.
// Whatever differs from what is due ends it with status 2 and the reason on stderr.
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/resource.h>

#include "process.h"
#include "stream.h"
// What follows needs the connections above.
#include "messages.h"

enum { EVENTS_MAX = 1024, BUFFER_BYTES = 1 << 20, QUIET_MS = 10000, WARM_CONNECTIONS = 10 };

struct options {
    const char *mode;
    int port, pid, connections, window;
    size_t bytes;
    double seconds, warm;
    bool binary, tls, deflate;
    const char *deflated;
};

static uint8_t buffer[BUFFER_BYTES];

static struct options parse_options(int count, char **arguments) {
    if (count < 2) {
        fail("usage: load MODE port=N pid=N ...");
    }
    struct options options = {.mode = arguments[1],
                              .connections = 1,
                              .window = 1,
                              .bytes = 250,
                              .seconds = 1,
                              .warm = 0.1,
                              .deflated = ""};
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            fail("%s is no NAME=VALUE", arguments[i]);
        }
        *value++ = '\0';
        const char *name = arguments[i];
        double number = atof(value);
        if (!strcmp(name, "port")) options.port = (int)number;
        else if (!strcmp(name, "pid")) options.pid = (int)number;
        else if (!strcmp(name, "connections")) options.connections = (int)number;
        else if (!strcmp(name, "window")) options.window = (int)number;
        else if (!strcmp(name, "bytes")) options.bytes = (size_t)number;
        else if (!strcmp(name, "seconds")) options.seconds = number;
        else if (!strcmp(name, "warm")) options.warm = number;
        else if (!strcmp(name, "binary")) options.binary = number != 0;
        else if (!strcmp(name, "tls")) options.tls = number != 0;
        else if (!strcmp(name, "deflate")) options.deflate = number != 0;
        else if (!strcmp(name, "deflated")) options.deflated = value;
        else fail("no option %s", name);
    }
    return options;
}

static void allow_many_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// ------------------------------------------------------------------------------- the clock

// The span that is measured: from `begin` on, until `seconds` have passed.
struct span {
    double begins_at, ends_at, cpu_before;
    bool has_begun;
};

static struct span plan_span(const struct options *options) {
    double begins_at = now_seconds() + options->warm;
    return (struct span){.begins_at = begins_at, .ends_at = begins_at + options->seconds};
}

// Say once that the warming up is over; what was counted so far does not count.
static bool span_begins(struct span *span, int pid) {
    double now = now_seconds();
    if (span->has_begun || now < span->begins_at) {
        return false;
    }
    span->has_begun = true;
    span->ends_at += now - span->begins_at;
    span->begins_at = now;
    span->cpu_before = cpu_seconds_of(pid);
    return true;
}

static bool span_is_over(const struct span *span) {
    return span->has_begun && now_seconds() >= span->ends_at;
}

static void report_span(const struct span *span, int pid, uint64_t count, uint64_t compressed) {
    printf("{\"count\": %llu, \"compressed\": %llu, \"cpu_seconds\": %.6f, "
           "\"wall_seconds\": %.6f}\n",
           (unsigned long long)count, (unsigned long long)compressed,
           cpu_seconds_of(pid) - span->cpu_before, now_seconds() - span->begins_at);
}

static int wait_for_events(int poller, struct epoll_event *events) {
    int count = epoll_wait(poller, events, EVENTS_MAX, QUIET_MS);
    if (count == 0) {
        fail("the server has said nothing for %d seconds", QUIET_MS / 1000);
    }
    if (count < 0) {
        fail_errno("wait");
    }
    return count;
}

static void watch(int poller, int operation, int fd, uint32_t number, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = number};
    if (epoll_ctl(poller, operation, fd, &event) < 0) {
        fail_errno("watch a socket");
    }
}

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

// ----------------------------------------------------------------------------------- modes

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
        if (span_begins(&span, options->pid)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events);
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
    report_span(&span, options->pid, complete, 0);
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
        if (span_begins(&span, options->pid)) {
            delivered = 0;
            compressed_before = compressed;
        }
        size_t burst_bytes = window * messages.frame_bytes;
        stream_write_all(&publisher, messages.frames + burst % 8 * burst_bytes, burst_bytes);
        uint64_t due = delivered + count * window;
        while (delivered < due) {
            struct epoll_event events[EVENTS_MAX];
            int ready = wait_for_events(poller, events);
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
    report_span(&span, options->pid, delivered, compressed - compressed_before);
}

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
        ssize_t bytes = stream_read(&stream, buffer, sizeof buffer);
        if (bytes > 0 && (buffer[0] & 0x0F) != OPCODE_CLOSE) {
            fail("a frame begins with %02x instead of Close", buffer[0]);
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
        if (span_begins(&span, options->pid)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events);
        for (int i = 0; i < ready; i++) {
            struct visitor *visitor = &visitors[events[i].data.u32];
            if (visitor_goes_on(visitor, events[i].data.u32, poller)) {
                close(visitor->fd);
                complete++;
                visit(visitor, events[i].data.u32, poller, options->port);
            }
        }
    }
    report_span(&span, options->pid, complete, 0);
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
        if (span_begins(&span, options->pid)) {
            complete = 0;
        }
        struct epoll_event events[EVENTS_MAX];
        int ready = wait_for_events(poller, events);
        for (int i = 0; i < ready; i++) {
            uint32_t number = events[i].data.u32;
            ssize_t bytes = stream_read(&streams[number], buffer, sizeof buffer);
            if (bytes == 0) {
                fail("the server hung up");
            }
            if (bytes < 0) {
                continue;
            }
            if (received[number] == 0 && bytes >= 12 && memcmp(buffer, "HTTP/1.1 200", 12) != 0) {
                fail("the server answered %.60s", buffer);
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
    report_span(&span, options->pid, complete, 0);
}

// Turn `text`, pairs of hexadecimal digits, into bytes; return how many.
static size_t parse_hex(const char *text, uint8_t *out, size_t bytes_max) {
    size_t bytes = 0;
    unsigned value;
    while (bytes < bytes_max && sscanf(text + 2 * bytes, "%2x", &value) == 1) {
        out[bytes++] = (uint8_t)value;
    }
    return bytes;
}

// Open a connection, let it echo one message, and leave it alone.
static void open_idle(const struct options *options, const uint8_t *frame, size_t frame_bytes) {
    struct stream stream = websocket_open(options->port, "/echo", options->tls, options->deflate);
    set_blocking(stream.fd, true);
    stream_write_all(&stream, frame, frame_bytes);
    size_t bytes = 0;
    struct header header;
    do {
        ssize_t more = stream_read(&stream, buffer + bytes, sizeof buffer - bytes);
        if (more <= 0) {
            fail("the server did not echo");
        }
        bytes += (size_t)more;
    } while (!parse_header(buffer, bytes, &header) || bytes < header.bytes + header.payload_bytes);
    if ((header.first & ~RSV1) != (FIN | OPCODE_TEXT)) {
        fail("a frame begins with %02x", header.first);
    }
}

static void run_idle(const struct options *options) {
    struct messages message = make_messages(1, options->bytes, true);
    const uint8_t *frame = message.frames;
    size_t frame_bytes = message.frame_bytes;
    uint8_t deflated[1024], deflated_frame[sizeof deflated + HEADER_BYTES_MAX];
    if (options->deflate) {
        size_t bytes = parse_hex(options->deflated, deflated, sizeof deflated);
        frame_bytes =
            write_client_frame(deflated_frame, FIN | RSV1 | OPCODE_TEXT, deflated, bytes);
        frame = deflated_frame;
    }
    // The first ones pay for what all share: code that is loaded late, tables, pools.
    for (int i = 0; i < WARM_CONNECTIONS; i++) {
        open_idle(options, frame, frame_bytes);
    }
    usleep(200000);
    double before = resident_bytes_of(options->pid);
    for (int i = 0; i < options->connections; i++) {
        open_idle(options, frame, frame_bytes);
    }
    usleep(200000);
    double grown = resident_bytes_of(options->pid) - before;
    printf("{\"count\": %d, \"bytes_each\": %.1f}\n", options->connections,
           grown / options->connections);
}

int main(int count, char **arguments) {
    struct options options = parse_options(count, arguments);
    allow_many_files();
    if (!strcmp(options.mode, "echo")) {
        run_echo(&options);
    } else if (!strcmp(options.mode, "fan")) {
        run_fan(&options);
    } else if (!strcmp(options.mode, "open")) {
        run_open(&options);
    } else if (!strcmp(options.mode, "get")) {
        run_get(&options);
    } else if (!strcmp(options.mode, "idle")) {
        run_idle(&options);
    } else {
        fail("no mode %s", options.mode);
    }
    return 0;
}
