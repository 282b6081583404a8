#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "forms.h"
#include "native.h"
#include "numbers.h"
#include "sets.h"
#include "shingles.h"

typedef struct {
    vector values;
    size_t begun; /* bytes, before the row */
} gathered;

static int gather(void *to, const uint64_t *values, size_t count)
{
    gathered *sets = to;
    if (!values) {
        sets->values.size = sets->begun;
        return 0;
    }
    return vector_append(&sets->values, values, 8 * count);
}

/* Sort the values from `begun` on into a set; -1 where memory is short. */
static int finish_set(gathered *sets, vector *room)
{
    size_t count = (sets->values.size - sets->begun) / 8;
    room->size = 0;
    if (vector_reserve(room, 8 * count))
        return -1;
    uint64_t *values = (uint64_t *)(void *)(sets->values.data + sets->begun);
    if (count)
        count = set_sort(values, count, (uint64_t *)(void *)room->data);
    sets->begun += 8 * count;
    sets->values.size = sets->begun;
    return 0;
}

PyObject *native_shingle_sets(PyObject *module, PyObject *args)
{
    PyObject *tuple, *result = NULL;
    Py_buffer rows = {0}, stops = {0};
    int window, shortest;
    column texts;
    gathered sets = {{0}, 0};
    vector room = {0};
    if (!PyArg_ParseTuple(args, "Oiiy*w*", &tuple, &window, &shortest, &stops, &rows))
        return NULL;
    if (column_open(tuple, &texts))
        goto released;
    int64_t *offsets = native_offsets(&rows, texts.count);
    shingler *maker = offsets ? shingler_new(&texts, window, shortest, &stops) : NULL;
    if (maker) {
        row_facts facts;
        int status = 0;
        column_unlock(&texts);
        offsets[0] = 0;
        for (Py_ssize_t row = 0; !status && row < texts.count; row++) {
            status = shingle_row(maker, row, gather, &sets, &facts);
            if (!status && finish_set(&sets, &room))
                status = column_fail(&texts, PyExc_MemoryError, "memory is short");
            offsets[row + 1] = (int64_t)(sets.begun / 8);
        }
        column_lock(&texts);
        if (!status)
            result = native_give(module, &sets.values, 1);
        shingler_free(maker);
    }
    vector_free(&sets.values);
    vector_free(&room);
    column_release(&texts);
released:
    PyBuffer_Release(&stops);
    PyBuffer_Release(&rows);
    return result;
}

/* ---- forms and numbers ---------------------------------------------------------------------- */

typedef int (*element_maker)(column *, column_text *, vector *, vector *);

/* Sets of each row's elements by `make`, which returns whether the row is a form, or -1. */
static PyObject *element_sets(PyObject *module, PyObject *args, element_maker make)
{
    PyObject *tuple, *result = NULL;
    Py_buffer rows = {0}, flags = {0};
    column texts;
    gathered sets = {{0}, 0};
    vector room = {0}, scratch = {0};
    if (!PyArg_ParseTuple(args, "Ow*w*", &tuple, &rows, &flags))
        return NULL;
    if (column_open(tuple, &texts))
        goto released;
    int64_t *offsets = native_offsets(&rows, texts.count);
    if (offsets && flags.len < texts.count)
        PyErr_SetString(PyExc_ValueError, "one flag a row");
    else if (offsets) {
        int status = 0;
        column_unlock(&texts);
        offsets[0] = 0;
        for (Py_ssize_t row = 0; status >= 0 && row < texts.count; row++) {
            column_text found;
            status = column_row(&texts, row, &found);
            if (!status)
                status = make(&texts, &found, &sets.values, &scratch);
            if (status >= 0) {
                ((uint8_t *)flags.buf)[row] = (uint8_t)status;
                if (finish_set(&sets, &room))
                    status = column_fail(&texts, PyExc_MemoryError, "memory is short");
            }
            offsets[row + 1] = (int64_t)(sets.begun / 8);
        }
        column_lock(&texts);
        if (status >= 0)
            result = native_give(module, &sets.values, 1);
    }
    vector_free(&sets.values);
    vector_free(&room);
    vector_free(&scratch);
    column_release(&texts);
released:
    PyBuffer_Release(&rows);
    PyBuffer_Release(&flags);
    return result;
}

PyObject *native_structured_sets(PyObject *module, PyObject *args)
{
    return element_sets(module, args, form_elements);
}

PyObject *native_numeric_sets(PyObject *module, PyObject *args)
{
    return element_sets(module, args, number_elements);
}
