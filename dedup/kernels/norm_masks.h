/* 64 bytes at a time as bit masks: which are ASCII letters and digits, which are symbols.
 *
 * In plain C, for SSE2, and for processors that have AVX-512 with its byte instructions (VBMI2).
 */
#ifndef MEDSMITH_NORM_MASKS_H
#define MEDSMITH_NORM_MASKS_H

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "norm_points.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(__clang__) && \
    defined(__GNUC__) && __GNUC__ >= 12
#define NORM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define NORM_HAS_WIDE 1
#define NORM_WIDE __attribute__((target("arch=x86-64-v4,avx512vbmi,avx512vbmi2"), unused))
#else
#define NORM_CLONES
#endif

/* Which of 64 bytes are ASCII letters or digits, symbols, not ASCII. */
typedef struct {
    uint64_t words, symbols, others;
} norm_masks;

#if defined(__SSE2__)
NORM_INLINE norm_masks norm_classify(const uint8_t *bytes)
{
    norm_masks masks = {0, 0, 0};
    for (int part = 0; part < 4; part++) {
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * part));
        /* With the range's start shifted to -128, one signed comparison tells the range. */
        __m128i lower = _mm_or_si128(c, _mm_set1_epi8(0x20));
        __m128i letter = _mm_cmplt_epi8(_mm_add_epi8(lower, _mm_set1_epi8((char)(128 - 'a'))),
                                        _mm_set1_epi8(-128 + 26));
        __m128i digit = _mm_cmplt_epi8(_mm_add_epi8(c, _mm_set1_epi8((char)(128 - '0'))),
                                       _mm_set1_epi8(-128 + 10));
        __m128i compare = _mm_cmplt_epi8(_mm_add_epi8(c, _mm_set1_epi8((char)(128 - '<'))),
                                         _mm_set1_epi8(-128 + 3));
        __m128i symbol = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('%')),
                         _mm_cmpeq_epi8(c, _mm_set1_epi8('+'))),
            _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('~')), compare));
        masks.words |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(letter, digit))
                       << (16 * part);
        masks.symbols |= (uint64_t)(uint32_t)_mm_movemask_epi8(symbol) << (16 * part);
        masks.others |= (uint64_t)(uint32_t)_mm_movemask_epi8(c) << (16 * part);
    }
    return masks;
}
#else
NORM_INLINE norm_masks norm_classify(const uint8_t *bytes)
{
    norm_masks masks = {0, 0, 0};
    for (int i = 0; i < 64; i++) {
        unsigned kind = bytes[i] < 0x80 ? norm_entries[bytes[i]] & NORM_KIND : 0;
        masks.words |= (uint64_t)(kind == NORM_WORD) << i;
        masks.symbols |= (uint64_t)(kind == NORM_SYMBOL) << i;
        masks.others |= (uint64_t)(bytes[i] >> 7) << i;
    }
    return masks;
}
#endif

/* Classify min(left, 64) bytes, of which `readable`, as many at least, may be read. */
NORM_INLINE norm_masks norm_look(const uint8_t *bytes, size_t left, size_t readable)
{
    uint8_t padded[64];
    uint64_t inside = left < 64 ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
    if (readable < 64) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, bytes, left < 64 ? left : 64);
        bytes = padded;
    }
    norm_masks masks = norm_classify(bytes);
    masks.words &= inside;
    masks.symbols &= inside;
    masks.others &= inside;
    return masks;
}

/* Write the places of the bits in `mask`, 32 at most, and return how many there are. There is room
 * for 32 in any case. */
NORM_INLINE size_t norm_spread(uint32_t *places, uint64_t mask, uint32_t base)
{
    size_t count = 0;
    for (; mask; mask &= mask - 1)
        places[count++] = base + (uint32_t)__builtin_ctzll(mask);
    return count;
}

#if defined(NORM_HAS_WIDE)
/* The same two with the vector instructions of newer processors. */
static inline NORM_WIDE norm_masks norm_look_wide(const uint8_t *bytes, size_t left,
                                                  size_t readable)
{
    static const uint8_t kinds[128] __attribute__((aligned(64))) = {
        ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['%'] = 2,
        ['+'] = 2,         ['<'] = 2,         ['='] = 2,         ['>'] = 2,
        ['~'] = 2,
    };
    uint64_t inside = left < 64 ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
    (void)readable;
    /* What the mask leaves out is not read. */
    __m512i c = _mm512_maskz_loadu_epi8(inside, bytes);
    __m512i kind = _mm512_permutex2var_epi8(_mm512_load_si512(kinds), c,
                                            _mm512_load_si512(kinds + 64));
    norm_masks masks = {0, 0, _mm512_movepi8_mask(c)};
    masks.words = _mm512_test_epi8_mask(kind, _mm512_set1_epi8(1)) & ~masks.others;
    masks.symbols = _mm512_test_epi8_mask(kind, _mm512_set1_epi8(2)) & ~masks.others;
    return masks;
}

static inline NORM_WIDE size_t norm_spread_wide(uint32_t *places, uint64_t mask, uint32_t base)
{
    static const uint8_t bytes[64] __attribute__((aligned(64))) = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
    };
    __m512i from = _mm512_set1_epi32((int)base);
    __m512i found = _mm512_maskz_compress_epi8(mask, _mm512_load_si512(bytes));
    __m128i low = _mm512_castsi512_si128(found), high = _mm512_extracti32x4_epi32(found, 1);
    size_t count = (size_t)__builtin_popcountll(mask);
    _mm512_storeu_si512(places, _mm512_add_epi32(_mm512_cvtepu8_epi32(low), from));
    if (count > 16)
        _mm512_storeu_si512(places + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(high), from));
    return count;
}
#endif

#endif
