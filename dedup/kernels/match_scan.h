/* Texts in one pass over their bytes: the n-grams they hold, and whether some pattern's lie in place. */
#ifndef MEDSMITH_MATCH_SCAN_H
#define MEDSMITH_MATCH_SCAN_H

#include <stdlib.h>

#include "match_grams.h"
#include "norm.h"
#include "match_vector.h"

#define BATCH 1024

/* Whether the token at `bytes` is a character of a script without spaces. */
static inline int is_wide(const uint8_t *bytes, size_t left) {
    uint32_t point;
    if (bytes[0] < 0x80) return 0;
    norm_decode(bytes, left, &point);
    uint32_t entry = norm_entry(point);
    if ((entry & NORM_MAPPING) == NORM_REPLACE) entry = norm_entry(entry >> 8);
    if ((entry & NORM_MAPPING) == NORM_EXPAND) {
        const uint32_t *expansion = norm_expansions + (entry >> 8);
        for (uint32_t i = 0; i < (expansion[0] & 255); i++)
            if ((norm_entry(expansion[i + 1]) & NORM_KIND) == NORM_SINGLE) return 1;
        return 0;
    }
    return (entry & NORM_KIND) == NORM_SINGLE;
}

#define DIAGONALS 32
/* Tokens without a hit after which a diagonal is given up: more than a sentence. */
#define MAX_GAP 64
/* A hit with no other one so near means nothing, so its patterns need not be looked up. */
#define NEAR 12

/* Patterns laid over the text so that one of their n-grams meets the same one there, by `shift`: the
 * n-gram's place in all patterns less its place in the text. */
typedef struct {
    uint32_t shift[DIAGONALS], place[DIAGONALS], hits[DIAGONALS]; /* the last hit's place; hits so far */
    uint32_t next;                                                /* to be given up next */
} Diagonals;

typedef struct {
    Lookup lookup;
    Powers powers;
    const uint32_t *post_offsets, *post_pattern, *post_at;
    const uint16_t *need; /* hits on one diagonal that make a text worth a second look, by pattern */
    uint32_t *counts; /* texts that hold an n-gram */
    size_t grams, patterns;
    Vector seen; /* n-grams of the current text, as often as they come */
    uint32_t places; /* tokens of the current text so far */
    Diagonals diagonals;
    uint32_t waiting, waiting_place; /* a hit whose patterns were not looked up yet, or NO_GRAM */
    uint8_t enough;
} Scan;

NORM_INLINE void scan_diagonal(Scan *scan, uint32_t place, uint32_t posting) {
    uint32_t shift = scan->post_at[posting] - place, pattern = scan->post_pattern[posting], same = 0;
    Diagonals *all = &scan->diagonals;
    for (uint32_t i = 0; i < DIAGONALS; i++)
        same |= (uint32_t)((all->shift[i] == shift) & (all->hits[i] != 0)) << i;
    uint32_t i = same ? (uint32_t)__builtin_ctz(same) : all->next;
    all->next = same ? all->next : (all->next + 1) % DIAGONALS;
    all->shift[i] = shift;
    all->hits[i] = same && place - all->place[i] <= MAX_GAP ? all->hits[i] + 1 : 1;
    all->place[i] = place;
    scan->enough |= pattern >= scan->patterns || all->hits[i] >= scan->need[pattern];
}

NORM_INLINE void scan_patterns(Scan *scan, uint32_t place, uint32_t gram) {
    for (uint32_t i = scan->post_offsets[gram]; i < scan->post_offsets[gram + 1]; i++)
        scan_diagonal(scan, place, i);
}

NORM_INLINE int scan_hit(Scan *scan, uint32_t place, uint32_t entry) {
    uint32_t gram = entry & ID_MASK;
    if (entry == NO_GRAM || gram >= scan->grams) return 0;
    if (!scan->enough) {
        int close = place - scan->waiting_place <= NEAR;
        if (close && scan->waiting != NO_GRAM) scan_patterns(scan, scan->waiting_place, scan->waiting);
        scan->waiting = close || entry & ONLY ? NO_GRAM : gram;
        scan->waiting_place = place;
        if (scan->waiting == NO_GRAM) scan_patterns(scan, place, gram);
    }
    uint32_t *slot = vector_add(&scan->seen);
    if (!slot) return -1;
    *slot = gram;
    return 0;
}

static void scan_start(Scan *scan) {
    scan->seen.size = 0;
    scan->places = 0;
    scan->enough = 0;
    scan->waiting = NO_GRAM;
    scan->waiting_place = 0;
    memset(&scan->diagonals, 0, sizeof scan->diagonals);
}

static int gram_order(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Counts each of the text's n-grams once; 1 when it deserves a second look. */
static uint8_t scan_finish(Scan *scan) {
    uint32_t *seen = scan->seen.data;
    size_t n = scan->seen.size;
    if (n > 1) qsort(seen, n, sizeof *seen, gram_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || seen[i] != seen[i - 1]) scan->counts[seen[i]]++;
    return scan->enough;
}

/* ---- many tokens at once ---- */

/* Each step below goes over all tokens before the next one does, so that the processor waits for
 * many look-ups at a time, and never guesses which tokens pass the filter. */
typedef struct {
    uint64_t tokens[RUN_MAX + BATCH]; /* first the last ones of the batch before */
    uint32_t starts[BATCH], ends[BATCH];
    uint8_t wide[BATCH];
    uint64_t runs[2][BATCH]; /* the hashes of the runs that end at a token: the long, the short */
    uint8_t passed[2][BATCH];
    uint16_t places[2 * BATCH]; /* which runs passed the filter: token, and which of the two */
    uint32_t grams[2 * BATCH];
} Batch;

NORM_INLINE void hash_runs(const uint64_t *tokens, size_t n, const Powers *powers, int length, int shorter,
                           uint64_t *restrict longs, uint64_t *restrict shorts) {
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0;
        for (int back = 0; back < shorter; back++) sum += tokens[(ptrdiff_t)i - back] * powers->power[back];
        shorts[i] = run_finish(sum);
        for (int back = shorter; back < length; back++) sum += tokens[(ptrdiff_t)i - back] * powers->power[back];
        longs[i] = run_finish(sum);
    }
}

NORM_INLINE void hash_all(const Scan *scan, Batch *batch, size_t n) {
    const uint64_t *tokens = batch->tokens + RUN_MAX;
    hash_runs(tokens, n, &scan->powers, RUN_LONG, RUN_SHORT, batch->runs[0], batch->runs[1]);
    if (!memchr(batch->wide, 1, n)) return;
    uint64_t longs[BATCH], shorts[BATCH];
    hash_runs(tokens, n, &scan->powers, RUN_LONG_WIDE, RUN_SHORT_WIDE, longs, shorts);
    for (size_t i = 0; i < n; i++) {
        batch->runs[0][i] = batch->wide[i] ? longs[i] : batch->runs[0][i];
        batch->runs[1][i] = batch->wide[i] ? shorts[i] : batch->runs[1][i];
    }
}

/* Writes down which runs pass the filter; returns how many. */
NORM_INLINE size_t filter_all(const Scan *scan, Batch *batch, size_t n) {
    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < n; i++)
            batch->passed[which][i] = (uint8_t)filter_has(&scan->lookup, batch->runs[which][i]);
    /* A run must not reach back beyond the text's first token. */
    for (size_t i = 0; i < n && scan->places + i < RUN_MAX; i++) {
        batch->passed[0][i] &= scan->places + i + 1 >= (batch->wide[i] ? RUN_LONG_WIDE : RUN_LONG);
        batch->passed[1][i] &= scan->places + i + 1 >= (batch->wide[i] ? RUN_SHORT_WIDE : RUN_SHORT);
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (int which = 0; which < 2; which++) {
            batch->places[count] = (uint16_t)(2 * i + (size_t)which);
            count += batch->passed[which][i];
        }
    return count;
}

/* Looks up the runs that end at the batch's `n` tokens; 0, or -1 when memory is out. */
NORM_INLINE int scan_batch(Scan *scan, Batch *batch, size_t n) {
    hash_all(scan, batch, n);
    size_t count = filter_all(scan, batch, n), found = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = batch->runs[batch->places[i] & 1][batch->places[i] / 2];
        __builtin_prefetch(scan->lookup.table + (hash & scan->lookup.table_mask));
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = batch->runs[batch->places[i] & 1][batch->places[i] / 2];
        uint32_t entry = table_find(&scan->lookup, hash);
        batch->places[found] = batch->places[i];
        batch->grams[found] = entry;
        found += entry != NO_GRAM;
    }
    for (size_t i = 0; i < found; i++) {
        uint32_t place = scan->places + batch->places[i] / 2 + 1;
        if (scan_hit(scan, place, batch->grams[i])) return -1;
    }
    scan->places += (uint32_t)n;
    memmove(batch->tokens, batch->tokens + n, RUN_MAX * sizeof *batch->tokens);
    return 0;
}

enum { PLAIN, CANDIDATE, SLOW };

/* 0, or -1 when memory is out. */
NORM_CLONES static int scan_texts(Scan *scan, const uint8_t *data, size_t readable, const int64_t *offsets,
                                  size_t n, uint8_t *marks) {
    Batch batch;
    for (size_t row = 0; row < n; row++) {
        const uint8_t *text = data + offsets[row];
        size_t length = (size_t)(offsets[row + 1] - offsets[row]);
        norm_cursor cursor;
        scan_start(scan);
        norm_begin(&cursor, text, length, readable - (size_t)offsets[row], 0);
        cursor.bare = 1;
        while (cursor.state == NORM_MORE) {
            norm_tokens tokens = {batch.tokens + RUN_MAX, batch.starts, batch.ends, 0, BATCH};
            norm_fill(&cursor, &tokens);
            for (size_t i = 0; i < tokens.count; i++)
                batch.wide[i] = (uint8_t)is_wide(text + batch.starts[i], length - batch.starts[i]);
            if (scan_batch(scan, &batch, tokens.count)) return -1;
        }
        marks[row] = cursor.state == NORM_JOINS ? SLOW : scan_finish(scan) ? CANDIDATE : PLAIN;
    }
    return 0;
}

/* The same for texts that are tokens already: rows [offsets[row], offsets[row + 1]) of them. */
NORM_CLONES static int scan_hashes(Scan *scan, const uint64_t *hashes, const uint8_t *wide, const int64_t *offsets,
                                   size_t n, uint8_t *marks) {
    Batch batch;
    for (size_t row = 0; row < n; row++) {
        scan_start(scan);
        for (int64_t at = offsets[row]; at < offsets[row + 1]; at += BATCH) {
            size_t left = (size_t)(offsets[row + 1] - at), count = left < BATCH ? left : BATCH;
            memcpy(batch.tokens + RUN_MAX, hashes + at, count * sizeof *hashes);
            memcpy(batch.wide, wide + at, count);
            if (scan_batch(scan, &batch, count)) return -1;
        }
        marks[row] = scan_finish(scan) ? CANDIDATE : PLAIN;
    }
    return 0;
}

#endif
