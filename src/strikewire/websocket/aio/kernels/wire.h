/* The loops that touch every byte of a frame: masking (RFC 6455 section 5.3) and UTF-8 (RFC 3629).
 *
 * They stand in C because the kernels that use them work on memory that no Python object owns: the
 * receive buffer, the cork. mask.py and utf8.py are the same functions over bytes, and the tests
 * hold these to them.
 */
#ifndef STRIKEWIRE_WIRE_H
#define STRIKEWIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Wide vectors where the processor has them, chosen when the module is loaded; a wheel must run on
 * the machine next door. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define WIRE_WIDE __attribute__((noinline, target_clones("avx2", "default")))
#else
#define WIRE_WIDE
#endif

/* Vectors by name: left to find them in loops over words, gcc goes by way of the stack, and takes twenty
 * times as long. */
#if defined(__GNUC__)
typedef uint64_t wire_lanes __attribute__((vector_size(32), aligned(1), may_alias));

/* Mask whole blocks of 64 bytes; return the bits that any of the masked bytes has. */
static WIRE_WIDE unsigned char wire_mask_blocks(unsigned char *target, const unsigned char *source,
                                                size_t blocks, uint64_t keys) {
    const wire_lanes key = {keys, keys, keys, keys};
    wire_lanes seen = {0, 0, 0, 0}, also = {0, 0, 0, 0};
    uint64_t all;
    size_t i;
    for (i = 0; i < 64 * blocks; i += 64) {
        wire_lanes one = *(const wire_lanes *)(source + i) ^ key;
        wire_lanes other = *(const wire_lanes *)(source + i + 32) ^ key;
        seen |= one;
        also |= other;
        *(wire_lanes *)(target + i) = one;
        *(wire_lanes *)(target + i + 32) = other;
    }
    seen |= also;
    all = seen[0] | seen[1] | seen[2] | seen[3];
    all |= all >> 32;
    all |= all >> 16;
    return (unsigned char)(all | all >> 8);
}

/* How many of these blocks of 64 bytes are ASCII, before the first that is not. */
static WIRE_WIDE size_t wire_ascii_blocks(const unsigned char *data, size_t blocks) {
    size_t i;
    for (i = 0; i < blocks; i++) {
        const wire_lanes *at = (const wire_lanes *)(data + 64 * i);
        wire_lanes both = at[0] | at[1];
        if ((both[0] | both[1] | both[2] | both[3]) & 0x8080808080808080ull) break;
    }
    return i;
}
#else
static unsigned char wire_mask_blocks(unsigned char *target, const unsigned char *source,
                                      size_t blocks, uint64_t keys) {
    uint64_t word, all = 0;
    size_t i;
    for (i = 0; i < 64 * blocks; i += 8) {
        memcpy(&word, source + i, 8);
        word ^= keys;
        all |= word;
        memcpy(target + i, &word, 8);
    }
    all |= all >> 32;
    all |= all >> 16;
    return (unsigned char)(all | all >> 8);
}

static size_t wire_ascii_blocks(const unsigned char *data, size_t blocks) {
    uint64_t word;
    size_t i;
    for (i = 0; i < 64 * blocks; i += 8) {
        memcpy(&word, data + i, 8);
        if (word & 0x8080808080808080ull) break;
    }
    return i / 64;
}
#endif

/* Write `size` bytes of `source`, masked with `key`, to `target`; they may be the same place.
 * `turn` is how many bytes of the payload came before: octet i meets octet (turn + i) mod 4.
 * Returns the bits that any of the masked bytes has: below 0x80 they are all ASCII. */
static inline unsigned char wire_mask(unsigned char *target, const unsigned char *source,
                                      size_t size, const unsigned char key[4], size_t turn) {
    unsigned char turned[8], seen = 0;
    uint64_t keys, word, all = 0;
    size_t i;
    for (i = 0; i < 8; i++) turned[i] = key[(turn + i) & 3];
    memcpy(&keys, turned, 8);
    i = size & ~(size_t)63;
    if (i) seen = wire_mask_blocks(target, source, i / 64, keys);
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, source + i, 8);
        word ^= keys;
        all |= word;
        memcpy(target + i, &word, 8);
    }
    for (; i < size; i++) {
        target[i] = source[i] ^ turned[i & 7];
        seen |= target[i];
    }
    return all & 0x8080808080808080ull ? seen | 0x80 : seen;
}

/* How many bytes at the start of `data` are ASCII, counted in whole words: never too many. */
static inline size_t wire_ascii(const unsigned char *data, size_t size) {
    size_t i = size >= 64 ? 64 * wire_ascii_blocks(data, size / 64) : 0;
    while (i + 8 <= size) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        if (word & 0x8080808080808080ull) break;
        i += 8;
    }
    return i;
}

enum { WIRE_COMPLETE = 0, WIRE_REJECT = 8 };

/* The state after `data`; states and table as in utf8.py, where they are explained. */
static inline int wire_utf8(int state, const unsigned char *data, size_t size) {
    static const unsigned char lowest[8] = {0x00, 0x80, 0x80, 0x80, 0xA0, 0x80, 0x90, 0x80};
    static const unsigned char highest[8] = {0x00, 0xBF, 0xBF, 0xBF, 0xBF, 0x9F, 0xBF, 0x8F};
    static const unsigned char then[8] = {0, 0, 1, 2, 1, 1, 2, 2};
    size_t i = 0;
    while (i < size) {
        unsigned char byte;
        if (state == WIRE_COMPLETE) {
            i += wire_ascii(data + i, size - i);
            if (i == size) return state;
        }
        byte = data[i++];
        if (state != WIRE_COMPLETE) {
            if (byte < lowest[state] || byte > highest[state]) return WIRE_REJECT;
            state = then[state];
        } else if (byte < 0x80) {
            continue;
        } else if (byte < 0xC2 || byte > 0xF4) {
            return WIRE_REJECT;
        } else if (byte < 0xE0) {
            state = 1;
        } else if (byte < 0xF0) {
            state = byte == 0xE0 ? 4 : byte == 0xED ? 5 : 2;
        } else {
            state = byte == 0xF0 ? 6 : byte == 0xF4 ? 7 : 3;
        }
    }
    return state;
}

/* Write the header of a frame without its key; return its size, at most 10. */
static inline int wire_header(unsigned char *out, unsigned char first, uint64_t length,
                              unsigned char masked) {
    int i;
    out[0] = first;
    if (length < 126) {
        out[1] = (unsigned char)(masked | length);
        return 2;
    }
    if (length < 65536) {
        out[1] = masked | 126;
        out[2] = (unsigned char)(length >> 8);
        out[3] = (unsigned char)length;
        return 4;
    }
    out[1] = masked | 127;
    for (i = 0; i < 8; i++) out[2 + i] = (unsigned char)(length >> (56 - 8 * i));
    return 10;
}

#endif
