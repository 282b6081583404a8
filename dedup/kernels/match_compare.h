/* One text against the patterns that share n-grams with it: which of them does it hold, and where? */
#ifndef MEDSMITH_MATCH_COMPARE_H
#define MEDSMITH_MATCH_COMPARE_H

#include <stdlib.h>

#include "match_grams.h"
#include "match_vector.h"

/* So many places of a text are compared with one pattern. */
#define MAX_PLACES 32

typedef struct {
    uint32_t pattern, row, at; /* row: token of the text; at: token of all patterns */
} Hit;

typedef struct {
    uint32_t text, pattern, start, end; /* tokens of the text, end exclusive */
    uint32_t covered, bag, total;       /* weights: in order, in any order, of the pattern */
    uint32_t n_covered, n_telling;      /* levels of tokens: in order, in all */
    uint32_t n_all, n_runs; /* tokens in order, stock ones too; the runs of the pattern they make */
    uint32_t lead;          /* tokens of the pattern before the first one found */
    uint32_t head_missing;  /* tokens of the pattern's head not found in any order */
    uint32_t length;        /* tokens of the text */
} Match;

typedef struct {
    uint64_t token;
    uint32_t count;
} BagSlot;

typedef struct {
    const uint64_t *tokens;  /* of all patterns */
    const uint16_t *weights; /* of all patterns' tokens; 0: stock phrase */
    const int64_t *offsets;  /* patterns + 1 */
    const uint32_t *heads;   /* tokens of each pattern that must not be missing: its question */
    const uint32_t *post_offsets, *post_pattern, *post_at;
    const uint8_t *levels; /* of all patterns' tokens: how telling their n-grams are */
    const uint8_t *telling; /* 0: an n-gram that leads nowhere */
    uint32_t grams;
    const uint8_t *run;   /* length of the run that ends at each pattern token */
    uint32_t least_covered, least_bag; /* percent of a pattern's weight below which it is dropped */
} Patterns;

typedef struct {
    Vector hits, bag;
    Vector used, covered; /* bytes */
} Scratch;

static int hit_order(const void *left, const void *right) {
    const Hit *a = left, *b = right;
    if (a->pattern != b->pattern) return a->pattern < b->pattern ? -1 : 1;
    if (a->row != b->row) return a->row < b->row ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* The text around the hits that is looked at, and what of pattern and text is matched so far. */
typedef struct {
    const uint64_t *text, *pattern;
    uint32_t low, high, length; /* text tokens [low, high); tokens of the pattern */
    uint8_t *used, *covered;
} Window;

static inline int free_and_equal(const Window *w, int64_t row, int64_t at) {
    return row >= w->low && row < w->high && at >= 0 && at < w->length && !w->covered[at] &&
           !w->used[row - w->low] && w->text[row] == w->pattern[at];
}

/* Marks the run of equal tokens through (row, at). */
static void mark_diagonal(Window *w, int64_t row, int64_t at) {
    if (!free_and_equal(w, row, at)) return;
    int64_t back = 0;
    while (free_and_equal(w, row - back - 1, at - back - 1)) back++;
    row -= back;
    at -= back;
    while (free_and_equal(w, row, at)) {
        w->used[row++ - w->low] = 1;
        w->covered[at++] = 1;
    }
}

/* Marks the longest run of equal tokens through a hit: earlier, shorter ones must not break it up. */
static void mark_longest(Window *w, const Hit *hits, size_t n, int64_t first) {
    int64_t best_row = 0, best_at = 0, best = 0, last_shift = 0, last_end = -1;
    for (size_t i = 0; i < n; i++) {
        int64_t row = hits[i].row, at = (int64_t)hits[i].at - first, end = row, back = 0;
        if (at - row == last_shift && row < last_end) continue;
        if (!free_and_equal(w, row, at)) continue;
        while (free_and_equal(w, row - back - 1, at - back - 1)) back++;
        while (free_and_equal(w, end, at + end - row)) end++;
        if (end - row + back > best) {
            best = end - row + back;
            best_row = row;
            best_at = at;
        }
        last_shift = at - row;
        last_end = end;
    }
    if (best) mark_diagonal(w, best_row, best_at);
}

/* Adds the pattern's open tokens that stand, in any order, among the text's unused ones. */
static int add_bag(Window *w, const uint16_t *weights, uint32_t head, uint32_t start, uint32_t end,
                   Vector *bag, Match *match) {
    size_t slots = 16;
    while (slots < 2 * (size_t)(end - start) + 2) slots *= 2;
    BagSlot *table = vector_zeroed(bag, slots);
    if (!table) return -1;
    for (uint32_t row = start; row < end; row++) {
        if (w->used[row - w->low]) continue;
        size_t slot = w->text[row] & (slots - 1);
        while (table[slot].count && table[slot].token != w->text[row]) slot = (slot + 1) & (slots - 1);
        table[slot].token = w->text[row];
        table[slot].count++;
    }
    for (uint32_t at = 0; at < w->length; at++) {
        if (w->covered[at]) continue;
        size_t slot = w->pattern[at] & (slots - 1);
        /* An emptied slot keeps its token: a count of 0 with a token ends no search. */
        while (table[slot].token != w->pattern[at] && (table[slot].count || table[slot].token))
            slot = (slot + 1) & (slots - 1);
        if (table[slot].count && table[slot].token == w->pattern[at]) {
            table[slot].count--;
            match->bag += weights[at];
        } else {
            match->head_missing += at < head;
        }
    }
    return 0;
}

/* Compares one pattern with the text; `hits` (all of that pattern, by row) lie in its best window. */
static int compare_window(const Patterns *patterns, Scratch *scratch, const uint64_t *text,
                          uint32_t text_length, const Hit *hits, size_t n, Match *match) {
    int64_t first = patterns->offsets[hits->pattern];
    uint32_t length = (uint32_t)(patterns->offsets[hits->pattern + 1] - first);
    const uint16_t *weights = patterns->weights + first;
    const uint8_t *levels = patterns->levels + first;
    uint32_t reach = length + length / 4 + 12;
    uint32_t low = hits[0].row > reach ? hits[0].row - reach : 0;
    uint64_t high = (uint64_t)hits[n - 1].row + reach;
    if (high > text_length) high = text_length;
    Window w = {text, patterns->tokens + first, low, (uint32_t)high, length,
                vector_zeroed(&scratch->used, high - low), vector_zeroed(&scratch->covered, length)};
    if (!w.used || !w.covered) return -1;
    mark_longest(&w, hits, n, first);
    for (size_t i = 0; i < n; i++) {
        int run = patterns->run[hits[i].at];
        int64_t row = hits[i].row, at = (int64_t)hits[i].at - first, same = 0;
        /* The whole run must be equal: its hash alone might meet another's. */
        while (same < run && row >= same && at >= same && text[row - same] == w.pattern[at - same]) same++;
        if (same == run) mark_diagonal(&w, row, at);
    }
    uint32_t lead = length, tail = 0;
    for (uint32_t at = 0; at < length; at++) {
        match->total += weights[at];
        match->n_telling += levels[at];
        if (!w.covered[at]) continue;
        match->n_runs += at == 0 || !w.covered[at - 1];
        if (lead == length) lead = at;
        tail = length - 1 - at;
        match->n_all++;
        match->covered += weights[at];
        match->n_covered += levels[at];
    }
    if (!match->n_all || !match->total) return 0;
    uint32_t start = 0, end = w.high - w.low;
    while (!w.used[start]) start++;
    while (!w.used[end - 1]) end--;
    match->start = w.low + start;
    match->end = w.low + end;
    match->lead = lead;
    match->bag = match->covered;
    uint32_t before = lead + 4, after = tail + 4;
    uint32_t from = match->start - w.low > before ? match->start - before : w.low;
    uint32_t to = w.high - match->end > after ? match->end + after : w.high;
    uint32_t head = patterns->heads[hits->pattern];
    if (add_bag(&w, weights, head, from, to, &scratch->bag, match)) return -1;
    return 100ull * match->covered >= (uint64_t)patterns->least_covered * match->total &&
           100ull * match->bag >= (uint64_t)patterns->least_bag * match->total;
}

/* The stretch of `hits` (one pattern, by row) with the most hits in a window little longer than it. */
static void best_window(const Hit *hits, size_t n, uint32_t width, size_t *from, size_t *count) {
    size_t start = 0;
    *from = *count = 0;
    for (size_t end = 0; end < n; end++) {
        while (hits[end].row - hits[start].row > width) start++;
        if (end - start + 1 > *count) *from = start, *count = end - start + 1;
    }
}

/* Whether `a` holds more of the pattern than `b`: of what weighs, then of all of it. */
static int is_better(const Match *a, const Match *b) {
    if (a->bag != b->bag) return a->bag > b->bag;
    if (a->covered != b->covered) return a->covered > b->covered;
    return a->n_all > b->n_all;
}

/* The best match of one pattern, whose `hits` these are, in the text; 1 where there is one, -1 when
 * memory is out. Hits further apart than the pattern is long belong to different places. */
static int compare_pattern(const Patterns *patterns, Scratch *scratch, const uint64_t *text,
                           uint32_t text_length, const Hit *hits, size_t n, Match *best) {
    uint32_t pattern = hits->pattern;
    uint32_t length = (uint32_t)(patterns->offsets[pattern + 1] - patterns->offsets[pattern]);
    uint32_t width = length + length / 4 + 12;
    int found = 0;
    for (size_t start = 0, end, places = 0; start < n && places < MAX_PLACES; start = end) {
        size_t from, count;
        for (end = start + 1; end < n && hits[end].row - hits[end - 1].row <= width; end++) {}
        best_window(hits + start, end - start, width, &from, &count);
        if (count < 1 + length / 16) continue;
        places++;
        Match match = {.text = best->text, .pattern = pattern, .length = text_length};
        int kept = compare_window(patterns, scratch, text, text_length, hits + start + from, count, &match);
        if (kept < 0) return -1;
        if (kept && (!found || is_better(&match, best))) *best = match, found = 1;
    }
    return found;
}

/* Appends the matches of one text, by pattern; 0, or -1 when memory is out. */
static int compare_text(const Patterns *patterns, const Lookup *lookup, Scratch *scratch, uint32_t text,
                        const uint64_t *tokens, const uint8_t *wide, uint32_t length, Vector *matches) {
    Powers powers = run_powers();
    Runs runs;
    runs_reset(&runs);
    scratch->hits.size = 0;
    for (uint32_t row = 0; row < length; row++) {
        uint32_t found[2];
        runs_push(&runs, tokens[row]);
        if (!runs_find(&runs, &powers, lookup, wide[row], found)) continue;
        for (int i = 0; i < 2; i++) {
            if (found[i] == NO_GRAM) continue;
            found[i] &= ID_MASK;
            if (found[i] >= patterns->grams || !patterns->telling[found[i]]) continue;
            for (uint32_t p = patterns->post_offsets[found[i]]; p < patterns->post_offsets[found[i] + 1]; p++) {
                Hit *hit = vector_add(&scratch->hits);
                if (!hit) return -1;
                *hit = (Hit){patterns->post_pattern[p], row, patterns->post_at[p]};
            }
        }
    }
    Hit *hits = scratch->hits.data;
    size_t n = scratch->hits.size;
    if (n > 1) qsort(hits, n, sizeof *hits, hit_order);
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start + 1; end < n && hits[end].pattern == hits[start].pattern; end++) {}
        Match match = {.text = text};
        int found = compare_pattern(patterns, scratch, tokens, length, hits + start, end - start, &match);
        if (found < 0) return -1;
        if (!found) continue;
        Match *slot = vector_add(matches);
        if (!slot) return -1;
        *slot = match;
    }
    return 0;
}

#endif
