/* norm-v1 over ASCII, 64 bytes at a time: first where words begin and end, then their hashes.
 *
 * In two steps, so that neither waits for the other's branches: the first has none that depend on
 * the words, the second goes over all words of a text in one loop (the order of Langdale & Lemire
 * 2019, "Parsing gigabytes of JSON per second").
 */
#ifndef MEDSMITH_NORM_ASCII_H
#define MEDSMITH_NORM_ASCII_H

#include "norm_masks.h"
#include "norm_points.h"

/* ---- where words lie ------------------------------------------------------------------------ */

enum { NORM_SIGNS = 128 };

/* The symbols in a run of ASCII: the token that each belongs to, and where it stands. */
typedef struct {
    size_t count;
    uint32_t tokens[NORM_SIGNS], places[NORM_SIGNS];
} norm_signs;

/* Note the symbols of a block, where `begun` words began before it; `starts` marks its own. */
NORM_INLINE void norm_note_signs(norm_signs *signs, uint64_t symbols, uint64_t starts, size_t begun,
                                 uint32_t base)
{
    for (; symbols; symbols &= symbols - 1) {
        unsigned at = (unsigned)__builtin_ctzll(symbols);
        uint64_t before = starts & (((uint64_t)1 << at) - 1);
        signs->tokens[signs->count] =
            (uint32_t)(begun + (size_t)__builtin_popcountll(before) - 1);
        signs->places[signs->count++] = base + at;
    }
}

typedef norm_masks norm_looker(const uint8_t *bytes, size_t left, size_t readable);
typedef size_t norm_spreader(uint32_t *places, uint64_t mask, uint32_t base);

/* Append the places of the ASCII words ahead, without their hashes, and move the cursor behind
 * them. It stops at what is not ASCII, or before a word that goes on with it; at a symbol before
 * any word, which begins a token; where room is short; at the end. */
NORM_INLINE void norm_find_by(norm_cursor *cursor, norm_tokens *tokens, norm_signs *signs,
                              size_t first, norm_looker *look, norm_spreader *spread)
{
    size_t position = cursor->position, begun = tokens->count, ended = begun, width;
    uint64_t open = 0; /* 1 inside a word */
    for (; position < cursor->length && begun + 64 <= tokens->capacity &&
           signs->count + 64 <= NORM_SIGNS;
         position += width) {
        size_t left = cursor->length - position;
        norm_masks masks = look(cursor->text + position, left, cursor->readable - position);
        uint64_t symbols = cursor->bare ? 0 : masks.symbols, stops = masks.others;
        if (symbols && begun == first && !(((symbols & -symbols) - 1) & masks.words))
            stops |= symbols & -symbols;
        width = left < 64 ? left : 64;
        if (stops) {
            width = (size_t)__builtin_ctzll(stops);
            if (!width)
                break;
            uint64_t inside = ((uint64_t)1 << width) - 1;
            masks.words &= inside;
            symbols &= inside;
        }
        uint64_t before = masks.words << 1 | open, starts = masks.words & ~before;
        /* Where a word ends at the end of the block, the next one tells. */
        uint64_t ends = before & ~masks.words & (~(uint64_t)0 >> (64 - width));
        uint32_t base = (uint32_t)position;
        if (symbols)
            norm_note_signs(signs, symbols, starts, begun, base);
        begun += spread(tokens->starts + begun, starts, base);
        ended += spread(tokens->ends + ended, ends, base);
        open = masks.words >> (width - 1) & 1;
        if (stops) {
            position += width;
            break;
        }
    }
    if (open && position == cursor->length)
        tokens->ends[ended++] = (uint32_t)position;
    else if (open)
        position = tokens->starts[--begun];
    tokens->count = begun;
    cursor->position = position;
}

NORM_CLONES __attribute__((unused)) static void norm_find(norm_cursor *cursor, norm_tokens *tokens,
                                                          norm_signs *signs, size_t first)
{
    norm_find_by(cursor, tokens, signs, first, norm_look, norm_spread);
}

#if defined(NORM_HAS_WIDE)
static NORM_WIDE void norm_find_wide(norm_cursor *cursor, norm_tokens *tokens, norm_signs *signs,
                                     size_t first)
{
    norm_find_by(cursor, tokens, signs, first, norm_look_wide, norm_spread_wide);
}

NORM_INLINE int norm_is_wide(void)
{
    return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("bmi2");
}
#endif

/* ---- what they hash to ---------------------------------------------------------------------- */

/* hashes[i] = hash of the word at [starts[i], ends[i]); 16 bytes behind each can be read. */
NORM_CLONES __attribute__((unused)) static void norm_hash_words(const uint8_t *text,
                                                                const uint32_t *starts,
                                                                const uint32_t *ends, size_t count,
                                                                uint64_t *restrict hashes)
{
    for (size_t i = 0; i < count; i++) {
        for (; i < count && ends[i] - starts[i] <= 16; i++)
            hashes[i] = norm_hash_short(text + starts[i], ends[i] - starts[i]);
        if (i < count)
            hashes[i] = norm_hash_ascii(text + starts[i], ends[i] - starts[i]);
    }
}

/* Hash the words from `count` on, whose places are known. */
NORM_INLINE void norm_hash_found(const norm_cursor *cursor, norm_tokens *tokens, size_t count)
{
    size_t safe = tokens->count;
    while (safe > count && tokens->ends[safe - 1] + (size_t)16 > cursor->readable)
        safe--;
    norm_hash_words(cursor->text, tokens->starts + count, tokens->ends + count, safe - count,
                    tokens->hashes + count);
    for (size_t i = safe; i < tokens->count; i++) {
        norm_hasher hasher;
        norm_hasher_start(&hasher);
        for (uint32_t at = tokens->starts[i]; at < tokens->ends[i]; at++)
            norm_hasher_add(&hasher, cursor->text[at] | 0x20u, 1);
        tokens->hashes[i] = norm_hasher_finish(&hasher);
    }
}

/* Read the ASCII ahead; return 0 where code points must be read. The text's tokens begin at
 * `first`. */
NORM_INLINE int norm_fill_ascii(norm_cursor *cursor, norm_tokens *tokens, size_t first)
{
    norm_signs signs;
    size_t position = cursor->position, count = tokens->count;
    signs.count = 0;
#if defined(NORM_HAS_WIDE)
    if (norm_is_wide())
        norm_find_wide(cursor, tokens, &signs, first);
    else
#endif
        norm_find(cursor, tokens, &signs, first);
    if (cursor->position == position)
        return 0;
    norm_hash_found(cursor, tokens, count);
    for (size_t i = 0; i < signs.count; i++)
        norm_add_symbol(tokens, signs.tokens[i], cursor->text[signs.places[i]],
                        signs.places[i] + 1);
    unsigned last = norm_entry(cursor->text[cursor->position - 1]) & NORM_KIND;
    cursor->open = last == NORM_SYMBOL && !cursor->bare ? NORM_SYMBOL : NORM_SEPARATOR;
    cursor->order = 0;
    return 1;
}

#endif
