#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "minhash.h"
#include "native.h"
#include "shingles.h"

typedef struct {
    uint32_t *signature; /* padded to a multiple of MINHASH_LANES */
    const uint32_t *multipliers, *addends;
    size_t padded;
} signer;

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

static int sketch_rows(shingler *maker, signer *work, size_t permutations, uint32_t *signatures,
                       uint64_t *digests, uint32_t *counts)
{
    row_facts facts;
    for (Py_ssize_t row = 0; row < maker->texts->count; row++) {
        if (shingle_row(maker, row, sign, work, &facts))
            return -1;
        memcpy(signatures + (size_t)row * permutations, work->signature,
               permutations * sizeof *signatures);
        memcpy(digests + 2 * row, facts.digest, sizeof facts.digest);
        counts[3 * row] = (uint32_t)facts.tokens;
        counts[3 * row + 1] = (uint32_t)facts.shingles;
        counts[3 * row + 2] = (uint32_t)facts.kept;
    }
    return 0;
}

PyObject *native_sketch(PyObject *module, PyObject *args)
{
    PyObject *tuple, *result = NULL;
    Py_buffer stops = {0}, factors = {0}, addends = {0}, signatures = {0}, digests = {0},
              counts = {0};
    int window, shortest;
    Py_ssize_t permutations;
    column texts;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oiiy*ny*y*w*w*w*", &tuple, &window, &shortest, &stops,
                          &permutations, &factors, &addends, &signatures, &digests, &counts))
        return NULL;
    if (column_open(tuple, &texts))
        goto released;
    size_t padded = (size_t)factors.len / 4;
    if (permutations < 1 || (size_t)permutations > padded || padded % MINHASH_LANES ||
        addends.len != factors.len || signatures.len / 4 / permutations < texts.count ||
        digests.len / 16 < texts.count || counts.len / 12 < texts.count) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit the rows and permutations");
    } else {
        signer work = {malloc(padded * 4), factors.buf, addends.buf, padded};
        shingler *maker = work.signature ? shingler_new(&texts, window, shortest, &stops) : NULL;
        if (!work.signature)
            PyErr_NoMemory();
        if (maker) {
            column_unlock(&texts);
            int status = sketch_rows(maker, &work, (size_t)permutations, signatures.buf,
                                     digests.buf, counts.buf);
            column_lock(&texts);
            if (!status)
                result = Py_NewRef(Py_None);
        }
        shingler_free(maker);
        free(work.signature);
    }
    column_release(&texts);
released:
    PyBuffer_Release(&stops);
    PyBuffer_Release(&factors);
    PyBuffer_Release(&addends);
    PyBuffer_Release(&signatures);
    PyBuffer_Release(&digests);
    PyBuffer_Release(&counts);
    return result;
}
