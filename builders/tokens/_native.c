/* Token counts of byte-level BPE over Arrow buffers, without token ids. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "merge.h"
#include "pairs.h"
#include "scan.h"

enum { PROVEN, UNPROVEN, NOT_UTF8 };

/* Names of added tokens: a text that holds one is cut there by the library. */
struct names {
    const uint8_t *bytes;
    const int64_t *offsets;
    size_t count;
    uint8_t first[256]; /* first bytes, each once */
    size_t first_count;
};

typedef struct {
    PyObject_HEAD
    PyThread_type_lock lock; /* one text at a time goes through the cache */
    Py_buffer held[5];       /* tokens, offsets, merges, names, their offsets; may be empty */
    struct vocabulary vocabulary;
    struct cache cache;
    struct names names;
    struct rules rules;
    int whole, nfc;
} Counter;

static int holds_name(const struct names *names, const uint8_t *p, const uint8_t *end) {
    for (size_t f = 0; f < names->first_count; f++) {
        const uint8_t *q = p;
        while (q < end && (q = memchr(q, names->first[f], (size_t)(end - q)))) {
            for (size_t i = 0; i < names->count; i++) {
                size_t length = (size_t)(names->offsets[i + 1] - names->offsets[i]);
                const uint8_t *name = names->bytes + names->offsets[i];
                if (*name == *q && length <= (size_t)(end - q) &&
                    (length < 2 || name[1] == q[1]) && !memcmp(name, q, length))
                    return 1;
            }
            q++;
        }
    }
    return 0;
}

/* Whether offsets run upwards from 0 or more to at most `limit`. */
static int offsets_fit(const int64_t *offsets, size_t count, int64_t limit, int64_t least) {
    if (offsets[0] < 0 || offsets[count] > limit) return 0;
    for (size_t i = 0; i < count; i++)
        if (offsets[i + 1] - offsets[i] < least) return 0;
    return 1;
}

/* ---- one text ---- */

/* Add the tokens of each pre-token to `*total`, some of them later, by way of `q`. Returns 0 where
   memory ran out or one is too long. Each byte is a token: one alone needs no look-up. */
static int add_pieces(Counter *self, struct queue *q, struct text *t, const uint8_t *p,
    const uint8_t *readable, int64_t *total) {
    const struct rules rules = self->rules;
    while (p < t->end) {
        const uint8_t *end = next_piece(t, p, rules);
        size_t length = (size_t)(end - p);
        uint32_t count = 1;
        if (length > 1 && length <= SHORT_KEY) {
            enqueue(q, &self->cache, &self->vocabulary, p, length, readable, total, self->whole);
            count = 0;
        } else if (length > LONG_KEY) {
            count = count_merged(&self->vocabulary, p, length, self->whole);
        } else if (length > 1) {
            count = count_long(&self->cache, &self->vocabulary, p, length, self->whole);
        }
        if (count == NONE) return 0;
        *total += count;
        p = end;
    }
    return 1;
}

static int count_text(Counter *self, struct queue *q, const uint8_t *p, const uint8_t *end,
    const uint8_t *readable, int64_t *count) {
    struct text t = {end, 0};
    *count = 0;
    if (self->names.count && holds_name(&self->names, p, end)) return UNPROVEN;
    int counted = add_pieces(self, q, &t, p, readable, count);
    if (t.flags & INVALID) return NOT_UTF8;
    return !counted || t.flags & UNSURE || (self->nfc && t.flags & NOT_INERT) ? UNPROVEN : PROVEN;
}

/* ---- methods ---- */

/* Offsets of Arrow's string (32 bits) or large_string (64 bits) columns. */
INLINE int64_t offset_at(const Py_buffer *offsets, int wide, Py_ssize_t i) {
    return wide ? ((const int64_t *)offsets->buf)[i] : ((const int32_t *)offsets->buf)[i];
}

static PyObject *Counter_count(Counter *self, PyObject *args) {
    Py_buffer data, offsets, counts, states;
    Py_ssize_t first, rows, bad = -1;
    int wide;
    if (!PyArg_ParseTuple(args, "y*y*pnw*w*", &data, &offsets, &wide, &first, &counts, &states))
        return NULL;
    rows = states.len;
    Py_ssize_t size = wide ? 8 : 4;
    const char *fault = NULL;
    if (first < 0 || first > offsets.len / size || rows >= offsets.len / size - first)
        fault = "offsets are too few for the rows";
    else if (counts.len != rows * 8)
        fault = "counts must hold 8 bytes a row";
    else if ((uintptr_t)offsets.buf % (size_t)size || (uintptr_t)counts.buf % 8)
        fault = "buffers must be aligned";
    if (!fault) {
        const uint8_t *bytes = data.buf;
        int64_t *out = counts.buf;
        uint8_t *state = states.buf;
        struct queue queue = {0};
        Py_BEGIN_ALLOW_THREADS;
        PyThread_acquire_lock(self->lock, WAIT_LOCK);
        for (Py_ssize_t row = 0; row < rows; row++) {
            int64_t start = offset_at(&offsets, wide, first + row);
            int64_t end = offset_at(&offsets, wide, first + row + 1);
            if (start < 0 || end < start || end > data.len) {
                fault = "offsets point outside of the data";
                break;
            }
            state[row] = (uint8_t)count_text(
                self, &queue, bytes + start, bytes + end, bytes + data.len, &out[row]);
            if (state[row] == NOT_UTF8) {
                bad = row;
                break;
            }
        }
        resolve_all(&queue, &self->cache, &self->vocabulary, self->whole);
        PyThread_release_lock(self->lock);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&data);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&states);
    if (bad >= 0) return PyErr_Format(PyExc_ValueError, "row %zd is not UTF-8", bad);
    if (fault) {
        PyErr_SetString(PyExc_ValueError, fault);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *Counter_cut(Counter *self, PyObject *args) {
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*", &data)) return NULL;
    const uint8_t *start = data.buf, *end = start + data.len;
    PyObject *ends = PyByteArray_FromStringAndSize(NULL, data.len * 8);
    struct text t = {end, 0};
    Py_ssize_t pieces = 0;
    if (ends) {
        char *out = PyByteArray_AsString(ends);
        for (const uint8_t *p = start; p < end; pieces++) {
            p = next_piece(&t, p, self->rules);
            int64_t at = p - start;
            memcpy(out + 8 * pieces, &at, 8);
        }
    }
    PyBuffer_Release(&data);
    if (ends && t.flags & INVALID) {
        PyErr_SetString(PyExc_ValueError, "the text is not UTF-8");
        Py_CLEAR(ends);
    }
    if (ends && PyByteArray_Resize(ends, pieces * 8) < 0) Py_CLEAR(ends);
    return ends;
}

static PyObject *Counter_pairs(Counter *self, PyObject *Py_UNUSED(ignored)) {
    const struct vocabulary *v = &self->vocabulary;
    PyObject *rows = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)v->pair_count * 16);
    if (!rows) return NULL;
    char *out = PyBytes_AsString(rows);
    for (size_t i = 0; i <= v->pair_mask; i++) {
        const struct pair *pair = &v->pairs[i];
        if (pair->key == UINT64_MAX) continue;
        uint32_t row[4] = {
            (uint32_t)(pair->key >> 32), (uint32_t)pair->key, pair->rank, pair->result};
        memcpy(out, row, sizeof row);
        out += sizeof row;
    }
    return rows;
}

/* ---- making and freeing ---- */

static void Counter_dealloc(Counter *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    free_vocabulary(&self->vocabulary);
    free_cache(&self->cache);
    for (size_t i = 0; i < sizeof self->held / sizeof *self->held; i++)
        PyBuffer_Release(&self->held[i]);
    if (self->lock) PyThread_free_lock(self->lock);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* Check what was given, and build the tables; returns what is wrong, "" where memory ran out. */
static const char *fill(Counter *self, Py_ssize_t cache_bytes) {
    Py_buffer *tokens = &self->held[0], *offsets = &self->held[1], *merges = &self->held[2];
    Py_buffer *names = &self->held[3], *name_offsets = &self->held[4];
    if ((uintptr_t)offsets->buf % 8 || (uintptr_t)name_offsets->buf % 8 ||
        (uintptr_t)merges->buf % 4)
        return "buffers must be aligned";
    if (offsets->len < 8 || offsets->len % 8 || name_offsets->len < 8 || name_offsets->len % 8)
        return "offsets must be whole integers of 64 bits, at least one";
    size_t count = (size_t)offsets->len / 8 - 1, name_count = (size_t)name_offsets->len / 8 - 1;
    if (count >= NONE / 2 || !offsets_fit(offsets->buf, count, tokens->len, 1))
        return "offsets of tokens must rise within their bytes";
    if (!offsets_fit(name_offsets->buf, name_count, names->len, 1))
        return "offsets of names must rise within their bytes";
    if (merges->len % 12) return "merges must be rows of three integers of 32 bits";
    size_t rows = (size_t)merges->len / 12;
    const uint32_t *merge = merges->buf;
    for (size_t i = 0; i < 3 * rows; i++)
        if (merge[i] >= count) return "a merge names a token that is not there";
    if (cache_bytes < 0) return "the cache cannot be smaller than nothing";
    self->vocabulary.bytes = tokens->buf;
    self->vocabulary.offsets = offsets->buf;
    self->vocabulary.count = (uint32_t)count;
    self->names = (struct names){names->buf, name_offsets->buf, name_count, {0}, 0};
    for (size_t i = 0; i < name_count; i++) {
        uint8_t first = self->names.bytes[self->names.offsets[i]];
        if (!memchr(self->names.first, first, self->names.first_count))
            self->names.first[self->names.first_count++] = first;
    }
    self->lock = PyThread_allocate_lock();
    if (!self->lock || !make_cache(&self->cache, (size_t)cache_bytes)) return "";
    return fill_vocabulary(&self->vocabulary, merge, rows, !merges->obj);
}

static PyObject *Counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"tokens", "offsets", "merges", "names", "name_offsets", "rules",
        "whole", "nfc", "cache_bytes", NULL};
    allocfunc allocate = PyType_GetSlot(type, Py_tp_alloc);
    Counter *self = (Counter *)allocate(type, 0);
    if (!self) return NULL;
    Py_ssize_t cache_bytes;
    struct rules *r = &self->rules;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*y*z*y*y*(ppippipp)ppn", names,
            &self->held[0], &self->held[1], &self->held[2], &self->held[3], &self->held[4],
            &r->prefix, &r->cased, &r->contractions, &r->fold_case, &r->newlines, &r->digits,
            &r->slash, &r->tail, &self->whole, &self->nfc, &cache_bytes)) {
        Py_DECREF(self);
        return NULL;
    }
    const char *fault = fill(self, cache_bytes);
    if (!fault) return (PyObject *)self;
    Py_DECREF(self);
    if (!*fault) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, fault);
    return NULL;
}

static PyMethodDef counter_methods[] = {
    {"count", (PyCFunction)Counter_count, METH_VARARGS,
        "count(data, offsets, wide, first, counts, states): count each row's tokens."},
    {"cut", (PyCFunction)Counter_cut, METH_VARARGS,
        "cut(text): where its pre-tokens end, as integers of 64 bits."},
    {"pairs", (PyCFunction)Counter_pairs, METH_NOARGS,
        "pairs(): rows of left, right, rank and result, as integers of 32 bits."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_new, Counter_new},
    {Py_tp_dealloc, Counter_dealloc},
    {Py_tp_methods, counter_methods},
    {Py_tp_doc, "A byte-level BPE vocabulary and the counts of pre-tokens met so far."},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    "medsmith.builders.tokens._native.Counter",
    sizeof(Counter),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    counter_slots,
};

static PyObject *classes(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return PyBytes_FromStringAndSize((const char *)class_of, sizeof class_of);
}

static PyMethodDef methods[] = {
    {"classes", classes, METH_NOARGS, "classes(): the class of every code point, one byte each."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module) {
    fill_classes();
    PyObject *type = PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (!type) return -1;
    int failed = PyModule_AddObjectRef(module, "Counter", type);
    Py_DECREF(type);
    return failed;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_native", "Token counts over Arrow buffers.", 0, methods, slots, NULL,
    NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&module); }
