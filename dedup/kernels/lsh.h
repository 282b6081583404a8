/* What the kernels of near-duplicates share. Integers only: the same bytes everywhere. */
#ifndef MEDSMITH_LSH_H
#define MEDSMITH_LSH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffers.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* The finaliser of MurmurHash3 (Appleby, public domain). */
static inline uint64_t mix(uint64_t x) {
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

/* Union-find with path halving; a component is named by its smallest member. */
static inline uint32_t root_of(uint32_t *parent, uint32_t x) {
    while (parent[x] != x) x = parent[x] = parent[parent[x]];
    return x;
}

static inline void join_rows(uint32_t *parent, uint32_t a, uint32_t b) {
    uint32_t x = root_of(parent, a), y = root_of(parent, b);
    if (x < y)
        parent[y] = x;
    else
        parent[x] = y;
}

PyObject *lsh_band_keys(PyObject *self, PyObject *args);
PyObject *lsh_shared_keys(PyObject *self, PyObject *args);
PyObject *lsh_bucket_pairs(PyObject *self, PyObject *args);
PyObject *lsh_crowded_pairs(PyObject *self, PyObject *args);
PyObject *lsh_alike(PyObject *self, PyObject *args);
PyObject *lsh_components(PyObject *self, PyObject *args);
PyObject *lsh_cut_chunks(PyObject *self, PyObject *args);
PyObject *lsh_stars(PyObject *self, PyObject *args);
PyObject *lsh_minima_of_sets(PyObject *self, PyObject *args);
PyObject *lsh_split_sets(PyObject *self, PyObject *args);
PyObject *lsh_hash_texts(PyObject *self, PyObject *args);

#endif
