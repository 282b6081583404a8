#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"
#include "sets.h"

typedef struct {
    Py_buffer values, offsets, rows;
} chosen_sets;

/* The set of the pair's row; -1 where row or offsets are out of bounds. */
static int choose(const chosen_sets *sets, Py_ssize_t pair, const uint64_t **values, size_t *count)
{
    int64_t row = ((const int64_t *)sets->rows.buf)[pair];
    const int64_t *offsets = sets->offsets.buf;
    if (row < 0 || row >= sets->offsets.len / 8 - 1)
        return -1;
    int64_t start = offsets[row], end = offsets[row + 1];
    if (start < 0 || end < start || end > sets->values.len / 8)
        return -1;
    *values = (const uint64_t *)sets->values.buf + start;
    *count = (size_t)(end - start);
    return 0;
}

static int compare_pairs(const chosen_sets *a, const chosen_sets *b, Py_ssize_t pairs,
                         double *jaccard, double *containment)
{
    for (Py_ssize_t pair = 0; pair < pairs; pair++) {
        const uint64_t *left, *right;
        size_t left_count, right_count;
        if (choose(a, pair, &left, &left_count) || choose(b, pair, &right, &right_count))
            return -1;
        size_t shared = set_shared(left, left_count, right, right_count);
        size_t smaller = left_count < right_count ? left_count : right_count;
        size_t united = left_count + right_count - shared;
        jaccard[pair] = united ? (double)shared / (double)united : 1.0;
        containment[pair] = smaller ? (double)shared / (double)smaller : united ? 0.0 : 1.0;
    }
    return 0;
}

PyObject *native_similarities(PyObject *module, PyObject *args)
{
    PyObject *result = NULL;
    chosen_sets a = {{0}, {0}, {0}}, b = {{0}, {0}, {0}};
    Py_buffer jaccard = {0}, containment = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*w*w*", &a.values, &a.offsets, &a.rows, &b.values,
                          &b.offsets, &b.rows, &jaccard, &containment))
        return NULL;
    Py_ssize_t pairs = a.rows.len / 8;
    int status = -1;
    if (b.rows.len == a.rows.len && jaccard.len / 8 >= pairs && containment.len / 8 >= pairs) {
        Py_BEGIN_ALLOW_THREADS
        status = compare_pairs(&a, &b, pairs, jaccard.buf, containment.buf);
        Py_END_ALLOW_THREADS
    }
    if (status)
        PyErr_SetString(PyExc_ValueError, "rows or offsets are out of bounds");
    else
        result = Py_NewRef(Py_None);
    PyBuffer_Release(&a.values);
    PyBuffer_Release(&a.offsets);
    PyBuffer_Release(&a.rows);
    PyBuffer_Release(&b.values);
    PyBuffer_Release(&b.offsets);
    PyBuffer_Release(&b.rows);
    PyBuffer_Release(&jaccard);
    PyBuffer_Release(&containment);
    return result;
}
