/* norm-v1 over UTF-8: a cursor that cuts a text into tokens in one pass, without allocation.
 *
 * What a token is, medsmith/dedup/norm.py says; the tables of what happens to each code point are
 * norm_tables.h. A token comes as its 64-bit hash and its place in the text as it was given. ASCII
 * is read here 64 bytes at a time, the rest by norm_points.h.
 */
#ifndef MEDSMITH_NORM_H
#define MEDSMITH_NORM_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "norm_points.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(__clang__) && \
    defined(__GNUC__) && __GNUC__ >= 12
#define NORM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
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

/* Add each of `symbols` to the token before it; `lasts` marks where the words end that were just
 * appended from token `count` on, `base` where the block begins. */
NORM_INLINE void norm_add_symbols(norm_tokens *tokens, size_t count, uint64_t lasts,
                                  uint64_t symbols, const uint8_t *bytes, uint32_t base)
{
    for (; symbols; symbols &= symbols - 1) {
        unsigned at = (unsigned)__builtin_ctzll(symbols);
        uint64_t before = lasts & (((uint64_t)1 << at) - 1);
        norm_add_symbol(tokens, count + (size_t)__builtin_popcountll(before) - 1, bytes[at],
                        base + at + 1);
    }
}

/* Read the whole ASCII words of the next 64 bytes; return 0 where code points must be read. */
NORM_INLINE int norm_fill_ascii(norm_cursor *cursor, norm_tokens *tokens, size_t first)
{
    uint8_t padded[96];
    const uint8_t *bytes = cursor->text + cursor->position;
    size_t left = cursor->length - cursor->position;
    if (cursor->readable - cursor->position < sizeof padded) {
        size_t size = left < 64 ? left : 64;
        memcpy(padded, bytes, size);
        memset(padded + size, 0, sizeof padded - size);
        bytes = padded;
    }
    norm_masks masks = norm_classify(bytes);
    if (left < 64) {
        uint64_t inside = ((uint64_t)1 << left) - 1;
        masks.words &= inside;
        masks.symbols &= inside;
        masks.others &= inside;
    }
    /* A word that reaches the end of what is known to be ASCII is left for the next call. */
    unsigned edge = masks.others ? (unsigned)__builtin_ctzll(masks.others) : 64;
    if (!edge)
        return 0;
    unsigned stop = edge;
    if (edge < 64 || left > 64) {
        uint64_t gaps = ~(masks.words << (64 - edge));
        stop = gaps ? edge - (unsigned)__builtin_clzll(gaps) : 0;
    }
    if (!stop)
        return 0;
    uint64_t inside = stop == 64 ? ~(uint64_t)0 : ((uint64_t)1 << stop) - 1;
    uint64_t words = masks.words & inside, symbols = cursor->bare ? 0 : masks.symbols & inside;
    uint64_t starts = words & ~(words << 1), lasts = words & ~(words >> 1);
    uint32_t base = (uint32_t)cursor->position;
    size_t count = tokens->count;
    /* A symbol before any word begins a token: left to the code points. */
    if (symbols && count == first && (!words || __builtin_ctzll(symbols) < __builtin_ctzll(words)))
        return 0;
    for (uint64_t ends = lasts; starts; starts &= starts - 1, ends &= ends - 1) {
        unsigned start = (unsigned)__builtin_ctzll(starts);
        unsigned end = (unsigned)__builtin_ctzll(ends) + 1;
        norm_append(tokens, norm_hash_ascii(bytes + start, end - start), base + start, base + end);
    }
    if (symbols)
        norm_add_symbols(tokens, count, lasts, symbols, bytes, base);
    unsigned end = stop < left ? stop : (unsigned)left;
    cursor->open = symbols >> (end - 1) & 1 ? NORM_SYMBOL : NORM_SEPARATOR;
    cursor->position += end;
    cursor->order = 0;
    return 1;
}

/* Append tokens until the text ends (NORM_END), the room is short (NORM_MORE; `capacity` must be at
 * least 128) or code points join their neighbours (NORM_JOINS); `cursor->state` says which. The last
 * token is held back for the next call while there is more: a symbol may follow it. */
NORM_CLONES __attribute__((unused)) static void norm_fill(norm_cursor *cursor, norm_tokens *tokens)
{
    size_t first = tokens->count;
    if (cursor->holds)
        norm_append(tokens, cursor->held_hash, cursor->held_start, cursor->held_end);
    while (cursor->state == NORM_MORE && tokens->count + 64 + NORM_ROOM <= tokens->capacity) {
        if (cursor->position >= cursor->length || norm_reads_word(cursor) ||
            !norm_fill_ascii(cursor, tokens, first))
            norm_fill_points(cursor, tokens, first);
    }
    cursor->holds = cursor->state == NORM_MORE && tokens->count > first;
    if (cursor->holds) {
        size_t last = --tokens->count;
        cursor->held_hash = tokens->hashes[last];
        cursor->held_start = tokens->starts[last];
        cursor->held_end = tokens->ends[last];
    }
}

#endif
