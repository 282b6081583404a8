#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "form_bytes.h"
#include "minhash.h"
#include "native.h"
#include "shingles.h"

typedef struct {
    uint32_t *signature; /* padded to a multiple of MINHASH_LANES */
    const uint32_t *multipliers, *addends;
    size_t padded;
} signer;

enum {
    COUNTS = 4, /* told of a row */
    STRIDE = 8, /* numbers that are moved as one */
    BLOCK = 32, /* rows that wait until they are written, so that each lane is written in one go */
};

/* Where the sketches of `rows` rows go. */
typedef struct {
    char *signatures; /* u32[rows, permutations], or u16[lanes, rows, permutations / lanes] */
    uint64_t *digests;
    uint32_t *counts;
    uint32_t *gists; /* GIST_WORDS a row; NULL where nobody asks for them */
    uint16_t *low; /* the low halves of BLOCK rows' signatures, `padded` each, and STRIDE more */
    size_t rows, permutations, lanes, padded;
} sketches;

static int sign(void *to, const uint64_t *values, size_t count)
{
    signer *work = to;
    if (!values)
        memset(work->signature, 0xFF, work->padded * sizeof *work->signature);
    else
        minhash_update(work->signature, work->multipliers, work->addends, work->padded, values,
                       count);
    return 0;
}

/* Keep the low halves of a row's signature. */
static void keep_low(const sketches *out, size_t row, const uint32_t *signature)
{
    uint16_t *low = out->low + row % BLOCK * out->padded;
    for (size_t i = 0; i < out->padded; i++)
        low[i] = (uint16_t)signature[i];
}

/* Write what was kept of rows [start, end) to the lanes. Rows must come in their order: a share may
 * be followed by what the next row overwrites. */
static void put_lanes(const sketches *out, size_t start, size_t end)
{
    size_t width = out->permutations / out->lanes;
    for (size_t lane = 0; lane < out->lanes; lane++) {
        const uint16_t *low = out->low + lane * width;
        char *share = out->signatures + 2 * (lane * out->rows + start) * width;
        size_t row = start;
        if (width <= STRIDE)
            for (; row < end && (out->rows - row) * width >= STRIDE; row++, share += 2 * width)
                memcpy(share, low + row % BLOCK * out->padded, 2 * STRIDE);
        for (; row < end; row++, share += 2 * width)
            memcpy(share, low + row % BLOCK * out->padded, 2 * width);
    }
}

static int sketch_rows(shingler *maker, signer *work, const sketches *out)
{
    row_facts facts;
    column_text found;
    for (size_t row = 0; row < out->rows; row++) {
        if (shingle_row(maker, (Py_ssize_t)row, sign, work, &facts) ||
            column_row(maker->texts, (Py_ssize_t)row, &found))
            return -1;
        if (out->lanes)
            keep_low(out, row, work->signature);
        else
            memcpy(out->signatures + 4 * row * out->permutations, work->signature,
                   4 * out->permutations);
        if (out->gists)
            minhash_gist(work->signature, out->gists + GIST_WORDS * row);
        memcpy(out->digests + 2 * row, facts.digest, sizeof facts.digest);
        uint32_t *counts = out->counts + COUNTS * row;
        counts[0] = (uint32_t)facts.tokens;
        counts[1] = (uint32_t)facts.shingles;
        counts[2] = (uint32_t)facts.kept;
        counts[3] = (uint32_t)may_be_form(found.text, found.length); /* now in the cache */
        if (out->lanes && ((row + 1) % BLOCK == 0 || row + 1 == out->rows))
            put_lanes(out, row - row % BLOCK, row + 1);
    }
    return 0;
}

/* Sketch the column's rows; -1 with an exception set. */
static int sketch_column(column *texts, int window, int shortest, const Py_buffer *stops,
                         signer *work, sketches *out)
{
    int status = -1;
    size_t room = work->padded > GIST_PADDED ? work->padded : GIST_PADDED;
    work->signature = calloc(room, sizeof *work->signature);
    out->low = calloc(BLOCK * work->padded + STRIDE, sizeof *out->low);
    if (!work->signature || !out->low) {
        PyErr_NoMemory();
    } else {
        shingler *maker = shingler_new(texts, window, shortest, stops);
        if (maker) {
            column_unlock(texts);
            status = sketch_rows(maker, work, out);
            column_lock(texts);
        }
        shingler_free(maker);
    }
    free(work->signature);
    free(out->low);
    return status;
}

PyObject *native_sketch(PyObject *module, PyObject *args)
{
    PyObject *tuple, *result = NULL;
    Py_buffer stops = {0}, factors = {0}, addends = {0}, signatures = {0}, digests = {0},
              counts = {0}, gists = {0};
    int window, shortest;
    Py_ssize_t permutations, lanes;
    column texts;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oiiy*ny*y*w*w*w*nw*", &tuple, &window, &shortest, &stops,
                          &permutations, &factors, &addends, &signatures, &digests, &counts,
                          &lanes, &gists))
        return NULL;
    if (column_open(tuple, &texts))
        goto released;
    size_t padded = (size_t)factors.len / 4;
    if (permutations < 1 || (size_t)permutations > padded || padded % MINHASH_LANES || lanes < 0 ||
        (lanes && permutations % lanes) || addends.len != factors.len ||
        signatures.len / (lanes ? 2 : 4) / permutations < texts.count ||
        digests.len / 16 < texts.count || counts.len / (4 * COUNTS) < texts.count ||
        (gists.len && gists.len / (4 * GIST_WORDS) < texts.count)) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit the rows and permutations");
    } else {
        signer work = {NULL, factors.buf, addends.buf, padded};
        sketches out = {
            signatures.buf,
            digests.buf,
            counts.buf,
            gists.len ? gists.buf : NULL,
            NULL,
            (size_t)texts.count,
            (size_t)permutations,
            (size_t)lanes,
            padded,
        };
        if (!sketch_column(&texts, window, shortest, &stops, &work, &out))
            result = Py_NewRef(Py_None);
    }
    column_release(&texts);
released:
    PyBuffer_Release(&stops);
    PyBuffer_Release(&factors);
    PyBuffer_Release(&addends);
    PyBuffer_Release(&signatures);
    PyBuffer_Release(&digests);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&gists);
    return result;
}
