/* Search for benchmark items in texts: n-grams counted in one pass over the bytes, then patterns
 * compared with the texts that share some. Called by medsmith/dedup/contamination only. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "buffers.h"
#include "match_grams.h"
#include "match_compare.h"
#include "match_scan.h"

/* ---- buffers from Python ---- */

static size_t count_of(const Py_buffer *buffer, size_t size) { return (size_t)buffer->len / size; }

/* Whether `buffer` is i64 offsets that rise from 0 or more to at most `limit`. */
static int rising(const Py_buffer *buffer, size_t limit) {
    const int64_t *offsets = buffer->buf;
    if (!aligned(buffer, 8) || buffer->len < 8 || offsets[0] < 0) return 0;
    size_t n = count_of(buffer, 8);
    for (size_t i = 1; i < n; i++)
        if (offsets[i] < offsets[i - 1]) return 0;
    return (uint64_t)offsets[n - 1] <= limit;
}

static void release(Py_buffer *buffers, int count) {
    for (int i = 0; i < count; i++)
        if (buffers[i].obj) PyBuffer_Release(&buffers[i]);
}

static int power_of_two(size_t value) { return value >= 2 && !(value & (value - 1)); }

static int make_lookup(const Py_buffer *filter, const Py_buffer *table, Lookup *lookup) {
    size_t words = count_of(filter, 8), slots = count_of(table, 8);
    if (!aligned(filter, 8) || !aligned(table, 8) || !power_of_two(words) || !power_of_two(slots)) return 0;
    lookup->filter = filter->buf;
    lookup->table = table->buf;
    lookup->filter_shift = 64;
    for (; words > 1; words /= 2) lookup->filter_shift--;
    lookup->table_mask = slots - 1;
    return 1;
}

/* ---- the table ---- */

static PyObject *fill_table(PyObject *self, PyObject *args) {
    Py_buffer b[4] = {{0}}; /* hashes, whether each is a pattern's only one, filter, table */
    PyObject *result = NULL;
    Lookup lookup;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*w*:fill_table", &b[0], &b[1], &b[2], &b[3])) return NULL;
    size_t n = count_of(&b[0], 8);
    if (!aligned(&b[0], 8) || (size_t)b[1].len != n || !make_lookup(&b[2], &b[3], &lookup) ||
        n > ID_MASK || n >= count_of(&b[3], 8)) {
        wrong("hashes, filter and table do not fit together");
        goto done;
    }
    const uint64_t *hashes = b[0].buf;
    const uint8_t *only = b[1].buf;
    uint64_t *filter = b[2].buf, *table = b[3].buf;
    Py_BEGIN_ALLOW_THREADS;
    memset(filter, 0, (size_t)b[2].len);
    memset(table, 0xFF, (size_t)b[3].len);
    for (size_t i = 0; i < n; i++) {
        uint64_t slot = hashes[i] & lookup.table_mask;
        while (table[slot] != NO_ENTRY) slot = (slot + 1) & lookup.table_mask;
        table[slot] = (hashes[i] & ~ENTRY_MASK) | (only[i] ? ONLY : 0) | i;
        filter[hashes[i] >> lookup.filter_shift] |= filter_bits(hashes[i]);
    }
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(b, 4);
    return result;
}

/* ---- scripts without spaces ---- */

static PyObject *mark_wide(PyObject *self, PyObject *args) {
    Py_buffer b[5] = {{0}}; /* data, text offsets, token starts, token offsets, marks */
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*:mark_wide", &b[0], &b[1], &b[2], &b[3], &b[4])) return NULL;
    size_t tokens = count_of(&b[2], 4);
    if (!rising(&b[1], (size_t)b[0].len) || !aligned(&b[2], 4) || !rising(&b[3], tokens) ||
        b[1].len != b[3].len || (size_t)b[4].len != tokens) {
        wrong("texts and tokens do not fit together");
        goto done;
    }
    const uint8_t *data = b[0].buf;
    const int64_t *texts = b[1].buf, *offsets = b[3].buf;
    const uint32_t *starts = b[2].buf;
    uint8_t *marks = b[4].buf;
    int inside = 1;
    Py_BEGIN_ALLOW_THREADS;
    for (size_t row = 0; inside && row + 1 < count_of(&b[1], 8); row++) {
        size_t length = (size_t)(texts[row + 1] - texts[row]);
        for (int64_t i = offsets[row]; i < offsets[row + 1]; i++) {
            if (!(inside = starts[i] < length)) break;
            marks[i] = (uint8_t)is_wide(data + texts[row] + starts[i], length - starts[i]);
        }
    }
    Py_END_ALLOW_THREADS;
    result = inside ? Py_NewRef(Py_None) : wrong("a token starts outside its text");
done:
    release(b, 5);
    return result;
}

/* ---- the scan ---- */

enum { S_FILTER, S_TABLE, S_POST_OFFSETS, S_POST_PATTERN, S_POST_AT, S_NEED, S_COUNTS, S_INDEX };

static int make_scan(const Py_buffer *b, Scan *scan) {
    memset(scan, 0, sizeof *scan);
    if (!make_lookup(&b[S_FILTER], &b[S_TABLE], &scan->lookup) || !aligned(&b[S_POST_OFFSETS], 4) ||
        !aligned(&b[S_POST_PATTERN], 4) || !aligned(&b[S_POST_AT], 4) || !aligned(&b[S_NEED], 2) ||
        !aligned(&b[S_COUNTS], 4) || b[S_POST_AT].len != b[S_POST_PATTERN].len)
        return 0;
    scan->grams = count_of(&b[S_COUNTS], 4);
    scan->patterns = count_of(&b[S_NEED], 2);
    if (count_of(&b[S_POST_OFFSETS], 4) != scan->grams + 1) return 0;
    scan->powers = run_powers();
    scan->post_offsets = b[S_POST_OFFSETS].buf;
    scan->post_pattern = b[S_POST_PATTERN].buf;
    scan->post_at = b[S_POST_AT].buf;
    for (size_t i = 0; i < scan->grams; i++)
        if (scan->post_offsets[i] > scan->post_offsets[i + 1]) return 0;
    if (scan->post_offsets[scan->grams] > count_of(&b[S_POST_AT], 4)) return 0;
    scan->need = b[S_NEED].buf;
    scan->counts = b[S_COUNTS].buf;
    scan->seen.item = sizeof(uint32_t);
    return 1;
}

static PyObject *scan_result(Scan *scan, int failed) {
    free(scan->seen.data);
    return failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
}

static PyObject *scan(PyObject *self, PyObject *args) {
    Py_buffer b[S_INDEX + 3] = {{0}}, *data = &b[S_INDEX]; /* data: bytes, offsets, marks */
    PyObject *result = NULL;
    Scan state;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*w*y*y*w*:scan", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
                          &b[6], &data[0], &data[1], &data[2]))
        return NULL;
    const int64_t *offsets = data[1].buf;
    size_t n = count_of(&data[1], 8) - 1;
    int right = rising(&data[1], (size_t)data[0].len) && n < UINT32_MAX && (size_t)data[2].len == n;
    for (size_t row = 0; right && row < n; row++) right = offsets[row + 1] - offsets[row] < UINT32_MAX;
    if (!right || !make_scan(b, &state)) {
        wrong("index and texts do not fit together");
    } else {
        int failed;
        Py_BEGIN_ALLOW_THREADS;
        failed = scan_texts(&state, data[0].buf, (size_t)data[0].len, offsets, n, data[2].buf);
        Py_END_ALLOW_THREADS;
        result = scan_result(&state, failed);
    }
    release(b, S_INDEX + 3);
    return result;
}

static PyObject *scan_tokens(PyObject *self, PyObject *args) {
    Py_buffer b[S_INDEX + 4] = {{0}}, *data = &b[S_INDEX]; /* data: hashes, wide, offsets, marks */
    PyObject *result = NULL;
    Scan state;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*w*y*y*y*w*:scan_tokens", &b[0], &b[1], &b[2], &b[3], &b[4],
                          &b[5], &b[6], &data[0], &data[1], &data[2], &data[3]))
        return NULL;
    size_t n = count_of(&data[2], 8) - 1;
    if (!aligned(&data[0], 8) || (size_t)data[1].len != count_of(&data[0], 8) ||
        !rising(&data[2], (size_t)data[1].len) || n >= UINT32_MAX || (size_t)data[3].len != n ||
        !make_scan(b, &state)) {
        wrong("index and tokens do not fit together");
    } else {
        int failed;
        Py_BEGIN_ALLOW_THREADS;
        failed = scan_hashes(&state, data[0].buf, data[1].buf, data[2].buf, n, data[3].buf);
        Py_END_ALLOW_THREADS;
        result = scan_result(&state, failed);
    }
    release(b, S_INDEX + 4);
    return result;
}

/* ---- the comparison ---- */

/* Whether the postings name only patterns and tokens that exist, of the pattern they say. */
static int postings_fit(const Patterns *p, size_t grams, size_t postings, size_t patterns) {
    if (p->post_offsets[0] != 0 || p->post_offsets[grams] != postings) return 0;
    for (size_t i = 0; i < grams; i++)
        if (p->post_offsets[i] > p->post_offsets[i + 1]) return 0;
    for (size_t i = 0; i < postings; i++) {
        uint32_t pattern = p->post_pattern[i];
        if (pattern >= patterns || p->post_at[i] < p->offsets[pattern] ||
            p->post_at[i] >= p->offsets[pattern + 1])
            return 0;
    }
    return 1;
}

enum { FILTER, TABLE, POST_OFFSETS, POST_PATTERN, POST_AT, TELLING, TOKENS, RUN, OFFSETS, HEADS, WEIGHTS, LEVELS, HASHES, WIDE, TEXTS, BUFFERS };

static int make_patterns(const Py_buffer *b, Patterns *p) {
    size_t grams = (size_t)b[TELLING].len, tokens = (size_t)b[RUN].len;
    if (!aligned(&b[POST_OFFSETS], 4) || !aligned(&b[POST_PATTERN], 4) || !aligned(&b[POST_AT], 4) ||
        !aligned(&b[TOKENS], 8) || !aligned(&b[WEIGHTS], 2) || (size_t)b[LEVELS].len != tokens || !aligned(&b[HEADS], 4) ||
        count_of(&b[HEADS], 4) + 1 != count_of(&b[OFFSETS], 8) || count_of(&b[POST_OFFSETS], 4) != grams + 1 ||
        b[POST_PATTERN].len != b[POST_AT].len || count_of(&b[TOKENS], 8) != tokens ||
        count_of(&b[WEIGHTS], 2) != tokens || !rising(&b[OFFSETS], tokens) || tokens >= UINT32_MAX || grams > ID_MASK)
        return 0;
    p->post_offsets = b[POST_OFFSETS].buf;
    p->post_pattern = b[POST_PATTERN].buf;
    p->post_at = b[POST_AT].buf;
    p->telling = b[TELLING].buf;
    p->levels = b[LEVELS].buf;
    p->grams = (uint32_t)grams;
    p->tokens = b[TOKENS].buf;
    p->run = b[RUN].buf;
    p->offsets = b[OFFSETS].buf;
    p->heads = b[HEADS].buf;
    p->weights = b[WEIGHTS].buf;
    return postings_fit(p, grams, count_of(&b[POST_AT], 4), count_of(&b[OFFSETS], 8) - 1);
}

static int make_texts(const Py_buffer *b) {
    const int64_t *offsets = b[TEXTS].buf;
    if (!aligned(&b[HASHES], 8) || count_of(&b[HASHES], 8) != (size_t)b[WIDE].len ||
        !rising(&b[TEXTS], (size_t)b[WIDE].len) || count_of(&b[TEXTS], 8) >= UINT32_MAX)
        return 0;
    for (size_t i = 0; i + 1 < count_of(&b[TEXTS], 8); i++)
        if (offsets[i + 1] - offsets[i] >= UINT32_MAX / 4) return 0;
    return 1;
}

static PyObject *compare(PyObject *self, PyObject *args) {
    Py_buffer b[BUFFERS] = {{0}};
    unsigned int least_covered, least_bag;
    PyObject *result = NULL;
    Patterns patterns;
    Lookup lookup;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*y*y*y*y*y*y*y*y*II:compare", &b[0], &b[1], &b[2], &b[3], &b[4],
                          &b[5], &b[6], &b[7], &b[8], &b[9], &b[10], &b[11], &b[12], &b[13], &b[14], &least_covered,
                          &least_bag))
        return NULL;
    if (!make_lookup(&b[FILTER], &b[TABLE], &lookup) || !make_patterns(b, &patterns) || !make_texts(b)) {
        wrong("index and texts do not fit together");
        goto done;
    }
    patterns.least_covered = least_covered;
    patterns.least_bag = least_bag;
    Scratch scratch = {{.item = sizeof(Hit)}, {.item = sizeof(BagSlot)}, {.item = 1}, {.item = 1}};
    Vector matches = {.item = sizeof(Match)};
    const int64_t *texts = b[TEXTS].buf;
    const uint64_t *hashes = b[HASHES].buf;
    const uint8_t *wide = b[WIDE].buf;
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS;
    for (size_t i = 0; !failed && i + 1 < count_of(&b[TEXTS], 8); i++)
        failed = compare_text(&patterns, &lookup, &scratch, (uint32_t)i, hashes + texts[i], wide + texts[i],
                              (uint32_t)(texts[i + 1] - texts[i]), &matches);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory()
                    : PyBytes_FromStringAndSize(matches.data, (Py_ssize_t)(matches.size * sizeof(Match)));
    free(scratch.hits.data);
    free(scratch.bag.data);
    free(scratch.used.data);
    free(scratch.covered.data);
    free(matches.data);
done:
    release(b, BUFFERS);
    return result;
}

static PyMethodDef methods[] = {
    {"fill_table", fill_table, METH_VARARGS, NULL},   {"mark_wide", mark_wide, METH_VARARGS, NULL},
    {"scan", scan, METH_VARARGS, NULL},               {"scan_tokens", scan_tokens, METH_VARARGS, NULL},
    {"compare", compare, METH_VARARGS, NULL},         {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_match", "Search for patterns of tokens.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__match(void) { return PyModuleDef_Init(&module); }
