// The mode of connections that stay and do nothing.
#pragma once

#include <unistd.h>

#include "frames.h"
#include "messages.h"
#include "options.h"
#include "process.h"
#include "stream.h"

enum { WARM_CONNECTIONS = 10 };

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
    uint8_t answer[4096];
    size_t bytes = 0;
    struct header header;
    do {
        ssize_t more = stream_read(&stream, answer + bytes, sizeof answer - bytes);
        if (more <= 0) {
            fail("the server did not echo");
        }
        bytes += (size_t)more;
    } while (!parse_header(answer, bytes, &header) || bytes < header.bytes + header.payload_bytes);
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
