/* norm-v1 code point by code point: what each becomes, and the tokens that they make.
 *
 * Code points are folded one by one. This equals folding the whole text unless one composes with
 * its neighbours or changes places with them (UAX #15, section 9: the quick check, here on what the
 * code points map to). The cursor stops at such a text with NORM_JOINS; `folding.fold_row` in
 * Python then folds the whole text, to be read by a cursor with `folded` set.
 */
#ifndef MEDSMITH_NORM_POINTS_H
#define MEDSMITH_NORM_POINTS_H

#include "norm_tables.h"
#include "token_hash.h"
#include "utf8.h"

/* A call of norm_fill may need this much room beyond one token: the longest expansion. */
#define NORM_ROOM 32

enum norm_kind { NORM_SEPARATOR, NORM_WORD, NORM_SINGLE, NORM_MARK, NORM_SYMBOL };
enum norm_state { NORM_MORE, NORM_END, NORM_JOINS };

/* The layout of an entry of the tables, as in generate_tables.py. */
#define NORM_KIND 7u
#define NORM_MAPPING (3u << 3)
#define NORM_KEEP (0u << 3)
#define NORM_REPLACE (1u << 3)
#define NORM_EXPAND (2u << 3)
#define NORM_ORDERED (3u << 3)
#define NORM_JOINING (1u << 5)
#define NORM_UNKNOWN (1u << 6)

NORM_INLINE uint32_t norm_entry(uint32_t point)
{
    if (point > 0x10FFFF)
        return NORM_SEPARATOR;
    return norm_entries[(uint32_t)norm_blocks[point >> 7] << 7 | (point & 127)];
}

/* ---- the cursor --------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *text;
    size_t length;   /* of the text */
    size_t readable; /* bytes from `text` on that may be read: at least `length` */
    size_t position;
    int folded;     /* the text is folded already: take code points as they are */
    int bare;       /* symbols separate like punctuation; set it after norm_begin */
    int state;      /* enum norm_state */
    int open;       /* kind of what the next code point may continue, or NORM_SEPARATOR */
    uint32_t order; /* canonical combining class of the code point before */
    uint32_t start, end; /* of the word being read */
    norm_hasher hasher;
    int holds; /* a token is held back: a symbol may follow */
    uint64_t held_hash;
    uint32_t held_start, held_end;
} norm_cursor;

/* Lengths and offsets are 32 bits wide: `length` must be under 2**32. */
NORM_INLINE void norm_begin(norm_cursor *cursor, const uint8_t *text, size_t length,
                            size_t readable, int folded)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->text = text;
    cursor->length = length;
    cursor->readable = readable;
    cursor->folded = folded;
    cursor->state = NORM_MORE;
}

typedef struct {
    uint32_t points[NORM_ROOM]; /* code points, and the kind of each */
    uint8_t kinds[NORM_ROOM];
    unsigned count;
    unsigned width; /* in bytes, of what was read */
} norm_folded;

/* Fold the code point at the cursor; return 0 where it joins its neighbours. */
NORM_INLINE int norm_fold_next(norm_cursor *cursor, norm_folded *result)
{
    uint32_t point;
    result->width =
        norm_decode(cursor->text + cursor->position, cursor->length - cursor->position, &point);
    uint32_t entry = norm_entry(point);
    result->count = 1;
    result->points[0] = point;
    result->kinds[0] = entry & NORM_KIND;
    if (cursor->folded || !(entry & (NORM_MAPPING | NORM_JOINING))) {
        cursor->order = 0;
        return 1;
    }
    if (entry & NORM_JOINING)
        return 0;
    if ((entry & NORM_MAPPING) == NORM_REPLACE) {
        result->points[0] = entry >> 8;
        cursor->order = 0;
        return 1;
    }
    if ((entry & NORM_MAPPING) == NORM_ORDERED) {
        if (entry >> 8 < cursor->order)
            return 0;
        cursor->order = entry >> 8;
        return 1;
    }
    const uint32_t *expansion = norm_expansions + (entry >> 8);
    cursor->order = expansion[0] >> 8;
    result->count = expansion[0] & 255;
    for (unsigned i = 0; i < result->count; i++) {
        result->points[i] = expansion[i + 1];
        result->kinds[i] = norm_entry(expansion[i + 1]) & NORM_KIND;
    }
    return 1;
}

/* What a code point of a folded text does: nothing, begin a token, go on with its word, or with its
 * symbols. */
enum norm_part { NORM_NOTHING, NORM_FIRST, NORM_LETTER, NORM_SIGN };

/* Tell a code point's part by its kind and update *open, the kind of what the next one may continue.
 * `any`: whether the text has a token so far. A symbol that begins a token follows an empty word. */
NORM_INLINE int norm_part_of(int *open, unsigned kind, int any)
{
    int before = *open;
    if (kind == NORM_MARK && before != NORM_SEPARATOR)
        return before == NORM_SYMBOL ? NORM_SIGN : NORM_LETTER;
    *open = kind == NORM_MARK ? NORM_WORD : (int)kind;
    if (kind == NORM_SEPARATOR)
        return NORM_NOTHING;
    if (kind == NORM_SYMBOL && any)
        return NORM_SIGN;
    return kind == NORM_WORD && before == NORM_WORD ? NORM_LETTER : NORM_FIRST;
}

typedef struct {
    uint64_t *hashes;
    uint32_t *starts, *ends;
    size_t count, capacity;
} norm_tokens;

NORM_INLINE void norm_append(norm_tokens *tokens, uint64_t hash, uint32_t start, uint32_t end)
{
    tokens->hashes[tokens->count] = hash;
    tokens->starts[tokens->count] = start;
    tokens->ends[tokens->count++] = end;
}

/* Whether a word is being read whose hash is not complete. */
NORM_INLINE int norm_reads_word(const norm_cursor *cursor)
{
    return cursor->open == NORM_WORD || cursor->open == NORM_SINGLE;
}

NORM_INLINE void norm_add_symbol(norm_tokens *tokens, size_t at, uint32_t point, uint32_t end)
{
    tokens->hashes[at] = norm_hash_symbol(tokens->hashes[at], point);
    tokens->ends[at] = end;
}

/* Read one folded code point, whose place is [start, end). The text's tokens begin at `first`. */
NORM_INLINE void norm_take(norm_cursor *cursor, norm_tokens *tokens, size_t first, uint32_t point,
                           unsigned kind, uint32_t start, uint32_t end)
{
    int reading = norm_reads_word(cursor);
    if (cursor->bare && kind == NORM_SYMBOL)
        kind = NORM_SEPARATOR;
    int part = norm_part_of(&cursor->open, kind, reading || tokens->count > first);
    if (reading && part != NORM_LETTER)
        norm_append(tokens, norm_hasher_finish(&cursor->hasher), cursor->start, cursor->end);
    if (part == NORM_NOTHING)
        return;
    if (part == NORM_FIRST) {
        norm_hasher_start(&cursor->hasher);
        cursor->start = start;
        if (kind == NORM_SYMBOL)
            norm_append(tokens, norm_hasher_finish(&cursor->hasher), start, end);
    }
    if (cursor->open == NORM_SYMBOL) {
        norm_add_symbol(tokens, tokens->count - 1, point, end);
        return;
    }
    unsigned count;
    uint64_t bytes = norm_encode(point, &count);
    norm_hasher_add(&cursor->hasher, bytes, count);
    cursor->end = end;
}

/* Read code points, one at least, up to a place between words with 8 ASCII bytes ahead. */
NORM_INLINE void norm_fill_points(norm_cursor *cursor, norm_tokens *tokens, size_t first)
{
    norm_folded folded;
    size_t before = cursor->position;
    while (cursor->position < cursor->length && tokens->count + NORM_ROOM <= tokens->capacity) {
        if (!norm_reads_word(cursor) && cursor->position > before &&
            cursor->length - cursor->position >= 8 &&
            !(norm_load(cursor->text + cursor->position) & 0x8080808080808080ull))
            return;
        if (!norm_fold_next(cursor, &folded)) {
            cursor->state = NORM_JOINS;
            return;
        }
        uint32_t at = (uint32_t)cursor->position;
        cursor->position += folded.width;
        for (unsigned i = 0; i < folded.count; i++)
            norm_take(cursor, tokens, first, folded.points[i], folded.kinds[i], at,
                      (uint32_t)cursor->position);
    }
    if (cursor->position >= cursor->length && tokens->count < tokens->capacity) {
        if (norm_reads_word(cursor))
            norm_append(tokens, norm_hasher_finish(&cursor->hasher), cursor->start, cursor->end);
        cursor->state = NORM_END;
    }
}

#endif
