/* Texts in one pass over their bytes: the n-grams they hold, and whether some pattern's lie in place. */
#ifndef MEDSMITH_MATCH_SCAN_H
#define MEDSMITH_MATCH_SCAN_H

#include "match.h"
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

/* A pattern laid over the text so that one of its n-grams meets the same one there: `at - place`. */
typedef struct {
    uint32_t shift, place, hits; /* the last hit's place; hits so far */
} Diagonal;

#define DIAGONALS 32
/* Tokens without a hit after which a diagonal is given up: more than a sentence. */
#define MAX_GAP 64
/* A hit with no other one so near means nothing, so its patterns need not be looked up. */
#define NEAR 12

typedef struct {
    Lookup lookup;
    Powers powers;
    const uint32_t *post_offsets, *post_pattern, *post_at;
    const uint16_t *need; /* hits on one diagonal that make a text worth a second look, by pattern */
    uint32_t *counts, *last; /* texts that hold an n-gram; the last of them, from 1 */
    size_t grams, patterns;
    Vector seen; /* n-grams of the current text */
    Diagonal diagonals[DIAGONALS];
    uint32_t next; /* diagonal to give up next */
    uint32_t waiting, waiting_place; /* a hit whose patterns were not looked up yet, or NO_GRAM */
    uint8_t enough;
} Scan;

static void scan_diagonal(Scan *scan, uint32_t place, uint32_t posting) {
    uint32_t shift = scan->post_at[posting] - place, pattern = scan->post_pattern[posting];
    uint32_t found = DIAGONALS;
    for (uint32_t i = 0; i < DIAGONALS; i++)
        if (scan->diagonals[i].shift == shift && scan->diagonals[i].hits) found = i;
    if (found == DIAGONALS) {
        found = scan->next;
        scan->next = (scan->next + 1) % DIAGONALS;
        scan->diagonals[found] = (Diagonal){shift, place, 0};
    }
    Diagonal *diagonal = &scan->diagonals[found];
    diagonal->hits = place - diagonal->place > MAX_GAP ? 1 : diagonal->hits + 1;
    diagonal->place = place;
    if (pattern >= scan->patterns || diagonal->hits >= scan->need[pattern]) scan->enough = 1;
}

static void scan_patterns(Scan *scan, uint32_t place, uint32_t gram) {
    for (uint32_t i = scan->post_offsets[gram]; i < scan->post_offsets[gram + 1]; i++)
        scan_diagonal(scan, place, i);
}

static int scan_hit(Scan *scan, uint32_t text, uint32_t place, uint32_t entry) {
    uint32_t gram = entry & ID_MASK;
    if (entry == NO_GRAM || gram >= scan->grams) return 0;
    if (!scan->enough) {
        int close = place - scan->waiting_place <= NEAR;
        if (close && scan->waiting != NO_GRAM) scan_patterns(scan, scan->waiting_place, scan->waiting);
        scan->waiting = close || entry & ONLY ? NO_GRAM : gram;
        scan->waiting_place = place;
        if (scan->waiting == NO_GRAM) scan_patterns(scan, place, gram);
    }
    if (scan->last[gram] == text) return 0;
    uint32_t *slot = vector_add(&scan->seen);
    if (!slot) return -1;
    *slot = gram;
    scan->last[gram] = text;
    return 0;
}

static inline int scan_token(Scan *scan, Runs *runs, uint32_t text, uint64_t hash, int wide) {
    uint32_t found[2];
    runs_push(runs, hash);
    if (!runs_find(runs, &scan->powers, &scan->lookup, wide, found)) return 0;
    return scan_hit(scan, text, (uint32_t)runs->count, found[0]) |
           scan_hit(scan, text, (uint32_t)runs->count, found[1]);
}

static void scan_start(Scan *scan, Runs *runs) {
    runs_reset(runs);
    scan->seen.size = 0;
    scan->enough = 0;
    scan->next = 0;
    scan->waiting = NO_GRAM;
    scan->waiting_place = 0;
    memset(scan->diagonals, 0, sizeof scan->diagonals);
}

/* Counts the text's n-grams; 1 when it deserves a second look. */
static uint8_t scan_finish(Scan *scan) {
    const uint32_t *seen = scan->seen.data;
    for (size_t i = 0; i < scan->seen.size; i++) scan->counts[seen[i]]++;
    return scan->enough;
}

enum { PLAIN, CANDIDATE, SLOW };

/* 0, or -1 when memory is out. */
NORM_CLONES static int scan_texts(Scan *scan, const uint8_t *data, size_t readable, const int64_t *offsets,
                                  size_t n, uint8_t *marks) {
    uint64_t hashes[BATCH];
    uint32_t starts[BATCH], ends[BATCH];
    Runs runs;
    for (size_t row = 0; row < n; row++) {
        const uint8_t *text = data + offsets[row];
        size_t length = (size_t)(offsets[row + 1] - offsets[row]);
        norm_cursor cursor;
        scan_start(scan, &runs);
        norm_begin(&cursor, text, length, readable - (size_t)offsets[row], 0);
        while (cursor.state == NORM_MORE) {
            norm_tokens tokens = {hashes, starts, ends, 0, BATCH};
            norm_fill(&cursor, &tokens);
            for (size_t i = 0; i < tokens.count; i++) {
                int wide = is_wide(text + starts[i], length - starts[i]);
                if (scan_token(scan, &runs, (uint32_t)row + 1, hashes[i], wide)) return -1;
            }
        }
        marks[row] = cursor.state == NORM_JOINS ? SLOW : scan_finish(scan) ? CANDIDATE : PLAIN;
    }
    return 0;
}

#endif
