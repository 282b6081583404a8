/* The 64-bit hash of a token: of its folded UTF-8 bytes up to the first symbol, into which each
 * later code point is mixed.
 *
 * Folded multiplication as in wyhash (Wang Yi, 2019), 16 bytes a step, little-endian; the constants
 * are the first outputs of splitmix64 (Steele, Lea & Flood 2014) from seed 0, made odd.
 */
#ifndef MEDSMITH_TOKEN_HASH_H
#define MEDSMITH_TOKEN_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NORM_INLINE static inline __attribute__((always_inline, unused))

#define NORM_K0 0xE220A8397B1DCDAFull
#define NORM_K1 0x6E789E6AA1B965F5ull
#define NORM_K2 0x06C45D188009454Full
#define NORM_K3 0xF88BB8A8724C81EDull

NORM_INLINE uint64_t norm_multiply(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

NORM_INLINE uint64_t norm_load(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

NORM_INLINE uint64_t norm_step(uint64_t hash, uint64_t low, uint64_t high)
{
    return norm_multiply(low ^ NORM_K0, high ^ hash);
}

NORM_INLINE uint64_t norm_finish(uint64_t hash, uint64_t length)
{
    return norm_multiply(hash ^ NORM_K2, length ^ NORM_K3);
}

/* norm_mask + 16 - n: a mask of n bytes of 16. */
static const uint8_t norm_mask[32] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

/* Hash the last 16 bytes or fewer of a word. */
NORM_INLINE uint64_t norm_hash_last(uint64_t hash, const uint8_t *bytes, size_t left)
{
    const uint64_t fold = 0x2020202020202020ull;
    const uint8_t *mask = norm_mask + 16 - left;
    uint64_t low = (norm_load(bytes) | fold) & norm_load(mask);
    uint64_t high = (norm_load(bytes + 8) | fold) & norm_load(mask + 8);
    return norm_step(hash, low, high);
}

/* The hash of at most 16 ASCII letters and digits under case folding; reads 16 bytes. Bit 5 is set
 * in all of them but upper-case letters. */
NORM_INLINE uint64_t norm_hash_short(const uint8_t *bytes, size_t length)
{
    return norm_finish(norm_hash_last(NORM_K1, bytes, length), length);
}

/* The same of any number. Reads 16 bytes a step, so up to 15 bytes beyond `length`. */
NORM_INLINE uint64_t norm_hash_ascii(const uint8_t *bytes, size_t length)
{
    const uint64_t fold = 0x2020202020202020ull;
    uint64_t hash = NORM_K1;
    size_t left = length;
    for (; left > 16; left -= 16, bytes += 16)
        hash = norm_step(hash, norm_load(bytes) | fold, norm_load(bytes + 8) | fold);
    return norm_finish(norm_hash_last(hash, bytes, left), length);
}

/* The same hash, of a token that comes code point by code point. */
typedef struct {
    uint64_t hash, low, tail, length;
} norm_hasher;

NORM_INLINE void norm_hasher_start(norm_hasher *hasher)
{
    hasher->hash = NORM_K1;
    hasher->low = hasher->tail = hasher->length = 0;
}

NORM_INLINE void norm_hasher_add(norm_hasher *hasher, uint64_t bytes, unsigned count)
{
    unsigned at = hasher->length & 7;
    hasher->tail |= bytes << (8 * at);
    if (at + count >= 8) {
        if (hasher->length & 8)
            hasher->hash = norm_step(hasher->hash, hasher->low, hasher->tail);
        else
            hasher->low = hasher->tail;
        hasher->tail = bytes >> (8 * (8 - at)); /* at >= 4, since count <= 4 */
    }
    hasher->length += count;
}

NORM_INLINE uint64_t norm_hasher_finish(const norm_hasher *hasher)
{
    uint64_t hash = hasher->hash;
    if (hasher->length & 8)
        hash = norm_step(hash, hasher->low, hasher->tail);
    else if ((hasher->length & 7) || !hasher->length)
        hash = norm_step(hash, hasher->tail, 0);
    return norm_finish(hash, hasher->length);
}

/* The hash of a token that goes on with a symbol, or with a mark of one. */
NORM_INLINE uint64_t norm_hash_symbol(uint64_t hash, uint32_t point)
{
    return norm_multiply(hash ^ NORM_K1, point ^ NORM_K0);
}

#endif
