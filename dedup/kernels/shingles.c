#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "digest.h"
#include "shingles.h"

/* Multipliers of the places in a window: odd outputs of splitmix64. */
static uint64_t multiplier(unsigned place)
{
    uint64_t state = (place + 1) * 0x9E3779B97F4A7C15ull;
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9ull;
    state = (state ^ state >> 27) * 0x94D049BB133111EBull;
    return (state ^ state >> 31) | 1;
}

static inline uint64_t scramble(uint64_t value)
{
    value = (value ^ value >> 32) * 0xD6E8FEB86659FD93ull;
    value = (value ^ value >> 32) * 0xD6E8FEB86659FD93ull;
    return value ^ value >> 32;
}

NORM_INLINE void hash_windows(const uint64_t *restrict items, uint64_t *restrict values,
                              size_t count, const uint64_t *factors, unsigned window,
                              uint64_t domain)
{
    for (size_t i = 0; i < count; i += SHINGLE_LANES)
        for (size_t k = i; k < i + SHINGLE_LANES; k++) {
            uint64_t sum = domain;
            for (unsigned place = 0; place < window; place++)
                sum += items[k + place] * factors[place];
            values[k] = scramble(sum);
        }
}

/* values[i] = hash of items[i..i+window): multilinear hashing (Carter & Wegman 1979; Lemire & Kaser
 * 2014) modulo 2**64, then a bijection that lets every bit depend on all of them. `values` and
 * `items` have room for SHINGLE_LANES more. */
NORM_CLONES static void window_hashes(const uint64_t *restrict items, uint64_t *restrict values,
                                      size_t count, unsigned window, uint64_t domain)
{
    uint64_t factors[SHINGLE_LIMIT];
    for (unsigned place = 0; place < window; place++)
        factors[place] = multiplier(place);
    if (window == 5) /* what is asked for nearly always */
        hash_windows(items, values, count, factors, 5, domain);
    else if (window == 3)
        hash_windows(items, values, count, factors, 3, domain);
    else
        hash_windows(items, values, count, factors, window, domain);
}

/* ---- shingles left out ---------------------------------------------------------------------- */

static int stop_set_build(stop_set *set, const uint64_t *values, size_t count)
{
    memset(set, 0, sizeof *set);
    if (!count)
        return 0;
    size_t size = 64;
    if (count > SIZE_MAX / 64)
        return -1;
    while (size < 4 * count)
        size *= 2;
    set->slots = calloc(size, sizeof *set->slots);
    if (!set->slots)
        return -1;
    set->mask = size - 1;
    for (size_t i = 0; i < count; i++) {
        if (!values[i]) {
            set->zero = 1;
            continue;
        }
        size_t at = values[i] & set->mask;
        while (set->slots[at] && set->slots[at] != values[i])
            at = (at + 1) & set->mask;
        set->slots[at] = values[i];
    }
    return 0;
}

static void stop_set_free(stop_set *set)
{
    free(set->slots);
    memset(set, 0, sizeof *set);
}

static inline int stopped(const stop_set *set, uint64_t value)
{
    if (!value)
        return set->zero;
    for (size_t at = value & set->mask; set->slots[at]; at = (at + 1) & set->mask)
        if (set->slots[at] == value)
            return 1;
    return 0;
}

static int emit(shingler *maker, size_t count, shingle_sink sink, void *to, row_facts *facts)
{
    facts->shingles += count;
    if (maker->stops.mask) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            maker->values[kept] = maker->values[i];
            kept += !stopped(&maker->stops, maker->values[i]);
        }
        count = kept;
    }
    facts->kept += count;
    return count ? sink(to, maker->values, count) : 0;
}

/* ---- texts shorter than the window ---------------------------------------------------------- */

/* Append to maker->points the folded text's tokens, joined by one blank. 1 where it joins. */
static int short_points(shingler *maker, const column_text *found)
{
    norm_cursor cursor;
    norm_folded folded;
    const uint64_t blank = ' ';
    maker->points.size = 0;
    for (column_begin(&cursor, found); cursor.position < cursor.length;
         cursor.position += folded.width) {
        if (!norm_fold_next(&cursor, &folded))
            return 1;
        for (unsigned i = 0; i < folded.count; i++) {
            int part = norm_part_of(&cursor.open, folded.kinds[i], maker->points.size > 0);
            if (part == NORM_NOTHING)
                continue;
            if (part == NORM_FIRST && maker->points.size &&
                vector_append(&maker->points, &blank, 8))
                return -1;
            uint64_t point = scramble(folded.points[i] + NORM_K2);
            if (vector_append(&maker->points, &point, 8))
                return -1;
        }
    }
    return 0;
}

static int shingle_short(shingler *maker, const column_text *found, shingle_sink sink, void *to,
                         row_facts *facts)
{
    if (short_points(maker, found))
        return -1; /* the text was read before: it does not join */
    static const uint64_t beyond[SHINGLE_LANES] = {0};
    size_t length = maker->points.size / 8;
    if (vector_append(&maker->points, beyond, sizeof beyond))
        return -1;
    const uint64_t *points = (const uint64_t *)(const void *)maker->points.data;
    unsigned window = length < maker->shortest ? (unsigned)length : maker->shortest;
    for (size_t at = 0; at + window <= length;) {
        size_t count = length - window + 1 - at;
        if (count > SHINGLE_CHUNK)
            count = SHINGLE_CHUNK;
        window_hashes(points + at, maker->values, count, window, NORM_K3 + window);
        if (emit(maker, count, sink, to, facts))
            return -1;
        at += count;
    }
    return 0;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* 0 done, 1 the text joins its neighbours, -1 memory is short. */
static int shingle_text(shingler *maker, const column_text *found, shingle_sink sink, void *to,
                        row_facts *facts)
{
    norm_cursor cursor;
    norm_tokens tokens = {maker->hashes, maker->starts, maker->ends, 0, SHINGLE_CHUNK};
    digest_lanes lanes;
    memset(facts, 0, sizeof *facts);
    digest_start(&lanes);
    if (sink(to, NULL, 0))
        return -1;
    column_begin(&cursor, found);
    while (cursor.state == NORM_MORE) {
        size_t before = tokens.count;
        norm_fill(&cursor, &tokens);
        if (cursor.state == NORM_JOINS)
            return 1;
        digest_add(&lanes, facts->tokens, tokens.hashes + before, tokens.count - before);
        facts->tokens += tokens.count - before;
        if (tokens.count < maker->window)
            continue;
        size_t count = tokens.count - maker->window + 1;
        window_hashes(tokens.hashes, maker->values, count, maker->window, 0);
        if (emit(maker, count, sink, to, facts))
            return -1;
        memmove(tokens.hashes, tokens.hashes + count, (maker->window - 1) * sizeof *tokens.hashes);
        tokens.count = maker->window - 1;
    }
    digest_finish(&lanes, facts->tokens, facts->digest);
    if (facts->tokens && facts->tokens < maker->window)
        return shingle_short(maker, found, sink, to, facts);
    return 0;
}

int shingle_row(shingler *maker, Py_ssize_t row, shingle_sink sink, void *to, row_facts *facts)
{
    column_text found;
    if (column_row(maker->texts, row, &found))
        return -1;
    int status = shingle_text(maker, &found, sink, to, facts);
    if (status == 1) {
        if (column_fold(maker->texts, &found))
            return -1;
        status = shingle_text(maker, &found, sink, to, facts);
    }
    return status ? column_fail(maker->texts, PyExc_MemoryError, "memory is short") : 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int check_widths(int window, int shortest)
{
    if (window >= 1 && window <= SHINGLE_LIMIT && shortest >= 1 && shortest <= SHINGLE_LIMIT)
        return 0;
    PyErr_SetString(PyExc_ValueError, "window and short must be from 1 to 64");
    return -1;
}

shingler *shingler_new(column *texts, int window, int shortest, const Py_buffer *stops)
{
    if (check_widths(window, shortest))
        return NULL;
    shingler *maker = calloc(1, sizeof *maker);
    if (!maker || stop_set_build(&maker->stops, stops->buf, (size_t)stops->len / 8)) {
        free(maker);
        PyErr_NoMemory();
        return NULL;
    }
    maker->texts = texts;
    maker->window = (unsigned)window;
    maker->shortest = (unsigned)shortest;
    return maker;
}

void shingler_free(shingler *maker)
{
    if (!maker)
        return;
    stop_set_free(&maker->stops);
    vector_free(&maker->points);
    free(maker);
}
