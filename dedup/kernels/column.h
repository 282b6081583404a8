/* A column of UTF-8 texts over Arrow buffers, read row by row without the interpreter's lock.
 *
 * Include after Python.h. Rows that norm.h leaves to Python (NORM_JOINS) are folded by a callable
 * given by the caller, `folding.fold_row`, for which the lock is taken for a moment.
 */
#ifndef MEDSMITH_COLUMN_H
#define MEDSMITH_COLUMN_H

#include <stdint.h>
#include <string.h>

#include "norm.h"

typedef struct {
    Py_buffer offsets, values;
    int large; /* 64-bit offsets */
    Py_ssize_t first, count;
    PyObject *fold;        /* callable: bytes -> (folded: bytes, places: bytes) */
    PyThreadState *thread; /* while the lock is released */
    PyObject *folded;      /* what `fold` returned last */
} column;

static inline void column_release(column *texts)
{
    if (texts->offsets.obj)
        PyBuffer_Release(&texts->offsets);
    if (texts->values.obj)
        PyBuffer_Release(&texts->values);
    Py_CLEAR(texts->folded);
}

/* Read (offsets, values, large, first, count, fold) from a tuple; -1 with an exception set. */
static inline int column_open(PyObject *tuple, column *texts)
{
    memset(texts, 0, sizeof *texts);
    if (!PyTuple_Check(tuple)) {
        PyErr_SetString(PyExc_TypeError, "a column is a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(tuple, "y*y*pnnO", &texts->offsets, &texts->values, &texts->large,
                          &texts->first, &texts->count, &texts->fold)) {
        column_release(texts);
        return -1;
    }
    Py_ssize_t width = texts->large ? 8 : 4;
    Py_ssize_t held = texts->offsets.len / width;
    if (texts->first < 0 || texts->count < 0 ||
        (texts->count && (held < 1 || texts->first > held - 1 ||
                          texts->count > held - 1 - texts->first))) {
        PyErr_SetString(PyExc_ValueError, "the column has more rows than offsets");
        column_release(texts);
        return -1;
    }
    return 0;
}

static inline void column_unlock(column *texts) { texts->thread = PyEval_SaveThread(); }
static inline void column_lock(column *texts) { PyEval_RestoreThread(texts->thread); }

/* Set an exception while the lock is released; always -1. */
static inline int column_fail(column *texts, PyObject *type, const char *message)
{
    column_lock(texts);
    PyErr_SetString(type, message);
    column_unlock(texts);
    return -1;
}

static inline int64_t column_offset(const column *texts, Py_ssize_t row)
{
    const uint8_t *at = (const uint8_t *)texts->offsets.buf;
    if (texts->large) {
        int64_t value;
        memcpy(&value, at + 8 * (texts->first + row), 8);
        return value;
    }
    int32_t value;
    memcpy(&value, at + 4 * (texts->first + row), 4);
    return value;
}

/* About how many tokens the column has; 0 where its offsets are wrong. */
static inline size_t column_tokens(const column *texts)
{
    int64_t bytes = texts->count ? column_offset(texts, texts->count) - column_offset(texts, 0) : 0;
    return bytes > 0 && bytes <= texts->values.len ? (size_t)bytes / 6 : 0;
}

typedef struct {
    const uint8_t *text;
    size_t length, readable;
    int folded;
    const uint32_t *places; /* of a folded text, where known: start and end of each byte's origin */
} column_text;

/* Find the text of a row, 0 <= row < count; -1 with an exception set where offsets are wrong. */
static inline int column_row(column *texts, Py_ssize_t row, column_text *found)
{
    int64_t start = column_offset(texts, row), end = column_offset(texts, row + 1);
    if (start < 0 || end < start || end > texts->values.len)
        return column_fail(texts, PyExc_ValueError, "the column's offsets are out of bounds");
    if (end - start >= (int64_t)1 << 32)
        return column_fail(texts, PyExc_ValueError, "a text is longer than 4 GiB");
    found->text = (const uint8_t *)texts->values.buf + start;
    found->length = (size_t)(end - start);
    found->readable = (size_t)(texts->values.len - start);
    found->folded = 0;
    found->places = NULL;
    return 0;
}

/* Replace a text by its folded form, valid until the next call; -1 with an exception set. */
static inline int column_fold(column *texts, column_text *found)
{
    char *folded, *places;
    Py_ssize_t length, size;
    int status = -1;
    column_lock(texts);
    Py_CLEAR(texts->folded);
    texts->folded = PyObject_CallFunction(texts->fold, "y#", (const char *)found->text,
                                          (Py_ssize_t)found->length);
    if (!texts->folded)
        goto done;
    if (!PyTuple_Check(texts->folded) || PyTuple_Size(texts->folded) != 2 ||
        PyBytes_AsStringAndSize(PyTuple_GetItem(texts->folded, 0), &folded, &length) ||
        PyBytes_AsStringAndSize(PyTuple_GetItem(texts->folded, 1), &places, &size) ||
        (size && size / 8 < length) || (uint64_t)length >= (uint64_t)1 << 32) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "fold gave fewer places than bytes");
        goto done;
    }
    found->text = (const uint8_t *)folded;
    found->length = found->readable = (size_t)length;
    found->places = size ? (const uint32_t *)(const void *)places : NULL;
    found->folded = 1;
    status = 0;
done:
    column_unlock(texts);
    return status;
}

NORM_INLINE void column_begin(norm_cursor *cursor, const column_text *found)
{
    norm_begin(cursor, found->text, found->length, found->readable, found->folded);
}

#endif
