/* UTF-8 to code points and back. */
#ifndef MEDSMITH_UTF8_H
#define MEDSMITH_UTF8_H

#include "token_hash.h"

#define NORM_INVALID 0xFFFFFFFFu

/* Decode the code point at bytes[0..left), left > 0; a byte that begins none is NORM_INVALID. */
NORM_INLINE unsigned norm_decode(const uint8_t *bytes, size_t left, uint32_t *point)
{
    uint32_t first = bytes[0];
    if (first < 0x80) {
        *point = first;
        return 1;
    }
    if (first >= 0xC2 && first < 0xE0 && left >= 2 && (bytes[1] & 0xC0) == 0x80) {
        *point = (first & 0x1F) << 6 | (bytes[1] & 0x3Fu);
        return 2;
    }
    if ((first & 0xF0) == 0xE0 && left >= 3 && (bytes[1] & 0xC0) == 0x80 &&
        (bytes[2] & 0xC0) == 0x80) {
        uint32_t value = (first & 0x0F) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
        if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) {
            *point = value;
            return 3;
        }
    }
    if ((first & 0xF8) == 0xF0 && left >= 4 && (bytes[1] & 0xC0) == 0x80 &&
        (bytes[2] & 0xC0) == 0x80 && (bytes[3] & 0xC0) == 0x80) {
        uint32_t value = (first & 0x07) << 18 | (bytes[1] & 0x3Fu) << 12 |
                         (bytes[2] & 0x3Fu) << 6 | (bytes[3] & 0x3Fu);
        if (value >= 0x10000 && value <= 0x10FFFF) {
            *point = value;
            return 4;
        }
    }
    *point = NORM_INVALID;
    return 1;
}

NORM_INLINE uint64_t norm_encode(uint32_t point, unsigned *count)
{
    if (point < 0x80) {
        *count = 1;
        return point;
    }
    if (point < 0x800) {
        *count = 2;
        return (0xC0u | point >> 6) | (0x80u | (point & 0x3F)) << 8;
    }
    if (point < 0x10000) {
        *count = 3;
        return (0xE0u | point >> 12) | (0x80u | (point >> 6 & 0x3F)) << 8 |
               (0x80u | (point & 0x3F)) << 16;
    }
    *count = 4;
    return (0xF0u | point >> 18) | (0x80u | (point >> 12 & 0x3F)) << 8 |
           (0x80u | (point >> 6 & 0x3F)) << 16 | (uint64_t)(0x80u | (point & 0x3F)) << 24;
}

#endif
