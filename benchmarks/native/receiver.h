// A connection that receives, and the check that it receives just what is due.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fail.h"
#include "frames.h"
#include "messages.h"
#include "stream.h"

// How far a connection is with what it receives.
struct receiver {
    struct stream stream;
    uint64_t messages;   // complete ones
    uint64_t compressed; // of these
    size_t head_bytes;   // of a header that has not arrived in full
    uint8_t head[HEADER_BYTES_MAX];
    uint64_t payload_left;
    uint64_t payload_at;
    size_t unsent_bytes; // of requests that this connection still has to write
    size_t sent_bytes;   // of the request that is under way
    bool wants_to_write;
};

// End unless this is the header of the message that is due.
static void check_header(const struct header *header, const struct messages *expected,
                         bool deflate) {
    bool compressed = header->first & RSV1;
    if (header->masked) {
        fail("the server masked a frame");
    }
    if ((header->first & ~RSV1) != expected->first || (compressed && !deflate)) {
        fail("a frame begins with %02x instead of %02x", header->first, expected->first);
    }
    if (compressed ? header->payload_bytes == 0 || header->payload_bytes > expected->bytes + 16
                   : header->payload_bytes != expected->bytes) {
        fail("a frame of %llu bytes instead of %zu", (unsigned long long)header->payload_bytes,
             expected->bytes);
    }
}

// Take in bytes of a server whose every message is one frame; return how many became complete.
static uint64_t take_bytes(struct receiver *receiver, const uint8_t *data, size_t bytes,
                           const struct messages *expected, bool deflate) {
    uint64_t before = receiver->messages;
    while (bytes) {
        if (receiver->payload_left == 0) {
            receiver->head[receiver->head_bytes++] = *data++;
            bytes--;
            struct header header;
            if (!parse_header(receiver->head, receiver->head_bytes, &header)) {
                continue;
            }
            check_header(&header, expected, deflate);
            receiver->payload_left = header.payload_bytes;
            receiver->payload_at = 0;
            continue;
        }
        size_t part = bytes < receiver->payload_left ? bytes : (size_t)receiver->payload_left;
        bool compressed = receiver->head[0] & RSV1;
        if (!compressed) {
            const uint8_t *payload =
                expected->payloads + receiver->messages % expected->count * expected->bytes;
            if (memcmp(payload + receiver->payload_at, data, part) != 0) {
                fail("message %llu of a connection holds something else",
                     (unsigned long long)receiver->messages);
            }
        }
        data += part;
        bytes -= part;
        receiver->payload_at += part;
        receiver->payload_left -= part;
        if (receiver->payload_left == 0) {
            receiver->messages++;
            receiver->compressed += compressed;
            receiver->head_bytes = 0;
        }
    }
    return receiver->messages - before;
}
