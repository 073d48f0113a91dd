// Frames of RFC 6455 section 5.2, as far as a benchmark needs them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8 };
enum { FIN = 0x80, RSV1 = 0x40, MASKED = 0x80 };
enum { KEY_BYTES = 4, HEADER_BYTES_MAX = 14 };

struct header {
    size_t bytes;  // of the header itself, its masking key included
    uint8_t first; // FIN, the reserved bits and the opcode, as they travel
    bool masked;
    uint64_t payload_bytes;
};

// Read a header; false where `data` ends before it does.
static inline bool parse_header(const uint8_t *data, size_t bytes, struct header *header) {
    if (bytes < 2) {
        return false;
    }
    header->first = data[0];
    header->masked = data[1] & MASKED;
    size_t length_bytes = 0;
    header->payload_bytes = data[1] & 0x7F;
    if (header->payload_bytes == 126) {
        length_bytes = 2;
    } else if (header->payload_bytes == 127) {
        length_bytes = 8;
    }
    header->bytes = 2 + length_bytes + (header->masked ? KEY_BYTES : 0);
    if (bytes < header->bytes) {
        return false;
    }
    if (length_bytes) {
        header->payload_bytes = 0;
        for (size_t i = 0; i < length_bytes; i++) {
            header->payload_bytes = header->payload_bytes << 8 | data[2 + i];
        }
    }
    return true;
}

// Write a header without masking key; return its size.
static inline size_t write_header(uint8_t *out, uint8_t first, bool masked,
                                  uint64_t payload_bytes) {
    size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
    uint8_t length = length_bytes == 0 ? (uint8_t)payload_bytes : length_bytes == 2 ? 126 : 127;
    out[0] = first;
    out[1] = (masked ? MASKED : 0) | length;
    for (size_t i = 0; i < length_bytes; i++) {
        out[2 + i] = (uint8_t)(payload_bytes >> 8 * (length_bytes - 1 - i));
    }
    return 2 + length_bytes;
}

// 5.3: octet i of the payload is XORed with octet i modulo 4 of the key. Its own inverse.
static inline void apply_mask(uint8_t *data, size_t bytes, const uint8_t key[KEY_BYTES]) {
    uint64_t word_key;
    memcpy(&word_key, key, 4);
    memcpy((uint8_t *)&word_key + 4, key, 4);
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        word ^= word_key;
        memcpy(data + i, &word, 8);
    }
    for (; i < bytes; i++) {
        data[i] ^= key[i & 3];
    }
}

// Write a whole frame of a client; return its size.
static inline size_t write_client_frame(uint8_t *out, uint8_t first, const uint8_t *payload,
                                        size_t payload_bytes) {
    // A load needs no secrecy: 5.3 asks for unpredictable keys to protect proxies from browsers.
    static const uint8_t key[KEY_BYTES] = {0x37, 0xFA, 0x21, 0x3D};
    size_t header_bytes = write_header(out, first, true, payload_bytes);
    memcpy(out + header_bytes, key, KEY_BYTES);
    uint8_t *body = out + header_bytes + KEY_BYTES;
    memcpy(body, payload, payload_bytes);
    apply_mask(body, payload_bytes, key);
    return header_bytes + KEY_BYTES + payload_bytes;
}
