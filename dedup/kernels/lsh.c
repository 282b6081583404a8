/* The module `_lsh`: banding, grouping and clustering for near-duplicates. */
#include "lsh.h"

static PyMethodDef methods[] = {
    {"band_keys", lsh_band_keys, METH_VARARGS, "Hash each row's minima of one band with its salt."},
    {"shared_keys", lsh_shared_keys, METH_VARARGS, "Mark the keys that occur twice."},
    {"bucket_pairs", lsh_bucket_pairs, METH_VARARGS, "Pairs of rows that share a key; large buckets."},
    {"crowded_pairs", lsh_crowded_pairs, METH_VARARGS, "Pairs of the rows of large buckets."},
    {"alike", lsh_alike, METH_VARARGS, "Mark pairs whose gists differ in few minima."},
    {"components", lsh_components, METH_VARARGS, "Label nodes by the smallest of their component."},
    {"cut_chunks", lsh_cut_chunks, METH_VARARGS, "Order pairs by chunks; where these begin."},
    {"stars", lsh_stars, METH_VARARGS, "Give each node the first kept node that it has an edge to."},
    {"minima_of_sets", lsh_minima_of_sets, METH_VARARGS, "MinHash of sets of 64-bit values."},
    {"hash_texts", lsh_hash_texts, METH_VARARGS, "Hash each text to 64 bits."},
    {"split_sets", lsh_split_sets, METH_VARARGS, "Cut sets into what is left out and what is not."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_lsh", "Kernels of near-duplicates.", 0, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__lsh(void) { return PyModuleDef_Init(&module); }
