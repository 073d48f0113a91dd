// What the load sends.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "frames.h"

// A fixed number of messages of one size, used in turn: as payloads, and as a client's frames.
struct messages {
    size_t count;
    size_t bytes; // of one payload
    size_t frame_bytes;
    uint8_t first; // of their frames: FIN and opcode
    uint8_t *payloads;
    uint8_t *frames;
};

// Fill `out` with a ticker whose numbers differ from message to message, as prices do: a stream
// compressor finds the same keys again, but not the same message.
static void write_ticker(uint8_t *out, size_t bytes, unsigned number) {
    memset(out, ' ', bytes);
    size_t used = 0;
    unsigned random = number * 2654435761u + 1;
    while (used < bytes) {
        random = random * 1664525u + 1013904223u;
        unsigned a = random >> 8 & 0xFFFF, b = random >> 12 & 0xFFFF, c = random >> 16;
        char text[320];
        int length = snprintf(
            text, sizeof text,
            "{\"instrument_name\":\"BTC-27JUN25-100000-C\",\"mark_iv\":%u.%02u,\"bid\":0.0%04u,"
            "\"ask\":0.0%04u,\"greeks\":{\"delta\":0.%05u,\"vega\":%u.%u,\"theta\":-%u.%u},"
            "\"index_price\":9%04u.%02u,\"timestamp\":1732257%06u,\"state\":\"open\"}",
            40 + a % 40, b % 100, b % 10000, c % 10000, a, 50 + c % 50, a % 10, 20 + b % 30, c % 10,
            a % 10000, b % 100, number);
        size_t rest = bytes - used;
        size_t fits = (size_t)length < rest ? (size_t)length : rest;
        memcpy(out + used, text, fits);
        used += (size_t)length + 1; // a space between two, and whatever does not fit is left out
        if (rest < 2 * (size_t)length) {
            break;
        }
    }
}

static struct messages make_messages(size_t count, size_t bytes, bool text) {
    struct messages made = {.count = count,
                            .bytes = bytes,
                            .first = FIN | (text ? OPCODE_TEXT : OPCODE_BINARY),
                            .payloads = allocate(count * bytes),
                            .frames = allocate(count * (bytes + HEADER_BYTES_MAX))};
    for (size_t i = 0; i < count; i++) {
        uint8_t *payload = made.payloads + i * bytes;
        write_ticker(payload, bytes, (unsigned)i);
        made.frame_bytes =
            write_client_frame(made.frames + i * made.frame_bytes, made.first, payload, bytes);
    }
    return made;
}
