/* Graphs of pairs: connected components (Tarjan & van Leeuwen 1984) and stars around keepers. */
#include "lsh.h"

static int edges_fit(const Py_buffer *a, const Py_buffer *b, const Py_buffer *out) {
    if (!aligned(a, 4) || !aligned(b, 4) || !aligned(out, 4) || a->len != b->len) return 0;
    const uint32_t *x = a->buf, *y = b->buf;
    size_t n = (size_t)out->len / 4;
    for (Py_ssize_t i = 0; i < a->len / 4; i++)
        if (x[i] >= n || y[i] >= n) return 0;
    return 1;
}

static void join(const uint32_t *a, const uint32_t *b, Py_ssize_t edges, uint32_t *parent,
                 Py_ssize_t n) {
    for (Py_ssize_t i = 0; i < n; i++) parent[i] = (uint32_t)i;
    for (Py_ssize_t i = 0; i < edges; i++) join_rows(parent, a[i], b[i]);
    for (Py_ssize_t i = 0; i < n; i++) parent[i] = root_of(parent, (uint32_t)i);
}

PyObject *lsh_components(PyObject *self, PyObject *args) {
    Py_buffer a, b, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:components", &a, &b, &out)) return NULL;
    if (!edges_fit(&a, &b, &out)) {
        wrong("the ends of pairs must be numbers below the number of labels");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        join(a.buf, b.buf, a.len / 4, out.buf, out.len / 4);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&out);
    return result;
}

PyObject *lsh_stars(PyObject *self, PyObject *args) {
    Py_buffer lower, upper, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:stars", &lower, &upper, &out)) return NULL;
    const uint32_t *low = lower.buf, *high = upper.buf;
    int fine = edges_fit(&lower, &upper, &out);
    for (Py_ssize_t i = 0; fine && i < lower.len / 4; i++)
        fine = low[i] < high[i] &&
               (!i || high[i - 1] < high[i] || (high[i - 1] == high[i] && low[i - 1] < low[i]));
    if (!fine) {
        wrong("edges must be ordered by upper, then lower end, each pair once");
    } else {
        uint32_t *keeper = out.buf;
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t i = 0; i < out.len / 4; i++) keeper[i] = (uint32_t)i;
        for (Py_ssize_t i = 0; i < lower.len / 4; i++)
            if (keeper[high[i]] == high[i] && keeper[low[i]] == low[i]) keeper[high[i]] = low[i];
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&lower);
    PyBuffer_Release(&upper);
    PyBuffer_Release(&out);
    return result;
}
